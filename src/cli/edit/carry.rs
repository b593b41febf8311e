//! How a correction gets into a session, for the verbs: what is wrong with it is wrong use.

use std::path::Path;

use crate::base::text::clean;
use crate::base::utterance::Edited;
use crate::care::apply::ApplyError;
use crate::care::edit::{Change, EditError};
use crate::cli::text::quoted;
use crate::cli::wrong_use;
use crate::engine::correct::{self, CorrectError};
use crate::session::final_pass::FinalPass;
use crate::session::lock::LockError;
use crate::session::reading::Session;

/// Corrects the session in `dir` as `plan` says, or with `dry_run` only plans it.
pub(super) fn correct<T>(
    dir: &Path,
    dry_run: bool,
    plan: impl Fn(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> anyhow::Result<(Vec<Change>, T)> {
    correct::correct(dir, dry_run, plan).map_err(|error| {
        let in_use = matches!(&error, CorrectError::Apply(ApplyError::Lock(LockError::InUse(_))));
        match (in_use.then(|| FinalPass::read(dir)).flatten(), error.is_failure()) {
            (Some(pass), _) => wrong_use(format!(
                "{error}: its text is being made once more ({}); kill {} stops that, and hansard transcribe \
                 --final {} goes on with it when you are done",
                clean(&pass.told()),
                pass.pid,
                quoted(dir)
            )),
            (None, true) => error.into(),
            (None, false) => wrong_use(error.to_string()),
        }
    })
}
