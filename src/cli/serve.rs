//! `hansard serve` and `hansard open`: the page on this machine.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::console::{print_result, say};
use super::export::Renewer;
use super::signals::Signals;
use super::{Exit, show, wrong_use};
use crate::config::Config;
use crate::serve::{ServeError, Server};
use crate::session::read;

/// Threads that answer requests; files are read on others.
const THREADS: usize = 2;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port at 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
    /// Print address, port and token as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `open`.
#[derive(Debug, clap::Args)]
pub struct OpenArgs {
    /// The session: a path, an id or `last` [default: the list]
    #[arg(value_name = "S")]
    session: Option<String>,
    /// Port at 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    serve(config, (args.port, args.open, args.json), None, Renewer(config.clone()))
}

pub(super) fn open(args: &OpenArgs, config: &Config) -> anyhow::Result<Exit> {
    let dir = args.session.as_deref().map(|s| read::resolve(&config.paths.recordings, s).map_err(show::exit));
    let Some(dir) = dir.transpose()? else {
        return serve(config, (args.port, true, false), None, Renewer(config.clone()));
    };
    // The page shows one folder of recordings: that of the session.
    let dir = dir.canonicalize()?;
    let mut shown = config.clone();
    if let Some(parent) = dir.parent() {
        shown.paths.recordings = parent.to_owned();
    }
    let id = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    serve(&shown, (args.port, true, false), id.as_deref(), Renewer(config.clone()))
}

fn serve(
    config: &Config,
    (port, open, json): (u16, bool, bool),
    session: Option<&str>,
    renewer: Renewer,
) -> anyhow::Result<Exit> {
    let mut stop = Signals::new().context("can't take signals over")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    runtime.block_on(async {
        let server = Server::bind(config, port, Arc::new(renewer)).await.map_err(|error| match error {
            ServeError::Listen { .. } => wrong_use(error.to_string()),
            ServeError::Token(_) => error.into(),
        })?;
        let address = server.address(session);
        if json {
            print_result(serde_json::json!({ "address": address, "port": server.port(), "token": server.token() }));
        } else {
            print_result(&address);
        }
        std::io::stdout().flush()?;
        say("the page is at that address, on this machine only, until Ctrl-C; the address is its key: keep it to yourself");
        if open && let Err(error) = browser(&address) {
            say(format_args!("no browser can be started ({error}): open the address by hand"));
        }
        let rest = server.run(async { drop(stop.next().await) }).await?;
        if rest.is_due() {
            say("what was exported before is brought up to date; Ctrl-C once more leaves it as it is");
            let (done, finished) = oneshot::channel();
            let finish = move || {
                rest.finish();
                // Whoever waits no more has gone on.
                let _gone = done.send(());
            };
            std::thread::Builder::new().name("rest".into()).spawn(finish)?;
            tokio::select! {
                _ = finished => {}
                _ = stop.next() => {}
            }
        }
        Ok(Exit::Well)
    })
}

/// Opens an address with what the system has for that.
fn browser(address: &str) -> std::io::Result<()> {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut child = std::process::Command::new(program)
        .args(before)
        .arg(address)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    // Only waited for so that nothing is left of it; some stay as long as the browser.
    std::thread::Builder::new().name("browser".into()).spawn(move || child.wait()).map(drop)
}
