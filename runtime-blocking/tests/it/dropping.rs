//! A pool that is dropped, on any thread, leaves nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use runtime_blocking::{Pool, Shutdown};
use runtime_core::context;

use crate::{occupy, wait};

#[test]
fn dropping_the_last_handle_waits_and_loses_nothing() {
    let ran = Arc::new(AtomicUsize::new(0));
    let pool = Pool::builder().threads_max(2).build();
    let other = pool.clone();
    for _ in 0..200 {
        let ran = Arc::clone(&ran);
        pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted").detach();
    }
    drop(pool);
    let last = Arc::clone(&ran);
    other.submit(move || last.fetch_add(1, Ordering::SeqCst)).expect("a handle is left").detach();
    drop(other);
    assert_eq!(ran.load(Ordering::SeqCst), 201);
}

#[test]
fn dropping_the_last_handle_on_a_loop_leaves_and_still_loses_nothing() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let queued = pool.submit(|| 6).expect("accepted");
    {
        let _turn = context::enter_loop();
        drop(pool);
    }
    assert!(!first.is_finished(), "it did not wait");
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(wait(queued).expect("it ran all the same"), 6);
}

#[test]
fn dropping_the_last_handle_on_a_worker_of_its_own_leaves() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let last = pool.clone();
    let job = pool.submit(move || drop(last)).expect("accepted");
    let after = pool.submit(|| 7).expect("accepted");
    {
        let _turn = context::enter_loop();
        drop(pool);
        // The job holds the last handle now.
    }
    gate.open();
    wait(first).expect("it ran");
    wait(job).expect("no deadlock");
    assert_eq!(wait(after).expect("it ran all the same"), 7);
}

#[test]
fn dropping_the_last_handle_on_a_worker_does_not_wait_for_the_other_jobs() {
    let pool = Pool::builder().threads_max(2).cores(2).build();
    let (gate, first) = occupy(&pool);
    let (sender, last) = channel::<Pool>();
    let job = pool.submit(move || drop(last.recv())).expect("accepted");
    sender.send(pool).expect("the job waits");
    wait(job).expect("it ran");
    assert!(!first.is_finished());
    gate.open();
    wait(first).expect("it ran");
}

#[test]
fn a_drop_after_a_shutdown_does_not_wait_again() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    assert_eq!(pool.shutdown(Shutdown::Leave).running.len(), 1);
    drop(pool);
    assert!(!first.is_finished());
    gate.open();
    wait(first).expect("it ran");
}

#[test]
fn a_drop_while_panicking_waits_and_does_not_abort() {
    let ran = Arc::new(AtomicUsize::new(0));
    let inner = Arc::clone(&ran);
    let unwound = thread::spawn(move || {
        let pool = Pool::new();
        pool.submit(move || inner.fetch_add(1, Ordering::SeqCst)).expect("accepted").detach();
        panic!("the pool is dropped by this");
    });
    assert!(unwound.join().is_err());
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

/// Jobs end while the pool closes and its handles are dropped (P47).
#[test]
fn workers_that_end_jobs_while_everything_goes_complete_them() {
    for _ in 0..200 {
        let pool = Pool::builder().threads_max(2).cores(2).build();
        let jobs: Vec<_> = (0..4).map(|n| pool.submit(move || n).expect("accepted")).collect();
        let dropped = thread::spawn(move || {
            let _turn = context::enter_loop();
            drop(pool);
        });
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(wait(job).expect("it ran"), n);
        }
        dropped.join().expect("no panic");
    }
}

/// A handle holds its job, and a job can reach its pool. However a job ends, neither the handle nor
/// the job keeps the pool alive.
#[test]
fn nothing_keeps_the_pool_once_its_jobs_have_come_to_their_ends() {
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    let pool = Pool::builder().threads_max(1).spawner(move |name, _stack_size, body| {
        let _kept = &kept;
        thread::Builder::new().name(name).spawn(body)
    });
    let pool = pool.build();
    let (gate, first) = occupy(&pool);
    let jobs: Vec<_> = (0..100).map(|n| pool.submit(move || n).expect("accepted")).collect();
    jobs.iter().step_by(3).for_each(|job| job.abort());
    gate.open();
    wait(first).expect("it ran");
    for job in jobs.into_iter().step_by(2) {
        let _ = wait(job);
    }
    let (gate, first) = occupy(&pool);
    let cancelled = pool.submit(|| ()).expect("accepted");
    assert_eq!(pool.shutdown(Shutdown::Leave).cancelled.len(), 1);
    assert!(pool.submit(|| ()).is_err());
    gate.open();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    drop((pool, first));
    assert_eq!(Arc::strong_count(&token), 1);
    drop(cancelled);
}
