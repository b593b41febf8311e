//! Which of the voices that were found are those of people who are enrolled: while a recording runs and
//! afterwards by the same rules. What can't be read of them costs their names alone.

use std::path::Path;

use super::voices::Found;
use crate::speakers::enrolled::{Enrolled, EnrolledError};
use crate::speakers::networks::Embedding;
use crate::speakers::recognise;

/// Notes of the voices of each track who they are, of the people in `folder`. Gives what could not be read
/// there.
pub fn recognise<'a>(folder: &Path, tracks: impl Iterator<Item = &'a mut Found>) -> Vec<EnrolledError> {
    let enrolled = match Enrolled::read(folder) {
        Ok(enrolled) => enrolled,
        Err(error) => return vec![error],
    };
    if !enrolled.people.is_empty() {
        for found in tracks {
            let voices: Vec<(f64, &Embedding)> =
                found.voices.iter().map(|voice| (voice.entry.seconds, &voice.centre)).collect();
            let prints = recognise::prints(&voices, &enrolled.people);
            for (voice, print) in found.voices.iter_mut().zip(prints) {
                voice.entry.print = print;
            }
        }
    }
    enrolled.broken
}
