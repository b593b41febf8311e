//! Moonshine's model from outside: a folder among the others, files that are hurt, a pull of its two files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::server::{Reply, Server};
use super::{NOWHERE, expect, names, sha256, stderr};

/// A folder that is whole as far as `list` looks: its parts have the lengths that its list says.
fn folder(models: &Path) {
    let dir = models.join("moonshine-base");
    fs::create_dir_all(&dir).unwrap();
    let part = |file: &str, content: &[u8]| {
        fs::write(dir.join(file), content).unwrap();
        serde_json::json!({ "file": file, "bytes": content.len(), "sha256": sha256(content) })
    };
    let parts = [part("weights.safetensors", b"0123456789"), part("tokens.bin", b"\x01a")];
    let list = serde_json::json!({ "format": 1, "network": "moonshine-base", "parts": parts });
    fs::write(dir.join("model.json"), list.to_string()).unwrap();
}

#[test]
fn it_is_listed_chosen_for_english_and_removed() {
    let dir = TempDir::new().unwrap();
    folder(dir.path());
    let list = || -> serde_json::Value {
        serde_json::from_str(&expect(0, dir.path(), NOWHERE, &["list", "--json"]).0).unwrap()
    };
    let listed = list();
    let installed = &listed["installed"][0];
    assert_eq!((&installed["name"], &installed["family"]), (&"moonshine-base".into(), &"moonshine".into()));
    assert_eq!((&installed["bytes"], &installed["multilingual"]), (&12.into(), &false.into()));
    assert_eq!(listed["default"], "moonshine-base", "nothing else is there");
    let (text, _) = expect(0, dir.path(), NOWHERE, &["list"]);
    assert!(text.contains("int7") && text.contains("English only"), "{text}");

    let (_, err) = expect(0, dir.path(), NOWHERE, &["pull", "moonshine-base"]);
    assert!(err.contains("here already"), "{err}");
    fs::write(dir.path().join("moonshine-base/tokens.bin"), b"longer than that").unwrap();
    let listed = list();
    assert_eq!(listed["installed"], serde_json::json!([]));
    assert!(listed["broken"][0]["error"].as_str().unwrap().contains("is not whole"), "{listed}");
    expect(0, dir.path(), NOWHERE, &["rm", "moonshine-base"]);
    assert_eq!(names(dir.path()), [""; 0]);
    let (_, err) = expect(1, dir.path(), NOWHERE, &["rm", "moonshine-base"]);
    assert!(err.contains("models pull moonshine-base"), "{err}");
}

#[test]
fn files_that_are_hurt_are_refused_and_leave_nothing() {
    let dir = TempDir::new().unwrap();
    let models = dir.path().join("models");
    let gives = |files: &[(&str, &[u8])], arguments: &[&str], words: &str| {
        let from = TempDir::new_in(dir.path()).unwrap();
        for (name, content) in files {
            fs::write(from.path().join(name), content).unwrap();
        }
        let arguments = [&["import", from.path().to_str().unwrap()][..], arguments].concat();
        let (_, err) = expect(1, &models, NOWHERE, &arguments);
        assert!(err.contains(words), "{words:?} is not in {err}");
        assert_eq!(names(&models), [""; 0]);
    };
    let tokens = b"\x01a".repeat(20_000);
    let ort = b"\x18\0\0\0ORTM\0\0\0\0\xff\xff\xff\xff";
    let both: [(&str, &[u8]); 3] =
        [("encoder_model.ort", ort), ("decoder_model_merged.ort", ort), ("tokenizer.bin", &tokens)];
    gives(&both, &[], "damaged");
    gives(&both, &["--quantize", "q8_0"], "--quantize");
    gives(&both, &["--name", "mine"], "begins with moonshine-");
    gives(&both[..2], &[], "tokenizer");
    gives(&both[1..], &[], "encoder_model");
    gives(&[both[0], both[1], ("tokenizer.bin", b"\xc8")], &[], "cut off");
    let junk: [(&str, &[u8]); 2] = [("encoder_model.onnx", b"junk"), ("decoder_model_merged.onnx", b"")];
    gives(&[junk[0], junk[1], both[2]], &[], "ONNX");
    let empty = [&2_u64.to_le_bytes()[..], b"{}"].concat();
    gives(&[("model.safetensors", &empty), both[2]], &[], "is missing");
    gives(&[("model.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\xff{}"), both[2]], &[], "cut off");
    gives(&[("model.safetensors", &empty), ("model.bin", b"x")], &[], "several models");
}

fn pull(models: &Path, url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hansard"));
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env("HANSARD_MODELS", models).env("HANSARD_MODELS_MOONSHINE_URL", url);
    command.args(["models", "pull", "moonshine-base"]).output().unwrap()
}

#[test]
fn a_pull_goes_on_where_it_broke_and_keeps_nothing_that_is_no_model() {
    let dir = TempDir::new().unwrap();
    let header = format!("{{{}}}", " ".repeat(400));
    let weights = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let of_server = weights.clone();
    let server = Server::start(move |request, before| match (request.path.as_str(), before) {
        ("/base/model.safetensors", 0) => {
            Reply { break_off_after: Some(100), ..Reply::file(&of_server, request) }
        }
        ("/base/model.safetensors", _) => Reply::file(&of_server, request),
        ("/base/tokenizer.json", _) => Reply::of("200 OK", r#"{"model":{"vocab":{}}}"#),
        _ => Reply::of("404 Not Found", ""),
    });
    let output = pull(dir.path(), &format!("{}/base", server.url));
    let err = stderr(&output);
    assert!(err.contains("broke off") && err.contains("model.encoder.conv1.weight is missing"), "{err}");
    assert_ne!(output.status.code(), Some(0));
    let asked: Vec<_> =
        server.requests().iter().map(|request| (request.path.clone(), request.from)).collect();
    assert_eq!(asked[1], ("/base/model.safetensors".into(), Some(100)), "{asked:?}");
    assert_eq!(names(dir.path()), ["moonshine-base.part"], "what has come is kept");

    let page = Server::start(|_, _| Reply::of("200 OK", "<!doctype html><html> log in </html>"));
    let output = pull(&dir.path().join("other"), &page.url);
    assert!(stderr(&output).contains("login page"), "{}", stderr(&output));
    let output = pull(dir.path(), "ftp://nowhere");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}
