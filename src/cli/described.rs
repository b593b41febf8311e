//! What is known of a meeting beforehand: `--place`, `--present`, `--excused`, `--consent`, `--agenda`, and
//! `--event`, which takes it from a calendar's entry.

use std::path::{Path, PathBuf};

use jiff::Zoned;

use super::console::say;
use super::wrong_use;
use crate::config::{Config, VOCABULARY_CHARS};
use crate::engine::calendar::{self, Entry};
use crate::session::details::{self, Detail, Details};

/// Arguments of whatever makes a session.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Described {
    /// Where the meeting is
    #[arg(long, value_name = "PLACE")]
    place: Option<String>,
    /// Who is there; may be given again, or several with ; between them
    #[arg(long, value_name = "NAME;…")]
    present: Vec<String>,
    /// Who has sent word that they won't come
    #[arg(long, value_name = "NAME;…")]
    excused: Vec<String>,
    /// That those who are there agreed to be recorded, and how: it stands in the head of the minutes
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
    /// What the meeting is about, point by point
    #[arg(long, value_name = "POINT;…")]
    agenda: Vec<String>,
    /// Take title, place, who is invited, and names to expect from a calendar's entry; of several, the one
    /// that is now or next
    #[arg(long, value_name = "FILE.ics")]
    event: Option<PathBuf>,
}

impl Described {
    /// A flag of these that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--place", self.place.is_some()),
            ("--present", !self.present.is_empty()),
            ("--excused", !self.excused.is_empty()),
            ("--consent", self.consent.is_some()),
            ("--agenda", !self.agenda.is_empty()),
            ("--event", self.event.is_some()),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }

    /// Title and details of a meeting that began at `at`, or begins now. What a flag says counts more than
    /// the calendar. The names that the calendar tells are added to the vocabulary of `config`.
    pub(super) fn read(
        &self,
        title: Option<&str>,
        at: Option<&Zoned>,
        config: &mut Config,
    ) -> anyhow::Result<(Option<String>, Details)> {
        let now = at.cloned().unwrap_or_else(Zoned::now);
        let entry = self.event.as_deref().map(|path| entry(path, &now)).transpose()?.unwrap_or_default();
        let mut out = Details::default();
        let lists = [
            (Detail::Place, self.place.as_slice()),
            (Detail::Present, self.present.as_slice()),
            (Detail::Excused, self.excused.as_slice()),
            (Detail::Consent, self.consent.as_slice()),
            (Detail::Agenda, self.agenda.as_slice()),
        ];
        for (detail, written) in lists {
            out.set(detail, read(detail, written)?);
        }
        if out.place.is_none() {
            out.set(Detail::Place, read(Detail::Place, entry.place.as_slice())?);
        }
        let known = |name: &&String| !out.excused.contains(name);
        let invited: Vec<String> = entry.invited.iter().filter(known).cloned().collect();
        out.set(Detail::Invited, read(Detail::Invited, &invited)?);
        if self.event.is_some() {
            expect(&entry.terms, config)?;
        }
        // Of a title that the folder is named by as much counts as ever.
        let of_entry = entry.title.map(|title| read(Detail::Title, &[title])).transpose()?;
        let of_entry = of_entry.and_then(|lines| lines.into_iter().next());
        Ok((title.map(str::to_owned).or(of_entry), out))
    }
}

fn read(detail: Detail, written: &[String]) -> anyhow::Result<Vec<String>> {
    details::read(detail, written).map_err(|error| wrong_use(error.to_string()))
}

/// The entry that is meant, which is said.
fn entry(path: &Path, now: &Zoned) -> anyhow::Result<Entry> {
    let refused = |error: calendar::CalendarError| wrong_use(format!("{}: {error}", path.display()));
    let entry = calendar::read(path, now).map_err(refused)?;
    for note in &entry.notes {
        say(format_args!("{}: {note}", path.display()));
    }
    let title = entry.title.as_deref().unwrap_or("(no title)");
    let when = entry.start.as_ref().map(|start| format!(", {}", start.strftime("%Y-%m-%d %H:%M")));
    let invited = crate::base::text::count(entry.invited.len() as u64, "person");
    let invited = invited.replace("persons", "people");
    say(format_args!("from the calendar: {title}{}, {invited} invited", when.unwrap_or_default()));
    Ok(entry)
}

/// Adds names to those that are expected, as far as there is room; what had none is said.
fn expect(terms: &[String], config: &mut Config) -> anyhow::Result<()> {
    let mut vocabulary = config.transcribe.vocabulary.clone();
    let mut left = Vec::new();
    for term in terms {
        let longer = if vocabulary.is_empty() { term.clone() } else { format!("{vocabulary}, {term}") };
        if longer.chars().count() <= VOCABULARY_CHARS {
            vocabulary = longer;
        } else {
            left.push(term.as_str());
        }
    }
    if !left.is_empty() {
        let left = left.join(", ");
        say(format_args!("no room in the vocabulary for these of the calendar: {left}"));
    }
    config.set("transcribe.vocabulary", &vocabulary, "--event")?;
    Ok(())
}
