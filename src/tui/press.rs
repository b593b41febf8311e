//! Keys: what each of them means at the moment. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui_textarea::TextArea;

use super::mode::{CHOICES, Choosing, Mode, Question, Typing};
use super::page::Page;
use super::view::View;
use super::{Ask, Keys};
use crate::base::text::clean;
use crate::control::Request;
use crate::live::Doing;
use crate::session::mark::{Mark, MarkKind, TEXT_MAX};

/// Seconds after its question from which on a `y` pauses: nobody's "Py…" is an answer.
const ANSWER_S: f64 = 0.4;
/// A question to pause is taken back after so many seconds.
const ASKED_S: f64 = 10.0;
/// What a mark says that was set without words: a moment may be worth one before anybody has words for it.
const WORDLESS: &str = "marked";

impl View {
    /// A key was pressed: what is asked for by it.
    pub fn press(&mut self, key: KeyEvent) -> Option<Ask> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match std::mem::replace(&mut self.mode, Mode::Normal) {
            Mode::Asking(question, since, before) => self.reply(question, since, *before, key),
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

    /// Takes back what nobody has answered.
    pub(super) fn tire(&mut self) {
        if matches!(&self.mode, Mode::Asking(Question::Pause, since, _) if self.now - since > ASKED_S) {
            self.mode = Mode::Normal;
            self.say("not paused: the recording goes on");
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
        while let Mode::Asking(_, _, before) = mode {
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
        let at = self.at;
        let mark = |kind| Typing::Mark { kind, at };
        let typing = match code {
            KeyCode::Char('d' | 'D') => mark(Some(MarkKind::Decision)),
            KeyCode::Char('a' | 'A') => mark(Some(MarkKind::Action)),
            KeyCode::Char('q' | 'Q') => mark(Some(MarkKind::Question)),
            KeyCode::Char('n' | 'N') => mark(Some(MarkKind::Note)),
            KeyCode::Char('m' | 'M') => mark(None),
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
            KeyCode::Char('x') => {
                self.choose(Choosing::Mute);
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
                self.mode = Mode::Asking(Question::Pause, self.now, Box::new(Mode::Normal));
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
            (Choosing::Name | Choosing::Mute, Some(status)) => {
                status.tracks.iter().map(|track| self.called(track)).collect()
            }
            (Choosing::Name | Choosing::Mute, None) => Vec::new(),
        };
        if names.is_empty() {
            self.say("nobody is there yet");
        } else {
            self.mode = Mode::Choosing(choosing, names);
        }
    }

    fn chosen(&mut self, choosing: Choosing, names: &[String], key: KeyEvent) -> Option<Ask> {
        let KeyCode::Char(c) = key.code else { return None };
        let index = CHOICES.find(c)?;
        let name = names.get(index)?;
        match choosing {
            Choosing::Mute => {
                let track = self.status.as_ref()?.tracks.get(index)?;
                let name = track.track.clone();
                return Some(Ask::Request(match track.muted_since {
                    None => Request::Mute { name },
                    Some(_) => Request::Unmute { name },
                }));
            }
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
        self.mode = Mode::Asking(Question::End, self.now, Box::new(mode));
        None
    }

    fn reply(&mut self, question: Question, since: f64, before: Mode, key: KeyEvent) -> Option<Ask> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let again = ctrl && key.code == KeyCode::Char('c');
        let yes = !ctrl && matches!(key.code, KeyCode::Char('y' | 'Y'));
        match question {
            Question::Pause if yes && self.now - since >= ANSWER_S => Some(Ask::Request(Request::Pause)),
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
            KeyCode::Char('u') if ctrl => {
                area.delete_line_by_head();
                self.mode = Mode::Typing(typing, area);
            }
            // Between the key and the words.
            KeyCode::Char(' ') if area.is_empty() => self.mode = Mode::Typing(typing, area),
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
            Typing::Mark { kind, at } if text.is_empty() => {
                Some(Ask::Request(Request::Mark { text: WORDLESS.into(), kind, at: Some(at) }))
            }
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
