//! Who may ask.

use std::io::{Read as _, Write as _};

use super::{LINES, Served, id, session};
use crate::support::home::Home;

#[test]
fn only_who_has_the_token_and_comes_from_here_is_answered() {
    let home = Home::new();
    let id = id(&session(&home, &LINES));
    let served = Served::start(&home);
    let bearer = format!("Bearer {}", served.token);
    let own = format!("http://127.0.0.1:{}", served.port);
    let with = |headers: &[(&str, &str)], path: &str| served.ask("GET", path, headers, None).status;
    for path in ["/", "/api/v1/sessions", "/assets/app.js", "/api/v1/openapi.json", "/api/v1/ws", "/nothing"]
    {
        assert_eq!(with(&[], path), 401, "{path}");
        assert_eq!(with(&[("authorization", "Bearer 0123")], path), 401, "{path}");
        assert_eq!(with(&[("authorization", &bearer), ("host", "evil.example:80")], path), 421, "{path}");
        assert_eq!(
            with(&[("authorization", &bearer), ("origin", "http://evil.example")], path),
            403,
            "{path}"
        );
        assert_eq!(with(&[("authorization", &bearer), ("origin", "null")], path), 403, "{path}");
        assert_eq!(
            with(&[("authorization", &bearer), ("sec-fetch-site", "cross-site")], path),
            403,
            "{path}"
        );
        assert_eq!(with(&[("authorization", &bearer), ("sec-fetch-site", "same-site")], path), 403, "{path}");
    }
    assert_eq!(with(&[("authorization", &bearer), ("origin", &own)], "/api/v1/sessions"), 200);
    assert_eq!(with(&[("authorization", &bearer)], &format!("/api/v1/sessions/{id}")), 200);
    // The address with the token sets a cookie that scripts can't read, and the token leaves the address.
    let first = served.ask("GET", &format!("/?token={}", served.token), &[], None).expect(200);
    let cookie = first.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(String::from_utf8_lossy(&first.body).contains("url=/\""));
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(with(&[("cookie", pair)], "/api/v1/sessions"), 200);
    // Another server of this machine has a name of its own for its cookie.
    assert!(pair.starts_with(&format!("hansard-{}=", served.port)), "{pair}");
    served.ask("GET", "/?token=wrong", &[], None).expect(401);
    served.ask("GET", &format!("/api/v1/sessions?token={}", served.token), &[], None).expect(401);
    for header in ["content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options"]
    {
        assert!(!served.get("/").header(header).is_empty(), "{header}");
    }
}

/// What is answered to 3 MB. The answer comes before all is taken, and nobody waits for the rest: what is
/// written then fails.
fn too_much(served: &Served, path: &str) -> u16 {
    let body = format!("{{\"edit\":\"text\",\"text\":\"{}\"}}", "a".repeat(3_000_000));
    let port = served.asker().port as u16;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (token, length) = (&served.token, body.len());
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    let _ = stream.write_all(body.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.take(1024).read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn nothing_outside_of_the_recordings_is_reached_and_junk_is_told_apart() {
    let home = Home::new();
    let id = id(&session(&home, &LINES));
    // A session beside the folder of the recordings is none of ours.
    std::fs::create_dir(home.path("beside")).unwrap();
    let own = home.recordings().join(&id);
    std::fs::copy(own.join("session.json"), home.path("beside/session.json")).unwrap();
    let served = Served::start(&home);
    for evil in ["..", "..%2fbeside", "%2e%2e%2fbeside", ".", "%00", "..%5cbeside", "%2e%2e"] {
        let answer = served.get(&format!("/api/v1/sessions/{evil}/transcript"));
        assert!(answer.status == 404, "{evil}: {}", answer.status);
    }
    let line = format!("/api/v1/sessions/{id}/lines/alice-1-1");
    let post = |path: &str, body: &str| {
        let bearer = format!("Bearer {}", served.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        served.ask("POST", path, &headers, Some(body)).status
    };
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 422),
        ("{\"edit\":\"text\"}", 422),
        ("{\"edit\":\"text\",\"text\":\"a\",\"more\":1}", 422),
        ("{\"edit\":\"text\",\"text\":\" \"}", 422),
        ("{\"edit\":\"explode\"}", 422),
    ] {
        assert_eq!(post(&line, body), status, "{body}");
    }
    assert_eq!(too_much(&served, &line), 413);
    assert_eq!(post(&line, &format!("{{\"edit\":\"text\",\"text\":\"{}\"}}", "a".repeat(20_000))), 422);
    let headers = [("authorization", &*format!("Bearer {}", served.token))];
    assert_eq!(
        served.ask("POST", &line, &headers, Some("edit=text&text=x")).status,
        415,
        "no form from elsewhere"
    );
    for query in ["limit=0", "limit=501", "limit=x", "cursor=-1", "from=yesterday", "unknown=1"] {
        served.get(&format!("/api/v1/sessions?{query}")).expect(400);
    }
    served.get(&format!("/api/v1/sessions/{id}/audio/carol")).expect(404);
    served.get(&format!("/api/v1/sessions/{id}/audio/..%2f..%2fsession.json")).expect(404);
    served.get(&format!("/api/v1/sessions/{id}/export/exe")).expect(404);
    served.get("/api/v1/nothing").expect(404);
    // None of it has changed anything.
    assert_eq!(served.get(&line).json()[0]["text"], "We meat at nine.");
    assert_eq!(served.get(&line).json().as_array().unwrap().len(), 1);
}
