//! A microphone with a clock of its own: the writer into its pipe is the clock.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;

/// The writer of a microphone that has its own clock.
pub struct Fifo {
    stop: Arc<AtomicBool>,
    delivers: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fifo {
    /// Its sound goes on all the time; it is delivered (true) or lost.
    pub fn deliver(&self, delivers: bool) {
        self.delivers.store(delivers, Ordering::Relaxed);
    }

    pub(super) fn start(path: &Path, rate: f64, sound: Vec<i16>) -> Result<Self> {
        use rustix::fs::{Mode, OFlags};
        // Never blocks: what nobody reads is dropped, as a device would.
        let fifo = rustix::fs::open(path, OFlags::RDWR | OFlags::NONBLOCK, Mode::empty())?;
        let stop = Arc::new(AtomicBool::new(false));
        let delivers = Arc::new(AtomicBool::new(false));
        let (stopped, delivered) = (Arc::clone(&stop), Arc::clone(&delivers));
        let thread = std::thread::spawn(move || {
            let (start, mut done) = (Instant::now(), 0_u64);
            while !stopped.load(Ordering::Relaxed) {
                let due = (start.elapsed().as_secs_f64() * rate) as u64;
                if !delivered.load(Ordering::Relaxed) {
                    done = due;
                }
                while done < due {
                    // 4000 bytes are below PIPE_BUF: a write is whole or not at all.
                    let next = due.min(done + 2000);
                    let bytes: Vec<u8> =
                        (done..next).flat_map(|n| sound[n as usize % sound.len()].to_le_bytes()).collect();
                    let _dropped_when_full = rustix::io::write(&fifo, &bytes);
                    done = next;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Ok(Self { stop, delivers, thread: Some(thread) })
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
