//! Whatever becomes of the recogniser, what is recorded is not touched, its work goes on where it was, and no
//! more than a poisonous segment goes without text.
//!
//! This program is its own recogniser: as `asr-worker` it speaks the real protocol and goes wrong in the way
//! that the name of its "model" says. So the real supervision runs, with real processes, over real files.

mod support;

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hansard::actors::transcriber::{MakeRecognizer, Outcome};
use hansard::capture::feed::Pace;
use hansard::recognisers::protocol::{self, Greeting, ModelFacts, PROTOCOL, Reply};
use hansard::recognisers::recognizer::{Recognizer, Request};
use hansard::recognisers::scripted::{ScriptedRecognizer, Step};
use hansard::recognisers::worker::{WorkerOptions, WorkerRecognizer};
use hansard::session::journal::{Event, Line};
use support::live::{Run, check_take, spoken, start_at, until};
use support::speech::Speech;

/// Beside it, frame by frame, what must not be touched.
const CODED: &str = "Coded=synth:coded,secs=0";
/// How long the faulty recogniser may take over a request.
const LIMIT: Duration = Duration::from_secs(3);
/// By how much it may grow.
const GROWTH: u64 = 64 << 20;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|arg| arg == "asr-worker") {
        return work(&args);
    }
    let wanted: Vec<&String> = args[1..].iter().filter(|arg| !arg.starts_with('-')).collect();
    if args.iter().any(|arg| arg == "--list") {
        return ExitCode::SUCCESS;
    }
    let Some(speech) = Speech::new("recogniser_faults") else { return ExitCode::SUCCESS };
    let speech = Arc::new(speech);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let faults = ["abort", "killed", "hang", "junk", "leak", "poison"];
    let chosen = faults
        .into_iter()
        .filter(|fault| wanted.is_empty() || wanted.iter().any(|w| fault.contains(w.as_str())));
    // All at once: each takes as long as the speech does.
    let tests: Vec<_> = chosen.map(|fault| (fault, runtime.spawn(survives(fault, speech.clone())))).collect();
    for (fault, test) in tests {
        // What a test panics with it has said.
        if runtime.block_on(test).is_err() {
            return ExitCode::FAILURE;
        }
        println!("test a_recogniser_with_the_fault_{fault} ... ok");
    }
    ExitCode::SUCCESS
}

/// Records speech with this recogniser; what came of it.
async fn survives(fault: &'static str, speech: Arc<Speech>) {
    let folder = tempfile::tempdir().unwrap();
    let source = speech.source();
    let calm: MakeRecognizer =
        Arc::new(|| Box::new(ScriptedRecognizer::new([Step::Say("hello there".into())])));
    let calm = start_at(Pace::Max { limit: None }, &[&source], calm).await;
    until("the file to end", || calm.recording.is_ended()).await;
    calm.finish().await;
    let expected = spoken(&calm);
    assert!(expected.len() > 2, "{expected:?}");

    let mut options = WorkerOptions::new(folder.path().join(fault));
    options.program = std::env::current_exe().unwrap();
    (options.request_limit, options.limit_per_second) = (LIMIT, 0.0);
    options.growth_limit = GROWTH;
    let make: MakeRecognizer =
        Arc::new(move || Box::new(WorkerRecognizer::new(options.clone())) as Box<dyn Recognizer>);
    let run = start_at(Pace::Real, &[&source, CODED], make).await;
    until("the file to end", || run.recording.tracks[0].is_ended()).await;
    let (closed, outcome) = run.finish().await;
    assert_eq!(outcome, Outcome::Complete, "{fault}");
    assert!(closed.account.iter().all(|track| track.lost.0 == 0), "{fault}: {:?}", closed.account);
    let coded = run.manifest().takes.into_iter().find(|take| take.track == "coded").unwrap();
    let (first, count) = check_take(&run.recording.dir.join(&coded.file), 1);
    assert!(first < 48_000 && count > 8 * 48_000, "{fault}: frames {first} and {count} that follow");

    let (again, skipped) = failures(&run);
    let skips = usize::from(fault == "poison");
    assert_eq!(skipped, skips, "{fault}");
    // One that is replaced in time costs no segment a second try; one that dies before the segment had ended
    // may do so a second time.
    let tries = if fault == "leak" { 0..=0 } else { 1..=1 + skips };
    assert!(tries.contains(&again), "{fault}: {again} tries, not {tries:?}");
    let heard = spoken(&run);
    let near = |a: f64, b: f64| (a - b).abs() < 0.3;
    let found = expected.iter().filter(|e| heard.iter().any(|h| near(h.0, e.0))).count();
    assert_eq!(found, expected.len() - skips, "{fault}: {expected:?} and {heard:?}");
    assert_eq!(heard.len(), found, "{fault}: no line twice");
    let processes = std::fs::read_to_string(folder.path().join("processes")).unwrap();
    let processes: HashSet<&str> = processes.lines().collect();
    assert!(processes.len() > 1, "{fault}: another recogniser has taken its place: {processes:?}");
    until("no recogniser to be left behind", || {
        processes.iter().all(|id| !Path::new(&format!("/proc/{id}")).exists())
    })
    .await;
}

/// Segments that were tried again, and those that were passed over, as the journal tells.
fn failures(run: &Run) -> (usize, usize) {
    let journal = std::fs::read_to_string(run.recording.dir.join("events.jsonl")).unwrap();
    let lines = journal.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    lines.fold((0, 0), |(again, over), line| match line.event {
        Event::SegmentFailed { skipped: true, .. } => (again, over + 1),
        Event::SegmentFailed { skipped: false, .. } => (again + 1, over),
        _ => (again, over),
    })
}

/// The recogniser.
fn work(args: &[String]) -> ExitCode {
    let model = PathBuf::from(&args[args.iter().position(|arg| arg == "--model").unwrap() + 1]);
    let folder = model.parent().unwrap();
    let log = |name: &str, text: String| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(name)).unwrap();
        writeln!(file, "{text}").unwrap();
    };
    log("processes", std::process::id().to_string());
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let facts = ModelFacts {
        name: "faulty".into(),
        size: "tiny".into(),
        multilingual: false,
        load_ms: 0,
        threads: 1,
    };
    protocol::write_message(&mut output, &Greeting { protocol: PROTOCOL, model: Ok(facts) }).unwrap();
    let mut leaked: Vec<Vec<u8>> = Vec::new();
    while let Some(request) = protocol::read_request(&mut input).unwrap() {
        let fault = model.file_name().unwrap().to_str().unwrap();
        let first = !folder.join("requests").exists();
        // How it begins: a segment that was asked for before it had ended may have become longer.
        let begins = format!("{:?}", request.samples.get(2_000..2_010));
        let asked = std::fs::read_to_string(folder.join("requests")).unwrap_or_default();
        let poison = asked.lines().next().is_none_or(|poison| poison == begins);
        log("requests", begins);
        match fault {
            "abort" if first => std::process::abort(),
            "killed" if first => {
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
                    .unwrap();
            }
            "hang" if first => std::thread::sleep(Duration::from_secs(3_600)),
            "junk" if first => {
                output.write_all(b"HTTP/1.1 200 OK\r\n\r\n").and_then(|()| output.flush()).unwrap()
            }
            "poison" if poison => std::process::abort(),
            // Every page is written to, so that it is really there.
            "leak" => leaked.push(vec![1; 2 * GROWTH as usize]),
            _ => {}
        }
        protocol::write_message(&mut output, &answer(&request)).unwrap();
    }
    ExitCode::SUCCESS
}

fn answer(request: &Request) -> Reply {
    ScriptedRecognizer::new([Step::Say("hello there".into())]).recognize(request)
}
