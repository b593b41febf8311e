//! What servers answer, whatever they were asked: JSON, and complaints in all the shapes that are about.
//! Pure.

use serde_json::Value;

use crate::base::text;

/// Columns of a complaint that are told.
pub const COMPLAINT_COLUMNS: usize = 200;

/// What a server complains of, in one line. Empty if it says nothing.
pub fn complaint(body: &[u8]) -> String {
    let plain = || String::from_utf8_lossy(body).into_owned();
    let told = parse(body).map_or_else(plain, |answer| complaint_in(&answer).unwrap_or_else(plain));
    text::fit(&text::clean(&told), COMPLAINT_COLUMNS)
}

/// `error.message`, `error`, the same inside `detail`, `detail[].msg`, `detail`, `message`.
pub fn complaint_in(answer: &Value) -> Option<String> {
    let of = |value: &Value| -> Option<String> {
        let error = value.get("error").filter(|error| !error.is_null())?;
        let message = error.get("message").unwrap_or(error);
        Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
    };
    of(answer).or_else(|| {
        let detail = answer.get("detail").filter(|detail| !detail.is_null());
        match detail {
            Some(Value::Array(list)) => {
                let messages = list.iter().filter_map(|one| one.get("msg")?.as_str());
                Some(messages.collect::<Vec<_>>().join("; "))
            }
            Some(detail) => Some(
                of(detail)
                    .unwrap_or_else(|| detail.as_str().map_or_else(|| detail.to_string(), str::to_owned)),
            ),
            None if answer.get("text").is_none() => answer.get("message")?.as_str().map(str::to_owned),
            None => None,
        }
    })
}

/// JSON, also with the `NaN` and `Infinity` that some servers write.
pub fn parse(body: &[u8]) -> Option<Value> {
    let body = String::from_utf8_lossy(body);
    serde_json::from_str(&body).ok().or_else(|| serde_json::from_str(&without_nan(&body)).ok())
}

/// `null` for each number outside of strings that is none.
fn without_nan(json: &str) -> String {
    let (mut out, mut rest, mut inside) = (String::with_capacity(json.len()), json, false);
    while let Some(c) = rest.chars().next() {
        let word =
            ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !inside && rest.starts_with(word));
        let taken = match (word, c) {
            (Some(word), _) => {
                out += "null";
                word.len()
            }
            (None, '\\') if inside => {
                let two = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                out += &rest[..two];
                two
            }
            (None, c) => {
                inside ^= c == '"';
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn complaints_are_found_in_all_their_shapes() {
        for (body, said) in [
            (
                json!({"error": {"message": "no such model", "type": "invalid_request_error"}}),
                "no such model",
            ),
            (json!({"error": "not like this"}), "not like this"),
            (json!({"detail": {"error": {"message": "inside", "type": "x"}}}), "inside"),
            (
                json!({"detail": [{"type": "missing", "loc": ["body", "file"], "msg": "Field required"}]}),
                "Field required",
            ),
            (json!({"detail": "Not Found"}), "Not Found"),
            (json!({"object": "error", "message": "too long", "code": 400}), "too long"),
        ] {
            assert_eq!(complaint(body.to_string().as_bytes()), said);
        }
        assert_eq!(complaint(b"Internal\x1b[31m Server\nError"), "Internal[31m Server Error");
        assert!(text::columns(&complaint("x".repeat(9999).as_bytes())) <= COMPLAINT_COLUMNS);
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = complaint(&junk);
        }
    }
}
