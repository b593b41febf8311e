//! Not by chance but at every place: a power cut and a kill before each operation on the disk, and each
//! operation refused.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;

use hansard::recording::panic_text;
use hansard::session::manifest::GapCause;

use super::script::Storm;
use super::storm::on_all_threads;
use super::world::{Ran, World};
use super::{check, crash};
use crate::simulation::disk::{Crash, Fault, Op};

/// Length of the session in which everything is tried, in seconds.
const SECONDS: f64 = 4.0;
/// A disk that is full has room again so long before the end, in seconds.
const ROOM_AGAIN_S: f64 = 1.5;
/// Ways in which each power cut tears what was not synced.
const TEARS: u64 = 4;

fn day(faults: Vec<Fault>) -> std::io::Result<Ran> {
    let for_ever = faults.iter().any(|fault| fault.times == u32::MAX);
    let calm_end_s = for_ever.then_some(ROOM_AGAIN_S);
    Ok(World::new(&Storm { faults, calm_end_s, ..Storm::short(SECONDS) }, None)?.run())
}

#[test]
fn the_power_is_cut_before_every_operation() {
    let well = day(vec![]).expect("a session");
    check::check(&well);
    // What comes out is judged beside the session that goes on: it is too much to keep.
    let (judge, moments) = mpsc::channel();
    let always: Vec<(Crash, u64)> =
        (0..TEARS).map(|seed| (Crash::PowerCut, seed)).chain([(Crash::Kill, TEARS)]).collect();
    let each = always.len();
    let session = std::thread::spawn(move || {
        let (_, own) = mpsc::channel();
        let world = World::watched(&Storm::short(SECONDS), None, always, judge, own).expect("a session");
        world.run().done.len()
    });
    let mut judged = 0;
    for moment in moments {
        let result = catch_unwind(AssertUnwindSafe(|| crash::check(&well, &moment)));
        if let Err(panic) = result {
            let (at, operation) = (moment.at, judged / each);
            panic!("{:?} before operation {operation}, at {at:.2} s: {}", moment.point, panic_text(&*panic));
        }
        judged += 1;
    }
    let operations = session.join().expect("a session");
    assert_eq!(judged, operations * each);
    assert!(operations > 250, "only {operations} operations");
}

/// One refusal: what is refused, and which operation that is on the day without.
fn refusals(well: &Ran) -> Vec<(Fault, usize)> {
    let nth =
        |op: fn(Op) -> bool| well.done.iter().enumerate().filter(move |(_, (o, _))| op(*o)).map(|(n, _)| n);
    let fault = |op, at: usize, times, error| Fault { file: String::new(), op, at: at as u32, times, error };
    let mut refusals = Vec::new();
    for n in nth(|_| true) {
        let error = if n % 2 == 0 { ErrorKind::Other } else { ErrorKind::StorageFull };
        refusals.push((fault(Op::Any, n, 1, error), n));
    }
    for (at, n) in nth(|op| op == Op::Write).enumerate() {
        refusals.push((fault(Op::ShortWrite, at, 1, ErrorKind::Other), n));
    }
    // The disk is full from here on, until there is room again shortly before the end.
    for (at, n) in nth(|op| matches!(op, Op::Create | Op::Write)).enumerate().step_by(2) {
        refusals.push((fault(Op::Grow, at, u32::MAX, ErrorKind::StorageFull), n));
    }
    refusals
}

#[test]
fn every_operation_is_refused_once() {
    let well = day(vec![]).expect("a session");
    let refusals = refusals(&well);
    assert!(refusals.len() > 500, "only {} refusals", refusals.len());
    on_all_threads(
        &refusals,
        |(fault, n)| {
            let (op, path) = &well.done[*n];
            let file = path.strip_prefix(&well.dir).unwrap_or(path);
            format!("{fault:?}, which is {op:?} of {}", file.display())
        },
        |(fault, n)| {
            let (op, path) = &well.done[*n];
            let ran = match day(vec![fault.clone()]) {
                Ok(ran) => ran,
                // Without a journal and a manifest nothing begins, which is said.
                Err(error) => return assert!(*n < well.first_sound(), "it could not begin: {error}"),
            };
            if ran.struck[0] == 0 {
                // There was room again before the disk would have become full.
                return assert!(fault.times == u32::MAX, "it did not strike");
            }
            judge(&well, &ran, fault, *op, path.strip_prefix(&well.dir).expect("a file of the session"));
        },
    );
}

/// What one refusal may do, and to whom.
fn judge(well: &Ran, ran: &Ran, fault: &Fault, op: Op, file: &Path) {
    check::check_tracks(ran);
    let hurt: Vec<&str> =
        well.storm.tracks().map(|(_, t)| t.name.as_str()).filter(|t| !check::is_same(well, ran, t)).collect();
    if fault.op == Op::ShortWrite {
        assert!(hurt.is_empty() && ran.told == 0, "a short write is no error: {hurt:?}");
        return;
    }
    if fault.times == 1 && file.extension().is_some_and(|extension| extension == "levels") {
        assert!(hurt.is_empty() && ran.told == 0, "levels are measured again, nobody need know: {hurt:?}");
        return;
    }
    assert!(ran.told > 0, "the user is told");
    if fault.times > 1 {
        return;
    }
    let of_tracks = file.starts_with("tracks");
    assert!(hurt.len() <= usize::from(of_tracks), "{op:?} of {}: {hurt:?} are hurt", file.display());
    for track in hurt {
        let account = ran.closed.account.iter().find(|account| account.track == track).expect("an account");
        let lost = account.gaps.iter().find(|gap| gap.cause == GapCause::WriteError);
        let before = well.closed.account.iter().find(|account| account.track == track).expect("an account");
        assert!(lost.is_some_and(|gap| gap.loss) || account.written == before.written, "{account:?}");
    }
}
