//! `./dev bench live`: how late lines come while a meeting is recorded, and what lines cost that still grow.
//! The demo's meeting is played, whose three people take turns, and then six voices that all read aloud at
//! once, which no meeting is: what two cores can still follow.
//!
//! A line's delay is from the end of its last word, on the session's clock, to its arrival on the recorder's
//! standard output. A growing line is updated by a recogniser of its own, in a process of its own: what that
//! one takes is told for each update that was shown, its start included, and, measured by itself, for a line
//! of 5 s.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hansard::base::utterance::Utterance;
use hansard::models;
use hansard::recognisers::recognizer::{Recognizer as _, Request};
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};
use serde::Serialize;

use super::stage::meeting::{Heard, Meeting, Person, Script, speak};
use super::stage::pulse::{Pulse, RATE, Server};
use super::stage::recorder::{Out, Printed, Recorder, Session};
use super::stage::score::percentile;
use super::{FINISH_LIMIT, LOOK, START_LIMIT, Stat, Usage, hansard};

/// Voices that speak at once.
const AT_ONCE: usize = 6;
/// How long they do.
const AT_ONCE_S: f64 = 60.0;
/// The recogniser of growing lines is told by how far it steps back.
const GROWING: [&str; 2] = ["--niceness", "12"];
/// Length of the line whose update is measured by itself, and how often.
const LINE_S: usize = 5;
const UPDATES: usize = 10;
/// What is to be reached: seconds of delay for 95 of 100 lines of the meeting …
const DELAY_MAX_S: f64 = 1.5;
/// … CPU seconds of an update of a line of 5 s …
const UPDATE_MAX_S: f64 = 0.15;
/// … and seconds from the end of the sound until the text of those who all speak is complete.
const COMPLETE_MAX_S: f64 = 3.0;

/// What a recording gave.
#[derive(Debug, Serialize)]
struct Row {
    model: String,
    sources: String,
    seconds: f64,
    /// By line, in seconds, in order of their arrival.
    delays: Vec<f64>,
    /// How often a growing line was shown anew.
    updates: usize,
    /// CPU seconds of the recogniser that makes them, its start included.
    growing_cpu: f64,
    /// In percent of one core, while the meeting was played.
    recorder_percent: f64,
    recognisers_percent: f64,
    complete_after: f64,
    lost: u64,
}

/// What a model gave.
#[derive(Debug, Serialize)]
struct Figures {
    model: String,
    /// CPU seconds of one update of a line of 5 s.
    update_cpu: f64,
    rows: Vec<Row>,
}

/// Measures each model that is installed, with the first `turns` of the meeting; `save` takes all figures as
/// JSON.
pub fn run(wanted: &[String], turns: usize, server: impl Fn() -> Server, save: Option<&Path>) -> Result<()> {
    let meeting = Script::of_the_demo()?.first(turns);
    let seconds = if turns == usize::MAX { AT_ONCE_S } else { meeting.render()?.seconds() };
    let at_once = at_once(&meeting, AT_ONCE, seconds)?;
    let (mics, speakers) = meeting.devices();
    let rendered = meeting.render()?;
    let all: Vec<&str> = at_once.feeds.iter().map(|feed| feed.person.device.as_str()).collect();
    let mut all_figures = Vec::new();
    for name in wanted {
        let Ok(model) = models::resolve(&models_folder()?, Some(name.as_str()), Some("en")) else {
            eprintln!("load: the model {name} is not installed: it is left out");
            continue;
        };
        let update_cpu = update(&model.path)?;
        let mut rows = Vec::new();
        for (sources, meeting, (mics, speakers)) in [
            (format!("{} in turn", mics.len() + speakers.len()), &rendered, (&mics[..], &speakers[..])),
            (format!("{AT_ONCE} at once"), &at_once, (&all[..], &[][..])),
        ] {
            eprintln!("load: {sources}, {name}, {:.0} s …", meeting.seconds());
            let mut pulse = Pulse::start_on(server(), mics, speakers)?;
            rows.push(measure(&mut pulse, meeting, (name, sources))?);
        }
        all_figures.push(Figures { model: name.clone(), update_cpu, rows });
    }
    print(&all_figures);
    if let Some(save) = save {
        std::fs::write(save, serde_json::to_string_pretty(&all_figures)?)?;
    }
    Ok(())
}

fn models_folder() -> Result<PathBuf> {
    std::env::var_os("HANSARD_MODELS").map(PathBuf::from).context("say where the models are: HANSARD_MODELS")
}

/// As many people who all read the script aloud, each from another place on, into a microphone of their own
/// that hears nobody else.
fn at_once(script: &Script, count: usize, seconds: f64) -> Result<Meeting> {
    let mut whole = Meeting { title: script.title.clone(), truth: vec![], feeds: vec![], marks: vec![] };
    for n in 0..count {
        let mut own = script.clone();
        let person = Person {
            name: format!("Person {}", n + 1),
            voice: script.people[n % script.people.len()].voice.clone(),
            heard: Heard::Microphone,
            device: format!("va_person{}", n + 1),
        };
        own.turns.rotate_left(n * script.turns.len() / count);
        for turn in &mut own.turns {
            turn.who.clone_from(&person.name);
            turn.gap = turn.gap.max(0.3);
        }
        own.people = vec![person];
        own.seed += n as u64;
        let mut feed = own.render()?.feeds.remove(0);
        feed.samples.resize((seconds * f64::from(RATE)) as usize, 0);
        whole.feeds.push(feed);
    }
    Ok(whole)
}

fn measure(pulse: &mut Pulse, meeting: &Meeting, (model, sources): (&str, String)) -> Result<Row> {
    let dir = tempfile::tempdir()?;
    let wavs = meeting.feeds.iter().map(|feed| feed.write_wav(dir.path())).collect::<Result<Vec<_>>>()?;
    let recordings = dir.path().join("recordings");
    let mut command = pulse.recorder(&hansard()?);
    // With `--ui plain` nothing is shown of a line before it is finished.
    command.args(["record", "--json", "--title", "live", "--language", "en", "--model", model, "--out"]);
    command.arg(&recordings);
    for feed in &meeting.feeds {
        command.args(["--source", &feed.source()]);
    }
    let recorder = Recorder::start(&mut command)?;
    pulse.wait_captures(meeting.feeds.len(), START_LIMIT)?;
    // What happens only once is over.
    std::thread::sleep(Duration::from_secs(3));

    let before = Usage::of_tree(recorder.id())?;
    let begun = Instant::now();
    for (feed, wav) in meeting.feeds.iter().zip(&wavs) {
        pulse.play(&feed.sink(), wav)?;
    }
    let (mut printed, mut growing, mut after) = (Vec::new(), BTreeMap::new(), before.clone());
    while begun.elapsed().as_secs_f64() < meeting.seconds() {
        let look = Instant::now() + LOOK;
        while let Some(left) = look.checked_duration_since(Instant::now()) {
            match recorder.next(left) {
                Some(line) => printed.push(line),
                None => std::thread::sleep(look.saturating_duration_since(Instant::now())),
            }
        }
        after = after.later(Usage::of_tree(recorder.id())?);
        growing.extend(of_growing(recorder.id())?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let underruns: usize = pulse.wait_played(START_LIMIT)?.iter().map(|player| player.underruns).sum();
    ensure!(
        underruns == 0,
        "the players ran dry {underruns} times: the machine is too busy to measure anything"
    );
    recorder.interrupt()?;
    let interrupted = Instant::now();
    let status = recorder.finish(FINISH_LIMIT, |line| printed.push(line))?;
    let complete_after = interrupted.elapsed().as_secs_f64();
    let said = || printed.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
    ensure!(
        status.code().is_some_and(|code| code == 0 || code == 2),
        "hansard failed ({status}): {}",
        said()
    );
    let session = Session::newest(&recordings, &[]).with_context(said)?;
    let (delays, updates) = lines(&printed, &session);
    let percent = |before: f64, after: f64| (after - before) / seconds * 100.0;
    Ok(Row {
        model: model.to_owned(),
        sources,
        seconds,
        delays,
        updates,
        growing_cpu: growing.values().sum(),
        recorder_percent: percent(before.own, after.own),
        recognisers_percent: percent(before.children, after.children),
        complete_after,
        lost: session.manifest.account.iter().map(|account| account.lost.0).sum(),
    })
}

/// By how much the end of a word may move when a line is written anew.
const SAME_S: f64 = 0.1;

/// How late each finished line first came, and how often growing ones did.
fn lines(printed: &[Printed], session: &Session) -> (Vec<f64>, usize) {
    let (mut delays, mut updates) = (Vec::new(), 0);
    // A line that is cut where the voice changes stands there again in two: its words were shown before.
    let mut shown_until: BTreeMap<String, f64> = BTreeMap::new();
    for line in printed.iter().filter(|line| line.out == Out::Text) {
        let Ok(told) = serde_json::from_str::<Utterance>(&line.text) else { continue };
        let Some(last) = told.words.last().filter(|_| told.is_shown()) else { continue };
        if !told.is_final {
            updates += 1;
            continue;
        }
        let until = shown_until.entry(told.track.clone()).or_insert(f64::MIN);
        if last.end > *until + SAME_S {
            delays.push(line.at.duration_since(session.manifest.start.utc).as_secs_f64() - last.end);
        }
        *until = until.max(last.end);
    }
    (delays, updates)
}

/// CPU seconds so far of the processes that make growing lines, by process.
fn of_growing(recorder: u32) -> Result<BTreeMap<u32, f64>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // Others' processes come and go while we look.
        let (Ok(stat), Ok(line)) = (Stat::read(pid), std::fs::read_to_string(format!("/proc/{pid}/cmdline")))
        else {
            continue;
        };
        let arguments: Vec<&str> = line.split('\0').collect();
        if stat.parent == recorder && arguments.windows(2).any(|pair| pair == GROWING) {
            found.insert(pid, stat.own);
        }
    }
    Ok(found)
}

/// CPU seconds that the recogniser takes for one update of a line of 5 s.
fn update(model: &Path) -> Result<f64> {
    let (mut sound, script) = (Vec::new(), Script::of_the_demo()?);
    let texts = script.turns.iter().flat_map(|turn| &turn.say);
    for text in texts {
        if sound.len() >= LINE_S * RATE as usize {
            break;
        }
        sound.extend(speak(&script.people[0].voice, text)?.samples);
    }
    sound.truncate(LINE_S * RATE as usize);
    // The voice has nothing above 8 kHz: every third sample is all of it.
    let samples: Vec<f32> = sound.into_iter().step_by(3).collect();
    let request = Request { samples, language: Some("en".into()), ..Request::default() };
    let mut worker =
        WorkerRecognizer::new(WorkerOptions { program: hansard()?, threads: 1, ..WorkerOptions::new(model) });
    worker.recognize(&request)?;
    let pid = worker.process_id().context("the recogniser has ended")?;
    let before = Stat::read(pid)?.own;
    for _ in 0..UPDATES {
        worker.recognize(&request)?;
    }
    Ok((Stat::read(pid)?.own - before) / UPDATES as f64)
}

fn print(all: &[Figures]) {
    println!(
        "| model | sources | seconds | lines | a line's delay: median, p95, worst | updates of growing lines | \
         CPU of each | recorder CPU | recognisers CPU | text complete after the end | frames lost |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for row in all.iter().flat_map(|figures| &figures.rows) {
        let delay = |share| percentile(&row.delays, share).map_or("none".into(), |s| format!("{s:.2}"));
        let cells = [
            row.model.clone(),
            row.sources.clone(),
            format!("{:.0}", row.seconds),
            row.delays.len().to_string(),
            format!("{}, {}, {} s", delay(0.5), delay(0.95), delay(1.0)),
            row.updates.to_string(),
            format!("{:.3} s", row.growing_cpu / row.updates.max(1) as f64),
            format!("{:.1} %", row.recorder_percent),
            format!("{:.1} %", row.recognisers_percent),
            format!("{:.1} s", row.complete_after),
            row.lost.to_string(),
        ];
        println!("| {} |", cells.join(" | "));
    }
    println!("\n| what is to be reached | model | measured | |\n|---|---|---|---|");
    let bar = |what: String, model: &str, value: Option<f64>, most: f64| {
        let kept = if value.is_some_and(|value| value <= most) { "kept" } else { "**missed**" };
        println!("| {what} | {model} | {} | {kept} |", value.map_or("none".into(), |v| format!("{v:.2} s")));
    };
    for Figures { model, update_cpu, rows } in all {
        for row in rows {
            if row.sources.ends_with("in turn") {
                let what = format!("{}: 95 % of lines within {DELAY_MAX_S} s", row.sources);
                bar(what, model, percentile(&row.delays, 0.95), DELAY_MAX_S);
            } else {
                let what = format!("{}: text complete {COMPLETE_MAX_S} s after the end", row.sources);
                bar(what, model, Some(row.complete_after), COMPLETE_MAX_S);
            }
        }
        let what = format!("an update of a line of {LINE_S} s takes {UPDATE_MAX_S} s of a core");
        bar(what, model, Some(*update_cpu), UPDATE_MAX_S);
    }
}
