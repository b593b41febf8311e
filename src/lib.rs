//! Hansard records a conference: every microphone and every loopback (what the computer plays) at once, each into a
//! track of its own on one common clock. It writes down who said what, live and on this machine, and exports
//! timestamped minutes by speaker.
//!
//! ```text
//! cpal callback ─samples ring (rtrb, 10 s)─▶ drain ─bounded queue─▶ writer ─▶ tracks/*.wav, events.jsonl
//!   never waits  ─stamps ring (rtrb)──────▶ (10 ms)                  │ watermarks per track: written ≥ durable
//!                                                                    ▼
//!   SpanReader ◀───────────────────────── spans up to `written`, read back from the files
//!    └▶ Denoiser ─▶ Segmenter ─▶ segments ─▶ Transcriber ─▶ Recognizer (child process) ─▶ transcript.jsonl
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`audio`] | pure sound: units, formats, decoding, resampling, denoising, voice activity, segments |
//! | [`clock`] | the `Clock` door and the clock model: frames against monotonic time |
//! | [`capture`] | sources, the realtime sink, the drain |
//! | [`session`] | a session on disk: layout, manifest, journal, tracks, the writer, reading back |
//! | [`speech`] | recognisers, the child process, verdicts, the transcript |
//! | [`models`] | the model catalogue, `pull`, `import` |
//! | [`export`] | minutes and the other formats |
//! | [`actors`] | the control plane: who starts, watches and restarts whom |
//! | [`control`] | the socket of a running recorder |
//! | [`doctor`] | whether a recording would go well |
//! | [`config`] | layers of settings, validated into one value |
//! | [`cli`] | the command line; one file per verb |

pub mod actors;
pub mod audio;
pub mod capture;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod doctor;
pub mod export;
pub mod models;
pub mod plan;
pub mod power;
pub mod recording;
pub mod session;
pub mod speech;
