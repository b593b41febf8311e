//! The text of a session as a page that a person corrects in an editor: a line an utterance, and what was
//! made of it read back. Pure.
//!
//! Promises: a line that was not touched changes nothing; what can't be understood, or was changed by
//! somebody else since the page was written, is told by its line and leaves the session as it is there;
//! the rest of the page counts all the same. What the page was written from is named in it, so that it can
//! be read at any time. Refuses times and an order of lines: those are the sound's.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};

use super::edit::EditError;
use crate::base::duration;
use crate::base::text::{clean, clock};
use crate::base::utterance::Utterance;
use crate::session::reading::Session;

/// How the line begins that says what a page was written from.
const FROM: &str = "# hansard edit";
/// Characters of the shortest id, of those without letters that look alike.
const SHORT: usize = 4;
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Words of a text that are quoted where it is only pointed at.
const QUOTED_WORDS: usize = 8;

/// What a page was written from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Lines that the transcript had.
    pub lines: usize,
    /// Lines that the journal had.
    pub journal: u64,
}

/// What a person wants of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Id of the line.
    pub id: String,
    /// Where it stands in the page, from 1; 0 where it was taken out.
    pub number: usize,
    /// What is to become of it.
    pub kind: WishKind,
}

/// What a person wants to become of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WishKind {
    /// It was taken out: it does not stand in the minutes.
    Withhold,
    /// These words, said by whom (`None`: as before); several become lines of their own.
    Parts(Vec<Part>),
    /// These words, and those of the line after it, whose id this is, are one line.
    Join {
        /// Who said it; `None` means as before.
        speaker: Option<String>,
        /// All words.
        text: String,
        /// The line that goes.
        with: String,
    },
}

/// A line, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who said it; `None` means as before.
    pub speaker: Option<String>,
    /// What was said, cleaned of control characters.
    pub text: String,
}

/// Something that is not done, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Complaint {
    /// Where it stands in the page, from 1; 0 where it stands nowhere.
    pub number: usize,
    /// For people.
    pub why: String,
}

/// What was read of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// What is to be done, in the order of the lines.
    pub wishes: Vec<Wish>,
    /// What is not.
    pub complaints: Vec<Complaint>,
}

/// The page of a session as it stood.
pub fn write(session: &Session, as_of: AsOf) -> String {
    let (id, title) = (clean(&session.manifest.id), clean(&session.manifest.title));
    let mut page = format!(
        "{FROM}: {} lines, {} of the journal (leave this line as it is)\n\
         # {title} ({id})\n\
         #\n\
         # Correct what is wrong, save, and leave the editor. A line is:  id  time  who: what was said\n\
         #   words, or a name         change them in place; a name is changed for that line alone\n\
         #                            (in all lines: hansard edit {id} rename \"Old\" \"New\")\n\
         #   a line that was two      break it where the second one begins; begin that with \"+ Name: \" if\n\
         #                            somebody else said it\n\
         #   two lines that are one   put the words of the second behind those of the first, and delete it\n\
         #   a line that must go      delete it: it stays out of the minutes (restore brings it back)\n\
         # Ids, times and the order stay as they are. Lines that begin with # are not read. An empty page,\n\
         # or an editor that fails, changes nothing.\n\n",
        as_of.lines, as_of.journal
    );
    let long = session.manifest.duration >= 3600.0;
    let shorts = shorts(session);
    for line in shown(session) {
        let short = shorts.get(line.id.as_str()).map_or(line.id.as_str(), String::as_str);
        let (time, who) = (clock(line.start, long), speaker(line));
        page += &format!("{short}  {time}  {who}: {}\n", clean(&line.text));
    }
    page
}

/// What a page says that it was written from; `None` if it does not say.
pub fn as_of(page: &str) -> Option<AsOf> {
    let line = page.lines().find_map(|line| line.strip_prefix(FROM))?;
    let mut numbers = line.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let (lines, journal) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    Some(AsOf { lines, journal })
}

/// The id that a short one stands for in a session; `None` if it is none, or several begin so.
pub fn id_of<'a>(session: &'a Session, short: &str) -> Option<&'a str> {
    let is_short = short.len() >= SHORT && short.bytes().all(|b| LETTERS.contains(&b));
    let mut found = session.utterances.iter().filter(|line| is_short && code(&line.id).starts_with(short));
    match (found.next(), found.next()) {
        (Some(line), None) => Some(&line.id),
        _ => None,
    }
}

/// The id of the line that begins at a time as it is shown, `12:30` or `0:12:30`; `None` if that is no time,
/// or none begins there. Lines that are shown go first.
///
/// # Errors
/// Several begin there.
pub fn id_at<'a>(session: &'a Session, time: &str) -> Result<Option<&'a str>, EditError> {
    let Some(second) = is_time(time).then(|| duration::seconds(time).ok()).flatten() else { return Ok(None) };
    // Shown times are cut, not rounded.
    let is_at = |line: &&Utterance| line.start.max(0.0).floor() == second;
    let all: Vec<&Utterance> = session.utterances.iter().filter(is_at).collect();
    let shown: Vec<&Utterance> = all.iter().copied().filter(|line| line.is_shown()).collect();
    match if shown.is_empty() { &all[..] } else { &shown[..] } {
        [] => Ok(None),
        [line] => Ok(Some(&line.id)),
        several => {
            let shorts = shorts(session);
            let short = |line: &Utterance| shorts.get(line.id.as_str()).cloned().unwrap_or(line.id.clone());
            let told =
                |line: &&Utterance| format!("{} {}: {}", short(line), speaker(line), quoted(&line.text));
            Err(EditError::SeveralLines { time: time.to_owned(), there: several.iter().map(told).collect() })
        }
    }
}

/// The short ids of the lines that are shown, by their ids.
fn shorts(session: &Session) -> HashMap<&str, String> {
    let codes: Vec<(&str, String)> =
        session.utterances.iter().map(|line| (line.id.as_str(), code(&line.id))).collect();
    let mut length = SHORT;
    loop {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        codes.iter().for_each(|(_, code)| *seen.entry(&code[..length]).or_default() += 1);
        if seen.values().all(|count| *count == 1) || length == codes.first().map_or(SHORT, |c| c.1.len()) {
            return codes.iter().map(|(id, code)| (*id, code[..length].to_owned())).collect();
        }
        length += 1;
    }
}

/// What a line is called for short, at its full length: it follows from the id, whatever other lines there
/// are.
fn code(id: &str) -> String {
    let hash = Sha256::digest(id.as_bytes());
    hash.iter().take(16).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

fn shown(session: &Session) -> impl Iterator<Item = &Utterance> {
    session.utterances.iter().filter(|line| line.is_shown() && !clean(&line.text).is_empty())
}

/// A name as it stands in a page: without what would end it there.
fn speaker(line: &Utterance) -> String {
    crate::base::text::name(&line.speaker)
}

/// A line of the page.
#[derive(Debug)]
struct Entry {
    number: usize,
    short: String,
    /// What stands behind the time.
    rest: String,
    /// Lines below that have no id.
    more: Vec<(usize, String)>,
}

/// Reads a page that was written from `base`, for a session that stands as `now`.
pub fn read(page: &str, base: &Session, now: &Session) -> Read {
    let mut read = Read::default();
    let shorts = shorts(base);
    let lines: Vec<&Utterance> = shown(base).collect();
    let by_short: HashMap<&str, &Utterance> =
        lines.iter().filter_map(|line| Some((shorts.get(line.id.as_str())?.as_str(), *line))).collect();
    let mut entries: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for entry in entries_of(page, &by_short, &mut read.complaints) {
        match by_short.get_key_value(entry.short.as_str()) {
            Some((short, _)) => entries.entry(*short).or_default().push(entry),
            None => read.complaints.push(Complaint {
                number: entry.number,
                why: format!("there is no line {:?} here: what stands there is not read", entry.short),
            }),
        }
    }
    if entries.is_empty() {
        return read;
    }
    let names: Vec<String> = super::edit::speakers(base).iter().map(|name| clean(name)).collect();
    let mut wishes: Vec<Wish> = Vec::new();
    for line in &lines {
        let Some(short) = shorts.get(line.id.as_str()) else { continue };
        match entries.get(short.as_str()).map(Vec::as_slice) {
            None => wishes.push(Wish { id: line.id.clone(), number: 0, kind: WishKind::Withhold }),
            Some([entry]) => wishes.extend(wish_of(line, entry, &names)),
            Some(several) => read.complaints.push(Complaint {
                number: several[1].number,
                why: format!(
                    "{short} stands more than once (lines {}): none of them is read",
                    several.iter().map(|entry| entry.number.to_string()).collect::<Vec<_>>().join(", ")
                ),
            }),
        }
    }
    join(&mut wishes, &lines);
    for wish in wishes {
        match objection(&wish, base, now) {
            Some(Objection::Already) => {}
            Some(Objection::Why(why)) => {
                let number = wish.number;
                // What was deleted has no line any more: it is told by what it was.
                let gone = (number == 0).then(|| base.utterances.iter().find(|line| line.id == wish.id));
                let why = match gone.flatten() {
                    Some(line) => format!("{}, which was deleted: {why}", told(line, &shorts)),
                    None => why,
                };
                read.complaints.push(Complaint { number, why });
            }
            None => read.wishes.push(wish),
        }
    }
    read.complaints.sort_by_key(|complaint| complaint.number);
    read
}

/// The page's lines that have an id, each with those below it that have none.
fn entries_of(page: &str, known: &HashMap<&str, &Utterance>, complaints: &mut Vec<Complaint>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in page.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (second, text) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let is_id = first.len() >= SHORT && first.bytes().all(|b| LETTERS.contains(&b));
        if is_id && is_time(second) {
            let (short, rest) = (first.to_owned(), text.trim().to_owned());
            entries.push(Entry { number, short, rest, more: Vec::new() });
        } else if known.contains_key(first) {
            let why = format!("{first} has lost its time: leave id and time as they are; it is not read");
            complaints.push(Complaint { number, why });
            // It is there, and stays as it is.
            let rest = known.get(first).map(|line| format!("{}: {}", speaker(line), clean(&line.text)));
            let (short, rest) = (first.to_owned(), rest.unwrap_or_default());
            entries.push(Entry { number, short, rest, more: Vec::new() });
        } else if let Some(above) = entries.last_mut() {
            above.more.push((number, line.to_owned()));
        } else {
            let why = "it stands above the first line, and has no id: it is not read".to_owned();
            complaints.push(Complaint { number, why });
        }
    }
    entries
}

/// `12:30`, `1:02:30`
fn is_time(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(digits)
}

/// `k3f9 at 0:12:30 (Bob: Nine it is then.)`
fn told(line: &Utterance, shorts: &HashMap<&str, String>) -> String {
    let short = shorts.get(line.id.as_str()).unwrap_or(&line.id);
    format!("{short} at {} ({}: {})", clock(line.start, true), speaker(line), quoted(&line.text))
}

/// What a person wants of a line; `None` if it stands as it was.
fn wish_of(line: &Utterance, entry: &Entry, names: &[String]) -> Option<Wish> {
    let (was, text) = (speaker(line), clean(&line.text));
    let (who, said) = split_name(&entry.rest, &was, names, true);
    let other = |who: Option<String>| who.filter(|who| *who != was && !who.is_empty());
    let mut parts = vec![Part { speaker: other(who.clone()), text: clean(&said) }];
    for (_, more) in &entry.more {
        let (who_next, said) = match more.strip_prefix('+') {
            Some(more) => split_name(more.trim(), &was, names, true),
            None => split_name(more, &was, names, false),
        };
        // Whoever said the first part says the next one, unless it is said otherwise.
        let speaker = other(who_next.or_else(|| who.clone()));
        parts.push(Part { speaker, text: clean(&said) });
    }
    parts.retain(|part| !part.text.is_empty());
    let kind = match &parts[..] {
        [] => WishKind::Withhold,
        [one] if one.speaker.is_none() && one.text == text => return None,
        _ => WishKind::Parts(parts),
    };
    Some(Wish { id: line.id.clone(), number: entry.number, kind })
}

/// Who, and what; without `any` only names that are known are names, as people say "remember: …".
fn split_name(text: &str, was: &str, names: &[String], any: bool) -> (Option<String>, String) {
    let known = std::iter::once(was).chain(names.iter().map(String::as_str));
    // The longest: a name may have a colon in it.
    let behind =
        |name: &str| text.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).map(str::to_owned);
    let found = known.filter_map(|name| Some((name, behind(name)?))).max_by_key(|(name, _)| name.len());
    match (found, text.split_once(':')) {
        (Some((name, rest)), _) => (Some(name.to_owned()), rest),
        (None, Some((name, rest))) if any => (Some(clean(name)), rest.to_owned()),
        (None, _) => (None, text.to_owned()),
    }
}

/// A line whose words ended up behind those of the line before it was not taken out: the two are one.
fn join(wishes: &mut Vec<Wish>, lines: &[&Utterance]) {
    let place: HashMap<&str, usize> =
        lines.iter().enumerate().map(|(n, line)| (line.id.as_str(), n)).collect();
    let gone: Vec<String> =
        wishes.iter().filter(|wish| wish.kind == WishKind::Withhold).map(|wish| wish.id.clone()).collect();
    let mut joined: Vec<String> = Vec::new();
    for wish in wishes.iter_mut() {
        let WishKind::Parts(parts) = &wish.kind else { continue };
        let ([part], Some(at)) = (&parts[..], place.get(wish.id.as_str())) else { continue };
        let line = lines[*at];
        let Some(next) = lines[at + 1..].iter().find(|next| next.track == line.track) else { continue };
        let is_gone = gone.contains(&next.id) && !joined.contains(&next.id) && next.take == line.take;
        let (whole, tail) = (words(&part.text), words(&next.text));
        if is_gone && whole.len() > tail.len() && whole.ends_with(&tail) {
            joined.push(next.id.clone());
            wish.kind = WishKind::Join {
                speaker: part.speaker.clone(),
                text: part.text.clone(),
                with: next.id.clone(),
            };
        }
    }
    wishes.retain(|wish| wish.kind != WishKind::Withhold || !joined.contains(&wish.id));
}

/// Words as they sound.
fn words(text: &str) -> Vec<String> {
    let sound = |word: &str| -> String {
        word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    text.split_whitespace().map(sound).filter(|word| !word.is_empty()).collect()
}

/// Why a wish is not carried out.
enum Objection {
    /// Somebody did the same meanwhile.
    Already,
    Why(String),
}

fn objection(wish: &Wish, base: &Session, now: &Session) -> Option<Objection> {
    let others = match &wish.kind {
        WishKind::Join { with, .. } => vec![&wish.id, with],
        _ => vec![&wish.id],
    };
    let of = |session: &Session, id: &str| session.utterances.iter().find(|line| line.id == id).cloned();
    for id in others {
        let (Some(then), Some(line)) = (of(base, id), of(now, id)) else {
            return Some(Objection::Why("that line is gone".into()));
        };
        let has_changed = (line.is_shown(), &line.text, &line.speaker) != (true, &then.text, &then.speaker);
        if !has_changed {
            continue;
        }
        let is_so = match &wish.kind {
            WishKind::Withhold => !line.is_shown(),
            WishKind::Parts(parts) => matches!(&parts[..], [part] if clean(&line.text) == part.text
                && line.is_shown()
                && part.speaker.as_ref().unwrap_or(&then.speaker) == &line.speaker),
            WishKind::Join { .. } => false,
        };
        if is_so {
            return Some(Objection::Already);
        }
        let stands = match line.is_shown() {
            true => format!("{}: {}", speaker(&line), quoted(&line.text)),
            false => "it is withheld or hidden".to_owned(),
        };
        return Some(Objection::Why(format!(
            "this line was changed by somebody else since ({stands}); yours is not taken over"
        )));
    }
    let line = of(now, &wish.id)?;
    let is_hidden = |line: &Utterance| {
        now.amendments.passages.iter().find(|p| line.start < p.to && line.end > p.from).cloned()
    };
    if wish.kind != WishKind::Withhold
        && let Some(written) = now.written(&wish.id)
        && written.text != line.text
        && let Some(passage) = is_hidden(written)
    {
        return Some(Objection::Why(format!(
            "a part of this line is hidden by {0}: restore {0} first, then correct it",
            passage.id
        )));
    }
    None
}

/// The beginning of a text.
pub fn quoted(text: &str) -> String {
    let text = clean(text);
    let words: Vec<&str> = text.split(' ').collect();
    match words.len() > QUOTED_WORDS {
        true => format!("{} …", words[..QUOTED_WORDS].join(" ")),
        false => text,
    }
}
