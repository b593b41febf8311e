//! How a correction gets into a session, for the verbs: what is wrong with it is wrong use.

use std::path::Path;

use crate::base::utterance::Edited;
use crate::care::edit::{Change, EditError};
use crate::cli::wrong_use;
use crate::engine::correct;
use crate::session::reading::Session;

/// Corrects the session in `dir` as `plan` says, or with `dry_run` only plans it.
pub(super) fn correct<T>(
    dir: &Path,
    dry_run: bool,
    plan: impl Fn(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> anyhow::Result<(Vec<Change>, T)> {
    correct::correct(dir, dry_run, plan).map_err(|error| match error.is_failure() {
        true => error.into(),
        false => wrong_use(error.to_string()),
    })
}
