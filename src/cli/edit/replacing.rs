//! `hansard edit S replace OLD NEW`: one word for another, wherever it stands.

use std::path::Path;

use super::carry::correct;
use super::page::summary;
use crate::base::text::{clean, clock};
use crate::care::edit::EditError;
use crate::care::replace::{Hit, Place, Replacing};
use crate::care::wishes;
use crate::cli::console::print_result;
use crate::cli::{Exit, say, show, wrong_use};
use crate::session::reading::Session;

/// Arguments of `replace`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// What stands there: whole words, in capitals or not
    old: String,
    /// What is to stand there
    new: String,
    /// Wherever it stands: in lines, names, marks, the title and the like. Without it only where it stands
    /// once
    #[arg(long, conflicts_with = "hits")]
    all: bool,
    /// Only these of the places that are listed without it: 1,3,5-8
    #[arg(long, value_name = "N,…")]
    hits: Option<String>,
    /// Tell capitals from small letters
    #[arg(long)]
    exact: bool,
    /// Also within words
    #[arg(long)]
    within: bool,
}

/// Replaces, or lists where it could.
pub(super) fn replace(dir: &Path, args: &Args, dry_run: bool, json: bool) -> anyhow::Result<(Exit, bool)> {
    let Args { old, new, exact, within, .. } = args.clone();
    if clean(&old).is_empty() {
        return Err(wrong_use("what is to be replaced? It has no letters"));
    }
    let replacing = Replacing { old, new, exact, within };
    let session = Session::open(dir).map_err(show::exit)?;
    let hits = replacing.find(&session);
    if hits.is_empty() {
        let hint = if within { "" } else { "; --within looks within words, too" };
        return Err(wrong_use(format!("{:?} stands nowhere in what is shown{hint}", clean(&args.old))));
    }
    let wanted = wanted(args, hits.len())?;
    let listed = |all: &[Hit]| {
        for (n, hit) in all.iter().enumerate() {
            if json {
                let mut row = serde_json::to_value(hit).unwrap_or_default();
                row["number"] = (n + 1).into();
                print_result(row);
            } else {
                print_result(told(n + 1, hit, &session));
            }
        }
    };
    let Some(wanted) = wanted else {
        listed(&hits);
        return Err(wrong_use(format!(
            "it stands in {} places, and nothing was changed: --all replaces it in all of them, --hits 1,3 in some",
            hits.len()
        )));
    };
    if dry_run {
        let chosen: Vec<Hit> = wanted.iter().map(|n| hits[*n].clone()).collect();
        listed(&chosen);
    }
    let before = hits;
    let (changes, tally) = correct(dir, dry_run, |session, edited| {
        let now = replacing.find(session);
        // By their numbers they were chosen from what was found: that must be what is there.
        if args.hits.is_some() && now != before {
            return Err(EditError::Changed);
        }
        let all: Vec<Hit> = match args.hits.is_some() {
            true => wanted.iter().map(|n| now[*n].clone()).collect(),
            false => now,
        };
        let planned = wishes::replace(session, &all, edited)?;
        Ok((planned.changes, planned.tally))
    })?;
    if json {
        print_result(serde_json::json!({ "corrected": tally, "dry_run": dry_run }));
    } else {
        print_result(summary(&tally, dry_run));
    }
    Ok((Exit::Well, !changes.is_empty() && !dry_run))
}

/// Which of so many places are meant, from 0; `None` where nobody said so and there are several.
fn wanted(args: &Args, count: usize) -> anyhow::Result<Option<Vec<usize>>> {
    let Some(named) = &args.hits else {
        return Ok((args.all || count == 1).then(|| (0..count).collect()));
    };
    let wrong = |part: &str| wrong_use(format!("--hits {part}: there are {count} places, 1 to {count}"));
    let mut wanted = Vec::new();
    for part in named.split(',').map(str::trim) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong(part));
        let (from, to) = (number(from)?, number(to)?);
        if from == 0 || to > count || from > to {
            return Err(wrong(part));
        }
        wanted.extend(from - 1..to);
    }
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        say("no place was named");
    }
    Ok(Some(wanted))
}

/// `  3  0:12:30  Alice: We meet Gareem.`
fn told(number: usize, hit: &Hit, session: &Session) -> String {
    let long = session.manifest.duration >= 3600.0;
    let at = hit.at.map(|at| format!("{}  ", clock(at, long))).unwrap_or_default();
    let of = match &hit.place {
        Place::Line(id) => {
            let line = session.utterances.iter().find(|line| line.id == *id);
            line.map(|line| format!("{}: ", crate::base::text::name(&line.speaker))).unwrap_or_default()
        }
        Place::Speaker(_) => "name of a speaker: ".into(),
        Place::Mark(id) => format!("{}: ", clean(id)),
        Place::Detail(detail) => format!("{}: ", detail.name()),
    };
    let times = if hit.times > 1 { format!("  ({} times)", hit.times) } else { String::new() };
    format!("{number:>3}  {at}{of}{}{times}", hit.before)
}
