//! The sound server is found wherever libpulse finds it, and known by a cookie even in a home where no
//! program of PulseAudio's ever ran. `pactl`, in the same environment, says where libpulse finds it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::home::alone;
use crate::support::stage::pulse::{self, Pulse, Server};

const HANSARD: &str = env!("CARGO_BIN_EXE_hansard");

/// An environment with a new home, and nothing else of this process's.
struct Surroundings {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Surroundings {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "run", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, variables: vec![] }
    }

    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn put(self, file: &str, text: &str) -> Self {
        let path = self.home().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// A link.
    fn link(self, file: &str, to: &Path) -> Self {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
        self
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.home()).env("TMPDIR", self.folder.path().join("tmp"));
        // Without a server there is nothing.
        command.env("ALSA_CONFIG_PATH", "/dev/null").env("LC_ALL", "C");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.output().unwrap()
    }
}

fn lacks(test: &str, server: Server) -> bool {
    let Some(missing) = pulse::missing_for(server) else { return false };
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: {missing}");
    println!("SKIPPED {test}: {missing}");
    true
}

/// Every way in which libpulse is told of the server, each in a new home without a cookie.
fn ways(socket: &Path) -> Vec<(&'static str, Surroundings)> {
    let (s, run) = (socket.display().to_string(), socket.parent().unwrap());
    let new = Surroundings::new;
    let mut all = vec![
        ("unix:", new().set("PULSE_SERVER", format!("unix:{s}"))),
        ("a path", new().set("PULSE_SERVER", s.clone())),
        ("a list", new().set("PULSE_SERVER", format!("unix:/nonexistent {s}"))),
        ("a list that begins elsewhere", new().set("PULSE_SERVER", format!("{{feed}}unix:{s} unix:{s}"))),
        ("PULSE_RUNTIME_PATH", new().set("PULSE_RUNTIME_PATH", run.display().to_string())),
        ("client.conf", new().put(".config/pulse/client.conf", &format!("default-server = {s}\n"))),
        (
            "client.conf.d",
            new()
                .put(".config/pulse/client.conf", "# nothing\n")
                .put(".config/pulse/client.conf.d/my.conf", &format!("default-server = unix:{s}\n")),
        ),
    ];
    let session = new().link("run/pulse/native", socket);
    let folder = session.folder.path().join("run").display().to_string();
    all.push(("XDG_RUNTIME_DIR", session.set("XDG_RUNTIME_DIR", folder)));
    let named = new().put("named.conf", &format!("default-server = {s}\n"));
    let file = named.home().join("named.conf").display().to_string();
    all.push(("PULSE_CLIENTCONFIG", named.set("PULSE_CLIENTCONFIG", file)));
    if let Ok(id) = fs::read_to_string("/etc/machine-id") {
        let id = id.trim();
        all.push(("this machine's", new().set("PULSE_SERVER", format!("{{{id}}}unix:{s}"))));
        all.push(("a link in the home", new().link(&format!("home/.config/pulse/{id}-runtime"), run)));
    }
    all
}

fn is_found_in_every_way(test: &str, server: Server) {
    let _alone = alone();
    if lacks(test, server) {
        return;
    }
    let pulse = Pulse::start_on(server, &["va_alice"], &["va_speaker"]).unwrap();
    for (way, around) in ways(&pulse.socket()) {
        let output = around.run(HANSARD, &["devices"]);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{way}: {err}");
        assert!(out.contains("pulseaudio:va_alice"), "{way}: {out}{err}");
        let cookie = fs::metadata(around.home().join(".config/pulse/cookie"));
        let cookie = cookie.unwrap_or_else(|error| panic!("{way}: no cookie: {error}"));
        assert_eq!((cookie.len(), cookie.permissions().mode() & 0o777), (256, 0o600), "{way}");
        let pactl = around.run("pactl", &["info"]);
        assert!(pactl.status.success(), "{way}: libpulse does not find it, {pactl:?}");
        println!("{way}: found by both");
    }
    // A home in which nothing can be kept.
    let around = Surroundings::new().set("PULSE_SERVER", pulse.socket().display().to_string());
    fs::remove_dir(around.home()).unwrap();
    fs::write(around.home(), "").unwrap();
    let output = around.run(HANSARD, &["devices"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("pulseaudio:va_alice"), "{output:?}");

    // It goes on as the same process, with the same arguments and exit code.
    let around = Surroundings::new().set("PULSE_SERVER", pulse.socket().display().to_string());
    let output =
        around.run(HANSARD, &["record", "--no-transcribe", "--for=1s", "--source=A=mic:pulseaudio:va_alice"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = around.run(HANSARD, &["record", "--source=A=mic:pulseaudio:va_alise"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn pulseaudio_is_found_in_every_way() {
    is_found_in_every_way("pulseaudio_is_found_in_every_way", Server::PulseAudio);
}

#[test]
fn pipewire_is_found_in_every_way() {
    is_found_in_every_way("pipewire_is_found_in_every_way", Server::PipeWire);
}

/// What can't be recorded from is named by every verb that would, and nothing else is taken in its place.
#[test]
fn a_server_that_cannot_be_reached_is_named() {
    for (name, value, parts) in [
        (
            "PULSE_SERVER",
            "tcp:127.0.0.1:4713",
            &["PULSE_SERVER", "tcp:127.0.0.1:4713", "ssh -N -L", "socat"][..],
        ),
        ("PULSE_SERVER", "box", &["box is across the network", "ssh -N -L"]),
        ("PULSE_SERVER", "tcp6:[::1]", &["tcp6:[::1] is across the network"]),
        ("PULSE_SERVER", "{feed}unix:/s", &["{feed}unix:/s is meant for another machine"]),
        ("PULSE_SERVER", "unix:/nonexistent", &["/nonexistent: No such file"]),
        ("HANSARD_AUDIO_HOST", "pulseaudio", &["/var/run/pulse/native", "pactl info"]),
    ] {
        let around = Surroundings::new().set(name, value);
        let around =
            if name == "PULSE_SERVER" { around } else { around.set("XDG_RUNTIME_DIR", "/nonexistent") };
        let verbs: [&[&str]; 4] = [
            &["devices"],
            &["devices", "--json"],
            &["record", "--source=A=mic"],
            &["doctor", "--json", "--no-transcribe", "--seconds=1", "--source=A=mic"],
        ];
        for verb in verbs {
            let output = around.run(HANSARD, verb);
            let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
            if verb[0] == "doctor" {
                let report: Value = serde_json::from_slice(&output.stdout).unwrap();
                said = report["findings"].as_array().unwrap().iter().map(|f| f["text"].to_string()).collect();
            } else {
                assert!(output.stdout.is_empty(), "{output:?}");
            }
            assert_eq!(output.status.code(), Some(1), "{verb:?}: {said}");
            for part in parts {
                assert!(said.contains(part), "{verb:?}: no {part:?} in {said}");
            }
        }
    }
    // With another sound system the server does not matter.
    let around = Surroundings::new().set("PULSE_SERVER", "tcp:box").set("HANSARD_AUDIO_HOST", "alsa");
    let output = around.run(HANSARD, &["devices"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
