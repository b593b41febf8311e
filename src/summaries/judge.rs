//! What stands in a summary and what is left out of it: each item is held against the lines that it cites.
//!
//! Promises: nothing stands in it that the verifier did not pass; of what was made up about lines that the
//! model had not been shown nothing is believed.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::chat::answer::Raw;
use super::verify::Reason;
use super::{Given, LEFT_OUT_MAX, UNSEEN, Work, join, verify};
use crate::session::reading::Session;
use crate::session::summary::{
    By, Cited, Counts, FORMAT, Item, LeftOut, Of, Summary, cite, lines_of, people_of, without_prints,
};

/// Why an item is left out.
enum Out {
    /// It cites what the model was not shown.
    Unseen,
    Reason(Reason),
}

impl Out {
    fn told(&self) -> String {
        match self {
            Self::Unseen => "it names lines that the model was not shown".to_owned(),
            Self::Reason(reason) => reason.to_string(),
        }
    }

    /// In a word, which has none of the model's words in it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Unseen => "lines",
            Self::Reason(reason) => kind_of(reason),
        }
    }
}

/// Kinds of reasons.
const KINDS: [&str; 16] = [
    "empty",
    "lines",
    "quote",
    "number",
    "name",
    "unit",
    "words",
    "opposite",
    "mixed",
    "asked",
    "unsure",
    "not_asked",
    "who",
    "owner",
    "due",
    "other",
];

/// The kind of the reason why that was left out; `other` where it is none that there is.
pub fn reason_kind(left_out: &LeftOut) -> &'static str {
    match &left_out.reason_kind {
        Some(written) => KINDS.into_iter().find(|kind| kind == written).unwrap_or("other"),
        // Files of early versions have it in the sentence alone.
        None => verify::kind_of(&left_out.reason),
    }
}

/// The kind of a reason, as it is written down and as the page and the API tell it.
fn kind_of(reason: &Reason) -> &'static str {
    match reason {
        Reason::Empty => "empty",
        Reason::NoLines | Reason::NoSuchLine(_) => "lines",
        Reason::NoQuote | Reason::Quote => "quote",
        Reason::Number(_) | Reason::Date(_) => "number",
        Reason::Name(_) => "name",
        Reason::Unit(_) => "unit",
        Reason::Words(_) => "words",
        Reason::Opposite => "opposite",
        Reason::Mixed(_) => "mixed",
        Reason::Asked => "asked",
        Reason::Unsure => "unsure",
        Reason::NotAsked => "not_asked",
        Reason::Who(_) => "who",
        Reason::Owner(_) => "owner",
        Reason::Due(_) => "due",
    }
}

impl Work<'_> {
    /// Holds all items against the lines that they cite.
    pub(super) fn into_summary(self, session: &Session, by: By, of: Of) -> Summary {
        let people = people_of(session);
        let line = |n: &u32| (*n as usize).checked_sub(1).and_then(|n| self.lines.get(n));
        let ids = |raw: &Raw| raw.lines.iter().filter_map(line).map(|line| line.id.clone()).collect();
        let written = |text: &str| without_prints(text, &people);
        let item = |raw: &Raw| Item {
            kind: raw.kind,
            text: written(&raw.text),
            owner: raw.owner.as_deref().map(written),
            due: raw.due.clone(),
            quote: raw.quote.clone(),
            lines: ids(raw),
        };
        let (mut kept, mut whole, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for (Given { item, tries }, verdict) in self.judge(session, &of.language) {
            match (verdict, tries) {
                (None, None) => kept.push(item),
                (None, Some(tries)) => whole.push((tries, item)),
                (Some(out), _) => left_out.push((item, out)),
            }
        }
        let kept = join::joined(with_whole(kept, whole));
        let mut seen = BTreeSet::new();
        left_out.retain(|(raw, _)| seen.insert((raw.kind, raw.text.clone(), raw.lines.clone())));
        let said = kept.len() + left_out.len() + self.misfits;
        let counts =
            Counts { said, left_out: said - kept.len(), parts: self.parts, unread: self.unread.len() };
        let cited: BTreeSet<u32> = kept.iter().flat_map(|raw| raw.lines.iter().copied()).collect();
        let latest = lines_of(session);
        let cited: Vec<Cited> = cited
            .iter()
            .filter_map(|n| latest.get((*n as usize).checked_sub(1)?))
            .map(|line| cite(line))
            .collect();
        let left_out = left_out.iter().take(LEFT_OUT_MAX);
        Summary {
            format: FORMAT,
            utc: Timestamp::now(),
            by,
            of,
            people: people.iter().map(|(named, _)| named.clone()).collect(),
            lines: cited,
            items: kept.iter().map(item).collect(),
            misfits: 0,
            left_out: left_out
                .map(|(raw, out)| LeftOut {
                    item: item(raw),
                    reason: written(&out.told()),
                    reason_kind: Some(out.kind().to_owned()),
                })
                .collect(),
            counts,
        }
    }

    /// Each item with the reason why it is left out; `None` means that it is right.
    fn judge(&self, session: &Session, language: &str) -> Vec<(Given, Option<Out>)> {
        let said: Vec<verify::Said> = self
            .lines
            .iter()
            .map(|line| verify::Said { number: line.number, speaker: &line.speaker, text: &line.text })
            .collect();
        let details = &session.amendments.details;
        let there = [&details.present, &details.excused, &details.invited].into_iter().flatten();
        let speakers = self.lines.iter().map(|line| line.speaker.as_str());
        let people: BTreeSet<&str> = speakers.chain(there.filter_map(|line| name_in(line))).collect();
        let people: Vec<&str> = people.into_iter().collect();
        let date = session.wall(0.0).date();
        let meeting = verify::Meeting::new(&said, &people, date, language);
        let verdict = |raw: &Raw| {
            if raw.lines == [UNSEEN] {
                return Some(Out::Unseen);
            }
            let claim = verify::Claim {
                kind: raw.kind,
                text: &raw.text,
                owner: raw.owner.as_deref(),
                due: raw.due.as_deref(),
                quote: &raw.quote,
                lines: &raw.lines,
            };
            verify::verify(&claim, &meeting).err().map(Out::Reason)
        };
        self.given.iter().map(|given| (given.clone(), verdict(&given.item))).collect()
    }
}

/// What passed, and of answers that broke off what passed and stood in them whole. Their parts were asked for
/// again: where an item of the same kind came of the same lines then, that one counts.
fn with_whole(mut kept: Vec<Raw>, mut whole: Vec<(usize, Raw)>) -> Vec<Raw> {
    whole.sort_by_key(|(tries, _)| std::cmp::Reverse(*tries));
    for same in whole.chunk_by(|(a, _), (b, _)| a == b) {
        let is_new = |item: &&Raw| {
            let is_other = |other: &Raw| {
                other.kind != item.kind || other.lines.iter().all(|line| !item.lines.contains(line))
            };
            kept.iter().all(is_other)
        };
        let new: Vec<Raw> = same.iter().map(|(_, item)| item).filter(is_new).cloned().collect();
        kept.extend(new);
    }
    kept
}

/// The name in a line of who was there or invited: what stands before a comma, a bracket or an address. "All
/// members" is nobody's.
fn name_in(line: &str) -> Option<&str> {
    const WORDS_MAX: usize = 4;
    let name = line.split([',', '(', '<', ':', '@']).next().unwrap_or_default().trim();
    let words: Vec<&str> = name.split_whitespace().collect();
    // "Jan van Dijk".
    let fits = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            || (word.len() <= 3 && word.chars().all(char::is_alphabetic))
    };
    let fits = (1..=WORDS_MAX).contains(&words.len()) && words.iter().all(fits);
    (fits && words.iter().any(|word| word.starts_with(char::is_uppercase))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::summary::Kind;

    #[test]
    fn a_reason_is_told_by_its_kind_in_files_of_all_versions() {
        let word = || "x".to_owned();
        let all = [
            Reason::Empty,
            Reason::NoLines,
            Reason::NoSuchLine(7),
            Reason::NoQuote,
            Reason::Quote,
            Reason::Number(word()),
            Reason::Date(word()),
            Reason::Name(word()),
            Reason::Unit(word()),
            Reason::Words(word()),
            Reason::Opposite,
            Reason::Mixed(word()),
            Reason::Asked,
            Reason::Unsure,
            Reason::NotAsked,
            Reason::Who(word()),
            Reason::Owner(word()),
            Reason::Due(word()),
        ];
        for reason in all {
            let item = Item {
                kind: Kind::Topic,
                text: word(),
                owner: None,
                due: None,
                quote: word(),
                lines: vec![word()],
            };
            let kind = kind_of(&reason);
            let mut left_out = LeftOut { item, reason: reason.to_string(), reason_kind: None };
            assert_eq!(reason_kind(&left_out), kind, "an early version's: {reason}");
            left_out.reason_kind = Some(kind.to_owned());
            assert_eq!(reason_kind(&left_out), kind);
            left_out.reason_kind = Some("Zacharias".to_owned());
            assert_eq!(reason_kind(&left_out), "other", "none of a file's words is told");
        }
    }

    #[test]
    fn what_was_asked_for_again_counts_before_what_broke_off() {
        let item = |kind, text: &str, lines: &[u32]| Raw {
            kind,
            text: text.into(),
            owner: None,
            due: None,
            quote: "q".into(),
            lines: lines.to_vec(),
        };
        let kept = vec![item(Kind::Topic, "the rent", &[3])];
        let whole = vec![
            (0, item(Kind::Topic, "rent", &[3, 4])),
            (0, item(Kind::Decision, "first", &[3])),
            (0, item(Kind::Topic, "early", &[7])),
            (0, item(Kind::Topic, "early, too", &[8])),
            (1, item(Kind::Topic, "late", &[8])),
            (1, item(Kind::Topic, "late, too", &[8])),
        ];
        let out = with_whole(kept, whole);
        let texts: Vec<&str> = out.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(texts, ["the rent", "late", "late, too", "first", "early"]);
    }

    #[test]
    fn who_is_there_is_told_by_a_name_and_nothing_else() {
        for (line, name) in [
            ("Fiona Drew, treasurer", Some("Fiona Drew")),
            ("Jan van Dijk <jan@example.org>", Some("Jan van Dijk")),
            ("Dr. Meyer", Some("Dr. Meyer")),
            ("everybody who pays", None),
            ("jan@example.org", None),
            ("", None),
        ] {
            assert_eq!(name_in(line), name, "{line}");
        }
    }
}
