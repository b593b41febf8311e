//! Control: listens at the recording's socket and hands what is asked to the Recorder. Without it nothing
//! else is any different.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::control::server::{Answers, Server};
use crate::recording::Recording;
use crate::session::journal::Event;

/// It looks this often where the session's folder lies.
const EVERY: Duration = Duration::from_millis(500);

/// The actor.
pub struct Control;

/// What it is started with.
pub struct Arguments {
    /// The data plane.
    pub recording: Arc<Recording>,
    /// Has what clients ask answered.
    pub answer: Answers,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Look where the session's folder lies.
    Look,
    /// Panic. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

impl Actor for Control {
    type Msg = Message;
    /// With it the socket goes, and all its clients.
    type State = Option<(Server, Arc<Recording>)>;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let Arguments { recording, answer } = arguments;
        // Ends with the actor.
        drop(myself.send_interval(EVERY, || Message::Look));
        match Server::start(&recording.dir, answer, recording.news.clone()) {
            Ok(server) => Ok(Some((server, recording))),
            Err(error) => {
                recording.note(Event::NoControl { reason: error.to_string() });
                Ok(None)
            }
        }
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        served: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Look => {
                if let Some((server, recording)) = served
                    && recording.folder.now().is_some()
                {
                    server.follow(&recording.dir);
                }
                Ok(())
            }
            #[cfg(debug_assertions)]
            Message::Crash => panic!("Control was told to crash"),
        }
    }
}
