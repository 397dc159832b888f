use std::time::Duration;

use runtime_core::park::Parker;
use runtime_core::sync::atomic::{AtomicBool, Ordering};

use crate::pool::settings::Settings;
use crate::worker::current::WorkerId;
use crate::worker::worker_spin::WorkerSpin;

/// Longer than a test may take: a spin that nothing ends is a test that hangs.
const HOUR: Duration = Duration::from_secs(3600);

fn spin(limit: Duration, cores: usize) -> WorkerSpin {
    let settings = Settings { spin_before_park: limit, cores: Some(cores), ..Settings::new() };
    WorkerSpin::new(&settings)
}

#[test]
fn a_spin_is_off_by_default_and_on_one_core() {
    let parker = Parker::new();
    spin(Duration::ZERO, 2).spin_after(1, WorkerId::of_row(0), &parker);
    spin(HOUR, 1).spin_after(1, WorkerId::of_row(0), &parker);
    assert!(!WorkerSpin::new(&Settings::new()).spin.is_on());
    assert!(!spin(HOUR, 1).spin.is_on());
    assert!(spin(HOUR, 2).spin.is_on());
}

#[test]
fn a_worker_without_a_job_does_not_spin() {
    spin(HOUR, 2).spin_after(0, WorkerId::of_row(0), &Parker::new());
}

#[test]
fn a_spin_ends_with_an_unpark_and_leaves_the_notification() {
    let parker = Parker::new();
    parker.unpark();
    spin(HOUR, 2).spin_after(1, WorkerId::of_row(0), &parker);
    assert!(parker.take_notification());
}

#[test]
fn a_worker_stops_when_another_becomes_idle() {
    let spin = spin(HOUR, 2);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let parker = Parker::new();
            while !is_over.load(Ordering::Relaxed) {
                parker.unpark();
                spin.spin_after(1, WorkerId::of_row(1), &parker);
            }
        });
        spin.spin_after(1, WorkerId::of_row(0), &Parker::new());
        is_over.store(true, Ordering::Relaxed);
    });
}
