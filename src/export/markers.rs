//! Markers for programs in which film and sound are cut: what was marked, and what a reader must know at its
//! place (with its length). For DaVinci Resolve as the EDL that it exports and imports its own timeline
//! markers with; for Premiere Pro, and what else reads Final Cut Pro 7's XML, as a sequence that has nothing
//! but markers.

use std::fmt::Write as _;

use super::notices::Notice;
use super::timecode::Timecode;
use super::turns::Meeting;
use super::xml::escape;
use crate::base::text;
use crate::session::mark::{Mark, MarkKind};

/// The hour at which Resolve's timelines begin, unless somebody changed that.
const RESOLVE_HOUR: u32 = 1;

/// A marker.
struct Marker {
    /// Frames from the session's first.
    from: u64,
    /// Frames that it lasts; 0 for a moment.
    frames: u64,
    /// `Decision`
    name: &'static str,
    text: String,
    colour: &'static str,
}

impl Marker {
    fn mark(mark: &Mark, timecode: &Timecode) -> Self {
        let colour = match mark.kind {
            MarkKind::Decision => "Green",
            MarkKind::Action => "Yellow",
            MarkKind::Question => "Purple",
            MarkKind::Note => "Blue",
        };
        let (name, text) = (mark.kind.title(), text::clean(&mark.text));
        Self { from: timecode.rate.frame(mark.at), frames: 0, name, text, colour }
    }

    fn notice(told: &Notice, timecode: &Timecode) -> Self {
        let (from, to) = (timecode.rate.frame(told.from), timecode.rate.frame(told.to));
        let colour = if told.lost { "Red" } else { "Sand" };
        Self { from, frames: to.saturating_sub(from), name: "Notice", text: told.what(), colour }
    }
}

/// All of them by time.
fn markers(meeting: &Meeting, timecode: &Timecode) -> Vec<Marker> {
    let mut markers: Vec<Marker> = meeting.marks().map(|mark| Marker::mark(mark, timecode)).collect();
    markers.extend(meeting.notices.iter().map(|told| Marker::notice(told, timecode)));
    markers.sort_by_key(|marker| marker.from);
    markers
}

/// An EDL whose events are markers, as Resolve has them: an event of one frame, then its colour, name and
/// length.
pub fn edl(meeting: &Meeting, timecode: &Timecode) -> String {
    let first = timecode.first(meeting, RESOLVE_HOUR);
    let mode = if timecode.drop { "DROP FRAME" } else { "NON-DROP FRAME" };
    let mut out = format!("TITLE: {}\nFCM: {mode}\n\n", plain(&meeting.title()));
    for (n, marker) in markers(meeting, timecode).iter().enumerate() {
        let at = first.saturating_add(marker.from);
        let (from, to) = (timecode.name(at), timecode.name(at.saturating_add(1)));
        let _ = writeln!(out, "{:03}  001      V     C        {from} {to} {from} {to}  ", n + 1);
        let (colour, text, frames) = (marker.colour, plain(&marker.text), marker.frames.max(1));
        let _ = writeln!(out, " |C:ResolveColor{colour} |M:{}: {text} |D:{frames}\n", marker.name);
    }
    out
}

/// A bar parts the fields of a marker; in a text a slash stands for it.
fn plain(text: &str) -> String {
    text.replace('|', "/")
}

/// A sequence of Final Cut Pro 7's XML (`xmeml` 4) with these markers.
pub fn xmeml(meeting: &Meeting, timecode: &Timecode) -> String {
    let title = escape(&meeting.title());
    let (nominal, ntsc) = (timecode.rate.nominal, if timecode.rate.ntsc { "TRUE" } else { "FALSE" });
    let rate = format!("<rate><timebase>{nominal}</timebase><ntsc>{ntsc}</ntsc></rate>");
    let first = timecode.first(meeting, 0);
    let name = timecode.name(first);
    let shown = if timecode.drop { "DF" } else { "NDF" };
    let markers = markers(meeting, timecode);
    let last = markers
        .iter()
        .map(|marker| marker.from.saturating_add(marker.frames).saturating_add(1))
        .max()
        .unwrap_or(0);
    let duration = timecode.rate.frame(meeting.session.manifest.duration).max(last);
    let mut out = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xmeml>
<xmeml version="4">
  <sequence id="hansard">
    <name>{title}</name>
    <duration>{duration}</duration>
    {rate}
    <timecode>{rate}<string>{name}</string><frame>{first}</frame><displayformat>{shown}</displayformat></timecode>
    <media>
      <video><format><samplecharacteristics>{rate}<width>1920</width><height>1080</height></samplecharacteristics></format><track/></video>
      <audio><track/></audio>
    </media>
"#
    );
    for marker in &markers {
        let (from, text) = (marker.from, escape(&marker.text));
        // A moment has no end.
        let to =
            if marker.frames > 0 { from.saturating_add(marker.frames).to_string() } else { "-1".to_owned() };
        let _ = writeln!(
            out,
            "    <marker><name>{}</name><comment>{text}</comment><in>{from}</in><out>{to}</out></marker>",
            marker.name
        );
    }
    out + "  </sequence>\n</xmeml>\n"
}
