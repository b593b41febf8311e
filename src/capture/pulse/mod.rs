//! What the PulseAudio server (or PipeWire's) says of our streams and its devices, on a connection of our
//! own that carries no sound.
//!
//! A server moves a stream to another device without a word to its owner: because the default changed, a plug
//! was pulled, a policy or a person wanted it. cpal can neither forbid nor notice it. So each stream is
//! looked up at the server when it is opened ([`seat`]), and one thread watches all of them by the server's
//! events ([`watch`]). A device is known by its name; which one is the default says nothing.

pub mod link;
pub mod seat;
pub mod server;
pub mod view;
pub mod watch;
