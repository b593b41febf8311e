//! Containers of packets, as far as the decoder library knows them, on their own timeline: every packet is
//! put where its time stamp says. A place that can't be decoded is missing there and nowhere else; a gap in
//! the time stamps stays a gap.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecId, AudioDecoder};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::clusters::Clusters;
use super::codecs::{LOSSY, MPEG, describe, describe_track, guarded, make_decoder, params};
use super::edits::Edit;
use super::section::Unread;
use super::{Next, SoundTrack};
use crate::base::cause::GapCause;
use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleFormat, SampleRate};

/// So many seconds may lack of a lossy file, at its end, without a word: encoders pad, containers round.
pub(super) const LOSSY_SLACK_S: f64 = 0.5;
/// Time stamps may be off by this much in good order: containers round to milliseconds and more, and some
/// recorders stamp a packet when it is written. FFmpeg's resampler lets less than this pass, too
/// (`min_hard_comp`).
const JITTER_S: f64 = 0.1;
/// A gap that is longer is nonsense in a time stamp: the sound goes on without it.
const GAP_MAX_S: f64 = 86_400.0;
/// What Opus counts by, whatever it was made of (RFC 7845).
const OPUS_HZ: f64 = 48_000.0;
/// Formats whose packets are placed by counting their frames.
const NUMBERED: [&str; 2] = ["ogg", "flac"];
/// A reader reads ahead; what it has not come near at its end is left over.
const UNREAD_BYTES: u64 = 1 << 17;
/// Formats that tell how long all of it is.
const TIMED: [&str; 2] = ["matroska", "isomp4"];
/// A container's length is that of its longest track, to this many seconds.
const CONTAINER_SLACK_S: f64 = 1.0;
/// Packets in which the first of another track is looked for.
const PEEK_PACKETS: usize = 500;
/// So many bad places in a row are the end of what can be made sense of.
const BAD_MAX: u32 = 10_000;
/// An encoder's padding is up to so many packets of an MP3 file, which are to be dropped; more that lie
/// behind its stated end are another file that was joined to it.
const PADDING_PACKETS: usize = 2;

mod behind;

/// What is said of a file that goes on behind its end.
pub(super) const JOINED: &str = "another file is joined to it; it is read to its end";

/// A sound track of a container.
pub(super) struct Packets {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    /// Packets that were read ahead.
    ahead: VecDeque<Packet>,
    track: u32,
    codec: AudioCodecId,
    bits: Option<u32>,
    time_base: Option<TimeBase>,
    edit: Edit,
    /// Container second that is the file's first.
    origin_s: f64,
    /// Frames decoded or missing so far: the place of the next one.
    at: Frames,
    /// Where the packets that were read end.
    until_s: f64,
    /// What could not be decoded lies between `at` and the next packet.
    damaged: bool,
    /// Time stamps jumped by so many seconds, which are left out.
    shift_s: f64,
    /// Packets behind the stated end that are padding unless more follow.
    behind: VecDeque<Packet>,
    joined: bool,
    over: bool,
    /// Time stamp of our last packet.
    ticks: u64,
    /// Second at which the last packet of any track stood.
    seen_s: f64,
    /// What of the file nobody has looked at.
    unread: Option<Unread>,
    /// Where a Matroska file goes on behind a damaged place.
    clusters: Option<Clusters>,
    pub(super) format: DeviceFormat,
    pub(super) length: Option<Frames>,
    pub(super) remarks: Vec<String>,
    pub(super) tracks: Vec<SoundTrack>,
}

/// What a packet is for.
enum Use {
    Decode(Packet),
    Wait,
}

impl Packets {
    /// Opens sound track `wanted`, from 1, or the one that players take.
    pub(super) fn open(
        stream: MediaSourceStream<'static>,
        extension: Option<&str>,
        wanted: Option<u16>,
        edits: &HashMap<u32, Edit>,
    ) -> Result<Self, String> {
        let mut hint = Hint::new();
        if let Some(extension) = extension {
            hint.with_extension(extension);
        }
        let reader = guarded(|| {
            symphonia::default::get_probe()
                .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
                .map_err(|error| error.to_string())
        })?;
        let sound: Vec<&Track> = reader.tracks().iter().filter(|track| params(track).is_some()).collect();
        let tracks: Vec<SoundTrack> = sound.iter().map(|track| describe_track(track)).collect();
        let track = match wanted {
            Some(number) => {
                *usize::from(number).checked_sub(1).and_then(|n| sound.get(n)).ok_or_else(|| {
                    let count = sound.len();
                    format!(
                        "it has {count} sound track{}, and no #track{number}",
                        if count == 1 { "" } else { "s" }
                    )
                })?
            }
            None => reader
                .default_track(TrackType::Audio)
                .filter(|track| params(track).is_some())
                .or(sound.first().copied())
                .ok_or("no sound track")?,
        };
        let track = track.clone();
        let params = params(&track).ok_or("no sound track")?;
        let codec = params.codec;
        let decoder = make_decoder(params)?;
        // Without a header of its encoder the length of an MPEG stream is a guess of the reader's.
        let guessed = MPEG.contains(&codec) && track.delay.is_none();
        let length = track.num_frames.filter(|_| !guessed).map(Frames);
        let edit = edits.get(&track.id).copied().unwrap_or_default();
        let mut packets = Self {
            decoder,
            ahead: VecDeque::new(),
            track: track.id,
            codec,
            bits: params.bits_per_sample,
            time_base: track.time_base,
            edit,
            origin_s: 0.0,
            at: Frames(0),
            until_s: 0.0,
            damaged: false,
            shift_s: 0.0,
            behind: VecDeque::new(),
            joined: guessed,
            over: false,
            ticks: 0,
            seen_s: 0.0,
            unread: None,
            clusters: None,
            format: DeviceFormat { rate: SampleRate(0), channels: 0, format: SampleFormat::S16 },
            length: match params.sample_rate.map(SampleRate) {
                Some(rate) if edit.is_some() => edit.end_s().map(|end_s| Frames::from_seconds(end_s, rate)),
                _ => length,
            },
            remarks: Vec::new(),
            tracks,
            reader,
        };
        packets.format.rate = SampleRate(params.sample_rate.unwrap_or(0));
        packets.look_ahead(track.delay);
        Ok(packets)
    }

    fn is_lossy(&self) -> bool {
        LOSSY.contains(&self.codec)
    }

    /// Container seconds of a track's time stamp.
    fn seconds(&self, base: Option<TimeBase>, stamp: i64) -> f64 {
        match base {
            Some(base) => stamp as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()),
            None => stamp as f64 / f64::from(self.format.rate.0.max(1)),
        }
    }

    /// Finds where the container begins: with the first packet of any track, so that a sound that sets in
    /// later than the picture stays later.
    fn look_ahead(&mut self, delay: Option<u32>) {
        let bases: HashMap<u32, Option<TimeBase>> =
            self.reader.tracks().iter().map(|track| (track.id, track.time_base)).collect();
        let mut first: HashMap<u32, f64> = HashMap::new();
        for _ in 0..PEEK_PACKETS {
            let Ok(Ok(Some(packet))) = catch_unwind(AssertUnwindSafe(|| self.reader.next_packet())) else {
                break;
            };
            let base = bases.get(&packet.track_id).copied().flatten();
            let at = self.seconds(base, packet.pts.get());
            first.entry(packet.track_id).or_insert(at);
            if packet.track_id == self.track {
                self.ahead.push_back(packet);
            }
            if first.len() >= bases.len() && !self.ahead.is_empty() {
                break;
            }
        }
        let own = first.get(&self.track).copied().unwrap_or(0.0);
        let begin = if self.edit.is_some() {
            // The edit list counts from the container's own zero.
            0.0
        } else if bases.len() > 1 {
            first.values().copied().fold(own, f64::min)
        } else {
            own
        };
        // A little before or after zero are the encoder's delay and rounding.
        self.origin_s = if begin.abs() < JITTER_S { 0.0 } else { begin };
        self.skip_delay(delay);
    }

    /// Ogg counts what an Opus encoder put in front with the rest: it is before the file's begin.
    fn skip_delay(&mut self, delay: Option<u32>) {
        if self.codec == CODEC_ID_OPUS && self.reader.format_info().short_name == "ogg" {
            self.origin_s = f64::from(delay.unwrap_or(0)) / OPUS_HZ;
        }
    }

    /// The next packet of our track; `None` at the end. Places that make no sense are passed over.
    fn packet(&mut self) -> Result<Option<Packet>, String> {
        let mut bad = 0;
        loop {
            if let Some(packet) = self.ahead.pop_front() {
                return Ok(Some(packet));
            }
            let next = catch_unwind(AssertUnwindSafe(|| self.reader.next_packet()))
                .map_err(|_| "the decoder library failed on it".to_owned())?;
            match next {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    let seen_s = self.seconds(self.time_base, packet.pts.get());
                    self.seen_s = self.seen_s.max(seen_s);
                    self.ticks = u64::try_from(packet.pts.get()).unwrap_or(0);
                    return Ok(Some(packet));
                }
                Ok(Some(packet)) => {
                    let tracks = self.reader.tracks().iter();
                    let base = tracks.filter(|track| track.id == packet.track_id).find_map(|t| t.time_base);
                    self.seen_s = self.seen_s.max(self.seconds(base, packet.pts.get()));
                    bad = 0;
                }
                Ok(None) if self.has_unread() && self.go_on_behind() => bad = 0,
                Ok(None) => return Ok(None),
                // The place of this packet lies behind the end; that of the next one may not.
                Err(SymphoniaError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    bad += 1;
                    if bad > BAD_MAX {
                        return Ok(None);
                    }
                }
                Err(SymphoniaError::ResetRequired) => self.begin_next_link()?,
                Err(SymphoniaError::DecodeError(reason)) => {
                    self.damaged = true;
                    bad += 1;
                    if bad > BAD_MAX && !self.go_on_behind() {
                        return Err(reason.to_owned());
                    }
                    bad %= BAD_MAX + 1;
                }
                Err(_) if self.go_on_behind() => bad = 0,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// A joined file goes on with another stream, whose time begins anew.
    fn begin_next_link(&mut self) -> Result<(), String> {
        let track = self.reader.default_track(TrackType::Audio).ok_or("what is joined to it has no sound")?;
        let params = params(track).ok_or("what is joined to it has no sound")?;
        self.decoder = make_decoder(params)?;
        (self.track, self.codec, self.time_base) = (track.id, params.codec, track.time_base);
        self.bits = params.bits_per_sample;
        let delay = track.delay;
        self.origin_s = 0.0;
        self.skip_delay(delay);
        self.shift_s = self.at.seconds(self.format.rate);
        self.length = None;
        self.remarks.push(JOINED.into());
        Ok(())
    }

    /// What becomes of an MP3 packet that lies behind the stated end.
    fn sort(&mut self, mut packet: Packet) -> Use {
        if !MPEG.contains(&self.codec) {
            return Use::Decode(packet);
        }
        if self.joined {
            packet.trim_end = Duration::ZERO;
            return Use::Decode(packet);
        }
        if packet.trim_end < packet.dur {
            return Use::Decode(packet);
        }
        self.behind.push_back(packet);
        if self.behind.len() > PADDING_PACKETS {
            self.joined = true;
            self.length = None;
            self.remarks.push(JOINED.into());
            let behind = std::mem::take(&mut self.behind);
            behind.into_iter().rev().for_each(|packet| self.ahead.push_front(packet));
        }
        Use::Wait
    }

    /// What comes next; sound is appended to `out`.
    pub(super) fn next(&mut self, out: &mut Vec<f32>) -> Result<Next, String> {
        while !self.over {
            let Some(packet) = self.packet()? else {
                self.over = true;
                break;
            };
            let Use::Decode(packet) = self.sort(packet) else { continue };
            let from_s = self.place_s(packet.pts);
            let until_s = from_s + self.seconds(self.time_base, packet.dur.get() as i64);
            if self.edit.end_s().is_some_and(|end_s| from_s >= end_s - self.origin_s) {
                // What follows was cut off.
                self.over = true;
                break;
            }
            if let Some(gap) = self.gap_before(from_s) {
                self.ahead.push_front(packet);
                self.at += gap.0;
                return Ok(Next::Missing(gap.0, gap.1));
            }
            self.until_s = self.until_s.max(until_s);
            if self.decode(&packet, from_s, out)? {
                return Ok(Next::Sound);
            }
        }
        let missing = Frames::from_seconds(self.until_s.max(0.0), self.format.rate).saturating_sub(self.at);
        if self.damaged && missing.0 > 0 && self.format.channels > 0 {
            self.damaged = false;
            self.at += missing;
            return Ok(Next::Missing(missing, GapCause::Damaged));
        }
        let unread = self.unread.take().map_or(0, |unread| unread.bytes());
        if self.reader.format_info().short_name == "matroska"
            && unread > UNREAD_BYTES
            && self.missing().is_none()
        {
            // This reader ends without a word where it loses its way.
            return Err(format!("its last {unread} bytes can't be made sense of"));
        }
        Ok(Next::End)
    }

    /// Second of the file at which a packet stands.
    fn place_s(&self, stamp: Timestamp) -> f64 {
        self.edit.place(self.seconds(self.time_base, stamp.get())) - self.origin_s + self.shift_s
    }

    /// What is missing before a packet that stands at `from_s`.
    fn gap_before(&mut self, from_s: f64) -> Option<(Frames, GapCause)> {
        let rate = self.format.rate;
        if rate.0 == 0 {
            return None;
        }
        let ahead_s = from_s - self.at.seconds(rate);
        if self.edit.is_some() && self.at.0 == 0 && ahead_s < 0.0 {
            // Its edit begins later: this is passed over.
            return None;
        }
        // Streams that number their frames have no pauses and no jitter: what lacks is what the reader passed
        // over because it could not be read.
        let numbered = NUMBERED.contains(&self.reader.format_info().short_name);
        let tolerance = match (numbered, self.damaged) {
            (true, _) => 0.5 / f64::from(rate.0),
            (false, true) => 0.002,
            (false, false) => JITTER_S,
        };
        if !(-10.0 * JITTER_S..=GAP_MAX_S).contains(&ahead_s) {
            self.remarks
                .push(format!("its time stamps jump by {ahead_s:.1} s; the sound is taken as it comes"));
            self.shift_s -= ahead_s;
            return None;
        }
        if ahead_s <= tolerance {
            return None;
        }
        let damaged = std::mem::take(&mut self.damaged) || (numbered && self.at.0 > 0);
        let cause = if damaged { GapCause::Damaged } else { GapCause::Unrecorded };
        Some((Frames::from_seconds(ahead_s, rate), cause)).filter(|(frames, _)| frames.0 > 0)
    }

    /// Decodes a packet that stands at `from_s`; whether sound came of it.
    fn decode(&mut self, packet: &Packet, from_s: f64, out: &mut Vec<f32>) -> Result<bool, String> {
        let before = out.len();
        let lossy = self.is_lossy();
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            let buffer = self.decoder.decode(packet)?;
            let format = describe(&buffer, self.bits, lossy);
            let samples = buffer.samples_interleaved();
            out.resize(before + samples, 0.0);
            buffer.copy_to_slice_interleaved(&mut out[before..]);
            Ok::<_, SymphoniaError>(format)
        }));
        let format = match decoded {
            Ok(Ok(format)) => format,
            Ok(Err(SymphoniaError::IoError(_) | SymphoniaError::DecodeError(_))) => {
                self.damaged = true;
                return Ok(false);
            }
            // What decoded until now can't have become something unheard of: it is damage, too.
            Ok(Err(_)) if self.at.0 > 0 => {
                self.damaged = true;
                return Ok(false);
            }
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {
                out.truncate(before);
                self.damaged = true;
                self.decoder.reset();
                return Ok(false);
            }
        };
        if out.len() == before {
            return Ok(false);
        }
        if self.format.channels == 0 {
            super::check(format)?;
            self.format = format;
        } else if (format.rate, format.channels) != (self.format.rate, self.format.channels) {
            out.truncate(before);
            return Err("its rate or its channels change".into());
        }
        if packet.trim_start == Duration::ZERO {
            self.trim(from_s, before, out);
        }
        let frames = (out.len() - before) / usize::from(self.format.channels);
        self.at += Frames(frames as u64);
        Ok(frames > 0)
    }

    /// Drops what lies before the file's begin, which is the encoder's delay, and behind its edit's end.
    fn trim(&self, from_s: f64, before: usize, out: &mut Vec<f32>) {
        let (rate, channels) = (f64::from(self.format.rate.0), usize::from(self.format.channels));
        let frames = (out.len() - before) / channels;
        let begin_s = self.shift_s.max(0.0);
        let early = ((begin_s - from_s) * rate).round().clamp(0.0, frames as f64) as usize;
        let is_first = self.at.0 == 0
            || (self.shift_s > 0.0 && (self.at.seconds(self.format.rate) - begin_s).abs() < 1e-6);
        if is_first && early > 0 && (self.codec == CODEC_ID_OPUS || self.edit.is_some()) {
            out.drain(before..before + early * channels);
        }
        if let Some(end_s) = self.edit.end_s() {
            let room = ((end_s - self.origin_s) * rate).ceil() - self.at.0 as f64;
            let room = room.clamp(0.0, usize::MAX as f64 / 1e3) as usize * channels;
            out.truncate(out.len().min(before + room));
        }
    }

    /// Frames that should be there and are not, once the end was reached.
    pub(super) fn missing(&self) -> Option<Frames> {
        let info = self.reader.media_info();
        // Where the track itself tells its length, that counts.
        let tells = self.length.is_none() && TIMED.contains(&self.reader.format_info().short_name);
        let container_s = Some(info)
            .filter(|_| tells)
            .and_then(|info| info.duration.zip(info.time_base))
            .and_then(|(length, base)| {
                let length = self.seconds(Some(base), i64::try_from(length.get()).ok()?);
                (length.is_finite() && length > self.seen_s + CONTAINER_SLACK_S).then_some(length)
            });
        if let Some(length) = container_s
            && self.at.0 > 0
        {
            return Some(
                Frames::from_seconds(length - self.origin_s, self.format.rate).saturating_sub(self.at),
            );
        }
        // An edit's length is counted by the film's clock, not in frames.
        let is_rough = self.is_lossy() || self.edit.is_some();
        let slack = if is_rough { Frames::from_seconds(LOSSY_SLACK_S, self.format.rate) } else { Frames(0) };
        let missing = self.length?.saturating_sub(self.at);
        Some(missing).filter(|missing| *missing > slack && self.at.0 > 0)
    }
}
