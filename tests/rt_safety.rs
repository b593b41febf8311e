//! The proof that the callback is realtime-safe: the very callbacks that a backend is given run in a child
//! process on a thread that dies of *any* system call (seccomp) and of any allocation or freeing
//! (`assert_no_alloc`), through sizes that empty, fill, overflow and wrap their rings, with the machine's
//! real clock.
//!
//! That the proof can fail is shown too: a child that logs, allocates, frees, waits for a lock, or wakes
//! somebody dies. What it can't see is a lock that happens to be free: `clippy.toml` forbids those in
//! `src/capture/rt.rs`.
//!
//! No test harness: a case runs in this program started again, in which nothing else may be going on.

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::hint::black_box;
    use std::io::Write as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use assert_no_alloc::{AllocDisabler, assert_no_alloc};
    use cpal::{ErrorKind, FromSample, InputCallbackInfo, InputStreamTimestamp, StreamInstant};
    use hansard::base::units::SampleRate;
    use hansard::capture::rt::{CaptureSink, CaptureTap, SinkMeter, on_data, on_error};
    use hansard::clock::{SessionClock, SystemClock};
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

    #[global_allocator]
    static ALLOCATOR: AllocDisabler = AllocDisabler;

    /// Names the case that a child is to run.
    const CASE: &str = "HANSARD_RT_CASE";
    /// A child that ends so has no seccomp.
    const NO_SECCOMP: i32 = 77;
    /// What the kernel kills with when a filter says so, and what `abort` does.
    const SIGSYS: i32 = 31;
    const SIGABRT: i32 = 6;
    /// No child works for longer, however busy the machine.
    const LIMIT: Duration = Duration::from_secs(60);

    /// Sizes of callbacks in frames, from nothing to more than most of the rings hold; 6 to 12,308 were seen.
    const SIZES: [usize; 10] = [0, 1, 6, 10, 64, 480, 1_024, 4_800, 12_308, 50_000];
    /// Frames and stamps that the rings hold, and frames that are taken out after each pair of callbacks:
    /// never full, wrapping, overflowing, never emptied, the recorder's own.
    const RINGS: [(usize, usize, usize); 5] = [
        (120_000, 64, 120_000),
        (13_000, 64, 7_001),
        (1_000, 3, 999),
        (5_000, 4, 0),
        (480_000, 8_192, 480_000),
    ];

    /// How a child is to end.
    enum End {
        Well,
        By(&'static [i32]),
    }

    /// Cases that must live, and how the others must die.
    const CASES: &[(&str, End, fn())] = &[
        ("i8", End::Well, callbacks::<i8>),
        ("u8", End::Well, callbacks::<u8>),
        ("i16", End::Well, callbacks::<i16>),
        ("u16", End::Well, callbacks::<u16>),
        ("i24", End::Well, callbacks::<cpal::I24>),
        ("i32", End::Well, callbacks::<i32>),
        ("f32", End::Well, callbacks::<f32>),
        ("f64", End::Well, callbacks::<f64>),
        ("a write", End::By(&[SIGSYS]), write),
        ("a log line", End::By(&[SIGSYS]), log),
        ("a lock that is held", End::By(&[SIGSYS]), held_lock),
        ("waking a parked thread", End::By(&[SIGSYS]), unpark),
        ("a message to a waiting thread", End::By(&[SIGSYS]), message),
        ("a sleep", End::By(&[SIGSYS]), sleep),
        // It says so before it aborts; in the filter that is a system call.
        ("an allocation", End::By(&[SIGSYS, SIGABRT]), allocation),
        ("freeing", End::By(&[SIGSYS, SIGABRT]), freeing),
        ("an error's text", End::By(&[SIGSYS, SIGABRT]), error_text),
    ];

    /// Every system call of the calling thread from here on is death for the process.
    fn forbid_system_calls() {
        let filter = SeccompFilter::new(
            BTreeMap::new(),
            SeccompAction::KillProcess,
            SeccompAction::Allow,
            std::env::consts::ARCH.try_into().expect("an architecture with seccomp"),
        );
        let program: BpfProgram = filter.and_then(TryInto::try_into).expect("a filter");
        if let Err(error) = apply_filter(&program) {
            eprintln!("no seccomp: {error}");
            std::process::exit(NO_SECCOMP);
        }
        // Freeing it is nothing that the callback does.
        std::mem::forget(program);
    }

    /// Runs `work` on a thread that may do nothing but compute. The thread never ends, as ending is a system
    /// call.
    fn in_the_callback<S: 'static>(
        prepare: impl FnOnce() -> S + Send + 'static,
        work: impl FnOnce(&mut S) + Send + 'static,
    ) {
        let done = Arc::new(AtomicU32::new(0));
        let signal = Arc::clone(&done);
        std::thread::spawn(move || {
            let mut state = prepare();
            forbid_system_calls();
            work(&mut state);
            signal.store(1, Ordering::Release);
            loop {
                std::hint::spin_loop();
            }
        });
        let deadline = Instant::now() + LIMIT;
        while done.load(Ordering::Acquire) == 0 {
            assert!(Instant::now() < deadline, "the case does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    type Callback<T> = Box<dyn FnMut(&[T], &InputCallbackInfo)>;

    /// A callback, the far end of its rings, the frames that are taken out each time, and its channels.
    struct Line<T> {
        data: Callback<T>,
        tap: CaptureTap,
        drained: usize,
        channels: u16,
    }

    struct Bench<T> {
        sound: Vec<T>,
        info: InputCallbackInfo,
        clock: SessionClock,
        lines: Vec<Line<T>>,
    }

    fn callbacks<T>()
    where
        T: cpal::SizedSample + FromSample<f32> + Send + 'static,
        f32: FromSample<T>,
    {
        in_the_callback(bench::<T>, |bench| {
            let Bench { sound, info, clock, lines } = bench;
            for line in lines {
                let taken = push_all(sound, info, line);
                check(&mut line.tap, taken, u64::from(line.channels));
            }
            assert!(clock.now().0 > 0);
        });
    }

    fn bench<T>() -> Bench<T>
    where
        T: cpal::SizedSample + FromSample<f32> + 'static,
        f32: FromSample<T>,
    {
        let clock = SessionClock::start_now(Arc::new(SystemClock));
        let mut lines = Vec::new();
        for channels in [1u16, 2, 6] {
            for (frames, stamps, drained) in RINGS {
                let (sink, tap) = if frames == 480_000 {
                    CaptureSink::pair(channels, SampleRate::HZ_48000)
                } else {
                    CaptureSink::pair_with(channels, frames, stamps)
                };
                let data: Callback<T> = Box::new(on_data(sink, clock.clone()));
                lines.push(Line { data, tap, drained, channels });
            }
        }
        let (callback, capture) = (StreamInstant::new(5, 0), StreamInstant::new(4, 990_000_000));
        let info = InputCallbackInfo::new(InputStreamTimestamp { callback, capture });
        Bench { sound: vec![T::from_sample_(0.5f32); 50_000 * 6], info, clock, lines }
    }

    /// Callbacks of all sizes in all orders; frames that came out at the other end.
    fn push_all<T>(sound: &[T], info: &InputCallbackInfo, line: &mut Line<T>) -> u64 {
        let Line { data, tap, drained, channels } = line;
        let (drained, channels) = (*drained, usize::from(*channels));
        let mut taken = 0;
        for first in SIZES {
            for second in SIZES {
                assert_no_alloc(|| {
                    data(&sound[..first * channels], info);
                    data(&sound[..second * channels], info);
                    report(&tap.meter);
                });
                let n = tap.samples.slots().min(drained * channels);
                tap.samples.read_chunk(n).expect("slots that are there").commit_all();
                taken += (n / channels) as u64;
                while drained > 0 && tap.stamps.pop().is_ok() {}
            }
        }
        taken
    }

    /// What a backend says on its audio thread.
    fn report(meter: &Arc<SinkMeter>) {
        let mut error = on_error(Arc::clone(meter));
        for kind in [ErrorKind::Xrun, ErrorKind::RealtimeDenied, ErrorKind::StreamInvalidated] {
            error(cpal::Error::new(kind));
        }
    }

    /// Every frame came out, is still there, or was counted as lost.
    fn check(tap: &mut CaptureTap, taken: u64, channels: u64) {
        let given: u64 = SIZES.iter().map(|a| SIZES.iter().map(|b| (a + b) as u64).sum::<u64>()).sum();
        let left = tap.samples.slots() as u64 / channels;
        assert_eq!(tap.meter.frames(), given);
        assert_eq!(taken + left + tap.meter.lost(), given);
        let peak = tap.meter.take_peak();
        assert!((0.49..0.51).contains(&peak));
        assert_ne!(tap.meter.take_trouble(), 0);
    }

    fn write() {
        in_the_callback(|| (), |()| assert!(std::io::stderr().write(b".").is_ok()));
    }

    fn log() {
        let prepare = || tracing_subscriber::fmt().with_writer(std::io::stderr).init();
        in_the_callback(prepare, |()| tracing::warn!("a line"));
    }

    fn held_lock() {
        let lock = Arc::new(Mutex::new(()));
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Arc::clone(&lock);
        in_the_callback(move || wanted, |lock| drop(black_box(lock.lock())));
    }

    /// The other thread is caught sleeping sooner or later; waking it before that is an atomic operation
    /// only.
    fn for_a_while(mut once: impl FnMut()) {
        let started = Instant::now();
        while started.elapsed() < LIMIT / 2 {
            once();
        }
    }

    fn unpark() {
        let prepare = || {
            std::thread::spawn(|| {
                loop {
                    std::thread::park();
                }
            })
        };
        in_the_callback(prepare, |sleeper| for_a_while(|| sleeper.thread().unpark()));
    }

    fn message() {
        let prepare = || {
            let (sender, receiver) = channel();
            std::thread::spawn(move || while receiver.recv().is_ok() {});
            sender
        };
        in_the_callback(prepare, |sender| for_a_while(|| assert!(sender.send(()).is_ok())));
    }

    fn sleep() {
        in_the_callback(|| (), |()| std::thread::sleep(Duration::from_millis(1)));
    }

    fn allocation() {
        in_the_callback(|| (), |()| assert_no_alloc(|| drop(black_box(vec![0u8; 8]))));
    }

    fn freeing() {
        let prepare = || Some(Arc::new(0u8));
        in_the_callback(prepare, |last| assert_no_alloc(|| drop(last.take())));
    }

    fn error_text() {
        let error = || Some(cpal::Error::with_message(ErrorKind::Other, String::from("a text")));
        in_the_callback(error, |error| assert_no_alloc(|| drop(error.take())));
    }

    fn run(case: &str) -> ExitStatus {
        let this = std::env::current_exe().expect("this program");
        let output = Command::new(this).env(CASE, case).output().expect("this program again");
        let said = String::from_utf8_lossy(&output.stderr);
        if !said.trim().is_empty() {
            println!("  {case}: {}", said.trim());
        }
        output.status
    }

    /// Whether the machine reads its clock without a system call: TSC and what hypervisors give for it.
    fn has_vdso_clock() -> bool {
        let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        let source = std::fs::read_to_string(path).unwrap_or_default();
        !["hpet", "acpi_pm", "jiffies", "refined-jiffies", "xen"].contains(&source.trim())
    }

    pub fn main() {
        if let Ok(case) = std::env::var(CASE) {
            let (.., work) = CASES.iter().find(|(name, ..)| *name == case).expect("a case of that name");
            return work();
        }
        let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
        if std::env::args().any(|argument| argument == "--list") {
            return;
        }
        let strict = std::env::var_os("HANSARD_TEST_ALL").is_some();
        assert!(has_vdso_clock() || !strict, "this machine's clock can't be read without a system call");
        let mut failures = 0;
        for (case, end, _) in CASES {
            if !arguments.is_empty() && !arguments.iter().any(|wanted| case.contains(wanted.as_str())) {
                continue;
            }
            let status = run(case);
            if !strict && (status.code() == Some(NO_SECCOMP) || !has_vdso_clock()) {
                println!("SKIPPED {case}: no seccomp here, or no clock that is read without a system call");
                continue;
            }
            let well = match end {
                End::Well => status.success(),
                End::By(signals) => status.signal().is_some_and(|signal| signals.contains(&signal)),
            };
            println!("{case} … {} ({status})", if well { "ok" } else { "FAILED" });
            failures += usize::from(!well);
        }
        assert_eq!(failures, 0, "cases failed");
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}
