//! A copy of a session's folder, to do to it what must not be done to the first.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Copies a folder with all that is in it; its folders are private, as a recorder's are.
pub fn folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            folder(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}
