//! A server by script, for transcriptions or for chat: a thread per connection, told by a closure what to
//! answer, and what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub path: String,
    /// What `Authorization` said.
    pub key: Option<String>,
    /// The form's fields but the sound, in order.
    pub fields: Vec<(String, String)>,
    /// The sound.
    pub wav: Vec<u8>,
    /// All of it, where it is no form.
    pub body: Vec<u8>,
}

impl Asked {
    /// The first field of that name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    /// What was sent as JSON; null where nothing was.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Seconds of its sound.
    pub fn seconds(&self) -> f64 {
        let reader = hound::WavReader::new(self.wav.as_slice()).expect("a WAV");
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 16_000, 16));
        f64::from(reader.duration()) / 16_000.0
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Close the connection after this many bytes of the body.
    pub cut: Option<usize>,
    /// Say nothing for so long, or until the server is dropped.
    pub wait: Duration,
}

impl Reply {
    pub fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None, wait: Duration::ZERO }
    }

    /// What a good server says.
    pub fn json(json: &serde_json::Value) -> Self {
        Self::of(200, json.to_string()).with("Content-Type", "application/json")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server that runs until it is dropped.
pub struct AsrServer {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    most: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AsrServer {
    /// `answer` gets what is asked and how often somebody asked before.
    pub fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, stopped, answer) = (Arc::clone(&asked), Arc::clone(&stop), Arc::new(answer));
        let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let at_most = Arc::clone(&most);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, log, stopped) = (Arc::clone(&answer), Arc::clone(&log), Arc::clone(&stopped));
                let (at_most, now) = (Arc::clone(&at_most), Arc::clone(&now));
                std::thread::spawn(move || {
                    // A client that hangs up early is one of the cases.
                    let _ = serve(stream.unwrap(), &*answer, &log, &stopped, (&at_most, &now));
                });
            }
        });
        Self { port, asked, most, stop, thread: Some(thread) }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The same under a name that is not this computer's, for programs that take it as their proxy.
    pub fn proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests were answered at once at most.
    pub fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Drop for AsrServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread from accepting.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(
    stream: TcpStream,
    answer: &(dyn Fn(&Asked, usize) -> Reply + Send + Sync),
    log: &Mutex<Vec<Asked>>,
    stop: &AtomicBool,
    (most, now): (&AtomicUsize, &AtomicUsize),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut asked = Asked::default();
    let (mut length, mut boundary) = (0, String::new());
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line.starts_with("CONNECT ") {
        // It is taken for a proxy, and stands there for whoever is behind it.
        while reader.read_line(&mut line)? > 2 {}
        out.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        line.clear();
        reader.read_line(&mut line)?;
    }
    asked.path = line.split(' ').nth(1).unwrap_or_default().into();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.trim().split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "content-type" => {
                boundary = value.split_once("boundary=").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
            }
            "authorization" => asked.key = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if boundary.is_empty() {
        asked.body = body;
    } else {
        parts(&body, &boundary, &mut asked);
    }
    let before = {
        let mut log = log.lock().unwrap();
        log.push(asked.clone());
        log.len() - 1
    };
    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    let reply = answer(&asked, before);
    let mut waited = Duration::ZERO;
    while waited < reply.wait && !stop.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(10));
        waited += Duration::from_millis(10);
    }
    now.fetch_sub(1, Ordering::SeqCst);
    write!(out, "HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status)?;
    for (name, value) in &reply.headers {
        write!(out, "{name}: {value}\r\n")?;
    }
    write!(out, "Content-Length: {}\r\n\r\n", reply.body.len())?;
    out.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len())])
}

/// Takes a form apart.
fn parts(body: &[u8], boundary: &str, asked: &mut Asked) {
    let marker = format!("--{boundary}").into_bytes();
    let find = |from: usize, what: &[u8]| {
        body[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let mut at = 0;
    while let Some(head) = find(at, &marker).map(|found| found + marker.len())
        && let Some(start) = find(head, b"\r\n\r\n").map(|found| found + 4)
        && let Some(end) = find(start, &[b"\r\n", marker.as_slice()].concat())
    {
        let told = String::from_utf8_lossy(&body[head..start]).into_owned();
        let name = told.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        match name {
            "file" => asked.wav = body[start..end].to_vec(),
            name => {
                let value = String::from_utf8_lossy(&body[start..end]).into_owned();
                asked.fields.push((name.to_owned(), value));
            }
        }
        at = end;
    }
}
