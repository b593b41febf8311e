//! Corrections: what a person changes in a session that is over. Pure: from a session and a wish to what is
//! to be appended.
//!
//! Promises: nothing is destroyed. A line is corrected by a further revision of it that says that a person
//! wrote it; names and hidden passages are lines of the journal. What a person wrote counts more than what
//! any later pass finds at that place ([`Pass`](crate::revise::pass::Pass)).

use super::called::Called;
use crate::base::text::clean;
use crate::base::utterance::{Edited, Utterance, Word};
use crate::revise::{Author, Proposal};
use crate::session::amend::Passage;
use crate::session::details::{self, Detail, DetailError};
use crate::session::journal::Event;
use crate::session::manifest::State;
use crate::session::people::{NamedBy, VoiceName};
use crate::session::reading::Session;

/// Why a line is withheld on which a person decided so.
pub const BY_HAND: &str = "by hand";
/// Characters of a line: some minutes of speech without a break.
pub(super) const TEXT_MAX: usize = 10_000;
/// Characters of a name.
const NAME_MAX: usize = 200;

/// What a person wants. Ids are those of `hansard show S --ids`.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A speaker gets another name, in all that was and will be transcribed.
    Rename {
        /// As it stands.
        old: String,
        /// As it is to stand; nobody else may have it.
        new: String,
    },
    /// A voice gets a name, also that of somebody who is there.
    Name {
        /// As it stands, or its id.
        voice: String,
        /// Whose it is.
        name: String,
    },
    /// Two speakers become one.
    Merge {
        /// The speaker who goes.
        from: String,
        /// The speaker who stays.
        into: String,
    },
    /// Other words were said.
    Line {
        /// Id of the line.
        id: String,
        /// What was said.
        text: String,
    },
    /// Somebody else said a line.
    Speaker {
        /// Id of the line.
        id: String,
        /// Name of that person.
        name: String,
    },
    /// A line stays out of the minutes.
    Withhold {
        /// Id of the line.
        id: String,
    },
    /// A line that was withheld, an echo, or a hidden passage is shown.
    Restore {
        /// Id of the line or the passage.
        id: String,
    },
    /// No export shows what was said, or marked, in a passage.
    Hide {
        /// Its beginning, session seconds.
        from: f64,
        /// Its end, session seconds.
        to: f64,
    },
    /// A mark is taken back.
    Unmark {
        /// Id of the mark.
        id: String,
    },
    /// Something else is said of the meeting as such.
    Describe {
        detail: Detail,
        /// As somebody wrote it; none takes it away.
        written: Vec<String>,
    },
}

/// What is to be appended.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// To the journal.
    Event(Event),
    /// To the transcript.
    Utterance(Box<Utterance>),
}

/// Why that can't be, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is no such speaker.
    #[error("there is no speaker {name:?} here; there are: {}", known.join(", "))]
    NoSpeaker {
        /// Who was asked for.
        name: String,
        /// Who is there.
        known: Vec<String>,
    },
    /// Two would have the same name.
    #[error("there is a speaker {0:?} already; `merge` makes one of two")]
    NameTaken(String),
    /// Nobody knows who the one is that is to stay.
    #[error("nobody has said whose voice {into:?} is; `name {into:?} NAME` does, or merge it into {from:?}")]
    Unnamed {
        /// Who was to go.
        from: String,
        /// Who was to stay.
        into: String,
    },
    /// There is no such line.
    #[error("there is no line {0:?} here, by id or by time; `hansard show --ids` names them")]
    NoLine(String),
    /// A time that is that of several.
    #[error("several lines begin at {time}: {}; name one by its id", there.join("; "))]
    SeveralLines {
        /// As it was asked for.
        time: String,
        /// Ids, and how the lines begin.
        there: Vec<String>,
    },
    /// There is no such mark.
    #[error("there is no mark {0:?} here; `hansard show` names them")]
    NoMark(String),
    /// There are no words.
    #[error("a line needs words; `withhold` keeps it out of the minutes")]
    NoWords,
    /// There is no name.
    #[error("a name needs letters")]
    NoName,
    /// There are too many characters.
    #[error("that has more than {0} characters")]
    TooLong(usize),
    /// Somebody was quicker.
    #[error("the session was corrected by somebody else since; nothing was changed: look again")]
    Changed,
    /// It is so already.
    #[error("already so; nothing changed")]
    Same,
    /// It is hidden by a passage.
    #[error("that line lies in the hidden passage {0}; `restore {0}` shows it again")]
    Hidden(String),
    /// It can't be said of a meeting.
    #[error(transparent)]
    Detail(#[from] DetailError),
    /// There is no such revision.
    #[error("that line has no revision {0}")]
    NoRevision(u32),
    /// Two that can't be one.
    #[error(
        "only a line and one behind it that was recorded on the same track, without a break between, become one"
    )]
    NotJoined,
    /// It was to become two things.
    #[error("a line is changed once in a request, and {0:?} was to be twice")]
    Twice(String),
    /// A passage that is none.
    #[error("a passage begins before it ends, within the session")]
    NoPassage,
}

/// What is to be appended for what a person wants; `edited` says when.
///
/// # Errors
/// It can't be; nothing is to be appended then.
pub fn plan(session: &Session, edit: &Edit, edited: Edited) -> Result<Vec<Change>, EditError> {
    let events = |events: Vec<Event>| events.into_iter().map(Change::Event).collect();
    match edit {
        Edit::Rename { old, new } => {
            let (from, to) = (speaker(session, old)?, name(new)?);
            if from == to {
                return Err(EditError::Same);
            }
            if speakers(session).contains(&to) {
                return Err(EditError::NameTaken(to));
            }
            Ok(events(Called::new(session, &from).renamed(to)))
        }
        Edit::Name { voice, name: whose } => named(session, voice, name(whose)?).map(events),
        Edit::Merge { from, into } => {
            let (from, into) = (speaker(session, from)?, speaker(session, into)?);
            if from == into {
                return Err(EditError::Same);
            }
            let merged = Called::new(session, &from).merged(&Called::new(session, &into));
            merged.map(events).ok_or(EditError::Unnamed { from, into })
        }
        other => one(session, other, edited).map(|change| vec![change]),
    }
}

/// The same of what is not about names of speakers.
fn one(session: &Session, edit: &Edit, edited: Edited) -> Result<Change, EditError> {
    match edit {
        Edit::Rename { .. } | Edit::Name { .. } | Edit::Merge { .. } => Err(EditError::Same),
        Edit::Line { id, text } => {
            let text = clean(text);
            match text.chars().count() {
                0 => return Err(EditError::NoWords),
                count if count > TEXT_MAX => return Err(EditError::TooLong(TEXT_MAX)),
                _ => {}
            }
            revise(session, id, edited, |line| Proposal::Text {
                words: realigned(&line.words, &text, (line.start, line.end)),
                text,
            })
        }
        Edit::Speaker { id, name: who } => said_by(session, id, name(who)?, edited),
        Edit::Withhold { id } => {
            revise(session, id, edited, |_| Proposal::Withhold { reason: BY_HAND.into() })
        }
        Edit::Restore { id } => restore(session, id, edited),
        Edit::Hide { from, to } => {
            // Of one that is being recorded nobody knows yet how long it will be.
            let goes_on = session.manifest.state == State::Recording;
            let within = *from >= 0.0 && from < to && (goes_on || *from < session.manifest.duration.max(1.0));
            if !within || !to.is_finite() {
                return Err(EditError::NoPassage);
            }
            let id = format!("hide-{}", session.amendments.passages_made + 1);
            Ok(Change::Event(Event::Hidden { id, from: *from, to: *to, shown: false }))
        }
        Edit::Describe { detail, written } => {
            let lines = details::read(*detail, written)?;
            let is_same = match detail {
                Detail::Title => lines.first() == Some(&session.manifest.title),
                detail => session.amendments.details.of(*detail) == lines,
            };
            if is_same {
                return Err(EditError::Same);
            }
            Ok(Change::Event(Event::Described { detail: *detail, lines }))
        }
        Edit::Unmark { id } => {
            let mark = session.marks().iter().find(|mark| mark.id == *id);
            let mark = mark.ok_or_else(|| EditError::NoMark(id.clone()))?;
            let (id, at, text) = (mark.id.clone(), mark.at, mark.text.clone());
            Ok(Change::Event(Event::Mark { id, at, mark: mark.kind, text, withdrawn: true }))
        }
    }
}

fn restore(session: &Session, id: &str, edited: Edited) -> Result<Change, EditError> {
    if let Some(Passage { id, from, to }) =
        session.amendments.passages.iter().find(|passage| passage.id == id)
    {
        return Ok(Change::Event(Event::Hidden { id: id.clone(), from: *from, to: *to, shown: true }));
    }
    revise(session, id, edited, |_| Proposal::Restore).map_err(|error| {
        let line = session.utterances.iter().find(|line| line.id == id);
        let passage = line.and_then(|line| {
            session.amendments.passages.iter().find(|p| line.start < p.to && line.end > p.from)
        });
        match (error, passage) {
            (EditError::Same, Some(passage)) => EditError::Hidden(passage.id.clone()),
            (error, _) => error,
        }
    })
}

/// The next revision of a line, as it stands but for what `proposal` says of it.
fn revise(
    session: &Session,
    id: &str,
    edited: Edited,
    proposal: impl FnOnce(&Utterance) -> Proposal,
) -> Result<Change, EditError> {
    let line = as_a_person(session, id)?;
    written_by(edited, &line, &proposal(&line)).map(changed)
}

/// A line as a person finds it who writes the next revision.
pub(super) fn as_a_person(session: &Session, id: &str) -> Result<Utterance, EditError> {
    let (written, shown) = line(session, id)?;
    Ok(match session.names.of_line(written) {
        // Its voice names it, now and later; that name may be nobody's to write down.
        Some(_) => written.clone(),
        // The name as it counts now: what was said of names before holds no more for what a person writes.
        None => Utterance {
            speaker: shown.speaker.clone(),
            named: session.names.by_a_person(written),
            ..written.clone()
        },
    })
}

fn changed(line: Utterance) -> Change {
    Change::Utterance(Box::new(line))
}

fn written_by(edited: Edited, line: &Utterance, proposal: &Proposal) -> Result<Utterance, EditError> {
    let revised = crate::revise::revise(line, proposal, Author::Person(edited));
    revised.into_iter().next().ok_or(EditError::Same)
}

/// A line as it was written last and as it is shown.
pub(super) fn line<'a>(session: &'a Session, id: &str) -> Result<(&'a Utterance, &'a Utterance), EditError> {
    // Also by what it is called for short, and by its time.
    let id = match session.utterances.iter().any(|line| line.id == id) {
        true => id,
        false => match super::sheet::id_of(session, id) {
            Some(id) => id,
            None => super::sheet::id_at(session, id)?.unwrap_or(id),
        },
    };
    let shown = session.utterances.iter().find(|line| line.id == id);
    session.written(id).zip(shown).ok_or_else(|| EditError::NoLine(id.to_owned()))
}

/// Who said a line: a person, or a voice that nobody has named. In that case the line gets that voice, so
/// that it follows whatever the voice will be called.
fn said_by(session: &Session, id: &str, name: String, edited: Edited) -> Result<Change, EditError> {
    let (written, shown) = line(session, id)?;
    spoken_by(session, (written, shown.speaker.as_str()), name, edited).map(changed)
}

/// The same of a line as it was written, with how its speaker is shown.
pub(super) fn spoken_by(
    session: &Session,
    (written, shown): (&Utterance, &str),
    name: String,
    edited: Edited,
) -> Result<Utterance, EditError> {
    let is_said = session.names.voice_of(written).is_none() || session.names.by_a_person(written);
    if shown == name && is_said {
        return Err(EditError::Same);
    }
    let numbered =
        session.names.voices().find(|(_, voice)| voice.by == NamedBy::Number && voice.name == name);
    // Without a name, so that the same one is something new: until now only the voice said so.
    let line = Utterance { speaker: String::new(), ..written.clone() };
    match numbered {
        Some((_, voice)) if written.voice.as_ref() == Some(&voice.shown_as) && !is_said => {
            Err(EditError::Same)
        }
        Some((_, voice)) => {
            let name =
                session.source(&line.track).map_or("", |source| session.recorded_name(source)).to_owned();
            let line = Utterance { voice: Some(voice.shown_as.clone()), named: false, ..line };
            written_by(edited, &line, &Proposal::Speaker { name })
        }
        None => written_by(edited, &Utterance { named: true, ..line }, &Proposal::Speaker { name }),
    }
}

/// Names a voice, that is called `asked` or has that id.
fn named(session: &Session, asked: &str, name: String) -> Result<Vec<Event>, EditError> {
    let is_number = |voice: &VoiceName| voice.by == NamedBy::Number && voice.name == name;
    let called = match speaker(session, asked) {
        Ok(known) => Called::new(session, &known),
        Err(error) => Called::voice(session, asked).ok_or(error)?,
    };
    let is_same = called.is_called(&name);
    match called.renamed(name.clone()) {
        _ if is_same => Err(EditError::Same),
        // It would be one of two who are called so, and the other one nobody knows.
        _ if session.names.voices().any(|(_, voice)| is_number(voice)) => Err(EditError::NameTaken(name)),
        // For whom has no voice it is another name, which nobody else may have.
        events
            if events.iter().any(|event| matches!(event, Event::Renamed { .. }))
                && speakers(session).contains(&name) =>
        {
            Err(EditError::NameTaken(name))
        }
        events => Ok(events),
    }
}

/// Names as they stand: of the sources, of the voices, then of others who said something.
pub fn speakers(session: &Session) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let sources = session.manifest.sources.iter().map(|source| &source.name);
    let voices = session.names.voices().map(|(_, voice)| &voice.name);
    for name in sources.chain(voices).chain(session.utterances.iter().map(|line| &line.speaker)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// A speaker as the files name them, by how they are shown.
fn speaker(session: &Session, asked: &str) -> Result<String, EditError> {
    let known = speakers(session);
    let found = known.iter().find(|name| *name == asked || clean(name) == clean(asked)).cloned();
    found.ok_or_else(|| EditError::NoSpeaker {
        name: asked.to_owned(),
        known: known.iter().map(|name| clean(name)).collect(),
    })
}

pub(super) fn name(written: &str) -> Result<String, EditError> {
    let name = clean(written);
    match name.chars().count() {
        0 => Err(EditError::NoName),
        count if count > NAME_MAX => Err(EditError::TooLong(NAME_MAX)),
        _ => Ok(name),
    }
}

/// The words of a corrected text with times: a word that was there keeps its own, the others share the time
/// between those around them. The alignment is the longest common subsequence of words as they sound.
pub fn realigned(old: &[Word], text: &str, (start, end): (f64, f64)) -> Vec<Word> {
    let new: Vec<&str> = text.split_whitespace().collect();
    let kept = matches(old, &new);
    let first = old.first().map_or(start, |word| word.start);
    let last = old.last().map_or(end, |word| word.end).max(first);
    let mut words: Vec<Word> = Vec::with_capacity(new.len());
    while words.len() < new.len() {
        let at = words.len();
        if let Some(word) = kept[at] {
            words.push(Word { text: new[at].into(), ..old[word].clone() });
            continue;
        }
        // So many that are not there in a row.
        let count = kept[at..].iter().take_while(|word| word.is_none()).count();
        let until = kept.get(at + count).copied().flatten().map_or(last, |word| old[word].start);
        let from = words.last().map_or(first, |word| word.end).min(until);
        let each = (until - from) / count as f64;
        words.extend(new[at..at + count].iter().enumerate().map(|(n, text)| Word {
            text: (*text).into(),
            start: from + n as f64 * each,
            end: from + (n + 1) as f64 * each,
            // A person wrote it.
            p: 1.0,
        }));
    }
    words
}

/// Which old word each new one is.
fn matches(old: &[Word], new: &[&str]) -> Vec<Option<usize>> {
    let sound = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let a: Vec<String> = old.iter().map(|word| sound(&word.text)).collect();
    let b: Vec<String> = new.iter().map(|text| sound(text)).collect();
    // Length of the longest common subsequence of what is left from (i, j) on.
    let mut common = vec![vec![0u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let either = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { either };
        }
    }
    let (mut kept, mut i, mut j) = (vec![None; b.len()], 0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            kept[j] = Some(i);
            (i, j) = (i + 1, j + 1);
        } else if common[i + 1][j] >= common[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        let word = |(n, text): (usize, &str)| {
            let start = 10.0 + n as f64;
            Word { text: text.into(), start, end: start + 0.8, p: 0.5 }
        };
        text.split(' ').enumerate().map(word).collect()
    }

    #[test]
    fn corrected_words_keep_the_times_of_those_that_were_there() {
        let old = words("We meat at nine, then.");
        let times = |text: &str| -> Vec<(f64, f64)> {
            let new = realigned(&old, text, (9.0, 16.0));
            assert_eq!(new.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), text);
            assert!(new.iter().all(|word| word.start <= word.end), "{new:?}");
            assert!(new.is_sorted_by(|a, b| a.end <= b.start + 1e-9), "{new:?}");
            new.iter()
                .map(|word| ((word.start * 100.0).round() / 100.0, (word.end * 100.0).round() / 100.0))
                .collect()
        };
        assert_eq!(
            times("We meet at nine, then."),
            [(10.0, 10.8), (10.8, 12.0), (12.0, 12.8), (13.0, 13.8), (14.0, 14.8)]
        );
        assert_eq!(times("we MEAT"), [(10.0, 10.8), (11.0, 11.8)]);
        assert_eq!(times("Something else"), [(10.0, 12.4), (12.4, 14.8)]);
        assert_eq!(times("So, we meat at nine, then, all of us.").len(), 9);
        assert_eq!(realigned(&[], "two words", (9.0, 16.0))[1].end, 16.0);
        assert_eq!(realigned(&old, "meat", (9.0, 16.0))[0].p, 0.5);
        assert_eq!(realigned(&old, "meet", (9.0, 16.0))[0].p, 1.0);
    }
}
