//! `hansard show S`: what was said, and what stands beside it; sources, takes and the account on request.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{Exit, say, wrong_use};
use crate::base::languages::DocumentLanguage;
use crate::base::text::{clean, count, length, name, wrap};
use crate::base::utterance::{Evidence, Utterance};
use crate::clock::trouble::clock_trouble;
use crate::config::Config;
use crate::export::turns::Meeting;
use crate::export::{account, pending};
use crate::session::details::Detail;
use crate::session::final_pass::FinalPass;
use crate::session::heard::{self, Heard};
use crate::session::lock::SessionLock;
use crate::session::manifest::{Manifest, State, TakeEntry};
use crate::session::mark::Mark;
use crate::session::people::{NamedBy, VoiceName};
use crate::session::read::{ReadError, resolve};
use crate::session::reading::Session;

/// Columns of a line.
const COLUMNS: usize = 80;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S")]
    session: String,
    /// Also withheld lines and echoes of other tracks, with the reason
    #[arg(long)]
    withheld: bool,
    /// Also where it was recorded from: folder, sources, voices, takes, where every frame went
    #[arg(long)]
    details: bool,
    /// With the id of each line, for hansard edit
    #[arg(long)]
    ids: bool,
    /// Every revision of every utterance, and who wrote it
    #[arg(long)]
    history: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Opens the session that a user means, with the exit code that a failure has. Says so if its transcript was
/// torn.
pub(super) fn open(recordings: &Path, s: &str) -> anyhow::Result<Session> {
    let session = resolve(recordings, s).and_then(|dir| Session::open(&dir)).map_err(exit)?;
    if session.torn_tail {
        say("the transcript's last line was torn by a crash and is left out; its sound is in the tracks");
    }
    Ok(session)
}

/// A voice by its number, its id or its name.
pub(super) fn voice<'a>(voices: &'a [Heard], asked: &str) -> anyhow::Result<&'a Heard> {
    heard::find(voices, asked).ok_or_else(|| {
        let there = match voices.len() as u64 {
            0 => "no voices were told apart in this session".to_owned(),
            n => format!("this session has {}; hansard voices S lists them", count(n, "voice")),
        };
        wrong_use(format!("there is no voice {:?}: {there}", clean(asked)))
    })
}

/// Wrong input is 1, a failing machine 3.
pub(super) fn exit(error: ReadError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

#[derive(Serialize)]
struct Report<'a> {
    path: String,
    #[serde(flatten)]
    manifest: &'a Manifest,
    marks: &'a [Mark],
    utterances: Vec<&'a Utterance>,
    /// That text has not been made yet, and how it is made.
    text_pending: Option<String>,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let session = open(&config.paths.recordings, &args.session)?;
    let all = if args.history { &session.history } else { &session.utterances };
    let utterances: Vec<&Utterance> = all.iter().filter(|u| args.withheld || u.is_shown()).collect();
    let mut out = io::stdout().lock();
    if args.json {
        let path = session.dir.display().to_string();
        let (manifest, marks) = (&session.manifest, session.marks());
        let text_pending = pending::of(&session).map(|pending| pending.text());
        let report = Report { path, manifest, marks, utterances, text_pending };
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        return Ok(Exit::Well);
    }
    let english = Some(DocumentLanguage::English);
    let meeting = Meeting::new(&session, config.minutes.paragraph_pause_s).in_language(english);
    head(&mut out, &meeting, args)?;
    writeln!(out)?;
    if let Some(pass) = FinalPass::read(&session.dir) {
        indented(&mut out, &passing(&session.dir, &pass), 2)?;
        writeln!(out)?;
    }
    if let Some(pending) = &meeting.pending {
        indented(&mut out, &pending.text(), 2)?;
    } else if utterances.is_empty() {
        writeln!(out, "  {}", meeting.words.said.nothing)?;
    }
    for utterance in utterances {
        line(&mut out, &meeting, utterance, args)?;
    }
    if !args.withheld && meeting.hidden != Default::default() {
        let hidden = meeting.hidden;
        writeln!(
            out,
            "\nNot shown: {} withheld, {} echoes (--withheld shows them)",
            hidden.withheld, hidden.echoes
        )?;
    }
    marks(&mut out, &meeting)?;
    summary(&mut out, &meeting)?;
    hidden(&mut out, &meeting, args.history)?;
    if args.details {
        sources(&mut out, &session)?;
        voices(&mut out, &session)?;
        takes(&mut out, &session.manifest)?;
        accounts(&mut out, &meeting)?;
    }
    Ok(Exit::Well)
}

/// That the text is being made once more, or was until somebody stopped it.
fn passing(dir: &std::path::Path, pass: &FinalPass) -> String {
    let told = clean(&pass.told());
    match FinalPass::is_running(dir) {
        true => format!("The text is being made once more ({told}; process {}).", pass.pid),
        false => format!(
            "The text was being made once more ({told}) and was stopped: hansard transcribe --final {} goes on.",
            super::text::quoted(dir)
        ),
    }
}

fn head(out: &mut impl Write, meeting: &Meeting, args: &Args) -> io::Result<()> {
    let manifest = &meeting.session.manifest;
    for line in wrap(&meeting.title(), COLUMNS) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{}, {}", meeting.when(), length(manifest.duration))?;
    if args.details {
        writeln!(out, "{}", meeting.session.dir.display())?;
    }
    let details = &meeting.session.amendments.details;
    for detail in Detail::ALL.into_iter().filter(|detail| *detail != Detail::Title) {
        let lines: Vec<String> = details.of(detail).iter().map(|line| clean(line)).collect();
        if !lines.is_empty() {
            indented(out, &format!("{}: {}", detail.name(), lines.join("; ")), 0)?;
        }
    }
    if manifest.state == State::Recording {
        let dir = &meeting.session.dir;
        if SessionLock::is_held(dir) {
            writeln!(out, "In use: it is being recorded or transcribed at this moment.")?;
        } else {
            writeln!(
                out,
                "Not finished in order: its recorder died. hansard recover {} mends it.",
                dir.display()
            )?;
        }
    } else if meeting.complete.is_told_first() {
        indented(out, &meeting.complete.told(meeting.words), 0)?;
    }
    Ok(())
}

fn sources(out: &mut impl Write, session: &Session) -> io::Result<()> {
    writeln!(out, "\nSources")?;
    for source in &session.manifest.sources {
        writeln!(out, "  {}: {}", clean(&source.track), name(&source.name))?;
        indented(out, &account::recorded_from(source), 6)?;
        // Ids are for copying: they stay on one line, however long.
        if let Some(device) = &source.device {
            writeln!(out, "      device {}", clean(device))?;
        }
        writeln!(out, "      asked for as {}", clean(&source.spec))?;
    }
    Ok(())
}

/// The voices that were told apart, where a track has several; `hansard voices` tells more of them.
fn voices(out: &mut impl Write, session: &Session) -> io::Result<()> {
    let is_told = |voice: &VoiceName| voice.by != NamedBy::Source;
    let told: Vec<_> = session.names.voices().filter(|(_, voice)| is_told(voice)).collect();
    if !told.is_empty() {
        writeln!(out, "\nVoices")?;
    }
    for (id, voice) in told {
        indented(out, &format!("{}: {}", clean(id), name(&voice.name)), 2)?;
    }
    Ok(())
}

fn takes(out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
    writeln!(out, "\nTakes")?;
    for take in &manifest.takes {
        let format = serde_json::to_value(take.format)?;
        let what = format!(
            "{}, {} ch {}, {} from {:.3} s",
            take.rate,
            take.channels,
            format.as_str().unwrap_or_default(),
            length(take.frames.seconds(take.rate)),
            take.clock.offset
        );
        writeln!(out, "  {}", clean(&take.file))?;
        indented(out, &format!("{what}; {}", measured(take)), 6)?;
    }
    Ok(())
}

/// `clock +12.3 ppm, residual 0.12 ms of 320 points in 3 pieces`
fn measured(take: &TakeEntry) -> String {
    let clock = &take.clock;
    match clock.points {
        0 => "clock not measured".to_owned(),
        n => {
            let pieces = match clock.pieces.len() {
                0 => String::new(),
                pieces => format!(" in {pieces} pieces"),
            };
            let trouble = clock_trouble(clock, take.frames.seconds(take.rate));
            let trouble = trouble.map(|text| format!("; WARNING: it {text}")).unwrap_or_default();
            format!(
                "clock {:+.1} ppm ({:.3} Hz), residual {:.2} ms of {n} points{pieces}{trouble}",
                clock.ppm, clock.rate, clock.residual_ms
            )
        }
    }
}

fn accounts(out: &mut impl Write, meeting: &Meeting) -> io::Result<()> {
    writeln!(out, "\nAccount")?;
    for line in &meeting.accounts {
        writeln!(out, "  {}", line.track)?;
        indented(out, &line.equation(), 6)?;
        for clause in line.losses.iter().chain(&line.absences) {
            indented(out, &clause.to_string(), 6)?;
        }
    }
    Ok(())
}

fn marks(out: &mut impl Write, meeting: &Meeting) -> io::Result<()> {
    if !meeting.session.marks().is_empty() {
        writeln!(out, "\nMarks")?;
    }
    for mark in meeting.session.marks() {
        let (time, kind) = (meeting.clock(mark.at), mark.kind.title());
        indented(out, &format!("{time} {kind}: {} [{}]", clean(&mark.text), clean(&mark.id)), 2)?;
    }
    Ok(())
}

/// That there is a summary; what it says stands in the minutes.
fn summary(out: &mut impl Write, meeting: &Meeting) -> io::Result<()> {
    let Some(summary) = &meeting.summary else { return Ok(()) };
    let (items, by) = (count(summary.items.len() as u64, "item"), clean(&summary.by.model));
    let stale = if summary.stale.is_any() { ", and the session was changed since" } else { "" };
    writeln!(out)?;
    indented(out, &format!("Summary: {items} by {by}{stale}; the minutes have it"), 0)
}

/// Passages that people hid, and the names that they gave.
fn hidden(out: &mut impl Write, meeting: &Meeting, history: bool) -> io::Result<()> {
    let amendments = &meeting.session.amendments;
    if !amendments.passages.is_empty() {
        writeln!(out, "\nHidden passages")?;
    }
    for passage in &amendments.passages {
        let (from, to) = (meeting.clock(passage.from), meeting.clock(passage.to));
        writeln!(out, "  {from} to {to} [{}]", clean(&passage.id))?;
    }
    let renames: Vec<(&str, &str)> = amendments.renames().filter(|_| history).collect();
    if !renames.is_empty() {
        writeln!(out, "\nNames")?;
    }
    for (from, to) in renames {
        indented(out, &format!("{} became {}", name(from), name(to)), 2)?;
    }
    Ok(())
}

/// `  03:07  Alice  text …`, wrapped, with what sets an utterance apart in brackets.
fn line(out: &mut impl Write, meeting: &Meeting, utterance: &Utterance, args: &Args) -> io::Result<()> {
    let mut marks = Vec::new();
    if args.history {
        marks.push(format!("{} rev {}", clean(&utterance.id), utterance.rev));
        if let Some(edited) = utterance.edited {
            marks.push(format!("by a person, {}", edited.utc.strftime("%Y-%m-%d %H:%M:%SZ")));
        }
    } else if args.ids {
        marks.push(clean(&utterance.id));
    }
    if let Some(reason) = &utterance.withheld {
        let evidence = utterance.evidence.as_ref().map_or(String::new(), judged_by);
        marks.push(format!("withheld: {}{evidence}", clean(reason)));
    }
    if let Some(of) = &utterance.bleed_of {
        marks.push(format!("echo of {}", clean(of)));
    }
    if !utterance.is_final {
        marks.push("draft".to_owned());
    }
    let marks = if marks.is_empty() { String::new() } else { format!(" [{}]", marks.join(", ")) };
    let time = meeting.clock(utterance.start);
    indented(out, &format!("{time} {}: {}{marks}", name(&utterance.speaker), clean(&utterance.text)), 2)
}

/// `; speech 0.44 over 1.2 s, nobody 0.35, log probability -0.90`
fn judged_by(evidence: &Evidence) -> String {
    let Evidence { speech_prob, speech_s, no_speech_prob, avg_logprob } = evidence;
    let nobody = no_speech_prob.map(|p| format!(", nobody {p:.2}")).unwrap_or_default();
    let sure = avg_logprob.map(|p| format!(", log probability {p:.2}")).unwrap_or_default();
    format!("; speech {speech_prob:.2} over {speech_s:.1} s{nobody}{sure}")
}

/// Wrapped, the first line at `indent`, the rest four further.
fn indented(out: &mut impl Write, text: &str, indent: usize) -> io::Result<()> {
    for (n, line) in wrap(text, COLUMNS - indent - 4).iter().enumerate() {
        let indent = if n == 0 { indent } else { indent + 4 };
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}
