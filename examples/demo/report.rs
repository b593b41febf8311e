//! What came of the meeting, for people, and whether it is good enough.

use std::cell::Cell;
use std::path::Path;

use anyhow::{Context as _, Result};
use hansard::base::utterance::Utterance;
use hansard::session::manifest::State;

use crate::growing::{Early, early};
use crate::minutes;
use crate::stage::align::{Alignment, locate};
use crate::stage::meeting::{Feed, Meeting, Phrase};
use crate::stage::pulse::RATE;
use crate::stage::recorder::{Out, Session};
use crate::stage::score::{Line, Score, Verdict, percentile, score};
use crate::{Played, utterance};

/// Starts of lines may be this far from the script's, in seconds, for 95 of 100.
const START_ERROR_MAX: f64 = 0.3;
/// A track must correlate at least this much with what was played.
const CORRELATION_MIN: f64 = 0.9;

/// Collects what is not good enough.
struct Checks(Cell<bool>);

impl Checks {
    /// The mark to be printed behind a figure.
    fn mark(&self, good: bool) -> &'static str {
        self.0.set(self.0.get() && good);
        if good { "" } else { "   <-- FAILED" }
    }
}

/// Prints all figures; whether all bounds were kept.
pub fn report(
    meeting: &Meeting,
    session: &Session,
    played: &Played,
    wer_max: f64,
    hansard: &Path,
) -> Result<bool> {
    let checks = Checks(Cell::new(true));
    println!("\n== Session\n{}", session.dir.display());
    let exit = played.exit.map_or("none".into(), |code| code.to_string());
    println!("exit code of hansard     {exit}{}", checks.mark(played.exit == Some(0)));
    let closed = session.manifest.state == State::Closed;
    println!("closed in order          {}{}", if closed { "yes" } else { "no" }, checks.mark(closed));
    println!("finished after Ctrl-C    {:.1} s", played.finish.as_secs_f64());
    if played.underruns > 0 {
        println!("the players ran dry {} times: this machine is too busy for a fair test", played.underruns);
    }
    account(meeting, session, &checks);
    let starts = tracks(meeting, session, &checks)?;
    let truth = in_session_time(meeting, &starts);
    let printed = printed(session, played);
    let (lines, unprinted) = lines(session, &printed);
    let result = score(&truth, &lines);
    words(meeting, &result, wer_max, &checks);
    attribution(&lines, &result);
    times(&result, unprinted, session, &printed, &checks);
    while_spoken(&early(&printed));
    let exports = minutes::write(hansard, meeting, &session.dir, starts.first().copied().unwrap_or(0.0))?;
    let minutes = session.dir.join("minutes.md");
    println!(
        "\n== Minutes\n{}",
        std::fs::read_to_string(&minutes).with_context(|| minutes.display().to_string())?
    );
    println!("== Files to open");
    exports.iter().for_each(|path| println!("{}", path.display()));
    println!();
    let good = checks.0.get();
    println!("== Verdict\n{}", if good { "passed" } else { "FAILED: see the marks above" });
    Ok(good)
}

fn account(meeting: &Meeting, session: &Session, checks: &Checks) {
    println!("\n== Frames");
    println!(
        "{:<12} {:>11} {:>11} {:>9} {:>7} {:>12}  gaps",
        "track", "expected", "written", "in gaps", "lost", "unexplained"
    );
    for account in &session.manifest.account {
        let gaps: Vec<String> =
            account.gaps.iter().map(|g| format!("{} {}x {}", g.cause.name(), g.count, g.frames)).collect();
        println!(
            "{:<12} {:>11} {:>11} {:>9} {:>7} {:>12}  {}{}",
            account.track,
            account.expected,
            account.written,
            account.gaps.iter().map(|g| g.frames.0).sum::<u64>(),
            account.lost,
            account.unexplained,
            gaps.join(", "),
            checks.mark(account.lost.0 == 0)
        );
    }
    let tracks = session.manifest.account.len();
    if tracks != meeting.feeds.len() {
        println!("{tracks} of {} tracks have an account{}", meeting.feeds.len(), checks.mark(false));
    }
}

/// Finds each feed in its track; the session time at which each began.
fn tracks(meeting: &Meeting, session: &Session, checks: &Checks) -> Result<Vec<f64>> {
    println!("\n== Sound (each track searched for what was played)");
    println!("{:<12} {:>11} {:>12} {:>14}", "track", "begins at", "correlation", "frames slipped");
    let mut starts = Vec::new();
    for feed in &meeting.feeds {
        let name = &feed.person.name;
        let take = session.take_of(name)?;
        let (alignment, start) = find(session, feed).with_context(|| format!("the track of {name}"))?;
        let whole = take.rate.0 == RATE && alignment.whole >= CORRELATION_MIN;
        println!(
            "{:<12} {:>9.3} s {:>12.4} {:>14}{}",
            take.track,
            start,
            alignment.whole,
            alignment.slip(),
            checks.mark(whole && alignment.slip() == 0)
        );
        starts.push(start);
    }
    let (first, last) =
        (starts.iter().copied().fold(f64::MAX, f64::min), starts.iter().copied().fold(f64::MIN, f64::max));
    println!("the players began within {:.1} ms of each other, on the session's clock", (last - first) * 1e3);
    Ok(starts)
}

fn find(session: &Session, feed: &Feed) -> Result<(Alignment, f64)> {
    let take = session.take_of(&feed.person.name)?;
    let sound = session.sound(take)?;
    let played: Vec<f32> = feed.samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let alignment = locate(&sound, &played, RATE).context("holds nothing that could be compared")?;
    // The feed may have begun before the track did.
    let start = take.clock.offset + alignment.offset() as f64 / take.clock.rate;
    Ok((alignment, start))
}

fn in_session_time(meeting: &Meeting, starts: &[f64]) -> Vec<Phrase> {
    let start_of = |who: &str| {
        let at = meeting.feeds.iter().position(|feed| feed.person.name == who);
        at.map_or(0.0, |at| starts[at])
    };
    let mut truth = meeting.truth.clone();
    for phrase in &mut truth {
        let start = start_of(&phrase.who);
        phrase.start += start;
        phrase.end += start;
    }
    truth
}

/// The lines of the minutes with the time each was printed; and how many printed lines the minutes do not
/// have.
fn lines(session: &Session, printed: &[(f64, Utterance)]) -> (Vec<Line>, usize) {
    let shown = || session.utterances.iter().filter(|u| u.is_shown());
    let same = |a: &Utterance, b: &Utterance| a.is_final && a.id == b.id && a.text == b.text;
    let lines = shown().map(|u| {
        let arrived = printed.iter().find(|(_, p)| same(p, u)).map(|(at, _)| *at);
        Line { who: u.speaker.clone(), text: u.text.clone(), start: u.start, end: u.end, arrived }
    });
    let unlike = printed.iter().filter(|(_, p)| p.is_final && !shown().any(|u| same(p, u)));
    (lines.collect(), unlike.count())
}

/// All that was printed of the text, with the session second.
fn printed(session: &Session, played: &Played) -> Vec<(f64, Utterance)> {
    let of_text = played.printed.iter().filter(|p| p.out == Out::Text);
    of_text
        .filter_map(|p| {
            let at = p.at.duration_since(session.manifest.start.utc).as_secs_f64();
            Some((at, utterance(&p.text)?))
        })
        .collect()
}

fn words(meeting: &Meeting, result: &Score, wer_max: f64, checks: &Checks) {
    println!("\n== Words against the script");
    println!(
        "{:<12} {:>6} {:>6} {:>12} {:>8} {:>9} {:>7}",
        "speaker", "lines", "words", "substituted", "deleted", "inserted", "WER"
    );
    let total_lines = result.people.iter().map(|(_, _, lines)| lines).sum::<usize>();
    let total = ("together".to_owned(), result.total, total_lines);
    for (name, edits, lines) in result.people.iter().chain([&total]) {
        let bound = name == "together";
        let silent = meeting.feeds.iter().any(|f| f.person.name == *name) && *lines == 0;
        println!(
            "{name:<12} {lines:>6} {:>6} {:>12} {:>8} {:>9} {:>5.1} %{}{}",
            edits.said,
            edits.substituted,
            edits.deleted,
            edits.inserted,
            edits.rate() * 100.0,
            if bound { format!("   (at most {wer_max} %)") } else { String::new() },
            checks.mark(!silent && (!bound || edits.rate() * 100.0 <= wer_max))
        );
    }
}

fn attribution(lines: &[Line], result: &Score) {
    let count = |wanted: fn(&Verdict) -> bool| result.verdicts.iter().filter(|v| wanted(v)).count();
    println!("\n== Lines");
    println!("under the wrong person   {}", count(|v| matches!(v, Verdict::Wrong { .. })));
    println!("with another's words too {}", count(|v| matches!(v, Verdict::Mixed { .. })));
    println!("echoes of another's      {}", count(|v| matches!(v, Verdict::Echo { .. })));
    println!("twice                    {}", count(|v| matches!(v, Verdict::Twice)));
    println!("said by nobody           {}", count(|v| matches!(v, Verdict::Invented)));
    for (line, verdict) in lines.iter().zip(&result.verdicts) {
        let why = match verdict {
            Verdict::Right => continue,
            Verdict::Mixed { also_by } => format!("in part by {also_by}"),
            Verdict::Wrong { said_by } => format!("said by {said_by}"),
            Verdict::Echo { said_by } => format!("echo of {said_by}"),
            Verdict::Twice => "twice".to_owned(),
            Verdict::Invented => "said by nobody".to_owned(),
        };
        println!("  {:7.2} s  {}: {}   ({why})", line.start, line.who, line.text);
    }
}

fn times(result: &Score, unprinted: usize, session: &Session, printed: &[(f64, Utterance)], checks: &Checks) {
    println!("\n== Times");
    let hidden = session.utterances.iter().filter(|u| !u.is_shown()).count();
    let printed = printed.iter().filter(|(_, utterance)| utterance.is_final).count();
    println!(
        "lines printed live       {printed} ({unprinted} of them not in the minutes as they were printed)"
    );
    println!("utterances withheld      {hidden}");
    println!(
        "line after its last word median {}, p95 {}, worst {}{}",
        seconds(percentile(&result.delays, 0.5)),
        seconds(percentile(&result.delays, 0.95)),
        seconds(percentile(&result.delays, 1.0)),
        checks.mark(!result.delays.is_empty())
    );
    let errors: Vec<f64> = result.starts.iter().map(|s| s.abs()).collect();
    let p95 = percentile(&errors, 0.95);
    println!(
        "start against the script median {}, p95 {}, worst {} (at most {START_ERROR_MAX} s for 95 %; {} lines, {} begin within a phrase){}",
        seconds(percentile(&result.starts, 0.5)),
        seconds(p95),
        seconds(percentile(&errors, 1.0)),
        errors.len(),
        result.begun_within,
        checks.mark(p95.is_some_and(|p95| p95 <= START_ERROR_MAX))
    );
}

fn while_spoken(early: &Early) {
    println!("\n== Words shown while the line was still being spoken");
    let share = 100.0 * early.changed as f64 / early.shown.max(1) as f64;
    println!("shown                    {}", early.shown);
    println!("changed or gone later    {} ({share:.1} %)", early.changed);
    println!(
        "word after it was spoken median {}, p95 {}, worst {}",
        seconds(percentile(&early.delays, 0.5)),
        seconds(percentile(&early.delays, 0.95)),
        seconds(percentile(&early.delays, 1.0)),
    );
}

fn seconds(value: Option<f64>) -> String {
    value.map_or("none".to_owned(), |v| format!("{v:.2} s"))
}
