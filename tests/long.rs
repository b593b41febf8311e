//! Long recordings, under an allocator that counts: a program of its own, since it counts for all of it.

mod day;
mod support;
