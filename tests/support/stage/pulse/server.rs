//! The sound server of a stage: which programs it is made of, and how they are started so that they touch
//! nothing of the user's.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::{POLL, end};

/// How long one of its programs may take until its socket is there.
const SOCKET_LIMIT: Duration = Duration::from_secs(10);
/// The session manager's settings, in a stage's folder.
const WIREPLUMBER: &str = "home/.config/wireplumber";
/// What the user's session would lend to a program that is to know nothing of it.
const OF_THE_SESSION: [&str; 10] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
    "PULSE_SERVER",
    "PULSE_CLIENTCONFIG",
    "PULSE_COOKIE",
    "PIPEWIRE_REMOTE",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
];

/// Which sound server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// PulseAudio's own daemon.
    PulseAudio,
    /// PipeWire, with WirePlumber and its PulseAudio server: the usual one of desktops today.
    PipeWire,
}

impl Server {
    /// The one for whoever does not mind which: PulseAudio where it is installed, else PipeWire.
    pub fn any() -> Self {
        if found("pulseaudio") || Self::PipeWire.missing().is_some() {
            Self::PulseAudio
        } else {
            Self::PipeWire
        }
    }

    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PulseAudio => "PulseAudio",
            Self::PipeWire => "PipeWire",
        }
    }

    /// What of it is lacking on this machine; `None` if nothing is.
    pub(super) fn missing(self) -> Option<String> {
        Programs::find(self).err().map(|lacking| lacking.join(", "))
    }

    /// The programs that it is made of, in the order in which they are started.
    const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::PulseAudio => &["pulseaudio"],
            Self::PipeWire => &["dbus-daemon", "pipewire", "wireplumber", "pipewire-pulse"],
        }
    }
}

/// Whether a program is on the PATH.
pub(super) fn found(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|all| std::env::split_paths(&all).any(|dir| dir.join(program).is_file()))
}

/// The server's running programs, in the order in which they were started.
pub(super) struct Daemons {
    server: Server,
    running: Vec<(&'static str, Child)>,
}

impl Daemons {
    /// Starts them in a folder that has `run`, `home` and `state`. They may not answer yet.
    pub fn start(server: Server, dir: &Path) -> Result<Self> {
        let mut daemons = Self { server, running: vec![] };
        match server {
            Server::PulseAudio => daemons.pulseaudio(dir)?,
            Server::PipeWire => daemons.pipewire(dir)?,
        }
        Ok(daemons)
    }

    /// What clients have in their environment to use this server and no other.
    pub fn client_env(server: Server, dir: &Path) -> Vec<(&'static str, OsString)> {
        let run = dir.join("run");
        let cookie = ("PULSE_COOKIE", dir.join("cookie").into_os_string());
        let mut address = OsString::from("unix:");
        address.push(socket(server, dir));
        let mut all = vec![("PULSE_SERVER", address), cookie];
        match server {
            Server::PulseAudio => all.push(("PULSE_RUNTIME_PATH", run.into_os_string())),
            Server::PipeWire => {
                all.push(("PULSE_RUNTIME_PATH", run.join("pulse").into_os_string()));
                all.push(("PIPEWIRE_RUNTIME_DIR", run.into_os_string()));
            }
        }
        all
    }

    /// Complains if one of them has ended.
    pub fn check(&mut self) -> Result<()> {
        for (program, child) in &mut self.running {
            if let Some(status) = child.try_wait()? {
                bail!("{program} ended ({status})");
            }
        }
        Ok(())
    }

    /// Sends all of them, or only the one of that name, a signal.
    pub fn signal(&self, only: Option<&str>, signal: Signal) -> Result<()> {
        for (_, child) in self.running.iter().filter(|(program, _)| only.is_none_or(|only| only == *program))
        {
            let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("no process")?;
            kill_process(id, signal)?;
        }
        Ok(())
    }

    /// Kills all of them at once, as a crash would.
    pub fn end(&mut self) {
        for (_, mut child) in self.running.drain(..).rev() {
            end(&mut child);
        }
    }

    fn pulseaudio(&mut self, dir: &Path) -> Result<()> {
        let (run, socket) = (dir.join("run"), socket(self.server, dir));
        remove(&socket)?;
        let programs = self.programs()?;
        let mut command = private(programs.path("pulseaudio"), dir);
        programs.lend(&mut command, dir);
        // -n: no default script, so no udev, no D-Bus, no probing; everything comes from us.
        // Realtime and nice -11 are asked for and quietly refused where they are not permitted.
        command
            .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"])
            .args(["--disallow-module-loading=no", "--realtime=yes", "--high-priority=yes"])
            .args(["--log-time=1", "--log-level=notice"])
            .arg(format!("--log-target=file:{}", dir.join("pulse.log").display()))
            .arg("-L")
            .arg(format!(
                "module-native-protocol-unix socket={} auth-anonymous=1 auth-cookie={}",
                socket.display(),
                dir.join("cookie").display()
            ))
            .env("PULSE_RUNTIME_PATH", &run)
            .env("PULSE_STATE_PATH", dir.join("state"))
            .env("PULSE_CONFIG_PATH", dir.join("state"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.spawn("pulseaudio", command)
    }

    fn pipewire(&mut self, dir: &Path) -> Result<()> {
        let programs = self.programs()?;
        programs.configure(dir)?;
        let run = dir.join("run");
        let bus = run.join("bus");
        let socket = socket(self.server, dir);
        for stale in [&bus, &run.join("pipewire-0"), &socket] {
            remove(stale)?;
        }
        let wanted = [
            ("dbus-daemon", Some(&bus)),
            ("pipewire", Some(&run.join("pipewire-0"))),
            ("wireplumber", None),
            ("pipewire-pulse", Some(&socket)),
        ];
        for (program, socket) in wanted {
            let mut command = private(programs.path(program), dir);
            programs.lend(&mut command, dir);
            command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.display()));
            // Neither Bluetooth nor anything else that belongs to the machine's real sound.
            command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
            command.env("PIPEWIRE_RUNTIME_DIR", &run).env_remove("PULSE_RUNTIME_PATH");
            if program == "dbus-daemon" {
                command.arg("--nofork").arg(format!("--config-file={}", dir.join("bus.conf").display()));
            }
            let log = File::options().create(true).append(true).open(dir.join("pulse.log"))?;
            command.stdout(log.try_clone()?).stderr(log);
            self.spawn(program, command)?;
            if let Some(socket) = socket {
                self.wait_for(socket)?;
            }
        }
        Ok(())
    }

    fn programs(&self) -> Result<Programs> {
        Programs::find(self.server).map_err(|lacking| anyhow!("{} not found", lacking.join(", ")))
    }

    fn spawn(&mut self, program: &'static str, mut command: Command) -> Result<()> {
        let child = command.spawn().with_context(|| format!("{program} does not start"))?;
        self.running.push((program, child));
        Ok(())
    }

    fn wait_for(&mut self, socket: &Path) -> Result<()> {
        let deadline = Instant::now() + SOCKET_LIMIT;
        while !socket.exists() {
            self.check()?;
            ensure!(Instant::now() < deadline, "there is no {} yet", socket.display());
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Daemons {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where a server's programs are: the system's, or those that `./dev` has unpacked.
struct Programs {
    server: Server,
    /// The root of what is unpacked.
    root: Option<PathBuf>,
}

impl Programs {
    /// `HANSARD_PULSEAUDIO` and `HANSARD_PIPEWIRE` name the folders that they are unpacked into; without it
    /// the system's own are taken, or those in the checkout's `.dev`. If there are none: what the system
    /// lacks.
    fn find(server: Server) -> Result<Self, Vec<&'static str>> {
        let (variable, unpacked) = match server {
            Server::PulseAudio => ("HANSARD_PULSEAUDIO", ".dev/pulseaudio"),
            Server::PipeWire => ("HANSARD_PIPEWIRE", ".dev/pipewire"),
        };
        let named = std::env::var_os(variable).map(PathBuf::from);
        let names = server.programs().iter().copied();
        let lacking: Vec<&str> = names.clone().filter(|program| !found(program)).collect();
        if named.is_none() && lacking.is_empty() {
            return Ok(Self { server, root: None });
        }
        let root = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(unpacked));
        let is_there = |program: &str| root.join("usr/bin").join(program).is_file() || found(program);
        if names.clone().all(is_there) { Ok(Self { server, root: Some(root) }) } else { Err(lacking) }
    }

    fn path(&self, program: &str) -> PathBuf {
        let unpacked = self.root.as_ref().map(|root| root.join("usr/bin").join(program));
        unpacked.filter(|path| path.is_file()).unwrap_or_else(|| program.into())
    }

    /// Tells a program where the rest of it is unpacked, and where [`Self::configure`] was.
    fn lend(&self, command: &mut Command, dir: &Path) {
        let Some(root) = &self.root else { return };
        let starting = |dir: PathBuf, name: &str| {
            let mut entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
            let called =
                |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name));
            entries.find(called)
        };
        let lib = root.join("usr/lib");
        // usr/lib/x86_64-linux-gnu, or as the machine is called.
        let Some(own) = starting(lib.clone(), &format!("{}-", std::env::consts::ARCH)) else { return };
        if self.server == Server::PulseAudio {
            let modules = starting(lib, "pulse-").unwrap_or_default().join("modules");
            let libraries = [own.join("pulseaudio"), modules.clone(), own];
            command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).unwrap_or_default());
            command.arg(format!("--dl-search-path={}", modules.display()));
            return;
        }
        let versioned = |name: &str| starting(own.clone(), name).unwrap_or_default();
        let share = root.join("usr/share");
        for (key, path) in [
            ("LD_LIBRARY_PATH", own.clone()),
            ("SPA_PLUGIN_DIR", versioned("spa-0.")),
            ("PIPEWIRE_MODULE_DIR", versioned("pipewire-0.")),
            ("PIPEWIRE_CONFIG_DIR", share.join("pipewire")),
            ("WIREPLUMBER_MODULE_DIR", versioned("wireplumber-0.")),
            ("WIREPLUMBER_DATA_DIR", share.join("wireplumber")),
            ("WIREPLUMBER_CONFIG_DIR", dir.join(WIREPLUMBER)),
        ] {
            command.env(key, path);
        }
    }

    /// What PipeWire's programs read: a bus that starts nothing by itself, and a session manager that leaves
    /// the machine's real devices alone.
    fn configure(&self, dir: &Path) -> Result<()> {
        let bus = dir.join("run/bus");
        let bus_config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            bus.display()
        );
        let wireplumber = dir.join(WIREPLUMBER);
        if let Some(root) = &self.root {
            // It looks for what it brought in the place where it would be installed, or all in one folder.
            copy(&root.join("usr/share/wireplumber"), &wireplumber)?;
        }
        for (path, text) in [
            (dir.join("bus.conf"), bus_config.as_str()),
            // WirePlumber 0.4 is told in Lua, after its own 50-… and before its 90-enable-all.
            (
                wireplumber.join("main.lua.d/80-nothing-real.lua"),
                "for _, monitor in ipairs { alsa_monitor, v4l2_monitor, libcamera_monitor } do\n  \
             monitor.enabled = false\nend\n",
            ),
            (wireplumber.join("bluetooth.lua.d/80-nothing-real.lua"), "bluez_monitor.enabled = false\n"),
            // WirePlumber 0.5 reads this instead.
            (
                wireplumber.join("wireplumber.conf.d/nothing-real.conf"),
                "wireplumber.profiles = { main = { hardware.audio = disabled, hardware.bluetooth = disabled, \
             hardware.video-capture = disabled } }\n",
            ),
        ] {
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, text)?;
        }
        // PipeWire takes any cookie; but a client without one is asked to make its own in its home.
        fs::write(dir.join("cookie"), [0; 256])?;
        Ok(())
    }
}

/// Where clients find the server.
pub(super) fn socket(server: Server, dir: &Path) -> PathBuf {
    dir.join(match server {
        Server::PulseAudio => "run/native",
        Server::PipeWire => "run/pulse/native",
    })
}

/// A program with a home and a session of its own, which ends when this thread does.
fn private(program: impl AsRef<Path>, dir: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program.as_ref());
    for key in OF_THE_SESSION {
        command.env_remove(key);
    }
    command.env("HOME", dir.join("home")).env("XDG_RUNTIME_DIR", dir.join("run"));
    command.process_group(0).stdin(Stdio::null());
    command
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn remove(stale: &Path) -> Result<()> {
    match fs::remove_file(stale) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
