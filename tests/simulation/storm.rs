//! The seeds.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use hansard::recording::panic_text;

use super::script::Storm;
use super::world::{Moment, World};
use super::{check, crash, recovery};

/// Seeds that are tried always, from 0 on.
const FIXED: u64 = 360;
/// Days that were wrong once: a full ring that meets the end of a pause; a stop right after one, twice; a
/// resume that stop forestalls.
const ONCE_WRONG: [u64; 4] = [
    3_709_022_800_603_038_215,
    2_897_594_838_327_579_061,
    3_721_965_323_875_652_917,
    909_678_002_691_771_783,
];
/// Seeds that were never tried before, in an ordinary run.
const FRESH: u64 = 100;
/// Threads that try them: each seed is a world of its own.
const THREADS: usize = 2;

/// One seed; panics if anything is not as it must be.
fn day(seed: u64) {
    let storm = Storm::new(seed);
    if std::env::var_os("HANSARD_SIM_SEED").is_some() {
        println!("{storm:#?}");
    }
    let ran = match World::new(&storm, None) {
        Ok(world) => world.run(),
        Err(error) => {
            let told = storm.faults.iter().any(|fault| !fault.op.is_harmless());
            assert!(told, "the session could not begin: {error}");
            return;
        }
    };
    if std::env::var_os("HANSARD_SIM_SEED").is_some() {
        println!("{} segments", ran.segments);
        println!("{:?}", ran.devices.iter().map(|d| &d.truth).collect::<Vec<_>>());
        println!("{}", std::fs::read_to_string(ran.dir.join("events.jsonl")).unwrap());
    }
    check::check(&ran);
    for moment in &ran.moments {
        crash::check(&ran, moment);
    }
    if let Some(victim) = storm.victim {
        let without = World::new(&storm.without_trouble(), Some(ran.stop_s)).expect("a session").run();
        check::check_others_untouched(&ran, &without, victim);
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number is wanted")))
}

#[test]
fn every_day_ends_well_or_says_what_is_missing() {
    let seeds: Vec<u64> = match (number("HANSARD_SIM_SEED"), number("HANSARD_SIM_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, fresh) => {
            let mut random = hansard::base::random::Random::new(RandomState::new().build_hasher().finish());
            let fresh = (0..fresh.unwrap_or(FRESH)).map(|_| random.seed());
            (0..FIXED).chain(ONCE_WRONG).chain(fresh).collect()
        }
    };
    let name = |seed: &u64| {
        format!("seed {seed}: HANSARD_SIM_SEED={seed} cargo test --test engine every_day -- --nocapture")
    };
    on_all_threads(&seeds, name, |seed| day(*seed));
}

/// Without this no failure could be replayed.
#[test]
fn the_same_seed_is_the_same_day() {
    for seed in 0..12 {
        let [one, other] = [(); 2].map(|()| World::new(&Storm::new(seed), None).map(World::run));
        let (Ok(one), Ok(other)) = (one, other) else { continue };
        assert!(recovery::files(&one.dir) == recovery::files(&other.dir), "the files of seed {seed}");
        assert_eq!((one.done.len(), one.segments, one.most), (other.done.len(), other.segments, other.most));
        for (one, other) in one.moments.iter().zip(&other.moments) {
            let left = |moment: &Moment| moment.image.as_ref().map(|image| recovery::files(image.path()));
            assert!(left(one) == left(other), "what {:?} of seed {seed} leaves", one.point);
        }
    }
}

/// Tries all cases on a few threads; panics with the names of those that fail.
pub fn on_all_threads<T: Sync>(cases: &[T], name: impl Fn(&T) -> String + Sync, attempt: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| attempt(case))) {
                        println!("{}\n  {}", name(case), panic_text(&*panic));
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert!(failed == 0, "{failed} of {} failed, as said above", cases.len());
}
