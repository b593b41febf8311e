//! What turns sound into words: engines behind one door ([`engine`]), and the child process that Whisper runs
//! in.
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | what every engine is asked: its facts, and recognisers |
//! | [`recognizer`] | a request, and what is answered |
//! | [`local`] | a model on this computer, in a child process |
//! | [`whisper`] | Whisper models, and who computes them |
//! | [`http`] | any OpenAI-compatible server |
//! | [`moonshine`] | Moonshine, inside the child |
//! | [`both`] | the model `auto`: each of them for its languages |
//! | [`lasting`] | recognisers that outlive a session |
//! | [`scripted`] | answers by script, for tests |
//! | [`worker`], [`protocol`] | the child process, and what is said to it |
//! | `whisper_cpp` | whisper.cpp, inside the child |
//! | [`whisper_int8`] | Whisper in Rust, inside the child |
//! | `whisper_limits` | what holds for both |
//! | `loops` | texts that go round in one |
//! | `times` | when words were spoken, of a decoder's attention |
//! | `alignment` | which of a model's attention heads tell when words were spoken |
//! | [`nn`] | what neural recognisers are made of |
//! | [`words`] | from tokens to words with times |

mod alignment;
pub mod both;
pub mod engine;
pub mod http;
pub mod lasting;
pub mod local;
mod loops;
pub mod moonshine;
pub mod nn;
pub mod protocol;
pub mod recognizer;
pub mod scripted;
mod times;
pub mod whisper;
#[cfg(feature = "whisper")]
pub mod whisper_cpp;
pub mod whisper_int8;
mod whisper_limits;
pub mod words;
pub mod worker;

/// All kinds of engines, a line each. Whisper takes the models that no other kind took, so it is the last.
pub const ENGINES: &[engine::Kind] = &[both::KIND, whisper::KIND];
