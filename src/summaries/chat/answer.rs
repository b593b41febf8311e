//! What a chat server answers: the model's words out of its envelope, and the items out of these. Pure.
//!
//! Promises: nothing is believed before it is checked; texts are bounded, on one line and without control
//! characters. What a model thinks before it answers is no part of the answer.

use serde_json::Value;

use super::super::prompt::{LINES_MAX, NAME_MAX, QUOTE_MAX, TEXT_MAX};
use crate::base::text::clean;
use crate::session::summary::Kind;

/// Items of one answer that are looked at; a schema asks for far fewer.
const LOOKED_AT_MAX: usize = 200;
/// A model that had no schema may write so many times more than that allows.
const LONGER: usize = 2;
/// No window has fewer tokens: smaller numbers in a complaint are something else.
const WINDOW_MIN: u64 = 64;

/// An item as a model gives it, lines by their short numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    pub kind: Kind,
    pub text: String,
    pub owner: Option<String>,
    pub due: Option<String>,
    pub quote: String,
    pub lines: Vec<u32>,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The model's answer, without what it thought.
    pub content: String,
    /// It came to the limit of its tokens.
    pub cut: bool,
    /// It thought before it answered.
    pub thought: bool,
    /// Tokens that it took in, where it tells.
    pub prompt_tokens: Option<u64>,
    /// Its own name for the model.
    pub model: Option<String>,
}

/// Reads the envelope.
///
/// # Errors
/// It is none: why.
pub fn envelope(body: &Value) -> Result<Said, String> {
    let choice = body.get("choices").and_then(|choices| choices.get(0)).ok_or("it holds no choices")?;
    let message = choice.get("message").ok_or("it holds no message")?;
    let content = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        // Parts of a message, as some servers have it.
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().concat()
        }
        _ => String::new(),
    };
    let beside =
        |name: &&str| message.get(name).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    let spoken = without_thoughts(&content);
    let usage = body.get("usage").and_then(|usage| usage.get("prompt_tokens")).and_then(Value::as_u64);
    Ok(Said {
        thought: ["reasoning_content", "reasoning"].iter().any(beside) || spoken.len() < content.trim().len(),
        content: spoken.to_owned(),
        cut: choice.get("finish_reason").and_then(Value::as_str) == Some("length"),
        // Servers that don't count, or not what they have kept, say 0.
        prompt_tokens: usage.filter(|tokens| *tokens > 0),
        model: body.get("model").and_then(Value::as_str).map(clean).filter(|name| !name.is_empty()),
    })
}

/// What follows the thoughts. Thoughts that don't end are followed by nothing.
fn without_thoughts(content: &str) -> &str {
    let content = content.trim();
    for (begin, end) in [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]")] {
        if let Some((_, spoken)) = content.rsplit_once(end) {
            return spoken.trim();
        }
        if content.starts_with(begin) {
            return "";
        }
    }
    content
}

/// What came of an answer's items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    pub items: Vec<Raw>,
    /// Entries that are no items.
    pub misfits: usize,
}

/// The items of a model's answer.
///
/// # Errors
/// It fits no schema: why.
pub fn items(content: &str) -> Result<Items, String> {
    let answer = json_in(content).ok_or("it is not JSON")?;
    let list = answer.get("items").and_then(Value::as_array).ok_or("it holds no list of items")?;
    let mut out = Items { misfits: list.len().saturating_sub(LOOKED_AT_MAX), ..Items::default() };
    for entry in list.iter().take(LOOKED_AT_MAX) {
        match item(entry) {
            Some(item) => out.items.push(item),
            None => out.misfits += 1,
        }
    }
    match out.items.is_empty() && out.misfits > 0 {
        true => Err("none of its items is one".to_owned()),
        false => Ok(out),
    }
}

/// The items of an answer that broke off, as far as they stand in it whole. What follows the first that does
/// not is none of them.
pub fn whole_items(content: &str) -> Items {
    let mut out = Items::default();
    let list = content.find("\"items\"").and_then(|at| content[at..].split_once('['));
    let mut rest = list.map_or("", |(_, list)| list);
    for _ in 0..LOOKED_AT_MAX {
        rest = rest.trim_start_matches([',', ' ', '\n', '\r', '\t']);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(entry @ Value::Object(_))) = values.next() else { break };
        rest = &rest[values.byte_offset()..];
        match item(&entry) {
            Some(item) => out.items.push(item),
            None => out.misfits += 1,
        }
    }
    out
}

/// The JSON of an answer, also between words or marks of code, as models without a schema write it.
fn json_in(content: &str) -> Option<Value> {
    serde_json::from_str(content).ok().or_else(|| {
        let inside = content.get(content.find('{')?..=content.rfind('}')?)?;
        serde_json::from_str(inside).ok()
    })
}

fn item(entry: &Value) -> Option<Raw> {
    let text = |name: &str, max: usize| {
        let text = clean(entry.get(name)?.as_str()?);
        (!text.is_empty() && text.chars().count() <= max * LONGER).then_some(text)
    };
    let optional = |name: &str| match entry.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(told)) if clean(told).is_empty() => Some(None),
        Some(_) => text(name, NAME_MAX).map(Some),
    };
    let kind = entry.get("kind")?.as_str()?;
    let kind = Kind::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(kind.trim()))?;
    let mut lines: Vec<u32> = entry.get("lines")?.as_array()?.iter().map(number).collect::<Option<_>>()?;
    lines.sort_unstable();
    lines.dedup();
    if lines.is_empty() || lines.len() > LINES_MAX * LONGER {
        return None;
    }
    Some(Raw {
        kind,
        text: text("text", TEXT_MAX)?,
        owner: optional("owner")?,
        due: optional("due")?,
        // Whether it is there at all is the verifier's question.
        quote: text("quote", QUOTE_MAX).unwrap_or_default(),
        lines,
    })
}

/// A line's number, also as text: `"12"`, `"[12]"`.
fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(text) => text.trim().trim_matches(['[', ']']).parse().ok(),
        _ => None,
    }
}

/// That a request is larger than the model's window, in tokens, as far as a server tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exceeded {
    /// What the request has.
    pub prompt: Option<u64>,
    pub window: Option<u64>,
}

/// Whether a server complains that a request is larger than the window.
pub fn exceeded(body: &Value) -> Option<Exceeded> {
    let error = body.get("error").unwrap_or(body);
    let told = |name: &str| error.get(name).and_then(Value::as_u64);
    let names = ["type", "code"].map(|name| error.get(name).and_then(Value::as_str).unwrap_or_default());
    let message = error.get("message").and_then(Value::as_str).or_else(|| error.as_str()).unwrap_or_default();
    let message = message.to_lowercase();
    let phrase = ["context length", "context window", "context size", "maximum context"];
    let at = phrase.iter().find_map(|words| message.rfind(words));
    let is_known = names
        .iter()
        .any(|name| name.contains("exceed_context_size") || name.contains("context_length_exceeded"));
    if !is_known && at.is_none() && told("n_ctx").is_none() {
        return None;
    }
    let window = told("n_ctx").or_else(|| numbers(&message[at.unwrap_or(0)..]).next());
    let larger = |prompt: &u64| window.is_none_or(|window| *prompt > window);
    let prompt = told("n_prompt_tokens").or_else(|| numbers(&message).filter(larger).min());
    Some(Exceeded { prompt, window })
}

/// The numbers in a text that may be sizes.
fn numbers(text: &str) -> impl Iterator<Item = u64> + '_ {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).filter(|number| *number >= WINDOW_MIN)
}

/// How many tokens a model takes in, as its entry in a server's list tells it: what is loaded, not what it
/// was trained for.
pub fn window(entry: &Value) -> Option<u64> {
    let at = |value: Option<&Value>, name: &str| value?.get(name)?.as_u64();
    let beside = |name: &str| at(Some(entry), name);
    beside("loaded_context_length")
        .or_else(|| at(entry.get("meta"), "n_ctx"))
        .or_else(|| beside("n_ctx"))
        .or_else(|| beside("max_model_len"))
        .or_else(|| beside("context_window"))
        .or_else(|| beside("context_length"))
        .or_else(|| beside("max_context_length"))
        .filter(|tokens| *tokens >= WINDOW_MIN)
}

#[cfg(test)]
mod tests;
