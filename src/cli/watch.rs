//! `hansard watch`: a running recording as its own terminal shows it, in another one.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use super::console::{self, Log, say};
use super::edit::naming;
use super::signals::Signals;
use super::{Exit, control, wrong_use};
use crate::config::Config;
use crate::control::client::follow;
use crate::control::folder::{self, Running};
use crate::control::{Follow, Request, Response, Since};
use crate::live::Wanted;
use crate::tui::{Ask, Fit, Front, Input, Keys, Options, Told, fits, of_json};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session that is being recorded: a path, an id or `last` [default: the only one]
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// The keys steer the recording, as in its own terminal; without it they only scroll and search
    #[arg(long)]
    control: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    if let Fit::Never(why) = fits() {
        return Err(wrong_use(format!("{why}; hansard status --watch prints how it goes")));
    }
    let recorder = control::recorder(args.session.as_deref(), config)?;
    let socket = recorder.socket.clone();
    let keys = if args.control { Keys::Remote } else { Keys::Look };
    let mut signals = Signals::new().context("can't take signals over")?;
    console::start();
    let (feed, ended) = lines(recorder)?;
    let front = Front::start(Options::new(keys), feed, log).context("the terminal can't be taken")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (front, left) = runtime.block_on(until_left(front, &mut signals, &socket));
    // An answer that is still awaited has nobody to hear it.
    runtime.shutdown_background();
    let (_, last) = front.end();
    last.strays.iter().for_each(|line| log(line));
    if let Left::Failed(why) = left {
        anyhow::bail!("the view is gone ({why}); the recording goes on");
    }
    match ended.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(why) => say(why),
        None if left == Left::Over => say("the recording is over"),
        None => say("the recording goes on; hansard watch shows it again"),
    }
    Ok(Exit::Well)
}

/// Why the view was left.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// Somebody wanted to.
    Wanted,
    /// The recorder tells no more.
    Over,
    Failed(String),
}

/// Why there are no more lines, where it was not the recording's end.
type Ended = Arc<Mutex<Option<String>>>;

/// What the recorder tells, from the recording's first moment on.
fn lines(recorder: Running) -> anyhow::Result<(impl FnMut() -> Option<Told> + Send + 'static, Ended)> {
    let wanted = Wanted { events: true, status: true, levels: true };
    let mut lines = follow(recorder, Follow { since: Some(Since::Seq(0)), wanted })?;
    let ended = Ended::default();
    let why = Arc::clone(&ended);
    let feed = move || {
        loop {
            let told = match lines.next()? {
                Ok(line) => of_json(&line).ok_or_else(|| refusal(&line)),
                Err(error) => Err(Some(error.to_string())),
            };
            match told {
                Ok(told) => return Some(told),
                // A later version may tell what this one does not know.
                Err(None) => {}
                Err(error) => {
                    *why.lock().unwrap_or_else(PoisonError::into_inner) = error;
                    return None;
                }
            }
        }
    };
    Ok((feed, ended))
}

/// Why the recorder does not want to be followed, if the line says so.
fn refusal(line: &str) -> Option<String> {
    match serde_json::from_str(line) {
        Ok(Response::Refused { error }) => Some(error),
        _ => None,
    }
}

/// Does what somebody asks for, until they leave.
async fn until_left(mut front: Front, signals: &mut Signals, socket: &std::path::Path) -> (Front, Left) {
    loop {
        let ask = tokio::select! {
            ask = front.next() => ask,
            _ = signals.next() => return (front, Left::Wanted),
        };
        match ask {
            Ask::Leave if front.is_over() => return (front, Left::Over),
            Ask::Leave => return (front, Left::Wanted),
            Ask::Failed(why) => return (front, Left::Failed(why)),
            ask => {
                let (socket, view) = (socket.to_owned(), front.inputs());
                // An end is answered only when the recording is safe; meanwhile the view goes on.
                tokio::task::spawn_blocking(move || carry_out(ask, &socket, &view));
            }
        }
    }
}

fn carry_out(ask: Ask, socket: &std::path::Path, view: &SyncSender<Input>) {
    let told = match answer(ask, socket) {
        Ok(response) => Input::Answer(response),
        Err(error) => Input::Refused(error.to_string()),
    };
    // A view that is gone has nobody to tell.
    let _nobody = view.try_send(told);
}

fn answer(ask: Ask, socket: &std::path::Path) -> anyhow::Result<Response> {
    let connect = || folder::connect(socket).context("the recorder does not answer: has it ended?");
    let request = match ask {
        Ask::Request(request) => request,
        Ask::End => Request::Stop,
        Ask::Rename { voice, from, to } => {
            let Response::Status(status) = control::ask_of(connect()?, &Request::Status)? else {
                anyhow::bail!("the recorder answers something else");
            };
            naming(std::path::Path::new(&status.path), voice, from, to)?
        }
        Ask::Leave | Ask::Failed(_) => anyhow::bail!("that is nothing for a recorder"),
    };
    control::ask_of(connect()?, &request)
}

/// What somebody wrote to stderr meanwhile, to where it was meant to go.
fn log(line: &str) {
    use std::io::Write as _;
    // That nobody reads it stops nobody.
    let _nobody = Log.write_all(format!("{line}\n").as_bytes());
}
