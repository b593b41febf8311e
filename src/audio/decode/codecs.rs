//! The decoder library's codecs, with libopus among them, and what they make of a track.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use symphonia::core::audio::GenericAudioBufferRef as Buffer;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::formats::Track;

use super::SoundTrack;
use crate::base::format::DeviceFormat;
use crate::base::units::{SampleFormat, SampleRate};

/// Codecs that lose something: what they hold has no depth of its own, and their containers count time to a
/// packet or so.
pub(super) const LOSSY: [AudioCodecId; 6] =
    [CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS];
pub(super) const MPEG: [AudioCodecId; 3] = [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3];

fn codecs() -> &'static CodecRegistry {
    static CODECS: OnceLock<CodecRegistry> = OnceLock::new();
    CODECS.get_or_init(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
        codecs
    })
}

pub(super) fn params(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref()?.audio()
}

pub(super) fn make_decoder(params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, String> {
    let mut params = params.clone();
    if params.codec == CODEC_ID_OPUS {
        // What is to be skipped at its begin is told by the packets' time stamps; not twice.
        params.extra_data = None;
    }
    guarded(|| {
        codecs()
            .make_audio_decoder(&params, &AudioDecoderOptions::default())
            .map_err(|error| error.to_string())
    })
}

/// Foreign files meet code that is not ours: a panic of it is an error of the file.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the decoder library failed on it".into()))
}

pub(super) fn describe_track(track: &Track) -> SoundTrack {
    let params = params(track);
    let codec = params
        .and_then(|params| codecs().get_audio_decoder(params.codec))
        .map(|known| known.codec.info.short_name);
    SoundTrack {
        codec: codec.map(str::to_owned),
        channels: params.and_then(|params| params.channels.as_ref()).map(|channels| channels.count() as u16),
        language: track.language.clone().filter(|language| !language.is_empty() && language != "und"),
    }
}

pub(super) fn describe(buffer: &Buffer<'_>, bits: Option<u32>, lossy: bool) -> DeviceFormat {
    let format = match buffer {
        _ if lossy => SampleFormat::S16,
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

#[cfg(test)]
mod tests {
    #[test]
    fn all_codecs_are_registered() {
        use symphonia::core::codecs::audio::well_known::{
            CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ALAC, CODEC_ID_FLAC,
        };
        for codec in super::LOSSY.into_iter().chain([CODEC_ID_FLAC, CODEC_ID_ALAC, CODEC_ID_ADPCM_IMA_WAV]) {
            assert!(super::codecs().get_audio_decoder(codec).is_some(), "{codec:?}");
        }
    }
}
