//! Drives `hansard` as a person would: starts it, reads its lines as they come, ends it with Ctrl-C's signal;
//! and reads what it has left on the disk.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hansard::base::utterance::Utterance;
use hansard::session::manifest::{Manifest, TakeEntry};
use jiff::Timestamp;

/// A line of the recorder's output, and when it came.
#[derive(Debug, Clone)]
pub struct Printed {
    pub at: Timestamp,
    pub out: Out,
    pub text: String,
}

/// Which output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Out {
    /// Lines of the minutes.
    Text,
    /// Progress and status.
    Status,
}

/// A running `hansard`. Killed if dropped before it has ended.
pub struct Recorder {
    child: Child,
    readers: Vec<JoinHandle<()>>,
    printed: Receiver<Printed>,
    ended: Option<ExitStatus>,
}

impl Recorder {
    /// Starts the command.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", command.get_program().to_string_lossy()))?;
        let (sender, printed) = channel();
        let outputs: [(Out, Option<Box<dyn Read + Send>>); 2] = [
            (Out::Text, child.stdout.take().map(|o| Box::new(o) as _)),
            (Out::Status, child.stderr.take().map(|o| Box::new(o) as _)),
        ];
        let mut readers = Vec::new();
        for (out, pipe) in outputs {
            let (Some(pipe), sender) = (pipe, sender.clone()) else { continue };
            readers.push(std::thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    if sender.send(Printed { at: Timestamp::now(), out, text }).is_err() {
                        break;
                    }
                }
            }));
        }
        Ok(Self { child, readers, printed, ended: None })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line, if one comes within `limit`; none at the end of all output, too.
    pub fn next(&self, limit: Duration) -> Option<Printed> {
        self.printed.recv_timeout(limit).ok()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.context("no process")?, rustix::process::Signal::INT)?;
        Ok(())
    }

    /// Waits until it ends, handing each line to `each`.
    pub fn finish(mut self, limit: Duration, mut each: impl FnMut(Printed)) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(printed) = self.next(Duration::from_millis(50)) {
                each(printed);
            } else if let Some(status) = self.ended()? {
                break status;
            }
            if Instant::now() > deadline {
                bail!("hansard has not ended after {} s", limit.as_secs());
            }
        };
        for reader in self.readers.drain(..) {
            // A reader cannot panic, and ends with the pipe.
            let _ = reader.join();
        }
        while let Ok(printed) = self.printed.try_recv() {
            each(printed);
        }
        Ok(status)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _already_ended = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A session as it lies on the disk.
pub struct Session {
    pub dir: PathBuf,
    pub manifest: Manifest,
    /// The last revision of each utterance, in order of time.
    pub utterances: Vec<Utterance>,
}

impl Session {
    /// Reads a session's folder.
    pub fn read(dir: &Path) -> Result<Self> {
        let manifest = dir.join("session.json");
        let text = std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        let manifest: Manifest =
            serde_json::from_str(&text).with_context(|| manifest.display().to_string())?;
        let transcript = dir.join("transcript.jsonl");
        // Without a model there is none.
        let lines = if transcript.exists() { std::fs::read_to_string(&transcript)? } else { String::new() };
        let mut last: BTreeMap<String, Utterance> = BTreeMap::new();
        for line in lines.lines() {
            let utterance: Utterance =
                serde_json::from_str(line).with_context(|| format!("transcript: {line}"))?;
            if last.get(&utterance.id).is_none_or(|known| known.rev <= utterance.rev) {
                last.insert(utterance.id.clone(), utterance);
            }
        }
        let mut utterances: Vec<Utterance> = last.into_values().collect();
        utterances.sort_by(|a, b| a.start.total_cmp(&b.start));
        Ok(Self { dir: dir.to_owned(), manifest, utterances })
    }

    /// The only session in a folder of sessions that is not among `known`.
    pub fn newest(recordings: &Path, known: &[PathBuf]) -> Result<Self> {
        let mut new: Vec<PathBuf> =
            folders(recordings)?.into_iter().filter(|dir| !known.contains(dir)).collect();
        match (new.pop(), new.is_empty()) {
            (Some(dir), true) => Self::read(&dir),
            (Some(_), false) => bail!("more than one new session in {}", recordings.display()),
            (None, _) => bail!("no new session in {}", recordings.display()),
        }
    }

    /// The first take of the track that belongs to a person.
    pub fn take_of(&self, name: &str) -> Result<&TakeEntry> {
        let source = self.manifest.sources.iter().find(|s| s.name == name);
        let track = &source.with_context(|| format!("session.json has no source {name}"))?.track;
        let take = self.manifest.takes.iter().find(|t| t.track == *track && t.take == 1);
        take.with_context(|| format!("session.json has no take of the track {track}"))
    }

    /// The sound of a take: its first channel.
    pub fn sound(&self, take: &TakeEntry) -> Result<Vec<f32>> {
        let path = self.dir.join(&take.file);
        let reader = hound::WavReader::open(&path).with_context(|| path.display().to_string())?;
        let spec = reader.spec();
        let scale = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
        let channels = usize::from(spec.channels);
        let sound = match spec.sample_format {
            hound::SampleFormat::Float => {
                reader.into_samples::<f32>().step_by(channels).collect::<Result<Vec<_>, _>>()
            }
            hound::SampleFormat::Int => {
                reader.into_samples::<i32>().step_by(channels).map(|s| s.map(|s| s as f32 / scale)).collect()
            }
        };
        sound.with_context(|| path.display().to_string())
    }
}

/// The folders in a folder; none if it does not exist yet.
pub fn folders(dir: &Path) -> Result<Vec<PathBuf>> {
    if !dir.exists() {
        return Ok(vec![]);
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    Ok(folders)
}
