//! Threads are joined, and no thread waits for itself.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use runtime_blocking::{Pool, Shutdown};

use crate::{HANG, eventually, gate, occupy, wait};

/// Counts the threads whose thread-locals have been destroyed, which is their last step.
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        for _ in 0..100 {
            thread::yield_now();
        }
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static COUNT: RefCell<Option<Count>> = const { RefCell::new(None) };
}

#[test]
fn a_retired_thread_has_really_ended_when_the_shutdown_returns() {
    for _ in 0..20 {
        let ended = Arc::new(AtomicUsize::new(0));
        let pool = Pool::builder().cores(5).keep_alive(Duration::ZERO).build();
        let barrier = Arc::new(Barrier::new(5));
        for _ in 0..5 {
            let (ended, barrier) = (Arc::clone(&ended), Arc::clone(&barrier));
            let job = pool.submit(move || {
                COUNT.set(Some(Count(ended)));
                barrier.wait();
            });
            job.expect("accepted").detach();
        }
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        assert_eq!(ended.load(Ordering::SeqCst), 5);
    }
}

/// P127: of several shutdowns at once, one joins the last thread, and the others wait until it has.
#[test]
fn no_shutdown_of_several_returns_before_the_last_thread_has_ended() {
    for _ in 0..50 {
        let ended = Arc::new(AtomicUsize::new(0));
        let pool = Pool::builder().slow_shutdown_notice(None).build();
        let (gate, first) = occupy(&pool);
        let count = Count(Arc::clone(&ended));
        pool.submit(move || COUNT.set(Some(count))).expect("accepted").detach();
        let shutdowns: Vec<_> = (0..4)
            .map(|number| {
                let (pool, ended) = (pool.clone(), Arc::clone(&ended));
                let how = [Shutdown::Wait, Shutdown::WaitAtMost(HANG)][number % 2];
                thread::spawn(move || {
                    assert!(pool.shutdown(how).is_clean());
                    ended.load(Ordering::SeqCst)
                })
            })
            .collect();
        eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
        gate.open();
        let seen = shutdowns.into_iter().map(|shutdown| shutdown.join().expect("no panic"));
        assert_eq!(seen.collect::<Vec<_>>(), [1; 4]);
        wait(first).expect("it ran");
    }
}

/// A worker retires. While its thread ends, the destructor of a thread-local on that thread shuts
/// the pool down.
#[test]
fn a_shutdown_while_a_worker_thread_ends_waits_for_all_but_that_thread() {
    struct AtExit(Pool, std::sync::mpsc::Sender<bool>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.shutdown(Shutdown::Wait).is_clean());
        }
    }
    thread_local! {
        static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
    }
    let pool = Pool::builder().keep_alive(Duration::ZERO).cores(2).build();
    let (gate, first) = occupy(&pool);
    let (sender, receiver) = channel();
    let at_exit = AtExit(pool.clone(), sender);
    wait(pool.submit(move || AT_EXIT.set(Some(at_exit))).expect("accepted")).expect("it ran");
    eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
    assert!(receiver.try_recv().is_err(), "it waits for the first");
    gate.open();
    assert_eq!(receiver.recv_timeout(HANG), Ok(true));
    wait(first).expect("it ran");
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

/// The thread that starts a worker is delayed between the start and the deposit of the worker's
/// handle. During this delay the worker runs its job and retires.
#[test]
fn a_shutdown_joins_a_thread_that_retired_before_its_handle_was_deposited() {
    let (gate, closed) = gate();
    let closed = runtime_core::sync::Mutex::new(closed);
    // The slow-shutdown notice is turned off. Its timer would wake the waiting shutdown, and so
    // hide that the deposit of the handle did not.
    let pool = Pool::builder()
        .slow_shutdown_notice(None)
        .spawner(move |name, _stack_size, body| {
            let thread = thread::Builder::new().name(name).spawn(body);
            let _ = closed.lock().recv();
            thread
        })
        .build();
    let ended = Arc::new(AtomicUsize::new(0));
    let submitting = {
        let (pool, count) = (pool.clone(), Count(Arc::clone(&ended)));
        thread::spawn(move || pool.submit(move || COUNT.set(Some(count))).expect("accepted"))
    };
    eventually("run", &pool, |stats| stats.completed == 1);
    let waiting = {
        let pool = pool.clone();
        thread::spawn(move || pool.shutdown(Shutdown::Wait).is_clean())
    };
    eventually("retired", &pool, |stats| stats.threads == 0);
    assert!(!waiting.is_finished());
    gate.open();
    assert!(waiting.join().expect("no panic"));
    assert_eq!(ended.load(Ordering::SeqCst), 1, "its thread-locals are destroyed");
    wait(submitting.join().expect("no panic")).expect("it ran");
}

/// The destructor of a thread-local, which ends when a second thread has begun its own.
struct EndsWithAnother(Arc<AtomicUsize>);

impl Drop for EndsWithAnother {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        while self.0.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
    }
}

thread_local! {
    static ENDS: RefCell<Option<EndsWithAnother>> = const { RefCell::new(None) };
}

/// P96: thread-locals whose destructors take long cost a shutdown the time of two, not of all.
#[test]
fn the_thread_locals_of_idle_workers_are_destroyed_at_the_same_time() {
    for _ in 0..20 {
        let begun = Arc::new(AtomicUsize::new(0));
        let pool = Pool::builder().cores(3).build();
        let barrier = Arc::new(Barrier::new(3));
        let jobs = [(); 3].map(|()| {
            let (begun, barrier) = (Arc::clone(&begun), Arc::clone(&barrier));
            let job = pool.submit(move || {
                ENDS.set(Some(EndsWithAnother(begun)));
                barrier.wait();
            });
            job.expect("accepted")
        });
        jobs.into_iter().for_each(|job| wait(job).expect("it ran"));
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
