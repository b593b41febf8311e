//! A headless Chromium, driven over the DevTools protocol's pipe: it reads commands from its descriptor 3 and
//! answers on 4, each message ended by a zero byte. A shell gives it those two.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// One browser with one page. It ends with this.
pub struct Chrome {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    page: Option<String>,
    sent: u64,
    /// What the browser told unasked since the page was opened.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Chrome {
    /// Starts it; none where it is not installed, unless nothing may be skipped.
    pub fn start() -> Option<Self> {
        let starts = |name: &&str| {
            let version =
                Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        };
        let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(starts) else {
            assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "chromium is not installed");
            println!("skipped: chromium is not installed");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh", browser])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut chrome = Self { child, to, from, page: None, sent: 0, events: Vec::new(), _profile: profile };
        let target = chrome.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = chrome.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        chrome.page = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log", "Performance"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        if std::env::var_os("HANSARD_TEST_PAGE").is_some() {
            chrome.call("Fetch.enable", json!({"patterns": [{"urlPattern": "*/assets/*"}]}));
        }
        Some(chrome)
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "chromium ended");
        let message: Value = serde_json::from_slice(&message).unwrap();
        if message["method"] == "Fetch.requestPaused" {
            self.fulfil(&message["params"]);
        }
        message
    }

    /// For those who work on the page: `HANSARD_TEST_PAGE` names folders, with colons between them, whose
    /// files stand for those that were compiled in. Nothing need be built for a look at them.
    fn fulfil(&mut self, paused: &Value) {
        use base64::Engine as _;
        let folders = std::env::var("HANSARD_TEST_PAGE").unwrap_or_default();
        let name = paused["request"]["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let found = folders.split(':').find_map(|folder| std::fs::read(Path::new(folder).join(&name)).ok());
        let kind = if name.ends_with(".css") { "text/css" } else { "text/javascript" };
        let answer = match found {
            Some(bytes) => json!({
                "requestId": paused["requestId"], "responseCode": 200,
                "responseHeaders": [{"name": "content-type", "value": kind}],
                "body": base64::engine::general_purpose::STANDARD.encode(bytes),
            }),
            None => json!({"requestId": paused["requestId"]}),
        };
        let method = if answer["body"].is_null() { "Fetch.continueRequest" } else { "Fetch.fulfillRequest" };
        self.sent += 1;
        let command = json!({"id": self.sent, "method": method, "params": answer, "sessionId": self.page});
        self.to.write_all(format!("{command}\0").as_bytes()).unwrap();
    }

    /// A command's result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": params});
        if let Some(page) = &self.page {
            command["sessionId"] = page.clone().into();
        }
        let id = self.sent;
        self.to.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let mut answer = self.read();
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, file: &Path, hash: &str) {
        self.events.clear();
        // A page that differs by its hash alone would not be loaded anew.
        self.call("Page.navigate", json!({"url": "about:blank"}));
        self.wait_for("Page.loadEventFired");
        self.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}{hash}", file.display())}));
        self.wait_for("Page.loadEventFired");
    }

    /// Opens an address and waits until it is loaded.
    pub fn visit(&mut self, address: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": address}));
        self.wait_for("Page.loadEventFired");
    }

    /// Opens an address that leads on to another one, and waits for that.
    pub fn visit_through(&mut self, address: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": address}));
        let loaded =
            |events: &[Value]| events.iter().filter(|seen| seen["method"] == "Page.loadEventFired").count();
        while loaded(&self.events) < 2 {
            let seen = self.read();
            self.events.push(seen);
        }
    }

    /// A picture of what is seen, as PNG, into a file.
    pub fn shoot(&mut self, file: &Path) {
        use base64::Engine as _;
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    fn wait_for(&mut self, event: &str) {
        while !self.events.iter().any(|seen| seen["method"] == event) {
            let seen = self.read();
            self.events.push(seen);
        }
    }

    /// What an expression gives; a promise is waited for.
    pub fn js(&mut self, expression: &str) -> Value {
        let what = json!({"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let mut result = self.call("Runtime.evaluate", what);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].take()
    }

    /// A number that an expression gives.
    pub fn number(&mut self, expression: &str) -> f64 {
        let value = self.js(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Waits until an expression is true, looking at each frame; gives up after ten seconds.
    pub fn until(&mut self, expression: &str) {
        let look = format!(
            "new Promise((done, fail) => {{ const begun = performance.now(); const look = () => {{ if ({expression}) done(1); \
             else if (performance.now() - begun > 10000) fail(new Error('never')); else setTimeout(look, 5); }}; look(); }})"
        );
        self.js(&look);
    }

    /// A click of the left button.
    pub fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let what = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", what);
        }
    }

    /// A key, by its name; one that writes has its text.
    pub fn key(&mut self, key: &str, text: &str) {
        let what = json!({"type": "keyDown", "key": key, "text": text, "code": key});
        self.call("Input.dispatchKeyEvent", what);
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key, "code": key}));
    }

    /// A key with Shift held.
    pub fn shifted(&mut self, key: &str, text: &str) {
        let what = json!({"type": "keyDown", "key": key, "text": text, "code": key, "modifiers": 8});
        self.call("Input.dispatchKeyEvent", what);
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "code": key, "modifiers": 8}),
        );
    }

    /// Whose language the browser speaks, as `de-AT`; for pages that are opened from now on.
    pub fn speaks(&mut self, language: &str) {
        let agent = self.js("navigator.userAgent");
        self.call("Network.setUserAgentOverride", json!({"userAgent": agent, "acceptLanguage": language}));
    }

    /// Writes into what has the focus.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// The window's size, in CSS pixels.
    pub fn size(&mut self, width: u32, height: u32) {
        let what = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", what);
    }

    /// `screen` or `print`, and what the user's system prefers.
    pub fn media(&mut self, media: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
    }

    /// Whatever went wrong in the page since it was opened: on its console, or for its policy.
    pub fn complaints(&mut self) -> Vec<Value> {
        self.js("1");
        let bad = [
            "Log.entryAdded",
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Page.javascriptDialogOpening",
        ];
        self.events.iter().filter(|event| bad.iter().any(|bad| event["method"] == *bad)).cloned().collect()
    }

    /// Addresses that the page asked for since it was opened.
    pub fn requests(&self) -> Vec<String> {
        let asked = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        asked.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        self.page = None;
        // It ends by itself once its pipe does; it may be gone already.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.wait();
    }
}
