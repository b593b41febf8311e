//! Control: listens at the recording's socket and hands what is asked to the Recorder. Without it nothing
//! else is any different.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;

use super::recorder;
use crate::control::server::Server;
use crate::control::{Request, Response};
use crate::recording::Recording;
use crate::session::journal::Event;

/// The actor.
pub struct Control;

/// What it is started with.
pub struct Arguments {
    /// The data plane.
    pub recording: Arc<Recording>,
    /// Who answers.
    pub recorder: ActorRef<recorder::Message>,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Panic. Only tests send it.
    #[doc(hidden)]
    Crash,
}

impl Actor for Control {
    type Msg = Message;
    /// With it the socket goes, and whoever is being served.
    type State = Option<Server>;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let Arguments { recording, recorder } = arguments;
        let asked = recorder.clone();
        let server = Server::start(&recording.dir, move |request| ask(asked.clone(), request));
        match server {
            Ok(server) => Ok(Some(server)),
            Err(error) => {
                let event = Event::NoControl { reason: error.to_string() };
                recording.note(event.clone());
                recorder.cast(recorder::Message::Happened(vec![event]))?;
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
            Message::Crash => panic!("Control was told to crash"),
        }
    }
}

/// What the Recorder answers.
async fn ask(recorder: ActorRef<recorder::Message>, request: Request) -> Response {
    let (reply, answer) = oneshot::channel();
    // Gone with its mailbox or with its reply: it is the same to whoever asks.
    let asked = recorder.cast(recorder::Message::Asked(request, reply));
    match answer.await {
        Ok(response) if asked.is_ok() => response,
        _ => Response::Refused { error: "the recorder has just ended".into() },
    }
}
