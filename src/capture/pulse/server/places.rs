//! Where libpulse looks for the server and its cookie, from the environment and the files: no more than that,
//! nothing is connected to.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What is looked at.
pub(super) struct Surroundings<'a> {
    /// A variable of the environment, unless it is empty.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The text of a file, if there is one.
    pub text: &'a dyn Fn(&Path) -> Option<String>,
    /// The files of a folder.
    pub files: &'a dyn Fn(&Path) -> Vec<PathBuf>,
    pub home: Option<PathBuf>,
    pub user: u32,
    /// For files of ours.
    pub temporary: PathBuf,
}

impl Surroundings<'_> {
    /// Those of this process.
    pub fn real() -> Self {
        Self {
            variable: &|name| std::env::var_os(name).filter(|value| !value.is_empty()),
            text: &|path| fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            files: &|folder| {
                let entries = fs::read_dir(folder).into_iter().flatten();
                entries.flatten().map(|entry| entry.path()).collect()
            },
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            user: rustix::process::getuid().as_raw(),
            temporary: std::env::temp_dir(),
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.variable)(name).map(PathBuf::from)
    }

    /// Where libpulse keeps its files.
    fn config(&self) -> Option<PathBuf> {
        let xdg = self.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let config = xdg.or_else(|| self.home.as_ref().map(|home| home.join(".config")));
        config.map(|config| config.join("pulse"))
    }

    /// The lower-case number that is told apart by the start of an address.
    fn machine_id(&self) -> Option<String> {
        let files = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
        files.iter().find_map(|file| (self.text)(Path::new(file))).map(|id| id.trim().to_owned())
    }
}

/// A server's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A socket of this machine.
    Socket(PathBuf),
    /// It is reached over the network.
    Network(String),
    /// It is only good on the machine that it names.
    Elsewhere(String),
}

impl Address {
    fn parse(address: &str, machine_id: Option<&str>) -> Self {
        let bare = match address.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((machine, bare)) if Some(machine) == machine_id => bare,
            Some(_) => return Self::Elsewhere(address.into()),
            None => address,
        };
        match bare.strip_prefix("unix:") {
            Some(path) => Self::Socket(path.into()),
            None if bare.starts_with('/') => Self::Socket(bare.into()),
            None => Self::Network(bare.into()),
        }
    }
}

/// A file with a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cookie {
    pub path: PathBuf,
    /// If there is none, one is made there.
    pub made: bool,
}

/// All places, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// Who named the servers; `None`: nobody, they are the usual ones.
    pub named: Option<String>,
    pub servers: Vec<Address>,
    pub cookies: Vec<Cookie>,
    /// Where a cookie of ours can be kept if it can't be where it belongs.
    pub own_cookies: Vec<PathBuf>,
}

impl Places {
    /// What these surroundings come to.
    pub fn of(around: &Surroundings) -> Self {
        let settings = Settings::of(around);
        let variable = (around.variable)("PULSE_SERVER");
        let named = match (variable, settings.server) {
            (Some(servers), _) => Some(("PULSE_SERVER".into(), servers.to_string_lossy().into_owned())),
            (None, Some((servers, file))) => Some((format!("default-server in {}", file.display()), servers)),
            (None, None) => None,
        };
        let (named, servers) = match named {
            Some((by, list)) => {
                let id = around.machine_id();
                let addresses = list.split_whitespace().map(|server| Address::parse(server, id.as_deref()));
                (Some(by), addresses.collect())
            }
            None => (None, usual_sockets(around).into_iter().map(Address::Socket).collect()),
        };
        Self { named, servers, cookies: cookies(around, settings.cookie), own_cookies: own_cookies(around) }
    }
}

fn usual_sockets(around: &Surroundings) -> Vec<PathBuf> {
    let runtime = around.path("PULSE_RUNTIME_PATH");
    let session = around.path("XDG_RUNTIME_DIR").map(|run| run.join("pulse"));
    // Where there is no session, libpulse keeps a link here.
    let linked = around.machine_id().and_then(|id| Some(around.config()?.join(format!("{id}-runtime"))));
    // A shell without the session's variables (su, cron, ssh) is of the same user all the same.
    let of_user = session.is_none().then(|| PathBuf::from(format!("/run/user/{}/pulse", around.user)));
    let system = PathBuf::from("/var/run/pulse");
    let folders = [runtime, session, linked, of_user, Some(system)];
    folders.into_iter().flatten().map(|folder| folder.join("native")).collect()
}

fn cookies(around: &Surroundings, set: Option<String>) -> Vec<Cookie> {
    let config = around.config();
    let written = |path: String| match (path.strip_prefix("~/"), &around.home, &config) {
        (Some(rest), Some(home), _) => home.join(rest),
        (None, _, Some(config)) => config.join(path),
        _ => path.into(),
    };
    let named = (around.variable)("PULSE_COOKIE").map(|path| path.to_string_lossy().into_owned());
    let own = config.as_ref().map(|config| config.join("cookie"));
    let old = around.home.as_ref().map(|home| home.join(".pulse-cookie"));
    let mut all = Vec::new();
    let mut add = |path: Option<PathBuf>, made| all.extend(path.map(|path| Cookie { path, made }));
    add(named.map(written), true);
    add(set.map(written), true);
    add(own.clone(), false);
    add(old, false);
    add(own, true);
    all
}

fn own_cookies(around: &Surroundings) -> Vec<PathBuf> {
    let session = around.path("XDG_RUNTIME_DIR").map(|run| run.join("hansard-pulse-cookie"));
    let temporary = around.temporary.join(format!("hansard-pulse-cookie-{}", around.user));
    session.into_iter().chain([temporary]).collect()
}

/// What the settings of PulseAudio's clients say.
#[derive(Default)]
struct Settings {
    /// And the file that says it.
    server: Option<(String, PathBuf)>,
    cookie: Option<String>,
}

impl Settings {
    /// The first file that there is counts, and then those in the folder beside it.
    fn of(around: &Surroundings) -> Self {
        let client = |folder: Option<PathBuf>| folder.map(|folder| folder.join("client.conf"));
        let mut settings = Self::default();
        let files = match around.path("PULSE_CLIENTCONFIG") {
            Some(file) => vec![Some(file)],
            None => vec![
                client(around.path("PULSE_CONFIG_PATH")),
                client(around.home.as_ref().map(|home| home.join(".pulse"))),
                client(around.config()),
                client(Some("/etc/pulse".into())),
            ],
        };
        let found = files.into_iter().flatten().find_map(|file| Some(((around.text)(&file)?, file)));
        let Some((text, file)) = found else { return settings };
        settings.take(&text, &file);
        let mut beside = file.into_os_string();
        beside.push(".d");
        let mut files = (around.files)(Path::new(&beside));
        files.retain(|file| file.extension().is_some_and(|kind| kind == "conf"));
        files.sort();
        for file in files {
            settings.take(&(around.text)(&file).unwrap_or_default(), &file);
        }
        settings
    }

    fn take(&mut self, text: &str, file: &Path) {
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = Some(value.trim()).filter(|value| !value.is_empty());
            match key.trim() {
                "default-server" => self.server = value.map(|value| (value.into(), file.into())),
                "cookie-file" => self.cookie = value.map(Into::into),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
