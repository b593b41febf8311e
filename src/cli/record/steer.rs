//! Steering a recording from its own terminal: by the view, or by keys below lines of text.

use std::sync::mpsc::SyncSender;

use super::keys::{self, Keys};
use super::{Lines, Look};
use crate::cli::console::{self, Log, print_result, say};
use crate::cli::edit::naming;
use crate::cli::show_news::Shown;
use crate::cli::signals::Signals;
use crate::config::{Config, Scrollback};
use crate::control::{Request, Response};
use crate::engine::{Asker, Engine, Why};
use crate::session::folder::Folder;
use crate::tui::{Ask, Front, Input, NewsFeed, Options};

/// Who ends a recording by the view.
const CTRL_C: &str = "Ctrl-C";

/// A terminal that takes longer than this to show a few lines is not waited for.
const FLUSH: std::time::Duration = std::time::Duration::from_millis(500);

/// What a person steers by.
pub(super) struct Steering {
    front: Option<Front>,
    /// All finished lines are to be left on the terminal.
    leaves_lines: bool,
}

impl Steering {
    /// Takes the terminal, if the view is wanted. Where it can't be taken there is none, which is said.
    /// `page` is the address of the page of this recording, which the view's help shows.
    pub(super) fn begin(engine: &Engine, look: Look, config: &Config, page: Option<String>) -> Self {
        let leaves_lines = config.record.scrollback == Scrollback::Lines;
        if look != Look::View {
            return Self { front: None, leaves_lines };
        }
        // What was said so far belongs on the terminal that the view leaves alone.
        console::flush(FLUSH);
        let mut news = NewsFeed::new(engine.follow());
        // It stays as long as the process does, whose one recording it is of.
        let page = page.map(|page| &*Box::leak(page.into_boxed_str()));
        let options = Options { page, ..Options::new(crate::tui::Keys::Own) };
        let front = Front::start(options, move || news.wait(), log);
        let front =
            front.inspect_err(|error| say(format_args!("there is no view ({error}); lines follow"))).ok();
        Self { front, leaves_lines }
    }

    /// Whether the view is there.
    pub(super) fn is_viewed(&self) -> bool {
        self.front.is_some()
    }

    /// Waits for the end, and does meanwhile what somebody asks for.
    pub(super) async fn until_end(
        &mut self,
        engine: &mut Engine,
        signals: &mut Signals,
        (shown, lines): (&mut Shown, &Lines),
    ) -> Why {
        let (asker, clock) = (engine.asker(), engine.clock().clone());
        let (news, folder) = (engine.news().clone(), engine.folder());
        let mut keys = if self.is_viewed() { None } else { Keys::new(clock.clone()) };
        let why = {
            let end = engine.until_end(async || signals.next().await);
            tokio::pin!(end);
            loop {
                let pressed = async {
                    match &mut keys {
                        Some(keys) => keys.next().await,
                        None => std::future::pending().await,
                    }
                };
                let asked = async {
                    match &mut self.front {
                        Some(front) => front.next().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    why = &mut end => break why,
                    action = pressed => { tokio::spawn(carry_out(action, asker.clone())); }
                    ask = asked => match ask {
                        Ask::End => break Why::Asked(CTRL_C.into()),
                        Ask::Failed(why) => {
                            self.leave();
                            // The recording goes on as without a view.
                            lines.show(shown, news.subscribe(), news.subscribe());
                            say(format_args!("the view is gone ({why}); the recording goes on, and lines follow"));
                            keys = Keys::new(clock.clone());
                        }
                        ask => {
                            if let Some(front) = &self.front {
                                tokio::spawn(do_ask(ask, asker.clone(), folder.clone(), front.inputs()));
                            }
                        }
                    },
                }
            }
        };
        // The terminal is the user's own again while the text is finished; what was typed last counts.
        for action in keys.into_iter().flat_map(Keys::end) {
            carry_out(action, asker.clone()).await;
        }
        if self.is_viewed() {
            // What is told while the terminal changes hands is not missed.
            let (spoken, happened) = (news.subscribe(), news.subscribe());
            let asks = self.leave();
            if self.leaves_lines {
                lines.show(shown, spoken, happened);
            } else {
                drop(spoken);
                lines.notices(shown, happened);
            }
            for ask in asks {
                if let Ask::Request(request @ Request::Mark { .. }) = ask
                    && let Response::Refused { error } = asker.ask(request).await
                {
                    say(error);
                }
            }
        }
        why
    }

    /// Gives the terminal back, with what is to be left there; what was asked for last.
    fn leave(&mut self) -> Vec<Ask> {
        let Some(front) = self.front.take() else { return Vec::new() };
        let (asks, left) = front.end();
        if self.leaves_lines {
            left.lines.iter().for_each(print_result);
        }
        left.strays.iter().for_each(|line| log(line));
        asks
    }
}

/// A line that somebody wrote to stderr while the view was there, to where it was meant to go.
fn log(line: &str) {
    use std::io::Write as _;
    // That nobody reads it stops nobody.
    let _nobody = Log.write_all(format!("{line}\n").as_bytes());
}

/// Asks what the view asks for, and tells it the answer.
async fn do_ask(ask: Ask, asker: Asker, folder: std::sync::Arc<Folder>, view: SyncSender<Input>) {
    let request = match ask {
        Ask::Request(request) => Ok(request),
        Ask::Rename { voice, from, to } => {
            let read = tokio::task::spawn_blocking(move || naming(&folder.path(), voice, from, to));
            match read.await {
                Ok(Ok(request)) => Ok(request),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        }
        Ask::End | Ask::Leave | Ask::Failed(_) => return,
    };
    let told = match request {
        Ok(request) => Input::Answer(asker.ask(request).await),
        Err(why) => Input::Refused(why),
    };
    // A view that can't take it any more has nobody to tell.
    let _nobody = view.try_send(told);
}

/// Asks what a key asks for, as any other command would, and tells what the news don't.
async fn carry_out(action: keys::Action, asker: Asker) {
    let request = match action {
        keys::Action::Mark { kind, text, at } => Request::Mark { text, kind, at: Some(at) },
        keys::Action::Pause => Request::Pause,
        keys::Action::Resume => Request::Resume,
        keys::Action::Say(text) => return say(text),
    };
    match asker.ask(request).await {
        Response::Marked(mark) => {
            let at = crate::base::text::timer(mark.at);
            say(format_args!("marked {at} {}: {}", mark.kind.title(), mark.text));
        }
        Response::Refused { error } => say(error),
        _ => {}
    }
}
