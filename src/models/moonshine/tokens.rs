//! A model's tokens: the bytes that each stands for.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Deserialize;

/// No token is longer, as two bytes tell its length.
const TOKEN_MAX_BYTES: usize = 128 * 128;

/// Each token is a length and its bytes: below 128 one byte, else two, the lower seven bits first.
pub(super) fn write_tokens(tokens: &[Vec<u8>], out: &mut impl Write) -> io::Result<()> {
    for token in tokens {
        let length = token.len().min(TOKEN_MAX_BYTES - 1);
        if length < 128 {
            out.write_all(&[length as u8])?;
        } else {
            out.write_all(&[(128 + length % 128) as u8, (length / 128) as u8])?;
        }
        out.write_all(&token[..length])?;
    }
    Ok(())
}

/// Reads tokens as `write_tokens` and Moonshine's own `tokenizer.bin` have them.
pub fn of_bin(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut tokens = Vec::new();
    while let Some((&low, rest)) = bytes.split_first() {
        let (length, rest) = match low {
            0..128 => (usize::from(low), rest),
            _ => {
                let (&high, rest) = rest.split_first().ok_or("the tokens are cut off")?;
                (usize::from(low - 128) + 128 * usize::from(high), rest)
            }
        };
        let (token, rest) = rest.split_at_checked(length).ok_or("the tokens are cut off")?;
        tokens.push(token.to_vec());
        bytes = rest;
    }
    Ok(tokens)
}

/// Reads the tokens of Hugging Face's `tokenizer.json`.
pub fn of_json(json: &[u8], vocabulary: usize) -> Result<Vec<Vec<u8>>, String> {
    #[derive(Deserialize)]
    struct Tokenizer {
        model: Vocabulary,
        #[serde(default)]
        added_tokens: Vec<Added>,
    }
    #[derive(Deserialize)]
    struct Vocabulary {
        vocab: HashMap<String, usize>,
    }
    #[derive(Deserialize)]
    struct Added {
        id: usize,
        content: String,
    }
    let tokenizer: Tokenizer =
        serde_json::from_slice(json).map_err(|error| format!("tokenizer.json: {error}"))?;
    let mut tokens = vec![Vec::new(); vocabulary];
    let added = tokenizer.added_tokens.into_iter().map(|added| (added.content, added.id));
    for (text, id) in tokenizer.model.vocab.into_iter().chain(added) {
        let Some(token) = tokens.get_mut(id) else {
            return Err(format!("tokenizer.json has the token {id}, and {vocabulary} are known"));
        };
        let byte = text.strip_prefix("<0x").and_then(|text| text.strip_suffix('>'));
        *token = match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => vec![byte],
            None => text.into_bytes(),
        };
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_they_are_written() {
        let tokens = vec![b"a".to_vec(), Vec::new(), vec![7; 127], vec![8; 128], vec![9; 300]];
        let mut bytes = Vec::new();
        write_tokens(&tokens, &mut bytes).unwrap();
        assert_eq!(of_bin(&bytes).unwrap(), tokens);
        assert!(of_bin(&bytes[..bytes.len() - 1]).is_err());
        assert!(of_bin(&[200]).is_err());
    }

    #[test]
    fn a_tokenizer_in_json_has_bytes_and_words() {
        let json = r#"{"model":{"vocab":{"<unk>":0,"<0x41>":1,"▁the":2}},"added_tokens":[{"id":3,"content":"<<ST>>"}]}"#;
        let tokens = of_json(json.as_bytes(), 5).unwrap();
        assert_eq!(tokens[1], b"A");
        assert_eq!(tokens[2], "▁the".as_bytes());
        assert_eq!((tokens[3].as_slice(), tokens[4].len()), (&b"<<ST>>"[..], 0));
        assert!(of_json(json.as_bytes(), 3).is_err());
        assert!(of_json(b"[]", 3).is_err());
    }
}
