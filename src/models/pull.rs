//! Downloads a published model: resumed where it broke off, verified, and only then given its name.
//!
//! What has come lies in `ggml-NAME.bin.part`, which the next attempt (or the next command) goes on with. The
//! server's first answer, before any redirect, may name the file's SHA-256 and size (`X-Linked-Etag`,
//! `X-Linked-Size`); else the catalogue's hash counts. At the end the model's structure is checked in any
//! case.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::Digest;
use ureq::http::{Response, header};
use ureq::{Agent, Body};

use super::catalogue::{self, Hash, Published};
use super::store::Family;
use super::{ModelError, ModelInfo, Progress, ggml, moonshine, store};
use crate::base::filesystem::{self, Locked};

/// To find and reach the server, encryption included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// For the server to begin its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// For the next bytes of a file; a slow line is not an error, a dead one is.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Attempts in a row that bring nothing new, before giving up.
const ATTEMPTS_IN_VAIN_MAX: u32 = 4;
/// Attempts in all: a line that breaks more often than this won't bring the file.
const ATTEMPTS_MAX: u32 = 100;
/// The first wait before a new attempt in vain; doubles each time.
const RETRY_WAIT: Duration = Duration::from_millis(500);
/// No published model is larger.
const MODEL_MAX_BYTES: u64 = 8 << 30;
/// How much of an answer is looked at to tell a model from a web page.
const HEAD_BYTES: u64 = 64;

/// How a pulled file was verified beyond its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It was here already; nothing was loaded.
    AlreadyHere,
    /// By the hash that the server or the catalogue names.
    ByHash,
    /// No hash is known for it.
    ByStructureOnly,
}

/// Where models are pulled from.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Has ggml-NAME.bin.
    pub whisper: &'a str,
    /// Has [`moonshine::pull::FILES`].
    pub moonshine: &'a str,
}

/// Gets the published model `name` into the folder `dir`.
pub fn pull(
    dir: &Path,
    from: Places<'_>,
    name: &str,
    progress: &mut dyn Progress,
) -> Result<(ModelInfo, Verified), ModelError> {
    let name = store::bare(name);
    let published = catalogue::find(name).ok_or_else(|| unknown(name))?;
    let target = store::file_of(dir, name)?;
    if let Ok(model) = store::inspect(&target) {
        return Ok((model, Verified::AlreadyHere));
    }
    if published.is_moonshine() {
        return moonshine::pull::pull(dir, from.moonshine, name, progress);
    }
    let url = format!("{}/ggml-{name}.bin", checked_base("models.base_url", from.whisper)?);
    store::make_private_dir(dir)?;
    let part_path = dir.join(format!("ggml-{name}.bin.part"));
    let content = Content::Ggml(published);
    let verified = download(url, content, &part_path, name, progress)?;
    // A broken file of that name is replaced.
    fs::rename(&part_path, &target).map_err(ModelError::io("write", &target))?;
    store::sync_dir(dir)?;
    Ok((store::inspect(&target)?, verified))
}

/// Gets one file to `part_path`, whole and verified.
pub(super) fn download(
    url: String,
    content: Content,
    part_path: &Path,
    name: &str,
    progress: &mut dyn Progress,
) -> Result<Verified, ModelError> {
    let part = open_part(part_path, name)?;
    let (part_path, linked) = (part_path.to_owned(), Linked::default());
    let mut download = Download { agent: agent(), url, content, part, part_path, linked, progress };
    let verified = download.run()?;
    download.part.sync_all().map_err(ModelError::io("write", &download.part_path))?;
    Ok(verified)
}

/// What a file must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    Ggml(&'static Published),
    Safetensors,
    Json,
}

impl Content {
    /// The setting that says where it is.
    fn setting(self) -> &'static str {
        match self {
            Self::Ggml(_) => "models.base_url",
            Self::Safetensors | Self::Json => "models.moonshine_url",
        }
    }

    /// Whether it may begin so.
    fn begins(self, head: &[u8]) -> bool {
        match self {
            Self::Ggml(_) => head.starts_with(&ggml::MAGIC.to_le_bytes()),
            // A length of less than 16 MB, and JSON.
            Self::Safetensors => {
                head.get(3..8) == Some(&[0; 5]) && head.get(8).is_none_or(|byte| *byte == b'{')
            }
            Self::Json => head.trim_ascii_start().starts_with(b"{"),
        }
    }
}

fn unknown(name: &str) -> ModelError {
    let near = catalogue::near(name);
    let hint = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    ModelError::Unknown { name: name.to_owned(), hint }
}

pub(super) fn checked_base<'a>(setting: &'static str, base_url: &'a str) -> Result<&'a str, ModelError> {
    let base = base_url.trim().trim_end_matches('/');
    if base.starts_with("https://") || base.starts_with("http://") {
        Ok(base)
    } else {
        Err(ModelError::BadUrl {
            setting,
            url: base_url.to_owned(),
            why: "it must begin with https:// or http://".into(),
        })
    }
}

/// Opens the file to go on with; only one process at a time may.
fn open_part(path: &Path, name: &str) -> Result<File, ModelError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let part = options.open(path).map_err(ModelError::io("write", path))?;
    match filesystem::try_lock(&part).map_err(ModelError::io("lock", path))? {
        Locked::Theirs => Err(ModelError::Busy { name: name.to_owned() }),
        // Without locks two at a time write the same bytes.
        Locked::Ours | Locked::Lacking => Ok(part),
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("hansard/", env!("CARGO_PKG_VERSION")))
        // Packed transfer would change what ranges and lengths count.
        .accept_encoding("identity")
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(ANSWER_TIMEOUT))
        .timeout_per_read(Some(STALL_TIMEOUT))
        .build()
        .into()
}

/// What the server's first answer says of the file behind it.
#[derive(Debug, Default)]
struct Linked {
    sha256: Option<String>,
    bytes: Option<u64>,
}

/// Why an attempt ended without the whole file.
enum Stop {
    /// Another attempt may bring more.
    Again(String),
    /// No other attempt will.
    Final(ModelError),
}

impl From<ModelError> for Stop {
    fn from(error: ModelError) -> Self {
        Self::Final(error)
    }
}

struct Download<'a> {
    agent: Agent,
    url: String,
    content: Content,
    part: File,
    part_path: PathBuf,
    linked: Linked,
    progress: &'a mut dyn Progress,
}

impl Download<'_> {
    /// Brings the part to the whole, verified file.
    fn run(&mut self) -> Result<Verified, ModelError> {
        let have = self.have()?;
        let resumed = have > 0;
        self.progress.note(&match resumed {
            true => format!("getting {} from byte {have} on", self.url),
            false => format!("getting {}", self.url),
        });
        let mut result = self.fetch_and_verify();
        if resumed && matches!(result, Err(ModelError::Hash { .. } | ModelError::Junk { .. })) {
            // What lay here may have been of another file: the server's word counts, once.
            self.progress.note("what was here before doesn't fit what came: starting over");
            self.restart()?;
            result = self.fetch_and_verify();
        }
        result.inspect_err(|error| self.discard_after(error))
    }

    fn fetch_and_verify(&mut self) -> Result<Verified, ModelError> {
        self.fetch()?;
        self.verify()
    }

    /// A part that is proven wrong must not be gone on with, and an empty one is of no use.
    fn discard_after(&mut self, error: &ModelError) {
        let good = matches!(error, ModelError::Io { .. } | ModelError::Network { .. });
        if !good || self.have().is_ok_and(|have| have == 0) {
            // The next attempt would find it wrong again, so failing to remove it does no harm.
            let _ = fs::remove_file(&self.part_path);
        }
    }

    fn have(&self) -> Result<u64, ModelError> {
        self.part.metadata().map(|metadata| metadata.len()).map_err(ModelError::io("read", &self.part_path))
    }

    fn restart(&mut self) -> Result<(), ModelError> {
        self.part.set_len(0).map_err(ModelError::io("write", &self.part_path))
    }

    /// Attempts until the file is there in full length.
    fn fetch(&mut self) -> Result<(), ModelError> {
        let (mut in_vain, mut wait) = (0, RETRY_WAIT);
        for _ in 0..ATTEMPTS_MAX {
            let before = self.have()?;
            let why = match self.attempt(before) {
                Ok(()) => return Ok(()),
                Err(Stop::Final(error)) => return Err(error),
                Err(Stop::Again(why)) => why,
            };
            if self.have()? > before {
                (in_vain, wait) = (0, RETRY_WAIT);
            } else {
                in_vain += 1;
            }
            if in_vain >= ATTEMPTS_IN_VAIN_MAX {
                return Err(ModelError::Network { url: self.url.clone(), why });
            }
            self.progress.note(&format!("{why}; going on in a moment"));
            std::thread::sleep(wait);
            wait *= 2;
        }
        Err(ModelError::Network { url: self.url.clone(), why: format!("it broke off {ATTEMPTS_MAX} times") })
    }

    /// One request from byte `have` on, and all that comes of it.
    fn attempt(&mut self, have: u64) -> Result<(), Stop> {
        let mut response = self.get(have, 0)?;
        self.note_linked(&response);
        if response.status().is_redirection() {
            response = self.get(have, 10)?;
        }
        let (start, total) = match response.status().as_u16() {
            200 => (0, content_length(&response)),
            206 => match content_range(&response) {
                Some((start, total)) if start == have => (start, total),
                _ => {
                    self.restart()?;
                    return Err(Stop::Again("the server sent another part than asked for".into()));
                }
            },
            416 if have > 0 && self.complete_at(have, &response) => return Ok(()),
            416 if have > 0 => {
                self.restart()?;
                return Err(Stop::Again("what was here before is longer than the file".into()));
            }
            status @ (408 | 425 | 429 | 500..=599) => {
                return Err(Stop::Again(format!("the server answered {status}")));
            }
            status => return Err(Stop::Final(ModelError::Refused { url: self.url.clone(), status })),
        };
        self.receive(response, start, total.or(self.linked.bytes))
    }

    fn get(&self, have: u64, redirects: u32) -> Result<Response<Body>, Stop> {
        let mut request = self.agent.get(&self.url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        let request =
            request.config().max_redirects(redirects).max_redirects_will_error(redirects > 0).build();
        request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::InvalidProxyUrl => {
                let setting = self.content.setting();
                Stop::Final(ModelError::BadUrl { setting, url: self.url.clone(), why: error.to_string() })
            }
            ureq::Error::Io(error) => Stop::Again(error.to_string()),
            other => Stop::Again(other.to_string()),
        })
    }

    fn note_linked(&mut self, response: &Response<Body>) {
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        if let Some(etag) = text("x-linked-etag") {
            let hex = etag.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
            if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                self.linked.sha256 = Some(hex);
            }
        }
        if let Some(bytes) = text("x-linked-size").and_then(|size| size.parse().ok()) {
            self.linked.bytes = Some(bytes);
        }
    }

    /// Whether the server, asked for what follows byte `have`, says that nothing does.
    fn complete_at(&self, have: u64, response: &Response<Body>) -> bool {
        let range = response.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let total =
            range.and_then(|range| range.strip_prefix("bytes */")).and_then(|total| total.parse().ok());
        total.or(self.linked.bytes) == Some(have)
    }

    fn receive(&mut self, response: Response<Body>, start: u64, total: Option<u64>) -> Result<(), Stop> {
        if total.is_some_and(|total| total > MODEL_MAX_BYTES) {
            return Err(self.junk(format!("{} bytes", total.unwrap_or_default())).into());
        }
        let path = self.part_path.clone();
        self.part.set_len(start).map_err(ModelError::io("write", &path))?;
        self.part.seek(SeekFrom::Start(start)).map_err(ModelError::io("write", &path))?;
        let mut body = response.into_body().into_reader();
        let broke_off = |error: std::io::Error| Stop::Again(format!("the transfer broke off ({error})"));
        let mut at = start;
        if start == 0 {
            let mut head = Vec::new();
            let read = body.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
            if head.len() >= 9 && !self.content.begins(&head) {
                return Err(self.junk(format!("{:?}…", String::from_utf8_lossy(&head))).into());
            }
            self.part.write_all(&head).map_err(ModelError::io("write", &path))?;
            at = head.len() as u64;
            read.map_err(broke_off)?;
        }
        let mut buffer = vec![0; 256 * 1024];
        loop {
            self.progress.at(at, total);
            let read = body.read(&mut buffer).map_err(broke_off)?;
            if read == 0 {
                break;
            }
            at += read as u64;
            if at > total.unwrap_or(MODEL_MAX_BYTES) {
                return Err(self
                    .junk(format!("more bytes than the {} announced", total.unwrap_or_default()))
                    .into());
            }
            self.part.write_all(&buffer[..read]).map_err(ModelError::io("write", &path))?;
        }
        match total {
            Some(total) if at < total => {
                Err(Stop::Again(format!("the transfer broke off at {at} of {total} bytes")))
            }
            _ => Ok(()),
        }
    }

    fn junk(&self, what: String) -> ModelError {
        ModelError::Junk { url: self.url.clone(), what }
    }

    /// Size, hash, structure.
    fn verify(&mut self) -> Result<Verified, ModelError> {
        let have = self.have()?;
        if let Some(bytes) = self.linked.bytes.filter(|&bytes| bytes != have) {
            return Err(self.junk(format!("{have} bytes instead of the {bytes} announced")));
        }
        let hash = match self.content {
            Content::Ggml(published) => published.hash,
            Content::Safetensors | Content::Json => None,
        };
        let verified = match (&self.linked.sha256, hash) {
            (Some(expected), _) => self.verify_hash::<sha2::Sha256>("SHA-256", expected)?,
            (None, Some(Hash::Sha256(expected))) => self.verify_hash::<sha2::Sha256>("SHA-256", expected)?,
            (None, Some(Hash::Sha1(expected))) => self.verify_hash::<sha1::Sha1>("SHA-1", expected)?,
            (None, None) => Verified::ByStructureOnly,
        };
        // What is converted is looked at there.
        if matches!(self.content, Content::Ggml(_)) {
            ggml::check(&self.part_path)
                .map_err(|error| self.junk(format!("a file that can't be used ({error})")))?;
        }
        Ok(verified)
    }

    fn verify_hash<D: Digest>(
        &self,
        algorithm: &'static str,
        expected: &str,
    ) -> Result<Verified, ModelError> {
        let got = hash_of::<D>(&self.part).map_err(ModelError::io("read", &self.part_path))?;
        if got == expected {
            return Ok(Verified::ByHash);
        }
        Err(ModelError::Hash { url: self.url.clone(), algorithm, expected: expected.to_owned(), got })
    }
}

/// Whether a model's file is the one that was published under its name; `None` if no hash of that one is
/// known here. Reads all of it.
///
/// # Errors
/// The file can't be read.
pub fn is_as_published(model: &ModelInfo) -> Result<Option<bool>, ModelError> {
    if model.family == Family::Moonshine {
        // It was converted here. What can be told is that it has changed since.
        return moonshine::is_unchanged(&model.path).map(|unchanged| (!unchanged).then_some(false));
    }
    let Some(hash) = catalogue::find(&model.name).and_then(|published| published.hash) else {
        return Ok(None);
    };
    let read = || {
        let file = File::open(&model.path)?;
        Ok(match hash {
            Hash::Sha1(expected) => hash_of::<sha1::Sha1>(&file)? == expected,
            Hash::Sha256(expected) => hash_of::<sha2::Sha256>(&file)? == expected,
        })
    };
    read().map(Some).map_err(ModelError::io("read", &model.path))
}

/// The hash of a whole file, lower-case hex.
fn hash_of<D: Digest>(mut file: &File) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = D::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn content_length(response: &Response<Body>) -> Option<u64> {
    response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Start and total of `bytes START-END/TOTAL`; the total may be `*`.
fn content_range(response: &Response<Body>) -> Option<(u64, Option<u64>)> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (span, total) = range.split_once('/')?;
    let (start, _end) = span.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}
