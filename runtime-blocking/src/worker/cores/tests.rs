use std::thread;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

use super::{CoreId, Restriction, current};

/// The cores on which this thread may run.
fn permitted() -> Vec<usize> {
    let set = sched_getaffinity(Pid::from_raw(0)).expect("a thread has a set of cores");
    (0..CpuSet::count()).filter(|&core| set.is_set(core) == Ok(true)).collect()
}

#[test]
fn a_thread_runs_on_one_core_until_the_restriction_is_lifted() {
    let before = permitted();
    for &core in &before {
        let restriction = Restriction::new(CoreId(core));
        assert_eq!(restriction.is_some(), before.len() > 1);
        assert_eq!((current(), permitted()), (Some(CoreId(core)), vec![core]));
        drop(restriction);
        assert_eq!(permitted(), before);
    }
}

#[test]
fn a_thread_is_not_moved_to_a_core_that_it_must_not_use() {
    let restricted = thread::spawn(|| {
        let cores = permitted();
        let [own, .., other] = cores[..] else { return };
        let outer = Restriction::new(CoreId(own)).expect("the core is permitted");
        assert!(Restriction::new(CoreId(other)).is_none());
        assert_eq!((current(), permitted()), (Some(CoreId(own)), vec![own]));
        drop(outer);
        assert_eq!(permitted(), cores);
    });
    restricted.join().expect("the thread does not panic");
}
