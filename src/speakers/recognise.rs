//! Which voices of a track are those of people who are enrolled. Pure.
//!
//! Promises: a person names at most one voice of a track; a name is given only where the voice is like that
//! person and clearly less like anybody else. Refuses to be a proof of who somebody is: a cloned voice passes
//! (measured: 96 % of clones lie above 0.45).

use super::cluster::cosine;
use super::enrolled::{EmbeddedBy, Person};
use super::networks::Embedding;
use crate::session::voices::Print;

/// Cosine from which on a voice is that person's. It named 86 to 100 % of those who were enrolled and no
/// stranger, near, in rooms and over telephones; at 0.35 1 to 10 % of strangers pass.
const SURE: f32 = 0.50;
/// The same of a voice that is heard for [`LONG_S`] and more: the more of it, the more like its person it is,
/// and the more like each other strangers of one kind are. Of adults of one country and one microphone, five
/// of whom are enrolled, 1.5 % of strangers pass 0.50 with 12 s, and 0.6 % this.
const SURE_LONG: f32 = 0.55;
/// Seconds of speech from which on that counts.
const LONG_S: f64 = 10.0;
/// Less is nobody: strangers lie at 0.13 in the mean, the most alike of 148 pairs at 0.52.
const PERHAPS: f32 = 0.38;
/// How much less like anybody else it must be.
const AHEAD: f32 = 0.10;
/// Seconds of speech below which a voice is not known well enough. Of 3 s, of which 1.5 to 4 s are heard,
/// 100 % are named near, 97 % in a room, 90 % over a telephone, and of strangers no more than of 12 s.
const SECONDS_MIN: f64 = 1.5;

/// Who each voice of one track is, of `people`: its seconds and its direction are given. Recordings that
/// another network made count for nothing.
pub fn prints(voices: &[(f64, &Embedding)], people: &[Person]) -> Vec<Option<Print>> {
    let ours = EmbeddedBy::ours();
    let mut prints: Vec<Option<Print>> =
        voices.iter().map(|(seconds, centre)| print(*seconds, centre, people, &ours)).collect();
    let best_of = |prints: &[Option<Print>], person: &str| {
        let sure = prints.iter().flatten().filter(|print| print.sure && print.person == person);
        sure.map(|print| print.cosine).fold(f64::NEG_INFINITY, f64::max)
    };
    for person in people {
        let best = best_of(&prints, &person.id);
        let mut is_named = false;
        for print in prints.iter_mut().flatten().filter(|print| print.sure && print.person == person.id) {
            print.sure = print.cosine >= best && !is_named;
            is_named |= print.sure;
        }
        // Who is certainly one voice of a track is not perhaps another one that is less like them.
        let is_theirs = |print: &Print| print.person == person.id && print.cosine < f64::from(SURE);
        for print in &mut prints {
            print.take_if(|print| is_named && is_theirs(print));
        }
    }
    prints
}

/// How like a voice and a person are: by that recording which is most like it.
pub fn likeness(centre: &Embedding, person: &Person, ours: &EmbeddedBy) -> Option<f32> {
    let recordings = person.recordings.iter().filter(|recording| recording.model == *ours);
    recordings.map(|recording| cosine(centre, &recording.centre)).reduce(f32::max)
}

/// The place among `people` of the one whose voice this certainly is.
pub fn certainly(centre: &Embedding, people: &[Person]) -> Option<usize> {
    most_like(centre, people, &EmbeddedBy::ours()).filter(|found| found.2).map(|found| found.0)
}

/// The place of the person who is most like a voice, how much so, and whether that is certain.
fn most_like(centre: &Embedding, people: &[Person], ours: &EmbeddedBy) -> Option<(usize, f32, bool)> {
    let likeness = |(at, person)| Some((likeness(centre, person, ours)?, at));
    let mut like: Vec<(f32, usize)> = people.iter().enumerate().filter_map(likeness).collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (best, at) = *like.first()?;
    let next = like.get(1).map_or(-1.0, |next| next.0);
    Some((at, best, best >= SURE && best - next >= AHEAD))
}

fn print(seconds: f64, centre: &Embedding, people: &[Person], ours: &EmbeddedBy) -> Option<Print> {
    if seconds < SECONDS_MIN {
        return None;
    }
    let (at, best, sure) = most_like(centre, people, ours)?;
    let sure = sure && (best >= SURE_LONG || seconds < LONG_S);
    let person = &people[at];
    (best >= PERHAPS).then(|| Print {
        name: person.name.clone(),
        person: person.id.clone(),
        cosine: f64::from(best),
        sure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::enrolled::{Consent, Recording};
    use crate::speakers::networks::DIMENSIONS;

    /// A direction with these parts on the first axes, and the rest on one that nothing else has.
    fn direction(parts: &[f32], own: usize) -> Embedding {
        let mut values = [0.0; DIMENSIONS];
        values[..parts.len()].copy_from_slice(parts);
        values[own] = (1.0 - parts.iter().map(|part| part * part).sum::<f32>()).max(0.0).sqrt();
        Box::new(values)
    }

    /// A person on an axis of their own.
    fn person(name: &str, axis: usize) -> Person {
        let mut parts = vec![0.0; axis + 1];
        parts[axis] = 1.0;
        let recording = Recording {
            source: "a file".into(),
            seconds: 20.0,
            consent: Consent { note: "yes".into(), date: jiff::civil::date(2026, 3, 14) },
            model: EmbeddedBy::ours(),
            centre: direction(&parts, 100 + axis),
        };
        Person { id: name.to_lowercase(), name: name.into(), recordings: vec![recording] }
    }

    /// Whom each voice is held to be: `+Ann` for certain, `?Ann` perhaps.
    fn told(voices: &[(f64, Embedding)], people: &[Person]) -> Vec<String> {
        let voices: Vec<(f64, &Embedding)> = voices.iter().map(|(s, centre)| (*s, centre)).collect();
        let told = |print: Option<Print>| match print {
            Some(print) => format!("{}{}", if print.sure { '+' } else { '?' }, print.name),
            None => "-".into(),
        };
        prints(&voices, people).into_iter().map(told).collect()
    }

    #[test]
    fn a_voice_is_named_from_a_cosine_on_and_perhaps_from_a_lower_one() {
        let people = [person("Ann", 0), person("Bob", 1)];
        for (parts, expected) in [
            ([0.505, 0.0], "+Ann"),
            ([0.495, 0.0], "?Ann"),
            ([0.385, 0.0], "?Ann"),
            ([0.375, 0.0], "-"),
            // Too like somebody else.
            ([0.60, 0.51], "?Ann"),
            ([0.62, 0.51], "+Ann"),
            ([-0.9, 0.0], "-"),
        ] {
            assert_eq!(told(&[(5.0, direction(&parts, 50))], &people), [expected], "{parts:?}");
            assert_eq!(told(&[(1.4, direction(&parts, 50))], &people), ["-"]);
        }
        assert_eq!(told(&[(9.0, direction(&[0.9], 50))], &[]), ["-"]);
        for (part, expected) in [(0.545, "?Ann"), (0.555, "+Ann")] {
            assert_eq!(told(&[(10.0, direction(&[part], 50))], &people), [expected], "much of it: {part}");
        }
    }

    #[test]
    fn a_person_names_one_voice_of_a_track() {
        let people = [person("Ann", 0), person("Bob", 1)];
        let voices = [0.6, 0.9, 0.7].map(|part| (20.0, direction(&[part], 50)));
        assert_eq!(told(&voices, &people), ["?Ann", "+Ann", "?Ann"]);
        let voices = [0.9, 0.45].map(|part| (20.0, direction(&[part], 50)));
        assert_eq!(told(&voices, &people), ["+Ann", "-"], "less like her than is certain");
        let equal = [0.7, 0.7].map(|part| (20.0, direction(&[0.0, part], 50)));
        assert_eq!(told(&equal, &people), ["+Bob", "?Bob"]);
    }

    #[test]
    fn the_recording_that_is_most_like_it_counts_and_another_networks_does_not() {
        let mut ann = person("Ann", 0);
        ann.recordings.extend(person("Ann", 1).recordings);
        let bob = person("Bob", 2);
        let voice = [(20.0, direction(&[0.1, 0.6], 50))];
        assert_eq!(told(&voice, &[ann.clone(), bob]), ["+Ann"]);
        ann.recordings[1].model.sha256 = "0".into();
        assert_eq!(told(&voice, &[ann]), ["-"]);
    }
}
