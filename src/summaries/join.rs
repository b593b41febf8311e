//! What came of all parts as one list. Pure: no model has a word in it.
//!
//! Promises: the order is that of the meeting; what was said twice, by two parts or by one, stands once;
//! nothing is worded anew.

use std::collections::BTreeSet;

use super::chat::answer::Raw;

/// Of the words of two sentences that cite the same lines, the share that makes them one.
const SAME_SHARE: f64 = 0.7;

/// In the order of the meeting, duplicates folded: of two the first stays, and gets an owner or a time that
/// only the other one knows.
pub fn joined(mut items: Vec<Raw>) -> Vec<Raw> {
    // A stable sort: what one part said of the same line stays in its order.
    items.sort_by_key(|item| item.lines.first().copied());
    let mut out: Vec<Raw> = Vec::with_capacity(items.len());
    for item in items {
        match out.iter_mut().rev().take(FAR).find(|other| is_same(other, &item)) {
            Some(other) if other.owner.is_none() && item.owner.is_some() => *other = item,
            Some(other)
                if other.due.is_none() && (&other.owner, &other.lines) == (&item.owner, &item.lines) =>
            {
                other.due = item.due;
            }
            Some(_) => {}
            None => out.push(item),
        }
    }
    out
}

/// How far back a duplicate is looked for: what cites the same lines stands together.
const FAR: usize = 64;

/// Whether two items say the same.
fn is_same(a: &Raw, b: &Raw) -> bool {
    if a.kind != b.kind {
        return false;
    }
    let (one, other) = (words(&a.text), words(&b.text));
    if one == other && !one.is_empty() {
        return a.lines.iter().any(|line| b.lines.contains(line)) || a.quote == b.quote;
    }
    // Who does what is another thing for each.
    if a.owner.is_some() && b.owner.is_some() && a.owner != b.owner {
        return false;
    }
    let numbers = |words: &BTreeSet<String>| -> Vec<String> {
        words.iter().filter(|word| word.chars().any(char::is_numeric)).cloned().collect()
    };
    let shared = one.intersection(&other).count() as f64;
    a.lines == b.lines
        && numbers(&one) == numbers(&other)
        && shared >= SAME_SHARE * one.union(&other).count() as f64
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::summary::Kind;

    fn item(text: &str, lines: &[u32]) -> Raw {
        Raw {
            kind: Kind::Action,
            text: text.into(),
            owner: None,
            due: None,
            quote: "q".into(),
            lines: lines.to_vec(),
        }
    }

    #[test]
    fn the_order_is_that_of_the_meeting_and_what_was_said_twice_stands_once() {
        let owned = Raw { owner: Some("Bob".into()), ..item("Bob sends the offer on Friday", &[9]) };
        let out = joined(vec![
            item("Alice books the room", &[12]),
            item("Bob sends the offer on Friday.", &[9]),
            owned.clone(),
            item("Bob sends an offer on Friday", &[9]),
            item("Bob sends the offer on 17 May", &[9]),
            item("alice books the room!", &[12, 13]),
        ]);
        let texts: Vec<&str> = out.iter().map(|item| item.text.as_str()).collect();
        let wanted =
            ["Bob sends the offer on Friday", "Bob sends the offer on 17 May", "Alice books the room"];
        assert_eq!(texts, wanted, "another number is another thing");
        assert_eq!(out[0], owned);
    }

    #[test]
    fn two_people_s_tasks_are_two() {
        let of = |name: &str| Raw { owner: Some(name.into()), ..item(&format!("{name} reads it"), &[3]) };
        assert_eq!(joined(vec![of("Ann"), of("Bob")]).len(), 2);
        let other = Raw { kind: Kind::Topic, ..item("x y", &[3]) };
        assert_eq!(joined(vec![item("x y", &[3]), other]).len(), 2);
    }
}
