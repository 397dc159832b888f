//! The end of a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use runtime_blocking::{Pool, Report, Shutdown, SubmitError};
use runtime_core::on_loop::OnLoop;
use runtime_core::origin::Origin;

use crate::{Dice, HANG, eventually, occupy, wait};

#[test]
fn wait_runs_everything_that_was_accepted() {
    let pool = Pool::builder().threads_max(2).build();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..500 {
        let ran = Arc::clone(&ran);
        pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted").detach();
    }
    let report = pool.shutdown(Shutdown::Wait);
    assert_eq!(report.to_string(), "every job has ended");
    assert_eq!(ran.load(Ordering::SeqCst), 500);
    assert_eq!(pool.stats().threads, 0);
}

#[test]
fn a_closed_pool_hands_closures_back() {
    let pool = Pool::new();
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    let refused = pool.submit(|| 9).expect_err("closed");
    assert!(refused.is_closed());
    assert_eq!(refused.to_string(), "the blocking pool is shut down");
    assert_eq!(refused.into_inner()(), 9);
    assert!(pool.shutdown(Shutdown::Wait).is_clean(), "again");
}

fn ids(origins: &[Origin]) -> Vec<runtime_core::origin::Id> {
    origins.iter().map(Origin::id).collect()
}

/// P46, and what has to be reported.
#[test]
fn leaving_or_waiting_too_short_cancels_what_is_queued_and_reports_what_runs() {
    let at_most = Shutdown::WaitAtMost;
    for how in [Shutdown::Leave, at_most(Duration::ZERO), at_most(Duration::from_nanos(1))] {
        let pool = Pool::builder().threads_max(1).build();
        let (gate, first) = occupy(&pool);
        let named = Origin::here().named("copy");
        let jobs = [
            pool.submit(|| unreachable!("cancelled")).expect("accepted"),
            pool.submit_as(named, || unreachable!("cancelled")).expect("accepted"),
        ];
        let report: Report = pool.shutdown(how);
        assert_eq!(ids(&report.cancelled), [jobs[0].id(), jobs[1].id()], "{how:?}");
        assert_eq!(report.running.len(), 1);
        assert_eq!(report.running[0].origin.id(), first.id());
        let text = report.to_string();
        assert!(text.starts_with("1 job still runs: "), "{text}");
        assert!(text.contains("; 2 jobs were cancelled: "), "{text}");
        assert!(text.contains(", `copy` (spawned at "), "{text}");
        for job in jobs {
            assert!(wait::<()>(job).expect_err("cancelled").is_cancelled());
        }
        gate.open();
        assert!(pool.shutdown(Shutdown::Wait).is_clean(), "the straggler is waited for now");
        wait(first).expect("its result came");
        assert_eq!((pool.stats().threads, pool.stats().completed), (0, 1));
    }
}

/// P46: the longest time is no time at all to an `Instant`.
#[test]
fn waiting_at_most_for_ever_is_waiting() {
    let notice = Some(Duration::MAX);
    let pool = Pool::builder().threads_max(1).slow_shutdown_notice(notice).build();
    let (gate, first) = occupy(&pool);
    let waiting = {
        let pool = pool.clone();
        thread::spawn(move || pool.shutdown(Shutdown::WaitAtMost(Duration::MAX)))
    };
    eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
    assert!(!waiting.is_finished());
    gate.open();
    assert!(waiting.join().expect("no panic").is_clean());
    wait(first).expect("it ran");
}

#[test]
fn an_idle_pool_is_quiet_for_any_shutdown() {
    for how in [Shutdown::Wait, Shutdown::Leave, Shutdown::WaitAtMost(Duration::ZERO)] {
        assert!(Pool::new().shutdown(how).is_clean());
        let pool = Pool::new();
        wait(pool.submit(|| ()).expect("accepted")).expect("it ran");
        eventually("idle", &pool, |stats| stats.idle == 1);
        assert!(pool.shutdown(how).is_clean());
        eventually("without threads", &pool, |stats| stats.threads == 0);
    }
}

#[test]
fn all_who_shut_down_at_once_wait() {
    let pool = Pool::builder().threads_max(2).build();
    let (gate, first) = occupy(&pool);
    let returned = Arc::new(AtomicUsize::new(0));
    let all: Vec<_> = (0..4)
        .map(|_| {
            let (pool, returned) = (pool.clone(), Arc::clone(&returned));
            thread::spawn(move || {
                let report = pool.shutdown(Shutdown::Wait);
                returned.fetch_add(1, Ordering::SeqCst);
                report.is_clean()
            })
        })
        .collect();
    eventually("closed", &pool, |_| pool.submit(|| ()).is_err());
    assert_eq!(returned.load(Ordering::SeqCst), 0);
    gate.open();
    assert!(all.into_iter().all(|caller| caller.join().expect("no panic")));
    wait(first).expect("it ran");
}

#[test]
fn a_shutdown_by_a_job_does_not_wait_for_that_job() {
    for how in [Shutdown::Wait, Shutdown::WaitAtMost(HANG), Shutdown::Leave] {
        for threads in [1, 4] {
            let pool = Pool::builder().threads_max(threads).cores(1).build();
            let inner = pool.clone();
            let job = pool.submit(move || inner.shutdown(how)).expect("accepted");
            let id = job.id();
            let report = wait(job).expect("no deadlock");
            assert_eq!(ids(&report.cancelled), []);
            assert_eq!(report.running.len(), 1);
            assert_eq!(report.running[0].origin.id(), id);
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
        }
    }
}

#[test]
fn jobs_that_shut_down_at_once_do_not_wait_for_each_other_and_queued_jobs_run() {
    let pool = Pool::builder().threads_max(3).cores(3).build();
    let barrier = Arc::new(std::sync::Barrier::new(4));
    let jobs: Vec<_> = (0..3)
        .map(|_| {
            let (inner, barrier) = (pool.clone(), Arc::clone(&barrier));
            let job = pool.submit(move || {
                barrier.wait();
                inner.shutdown(Shutdown::Wait).running.len()
            });
            job.expect("accepted")
        })
        .collect();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 {
        let ran = Arc::clone(&ran);
        pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted").detach();
    }
    barrier.wait();
    for job in jobs {
        assert!(wait(job).expect("no deadlock") >= 1, "it reports itself");
    }
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    assert_eq!(ran.load(Ordering::SeqCst), 10);
}

/// The first waits until the second has shut the pool down, and the second does not end before.
#[test]
fn a_job_that_shuts_down_is_released_by_another_that_does() {
    for _ in 0..50 {
        let pool = Pool::builder().threads_max(2).cores(2).build();
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let (released, is_released) = channel();
        let first = {
            let (pool, barrier) = (pool.clone(), Arc::clone(&barrier));
            move || {
                barrier.wait();
                let waited = pool.shutdown(Shutdown::Wait).running.len();
                released.send(waited).expect("the second waits");
            }
        };
        let second = {
            let pool = pool.clone();
            move || {
                barrier.wait();
                let clean = pool.shutdown(Shutdown::Wait).is_clean();
                (clean, is_released.recv_timeout(HANG))
            }
        };
        let first = pool.submit(first).expect("accepted");
        let second = pool.submit(second).expect("accepted");
        let (clean, seen) = wait(second).expect("no deadlock");
        assert!(!clean);
        assert!(seen.expect("the first was released") >= 1);
        wait(first).expect("it ran");
    }
}

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
        let _turn = OnLoop::enter();
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
        // The job's is the last one now.
        let _turn = OnLoop::enter();
        drop(pool);
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

/// The destructors run outside the lock, on the thread that shuts down.
#[test]
fn the_destructor_of_a_cancelled_closure_may_come_back_to_the_pool() {
    struct Again(Pool, std::sync::mpsc::Sender<bool>);
    impl Drop for Again {
        fn drop(&mut self) {
            let refused = self.0.submit(|| ()).is_err();
            let clean = self.0.shutdown(Shutdown::Leave).cancelled.is_empty();
            self.1.send(refused && clean).expect("the test waits");
        }
    }
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let (sender, receiver) = channel();
    let again = Again(pool.clone(), sender);
    pool.submit(move || drop(again)).expect("accepted").detach();
    assert_eq!(pool.shutdown(Shutdown::Leave).cancelled.len(), 1);
    assert_eq!(receiver.recv(), Ok(true));
    gate.open();
    wait(first).expect("it ran");
}

/// A shutdown from a thread-local's destructor, on a worker that has retired already.
#[test]
fn a_shutdown_while_a_worker_thread_ends_waits_for_all_but_that_thread() {
    struct AtExit(Pool, std::sync::mpsc::Sender<bool>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.shutdown(Shutdown::Wait).is_clean());
        }
    }
    thread_local! {
        static AT_EXIT: std::cell::RefCell<Option<AtExit>> = const { std::cell::RefCell::new(None) };
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

/// Whoever hired the thread is held up between its start and the deposit of its handle; meanwhile
/// the thread runs its job and retires.
#[test]
fn a_shutdown_joins_a_thread_that_was_quicker_than_who_hired_it() {
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
        static COUNT: std::cell::RefCell<Option<Count>> = const { std::cell::RefCell::new(None) };
    }
    let (gate, closed) = crate::gate();
    let closed = runtime_core::sync::Mutex::new(closed);
    // No notice, or it would be what wakes the shutdown.
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

/// Completion and work point at each other; however a job ends, the circle must end too, or it
/// keeps the pool.
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

/// What a closure came to, told by itself.
#[derive(Default)]
struct Fates {
    ran: AtomicUsize,
    dropped: AtomicUsize,
}

struct Witness(Arc<Fates>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Submits until the pool is closed, then says how many were accepted, and of those how many ended
/// how.
fn submit_until_closed(pool: &Pool, fates: &Arc<Fates>) -> (usize, usize, usize) {
    let mut handles = Vec::new();
    let refused = loop {
        let witness = Witness(Arc::clone(fates));
        let closure = move || {
            witness.0.ran.fetch_add(1, Ordering::SeqCst);
        };
        match pool.submit(closure) {
            Ok(handle) => handles.push(handle),
            Err(refused) => break refused,
        }
        if handles.len() % 64 == 0 {
            thread::yield_now();
        }
    };
    assert!(matches!(refused, SubmitError::Closed(_)));
    drop(refused.into_inner());
    let accepted = handles.len();
    let results: Vec<_> = handles.into_iter().map(wait).collect();
    let cancelled = results.iter().filter(|result| matches!(result, Err(e) if e.is_cancelled()));
    (accepted, results.iter().filter(|result| result.is_ok()).count(), cancelled.count())
}

/// P48: handed back, cancelled before it began, or run; told by the closures and by their handles.
#[test]
fn a_closure_submitted_while_the_pool_shuts_down_is_in_exactly_one_state() {
    let mut dice = Dice::new(48);
    for round in 0..60 {
        let pool = Pool::builder().threads_max(3).cores(2).build();
        let fates = Arc::new(Fates::default());
        let submitters: Vec<_> = (0..3)
            .map(|_| {
                let (pool, fates) = (pool.clone(), Arc::clone(&fates));
                thread::spawn(move || submit_until_closed(&pool, &fates))
            })
            .collect();
        for _ in 0..dice.below(60) {
            thread::yield_now();
        }
        let report = match round % 3 {
            0 => pool.shutdown(Shutdown::Wait),
            1 => pool.shutdown(Shutdown::Leave),
            _ => pool.shutdown(Shutdown::WaitAtMost(Duration::ZERO)),
        };
        let ends: Vec<_> =
            submitters.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        let accepted: usize = ends.iter().map(|end| end.0).sum();
        let ran: usize = ends.iter().map(|end| end.1).sum();
        let cancelled: usize = ends.iter().map(|end| end.2).sum();
        assert_eq!(ran + cancelled, accepted);
        assert_eq!(cancelled, report.cancelled.len());
        assert_eq!(fates.ran.load(Ordering::SeqCst), ran);
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        assert_eq!(fates.dropped.load(Ordering::SeqCst), accepted + 3, "each closure once");
        assert_eq!((pool.stats().completed, pool.stats().queued), (ran as u64, 0));
    }
}

/// Jobs end while the pool closes and its handles go (P47).
#[test]
fn workers_that_end_jobs_while_everything_goes_complete_them() {
    for _ in 0..200 {
        let pool = Pool::builder().threads_max(2).cores(2).build();
        let jobs: Vec<_> = (0..4).map(|n| pool.submit(move || n).expect("accepted")).collect();
        let dropped = thread::spawn(move || {
            let _turn = OnLoop::enter();
            drop(pool);
        });
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(wait(job).expect("it ran"), n);
        }
        dropped.join().expect("no panic");
    }
}

/// The child is this test again, with a pool that shuts down slowly.
#[test]
fn a_slow_shutdown_says_once_for_whom_it_waits() {
    const NAME: &str = "shutting_down::a_slow_shutdown_says_once_for_whom_it_waits";
    if std::env::var_os("SLOW_SHUTDOWN").is_some() {
        let notice = Some(Duration::from_millis(1));
        let pool = Pool::builder().threads_max(1).thread_name("disk").slow_shutdown_notice(notice);
        let pool = pool.build();
        let (gate, closed) = crate::gate();
        let job = pool.submit_as(Origin::here().named("fsync"), move || closed.recv());
        let report = pool.shutdown(Shutdown::WaitAtMost(Duration::from_millis(100)));
        assert_eq!(report.running.len() + report.cancelled.len(), 1);
        gate.open();
        return job.expect("accepted").detach();
    }
    let child = std::process::Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", NAME, "--nocapture"])
        .env("SLOW_SHUTDOWN", "1")
        .output()
        .expect("the child runs");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    let notices: Vec<_> = said.lines().filter(|line| line.contains("pool `disk`")).collect();
    assert_eq!(notices.len(), 1, "{said}");
    assert!(notices[0].starts_with("the shutdown of pool `disk` has waited "), "{said}");
}
