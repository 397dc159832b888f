//! User code may panic anywhere, and the panic ends only the job that it belongs to (P31, P39,
//! P51).

use std::panic::{panic_any, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};

use runtime_blocking::{Pool, Shutdown};
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;

use crate::{eventually, gate, occupy, wait};

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the bomb went off");
        }
    }
}

/// Panics when it is dropped, with a payload whose drop panics in the same way. The last payload,
/// with the number 0, does not panic.
struct Matryoshka(u32);

impl Drop for Matryoshka {
    fn drop(&mut self) {
        if self.0 > 0 && !std::thread::panicking() {
            panic_any(Matryoshka(self.0 - 1));
        }
    }
}

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("the waker panics");
    }
}

impl Drop for PanickingWaker {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("and so does its destructor");
        }
    }
}

fn assert_serves(pool: &Pool) {
    assert_eq!(wait(pool.submit(|| 3).expect("accepted")).expect("it ran"), 3);
    eventually("at rest", pool, |stats| stats.busy == 0 && stats.threads == stats.idle);
}

/// P31.
#[test]
fn a_payload_that_panics_when_dropped_stays_inside() {
    let pool = Pool::builder().threads_max(1).build();
    for depth in 0..3 {
        let detached = pool.submit(move || panic_any(Matryoshka(depth))).expect("accepted");
        drop::<runtime_core::join::JoinHandle<()>>(detached);
        assert_serves(&pool);
    }
    assert_eq!(pool.stats().completed, 6);
}

/// P51: all workers panic at the same moment, again and again.
#[test]
fn all_workers_may_panic_at_once_and_serve_on() {
    const WORKERS: usize = 4;
    let pool = Pool::builder().threads_max(WORKERS).cores(WORKERS).build();
    for round in 0..50 {
        let barrier = Arc::new(Barrier::new(WORKERS));
        let jobs = [(); WORKERS].map(|()| {
            let barrier = Arc::clone(&barrier);
            pool.submit(move || {
                barrier.wait();
                resume_unwind(Box::new(round));
            })
        });
        for job in jobs {
            let error: JoinError = wait::<()>(job.expect("accepted")).expect_err("it panicked");
            let payload = error.try_into_panic().expect("it panicked");
            assert_eq!(payload.downcast_ref::<usize>(), Some(&round));
        }
    }
    eventually("at rest", &pool, |stats| stats.busy == 0);
    assert_eq!((pool.stats().threads, pool.stats().completed), (WORKERS, 50 * WORKERS as u64));
    assert_serves(&pool);
}

#[test]
fn an_untaken_result_that_panics_when_dropped_does_no_harm() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, closed) = gate();
    let job = pool.submit(move || (closed.recv(), Bomb).1).expect("accepted");
    drop(job);
    gate.open();
    assert_serves(&pool);
}

#[test]
fn what_a_closure_holds_may_panic_when_the_closure_ends() {
    let pool = Pool::builder().threads_max(1).build();
    let bomb = Bomb;
    let job = pool.submit(move || drop(bomb)).expect("accepted");
    assert!(wait(job).expect_err("the destructor panicked").is_panic());
    assert_serves(&pool);
}

#[test]
fn a_waker_that_panics_costs_no_worker() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, closed) = gate();
    let mut job = pool.submit(move || closed.recv()).expect("accepted");
    let waker = Waker::from(Arc::new(PanickingWaker));
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
    std::mem::forget(waker);
    gate.open();
    assert_serves(&pool);
    assert!(wait(job).expect("it ran").is_err());
}

#[test]
fn an_aborted_closure_may_panic_when_dropped() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let bomb = Bomb;
    let job = pool.submit(move || drop(bomb)).expect("accepted");
    job.abort();
    assert!(wait(job).expect_err("cancelled").is_cancelled());
    gate.open();
    wait(first).expect("it ran");
    assert_serves(&pool);
}

#[test]
fn closures_that_a_shutdown_cancels_may_panic_when_dropped() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let jobs: Vec<_> = (0..3)
        .map(|depth| {
            let bombs = (Bomb, Matryoshka(depth));
            pool.submit(move || drop(bombs)).expect("accepted")
        })
        .collect();
    assert_eq!(pool.shutdown(Shutdown::Leave).cancelled.len(), 3);
    for job in jobs {
        assert!(wait(job).expect_err("cancelled").is_cancelled());
    }
    gate.open();
    wait(first).expect("it ran");
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

#[test]
fn a_refused_closure_comes_back_though_what_it_was_to_keep_panics_when_dropped() {
    let pool = Pool::new();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    let refused = pool.submit_with(Metadata::here(), Bomb, || 5).expect_err("closed");
    assert_eq!(refused.into_inner()(), 5);
}

/// A waker that never returns keeps its worker busy; the other workers continue.
#[test]
fn a_waker_that_blocks_keeps_its_worker_only() {
    struct Blocking(parking::Latch);
    impl Wake for Blocking {
        fn wake(self: Arc<Self>) {
            self.0.wait();
        }
    }
    let pool = Pool::builder().cores(1).threads_max(2).build();
    let (gate, closed) = gate();
    let mut job = pool.submit(move || closed.recv()).expect("accepted");
    let blocking = Arc::new(Blocking(parking::Latch::new()));
    let waker = Waker::from(Arc::clone(&blocking));
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
    gate.open();
    for number in 0..10 {
        assert_eq!(wait(pool.submit(move || number).expect("accepted")).expect("it ran"), number);
    }
    // A poll before the wake would have replaced the blocking waker.
    eventually("finished", &pool, |_| job.is_finished());
    assert!(wait(job).expect("it ran").is_err(), "the result was there before the wake");
    blocking.0.open();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

mod parking {
    use std::sync::Barrier;

    /// A latch that is opened once and waited for once.
    pub(crate) struct Latch(Barrier);

    impl Latch {
        pub(crate) fn new() -> Latch {
            Latch(Barrier::new(2))
        }

        pub(crate) fn wait(&self) {
            self.0.wait();
        }

        pub(crate) fn open(&self) {
            self.0.wait();
        }
    }
}
