//! A private, headless sound server, PulseAudio or PipeWire, with virtual microphones and speakers: no sound
//! card, nothing of the user's session, no kernel module.
//!
//! A microphone `va_x` is a source that carries what is played into the sink `va_x_in`; a speaker `va_y` is a
//! sink whose monitor `va_y.monitor` is the loopback. The server listens on a socket in a temporary folder of
//! its own, so any number of them run side by side and the user's own sound server is never touched.
//!
//! Everything started here ends with the [`Pulse`]: on drop, and by the kernel's hand when the thread that
//! started it dies. (So a `Pulse` must stay with the thread that made it.)

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

mod fifo;
mod server;

pub use fifo::Fifo;
pub use server::Server;

use server::{Daemons, found};

/// Rate of every virtual device, in frames a second.
pub const RATE: u32 = 48_000;
/// How long the server may take to answer; 0.3 s is usual.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at a state that somebody else changes.
const POLL: Duration = Duration::from_millis(50);
/// What a player keeps queued. At 20 ms they ran dry 171 times in 5 s on a machine with two busy loops, at
/// 200 ms five times in 30 s on one where six builds ran.
const PLAYER_LATENCY: &str = "--latency-msec=2000";
/// Folders of ours in the temporary folder; the process id of the owner follows.
const FOLDER_PREFIX: &str = "hansard-pulse-";

/// The server with its devices and players.
pub struct Pulse {
    dir: tempfile::TempDir,
    server: Server,
    daemons: Daemons,
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
    missing_for(Server::PulseAudio)
}

/// Why there can be no virtual sound from this server; `None` if there can.
pub fn missing_for(server: Server) -> Option<String> {
    let programs = ["pactl", "pacat", "paplay", "parec", "setpriv", "timeout"];
    let clients = programs.into_iter().filter(|program| !found(program)).map(str::to_owned);
    let lacking: Vec<String> = server.missing().into_iter().chain(clients).collect();
    (!lacking.is_empty())
        .then(|| format!("{} not found; `./dev setup` installs what is needed", lacking.join(", ")))
}

impl Pulse {
    /// Starts PulseAudio with mono microphones and stereo speakers; the first of each is the default. All of
    /// them deliver steadily when this returns.
    pub fn start(mics: &[&str], speakers: &[&str]) -> Result<Self> {
        Self::start_on(Server::PulseAudio, mics, speakers)
    }

    /// The same with a server of one's choice.
    pub fn start_on(server: Server, mics: &[&str], speakers: &[&str]) -> Result<Self> {
        sweep();
        let dir =
            tempfile::Builder::new().prefix(&format!("{FOLDER_PREFIX}{}-", std::process::id())).tempdir()?;
        for folder in ["run", "home", "state"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        fs::set_permissions(dir.path().join("run"), fs::Permissions::from_mode(0o700))?;
        let daemons = Daemons::start(server, dir.path()).with_context(|| log(dir.path()))?;
        let mut pulse = Self { dir, server, daemons, devices: vec![], keepalives: vec![], players: vec![] };
        pulse.wait_ready()?;
        let speakers_first = speakers.iter().map(|name| (name, 2, Kind::Speaker));
        for (name, channels, kind) in speakers_first.chain(mics.iter().map(|name| (name, 1, Kind::Mic))) {
            pulse.devices.push(Device { name: (*name).into(), channels, kind, module: None });
        }
        pulse.load_devices(0)?;
        if let Some(mic) = mics.first() {
            pulse.make_default(mic)?;
        }
        if let Some(speaker) = speakers.first() {
            pulse.set_default("sink", speaker)?;
        }
        Ok(pulse)
    }

    /// Adds a microphone or, with more than one channel, an audio interface.
    pub fn add_mic(&mut self, name: &str, channels: u16) -> Result<()> {
        self.devices.push(Device { name: name.into(), channels, kind: Kind::Mic, module: None });
        self.load_devices(self.devices.len() - 1)
    }

    /// What a program must have in its environment to use this server and no other.
    pub fn env(&self) -> Vec<(&'static str, OsString)> {
        Daemons::client_env(self.server, self.dir.path())
    }

    /// The socket that the server's clients come to.
    pub fn socket(&self) -> PathBuf {
        server::socket(self.server, self.dir.path())
    }

    /// A program that will use this server, with nothing on its stdin.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.env()).stdin(Stdio::null());
        command
    }

    /// A recorder that will use this server, and is asked to finish should this thread die before it could do
    /// so.
    pub fn recorder(&self, program: &Path) -> Command {
        let mut command = self.command("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    }

    /// Plays a WAV file into a sink (a speaker's name, or a microphone's with `_in`), in the background; it
    /// may be silent for long, as no call is, and counts as a test of the system.
    pub fn play(&mut self, sink: &str, wav: &Path) -> Result<()> {
        self.play_with(sink, wav, &["--property=media.role=test"])
    }

    /// The same as a call does, or a person who listens to something.
    pub fn play_as_program(&mut self, sink: &str, wav: &Path) -> Result<()> {
        self.play_with(sink, wav, &[])
    }

    fn play_with(&mut self, sink: &str, wav: &Path, properties: &[&str]) -> Result<()> {
        let log = self.dir.path().join(format!("player-{}.log", self.players.len()));
        let child = self
            .tied("nice")
            // Where it is permitted: a build beside us must not starve the players.
            .args(["-n", "-11", "paplay", "-v", PLAYER_LATENCY, "--client-name=va-player"])
            .args(properties)
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
        // The rest are the server's own, from a microphone to the sink behind it: no client is named there.
        Ok(list.lines().filter(|line| line.split('\t').nth(2).is_some_and(|client| client != "-")).count())
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
        self.set_default("source", mic)
    }

    /// PipeWire's session manager does as it is told a little later, and at first not at all.
    fn set_default(&self, kind: &str, name: &str) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        let ask = format!("get-default-{kind}");
        loop {
            let told = self.pactl(&[&format!("set-default-{kind}"), name]);
            if told.is_ok() && self.pactl(&[&ask])?.trim() == name {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{name} does not become the default {kind}: {told:?}");
            std::thread::sleep(POLL);
        }
    }

    /// Suspends a source or wakes it: it delivers nothing meanwhile.
    pub fn suspend(&self, source: &str, suspended: bool) -> Result<()> {
        self.pactl(&["suspend-source", source, if suspended { "1" } else { "0" }]).map(drop)
    }

    /// Makes the server hang, or go on.
    pub fn hang(&self, hung: bool) -> Result<()> {
        self.signal(None, if hung { Signal::STOP } else { Signal::CONT })
    }

    /// Sends one of the server's programs, or all, a signal.
    pub fn signal(&self, program: Option<&str>, signal: Signal) -> Result<()> {
        self.daemons.signal(program, signal)
    }

    /// Kills the server at once, as a crash would.
    pub fn crash(&mut self) -> Result<()> {
        self.daemons.end();
        Ok(())
    }

    /// Starts the server again, after ending it if need be, with the same devices on the same socket.
    pub fn restart(&mut self) -> Result<()> {
        self.end_players();
        self.daemons.end();
        self.daemons = Daemons::start(self.server, self.dir.path()).with_context(|| self.log())?;
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

    /// The server's log so far, for a failure's report.
    pub fn log(&self) -> String {
        log(self.dir.path())
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
        self.wait_listed()?;
        self.warm(&sinks)
    }

    /// Waits until the server knows all devices by name: PipeWire gives who asks for an unknown one another.
    fn wait_listed(&self) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            let list = self.pactl(&["list", "short", "sources"])?;
            let listed = |name: &str| list.lines().any(|line| line.split('\t').nth(1) == Some(name));
            let missing = self.devices.iter().find(|device| match device.kind {
                Kind::Mic => !listed(&device.name) || !listed(&format!("{}_in.monitor", device.name)),
                Kind::Speaker => !listed(&format!("{}.monitor", device.name)),
            });
            let Some(missing) = missing else { return Ok(()) };
            ensure!(Instant::now() < deadline, "there is no {} yet: {}", missing.name, self.log());
            std::thread::sleep(POLL);
        }
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
            self.daemons.check().with_context(|| self.log())?;
            ensure!(matches!(read, Some(Ok(()))), "the sink {sink} delivers nothing: {}", self.log());
        }
        Ok(())
    }

    fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        while self.pactl(&["info"]).is_err() {
            self.daemons.check().with_context(|| self.log())?;
            ensure!(Instant::now() < deadline, "{} does not answer: {}", self.server.name(), self.log());
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn load(&self, module: &str, arguments: &[String]) -> Result<String> {
        let mut all = vec!["load-module", module];
        all.extend(arguments.iter().map(String::as_str));
        Ok(self.pactl(&all)?.trim().to_owned())
    }

    /// Asks the server something; its answer.
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
        self.daemons.end();
    }
}

fn log(dir: &Path) -> String {
    fs::read_to_string(dir.join("pulse.log")).unwrap_or_default()
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
