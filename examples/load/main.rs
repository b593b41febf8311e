//! `./dev bench`: what recording costs. Two, eight and 16 devices are recorded without and (but for 16) with
//! transcription, while a scripted meeting is played into them, and in the same run by `parecord` beside it,
//! device by device, and by a program that does nothing with what cpal hands it: what no user of cpal can be
//! below.
//!
//! CPU is of one core, over the time in which the meeting plays; memory is the peak of what was resident.

mod live;
#[path = "../../tests/support/stage/mod.rs"]
mod stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use stage::meeting::{Feed, Script};
use stage::pulse::{Pulse, Server};
use stage::recorder::{Recorder, Session};

/// What /proc counts time in: 100 ticks a second on every Linux that one meets.
const TICKS: f64 = 100.0;
/// With more sources than this, that all speak, two cores only make text afterwards.
const TEXT_SOURCES_MAX: usize = 8;
/// Between two looks at the processes.
const LOOK: Duration = Duration::from_millis(500);
const START_LIMIT: Duration = Duration::from_secs(40);
const FINISH_LIMIT: Duration = Duration::from_secs(900);

/// Measures CPU and memory of recording.
#[derive(Debug, clap::Parser)]
struct Args {
    /// Numbers of devices to be recorded at once; PulseAudio has room for the players and recorders of about
    /// 20
    #[arg(long, value_delimiter = ',', default_values_t = [2, 8, 16])]
    sources: Vec<usize>,
    /// Only record
    #[arg(long)]
    no_text: bool,
    /// Play at most this many turns of the script
    #[arg(long, default_value_t = usize::MAX)]
    turns: usize,
    /// Record from PipeWire instead of PulseAudio
    #[arg(long)]
    pipewire: bool,
    /// Record the meeting from files at real pace, with text: CPU seconds a minute, without a sound system
    #[arg(long)]
    files: bool,
    /// Measure how late lines come while three people take turns and while six all speak
    #[arg(long)]
    live: bool,
    /// With --live: these models, as far as they are installed
    #[arg(long, value_delimiter = ',', default_values_t = ["base-q8_0".to_owned(), "moonshine-base".to_owned()])]
    model: Vec<String>,
    /// With --live: all figures as JSON
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Open these devices with cpal, do nothing, and wait to be killed
    #[arg(long, hide = true, value_name = "ID")]
    listen: Vec<String>,
}

/// What the program that only listens asks for, in milliseconds: as much as `audio.buffer_ms` does.
const LISTEN_MS: u32 = 500;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn run(args: &Args) -> Result<()> {
    if !args.listen.is_empty() {
        return listen(&args.listen);
    }
    if args.files {
        return run_files(args);
    }
    let server = || if args.pipewire { Server::PipeWire } else { Server::any() };
    if args.live {
        return live::run(&args.model, args.turns, server, args.save.as_deref());
    }
    println!(
        "| sources | text | seconds | hansard CPU | + recogniser CPU | hansard RSS | + recogniser RSS | parecord CPU | parecord RSS | cpal alone CPU | lost frames | text done after |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for &sources in &args.sources {
        for text in [false, true] {
            if text && (args.no_text || sources > TEXT_SOURCES_MAX) {
                continue;
            }
            let script = Script::of_the_demo()?.first(args.turns).spread(sources);
            eprintln!("load: {sources} sources, {} text …", if text { "with" } else { "without" });
            let row = measure(&script, text, server())?;
            println!("| {sources} | {} | {row} |", if text { "yes" } else { "no" });
        }
    }
    Ok(())
}

fn run_files(args: &Args) -> Result<()> {
    println!("| sources | seconds | hansard CPU s/min | + recogniser CPU s/min | text done after |");
    println!("|---|---|---|---|---|");
    for &sources in &args.sources {
        let script = Script::of_the_demo()?.first(args.turns).spread(sources);
        eprintln!("load: {sources} files …");
        println!("| {sources} | {} |", measure_files(&script)?);
    }
    Ok(())
}

/// Records one meeting from files, from the first frame to the last line of text; the cells of its row.
fn measure_files(script: &Script) -> Result<String> {
    let dir = tempfile::tempdir()?;
    let meeting = script.render()?;
    let mut command = Command::new(hansard()?);
    command
        .args(["record", "--pace", "real", "--title", "load", "--language", "en", "--out"])
        .arg(dir.path());
    for feed in &meeting.feeds {
        let wav = feed.write_wav(dir.path())?;
        command.args(["--source", &format!("{}=file:{}", feed.person.name, wav.display())]);
    }
    let (begun, recorder) = (Instant::now(), Recorder::start(&mut command)?);
    // Once it is over there is nothing left to look at.
    let mut used = Usage::default();
    while let Ok(now) = Usage::of_tree(recorder.id()) {
        used = used.later(now);
        std::thread::sleep(LOOK);
    }
    let seconds = meeting.seconds();
    let after = (begun.elapsed().as_secs_f64() - seconds).max(0.0);
    let status = recorder.finish(FINISH_LIMIT, |_| ())?;
    ensure!(status.success(), "hansard failed ({status})");
    let a_minute = |cpu: f64| format!("{:.1}", cpu / seconds * 60.0);
    Ok([format!("{seconds:.0}"), a_minute(used.own), a_minute(used.children), format!("{after:.1} s")]
        .join(" | "))
}

/// Records one meeting; the cells of its row.
fn measure(script: &Script, text: bool, server: Server) -> Result<String> {
    let dir = tempfile::tempdir()?;
    let meeting = script.render()?;
    let wavs = meeting.feeds.iter().map(|feed| feed.write_wav(dir.path())).collect::<Result<Vec<_>>>()?;
    let (mics, speakers) = script.devices();
    let mut pulse = Pulse::start_on(server, &mics, &speakers)?;

    let recordings = dir.path().join("recordings");
    let mut command = pulse.recorder(&hansard()?);
    command.args(["record", "--title", "load", "--language", "en", "--out"]).arg(&recordings);
    command.args((!text).then_some("--no-transcribe"));
    for feed in &meeting.feeds {
        command.args(["--source", &feed.source()]);
    }
    let recorder = Recorder::start(&mut command)?;
    let mut others = Others(Vec::new());
    for feed in &meeting.feeds {
        others.0.push(parecord(&pulse, feed, dir.path())?);
    }
    let mut listener = pulse.command(std::env::current_exe()?);
    listener.args(meeting.feeds.iter().map(|feed| format!("--listen=pulseaudio:{}", feed.pulse_source())));
    let listener = Others(vec![listener.spawn().context("the listener does not start")?]);
    pulse.wait_captures(3 * meeting.feeds.len(), START_LIMIT)?;
    // The model is loaded by now, and what happens only once is over.
    std::thread::sleep(Duration::from_secs(3));

    let (pids, listening) = (others.pids(), listener.pids());
    let before = (Usage::of_tree(recorder.id())?, Usage::of_all(&pids)?, Usage::of_all(&listening)?);
    let begun = Instant::now();
    for (feed, wav) in meeting.feeds.iter().zip(&wavs) {
        pulse.play(&feed.sink(), wav)?;
    }
    let mut after = before.clone();
    while begun.elapsed().as_secs_f64() < meeting.seconds() {
        std::thread::sleep(LOOK);
        after.0 = after.0.later(Usage::of_tree(recorder.id())?);
        after.1 = after.1.later(Usage::of_all(&pids)?);
        after.2 = Usage::of_all(&listening)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let underruns: usize = pulse.wait_played(START_LIMIT)?.iter().map(|player| player.underruns).sum();
    ensure!(
        underruns == 0,
        "the players ran dry {underruns} times: the machine is too busy to measure anything"
    );
    recorder.interrupt()?;
    let interrupted = Instant::now();
    let mut said = String::new();
    let status = recorder.finish(FINISH_LIMIT, |line| said += &format!("{}\n", line.text))?;
    let session = Session::newest(&recordings, &[]).with_context(|| said.clone())?;
    let lost: u64 = session.manifest.account.iter().map(|account| account.lost.0).sum();
    ensure!(status.code().is_some_and(|code| code == 0 || code == 2), "hansard failed ({status}): {said}");

    let percent = |before: f64, after: f64| format!("{:.1} %", (after - before) / seconds * 100.0);
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    Ok([
        format!("{seconds:.0}"),
        percent(before.0.own, after.0.own),
        percent(before.0.children, after.0.children),
        megabytes(after.0.peak()),
        megabytes(after.0.peak_children()),
        percent(before.1.own, after.1.own),
        megabytes(after.1.peak()),
        percent(before.2.own, after.2.own),
        lost.to_string(),
        format!("{:.1} s", interrupted.elapsed().as_secs_f64()),
    ]
    .join(" | "))
}

/// Takes in what these devices deliver, and nothing else.
fn listen(ids: &[String]) -> Result<()> {
    let host = cpal::default_host();
    let mut streams = Vec::new();
    for id in ids {
        let device = host.device_by_id(&id.parse()?).with_context(|| format!("there is no {id}"))?;
        let supported = device.default_input_config()?;
        let mut config = supported.config();
        config.buffer_size = cpal::BufferSize::Fixed(config.sample_rate * LISTEN_MS / 1000);
        let on_error = |error| eprintln!("load: {error}");
        let stream =
            device.build_input_stream_raw(config, supported.sample_format(), |_, _| (), on_error, None)?;
        stream.play()?;
        streams.push(stream);
    }
    loop {
        std::thread::park();
    }
}

fn parecord(pulse: &Pulse, feed: &Feed, dir: &Path) -> Result<Child> {
    let source = feed.pulse_source();
    let child = pulse
        .command("parecord")
        .args(["--file-format=wav", "--format=s16le", "--rate=48000", "--latency-msec=200"])
        .arg(format!("--device={source}"))
        .arg(dir.join(format!("{source}.parecord.wav")))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.context("parecord does not start")
}

/// Children that are ended with us.
struct Others(Vec<Child>);

impl Others {
    fn pids(&self) -> Vec<u32> {
        self.0.iter().map(Child::id).collect()
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _already_ended = child.kill();
            let _ = child.wait();
        }
    }
}

/// What processes have used up to a moment.
#[derive(Debug, Clone, Default)]
struct Usage {
    /// CPU seconds of the processes themselves.
    own: f64,
    /// CPU seconds of their children, ended ones too.
    children: f64,
    /// Peaks of resident bytes by process, those of children apart.
    peaks: BTreeMap<u32, u64>,
    child_peaks: BTreeMap<u32, u64>,
}

impl Usage {
    /// Of processes without children.
    fn of_all(pids: &[u32]) -> Result<Self> {
        let mut usage = Self::default();
        for &pid in pids {
            usage.own += Stat::read(pid)?.own;
            usage.peaks.insert(pid, peak_of(pid)?);
        }
        Ok(usage)
    }

    /// Of a process and its children.
    fn of_tree(root: u32) -> Result<Self> {
        let stat = Stat::read(root)?;
        let mut usage = Self { own: stat.own, children: stat.ended_children, ..Self::default() };
        usage.peaks.insert(root, peak_of(root)?);
        for entry in std::fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // Others' processes come and go while we look.
            let Ok(stat) = Stat::read(pid) else { continue };
            if stat.parent == root {
                usage.children += stat.own + stat.ended_children;
                usage.child_peaks.extend(peak_of(pid).map(|peak| (pid, peak)));
            }
        }
        Ok(usage)
    }

    /// The later state, with the peaks of those that have ended since.
    fn later(self, mut now: Self) -> Self {
        for (pid, peak) in self.child_peaks {
            now.child_peaks.entry(pid).or_insert(peak);
        }
        now
    }

    fn peak(&self) -> u64 {
        self.peaks.values().sum()
    }

    /// The largest: a recogniser that was started anew has taken the place of the one before.
    fn peak_children(&self) -> u64 {
        self.child_peaks.values().copied().max().unwrap_or(0)
    }
}

/// The fields of /proc/PID/stat that count here.
struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name stands in brackets and may hold anything.
        let (_, rest) = text.rsplit_once(") ").context("an odd /proc/PID/stat")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        // Numbered from 1 in proc(5), with the state as 3: ppid 4, utime 14, stime 15, cutime 16, cstime 17.
        let field =
            |number: usize| -> Result<f64> { Ok(fields.get(number - 3).context("a short stat")?.parse()?) };
        Ok(Self {
            parent: field(4)? as u32,
            own: (field(14)? + field(15)?) / TICKS,
            ended_children: (field(16)? + field(17)?) / TICKS,
        })
    }
}

fn peak_of(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak of memory")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

/// The program to measure; else that in this build's folder: an example lies one deeper.
fn hansard() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("HANSARD_BINARY") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    let path = own.parent().and_then(Path::parent).context("no build folder")?.join("hansard");
    ensure!(path.exists(), "{} is missing; `./dev build` makes it", path.display());
    Ok(path)
}
