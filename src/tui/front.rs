//! The view's threads: one draws, one listens to the news, one reads the keys. Nobody else waits for any of
//! them.

use std::io::{self, IsTerminal as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use tokio::sync::mpsc as asked;

use super::page::{COLUMNS_MIN, ROWS_MIN};
use super::screen::{Screen, Settings, in_foreground};
use super::stray::Strays;
use super::told::Told;
use super::view::View;
use super::{Ask, Keys, Options};
use crate::control::Response;
use crate::power;

/// Time between two pictures that nobody's key asked for.
const FRAME: Duration = Duration::from_millis(100);
/// Without news the picture is looked at this often: what is on it grows old.
const IDLE: Duration = Duration::from_millis(500);
/// The battery is looked at this often.
const BATTERY: Duration = Duration::from_secs(30);
/// The keys' thread looks this often whether it is to end.
const LOOK: Duration = Duration::from_millis(100);
/// Inputs that wait for the view; the news wait in their own place then.
const INPUTS: usize = 256;
/// What is asked for and nobody has carried out yet.
const ASKS: usize = 32;
/// A terminal that takes nothing any more is given up after this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something for the view.
#[derive(Debug)]
pub enum Input {
    /// News.
    Told(Told),
    /// What came of an ask.
    Answer(Response),
    /// Something could not be done, for this reason.
    Refused(String),
    /// A key, a paste, another size.
    Terminal(Event),
    /// A line on stderr.
    Stray(String),
}

/// What the view leaves.
#[derive(Debug, Default)]
pub struct Left {
    /// A mark that was being typed.
    pub last_words: Option<Ask>,
    /// The text, a line each.
    pub lines: Vec<String>,
    /// What was written to stderr meanwhile.
    pub strays: Vec<String>,
}

/// Whether a view fits here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// There is a terminal, with room enough.
    Fits,
    /// There is a terminal, but not one that the view is taken for unasked, for this reason.
    Better(String),
    /// There is none, for this reason.
    Never(&'static str),
}

/// Whether a view fits here: where a person sits at a terminal that can be drawn on.
pub fn fits() -> Fit {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Fit::Never("the view needs a terminal on stdin and stdout");
    }
    match std::env::var("TERM") {
        Ok(term) if term != "dumb" && !term.is_empty() => {}
        _ => return Fit::Never("this terminal can't be drawn on (TERM is dumb, or not set)"),
    }
    if !io::stderr().is_terminal() {
        return Fit::Better("stderr is no terminal".into());
    }
    if !in_foreground() {
        return Fit::Better("it was started in the background".into());
    }
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns >= COLUMNS_MIN && rows >= ROWS_MIN => Fit::Fits,
        Ok((columns, rows)) => {
            Fit::Better(format!("the terminal has {columns}×{rows}; the view needs {COLUMNS_MIN}×{ROWS_MIN}"))
        }
        Err(error) => Fit::Better(format!("the terminal does not say how large it is: {error}")),
    }
}

/// The view, as long as this lives.
pub struct Front {
    asks: asked::Receiver<Ask>,
    inputs: SyncSender<Input>,
    stop: Arc<AtomicBool>,
    settings: Settings,
    done: Receiver<Left>,
    over: Arc<AtomicBool>,
    keys: Option<JoinHandle<()>>,
    strays: Option<Strays>,
    ended: bool,
}

impl Front {
    /// Takes the terminal. `feed` waits for the next news and ends with `None`; `log` takes what comes to
    /// stderr by the view's pipe once the view is over.
    ///
    /// # Errors
    /// The terminal can't be taken; it is as it was.
    pub fn start(
        options: Options,
        mut feed: impl FnMut() -> Option<Told> + Send + 'static,
        log: impl Fn(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let (inputs, received) = sync_channel(INPUTS);
        let (ask, asks) = asked::channel(ASKS);
        let (tell_left, done) = channel();
        let (settings, stop) = (Settings::default(), Arc::new(AtomicBool::new(false)));
        let screen = Screen::enter(settings.clone())?;
        let stray = inputs.clone();
        // A view that can't take it drops it: it is kept for the log.
        let told = move |line: &str| drop(stray.try_send(Input::Stray(line.to_owned())));
        let strays = Strays::begin(told, log)?;
        let stopped = Arc::clone(&stop);
        thread("view", move || {
            let mut view = View::new(options);
            let showing = || show(&mut view, screen, &received, &ask, &stopped);
            let failed = match catch_unwind(AssertUnwindSafe(showing)) {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("the terminal can't be written to: {error}")),
                Err(_) => Some("an internal error".to_owned()),
            };
            let left = Left { last_words: view.last_words(), lines: view.lines(), strays: Vec::new() };
            // Who waits for either may be gone.
            let _nobody = tell_left.send(left);
            if let Some(why) = failed {
                let _nobody = ask.try_send(Ask::Failed(why));
            }
        })?;
        let (news, over) = (inputs.clone(), Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&over);
        thread("view-news", move || {
            while let Some(told) = feed() {
                if news.send(Input::Told(told)).is_err() {
                    return;
                }
            }
            is_over.store(true, Ordering::Release);
            let _nobody = news.send(Input::Told(Told::Over));
        })?;
        let (keys, stopped) = (inputs.clone(), Arc::clone(&stop));
        let keys = Some(thread("view-keys", move || read_keys(&keys, &stopped))?);
        Ok(Self { asks, inputs, stop, settings, done, over, keys, strays, ended: false })
    }

    /// Waits for what somebody wants next.
    pub async fn next(&mut self) -> Ask {
        match self.asks.recv().await {
            Some(ask) => ask,
            None => std::future::pending().await,
        }
    }

    /// Whether there is no more news.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Where answers go.
    pub fn inputs(&self) -> SyncSender<Input> {
        self.inputs.clone()
    }

    /// Gives the terminal back. What was asked for and nobody has seen to is in front.
    pub fn end(mut self) -> (Vec<Ask>, Left) {
        let mut left = self.finish();
        let mut asks = Vec::new();
        while let Ok(ask) = self.asks.try_recv() {
            asks.push(ask);
        }
        asks.extend(left.last_words.take());
        (asks, left)
    }

    fn finish(&mut self) -> Left {
        if std::mem::replace(&mut self.ended, true) {
            return Left::default();
        }
        self.stop.store(true, Ordering::Release);
        if let Some(keys) = self.keys.take()
            && keys.join().is_err()
        {
            tracing::error!("the thread that reads the keyboard panicked");
        }
        let mut left = self.done.recv_timeout(PATIENCE).unwrap_or_default();
        self.settings.give_back();
        left.strays = self.strays.take().map(Strays::end).unwrap_or_default();
        left
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.finish();
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(work)
}

/// Draws until it is told to stop. The terminal is as it was when this returns, or unwinds.
fn show(
    view: &mut View,
    mut screen: Screen,
    inputs: &Receiver<Input>,
    ask: &asked::Sender<Ask>,
    stop: &AtomicBool,
) -> io::Result<()> {
    let begun = Instant::now();
    let (mut drawn, mut battery_at): (Option<Instant>, Option<Instant>) = (None, None);
    let mut changed = true;
    while !stop.load(Ordering::Acquire) {
        #[cfg(debug_assertions)]
        rehearse_crash(begun);
        view.tick(begun.elapsed().as_secs_f64());
        if battery_at.is_none_or(|at| at.elapsed() >= BATTERY) {
            view.charged(power::charge());
            battery_at = Some(Instant::now());
        }
        let since = drawn.map_or(FRAME, |at| at.elapsed());
        // A key is answered at once; the stop is looked for as often as there is a picture.
        let wait = if changed { FRAME.saturating_sub(since) } else { FRAME.max(IDLE.saturating_sub(since)) };
        let mut urgent = false;
        match inputs.recv_timeout(wait) {
            Ok(input) => {
                view.tick(begun.elapsed().as_secs_f64());
                urgent |= take(view, &mut screen, input, ask)?;
                for input in inputs.try_iter().take(INPUTS) {
                    urgent |= take(view, &mut screen, input, ask)?;
                }
                changed = true;
            }
            Err(RecvTimeoutError::Timeout) => changed |= since >= IDLE,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if urgent || (changed && drawn.is_none_or(|at| at.elapsed() >= FRAME)) {
            screen.draw(view)?;
            (drawn, changed) = (Some(Instant::now()), false);
        }
    }
    Ok(())
}

/// Takes an input; whether somebody waits to see what comes of it.
fn take(view: &mut View, screen: &mut Screen, input: Input, ask: &asked::Sender<Ask>) -> io::Result<bool> {
    let asked = match input {
        Input::Told(Told::Over) if view.options.keys != Keys::Own => {
            view.tell(Told::Over);
            Some(Ask::Leave)
        }
        Input::Told(told) => {
            view.tell(told);
            return Ok(false);
        }
        Input::Answer(response) => {
            view.answered(&response);
            None
        }
        Input::Refused(why) => {
            view.refuse(&why);
            None
        }
        Input::Stray(line) => {
            view.stray(&line);
            return Ok(false);
        }
        Input::Terminal(Event::Key(key)) => {
            let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                KeyCode::Char('l') if ctrl => {
                    screen.clear()?;
                    None
                }
                // Terminals send the same for both.
                KeyCode::Char('\\' | '4') if ctrl => {
                    screen.quit();
                    // It takes effect within this; else the terminal would be taken once more.
                    sleep(LOOK);
                    None
                }
                _ => view.press(key),
            }
        }
        Input::Terminal(Event::Paste(text)) => {
            view.paste(&text);
            None
        }
        Input::Terminal(_) => None,
    };
    if let Some(asked) = asked
        && ask.try_send(asked).is_err()
    {
        view.refuse("the recorder is busy with what was asked before; try again");
    }
    Ok(true)
}

/// Reads keys until it is told to stop, or there is no keyboard any more. In the background nothing is read:
/// what is typed there is the shell's.
fn read_keys(inputs: &SyncSender<Input>, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        if !in_foreground() {
            sleep(LOOK);
            continue;
        }
        match event::poll(LOOK) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) if !in_foreground() => continue,
            Err(error) => {
                tracing::warn!(%error, "the keyboard can't be read any more");
                return;
            }
        }
        let Ok(read) = event::read() else { continue };
        let mut input = Input::Terminal(read);
        // A view that is stuck does not keep the keys' thread from ending.
        loop {
            match inputs.try_send(input) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if !stop.load(Ordering::Acquire) => input = back,
                Err(_) => return,
            }
            sleep(LOOK / 5);
        }
    }
}

/// For the tests, in builds that are made for them: `HANSARD_TEST_CRASH=view` lets the view panic a second
/// after its start.
#[cfg(debug_assertions)]
fn rehearse_crash(begun: Instant) {
    if begun.elapsed() > Duration::from_secs(1)
        && std::env::var("HANSARD_TEST_CRASH").as_deref() == Ok("view")
    {
        panic!("the view was told to crash");
    }
}
