//! Every way in which a session is read, in this process: a panic or a hang anywhere fails the test.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hansard::audio::decode::{Read, SoundFile};
use hansard::base::units::{Frames, SampleRate};
use hansard::care::offline::{self, OfflineSink, Past};
use hansard::care::recover::{RecoverError, Recovered, is_dirty, recover};
use hansard::care::verify::verify;
use hansard::clock::SystemClock;
use hansard::export::evidence::track_files;
use hansard::export::save::Target;
use hansard::export::sound::Mix;
use hansard::export::turns::Meeting;
use hansard::export::{Format, Options};
use hansard::session::disk::SystemDisk;
use hansard::session::lock::{LockError, SessionLock};
use hansard::session::read;
use hansard::session::reading::Session;
use hansard::session::tail::SpanReader;

use super::outside::World;

/// Bytes of sound that are hashed.
const HASH_MAX: u64 = 64 << 20;
/// More than any track here holds; who reads more reads in circles.
const FRAMES_MAX: usize = 1 << 20;

/// [`recover`], once nobody holds the lock: a process that another test just starts has it too for a moment,
/// until it runs its program.
pub fn mend(dir: &Path, dry_run: bool) -> Result<Recovered, RecoverError> {
    let started = Instant::now();
    loop {
        match recover(&SystemDisk, &SystemClock, dir, dry_run) {
            Err(RecoverError::Lock(LockError::InUse(_))) if started.elapsed() < Duration::from_secs(20) => {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// Through every verb; what each of them says of the session is its own matter.
pub fn everything(world: &World) {
    look(world);
    let dir = &world.session;
    let told = mend(dir, true).map_err(|error| error.to_string());
    let done = mend(dir, false).map_err(|error| error.to_string());
    world.check();
    if let Ok(done) = &done {
        assert_eq!(told.as_ref(), Ok(done), "what is said is done");
        let again = mend(dir, false).unwrap_or_else(|error| panic!("{error}: {done:?}"));
        assert!(!again.changed, "a second run changes nothing: {done:?}, then {again:?}");
        if done.damage.is_none() {
            assert!(!is_dirty(dir), "{done:?}");
            verify(dir).unwrap_or_else(|error| panic!("{error}: {done:?}"));
        }
    }
    look(world);
    export(world);
    world.check();
}

fn look(world: &World) {
    let dir = &world.session;
    // Each of these may well be an error.
    drop(read::list(&world.recordings).map_err(|error| error.to_string()));
    drop(read::resolve(&world.recordings, "last").map_err(|error| error.to_string()));
    drop(verify(dir).map_err(|error| error.to_string()));
    let _ = (SessionLock::is_held(dir), is_dirty(dir));
    drop(Past::read(dir).map_err(|error| error.to_string()));
    for track in ["a.wav", "b.wav"] {
        // What a user hands to `transcribe` as a file: it may be anything but a pipe, on which every reader
        // waits.
        let path = dir.join("tracks").join(track);
        if path.is_file() && !path.is_symlink() {
            play(&path);
        }
    }
    let Ok(session) = Session::open(dir) else { return };
    let meeting = Meeting::new(&session, 2.0).with_files(track_files(&session, HASH_MAX));
    let options = Options { words: true, evidence: true, ..Options::default() };
    for format in &Format::ALL {
        drop(format.render(&meeting, &options));
    }
    listen(&session);
    let Ok(tracks) = offline::tracks(&session) else { return };
    for take in tracks.iter().flat_map(|track| track.takes()) {
        let mut samples = Vec::new();
        let Ok(mut reader) = SpanReader::open(dir, &take.entry) else { continue };
        let to = take.written().min(Frames(FRAMES_MAX as u64));
        if reader.read(Frames(0), to, &mut samples).is_ok() {
            take.leave_out_foreign(Frames(0), &mut samples);
        }
    }
}

/// The first seconds of all tracks on session time, however long they say they are.
fn listen(session: &Session) {
    let heard_ms = AtomicU64::new(0);
    let watch = |seconds: f64| match heard_ms.fetch_add((seconds * 1e3) as u64, Ordering::Relaxed) {
        0..=2_000 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    if let Ok(mix) = Mix::plan(session, SampleRate::HZ_16000) {
        let failed = |error: std::io::Error| panic!("memory can be written to: {error}");
        drop(mix.write(Cursor::new(Vec::new()), &watch, failed));
    }
}

fn play(path: &Path) {
    let Ok(mut file) = SoundFile::open(path) else { return };
    let mut samples = Vec::new();
    while samples.len() < FRAMES_MAX {
        match file.read(4_096, &mut samples) {
            Ok(Read::End) | Err(_) => return,
            Ok(_) => {}
        }
    }
    panic!("{} has no end", path.display());
}

/// What `transcribe` and `export` write into a session.
fn export(world: &World) {
    let dir = &world.session;
    let Ok(session) = Session::open(dir) else { return };
    if let Ok(past) = Past::read(dir)
        && let Ok(sink) = OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, true)
    {
        drop(sink.finish());
    }
    let meeting = Meeting::new(&session, 2.0).with_files(track_files(&session, HASH_MAX));
    let options = Options { words: true, evidence: true, ..Options::default() };
    for format in &Format::ALL {
        let Ok(bytes) = format.render(&meeting, &options) else { continue };
        let target = Target::in_session(dir, format.file_name());
        if target.check(&bytes).is_ok() {
            drop(target.write(&SystemDisk, &bytes));
        }
    }
}
