use super::CoreFollower;
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
