//! A chat server by script: what it lists, what it is asked, what it says.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::asr::{Asked, AsrServer, Reply};

/// A model's answer, with its envelope.
pub fn chat(content: &str) -> Value {
    json!({
        "model": "scripted-1", "choices": [{ "message": { "role": "assistant", "content": content },
        "finish_reason": "stop" }],
    })
}

/// One with these items.
pub fn answer(items: &[Value]) -> Reply {
    Reply::json(&chat(&json!({ "items": items }).to_string()))
}

/// The list of models, if that is what is asked for.
fn models(asked: &Asked) -> Option<Reply> {
    asked
        .path
        .ends_with("/models")
        .then(|| Reply::json(&json!({ "data": [{ "id": "scripted", "meta": { "n_ctx": 4096 } }] })))
}

/// A server that answers each chat as it is told, with the number of chats before.
pub fn server(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> AsrServer {
    let before = AtomicUsize::new(0);
    AsrServer::start(move |asked, _| {
        models(asked).unwrap_or_else(|| answer(asked, before.fetch_add(1, Ordering::SeqCst)))
    })
}

/// The lines that a request has, by their numbers.
pub fn numbers(asked: &Asked) -> Vec<u32> {
    let json = asked.json();
    let user = json["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
    let number = |line: &str| line.strip_prefix('[')?.split(']').next()?.parse().ok();
    user.lines().filter_map(number).collect()
}

/// What a server was asked of lines.
pub fn chats(server: &AsrServer) -> Vec<Asked> {
    server.asked().into_iter().filter(|asked| asked.path.ends_with("/chat/completions")).collect()
}
