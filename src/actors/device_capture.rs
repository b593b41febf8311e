//! DeviceCapture: looks after one device's lane. The lane itself goes on without it.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::recording::Recording;

/// A lane is looked after this often.
const EVERY: Duration = Duration::from_millis(50);

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
        // Ends with the actor.
        drop(myself.send_interval(EVERY, || Message::Tick));
        Ok(arguments)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        state: &mut Arguments,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Tick => {
                tokio::task::block_in_place(|| state.recording.step_lane(state.lane));
                Ok(())
            }
            #[cfg(debug_assertions)]
            Message::Crash => panic!("DeviceCapture was told to crash"),
        }
    }
}
