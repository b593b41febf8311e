//! DeviceCapture: looks after one device's lane. The lane itself goes on without it.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::recording::Recording;

/// A lane is looked after this often while its device is opened or closed.
const EVERY: Duration = Duration::from_millis(50);
/// The same while the device is open and nothing else is under way.
const EVERY_STEADY: Duration = Duration::from_millis(100);

/// The actor.
pub struct DeviceCapture;

/// What it is started with.
pub struct Arguments {
    /// The data plane.
    pub recording: Arc<Recording>,
    /// Index of its lane.
    pub lane: usize,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Look after the lane.
    Tick,
    /// Panic. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

impl Actor for DeviceCapture {
    type Msg = Message;
    type State = Arguments;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<Arguments, ActorProcessingErr> {
        drop(myself.send_after(EVERY, || Message::Tick));
        Ok(arguments)
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut Arguments,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Tick => {
                let step = || state.recording.step_lane(state.lane);
                let is_steady = || state.recording.lanes.get(state.lane).is_some_and(|lane| lane.is_steady());
                // A thread may be joined, which waits for the backend. Where that can't be, nobody else needs
                // to be woken to take over this one's work.
                if is_steady() {
                    step()
                } else {
                    tokio::task::block_in_place(step)
                }
                let pause = if is_steady() { EVERY_STEADY } else { EVERY };
                drop(myself.send_after(pause, || Message::Tick));
                Ok(())
            }
            #[cfg(debug_assertions)]
            Message::Crash => panic!("DeviceCapture was told to crash"),
        }
    }
}
