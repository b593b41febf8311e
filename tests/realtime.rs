//! What keeps time with the world: devices of a private PulseAudio or PipeWire, and kills at any moment. One
//! test at a time, and beside no other program that is busy.

mod kill;
mod pipewire;
mod pulse;
mod pulse_defaults;
mod pulse_faults;
mod pulse_moves;
mod pulse_server;
mod pulse_stopped;
mod support;
