//! A connection to the server that asks, orders and is told of changes.
//!
//! The wire format is that of the `pulseaudio` crate, which cpal speaks too. Its client can't move a stream
//! or list streams, so the few requests that are needed here are made directly, one at a time.

use std::ffi::CString;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use pulseaudio::protocol::{self, Command, CommandReply, ProtocolError, SubscriptionMask};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::view::View;
use crate::clock::{Clock as _, SystemClock};

/// A server that does not answer for so long is taken for hung.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// Longest message that is read, in bytes; a server with a hundred devices sends some 200 KiB.
const MESSAGE_MAX: u32 = 16 << 20;
/// The channel of messages that are no sound.
const CONTROL: u32 = u32::MAX;

/// Why the server can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// There is none, or it does not answer.
    #[error("the sound server does not answer: {0}")]
    Io(#[from] io::Error),
    /// It refused, or what it said makes no sense.
    #[error("the sound server: {0}")]
    Protocol(#[from] ProtocolError),
}

/// A connection.
pub struct Link {
    socket: BufReader<UnixStream>,
    version: u16,
    sequence: u32,
    /// The server told of a change that nobody has looked at yet.
    changed: bool,
}

impl Link {
    /// Connects to the server that cpal connects to.
    ///
    /// # Errors
    /// There is none, or it does not let us in.
    pub fn connect() -> Result<Self, LinkError> {
        let path =
            pulseaudio::socket_path_from_env().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(ANSWER_LIMIT))?;
        socket.set_write_timeout(Some(ANSWER_LIMIT))?;
        let socket = BufReader::new(socket);
        let mut link = Self { socket, version: protocol::MAX_VERSION, sequence: 0, changed: true };
        let auth = protocol::AuthParams {
            version: protocol::MAX_VERSION,
            supports_shm: false,
            supports_memfd: false,
            cookie: cookie.unwrap_or_default(),
        };
        let reply: protocol::AuthReply = link.ask(&Command::Auth(auth))?;
        link.version = link.version.min(reply.version);
        let mut props = protocol::Props::new();
        props.set(protocol::Prop::ApplicationName, c"hansard-watch");
        let pid = CString::new(std::process::id().to_string()).unwrap_or_default();
        props.set(protocol::Prop::ApplicationProcessId, pid);
        let _: protocol::SetClientNameReply = link.ask(&Command::SetClientName(props))?;
        Ok(link)
    }

    /// From now on changes of devices and streams are told.
    ///
    /// # Errors
    /// The server is gone.
    pub fn subscribe(&mut self) -> Result<(), LinkError> {
        let of = SubscriptionMask::SINK
            | SubscriptionMask::SOURCE
            | SubscriptionMask::SINK_INPUT
            | SubscriptionMask::SOURCE_OUTPUT
            | SubscriptionMask::SERVER;
        self.order(&Command::Subscribe(of))
    }

    /// Waits until something has changed since the last [`Self::view`], at most for `limit`; whether it has.
    ///
    /// # Errors
    /// The server is gone.
    pub fn wait_change(&mut self, limit: Duration) -> Result<bool, LinkError> {
        if !self.changed && self.socket.buffer().is_empty() && !self.is_readable(limit)? {
            return Ok(false);
        }
        // What came in one piece is one change.
        while !self.socket.buffer().is_empty() || self.is_readable(Duration::ZERO)? {
            self.read()?;
        }
        Ok(self.changed)
    }

    fn is_readable(&self, limit: Duration) -> io::Result<bool> {
        let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
        match poll(&mut [PollFd::new(self.socket.get_ref(), PollFlags::IN)], Some(&limit)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The devices and streams as they are now.
    ///
    /// # Errors
    /// The server is gone.
    pub fn view(&mut self) -> Result<View, LinkError> {
        // Before it asks: what is changed from here on is seen by the next look.
        let taken_at = SystemClock.now();
        self.changed = false;
        let server: protocol::ServerInfo = self.ask(&Command::GetServerInfo)?;
        let clients: protocol::ClientInfoList = self.ask(&Command::GetClientInfoList)?;
        let sources: protocol::SourceInfoList = self.ask(&Command::GetSourceInfoList)?;
        let sinks: protocol::SinkInfoList = self.ask(&Command::GetSinkInfoList)?;
        let inputs: protocol::SinkInputInfoList = self.ask(&Command::GetSinkInputInfoList)?;
        // Last: a stream's device is in the lists from before, or is looked at again.
        let outputs: protocol::SourceOutputInfoList = self.ask(&Command::GetSourceOutputInfoList)?;
        Ok(View::new(taken_at, &server, &clients, &sources, &sinks, &inputs, &outputs))
    }

    /// What has changed since `view`: the streams alone, as long as the server told of no change and each is
    /// where it was; else all of it.
    ///
    /// # Errors
    /// The server is gone.
    pub fn renew(&mut self, view: &View) -> Result<View, LinkError> {
        if self.changed {
            return self.view();
        }
        let taken_at = SystemClock.now();
        let outputs: protocol::SourceOutputInfoList = self.ask(&Command::GetSourceOutputInfoList)?;
        match view.renewed(taken_at, &outputs) {
            Some(renewed) if !self.changed => Ok(renewed),
            _ => self.view(),
        }
    }

    /// Moves one of our streams to the source of this number.
    ///
    /// # Errors
    /// The server refuses, or is gone.
    pub fn move_output(&mut self, output: u32, source: u32) -> Result<(), LinkError> {
        self.order(&Command::MoveSourceOutput(protocol::MoveStreamParams {
            index: Some(output),
            device_index: Some(source),
            device_name: None,
        }))
    }

    fn order(&mut self, command: &Command) -> Result<(), LinkError> {
        self.send(command)?;
        self.answer().map(drop)
    }

    fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, LinkError> {
        self.send(command)?;
        let answer = self.answer()?;
        let (_, reply) = protocol::read_reply_message(&mut answer.as_slice(), self.version)?;
        Ok(reply)
    }

    fn send(&mut self, command: &Command) -> Result<(), LinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = Vec::new();
        protocol::write_command_message(&mut message, self.sequence, command, self.version)?;
        self.socket.get_mut().write_all(&message)?;
        Ok(())
    }

    /// The answer to what was sent last, as a whole message.
    fn answer(&mut self) -> Result<Vec<u8>, LinkError> {
        loop {
            if let Some((sequence, message)) = self.read()?
                && sequence == self.sequence
            {
                return Ok(message);
            }
        }
    }

    /// Reads one message: a reply with its number, or `None` where it was something else.
    fn read(&mut self) -> Result<Option<(u32, Vec<u8>)>, LinkError> {
        let mut header = [0; protocol::DESCRIPTOR_SIZE];
        self.socket.read_exact(&mut header)?;
        let descriptor = protocol::read_descriptor(&mut header.as_slice())?;
        if descriptor.length > MESSAGE_MAX {
            let length = descriptor.length;
            return Err(ProtocolError::Invalid(format!("a message of {length} bytes")).into());
        }
        let mut message = header.to_vec();
        message.resize(header.len() + descriptor.length as usize, 0);
        self.socket.read_exact(&mut message[header.len()..])?;
        if descriptor.channel != CONTROL {
            return Ok(None);
        }
        match protocol::read_command_message(&mut message.as_slice(), self.version) {
            Ok((sequence, Command::Reply)) => Ok(Some((sequence, message))),
            Ok((sequence, Command::Error(error))) if sequence == self.sequence => {
                Err(ProtocolError::ServerError(error).into())
            }
            Ok((_, Command::SubscribeEvent(_))) => {
                self.changed = true;
                Ok(None)
            }
            // What newer servers say besides is not for us.
            Ok(_) | Err(ProtocolError::Unimplemented(..) | ProtocolError::UnexpectedCommand(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
