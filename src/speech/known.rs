//! Which of the voices that were found are those of people who are enrolled: while a recording runs and
//! afterwards by the same rules. What can't be read of them costs their names alone.

use std::path::Path;

use super::voices::Found;
use crate::speakers::enrolled::{Enrolled, EnrolledError, Person};
use crate::speakers::networks::Embedding;
use crate::speakers::recognise;

/// The people in `folder`, and what could not be read there.
pub fn people(folder: &Path) -> (Vec<Person>, Vec<EnrolledError>) {
    match Enrolled::read(folder) {
        Ok(enrolled) => (enrolled.people, enrolled.broken),
        Err(error) => (Vec::new(), vec![error]),
    }
}

/// Notes of the voices of each track who they are, of those `people`.
pub fn recognise<'a>(tracks: impl Iterator<Item = &'a mut Found>, people: &[Person]) {
    if people.is_empty() {
        return;
    }
    for found in tracks {
        let voices: Vec<(f64, &Embedding)> =
            found.voices.iter().map(|voice| (voice.entry.seconds, &voice.centre)).collect();
        let prints = recognise::prints(&voices, people);
        for (voice, print) in found.voices.iter_mut().zip(prints) {
            voice.entry.print = print;
        }
    }
}
