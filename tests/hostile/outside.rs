//! A small world with a session in it, and everything around the session, which nobody may touch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::copy;

pub struct World {
    // Held for its drop.
    _root: tempfile::TempDir,
    root: PathBuf,
    pub recordings: PathBuf,
    pub session: PathBuf,
    /// A file and a folder of somebody else.
    pub secret: PathBuf,
    pub folder: PathBuf,
    before: RefCell<(BTreeMap<PathBuf, String>, Vec<PathBuf>)>,
}

/// What is at a path, without following it: kind, permissions and content.
fn describe(path: &Path) -> String {
    let data = fs::symlink_metadata(path).unwrap();
    let mode = data.permissions().mode();
    let content = match (data.is_file(), data.is_symlink()) {
        (true, _) => format!("{:08x}", crc32fast::hash(&fs::read(path).unwrap())),
        (_, true) => fs::read_link(path).unwrap().display().to_string(),
        _ => String::new(),
    };
    format!("{mode:o} {content}")
}

fn all(dir: &Path, skip: Option<&Path>, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if Some(path.as_path()) == skip {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            all(&path, skip, found);
        }
        found.insert(path.clone(), describe(&path));
    }
}

impl World {
    pub fn with(session: &Path) -> Self {
        let ram = Path::new("/dev/shm");
        let root = if ram.is_dir() { tempfile::tempdir_in(ram) } else { tempfile::tempdir() }.unwrap();
        let recordings = root.path().join("recordings");
        let copied = recordings.join(session.file_name().unwrap());
        copy::folder(session, &copied);
        let (secret, folder) = (root.path().join("secret"), root.path().join("folder"));
        fs::write(&secret, "not yours\n").unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.wav"), "RIFF not yours either").unwrap();
        let root_path = root.path().to_owned();
        let world = Self {
            _root: root,
            root: root_path,
            recordings,
            session: copied,
            secret,
            folder,
            before: RefCell::default(),
        };
        world.remember();
        world
    }

    /// From here on nothing outside changes, and nothing inside goes.
    pub fn remember(&self) {
        let (mut outside, mut inside) = (BTreeMap::new(), BTreeMap::new());
        all(&self.root, Some(&self.session), &mut outside);
        all(&self.session, None, &mut inside);
        *self.before.borrow_mut() = (outside, inside.into_keys().collect());
    }

    #[track_caller]
    pub fn check(&self) {
        let (mut outside, mut inside) = (BTreeMap::new(), BTreeMap::new());
        all(&self.root, Some(&self.session), &mut outside);
        all(&self.session, None, &mut inside);
        let before = self.before.borrow();
        assert_eq!(outside, before.0, "nothing outside of the session is touched");
        for path in &before.1 {
            assert!(inside.contains_key(path), "{} was deleted", path.display());
        }
        for path in inside.keys().filter(|path| !before.1.contains(path)) {
            let mode = fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{} is for nobody else", path.display());
        }
    }
}
