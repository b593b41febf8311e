//! `hansard models pull` against a local server: whole, broken off, resumed, wrong, refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::server::{Reply, Server};
use super::{NOWHERE, expect, model, names, sha256};

#[test]
fn a_pull_follows_the_redirect_and_believes_the_first_answer_s_hash() {
    let dir = TempDir::new().unwrap();
    let models = dir.path().join("models");
    let server = Server::start(|request, _| match request.path.as_str() {
        "/main/ggml-tiny.bin" => Reply::of("302 Found", "elsewhere")
            .with("Location", "/store/blob")
            .with("X-Linked-Etag", format!("\"{}\"", sha256(model())))
            .with("X-Linked-Size", model().len().to_string()),
        "/store/blob" => Reply::file(model(), request),
        _ => Reply::of("404 Not Found", ""),
    });
    // The catalogue has another hash for `tiny`: the server's own word goes first.
    let (out, err) = expect(0, &models, &format!("{}/main/", server.url), &["pull", "tiny"]);
    assert!(out.starts_with("tiny (") && !err.contains("no hash"), "{out}{err}");
    assert_eq!(names(&models), ["ggml-tiny.bin"]);
    assert!(fs::read(models.join("ggml-tiny.bin")).unwrap() == model());
    assert_eq!(fs::metadata(models.join("ggml-tiny.bin")).unwrap().permissions().mode() & 0o777, 0o600);
    let before = server.requests().len();
    let (_, err) = expect(0, &models, &format!("{}/main", server.url), &["pull", "ggml-tiny.bin"]);
    assert!(err.contains("here already"), "{err}");
    assert_eq!(server.requests().len(), before, "nothing is loaded twice");
}

#[test]
fn a_broken_transfer_goes_on_where_it_broke() {
    let dir = TempDir::new().unwrap();
    let half = model().len() / 2;
    let server = Server::start(move |request, before| match before {
        0 => Reply { break_off_after: Some(half), ..Reply::file(model(), request) },
        1 => Reply::of("503 Service Unavailable", ""),
        _ => Reply::file(model(), request),
    });
    let (_, err) = expect(0, dir.path(), &server.url, &["pull", "tiny-q8_0"]);
    assert!(err.contains("broke off") && err.contains("503") && err.contains("no hash is known"), "{err}");
    assert!(fs::read(dir.path().join("ggml-tiny-q8_0.bin")).unwrap() == model());
    let asked: Vec<_> = server.requests().iter().map(|request| request.from).collect();
    assert_eq!(asked, [None, Some(half), Some(half)]);
}

#[test]
fn a_part_that_lies_here_is_used_if_it_fits() {
    let third = model().len() / 3;
    let with_hash = |reply: Reply| reply.with("X-Linked-Etag", sha256(model()));
    let wrong: Vec<u8> = model()[..third].iter().map(|byte| byte ^ 1).collect();
    let too_long = [model(), b"and more"].concat();
    // (what lies here, whether the server knows ranges, what is asked for)
    let cases = [
        (&model()[..third], true, vec![Some(third)]),
        (&model()[..third], false, vec![Some(third)]),
        (model(), true, vec![Some(model().len())]),
        (&wrong[..], true, vec![Some(third), None]),
        (&too_long[..], true, vec![Some(too_long.len()), None]),
    ];
    for (part, ranges, asked) in cases {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("ggml-base-q8_0.bin.part"), part).unwrap();
        let server = Server::start(move |request, _| match ranges {
            true => with_hash(Reply::file(model(), request)),
            false => with_hash(Reply::of("200 OK", model())),
        });
        expect(0, dir.path(), &server.url, &["pull", "base-q8_0"]);
        assert_eq!(names(dir.path()), ["ggml-base-q8_0.bin"]);
        assert!(fs::read(dir.path().join("ggml-base-q8_0.bin")).unwrap() == model());
        assert_eq!(server.requests().iter().map(|request| request.from).collect::<Vec<_>>(), asked);
    }
}

#[test]
fn a_wrong_download_is_refused_and_thrown_away() {
    let refuses = |name: &str, code: i32, words: &[&str], requests: usize, answer: fn() -> Reply| {
        let dir = TempDir::new().unwrap();
        let server = Server::start(move |_, _| answer());
        let (_, err) = expect(code, dir.path(), &server.url, &["pull", name]);
        assert!(words.iter().all(|word| err.contains(word)), "{words:?}: {err}");
        assert_eq!(names(dir.path()), [""; 0], "{err}");
        assert_eq!(server.requests().len(), requests, "{err}");
    };
    let other_hash =
        || Reply::of("200 OK", model()).with("X-Linked-Etag", format!("\"{}\"", "ab".repeat(32)));
    refuses("tiny-q8_0", 3, &["SHA-256", "abab"], 1, other_hash);
    // By the catalogue, where the server names none.
    refuses("tiny", 3, &["SHA-1", "bd577a11"], 1, || Reply::of("200 OK", model()));
    refuses("tiny-q8_0", 3, &["404", "models.base_url"], 1, || Reply::of("404 Not Found", "no such file"));
    refuses("tiny-q8_0", 3, &["<html>Please log in"], 1, || {
        Reply::of("200 OK", "<html>Please log in</html>")
    });
    refuses("tiny-q8_0", 3, &["is not whole"], 1, || Reply::of("200 OK", &model()[..model().len() - 100]));
    refuses("tiny-q8_1", 1, &["no published model", "tiny-q8_0"], 0, || Reply::of("200 OK", model()));
}

#[test]
fn without_network_the_way_round_is_named() {
    let dir = TempDir::new().unwrap();
    let (_, err) = expect(3, dir.path(), NOWHERE, &["pull", "tiny"]);
    assert!(err.contains("models import") && err.contains("refused"), "{err}");
    assert_eq!(names(dir.path()), [""; 0]);
    let (_, err) = expect(1, dir.path(), "ftp://example.org", &["pull", "tiny"]);
    assert!(err.contains("models.base_url") && err.contains("https://"), "{err}");
}
