//! The page and the API on this machine: who may ask, what is answered, what is changed; and the page in a
//! browser, before and after corrections and while it is recorded.

mod api;
mod exports;
mod guard;
mod page;
mod record;
mod schema;
mod summarize;
mod summary;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::home::{Home, signal, wait};
use crate::support::said::{self, line};

/// A server of a home's recordings. It ends with this.
pub struct Served {
    pub address: String,
    asker: Asker,
    child: Child,
}

/// Somebody who knows the token.
#[derive(Clone)]
pub struct Asker {
    pub port: u64,
    pub token: String,
}

impl std::ops::Deref for Served {
    type Target = Asker;

    fn deref(&self) -> &Asker {
        &self.asker
    }
}

/// What was answered.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub headers: ureq::http::HeaderMap,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{} {error}: {}", self.status, String::from_utf8_lossy(&self.body))
        })
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json");
            assert!(!self.json()["detail"].as_str().unwrap().is_empty());
        }
        self
    }
}

impl Served {
    pub fn start(home: &Home) -> Self {
        Self::start_at(home, 0)
    }

    pub fn start_at(home: &Home, port: u64) -> Self {
        Self::of(home.command(["serve", "--json", "--port", &port.to_string()]))
    }

    /// One with settings of its own.
    pub fn with(home: &Home, settings: &[(&str, &str)]) -> Self {
        let mut command = home.command(["serve", "--json", "--port=0"]);
        command.envs(settings.iter().copied());
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        Self {
            address: said["address"].as_str().unwrap().to_owned(),
            asker: Asker {
                port: said["port"].as_u64().unwrap(),
                token: said["token"].as_str().unwrap().to_owned(),
            },
            child,
        }
    }

    /// Ends it as Ctrl-C does, and waits for that.
    pub fn end(&mut self) {
        signal(self.child.id(), "INT");
        assert!(self.child.wait().unwrap().success());
    }

    /// Ends it as Ctrl-C does; its exit code.
    pub fn interrupt(self) -> Option<i32> {
        signal(self.child.id(), "INT");
        let served = RefCell::new(self);
        wait("it ended", || served.borrow_mut().child.try_wait().unwrap().is_some());
        served.borrow_mut().child.wait().unwrap().code()
    }

    /// For another thread.
    pub fn asker(&self) -> Asker {
        self.asker.clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Asker {
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Asks with these headers and nothing else.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => agent.run(request.body(body.to_owned()).unwrap()).unwrap(),
            None => agent.run(request.body(()).unwrap()).unwrap(),
        };
        let headers = response.headers().clone();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        Answer { status: response.status().as_u16(), body, headers }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("authorization", &format!("Bearer {}", self.token))], None)
    }

    pub fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.ask(method, path, &headers, Some(&body.to_string()))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[("authorization", &format!("Bearer {}", self.token))], None)
    }
}

/// A finished session in which lines were said, the second word of each hardly understood: the folder.
pub fn session(home: &Home, said: &[(&str, f64, &str)]) -> PathBuf {
    let sources =
        ["--title=Weekly <b>sync</b>", "--source=Alice=synth:tone", "--source=Bob=synth:noise", "--for=8s"];
    let mut lines: Vec<_> = said.iter().map(|(who, start, text)| line(who, *start, text)).collect();
    lines.iter_mut().filter_map(|line| line.words.get_mut(1)).for_each(|word| word.p = 0.3);
    said::session(home, &sources, &lines)
}

/// What most tests read.
pub const LINES: [(&str, f64, &str); 4] = [
    ("Alice", 1.0, "We meat at nine."),
    ("Bob", 2.5, "Nine it is then."),
    ("Alice", 4.0, "Say hello to Gareem and <script>alert(1)</script>."),
    ("Bob", 6.0, "Gareem is on his way."),
];

/// The id of a session in addresses.
pub fn id(dir: &std::path::Path) -> String {
    dir.file_name().unwrap().to_str().unwrap().to_owned()
}
