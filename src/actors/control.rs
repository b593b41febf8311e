//! Control: listens at the recording's socket and hands what is asked to the Recorder. Without it nothing
//! else is any different.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::control::server::{Answers, Server};
use crate::recording::Recording;
use crate::session::journal::Event;

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
    /// Panic. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

impl Actor for Control {
    type Msg = Message;
    /// With it the socket goes, and all its clients.
    type State = Option<Server>;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let Arguments { recording, answer } = arguments;
        match Server::start(&recording.dir, answer, recording.news.clone()) {
            Ok(server) => Ok(Some(server)),
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
        _server: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            #[cfg(debug_assertions)]
            Message::Crash => panic!("Control was told to crash"),
        }
    }
}
