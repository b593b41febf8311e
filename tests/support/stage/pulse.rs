//! A private, headless PulseAudio with virtual microphones and speakers: no sound card, no D-Bus, no kernel
//! module.
//!
//! A microphone `va_x` is a source that carries what is played into the sink `va_x_in`; a speaker `va_y` is a
//! sink whose monitor `va_y.monitor` is the loopback. The daemon listens on a socket in a temporary folder of
//! its own, so any number of them run side by side and the user's own sound server is never touched.
//!
//! Everything started here ends with the [`Pulse`]: on drop, and by the kernel's hand when the thread that
//! started it dies. (So a `Pulse` must stay with the thread that made it.)

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

mod fifo;

pub use fifo::Fifo;

/// Rate of every virtual device, in frames a second.
pub const RATE: u32 = 48_000;
/// How long the daemon may take to answer; 0.3 s is usual.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at a state that somebody else changes.
const POLL: Duration = Duration::from_millis(50);
/// What a player keeps queued. At 20 ms they ran dry 171 times in 5 s on a machine with two busy loops, at
/// 200 ms five times in 30 s on one where six builds ran.
const PLAYER_LATENCY: &str = "--latency-msec=2000";
/// Folders of ours in the temporary folder; the process id of the owner follows.
const FOLDER_PREFIX: &str = "hansard-pulse-";

/// The daemon with its devices and players.
pub struct Pulse {
    dir: tempfile::TempDir,
    daemon: Child,
    devices: Vec<Device>,
    keepalives: Vec<Child>,
    players: Vec<Player>,
}

struct Device {
    name: String,
    channels: u16,
    kind: Kind,
    /// Index of the module that unplugging unloads.
    module: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mic,
    Speaker,
}

struct Player {
    child: Child,
    log: PathBuf,
    /// Length of what it plays.
    seconds: f64,
}

/// A player that has played its file to the end.
#[derive(Debug)]
pub struct Played {
    /// How often it ran dry, so that the server put silence in between: the fixture's fault, not a
    /// recorder's.
    pub underruns: usize,
}

/// Why there can be no virtual sound on this machine; `None` if there can.
pub fn missing() -> Option<String> {
    let programs = ["pulseaudio", "pactl", "pacat", "paplay", "parec", "setpriv", "timeout"];
    let paths: Vec<PathBuf> =
        std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    let lacking: Vec<&str> =
        programs.into_iter().filter(|program| !paths.iter().any(|dir| dir.join(program).is_file())).collect();
    (!lacking.is_empty())
        .then(|| format!("{} not found; `./dev setup` installs what is needed", lacking.join(", ")))
}

impl Pulse {
    /// Starts the daemon with mono microphones and stereo speakers; the first of each is the default. All of
    /// them deliver steadily when this returns.
    pub fn start(mics: &[&str], speakers: &[&str]) -> Result<Self> {
        sweep();
        let dir =
            tempfile::Builder::new().prefix(&format!("{FOLDER_PREFIX}{}-", std::process::id())).tempdir()?;
        for folder in ["run", "home", "state"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        let daemon = spawn_daemon(dir.path())?;
        let mut pulse = Self { dir, daemon, devices: vec![], keepalives: vec![], players: vec![] };
        pulse.wait_ready()?;
        let speakers_first = speakers.iter().map(|name| (name, 2, Kind::Speaker));
        for (name, channels, kind) in speakers_first.chain(mics.iter().map(|name| (name, 1, Kind::Mic))) {
            pulse.devices.push(Device { name: (*name).into(), channels, kind, module: None });
        }
        pulse.load_devices(0)?;
        if let Some(mic) = mics.first() {
            pulse.pactl(&["set-default-source", mic])?;
        }
        if let Some(speaker) = speakers.first() {
            pulse.pactl(&["set-default-sink", speaker])?;
        }
        Ok(pulse)
    }

    /// Adds a microphone or, with more than one channel, an audio interface.
    pub fn add_mic(&mut self, name: &str, channels: u16) -> Result<()> {
        self.devices.push(Device { name: name.into(), channels, kind: Kind::Mic, module: None });
        self.load_devices(self.devices.len() - 1)
    }

    /// What a program must have in its environment to use this daemon and no other.
    pub fn env(&self) -> [(&'static str, OsString); 3] {
        client_env(self.dir.path())
    }

    /// A program that will use this daemon, with nothing on its stdin.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.env()).stdin(Stdio::null());
        command
    }

    /// A recorder that will use this daemon, and is asked to finish should this thread die before it could do
    /// so.
    pub fn recorder(&self, program: &Path) -> Command {
        let mut command = self.command("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    }

    /// Plays a WAV file into a sink (a speaker's name, or a microphone's with `_in`), in the background.
    pub fn play(&mut self, sink: &str, wav: &Path) -> Result<()> {
        let log = self.dir.path().join(format!("player-{}.log", self.players.len()));
        let child = self
            .tied("nice")
            // Where it is permitted: a build beside us must not starve the players.
            .args(["-n", "-11", "paplay", "-v", PLAYER_LATENCY, "--client-name=va-player"])
            .arg(format!("--device={sink}"))
            .arg(wav)
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("paplay does not start")?;
        let wav = hound::WavReader::open(wav)?;
        let seconds = f64::from(wav.duration()) / f64::from(wav.spec().sample_rate);
        self.players.push(Player { child, log, seconds });
        Ok(())
    }

    /// Waits until every player has played its file to the end.
    pub fn wait_played(&mut self, limit: Duration) -> Result<Vec<Played>> {
        let deadline = Instant::now() + limit;
        for player in &mut self.players {
            while player.child.try_wait()?.is_none() {
                ensure!(Instant::now() < deadline, "a player has not ended after {} s", limit.as_secs());
                std::thread::sleep(POLL);
            }
        }
        self.players
            .drain(..)
            .map(|mut player| {
                let log = fs::read_to_string(&player.log)?;
                ensure!(player.child.wait()?.success(), "a player failed: {log}");
                Ok(Played { underruns: underruns(&log, player.seconds) })
            })
            .collect()
    }

    /// How many streams are being captured by programs at this moment.
    pub fn captures(&self) -> Result<usize> {
        let list = self.pactl(&["list", "short", "source-outputs"])?;
        // The rest are the server's own, from a microphone to the sink behind it.
        Ok(list.lines().filter(|line| line.contains("protocol-native")).count())
    }

    /// Waits until `wanted` streams are captured.
    pub fn wait_captures(&self, wanted: usize, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while self.captures()? < wanted {
            ensure!(
                Instant::now() < deadline,
                "{} of {wanted} devices are recorded after {} s",
                self.captures()?,
                limit.as_secs()
            );
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Takes a microphone away, as if its plug were pulled. PulseAudio then moves its streams elsewhere.
    pub fn unplug(&mut self, mic: &str) -> Result<()> {
        let device =
            self.devices.iter_mut().find(|d| d.name == mic).with_context(|| format!("no device {mic}"))?;
        let module = device.module.take().with_context(|| format!("{mic} is not plugged in"))?;
        self.pactl(&["unload-module", &module]).map(drop)
    }

    /// Puts an unplugged microphone back.
    pub fn replug(&mut self, mic: &str) -> Result<()> {
        self.replug_at(mic, RATE)
    }

    /// Puts an unplugged microphone back; from now on it has this rate.
    pub fn replug_at(&mut self, mic: &str, rate: u32) -> Result<()> {
        let at =
            self.devices.iter().position(|d| d.name == mic).with_context(|| format!("no device {mic}"))?;
        let module = self.load_mic(mic, self.devices[at].channels, rate)?;
        self.devices[at].module = Some(module);
        Ok(())
    }

    /// Makes a source the default one, as plugging in a headset does.
    pub fn make_default(&self, mic: &str) -> Result<()> {
        self.pactl(&["set-default-source", mic]).map(drop)
    }

    /// Suspends a source or wakes it: it delivers nothing meanwhile.
    pub fn suspend(&self, source: &str, suspended: bool) -> Result<()> {
        self.pactl(&["suspend-source", source, if suspended { "1" } else { "0" }]).map(drop)
    }

    /// Makes the daemon hang, or go on.
    pub fn hang(&self, hung: bool) -> Result<()> {
        use rustix::process::{Pid, Signal, kill_process};
        let daemon = i32::try_from(self.daemon.id()).ok().and_then(Pid::from_raw).context("no daemon")?;
        kill_process(daemon, if hung { Signal::STOP } else { Signal::CONT })?;
        Ok(())
    }

    /// Kills the daemon at once, as a crash would.
    pub fn crash(&mut self) -> Result<()> {
        self.daemon.kill()?;
        self.daemon.wait()?;
        Ok(())
    }

    /// Starts the daemon again, after ending it if need be, with the same devices on the same socket.
    pub fn restart(&mut self) -> Result<()> {
        self.end_players();
        end(&mut self.daemon);
        self.daemon = spawn_daemon(self.dir.path())?;
        self.wait_ready()?;
        self.load_devices(0)
    }

    /// Adds a microphone with a clock of its own: its sound begins now and goes on at `rate` frames a second,
    /// however much that differs from its nominal 48,000; over and over, should it end. It delivers while it
    /// is told to, and stops when the [`Fifo`] is dropped.
    pub fn add_fifo_mic(&self, name: &str, rate: f64, sound: Vec<i16>) -> Result<Fifo> {
        let path = self.dir.path().join(name);
        self.pactl(&[
            "load-module",
            "module-pipe-source",
            &format!("source_name={name}"),
            &format!("file={}", path.display()),
            "format=s16le",
            &format!("rate={RATE}"),
            "channels=1",
        ])?;
        Fifo::start(&path, rate, sound)
    }

    /// The daemon's log so far, for a failure's report.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("pulse.log")).unwrap_or_default()
    }

    /// Makes the server have the devices from number `from` on, and waits until they deliver.
    fn load_devices(&mut self, from: usize) -> Result<()> {
        let mut sinks = Vec::new();
        for n in from..self.devices.len() {
            let Device { name, channels, kind, .. } = &self.devices[n];
            let sink = if *kind == Kind::Mic { format!("{name}_in") } else { name.clone() };
            self.load(
                "module-null-sink",
                &[
                    format!("sink_name={sink}"),
                    format!("rate={RATE}"),
                    format!("channels={channels}"),
                    format!("channel_map={}", channel_map(*channels)),
                    format!("sink_properties=device.description=Virtual_{sink}"),
                ],
            )?;
            if *kind == Kind::Mic {
                self.devices[n].module = Some(self.load_mic(name, *channels, RATE)?);
            }
            sinks.push(sink);
        }
        self.warm(&sinks)
    }

    fn load_mic(&self, name: &str, channels: u16, rate: u32) -> Result<String> {
        let map = channel_map(channels);
        self.load(
            "module-remap-source",
            &[
                format!("source_name={name}"),
                format!("master={name}_in.monitor"),
                format!("rate={rate}"),
                format!("channels={channels}"),
                format!("master_channel_map={map}"),
                format!("channel_map={map}"),
                format!("source_properties=device.description=Virtual_{name}"),
            ],
        )
    }

    /// An idle null sink works in blocks of two seconds. Silence played at low latency keeps it at a few
    /// milliseconds; reading once waits until that holds.
    fn warm(&mut self, sinks: &[String]) -> Result<()> {
        for sink in sinks {
            let keepalive = self
                .tied("pacat")
                .args(["-p", "--raw", "--rate=48000", "--channels=1", "--latency-msec=20"])
                // What a recorder should not take for a program that plays.
                .args(["--client-name=va-keepalive", "--property=media.role=test"])
                .arg(format!("--device={sink}"))
                .stdin(File::open("/dev/zero")?)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("pacat does not start")?;
            self.keepalives.push(keepalive);
        }
        let readers = sinks.iter().map(|sink| {
            let mut command = self.tied("timeout");
            command
                .args(["10", "parec", "--raw", "--rate=48000", "--channels=1", "--latency-msec=10"])
                .arg(format!("--device={sink}.monitor"))
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            command.spawn()
        });
        // All are started before the first is waited for.
        for (mut reader, sink) in readers.collect::<Vec<_>>().into_iter().zip(sinks) {
            let mut fifth_of_a_second = [0; 19_200];
            let pipe = reader.as_mut().ok().and_then(|reader| reader.stdout.take());
            let read = pipe.map(|mut pipe| pipe.read_exact(&mut fifth_of_a_second));
            reader.iter_mut().for_each(end);
            ensure!(matches!(read, Some(Ok(()))), "the sink {sink} delivers nothing: {}", self.log());
        }
        Ok(())
    }

    fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        while self.pactl(&["info"]).is_err() {
            if let Some(status) = self.daemon.try_wait()? {
                bail!("pulseaudio ended ({status}): {}", self.log());
            }
            ensure!(Instant::now() < deadline, "pulseaudio does not answer: {}", self.log());
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn load(&self, module: &str, arguments: &[String]) -> Result<String> {
        let mut all = vec!["load-module", module];
        all.extend(arguments.iter().map(String::as_str));
        Ok(self.pactl(&all)?.trim().to_owned())
    }

    /// Asks the daemon something; its answer.
    pub fn pactl(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command("timeout").args(["5", "pactl"]).args(arguments).output()?;
        ensure!(
            output.status.success(),
            "pactl {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A player or reader of ours, which ends when this thread does.
    fn tied(&self, program: &str) -> Command {
        let mut command = self.command("setpriv");
        command.args(["--pdeathsig", "KILL", "--", program]);
        // A Ctrl-C in the terminal is for us; we end our children ourselves.
        command.process_group(0);
        command
    }

    fn end_players(&mut self) {
        self.players.drain(..).for_each(|mut player| end(&mut player.child));
        self.keepalives.drain(..).for_each(|mut keepalive| end(&mut keepalive));
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.end_players();
        end(&mut self.daemon);
    }
}

fn client_env(dir: &Path) -> [(&'static str, OsString); 3] {
    let run = dir.join("run");
    let mut server = OsString::from("unix:");
    server.push(run.join("native"));
    [
        ("PULSE_SERVER", server),
        ("PULSE_RUNTIME_PATH", run.into_os_string()),
        ("PULSE_COOKIE", dir.join("cookie").into_os_string()),
    ]
}

fn spawn_daemon(dir: &Path) -> Result<Child> {
    let run = dir.join("run");
    let socket = run.join("native");
    if socket.exists() {
        fs::remove_file(&socket)?;
    }
    // -n: no default script, so no udev, no D-Bus, no probing; everything comes from us.
    // Realtime and nice -11 are asked for and quietly refused where they are not permitted.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no"])
        .args([
            "--exit-idle-time=-1",
            "--disallow-module-loading=no",
            "--realtime=yes",
            "--high-priority=yes",
        ])
        .args(["--log-time=1", "--log-level=notice"])
        .arg(format!("--log-target=file:{}", dir.join("pulse.log").display()))
        .arg("-L")
        .arg(format!(
            "module-native-protocol-unix socket={} auth-anonymous=1 auth-cookie={}",
            socket.display(),
            dir.join("cookie").display()
        ))
        .env_remove("DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env("HOME", dir.join("home"))
        .env("XDG_RUNTIME_DIR", &run)
        .env("PULSE_RUNTIME_PATH", &run)
        .env("PULSE_STATE_PATH", dir.join("state"))
        .env("PULSE_CONFIG_PATH", dir.join("state"))
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("pulseaudio does not start")
}

fn channel_map(channels: u16) -> String {
    match channels {
        1 => "mono".into(),
        2 => "front-left,front-right".into(),
        _ => (0..channels).map(|n| format!("aux{n}")).collect::<Vec<_>>().join(","),
    }
}

/// How often `paplay -v` says that it ran dry, but for the once at the end of the file.
fn underruns(log: &str, seconds: f64) -> usize {
    let mut position = 0.0;
    let mut count = 0;
    for line in log.split(['\r', '\n']) {
        if let Some((_, time)) = line.split_once("Time: ") {
            position = time.split(' ').next().and_then(|t| t.parse().ok()).unwrap_or(position);
        }
        // It reports its position every 50 ms and lags by its latency.
        if line.contains("underrun") && position < seconds - 0.3 {
            count += 1;
        }
    }
    count
}

/// Ends a child that is known to need no farewell.
fn end(child: &mut Child) {
    let _already_ended = child.kill();
    let _ = child.wait();
}

/// Removes folders that earlier owners, killed before they could, left behind.
fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|n| n.strip_prefix(FOLDER_PREFIX)).and_then(|n| n.split('-').next());
        if owner.is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
            // Another sweeper may be quicker.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
