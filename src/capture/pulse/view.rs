//! The devices and streams that a server had at one moment.

use std::collections::HashMap;
use std::ffi::CStr;

use pulseaudio::protocol;

use crate::base::cause::Condition;
use crate::clock::MonoNs;

/// How the name of what a loudspeaker plays ends.
const MONITOR: &str = ".monitor";

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Before it was asked.
    pub taken_at: MonoNs,
    /// A number that tells servers apart: one that was restarted counts its devices and streams anew.
    pub server: u32,
    default_source: Option<String>,
    default_sink: Option<String>,
    /// Microphones and monitors.
    pub sources: Vec<SourceView>,
    /// What is captured by whom.
    pub outputs: Vec<OutputView>,
    /// Numbers of this program's connections.
    ours: Vec<u32>,
    /// By number.
    sinks: HashMap<u32, SinkView>,
}

/// A microphone, or the monitor of what is played.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    /// The server's number, which a device that is plugged in again gets anew.
    pub index: u32,
    /// Stable, unlike the number.
    pub name: String,
    /// What it monitors.
    monitor_of: Option<u32>,
    silenced: bool,
    running: bool,
}

/// A stream that is captured.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputView {
    pub index: u32,
    /// Number of the source that it is on; no source has it while the stream is on none.
    pub source: u32,
    /// It is this program's.
    pub ours: bool,
}

impl OutputView {
    /// `ours` are the numbers of this program's connections.
    fn new(output: &protocol::SourceOutputInfo, ours: &[u32]) -> Self {
        let by_us = output.client_index.is_some_and(|client| ours.contains(&client));
        let pid = text_of(&output.props, protocol::Prop::ApplicationProcessId);
        Self {
            index: output.index,
            source: output.source_index,
            ours: by_us || pid == std::process::id().to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
struct SinkView {
    silenced: bool,
    /// Programs that play to it now.
    players: Vec<String>,
    /// One of them at least is not muted itself.
    audible: bool,
}

impl SinkView {
    fn is_silenced(&self) -> bool {
        self.silenced || (!self.players.is_empty() && !self.audible)
    }
}

/// Where a stream of ours is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// On the device that is meant.
    Own,
    /// On another one, of this name.
    Other(String),
    /// On none at the moment.
    Nowhere,
    /// The device that is meant is not there, or is not the one that was opened: it was plugged in again.
    Unplugged,
    /// The stream is gone.
    Ended,
}

impl View {
    /// From the server's answers.
    pub(super) fn new(
        taken_at: MonoNs,
        server: &protocol::ServerInfo,
        clients: &[protocol::ClientInfo],
        sources: &[protocol::SourceInfo],
        sinks: &[protocol::SinkInfo],
        inputs: &[protocol::SinkInputInfo],
        outputs: &[protocol::SourceOutputInfo],
    ) -> Self {
        let own = std::process::id().to_string();
        let pid = |props: &protocol::Props| text_of(props, protocol::Prop::ApplicationProcessId);
        let ours: Vec<u32> =
            clients.iter().filter(|client| pid(&client.props) == own).map(|client| client.index).collect();
        let mut sinks: HashMap<u32, SinkView> = sinks
            .iter()
            .map(|sink| {
                (
                    sink.index,
                    SinkView { silenced: silenced(sink.muted, &sink.cvolume), ..SinkView::default() },
                )
            })
            .collect();
        for input in inputs.iter().filter(|input| is_program(input)) {
            if let Some(sink) = sinks.get_mut(&input.sink_index) {
                sink.audible |= !silenced(input.muted, &input.cvolume);
                let name = text_of(&input.props, protocol::Prop::ApplicationName);
                sink.players.push(if name.is_empty() { text(&input.name) } else { name });
            }
        }
        Self {
            taken_at,
            server: server.cookie,
            default_source: server.default_source_name.as_deref().map(text),
            default_sink: server.default_sink_name.as_deref().map(text),
            sources: sources
                .iter()
                .map(|source| SourceView {
                    index: source.index,
                    name: text(&source.name),
                    monitor_of: source.monitor_of_sink_index,
                    silenced: silenced(source.muted, &source.cvolume),
                    running: source.state == protocol::SourceState::Running,
                })
                .collect(),
            outputs: outputs.iter().map(|output| OutputView::new(output, &ours)).collect(),
            ours,
            sinks,
        }
    }

    /// The same devices with what is captured now, a moment later. `None` where that is not enough to tell
    /// where each stream is.
    pub(super) fn renewed(&self, taken_at: MonoNs, outputs: &[protocol::SourceOutputInfo]) -> Option<Self> {
        let outputs: Vec<_> = outputs.iter().map(|output| OutputView::new(output, &self.ours)).collect();
        let same = outputs.len() == self.outputs.len() && self.outputs.iter().all(|o| outputs.contains(o));
        same.then(|| Self { taken_at, outputs, ..self.clone() })
    }

    /// The source of this name.
    pub fn source(&self, name: &str) -> Option<&SourceView> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// Where the stream `output` is that was opened on the source `name` when that had the number `index`.
    pub fn whereabouts(&self, output: u32, name: &str, index: u32) -> Whereabouts {
        let Some(output) = self.outputs.iter().find(|found| found.index == output) else {
            return Whereabouts::Ended;
        };
        match self.sources.iter().find(|source| source.index == output.source) {
            Some(source) if source.name != name => Whereabouts::Other(source.name.clone()),
            _ if self.source(name).is_none_or(|source| source.index != index) => Whereabouts::Unplugged,
            Some(_) => Whereabouts::Own,
            None => Whereabouts::Nowhere,
        }
    }

    /// Whether the source `name` is the default microphone, or the `monitor` of the default loudspeaker.
    /// `None` where there is no such default: with no microphone left a server takes a monitor for it, which
    /// is not one to go over to.
    pub fn is_default(&self, monitor: bool, name: &str) -> Option<bool> {
        if monitor {
            return self.default_sink.as_ref().map(|sink| name.strip_suffix(MONITOR) == Some(sink));
        }
        let default = self.default_source.as_deref()?;
        let is_monitor = self.source(default).is_none_or(|source| source.monitor_of.is_some());
        (!is_monitor).then_some(default == name)
    }

    /// What the system does to the sound of the source `name`.
    pub fn condition(&self, name: &str) -> Option<Condition> {
        let source = self.source(name)?;
        let sink = source.monitor_of.and_then(|sink| self.sinks.get(&sink));
        Some(Condition {
            running: source.running,
            silenced: source.silenced || sink.is_some_and(SinkView::is_silenced),
            players: sink.map(|sink| sink.players.clone()).unwrap_or_default(),
        })
    }
}

/// Whether somebody plays here that wants to be heard: plumbing between devices, a paused player and sounds
/// that only test the system are none.
fn is_program(input: &protocol::SinkInputInfo) -> bool {
    let role = text_of(&input.props, protocol::Prop::MediaRole);
    input.client_index.is_some() && !input.corked && role != "test"
}

fn silenced(muted: bool, volume: &protocol::ChannelVolume) -> bool {
    let volumes = volume.channels();
    muted || (!volumes.is_empty() && volumes.iter().all(|volume| volume.as_u32() == 0))
}

fn text(name: impl AsRef<CStr>) -> String {
    name.as_ref().to_string_lossy().into_owned()
}

/// A property as text; empty where there is none.
fn text_of(props: &protocol::Props, prop: protocol::Prop) -> String {
    let bytes = props.get(prop).unwrap_or_default();
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(index: u32, source: u32) -> protocol::SourceOutputInfo {
        protocol::SourceOutputInfo {
            index,
            source_index: source,
            client_index: Some(7),
            ..protocol::SourceOutputInfo::default()
        }
    }

    #[test]
    fn streams_alone_renew_a_view_only_where_each_is_as_it_was() {
        let outputs = [output(1, 10), output(2, 11)];
        let server = protocol::ServerInfo::default();
        let view = View::new(MonoNs(5), &server, &[], &[], &[], &[], &outputs);

        let renewed = view.renewed(MonoNs(9), &[output(2, 11), output(1, 10)]).unwrap();
        assert_eq!(renewed.taken_at, MonoNs(9));
        assert_eq!(renewed.whereabouts(2, "mic", 11), view.whereabouts(2, "mic", 11));
        for (changed, what) in [
            (vec![output(1, 10), output(2, 12)], "moved"),
            (vec![output(1, 10)], "gone"),
            (vec![output(1, 10), output(2, 11), output(3, 11)], "new"),
            (vec![output(1, 10), output(1, 10)], "another"),
        ] {
            assert_eq!(view.renewed(MonoNs(9), &changed), None, "a stream is {what}");
        }
    }
}
