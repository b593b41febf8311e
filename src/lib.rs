//! Hansard records a conference: every microphone and every loopback (what the computer plays) at once, each
//! into a track of its own on one common clock. It writes down who said what, live and on this machine, and
//! exports timestamped minutes by speaker.
//!
//! ```
//! use hansard::config::Config;
//! use hansard::engine::Engine;
//! use hansard::engine::plan::{Plan, Wish};
//! use hansard::live::News;
//! use hansard::session::journal::Event;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = Config::load(None)?;
//! let folder = tempfile::tempdir()?;
//! config.paths.recordings = folder.path().to_owned();
//! // Two synthetic sources of two seconds; microphones are "Ann=mic" and "Remote=loopback".
//! let sources = vec!["Ann=synth:tone,secs=2".parse()?, "Bob=synth:noise,secs=2".parse()?];
//! let wish = Wish { title: Some("Weekly".into()), ..Wish::new(sources) };
//! let engine = Engine::start(Plan::new(&wish, &config)?, &config)?;
//! let mut news = engine.follow();
//! let told = std::thread::spawn(move || {
//!     let mut opened = 0_usize;
//!     while let Some(news) = news.wait() {
//!         match news {
//!             News::Line(line) => println!("{}: {}", line.utterance.speaker, line.utterance.text),
//!             News::Event(line) if matches!(line.event, Event::DeviceOpened { .. }) => opened += 1,
//!             _ => {}
//!         }
//!     }
//!     opened
//! });
//! let ended = engine.wait();
//! let closed = ended.closed.ok_or("the disk did not answer")?;
//! for track in &closed.account {
//!     println!("{}: {} of {} frames, {} lost", track.track, track.written, track.expected, track.lost);
//!     assert_eq!(track.lost.0, 0);
//! }
//! assert_eq!(told.join().unwrap(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! How sound and text flow:
//!
//! ```text
//! cpal callback ─samples ring (rtrb, 10 s)─▶ drain ─bounded queue─▶ writer ─▶ tracks/*.wav, events.jsonl
//!   never waits  ─stamps ring (rtrb)──────▶ (10 ms)                  │ per track: written ≥ durable
//!                                                                    ▼
//!   SpanReader ◀───────────────────────── spans up to `written`, read back from the files
//!    └▶ Denoiser ─▶ Segmenter ─▶ segments ─▶ Transcriber ─▶ Recognizer (child) ─▶ transcript.jsonl
//! ```
//!
//! The floor plan: a module imports only what stands on lower floors; modules of one floor don't know each
//! other. `tests/tidy.rs` reads it here and holds the code to it.
//!
//! | floor | module | what it holds |
//! |---|---|---|
//! | 9 | [`cli`] | the command line; one file per verb |
//! | 8 | [`tui`] | the terminal view of a recording |
//! | 8 | [`mcp`] | sessions for assistants: the Model Context Protocol on stdin and stdout |
//! | 8 | [`serve`] | the page and the HTTP API on this machine |
//! | 7 | [`engine`] | the front door: settings and a plan in, a running recording out |
//! | 6 | [`actors`] | the control plane: who starts, watches and restarts whom |
//! | 6 | [`doctor`] | checks that a recording would work |
//! | 6 | [`library`] | everything that was said in all sessions, searched |
//! | 6 | [`summaries`] | what a chat server makes of a text, held against that text |
//! | 5 | [`recording`] | lanes and the writer's thread as one handle; goes on without any actor |
//! | 5 | [`control`] | the socket of a running recorder |
//! | 5 | [`export`] | minutes and the other formats |
//! | 5 | [`desktop`] | desktop notifications of a recording |
//! | 5 | [`power`] | keeps the computer awake, watches the battery |
//! | 4 | [`writer`] | the one thread that writes: tracks, journal, manifest, transcript |
//! | 4 | [`care`] | sessions that are over: verify, recover, edit, work on them again |
//! | 4 | [`speech`] | from sound to segments to utterances, and the verdicts on them |
//! | 3 | [`capture`] | sources, the realtime sink, the drain |
//! | 3 | [`speakers`] | networks and rules that tell voices apart |
//! | 3 | [`recognisers`] | engines that turn sound into words |
//! | 3 | [`live`] | where news of a session goes |
//! | 2 | [`session`] | a session on disk: layout, manifest, journal, transcript, reading back |
//! | 2 | [`servers`] | other people's servers: the way there, keys, patience, complaints |
//! | 1 | [`audio`] | pure sound: decoding, resampling, denoising, levelling, voice activity, segments |
//! | 1 | [`clock`] | the `Clock` door and the clock model: frames against monotonic time |
//! | 1 | [`revise`] | the one road of revisions: what becomes of a line, and how lines are cut |
//! | 1 | [`models`] | the model catalogue, `pull`, `import` |
//! | 1 | [`config`] | layers of settings, validated into one value |
//! | 0 | [`base`] | words that all modules use: units, the frame→time map, utterances, causes, text |

pub mod actors;
pub mod audio;
pub mod base;
pub mod capture;
pub mod care;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod desktop;
pub mod doctor;
pub mod engine;
pub mod export;
pub mod library;
pub mod live;
pub mod mcp;
pub mod models;
pub mod power;
pub mod recognisers;
pub mod recording;
pub mod revise;
pub mod serve;
pub mod servers;
pub mod session;
pub mod speakers;
pub mod speech;
pub mod summaries;
#[cfg(unix)]
pub mod tui;
pub mod writer;
