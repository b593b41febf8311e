//! The terminal while the view has it: the alternate screen, and each key at once. As it was when this is
//! dropped, by a panic too.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::{Print, ResetColor, force_color_output};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::draw::draw;
use super::view::View;
use crate::base::window_title;

/// Bytes of a picture that are written at once: all of a large window.
const PICTURE_BYTES: usize = 64 * 1024;

/// The terminal's settings as they are to be again. Whoever gives them back first does it.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings(Arc<Mutex<Option<Termios>>>);

impl Settings {
    fn keep(&self, settings: Termios) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(settings);
    }

    /// The terminal has them again.
    pub(super) fn give_back(&self) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // In the background the shell has its own settings.
        if let Some(before) = before.filter(|_| in_foreground())
            && let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, &before)
        {
            tracing::warn!(%error, "the terminal can't be set as it was");
        }
    }
}

/// The terminal, as long as this lives.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<File>>>,
    settings: Settings,
    /// What the window's title was set with.
    title: String,
    /// It has been left.
    left: bool,
}

impl Screen {
    /// Takes it.
    pub(super) fn enter(settings: Settings) -> io::Result<Self> {
        // Whether colours are wanted is our own question, and its answer stands in each style.
        force_color_output(true);
        let out =
            BufWriter::with_capacity(PICTURE_BYTES, File::from(io::stdout().as_fd().try_clone_to_owned()?));
        let mut screen = Self {
            terminal: Terminal::new(CrosstermBackend::new(out))?,
            settings,
            title: String::new(),
            left: true,
        };
        screen.take()?;
        Ok(screen)
    }

    /// Takes it, and whatever was drawn is drawn anew.
    fn take(&mut self) -> io::Result<()> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        self.settings.keep(before);
        self.left = false;
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        let out = self.terminal.backend_mut();
        execute!(out, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        if self.title.is_empty() {
            execute!(out, Print(window_title::KEEP))?;
        }
        self.title.clear();
        self.clear()
    }

    /// Draws it. In the background nothing is: the terminal is somebody else's then. Once it is ours again it
    /// is taken again: whoever brings us back has set it otherwise.
    pub(super) fn draw(&mut self, view: &mut View) -> io::Result<()> {
        if !in_foreground() {
            return Ok(());
        }
        if tcgetattr(io::stdin())?.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO) {
            self.take()?;
        }
        let size = self.terminal.size()?;
        view.resize(size.width, size.height);
        let title = view.window_title();
        if title != self.title {
            execute!(self.terminal.backend_mut(), Print(&title))?;
            self.title = title;
        }
        self.terminal.draw(|frame| draw(view, frame))?;
        Ok(())
    }

    /// Forgets what stands there: something else may have written to it.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        // Its own `clear` asks the terminal where the cursor is, and waits for an answer that may never come.
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// The signal of Ctrl-\, once the terminal is as it was.
    pub(super) fn quit(&mut self) {
        self.leave();
        if let Err(error) = kill_current_process_group(Signal::QUIT) {
            tracing::warn!(%error, "the signal of a key can't be sent");
        }
    }

    fn leave(&mut self) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        let out = self.terminal.backend_mut();
        // One that is gone needs none of it.
        let title = Print(window_title::GIVE_BACK);
        let _gone = execute!(out, ResetColor, DisableBracketedPaste, LeaveAlternateScreen, Show, title);
        let _gone = out.flush();
        self.settings.give_back();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Whether the terminal's keys are ours.
pub(super) fn in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}
