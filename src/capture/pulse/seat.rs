//! A stream's place at the server: which of its streams is ours, and on which device it is.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::link::{Link, LinkError};
use super::view::{View, Whereabouts};
use crate::base::cause::Condition;
use crate::capture::source::{Look, Presence};
use crate::clock::{Clock as _, MonoNs, SystemClock};

/// Streams are opened one after the other: the server does not say which of them a call has made.
static TURN: Mutex<()> = Mutex::new(());
/// A new stream is looked for this long.
const FIND_LIMIT_S: f64 = 1.0;
const FIND_EVERY: Duration = Duration::from_millis(10);
/// A server that puts a stream elsewhere is told this often where it belongs.
const MOVES_MAX: usize = 3;
/// A stream that is on no device for longer than this is lost, in seconds.
const NOWHERE_S: f64 = 1.0;
/// What the server said so long ago, in seconds, may not hold any more.
const LATELY_S: f64 = 2.0;

/// One of our streams.
#[derive(Debug)]
pub struct Seat {
    output: u32,
    /// Name and number of the device that it was opened on, and the server that both are of.
    name: String,
    source: u32,
    server: u32,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// When it was last seen on its device; 0: not yet.
    own_at: MonoNs,
    nowhere_since: Option<MonoNs>,
    /// It left its device. That is never taken back: what came meanwhile is another device's sound.
    left: Option<Presence>,
    condition: Option<Condition>,
}

impl Seat {
    fn new(output: u32, name: &str, source: u32, server: u32) -> Self {
        let seen = Seen { own_at: MonoNs(0), nowhere_since: None, left: None, condition: None };
        Self { output, name: name.into(), source, server, seen: Mutex::new(seen) }
    }

    /// Name of its device.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes in what the server says now.
    pub fn see(&self, view: &View) {
        let mut seen = self.seen();
        if seen.left.is_some() {
            return;
        }
        let whereabouts = if view.server == self.server {
            view.whereabouts(self.output, &self.name, self.source)
        } else {
            Whereabouts::Ended
        };
        if whereabouts != Whereabouts::Nowhere {
            seen.nowhere_since = None;
        }
        match whereabouts {
            Whereabouts::Own => {
                seen.own_at = view.taken_at;
                seen.condition = view.condition(&self.name);
            }
            Whereabouts::Other(to) => seen.left = Some(Presence::Moved { to }),
            Whereabouts::Unplugged | Whereabouts::Ended => seen.left = Some(Presence::Gone),
            Whereabouts::Nowhere => {
                let since = *seen.nowhere_since.get_or_insert(view.taken_at);
                if view.taken_at.seconds_since(since) > NOWHERE_S {
                    seen.left = Some(Presence::Gone);
                }
            }
        }
    }

    /// What is known of it.
    pub fn look(&self) -> Look {
        let seen = self.seen();
        if let Some(left) = &seen.left {
            return Look::of_now(left.clone());
        }
        let age = Duration::from_nanos(SystemClock.now().0.saturating_sub(seen.own_at.0));
        Look { presence: Presence::There, age }
    }

    /// What the system does to its sound; `None` where it has not been said lately.
    pub fn condition(&self) -> Option<Condition> {
        let seen = self.seen();
        let lately = SystemClock.now().seconds_since(seen.own_at) < LATELY_S;
        seen.condition.clone().filter(|_| lately && seen.left.is_none())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while one stream is made, so that it can be told from the others.
pub struct Turn {
    link: Link,
    before: HashSet<u32>,
    _turn: MutexGuard<'static, ()>,
}

impl Turn {
    /// To be begun before the stream is made.
    ///
    /// # Errors
    /// The server can't be asked.
    pub fn begin() -> Result<Self, LinkError> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut link = Link::connect()?;
        let before = link.view()?.outputs.iter().map(|output| output.index).collect();
        Ok(Self { link, before, _turn: turn })
    }

    /// The stream has been made, on the source `name`, and is not started yet. Where the server has put it on
    /// another device it is moved to its own.
    ///
    /// # Errors
    /// The server puts it elsewhere all the same, or can't be asked.
    pub fn seat(mut self, name: &str) -> Result<Seat, String> {
        let since = SystemClock.now();
        let mut moves = 0;
        loop {
            let view = self.link.view().map_err(|error| error.to_string())?;
            let late = view.taken_at.seconds_since(since) > FIND_LIMIT_S;
            let new =
                view.outputs.iter().filter(|output| output.ours && !self.before.contains(&output.index));
            let (Some(output), Some(source)) = (new.max_by_key(|output| output.index), view.source(name))
            else {
                if late {
                    return Err("the sound server does not list the stream that it has just made".into());
                }
                std::thread::sleep(FIND_EVERY);
                continue;
            };
            match view.whereabouts(output.index, name, source.index) {
                Whereabouts::Other(to) if moves == MOVES_MAX => {
                    return Err(format!("the sound server puts its stream on {to}"));
                }
                Whereabouts::Other(_) => {
                    moves += 1;
                    let moved = self.link.move_output(output.index, source.index);
                    moved.map_err(|error| format!("its stream can't be moved to it: {error}"))?;
                    std::thread::sleep(FIND_EVERY);
                }
                // A stream that has not been started may be on no device yet.
                _ => {
                    let seat = Seat::new(output.index, name, source.index, view.server);
                    seat.see(&view);
                    return Ok(seat);
                }
            }
        }
    }
}
