//! Keys: what each of them means at the moment. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui_textarea::TextArea;

use super::draw::Page;
use super::view::View;
use super::{Ask, Keys};
use crate::base::text::clean;
use crate::control::Request;
use crate::live::Doing;
use crate::session::mark::{Mark, MarkKind, TEXT_MAX};

/// What a list offers to be chosen by.
pub(super) const CHOICES: &str = "123456789abcdefghijklmnopqrstuvwxyz";

/// What the keys are for at the moment.
#[derive(Debug)]
pub(super) enum Mode {
    Normal,
    Help,
    /// Words are typed.
    Typing(Typing, Box<TextArea<'static>>),
    /// One of these is chosen.
    Choosing(Choosing, Vec<String>),
    /// A question stands; the mode before it comes back where it is denied.
    Asking(Question, Box<Mode>),
}

/// What words are typed for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typing {
    Mark { kind: Option<MarkKind>, at: f64 },
    Remark(Mark),
    Name { from: String },
    Search,
}

/// What is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choosing {
    /// Whom to call otherwise.
    Name,
}

/// What is asked before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Pause,
    End,
}

impl View {
    /// A key was pressed: what is asked for by it.
    pub fn press(&mut self, key: KeyEvent) -> Option<Ask> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match std::mem::replace(&mut self.mode, Mode::Normal) {
            Mode::Asking(question, before) => self.reply(question, *before, key),
            mode if ctrl && key.code == KeyCode::Char('c') => self.interrupt(mode),
            mode if ctrl && key.code == KeyCode::Char('z') => {
                self.mode = mode;
                self.say(match self.options.keys {
                    Keys::Own => "Ctrl-Z does not stop a recording: it goes on. Ctrl-C ends it, P pauses it",
                    Keys::Remote | Keys::Look => "Ctrl-C leaves this view; the recording goes on",
                });
                None
            }
            Mode::Typing(typing, area) => self.typed(typing, area, key),
            Mode::Choosing(choosing, names) => self.chosen(choosing, &names, key),
            Mode::Help => None,
            Mode::Normal => self.pressed(key),
        }
    }

    /// Text was pasted. It is words, and never keys.
    pub fn paste(&mut self, text: &str) {
        if let Mode::Typing(_, area) = &mut self.mode {
            area.insert_str(clean(text));
        }
    }

    /// The mark that is being typed, if any: it counts when the recording ends.
    pub fn last_words(&mut self) -> Option<Ask> {
        let mut mode = std::mem::replace(&mut self.mode, Mode::Normal);
        while let Mode::Asking(_, before) = mode {
            mode = *before;
        }
        match mode {
            Mode::Typing(Typing::Mark { kind, at }, area) => mark(kind, at, &area),
            _ => None,
        }
    }

    fn pressed(&mut self, key: KeyEvent) -> Option<Ask> {
        match key.code {
            KeyCode::Char('?') => self.mode = Mode::Help,
            KeyCode::PageUp => self.scroll(|page| -page),
            KeyCode::PageDown => self.scroll(|page| page),
            KeyCode::Up => self.scroll(|_| -1),
            KeyCode::Down => self.scroll(|_| 1),
            KeyCode::Home => {
                let page = Page::of(self);
                self.transcript.home(page.rows, |entry| page.height(entry));
            }
            KeyCode::End => {
                self.transcript.search = None;
                self.transcript.follow();
            }
            KeyCode::Char('/') => self.kind_of_typing(Typing::Search, ""),
            KeyCode::Char(c @ ('n' | 'N')) if self.transcript.search.is_some() => {
                if !self.transcript.find(c == 'N') {
                    self.say(if c == 'N' { "none is later" } else { "none is earlier" });
                }
            }
            KeyCode::Char('l') => self.strays_wanted = !self.strays_wanted,
            KeyCode::Esc => self.escape(),
            KeyCode::Char('q') if self.options.keys == Keys::Look => return Some(Ask::Leave),
            code if self.options.keys == Keys::Look => {
                if matches!(code, KeyCode::Char('d' | 'a' | 'n' | 'm' | 'e' | 'r' | 'x' | 'P')) {
                    self.say("this view only watches: with hansard watch --control its keys do something");
                }
            }
            code => return self.steer(code),
        }
        None
    }

    /// The keys that change something.
    fn steer(&mut self, code: KeyCode) -> Option<Ask> {
        let mark = |kind| Typing::Mark { kind, at: self.at };
        let typing = match code {
            KeyCode::Char('d') => mark(Some(MarkKind::Decision)),
            KeyCode::Char('a') => mark(Some(MarkKind::Action)),
            KeyCode::Char('q') => mark(Some(MarkKind::Question)),
            KeyCode::Char('n') => mark(Some(MarkKind::Note)),
            KeyCode::Char('m') => mark(None),
            KeyCode::Char('e') => match self.mark.clone() {
                Some(mark) => {
                    let text = mark.text.clone();
                    self.kind_of_typing(Typing::Remark(mark), &text);
                    return None;
                }
                None => {
                    self.say("there is no mark yet that could be edited: d a q n m set one");
                    return None;
                }
            },
            KeyCode::Char('r') => {
                self.choose(Choosing::Name);
                return None;
            }
            KeyCode::Char('P') => return self.pause_or_go_on(),
            KeyCode::Char('p') => {
                self.say("P (upper case) pauses the recording");
                return None;
            }
            _ => return None,
        };
        self.kind_of_typing(typing, "");
        None
    }

    fn kind_of_typing(&mut self, typing: Typing, text: &str) {
        let mut area = TextArea::new(vec![text.to_owned()]);
        area.set_cursor_line_style(ratatui::style::Style::new());
        area.move_cursor(ratatui_textarea::CursorMove::End);
        self.mode = Mode::Typing(typing, Box::new(area));
    }

    fn pause_or_go_on(&mut self) -> Option<Ask> {
        match self.status.as_ref().map(|status| status.doing) {
            Some(Doing::Paused) => Some(Ask::Request(Request::Resume)),
            Some(Doing::Recording) => {
                self.mode = Mode::Asking(Question::Pause, Box::new(Mode::Normal));
                None
            }
            _ => None,
        }
    }

    fn choose(&mut self, choosing: Choosing) {
        let names: Vec<String> = match (choosing, &self.status) {
            (Choosing::Name, _) if !self.transcript.speakers().is_empty() => {
                self.transcript.speakers().to_vec()
            }
            (Choosing::Name, Some(status)) => status.tracks.iter().map(|track| clean(&track.name)).collect(),
            (Choosing::Name, None) => Vec::new(),
        };
        if names.is_empty() {
            self.say("nobody is there yet");
        } else {
            self.mode = Mode::Choosing(choosing, names);
        }
    }

    fn chosen(&mut self, choosing: Choosing, names: &[String], key: KeyEvent) -> Option<Ask> {
        let KeyCode::Char(c) = key.code else { return None };
        let name = CHOICES.find(c).and_then(|index| names.get(index))?;
        match choosing {
            Choosing::Name => self.kind_of_typing(Typing::Name { from: name.clone() }, name),
        }
        None
    }

    /// First what covers something, then the search, then alarms are put aside.
    fn escape(&mut self) {
        if self.transcript.search.take().is_some() {
            self.transcript.follow();
        } else if self.alarms.put_aside(self.now) {
            self.say("put aside; what is still wrong in a minute comes back");
        } else {
            self.strays_wanted = false;
        }
    }

    fn interrupt(&mut self, mode: Mode) -> Option<Ask> {
        if self.options.keys == Keys::Look {
            return Some(Ask::Leave);
        }
        self.mode = Mode::Asking(Question::End, Box::new(mode));
        None
    }

    fn reply(&mut self, question: Question, before: Mode, key: KeyEvent) -> Option<Ask> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let again = ctrl && key.code == KeyCode::Char('c');
        let yes = !ctrl && matches!(key.code, KeyCode::Char('y' | 'Y'));
        match question {
            Question::Pause if yes => Some(Ask::Request(Request::Pause)),
            Question::Pause if again => self.interrupt(before),
            Question::Pause => {
                self.mode = before;
                self.say("not paused: the recording goes on");
                None
            }
            Question::End if again && self.options.keys == Keys::Remote => Some(Ask::Leave),
            Question::End if yes || again => {
                // What is being typed counts.
                self.mode = before;
                Some(Ask::End)
            }
            Question::End => {
                self.mode = before;
                self.say("the recording goes on");
                None
            }
        }
    }

    fn typed(&mut self, typing: Typing, mut area: Box<TextArea<'static>>, key: KeyEvent) -> Option<Ask> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => {
                if typing == Typing::Search {
                    self.transcript.search = None;
                    self.transcript.follow();
                }
            }
            KeyCode::Enter => return self.entered(typing, &area),
            // Some terminals send this for Enter.
            KeyCode::Char('j' | 'm') if ctrl => return self.entered(typing, &area),
            KeyCode::Tab => self.mode = Mode::Typing(typing, area),
            _ => {
                if text_of(&area).chars().count() < TEXT_MAX || !matches!(key.code, KeyCode::Char(_)) {
                    area.input(key);
                }
                self.mode = Mode::Typing(typing, area);
            }
        }
        None
    }

    fn entered(&mut self, typing: Typing, area: &TextArea<'_>) -> Option<Ask> {
        let text = text_of(area);
        match typing {
            Typing::Mark { kind, at } => mark(kind, at, area),
            Typing::Remark(mark) if text.is_empty() => {
                self.say(format!(
                    "{} stays as it is; hansard edit … unmark {} takes it back",
                    mark.id, mark.id
                ));
                None
            }
            Typing::Remark(mark) => {
                (text != mark.text).then_some(Ask::Request(Request::Remark(Mark { text, ..mark })))
            }
            Typing::Name { from } => {
                let voice = self.transcript.voice_of(&from);
                (!text.is_empty() && text != from).then_some(Ask::Rename { voice, from, to: text })
            }
            Typing::Search if text.is_empty() => {
                self.transcript.search = None;
                None
            }
            Typing::Search => {
                self.transcript.look_for(&text);
                if self.transcript.matches().0 == 0 {
                    self.transcript.search = None;
                    self.say(format!("{text:?} was not said, nor marked"));
                }
                None
            }
        }
    }

    fn scroll(&mut self, lines: impl Fn(isize) -> isize) {
        let page = Page::of(self);
        let by = lines(page.rows.saturating_sub(1).max(1) as isize);
        self.transcript.scroll(by, page.rows, |entry| page.height(entry));
    }
}

/// What stands in the line, safe for documents.
pub(super) fn text_of(area: &TextArea<'_>) -> String {
    clean(&area.lines().join(" "))
}

/// A mark with these words; none without words.
fn mark(kind: Option<MarkKind>, at: f64, area: &TextArea<'_>) -> Option<Ask> {
    let text = text_of(area);
    (!text.is_empty()).then_some(Ask::Request(Request::Mark { text, kind, at: Some(at) }))
}
