//! `hansard search WORDS…`: where something was said, in all sessions.

use std::io::{self, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use clap::builder::PossibleValue;
use jiff::civil::Date;
use serde::Serialize;

use super::console::{say, status};
use super::named::one_of;
use super::{Exit, show, wrong_use};
use crate::base::text::{clean, clock, count, name, wrap};
use crate::config::Config;
use crate::library::{self, Answer, Hit, Kind, LibraryError, Passed, Progress, Query, QueryError, Sort};
use crate::session::read::{self, ReadError};

/// Columns of a line.
const COLUMNS: usize = 80;
/// Reading that takes longer is told of …
const SILENT: Duration = Duration::from_secs(1);
/// … this often.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// Hits that are shown at most: nobody reads more.
const LIMIT_MAX: u32 = 10_000;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
All words must stand in one line. An argument with spaces is a phrase: hansard search \"the budget\" Berlin. \
A word that ends in * may go on: hansard search 'budg*'. Case and accents don't matter.\n\n\
What is hidden or withheld is not found, and corrected text is found as it was corrected. The index that makes \
it quick is in the cache folder (search-v1.sqlite); it is brought up to date before each search and may be deleted.";

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to look for
    #[arg(value_name = "WORDS", required = true)]
    words: Vec<String>,
    /// Only what this person said: the name, or the beginning of one of its words
    #[arg(long, value_name = "N")]
    speaker: Option<String>,
    /// Only sessions from this day on: 2026-03-14
    #[arg(long, value_name = "D")]
    from: Option<Date>,
    /// Only sessions up to this day, with it
    #[arg(long, value_name = "D")]
    to: Option<Date>,
    /// Only this session: a path, an id or `last`
    #[arg(long = "in", value_name = "S")]
    session: Option<String>,
    /// Only lines that were said, or only marks, or summaries [default: lines and marks]
    #[arg(long, value_name = "KIND", value_parser = one_of(kinds()))]
    kind: Option<Kind>,
    /// Which comes first
    #[arg(long, value_name = "ORDER", default_value = "newest", value_parser = one_of(orders()))]
    sort: Sort,
    /// Most hits
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIMIT_MAX)))]
    limit: u32,
    /// As JSON
    #[arg(long)]
    json: bool,
}

fn kinds() -> Vec<(PossibleValue, Kind)> {
    vec![
        (PossibleValue::new("line").help("What somebody said"), Kind::Line),
        (PossibleValue::new("mark").help("What somebody marked"), Kind::Mark),
        (PossibleValue::new("summary").help("A sentence of a summary, by a language model"), Kind::Summary),
    ]
}

fn orders() -> Vec<(PossibleValue, Sort)> {
    vec![
        (PossibleValue::new("newest").help("The newest moment"), Sort::Newest),
        (PossibleValue::new("best").help("Short lines that say the words often"), Sort::Best),
    ]
}

/// A hit and where its session lies.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    hit: &'a Hit,
    /// The session's folder.
    path: String,
    /// What shows the session.
    show: String,
}

#[derive(Serialize)]
struct Report<'a> {
    words: &'a [String],
    hits: Vec<Row<'a>>,
    more: bool,
    sessions: usize,
    without_text: usize,
    passed: &'a [Passed],
    without_index: &'a Option<String>,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let recordings = &config.paths.recordings;
    let query = query(args, config)?;
    let began = Instant::now();
    let mut told: Option<Instant> = None;
    let mut tell = |Progress { done, of }: Progress| {
        if began.elapsed() >= SILENT && told.is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
            told = Some(Instant::now());
            status(format_args!("reading sessions that are new or have changed: {done} of {of}"));
        }
    };
    let answer = library::search(recordings, config.cache(), &query, &mut tell).map_err(failed)?;
    for Passed { folder, why } in &answer.passed {
        say(format_args!("not searched: {}: {}", clean(folder), clean(why)));
    }
    if let Some(why) = &answer.without_index {
        say(format_args!(
            "there is no search index, so all sessions were read, which takes longer: {}",
            clean(why)
        ));
    }
    let mut out = io::stdout().lock();
    if args.json {
        let row = |hit| Row { hit, path: path(hit, config), show: show_command(hit) };
        let report = Report {
            words: &args.words,
            hits: answer.hits.iter().map(row).collect(),
            more: answer.more,
            sessions: answer.sessions,
            without_text: answer.without_text,
            passed: &answer.passed,
            without_index: &answer.without_index,
        };
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        return Ok(Exit::Well);
    }
    let bold = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    print(&mut out, &answer, bold)?;
    out.flush()?;
    sum_up(&answer);
    Ok(Exit::Well)
}

fn query(args: &Args, config: &Config) -> anyhow::Result<Query> {
    let wrong = |error: QueryError| wrong_use(error.to_string());
    let mut query = Query::of_arguments(&args.words).map_err(wrong)?;
    if let Some(speaker) = &args.speaker {
        query = query.by_speaker(speaker).map_err(wrong)?;
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(wrong_use(format!("--from {from} is after --to {to}")));
    }
    if let Some(session) = &args.session {
        query.session = Some(folder(session, config)?);
    }
    (query.from, query.to, query.kind, query.sort) = (args.from, args.to, args.kind, args.sort);
    query.limit = args.limit as usize;
    Ok(query)
}

/// Name of the folder of a session in the recordings.
fn folder(session: &str, config: &Config) -> anyhow::Result<String> {
    let recordings = &config.paths.recordings;
    let dir = read::resolve(recordings, session).map_err(show::exit)?;
    let whole = |path: &std::path::Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (dir, recordings) = (whole(&dir), whole(recordings));
    match (dir.parent() == Some(recordings.as_path()), dir.file_name()) {
        (true, Some(folder)) => Ok(folder.to_string_lossy().into_owned()),
        _ => Err(wrong_use(format!(
            "{} is not in {}, which is what is searched: move it there, or set HANSARD_RECORDINGS to its folder",
            dir.display(),
            recordings.display()
        ))),
    }
}

fn failed(error: LibraryError) -> anyhow::Error {
    match error {
        LibraryError::Recordings { path, error } => show::exit(ReadError::Io { path, source: error }),
        other => other.into(),
    }
}

fn path(hit: &Hit, config: &Config) -> String {
    config.paths.recordings.join(&hit.folder).display().to_string()
}

fn show_command(hit: &Hit) -> String {
    format!("hansard show {} --ids", hit.folder)
}

/// Session by session, each with its hits.
fn print(out: &mut impl Write, answer: &Answer, bold: bool) -> io::Result<()> {
    let mut last: Option<&str> = None;
    for hit in &answer.hits {
        if last != Some(&hit.folder) {
            if last.is_some() {
                writeln!(out)?;
            }
            last = Some(&hit.folder);
            let day = hit.at.get(..10).unwrap_or_default();
            for (n, line) in wrap(&name(&hit.title), COLUMNS - 12).iter().enumerate() {
                writeln!(out, "{:10}  {line}", if n == 0 { day } else { "" })?;
            }
            writeln!(out, "  {}", clean(&show_command(hit)))?;
        }
        let who = match (&hit.speaker, hit.mark, hit.summary) {
            (_, Some(mark), _) => mark.title().to_owned(),
            (_, _, Some(kind)) => format!("Summary ({})", kind.name()),
            (Some(speaker), ..) => name(speaker),
            (None, ..) => String::new(),
        };
        let time = hit.at.get(11..19).unwrap_or_default();
        for (n, line) in wrap(&format!("{time} {who}: {}", marked(hit)), COLUMNS - 8).iter().enumerate() {
            let line = match bold {
                true => line.replace(BEGIN, "\x1b[1m").replace(END, "\x1b[0m"),
                false => line.replace([BEGIN, END], "*"),
            };
            writeln!(out, "{:indent$}{line}", "", indent = if n == 0 { 4 } else { 8 })?;
        }
        let sound = hit
            .sound
            .as_ref()
            .map(|sound| format!(", sound in {} from {}", sound.file, clock(sound.from_s, true)));
        writeln!(
            out,
            "        [{}] {} into it{}",
            hit.id,
            clock(hit.start, true),
            sound.unwrap_or_default()
        )?;
    }
    Ok(())
}

/// What stands around a hit until it is printed: characters that are never in a text that was cleaned.
const BEGIN: char = '\u{1}';
const END: char = '\u{2}';

/// The text with its marks. Each word of a phrase is marked by itself: no mark goes over a line's end.
fn marked(hit: &Hit) -> String {
    let mut out = String::with_capacity(hit.text.len() + 16);
    let mut inside = false;
    for (n, c) in hit.text.chars().enumerate() {
        let is_in = c != ' ' && hit.marks.iter().any(|(from, to)| (*from..*to).contains(&n));
        if is_in != inside {
            out.push(if is_in { BEGIN } else { END });
            inside = is_in;
        }
        out.push(c);
    }
    if inside {
        out.push(END);
    }
    out
}

/// What a reader must know beside the hits.
fn sum_up(answer: &Answer) {
    let searched = count(answer.sessions as u64, "session");
    if answer.hits.is_empty() {
        say(format_args!("nothing found in {searched}"));
    } else if answer.more {
        say("there are more: --limit shows them, --from, --in or --speaker narrow it down");
    }
    if answer.without_text > 0 {
        let pending = count(answer.without_text as u64, "session");
        say(format_args!("{pending} of {searched} have sound without text yet: hansard transcribe makes it"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_never_go_over_a_space() {
        let hit = Hit {
            session: "s".into(),
            folder: "s".into(),
            title: "t".into(),
            kind: Kind::Line,
            id: "a-1-0".into(),
            speaker: Some("Ann".into()),
            mark: None,
            summary: None,
            start: 0.0,
            end: 1.0,
            at: "2026-03-14T09:30:00+01:00".into(),
            text: "we cut the büdget".into(),
            marks: vec![(3, 10), (11, 17)],
            sound: None,
        };
        assert_eq!(marked(&hit).replace([BEGIN, END], "*"), "we *cut* *the* *büdget*");
        let answer = Answer { hits: vec![hit], ..Answer::default() };
        let mut out = Vec::new();
        print(&mut out, &answer, false).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("    09:30:00 Ann: we *cut* *the* *büdget*\n"), "{out}");
    }
}
