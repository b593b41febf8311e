//! A short sound through the system's default output: the one thing that a recorder plays.
//!
//! Promises: it is over within `LIMIT`, whatever the sound system does, and nothing of a recording waits
//! for it. Who calls it may be held up as long as the backend hangs: it belongs on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, FromSample, OutputCallbackInfo, SizedSample, StreamConfig};

use super::device::Backend;
use super::source::SourceError;

/// An output that takes longer than this beyond the sound itself is held to take nothing.
const LIMIT: Duration = Duration::from_secs(5);
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(20);
/// What is on its way to the loudspeaker is waited for up to so long.
const LATENCY_MAX: Duration = Duration::from_secs(3);
/// Seconds of sound that wait for the device: nobody is in a hurry, and nothing must run dry.
const BUFFER_S: f64 = 0.2;
/// How long building the stream may take.
const BUILD_TIMEOUT: Duration = Duration::from_secs(10);

/// How far it is; the callback and we share this.
#[derive(Debug, Default)]
struct Progress {
    /// Frames that were handed over.
    frames: AtomicU64,
    /// From handing them over to their being heard, in nanoseconds, as the backend tells.
    latency: AtomicU64,
    failed: AtomicBool,
}

/// Plays `seconds` of `sound` (a sample for each moment in seconds, on all channels), and returns once it
/// must have been heard, with the device's name.
///
/// # Errors
/// There is no output, it can't be opened, or it takes no sound.
pub fn play(backend: &Backend, seconds: f64, sound: fn(f64) -> f32) -> Result<String, SourceError> {
    let host = backend.host()?;
    let device = host
        .default_output_device()
        .ok_or_else(|| SourceError("the system has no loudspeaker that is its default".into()))?;
    let name = device.description().map_or_else(|_| "the default output".into(), |d| d.name().to_owned());
    let failed = |error: String| SourceError(format!("{name}: {error}"));
    let supported = device.default_output_config().map_err(|error| failed(error.to_string()))?;
    let (mut config, rate) = (supported.config(), f64::from(supported.sample_rate().max(1)));
    if host.id().to_string().eq_ignore_ascii_case("pulseaudio") {
        // The server holds two seconds unless it is told otherwise.
        config.buffer_size = BufferSize::Fixed((rate * BUFFER_S) as u32);
    }
    let progress = Arc::new(Progress::default());
    use cpal::SampleFormat as F;
    let stream = match supported.sample_format() {
        F::I8 => build::<i8>(&device, config, sound, &progress),
        F::U8 => build::<u8>(&device, config, sound, &progress),
        F::I16 => build::<i16>(&device, config, sound, &progress),
        F::U16 => build::<u16>(&device, config, sound, &progress),
        F::I24 => build::<cpal::I24>(&device, config, sound, &progress),
        F::I32 => build::<i32>(&device, config, sound, &progress),
        F::F32 => build::<f32>(&device, config, sound, &progress),
        F::F64 => build::<f64>(&device, config, sound, &progress),
        other => return Err(failed(format!("its sample format {other} is not supported"))),
    }
    .and_then(|stream| stream.play().map(|()| stream))
    .map_err(|error| failed(error.to_string()))?;
    let until = Instant::now() + Duration::from_secs_f64(seconds) + LIMIT;
    while (progress.frames.load(Ordering::Acquire) as f64) < seconds * rate {
        if progress.failed.load(Ordering::Acquire) || Instant::now() >= until {
            return Err(failed("it takes no sound".into()));
        }
        std::thread::sleep(LOOK);
    }
    let latency = Duration::from_nanos(progress.latency.load(Ordering::Acquire));
    std::thread::sleep(latency.min(LATENCY_MAX) + LOOK);
    drop(stream);
    Ok(name)
}

/// Makes the stream; it is not started yet.
fn build<T>(
    device: &cpal::Device,
    config: StreamConfig,
    sound: fn(f64) -> f32,
    progress: &Arc<Progress>,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let (channels, rate) = (usize::from(config.channels.max(1)), f64::from(config.sample_rate.max(1)));
    let (told, failed) = (Arc::clone(progress), Arc::clone(progress));
    let mut at = 0_u64;
    let fill = move |samples: &mut [T], info: &OutputCallbackInfo| {
        for frame in samples.chunks_mut(channels) {
            frame.fill(T::from_sample(sound(at as f64 / rate)));
            at += 1;
        }
        let stamp = info.timestamp();
        let latency = stamp.playback.saturating_duration_since(stamp.callback);
        told.latency.store(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
        told.frames.store(at, Ordering::Release);
    };
    let on_error = move |error: cpal::Error| {
        let gone = !matches!(error.kind(), cpal::ErrorKind::Xrun | cpal::ErrorKind::RealtimeDenied);
        failed.failed.fetch_or(gone, Ordering::AcqRel);
    };
    device.build_output_stream(config, fill, on_error, Some(BUILD_TIMEOUT))
}
