//! Downloads Moonshine's model, which comes in two files, and converts them when both have come.

use std::fs;
use std::path::Path;

use crate::models::pull::{Content, Verified, checked_base, download};
use crate::models::{ModelError, ModelInfo, Progress, import, store};

/// What the model consists of, for us.
pub const FILES: [&str; 2] = ["model.safetensors", "tokenizer.json"];

/// Gets both files, each resumed where it broke off, and converts them.
pub(in crate::models) fn pull(
    dir: &Path,
    base_url: &str,
    name: &str,
    progress: &mut dyn Progress,
) -> Result<(ModelInfo, Verified), ModelError> {
    let base = checked_base("models.moonshine_url", base_url)?;
    // Like a model in the making, but kept: it is gone on with.
    let parts = dir.join(format!("{name}.part"));
    store::make_private_dir(&parts)?;
    let mut verified = Verified::ByHash;
    for file in FILES {
        let path = parts.join(file);
        let content = if file.ends_with(".json") { Content::Json } else { Content::Safetensors };
        // The tokens are some kilobytes, whose hash few servers tell; the weights are what counts.
        let file_verified = download(format!("{base}/{file}"), content, &path, name, progress);
        let file_verified = file_verified.inspect_err(|_| {
            // Only where nothing has come: what is there is gone on with.
            let _ = fs::remove_dir(&parts);
        })?;
        if matches!(content, Content::Safetensors) {
            verified = file_verified;
        }
    }
    let model = import::import(dir, std::slice::from_ref(&parts), &import::Options::default(), progress)?;
    fs::remove_dir_all(&parts).map_err(ModelError::io("remove", &parts))?;
    Ok((model, verified))
}
