use super::{CoreFollower, Restriction, cores};
use crate::pool::settings::Settings;
use crate::worker::current::CoreId;

/// The places of a worker on core 0 whose jobs come from these cores.
fn places<const N: usize>(targets: [usize; N]) -> [usize; N] {
    let follower = CoreFollower::new(&Settings::new());
    targets.map(|target| follower.place(CoreId(0), CoreId(target)).0)
}

#[test]
fn a_worker_follows_the_second_job_in_a_row_from_another_core() {
    assert_eq!(places([0, 0, 0]), [0, 0, 0]);
    assert_eq!(places([1, 1]), [0, 1]);
    assert_eq!(places([1, 0, 1, 0, 1, 1]), [0, 0, 0, 0, 0, 1]);
    assert_eq!(places([1, 2, 1, 2]), [0, 2, 0, 2]);
}

/// Returns whether a worker with this setting restricts its sleep after this number of short jobs.
fn restricts(choose_cores: bool, jobs: usize) -> bool {
    let settings = Settings { choose_cores, cores: Some(2), ..Settings::new() };
    let follower = CoreFollower::new(&settings);
    follower.target.set(cores::current());
    follower.restrict_after(jobs).is_some()
}

#[test]
fn a_sleep_is_restricted_after_a_single_job_unless_the_setting_is_off() {
    let is_possible = cores::current().and_then(Restriction::new).is_some();
    assert_eq!(restricts(true, 1), is_possible);
    assert!(!restricts(true, 2));
    assert!(!restricts(false, 1));
}
