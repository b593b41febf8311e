//! Writer: steers the disk thread through the end of a session. That thread takes its lines directly, so
//! nothing waits in this mailbox that could be lost with it.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use crate::recording::Recording;
use crate::writer::Closed;

/// The actor.
pub struct Writer;

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Close, sync and journal all tracks; `None` if the disk does not answer in time.
    CloseTracks(Duration, RpcReplyPort<Option<Closed>>),
    /// Panic. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

impl Actor for Writer {
    type Msg = Message;
    type State = Arc<Recording>;
    type Arguments = Arc<Recording>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        recording: Arc<Recording>,
    ) -> Result<Arc<Recording>, ActorProcessingErr> {
        Ok(recording)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        recording: &mut Arc<Recording>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::CloseTracks(timeout, reply) => {
                let closed = tokio::task::block_in_place(|| recording.close_tracks(timeout));
                reply.send(closed)?;
            }
            #[cfg(debug_assertions)]
            Message::Crash => panic!("Writer was told to crash"),
        }
        Ok(())
    }
}
