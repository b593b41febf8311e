//! The callback's side never allocates or frees, whatever it is given.

use std::sync::Arc;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use hansard::audio::units::SampleRate;
use hansard::capture::rt::{BackendTrouble, CaptureSink, CaptureTap};
use hansard::clock::{SessionClock, SystemClock};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Sizes of callbacks in frames, from nothing to more than the ring holds.
const SIZES: [usize; 10] = [0, 1, 6, 10, 64, 480, 1_024, 4_800, 12_308, 50_000];

/// Pushes callbacks of all sizes in all orders, emptying the ring in between by `drained` frames at a time.
fn push_all(channels: u16, mut sink: CaptureSink, mut tap: CaptureTap, drained: usize) -> (u64, u64) {
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let meter = Arc::clone(sink.meter());
    let floats = vec![0.25f32; 50_000 * usize::from(channels)];
    let shorts = vec![-1_000i16; 50_000 * usize::from(channels)];
    for first in SIZES {
        for second in SIZES {
            assert_no_alloc(|| {
                sink.push(&floats[..first * usize::from(channels)], clock.mono(), 1);
                sink.push(&shorts[..second * usize::from(channels)], clock.mono(), 1);
                meter.report(BackendTrouble::Xrun);
            });
            let n = tap.samples.slots().min(drained * usize::from(channels));
            tap.samples.read_chunk(n).expect("slots that are there").commit_all();
            while drained > 0 && tap.stamps.pop().is_ok() {}
        }
    }
    (meter.frames(), meter.lost())
}

#[test]
fn push_never_allocates() {
    let given: u64 = SIZES.iter().map(|a| SIZES.iter().map(|b| (a + b) as u64).sum::<u64>()).sum();
    for channels in [1, 2, 6] {
        // Rings that are never full, that wrap, that overflow, and that are never emptied.
        for (frames, stamps, drained) in
            [(120_000, 64, usize::MAX / 64), (13_000, 64, 7_001), (1_000, 3, 999), (5_000, 4, 0)]
        {
            let (sink, tap) = CaptureSink::pair_with(channels, frames, stamps);
            let (pushed, lost) = push_all(channels, sink, tap, drained);
            assert_eq!(pushed, given);
            assert_eq!(lost == 0, frames == 120_000, "{lost} frames found no room in a ring of {frames}");
        }
        let (sink, tap) = CaptureSink::pair(channels, SampleRate::HZ_48000);
        assert_eq!(push_all(channels, sink, tap, usize::MAX / 64), (given, 0));
    }
}
