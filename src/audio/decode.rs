//! Sound files as streams of interleaved `f32` frames, in constant memory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::audio::GenericAudioBufferRef as Buffer;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::units::{Frames, SampleFormat, SampleRate};
use crate::capture::DeviceFormat;

/// Rates that make sense for recorded sound.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;
/// More channels than this are no recording of a meeting but a broken header.
const CHANNELS_MAX: usize = 64;

/// Why a sound file can't be read, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The system can't read it.
    #[error("can't read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is no sound file that is understood.
    #[error("{} is not a sound file that hansard understands ({reason}); WAV and FLAC are: convert it, for example with ffmpeg -i FILE out.wav", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no sound in it.
    #[error("{} holds no sound: it is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is broken in its middle.
    #[error("{} is broken after {at_s:.3} s: {reason}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Seconds that could be read.
        at_s: f64,
        /// What is wrong.
        reason: String,
    },
}

/// A sound file that is being read.
pub struct SoundFile {
    path: PathBuf,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    format: DeviceFormat,
    length: Option<Frames>,
    /// Decoded samples that have not been handed out, from `at` on.
    decoded: Vec<f32>,
    at: usize,
    frames_out: Frames,
}

impl SoundFile {
    /// Opens a file and decodes its first packet, so that what it holds is known.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let unreadable = |error| DecodeError::Unreadable { path: path.into(), error };
        let unknown = |reason: String| DecodeError::Unknown { path: path.into(), reason };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        if metadata.is_file() && metadata.len() == 0 {
            return Err(DecodeError::Empty { path: path.into() });
        }
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(file), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| unknown(error.to_string()))?;
        let track = reader.default_track(TrackType::Audio).ok_or_else(|| unknown("no sound track".into()))?;
        let params = track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio())
            .ok_or_else(|| unknown("no sound track".into()))?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default())
            .map_err(|error| unknown(error.to_string()))?;
        let bits = params.bits_per_sample;
        let (track, length) = (track.id, track.num_frames.map(Frames));
        let mut sound = Self {
            path: path.into(),
            reader,
            decoder,
            track,
            format: DeviceFormat { rate: SampleRate(0), channels: 0, format: SampleFormat::S16 },
            length,
            decoded: Vec::new(),
            at: 0,
            frames_out: Frames(0),
        };
        match sound.decode_packet(bits) {
            Ok(true) => Ok(sound),
            Ok(false) => Err(DecodeError::Empty { path: path.into() }),
            Err(DecodeError::Broken { reason, .. }) => Err(unknown(reason)),
            Err(error) => Err(error),
        }
    }

    /// What it delivers; stored exactly: 16 bit as 16 bit, up to 24 as 24, floats as floats.
    pub fn format(&self) -> DeviceFormat {
        self.format
    }

    /// How long its header says it is.
    pub fn length(&self) -> Option<Frames> {
        self.length
    }

    /// Appends up to `frames` frames to `out`; fewer only at the end, which is 0.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<usize, DecodeError> {
        let channels = usize::from(self.format.channels);
        let mut done = 0;
        while done < frames {
            if self.at == self.decoded.len() && !self.decode_packet(None)? {
                break;
            }
            let n = (self.decoded.len() - self.at).min((frames - done) * channels);
            out.extend_from_slice(&self.decoded[self.at..self.at + n]);
            self.at += n;
            done += n / channels;
        }
        self.frames_out += Frames(done as u64);
        Ok(done)
    }

    /// Decodes the next packet with sound; false at the end. `bits`: bits of a sample, for the first packet.
    fn decode_packet(&mut self, bits: Option<u32>) -> Result<bool, DecodeError> {
        self.decoded.clear();
        self.at = 0;
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                // A file that was cut off ends here; what it had has been delivered.
                Err(SymphoniaError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(false);
                }
                Err(error) => return Err(self.broken(error.to_string())),
            };
            if packet.track_id != self.track {
                continue;
            }
            let (format, copied) = match self.decoder.decode(&packet) {
                Ok(buffer) => (describe(&buffer, bits), copy(&buffer, &mut self.decoded)),
                Err(error) => return Err(self.broken(error.to_string())),
            };
            if copied == 0 {
                continue;
            }
            if self.format.channels == 0 {
                self.format = format;
                if !RATES.contains(&format.rate.0) || format.channels == 0 || usize::from(format.channels) > CHANNELS_MAX {
                    return Err(self.broken(format!("{} channels at {}", format.channels, format.rate)));
                }
            } else if (format.rate, format.channels) != (self.format.rate, self.format.channels) {
                return Err(self.broken("its rate or its channels change".into()));
            }
            return Ok(true);
        }
    }

    fn broken(&self, reason: String) -> DecodeError {
        let rate = SampleRate(self.format.rate.0.max(1));
        DecodeError::Broken { path: self.path.clone(), at_s: self.frames_out.seconds(rate), reason }
    }
}

fn describe(buffer: &Buffer<'_>, bits: Option<u32>) -> DeviceFormat {
    let format = match buffer {
        Buffer::F32(_) | Buffer::F64(_) => SampleFormat::F32,
        Buffer::U8(_) | Buffer::S8(_) | Buffer::U16(_) | Buffer::S16(_) => SampleFormat::S16,
        // FLAC decodes into 32 bits whatever it holds.
        _ if bits.is_some_and(|bits| bits <= 16) => SampleFormat::S16,
        _ => SampleFormat::S24,
    };
    let spec = buffer.spec();
    DeviceFormat {
        rate: SampleRate(spec.rate()),
        channels: u16::try_from(spec.channels().count()).unwrap_or(u16::MAX),
        format,
    }
}

fn copy(buffer: &Buffer<'_>, out: &mut Vec<f32>) -> usize {
    out.resize(buffer.samples_interleaved(), 0.0);
    buffer.copy_to_slice_interleaved(&mut out[..]);
    out.len()
}
