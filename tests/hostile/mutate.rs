//! What can happen to a file.

use hansard::base::units::Frames;
use hansard::base::utterance::{Utterance, Word};
use proptest::prelude::*;

/// One change; places are shares of what there is.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// A bit flips.
    Bit(f64, u8),
    /// The end is cut off.
    Cut(f64),
    /// Bytes are put in.
    Put(f64, Vec<u8>),
    /// Bytes of a page are zeros.
    Hole(f64),
    /// A line stands twice.
    Twice(f64),
    /// A line is gone.
    Gone(f64),
    /// Two lines change places.
    Swap(f64, f64),
    /// A value, counted by its colon, is another one.
    Value(f64, &'static str),
}

/// Values that no recorder writes, of all types.
const VALUES: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967296",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-0.0",
    "1e-320",
    "1e300",
    "-1e300",
    "1e999",
    "null",
    "true",
    "\"\"",
    "\"..\"",
    "\"../../secret\"",
    "\"/etc/passwd\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
];

impl Mutation {
    pub fn any() -> impl Strategy<Value = Self> {
        let place = || 0.0..1.0f64;
        prop_oneof![
            2 => (place(), 0..8u8).prop_map(|(at, bit)| Self::Bit(at, bit)),
            1 => place().prop_map(Self::Cut),
            1 => (place(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Self::Put(at, bytes)),
            1 => place().prop_map(Self::Hole),
            1 => place().prop_map(Self::Twice),
            1 => place().prop_map(Self::Gone),
            1 => (place(), place()).prop_map(|(a, b)| Self::Swap(a, b)),
            6 => (place(), prop::sample::select(VALUES)).prop_map(|(at, value)| Self::Value(at, value)),
        ]
    }

    pub fn change(&self, bytes: &mut Vec<u8>) {
        let place = |share: f64, of: usize| ((share * of as f64) as usize).min(of.saturating_sub(1));
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Bit(at, bit) => bytes[place(*at, length)] ^= 1 << bit,
            Self::Cut(at) => bytes.truncate(place(*at, length)),
            Self::Put(at, put) => {
                drop(bytes.splice(place(*at, length)..place(*at, length), put.iter().copied()))
            }
            Self::Hole(at) => {
                let from = place(*at, length);
                bytes[from..(from + 512).min(length)].fill(0);
            }
            Self::Twice(at) => lines(bytes, |all| {
                let n = place(*at, all.len());
                all.insert(n, all[n].clone());
            }),
            Self::Gone(at) => lines(bytes, |all| drop(all.remove(place(*at, all.len())))),
            Self::Swap(a, b) => lines(bytes, |all| {
                let (a, b) = (place(*a, all.len()), place(*b, all.len()));
                all.swap(a, b);
            }),
            Self::Value(at, value) => replace_value(bytes, *at, value),
        }
    }
}

fn lines(bytes: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut all: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut all);
    *bytes = all.concat();
}

/// Puts another value after one of the colons.
fn replace_value(bytes: &mut Vec<u8>, share: f64, value: &str) {
    let colons: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(n, _)| n + 1).collect();
    let Some(from) = colons.get((share * colons.len() as f64) as usize).copied() else { return };
    let end = bytes[from..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'\n'));
    let to = end.map_or(bytes.len(), |length| from + length);
    bytes.splice(from..to, value.bytes());
}

/// A transcript of so many utterances.
pub fn transcript(count: u64) -> String {
    let line = |n: u64| {
        let start = n as f64 * 0.5;
        let words = vec![Word { text: "Yes.".into(), start, end: start + 0.4, p: 0.9 }];
        let utterance = Utterance {
            id: format!("a-1-{n}"),
            track: "a".into(),
            speaker: "A".into(),
            take: 1,
            from_frame: Frames(n * 4_000),
            to_frame: Frames(n * 4_000 + 3_200),
            start,
            end: start + 0.4,
            text: "Yes.".into(),
            words,
            confidence: 0.9,
            language: "en".into(),
            model: "tiny.en".into(),
            is_final: true,
            ..Utterance::default()
        };
        serde_json::to_string(&utterance).unwrap() + "\n"
    };
    (0..count).map(line).collect()
}
