use proptest::prelude::*;
use serde_json::json;

use super::*;

fn good() -> Value {
    json!({"kind": "decision", "text": "We go.", "quote": "let us go", "lines": [3]})
}

#[test]
fn items_are_found_in_all_that_models_write_around_them() {
    let plain = json!({"items": [good()], "note": "unknown fields are ignored"}).to_string();
    let odd = json!({"items": [{"kind": "Decision", "text": " We\n go. ", "quote": "let us go", "lines": ["[3]", 3],
        "owner": null, "due": ""}]});
    for content in [
        plain.clone(),
        format!("```json\n{plain}\n```"),
        format!("Here you are:\n{plain}\nAnything else?"),
        odd.to_string(),
    ] {
        let wanted = Raw {
            kind: Kind::Decision,
            text: "We go.".into(),
            owner: None,
            due: None,
            quote: "let us go".into(),
            lines: vec![3],
        };
        assert_eq!(items(&content).unwrap(), Items { items: vec![wanted], misfits: 0 }, "{content}");
    }
    assert_eq!(items(r#"{"items": []}"#).unwrap(), Items::default(), "there may be nothing to tell");
}

#[test]
fn what_fits_no_schema_is_none() {
    for (content, why) in [
        ("Yes, yes, yes, yes", "not JSON"),
        ("", "not JSON"),
        ("{\"items\": [{\"kind\": \"decision\", \"te", "not JSON"),
        ("[]", "no list"),
        ("{\"items\": 3}", "no list"),
        (r#"{"items": [{"kind": "poem", "text": "x", "quote": "y", "lines": [1]}]}"#, "none of its items"),
    ] {
        assert!(items(content).unwrap_err().contains(why), "{content}");
    }
    let mut all = Vec::new();
    for (name, value) in [
        ("kind", json!("poem")),
        ("text", json!("")),
        ("text", json!("x".repeat(10_000))),
        ("lines", json!([])),
        ("lines", json!([-1])),
        ("lines", json!([1.5])),
        ("lines", json!("1")),
        ("owner", json!(7)),
    ] {
        let mut item = good();
        item[name] = value;
        all.push(item);
    }
    let misfits = all.len();
    all.push(good());
    let read = items(&json!({ "items": all }).to_string()).unwrap();
    assert_eq!((read.items.len(), read.misfits), (1, misfits), "counted, and the good one stays");
    let read = items(&json!({ "items": vec![good(); 1000] }).to_string()).unwrap();
    assert_eq!((read.items.len(), read.misfits), (LOOKED_AT_MAX, 1000 - LOOKED_AT_MAX));
}

#[test]
fn what_a_model_thinks_is_no_part_of_its_answer() {
    let of = |content: &str| {
        envelope(&json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]})).unwrap()
    };
    let said = of("<think>They say {\"items\": 1}, hm.</think>\n{\"items\": []}");
    assert_eq!((said.content.as_str(), said.thought, said.cut), ("{\"items\": []}", true, false));
    assert_eq!(of("hm.</think>{}").content, "{}", "some templates open it in the prompt");
    assert_eq!((of("<think>never ends {}").content.as_str(), of("{}").thought), ("", false));
    let beside = json!({"choices": [{"message": {"content": null, "reasoning_content": "hm"},
        "finish_reason": "length"}], "usage": {"prompt_tokens": 0}, "model": "m"});
    let said = envelope(&beside).unwrap();
    assert_eq!((said.content.as_str(), said.thought, said.cut, said.prompt_tokens), ("", true, true, None));
    assert!(envelope(&json!({"choices": []})).is_err() && envelope(&json!(7)).is_err());
}

#[test]
fn sizes_are_found_in_the_complaints_of_servers() {
    let sizes = |prompt, window| Some(Exceeded { prompt: Some(prompt), window: Some(window) });
    let llama = json!({"error": {"code": 400, "message": "the request exceeds the available context size",
        "type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 4096}});
    assert_eq!(exceeded(&llama), sizes(5000, 4096));
    let vllm = json!({"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you \
        requested 6000 tokens (5000 in the messages, 1000 in the completion).", "code": 400});
    assert_eq!(exceeded(&vllm), sizes(5000, 4096));
    let studio = json!({"error": "Trying to keep the first 5000 tokens when context overflows. However, the model is \
        loaded with context length of only 4096 tokens"});
    assert_eq!(exceeded(&studio), sizes(5000, 4096));
    let bare = json!({"error": {"message": "Please reduce the prompt", "code": "context_length_exceeded"}});
    assert_eq!(exceeded(&bare), Some(Exceeded::default()));
    assert_eq!(exceeded(&json!({"error": {"message": "no such model", "type": "invalid"}})), None);
}

#[test]
fn the_window_is_what_is_loaded_and_not_what_a_model_was_trained_for() {
    assert_eq!(window(&json!({"id": "m", "meta": {"n_ctx_train": 32768, "n_ctx": 4096}})), Some(4096));
    assert_eq!(window(&json!({"id": "m", "meta": {"n_ctx_train": 32768}})), None);
    assert_eq!(window(&json!({"id": "m", "max_model_len": 8192})), Some(8192));
    let loaded = json!({"id": "m", "loaded_context_length": 2048, "max_context_length": 9999});
    assert_eq!(window(&loaded), Some(2048));
    assert_eq!(window(&json!({"id": "m"})), None);
}

proptest! {
    #[test]
    fn junk_never_panics(junk in "\\PC{0,120}") {
        let _ = items(&junk);
        let _ = items(&format!("{{\"items\": [{junk}]}}"));
        let _ = exceeded(&json!({ "error": { "message": junk } }));
    }
}
