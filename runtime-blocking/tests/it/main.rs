//! Tests of the pool through its public interface. Each module tests one of the pool's guarantees.
//! `P`-numbers are rows of `docs/verification/pitfalls.md`.
//!
//! No test asserts a time or sleeps to synchronise. Jobs wait at gates, and the test waits for
//! effects that need no further action of the test. The only time limit, [`HANG`], turns a hang
//! into a failure.

mod backpressure;
mod cancelling;
mod carrying;
mod dropping;
mod foreign_code;
mod growing;
mod joining;
mod lanes;
mod pinned;
mod racing;
mod refusing;
mod retiring;
mod shutting_down;
#[cfg(target_os = "linux")]
mod signals;
mod soaking;
mod submitting;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use runtime_blocking::{Pool, Stats};
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::park::{Parker, Unparked};

const HANG: Duration = Duration::from_secs(60);

/// Waits for a job.
#[track_caller]
fn wait<T>(handle: JoinHandle<T>) -> Result<T, JoinError> {
    let parker = Arc::new(Parker::new());
    let waker = Waker::from(Arc::clone(&parker));
    let mut handle = std::pin::pin!(handle);
    let deadline = Instant::now() + HANG;
    loop {
        if let Poll::Ready(result) = handle.as_mut().poll(&mut Context::from_waker(&waker)) {
            return result;
        }
        assert_eq!(parker.park(Some(deadline)), Unparked::Notified, "{handle:?} hangs");
    }
}

/// Waits until an effect has occurred that needs no further action of the test.
#[track_caller]
fn eventually(what: &str, pool: &Pool, has_happened: impl Fn(Stats) -> bool) {
    let deadline = Instant::now() + HANG;
    while !has_happened(pool.stats()) {
        assert!(Instant::now() < deadline, "never {what}: {pool:?}");
        std::thread::yield_now();
    }
}

/// A gate at which a job waits until it is opened or dropped.
struct Gate(Sender<()>);

fn gate() -> (Gate, Receiver<()>) {
    let (sender, receiver) = channel();
    (Gate(sender), receiver)
}

impl Gate {
    fn open(self) {
        drop(self.0);
    }
}

/// Makes a worker of the pool wait at a gate, and returns when the worker waits.
#[track_caller]
fn occupy(pool: &Pool) -> (Gate, JoinHandle<()>) {
    occupy_as(pool, Metadata::here())
}

/// Like [`occupy`], with the metadata of the job.
#[track_caller]
fn occupy_as(pool: &Pool, metadata: Metadata) -> (Gate, JoinHandle<()>) {
    let (gate, closed) = gate();
    let (begun, has_begun) = channel();
    let job = pool
        .submit_as(metadata, move || {
            begun.send(()).expect("the test waits for it");
            let _ = closed.recv();
        })
        .expect("accepted");
    has_begun.recv_timeout(HANG).expect("the job begins");
    (gate, job)
}

/// A generator of seeded random numbers, for the stress tests.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
