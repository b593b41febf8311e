//! Summaries: what a chat server makes of a session's text, part by part, and of that only what the text
//! says.
//!
//! The text is cut where people paused, each part goes to the server with the same instructions ([`prompt`]),
//! and its answer is a list of items that cite lines and quote them. Joining them is ours ([`join`]), and
//! each item is held against the lines that it cites ([`judge`], [`verify`]); what fails is left out and kept
//! with the reason.
//!
//! Promises: nothing stands in a summary that the verifier did not pass; what is left out, or could not be
//! read, is counted; nothing goes to any other computer than the one that was named. Refuses to write
//! anything: that is its caller's. What a good model makes of a meeting is the model's.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use crate::base::text::clean;
use crate::config::ServerAddress;
use crate::session::read::ReadError;
use crate::session::reading::Session;
use crate::session::summary::{By, Summary, lines_of, of};

pub mod chat;
pub mod chunks;
pub mod join;
pub mod judge;
pub mod prompt;
pub mod templates;
pub mod tokens;
pub mod verify;

use chat::answer::{Exceeded, Raw};
use chat::{Chat, ChatError, Outcome};
use prompt::Prompt;
use templates::Template;

/// Tokens that a model takes in, where nobody says how many: what Ollama does unasked.
pub const WINDOW_DEFAULT: u64 = 4096;
/// No part is larger, in tokens, however much a model takes in: in long texts models cite badly.
const PART_TOKENS_MAX: f64 = 8000.0;
/// Of the window, the most that is kept for the answer.
const ANSWER_SHARE: f64 = 0.4;
/// Tokens that chat templates put around messages.
const AROUND_TOKENS: f64 = 64.0;
/// A part smaller than this makes no sense: the window is too small for the instructions.
const PART_TOKENS_MIN: f64 = 150.0;
/// So often a part is cut smaller because the server says that it is too long.
const SMALLER_MAX: usize = 6;
/// No line has this number: it stands for those that a part did not have.
const UNSEEN: u32 = 0;
/// Reasons and texts of what is left out, kept at most.
const LEFT_OUT_MAX: usize = 2000;

/// A line as a model gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its short number, from 1.
    pub number: u32,
    /// Its id in the session.
    pub id: String,
    pub speaker: String,
    pub text: String,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
}

/// How a summary is made.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Who is asked.
    pub server: chat::Settings,
    /// What to look for.
    pub template: Template,
    /// Tokens that the model takes in; `None` means what the server tells, else [`WINDOW_DEFAULT`].
    pub window: Option<u64>,
    /// Tokens that an answer may have.
    pub answer_tokens: u64,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Lines that were answered.
    pub lines: usize,
    /// All lines.
    pub of: usize,
    /// The part that is asked for now, from 1; at the end the last one.
    pub part: usize,
    /// Parts, as far as is known: one whose answer can't be used becomes two.
    pub parts: usize,
}

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// The one who is asked.
    #[error(transparent)]
    Chat(ChatError),
    /// What is to be summarised.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is nothing to summarise.
    #[error("no line stands in the minutes of this session: there is nothing to summarise")]
    NoText,
    /// The instructions alone fill the window.
    #[error(
        "a window of {window} tokens is too small for the instructions and a few lines; let the server take in more, or \
         correct summary.context_tokens"
    )]
    Window {
        /// Tokens that the model takes in.
        window: u64,
    },
    /// Somebody wanted that.
    #[error("the summary was given up")]
    Cancelled,
}

impl From<ChatError> for SummaryError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::GivenUp => Self::Cancelled,
            error => Self::Chat(error),
        }
    }
}

/// The lines of a session that stand in the minutes, numbered.
pub fn lines(session: &Session) -> Vec<Line> {
    let line = |(line, number): (&crate::base::utterance::Utterance, u32)| Line {
        number,
        id: line.id.clone(),
        speaker: clean(&line.speaker),
        text: clean(&line.text),
        start: line.start,
        end: line.end,
    };
    lines_of(session).into_iter().zip(1..).map(line).collect()
}

/// The language that most of the text is in, by its code.
pub fn language(session: &Session) -> String {
    let mut by: HashMap<&str, usize> = HashMap::new();
    for line in lines_of(session) {
        *by.entry(line.language.as_str()).or_default() += line.text.len();
    }
    let most = by.into_iter().max_by_key(|(code, length)| (*length, std::cmp::Reverse(*code)));
    most.map(|(code, _)| code.to_owned()).unwrap_or_default()
}

/// How large the parts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Tokens that the model takes in.
    pub window: u64,
    /// Tokens of these for the answer.
    pub answer: u64,
    /// Tokens of these for lines.
    pub lines: f64,
}

/// What fits into a window.
///
/// # Errors
/// Nothing does.
pub fn budget(window: u64, answer_tokens: u64, prompt: &Prompt) -> Result<Budget, SummaryError> {
    let answer = answer_tokens.min((window as f64 * ANSWER_SHARE) as u64);
    let fixed = tokens::of(&prompt.system).most + tokens::of(&prompt::user(&[])).most + AROUND_TOKENS;
    let lines = (window as f64 - answer as f64 - fixed).min(PART_TOKENS_MAX);
    match lines >= PART_TOKENS_MIN {
        true => Ok(Budget { window, answer, lines }),
        false => Err(SummaryError::Window { window }),
    }
}

/// Has a summary made of the session. `told` hears how far it is before each part and at the end; `cancelled`
/// is asked before each part, and while the server works.
///
/// # Errors
/// The server makes none, the session can't be read or has no text; nothing is half made.
pub fn make(
    session: &Session,
    wish: &Wish,
    told: &mut dyn FnMut(Progress),
    cancelled: &dyn Fn() -> bool,
) -> Result<Summary, SummaryError> {
    let lines = lines(session);
    if lines.is_empty() {
        return Err(SummaryError::NoText);
    }
    let language = language(session);
    // Before the first line is sent: what changes meanwhile makes the summary stale.
    let of = of(session, &language)?;
    let prompt = Prompt::new(&wish.template, &language);
    let mut chat = Chat::new(wish.server.clone());
    let listed = chat.look(cancelled)?;
    let window = wish.window.or(listed).unwrap_or(WINDOW_DEFAULT);
    let mut work = Work {
        chat,
        prompt: &prompt,
        lines: &lines,
        budget: budget(window, wish.answer_tokens, &prompt)?,
        answer_tokens: wish.answer_tokens,
        given: Vec::new(),
        misfits: 0,
        unread: Vec::new(),
        parts: 0,
    };
    work.all(told, cancelled)?;
    let by = by(&work.chat, &wish.server.address, &wish.template, &prompt);
    Ok(work.into_summary(session, by, of))
}

fn by(chat: &Chat, address: &ServerAddress, template: &Template, prompt: &Prompt) -> By {
    By {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: file_name(&clean(chat.model())).to_owned(),
        host: address.host().to_owned(),
        here: address.is_here(),
        template: clean(&template.name),
        prompt: prompt.hash(),
    }
}

/// The name of a model's file where a server calls a model by that file's path: where it lies is nobody's
/// business who reads the minutes. `Qwen/Qwen3-8B` is a name as it is.
fn file_name(model: &str) -> &str {
    let is_path = model.starts_with('/') || model.contains('\\');
    if is_path { model.rsplit(['/', '\\']).next().unwrap_or(model) } else { model }
}

/// A part that waits for its turn.
struct Part {
    lines: Range<usize>,
    /// How often it was asked for, with others, and no answer could be used.
    tries: usize,
    /// How often it was cut smaller because it was too long.
    smaller: usize,
}

/// What a model gave.
#[derive(Clone)]
struct Given {
    item: Raw,
    /// It stood whole in an answer that broke off behind it, to the question after so many others: its part
    /// is asked for again.
    tries: Option<usize>,
}

/// A summary while it is made.
struct Work<'a> {
    chat: Chat,
    prompt: &'a Prompt,
    lines: &'a [Line],
    budget: Budget,
    answer_tokens: u64,
    given: Vec<Given>,
    misfits: usize,
    /// Parts that nothing could be read of, and why.
    unread: Vec<(Range<usize>, String)>,
    parts: usize,
}

impl Work<'_> {
    fn all(
        &mut self,
        told: &mut dyn FnMut(Progress),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(), SummaryError> {
        let part = |lines| Part { lines, tries: 0, smaller: 0 };
        let mut waiting: VecDeque<Part> =
            chunks::parts(self.lines, self.budget.lines).into_iter().map(part).collect();
        let of = self.lines.len();
        while let Some(part) = waiting.pop_front() {
            let asked = self.parts + 1;
            told(Progress { lines: part.lines.start, of, part: asked, parts: asked + waiting.len() });
            for again in self.part(part, cancelled)?.into_iter().rev() {
                waiting.push_front(again);
            }
        }
        told(Progress { lines: of, of, part: self.parts, parts: self.parts });
        Ok(())
    }

    /// Asks for one part; what is to be asked instead.
    fn part(&mut self, part: Part, cancelled: &dyn Fn() -> bool) -> Result<Vec<Part>, SummaryError> {
        let lines = &self.lines[part.lines.clone()];
        let user = prompt::user(lines);
        let whole = tokens::of(&self.prompt.system) + tokens::of(&user);
        // What is left of the window is the answer's: a second try may need it.
        let room = self.budget.window as f64 - whole.most - AROUND_TOKENS;
        let more = (self.answer_tokens << part.tries.min(2)).min(room.max(0.0) as u64);
        let answer = self.budget.answer.max(if part.tries > 0 { more } else { 0 });
        match self.chat.ask(self.prompt, &user, whole, answer, cancelled)? {
            Outcome::Items(items) => {
                self.given.extend(given(items.items, lines, None));
                self.misfits += items.misfits;
                self.parts += 1;
                Ok(Vec::new())
            }
            Outcome::TooLong(sizes) => self.too_long(part, whole.most, sizes),
            Outcome::Unusable { why, whole } => {
                self.given.extend(given(whole.items, lines, Some(part.tries)));
                let smaller = chunks::halves(self.lines, &part.lines);
                tracing::info!(why, lines = part.lines.len(), "an answer can't be used");
                if part.tries > 0 {
                    self.unread.push((part.lines, why));
                    self.parts += 1;
                    return Ok(Vec::new());
                }
                let again = |lines| Part { lines, tries: part.tries + 1, smaller: part.smaller };
                Ok(match smaller {
                    Some(halves) => halves.into_iter().map(again).collect(),
                    None => vec![again(part.lines.clone())],
                })
            }
        }
    }

    /// The server's window is smaller than was thought.
    fn too_long(&mut self, part: Part, most: f64, sizes: Exceeded) -> Result<Vec<Part>, SummaryError> {
        let smaller = part.smaller + 1;
        if let Some(window) = sizes.window.filter(|window| *window < self.budget.window) {
            self.budget = budget(window, self.answer_tokens, self.prompt)?;
        } else if sizes.window.is_none() {
            // It doesn't tell: half as much.
            let window = self.budget.window.min(most as u64 + self.budget.answer) / 2;
            self.budget = budget(window, self.answer_tokens, self.prompt)?;
        }
        // It counts more tokens than were thought.
        let dense = sizes.prompt.map_or(1.0, |prompt| (prompt as f64 / most.max(1.0)).max(1.0));
        let room = self.budget.lines / dense;
        if smaller > SMALLER_MAX || room < PART_TOKENS_MIN {
            return Err(SummaryError::Window { window: self.budget.window });
        }
        self.budget.lines = room;
        let from = part.lines.start;
        let lines = &self.lines[part.lines.clone()];
        let mut parts = chunks::parts(lines, room);
        if parts.len() == 1 {
            match chunks::halves(lines, &(0..lines.len())) {
                Some(halves) => parts = halves.to_vec(),
                None => return Err(SummaryError::Window { window: self.budget.window }),
            }
        }
        let part = |lines: Range<usize>| Part {
            lines: lines.start + from..lines.end + from,
            tries: part.tries,
            smaller,
        };
        Ok(parts.into_iter().map(part).collect())
    }
}

/// What a model says of these lines. What it cites beyond them, which it was not shown, is made up, and the
/// verifier could take it for true.
fn given(items: Vec<Raw>, lines: &[Line], tries: Option<usize>) -> impl Iterator<Item = Given> {
    let own = lines.first().map_or(0, |line| line.number)..=lines.last().map_or(0, |line| line.number);
    items.into_iter().map(move |item| match item.lines.iter().all(|line| own.contains(line)) {
        true => Given { item, tries },
        false => Given { item: Raw { lines: vec![UNSEEN], ..item }, tries },
    })
}
