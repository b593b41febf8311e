//! Which model: what is offered, how large it is, and what this computer can do with it.

use crate::cli::ask::{Asker, tell};
use crate::config::Config;
use crate::doctor::text as speed;
use crate::engine::text;
use crate::models::{self, ModelInfo, RECOMMENDED, catalogue, moonshine};
use crate::recognisers::local;

/// The published models that are offered, the small ones first, and what their text is like.
const OFFERED: [(&str, &str); 5] = [
    ("tiny-q8_0", "a sketch"),
    ("base-q8_0", "good"),
    ("small-q8_0", "better"),
    ("large-v3-turbo-q5_0", "best"),
    // Only where English is spoken.
    (moonshine::NAME, "good"),
];
/// Seconds that a thread of a usual computer takes for a second of speech, for each million of a model's
/// parameters: `doctor` measured 0.18 with base (74 million) on one of two busy cores; a fifth is added.
const USUAL: f64 = 0.003;
/// Text keeps up where no more than this share of the time is needed, as `doctor` has it.
const SHARE: f64 = 0.7;
/// More threads than these share little work.
const THREADS_MAX: f64 = 6.0;

/// The model that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// It need not be fetched.
    pub(super) is_here: bool,
}

/// Question 3. `None`: no text, for now.
pub(super) fn ask(config: &Config, language: &str, asker: &mut Asker) -> anyhow::Result<Option<Wanted>> {
    tell("\n3/3  Which model writes the text? Larger ones err less and are slower.");
    let here = models::installed(&config.paths.models).map(|found| found.models).unwrap_or_default();
    let knows = |model: &&ModelInfo| model.multilingual || ["en", "auto"].contains(&language);
    let here: Vec<ModelInfo> = here.iter().filter(knows).cloned().collect();
    let best = || models::resolve(&config.paths.models, None, Some(language)).map(|model| model.name);
    let said =
        here.iter().find(|model| model.name == config.transcribe.model).map(|model| model.name.clone());
    let default = said.or_else(|| best().ok()).unwrap_or_else(|| RECOMMENDED.to_owned());
    let per_million = match here.iter().find(|model| model.name == default) {
        Some(model) => measured(config, model, asker)?,
        None => None,
    };
    if per_million.is_none() {
        tell("     What this computer can do is an estimate: no model is here to be measured.");
    }
    let offered = OFFERED.into_iter().filter(|(name, _)| language == "en" || *name != moonshine::NAME);
    let mut rows: Vec<(String, &str)> = offered.map(|(name, like)| (name.to_owned(), like)).collect();
    let others = here.iter().map(|model| model.name.clone());
    let others: Vec<String> = others.filter(|name| !rows.iter().any(|(row, _)| row == name)).collect();
    rows.extend(others.into_iter().map(|name| (name, "")));
    for (n, (name, like)) in rows.iter().enumerate() {
        let is_here = here.iter().any(|model| model.name == *name);
        let size = crate::cli::models::size_about(name);
        let place = if is_here { "here" } else { size.as_str() };
        let can = millions(name).map(|millions| can(millions, per_million, threads(config)));
        let line = format!("{:>4}  {name:<20} {place:>7}  {like:<9} {}", n + 1, can.unwrap_or_default());
        tell(line.trim_end());
    }
    tell("   0  none: record only, hansard transcribe makes the text later");
    loop {
        let answer = asker.line(&format!("Model? [{default}] "), || {})?;
        let wanted = |name: &str| {
            Some(Wanted { name: name.to_owned(), is_here: here.iter().any(|model| model.name == name) })
        };
        match answer.parse::<usize>() {
            _ if answer.is_empty() => return Ok(wanted(&default)),
            Ok(0) => return Ok(None),
            Ok(n) if n <= rows.len() => return Ok(wanted(&rows[n - 1].0)),
            _ if rows.iter().any(|(name, _)| *name == answer) || catalogue::find(&answer).is_some() => {
                return Ok(wanted(&answer));
            }
            _ => tell(format_args!("Please type a number from 0 to {}, or a model's name.", rows.len())),
        }
    }
}

fn threads(config: &Config) -> f64 {
    f64::from(config.transcribe.threads_in_force().get()).min(THREADS_MAX)
}

/// Millions of parameters, by which the work grows.
fn millions(name: &str) -> Option<u32> {
    catalogue::find(name).map(|published| published.parameters_millions)
}

/// Has a model that is here work for some seconds: what this computer takes for a second of speech, for each
/// million of its parameters.
fn measured(config: &Config, model: &ModelInfo, asker: &mut Asker) -> anyhow::Result<Option<f64>> {
    let Some(millions) = millions(&model.name) else { return Ok(None) };
    tell(format_args!("     Having {} work for some seconds …", model.name));
    let (engine, how) = (local::engine(model.clone()), text::opening(config));
    // The language costs time only where it must be found out, once.
    let (speed, _) = asker.watched(move || speed::measure(&*engine, &how, Some("en".into()), 1))?;
    Ok(speed.map(|speed| speed.factor / f64::from(millions)))
}

/// What this computer can do with a model of that many million parameters; by a measurement, or by what a
/// usual thread does.
fn can(millions: u32, per_million: Option<f64>, threads: f64) -> String {
    let factor = f64::from(millions) * per_million.unwrap_or(USUAL / threads.max(1.0));
    if factor <= SHARE {
        return "text while you record".to_owned();
    }
    format!("text later: {:.1} h for 1 h", factor.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_offered_is_published() {
        assert!(OFFERED.iter().all(|(name, _)| catalogue::find(name).is_some()));
        assert!(OFFERED.iter().any(|(name, _)| *name == RECOMMENDED));
    }

    #[test]
    fn a_larger_model_is_slower_and_more_threads_help() {
        assert_eq!(can(74, None, 1.0), "text while you record");
        assert_eq!(can(244, Some(0.001), 1.0), "text while you record");
        assert_eq!(can(244, Some(0.004), 1.0), "text later: 1.0 h for 1 h");
        assert_eq!(can(809, None, 1.0), "text later: 2.4 h for 1 h");
        assert!(can(244, None, 4.0).starts_with("text while you record"));
    }
}
