//! Opus in Ogg, written from front to back in constant memory (RFC 6716, RFC 7845): speech for listening, at
//! a tenth of a FLAC file's size.
//!
//! It plays in Chromium and Firefox, and in Safari from 18.4 on.

use std::io::{self, Write};

use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use opusic_c::{Application, Bitrate, Channels, Encoder, ErrorCode, Signal};

use crate::base::units::SampleRate;

/// Bits a second, on average: speech at 16 kHz in one channel is transparent to most listeners there. An hour
/// has about 11 MB.
pub const BITRATE: u32 = 24_000;
/// The rate that it is encoded at; all of speech is below its half.
pub const RATE: SampleRate = SampleRate::HZ_16000;
/// Frames of a packet: 20 ms, as RFC 7845 recommends.
const PACKET: usize = 320;
/// Positions in the file count at 48 kHz, whatever the encoder's rate.
const GRANULES: u64 = 3;
/// Packets of a page: a second, so that a player finds its place.
const PAGE: u64 = 50;
/// No packet of Opus is longer.
const PACKET_BYTES_MAX: usize = 1_275;
/// Any number: there is one stream in the file.
const SERIAL: u32 = 0x6861_6e73;

/// A mono file of a length that is known at its end.
pub struct OpusFile<W: Write> {
    packets: PacketWriter<'static, W>,
    encoder: Encoder,
    /// Frames that a decoder must leave out at the beginning.
    ahead: u64,
    pending: Vec<f32>,
    /// A packet that was made; whether it is the last is not known yet.
    held: Option<Vec<u8>>,
    /// Packets so far, and frames of sound.
    made: u64,
    frames: u64,
}

impl<W: Write> OpusFile<W> {
    /// Begins a file at [`RATE`].
    pub fn begin(to: W) -> io::Result<Self> {
        let mut encoder =
            Encoder::new(Channels::Mono, opusic_c::SampleRate::Hz16000, Application::Voip).map_err(failed)?;
        encoder.set_bitrate(Bitrate::Value(BITRATE)).map_err(failed)?;
        encoder.set_signal(Signal::Voice).map_err(failed)?;
        let ahead = u64::from(encoder.get_look_ahead().map_err(failed)?);
        let mut packets = PacketWriter::new(to);
        packets.write_packet(head(ahead * GRANULES), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        packets.write_packet(tags(), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self { packets, encoder, ahead, pending: Vec::new(), held: None, made: 0, frames: 0 })
    }

    /// Writes samples, ±1.0.
    pub fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        self.frames += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        self.encode()
    }

    fn encode(&mut self) -> io::Result<()> {
        let whole = self.pending.len() / PACKET * PACKET;
        for frame in self.pending[..whole].chunks_exact(PACKET) {
            let mut packet = vec![0; PACKET_BYTES_MAX];
            let bytes = self.encoder.encode_float_to_slice(frame, &mut packet).map_err(failed)?;
            packet.truncate(bytes);
            if let Some(before) = self.held.replace(packet) {
                self.made += 1;
                let end = match self.made.is_multiple_of(PAGE) {
                    true => PacketWriteEndInfo::EndPage,
                    false => PacketWriteEndInfo::NormalPacket,
                };
                let at = self.made * PACKET as u64 * GRANULES;
                self.packets.write_packet(before, SERIAL, end, at)?;
            }
        }
        self.pending.drain(..whole);
        Ok(())
    }

    /// Ends the file and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        // What the encoder still holds comes out with silence, and is cut at the sound's end.
        let frames = self.pending.len() + self.ahead as usize;
        self.pending.resize(frames.next_multiple_of(PACKET).max(PACKET), 0.0);
        self.encode()?;
        let last = self.held.take().unwrap_or_default();
        let end = (self.frames + self.ahead) * GRANULES;
        self.packets.write_packet(last, SERIAL, PacketWriteEndInfo::EndStream, end)?;
        let mut to = self.packets.into_inner();
        to.flush()?;
        Ok(to)
    }
}

fn failed(error: ErrorCode) -> io::Error {
    io::Error::other(format!("the Opus encoder failed: {}", error.message()))
}

/// The first packet: version 1, one channel, what is to be left out, the rate that it had, no gain, no
/// mapping.
fn head(pre_skip: u64) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend((pre_skip as u16).to_le_bytes());
    head.extend(RATE.0.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// The second: who made it.
fn tags() -> Vec<u8> {
    let vendor = concat!("Hansard ", env!("CARGO_PKG_VERSION"));
    let mut tags = b"OpusTags".to_vec();
    tags.extend((vendor.len() as u32).to_le_bytes());
    tags.extend(vendor.as_bytes());
    tags.extend(0_u32.to_le_bytes());
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_length_of_its_sound_and_the_sound_at_its_place() {
        // A tone in the second of three and a bit seconds.
        let frames = 3 * 16_000 + 123;
        let sound: Vec<f32> = (0..frames)
            .map(|n| if (16_000..32_000).contains(&n) { (n as f32 * 0.2).sin() * 0.5 } else { 0.0 })
            .collect();
        let mut file = OpusFile::begin(Vec::new()).unwrap();
        for part in sound.chunks(777) {
            file.write(part).unwrap();
        }
        let bytes = file.finish().unwrap();
        let mut reader = ogg::PacketReader::new(io::Cursor::new(&bytes));
        let head = reader.read_packet().unwrap().unwrap();
        let skip = u64::from(u16::from_le_bytes([head.data[10], head.data[11]]));
        assert_eq!((&head.data[..8], head.data[9]), (&b"OpusHead"[..], 1));
        assert!(reader.read_packet().unwrap().unwrap().data.starts_with(b"OpusTags"));
        let mut decoder = opusic_c::Decoder::new(Channels::Mono, opusic_c::SampleRate::Hz48000).unwrap();
        let (mut out, mut end) = (Vec::new(), 0);
        while let Some(packet) = reader.read_packet().unwrap() {
            let mut part = vec![0.0_f32; 5_760];
            let decoded = decoder.decode_float_to_slice(&packet.data, &mut part, false).unwrap();
            out.extend_from_slice(&part[..decoded]);
            end = packet.absgp_page();
        }
        assert_eq!(end - skip, frames as u64 * 3, "its length");
        assert!(out.len() as u64 >= end, "nothing is cut off");
        let out = &out[skip as usize..end as usize];
        let loud = |from: usize, to: usize| {
            let part = &out[from * 48..to * 48];
            (part.iter().map(|x| x * x).sum::<f32>() / part.len() as f32).sqrt()
        };
        assert!(loud(0, 980) < 0.01 && loud(2_050, 3_000) < 0.01, "{} {}", loud(0, 980), loud(2_050, 3_000));
        assert!((0.25..0.45).contains(&loud(1_020, 1_980)), "{}", loud(1_020, 1_980));
    }
}
