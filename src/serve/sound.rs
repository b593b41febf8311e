//! What is heard: a track on session time, as a WAV file that nobody has written; and how loud it is.
//!
//! A browser asks for ranges of it. Each is rendered from the takes when it is asked for, so that a meeting
//! of six hours plays at once from anywhere, and nothing is left on the disk.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::{App, blocking};
use crate::audio::level::{WINDOWS_PER_S, Window, windows_in};
use crate::audio::mono;
use crate::base::units::{SampleFormat, SampleRate};
use crate::export::sound::render::TrackSound;
use crate::export::sound::timeline::Timeline;
use crate::session::levels::Envelope;
use crate::session::reading::Session;
use crate::session::wav::Layout;

/// What speech needs; a file of a day stays below the 4 GiB of WAV.
const RATE: SampleRate = SampleRate(24_000);
/// Bytes of a frame: one channel of 16 bits.
const FRAME: u64 = 2;
/// Frames that are made at once, half a second.
const BLOCK: u64 = 12_000;
/// Blocks that wait for a browser that plays slowly.
const WAITING: usize = 4;
/// The most columns that a picture of the sound has.
const COLUMNS_MAX: usize = 20_000;

/// What comes over a channel, as a body or as events.
pub(super) struct Items<T>(pub(super) mpsc::Receiver<T>);

impl<T> futures_core::Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}

/// A track on session time, mono, as WAV; of several, with commas between them, the sum. Ranges of it, too
#[utoipa::path(get, path = "/api/v1/sessions/{id}/audio/{track}",
    params(("id" = String, Path, description = "The session's id"), ("track" = String, Path, description = "The track, or several with commas between them")),
    responses((status = 200, content_type = "audio/wav", description = "All of it"), (status = 206, content_type = "audio/wav", description = "The range"),
        (status = 404, body = Problem, content_type = "application/problem+json"), (status = 416, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn audio(
    State(app): State<App>,
    UrlPath((id, track)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).map(str::to_owned);
    let (timeline, numbers, head) = blocking(move || {
        let session = Session::open(&app.dir(&id)?)?;
        let timeline = Timeline::new(&session, RATE)?;
        let number = |name: &str| {
            let number = timeline.tracks.iter().position(|plan| plan.track == name);
            number.ok_or_else(|| Problem::not_found(format!("there is no track {name:?} in this session")))
        };
        let numbers = track.split(',').map(number).collect::<Result<BTreeSet<usize>, _>>()?;
        let layout = Layout { rate: RATE, channels: 1, format: SampleFormat::S16 };
        let head = layout.header(timeline.frames * FRAME);
        let head = head.ok_or_else(|| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "this session is longer than a WAV file can be")
        })?;
        Ok((timeline, numbers, head))
    })
    .await?;
    let total = head.len() as u64 + timeline.frames * FRAME;
    let (range, status) = match asked.as_deref().map(|range| parse_range(range, total)) {
        None | Some(Asked::Other) => ((0, total), StatusCode::OK),
        Some(Asked::Range(from, to)) => ((from, to), StatusCode::PARTIAL_CONTENT),
        Some(Asked::Beyond) => {
            let mut response = axum::response::IntoResponse::into_response(Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                format!("the sound has {total} bytes"),
            ));
            if let Ok(size) = HeaderValue::from_str(&format!("bytes */{total}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, size);
            }
            return Ok(response);
        }
    };
    let (send, receive) = mpsc::channel::<std::io::Result<Bytes>>(WAITING);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = render(&timeline, &numbers, &head, range, &send) {
            // The length was promised: a body that breaks off is a failure to its reader.
            let _ = send.blocking_send(Err(std::io::Error::other(error)));
        }
    });
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_LENGTH, range.1 - range.0);
    if status == StatusCode::PARTIAL_CONTENT {
        response =
            response.header(header::CONTENT_RANGE, format!("bytes {}-{}/{total}", range.0, range.1 - 1));
    }
    response.body(Body::from_stream(Items(receive))).map_err(Problem::failed)
}

/// Sends the bytes from … to of the file until nobody takes them any more.
fn render(
    timeline: &Timeline,
    numbers: &BTreeSet<usize>,
    head: &[u8],
    (from, to): (u64, u64),
    send: &mpsc::Sender<std::io::Result<Bytes>>,
) -> Result<(), String> {
    let length = head.len() as u64;
    if from < length {
        let part = &head[from as usize..to.min(length) as usize];
        if send.blocking_send(Ok(Bytes::copy_from_slice(part))).is_err() {
            return Ok(());
        }
    }
    let (first, last) = (from.max(length) - length, to.saturating_sub(length));
    if first >= last {
        return Ok(());
    }
    let (mut at, end) = (first / FRAME, last.div_ceil(FRAME));
    let mut skip = (first % FRAME) as usize;
    let plans = numbers.iter().map(|number| &timeline.tracks[*number]);
    let mut sounds: Vec<_> =
        plans.map(|plan| (TrackSound::starting_at(timeline, plan, at), plan.channels)).collect();
    let (mut frames, mut single, mut sum) = (Vec::new(), Vec::new(), Vec::new());
    while at < end {
        let more = BLOCK.min(end - at);
        sum.clear();
        sum.resize(more as usize, 0.0_f32);
        for (sound, channels) in &mut sounds {
            frames.clear();
            single.clear();
            sound.read(more as usize, &mut frames).map_err(|error| error.to_string())?;
            mono::downmix(&frames, *channels, &mut single);
            sum.iter_mut().zip(&single).for_each(|(sum, sample)| *sum += sample);
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(sum.len() * FRAME as usize);
        for sample in &sum {
            let value = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        at += more;
        // A range may end in the middle of a sample.
        let over = (at * FRAME).saturating_sub(last) as usize;
        bytes.truncate(bytes.len() - over.min(bytes.len()));
        bytes.drain(..std::mem::take(&mut skip).min(bytes.len()));
        if send.blocking_send(Ok(bytes.into())).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Asked {
    /// From this byte to before that one.
    Range(u64, u64),
    /// Nothing of it is there.
    Beyond,
    /// Several ranges, or other units: all of it is the answer.
    Other,
}

/// What of `total` bytes is asked for (RFC 9110, 14.2).
fn parse_range(text: &str, total: u64) -> Asked {
    let Some(range) = text.strip_prefix("bytes=").filter(|range| !range.contains(',')) else {
        return Asked::Other;
    };
    let Some((from, to)) = range.trim().split_once('-') else { return Asked::Other };
    match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), _) if from >= total => Asked::Beyond,
        (Ok(from), Ok(to)) if to >= from => Asked::Range(from, to.saturating_add(1).min(total)),
        (Ok(from), Err(_)) if to.is_empty() => Asked::Range(from, total),
        (Err(_), Ok(0)) if from.is_empty() => Asked::Beyond,
        (Err(_), Ok(last)) if from.is_empty() => Asked::Range(total.saturating_sub(last), total),
        _ => Asked::Other,
    }
}

/// Which picture is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PeaksQuery {
    /// Columns of the picture
    #[serde(default)]
    #[param(minimum = 1, maximum = 20000)]
    columns: Option<usize>,
}

/// The loudest sample of each column, 0 to 1, over the whole session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Peaks {
    duration_s: f64,
    peaks: Vec<f32>,
}

/// How loud a track is
#[utoipa::path(get, path = "/api/v1/sessions/{id}/peaks/{track}",
    params(("id" = String, Path, description = "The session's id"), ("track" = String, Path, description = "The track"), PeaksQuery),
    responses((status = 200, body = Peaks), (status = 400, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn peaks(
    State(app): State<App>,
    UrlPath((id, track)): UrlPath<(String, String)>,
    query: Result<Query<PeaksQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Peaks>, Problem> {
    let Query(query) = query.map_err(Problem::bad)?;
    let columns = query.columns.unwrap_or(1_000);
    if !(1..=COLUMNS_MAX).contains(&columns) {
        return Err(Problem::bad(format!("columns must be 1 to {COLUMNS_MAX}")));
    }
    blocking(move || {
        let session = Session::open(&app.dir(&id)?)?;
        if session.source(&track).is_none() {
            return Err(Problem::not_found(format!("there is no track {track:?} in this session")));
        }
        let duration_s = session.manifest.duration.max(0.001);
        let mut peaks = vec![0.0_f32; columns];
        for take in session.manifest.takes.iter().filter(|take| take.track == track) {
            let (envelope, mut windows) = (Envelope::default(), Vec::new());
            let all = windows_in(take.frames, take.rate);
            envelope
                .read(&session.dir, take, take.frames, &take.foreign, 0..all, &mut windows)
                .map_err(|error| Problem::failed(format!("{}: {error}", take.file)))?;
            for (n, window) in windows.iter().enumerate() {
                let at = take.clock.time_of(crate::base::units::Frames(
                    (n as u64).saturating_mul(u64::from(take.rate.0)) / WINDOWS_PER_S,
                ));
                put(&mut peaks, at / duration_s, *window);
            }
        }
        // What is hidden is not seen.
        for passage in &session.amendments.passages {
            let column = |at: f64| ((at / duration_s * columns as f64) as usize).min(columns);
            peaks[column(passage.from)..column(passage.to).saturating_add(1).min(columns)].fill(0.0);
        }
        Ok(Json(Peaks { duration_s, peaks }))
    })
    .await
}

fn put(peaks: &mut [f32], place: f64, window: Window) {
    let columns = peaks.len();
    if (0.0..1.0).contains(&place) {
        let peak = &mut peaks[((place * columns as f64) as usize).min(columns - 1)];
        *peak = peak.max(window.peak().min(1.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_browsers_ask_for_them() {
        for (asked, expected) in [
            ("bytes=0-", Asked::Range(0, 100)),
            ("bytes=10-19", Asked::Range(10, 20)),
            ("bytes=90-500", Asked::Range(90, 100)),
            ("bytes=-20", Asked::Range(80, 100)),
            ("bytes=-500", Asked::Range(0, 100)),
            ("bytes=100-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=5-2", Asked::Other),
            ("bytes=0-1,5-6", Asked::Other),
            ("frames=0-1", Asked::Other),
            ("bytes=a-b", Asked::Other),
        ] {
            assert_eq!(parse_range(asked, 100), expected, "{asked}");
        }
    }
}
