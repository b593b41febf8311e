//! What is known of languages, one file for each theme. A language that is missing here gets the rules
//! that need no words; a meeting in it keeps less, and nothing false.

pub(super) mod dates;
pub(super) mod numbers;
pub(super) mod people;
pub(super) mod stance;
pub(super) mod words;
