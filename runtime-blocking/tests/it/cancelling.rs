//! Aborting a job that is queued, runs, or is being taken by a worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use runtime_blocking::{CancelToken, Pool, Shutdown, check_cancelled, is_cancelled};

use crate::{Dice, eventually, gate, occupy, wait};

/// P56.
#[test]
fn an_aborted_job_leaves_the_queue_at_once_and_never_runs() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let ran = Arc::new(AtomicUsize::new(0));
    let jobs: Vec<_> = (0..1000)
        .map(|_| {
            let ran = Arc::clone(&ran);
            pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted")
        })
        .collect();
    for (index, job) in jobs.iter().enumerate().filter(|(index, _)| index % 10 != 0) {
        let before = pool.stats().queued;
        job.abort();
        job.abort();
        assert!(job.is_finished(), "{index}");
        assert_eq!(pool.stats().queued, before - 1);
    }
    assert_eq!(Arc::strong_count(&ran), 1 + 100, "what the closures held is released");
    gate.open();
    wait(first).expect("it ran");
    for (index, job) in jobs.into_iter().enumerate() {
        match wait(job) {
            Ok(_) => assert_eq!(index % 10, 0),
            Err(error) => assert!(error.is_cancelled() && index % 10 != 0, "{error}"),
        }
    }
    assert_eq!(ran.load(Ordering::SeqCst), 100);
    eventually("at rest", &pool, |stats| stats.completed == 101 && stats.queued == 0);
}

#[test]
fn a_handle_that_aborts_on_drop_removes_its_job() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let job = pool.submit(|| unreachable!("it was removed")).expect("accepted").abort_on_drop();
    assert_eq!(pool.stats().queued, 1);
    drop(job);
    assert_eq!(pool.stats().queued, 0);
    gate.open();
    wait(first).expect("it ran");
}

#[test]
fn a_job_that_runs_is_not_stopped_and_its_result_comes() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, closed) = gate();
    let (begun, has_begun) = channel();
    let job = pool.submit(move || (begun.send(()), closed.recv().is_err()).1).expect("accepted");
    has_begun.recv().expect("it begins");
    let behind = pool.submit(|| ()).expect("accepted");
    job.abort();
    assert!(!job.is_finished());
    assert_eq!(pool.stats().queued, 1, "the one behind it");
    gate.open();
    assert!(wait(job).expect("it ran"));
    wait(behind).expect("it ran");
}

/// P56 in a race: the job either runs or is cancelled, and the counts stay exact.
#[test]
fn a_job_aborted_while_a_worker_takes_it_is_run_or_cancelled_and_never_both() {
    let mut dice = Dice::new(11);
    let pool = Pool::builder().threads_max(2).cores(2).build();
    let (mut run, mut cancelled) = (0, 0);
    for _ in 0..3000 {
        let ran = Arc::new(AtomicUsize::new(0));
        let job = {
            let ran = Arc::clone(&ran);
            pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).expect("accepted")
        };
        for _ in 0..dice.below(300) {
            std::hint::spin_loop();
        }
        job.abort();
        match wait(job) {
            Ok(before) => {
                run += 1;
                assert_eq!((before, ran.load(Ordering::SeqCst)), (0, 1));
            }
            Err(error) => {
                cancelled += 1;
                assert!(error.is_cancelled());
                assert_eq!((ran.load(Ordering::SeqCst), Arc::strong_count(&ran)), (0, 1));
            }
        }
    }
    eventually("at rest", &pool, |stats| stats.completed == run && stats.queued == 0);
    assert_eq!(run + cancelled, 3000);
}

/// The closure is dropped outside the pool's lock: its destructor may use the pool.
#[test]
fn the_destructor_of_an_aborted_closure_may_come_back_to_the_pool() {
    struct Again(Pool, std::sync::mpsc::Sender<i32>);
    impl Drop for Again {
        fn drop(&mut self) {
            let sender = self.1.clone();
            self.0.submit(move || sender.send(2)).expect("accepted").detach();
        }
    }
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let (sender, receiver) = channel();
    let again = Again(pool.clone(), sender);
    let job = pool.submit(move || drop(again)).expect("accepted");
    job.abort();
    assert!(wait(job).expect_err("cancelled").is_cancelled());
    assert_eq!(pool.stats().queued, 1);
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [2]);
}

/// Submits a job that sends its token and waits until the gate opens. The job returns whether it
/// was cancelled.
fn tell_token(pool: &Pool) -> (crate::Gate, runtime_core::join::JoinHandle<bool>, CancelToken) {
    let (gate, closed) = gate();
    let (tell, told) = channel();
    let job = pool.submit(move || {
        assert!(!is_cancelled() && check_cancelled().is_ok());
        tell.send(CancelToken::current().expect("in a job")).expect("the test waits");
        let _ = closed.recv();
        assert_eq!(is_cancelled(), check_cancelled().is_err());
        is_cancelled()
    });
    let token = told.recv_timeout(crate::HANG).expect("it begins");
    (gate, job.expect("accepted"), token)
}

#[test]
fn a_job_that_runs_sees_that_it_was_aborted() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, job, token) = tell_token(&pool);
    assert!(!token.is_cancelled() && token.check().is_ok());
    job.abort();
    assert!(token.is_cancelled() && token.check().is_err());
    gate.open();
    assert!(wait(job).expect("its result comes"));
    let (gate, job, _token) = tell_token(&pool);
    gate.open();
    assert!(!wait(job).expect("it ran"), "the next job on the same thread was not");
}

#[test]
fn outside_a_job_nothing_is_cancelled() {
    assert!(!is_cancelled() && check_cancelled().is_ok() && CancelToken::current().is_none());
}

#[test]
fn a_hook_is_called_once_by_the_aborting_thread_or_at_once_after_an_abort() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, job, token) = tell_token(&pool);
    let calls = Arc::new(AtomicUsize::new(0));
    let count = || {
        let calls = Arc::clone(&calls);
        move || _ = calls.fetch_add(1, Ordering::SeqCst)
    };
    let kept = token.on_cancel(count());
    let panicking = token.on_cancel(|| panic!("a hook's panic is its own"));
    drop(token.on_cancel(count()));
    assert_eq!(Arc::strong_count(&calls), 2, "the hook that was taken back is dropped");
    job.abort();
    job.abort();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let late = token.on_cancel(count());
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    drop((kept, panicking, late));
    gate.open();
    wait(job).expect("it ran");
    drop(token.on_cancel(count()));
    assert_eq!(calls.load(Ordering::SeqCst), 3, "it stays cancelled when it has ended");
    drop(token);
    assert_eq!(Arc::strong_count(&calls), 1);
}

#[test]
fn a_job_that_has_ended_is_not_cancelled_any_more() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, job, token) = tell_token(&pool);
    let calls = Arc::new(AtomicUsize::new(0));
    let hook = token.on_cancel({
        let calls = Arc::clone(&calls);
        move || _ = calls.fetch_add(1, Ordering::SeqCst)
    });
    gate.open();
    assert!(!wait(job).expect("it ran"));
    assert!(!token.is_cancelled());
    drop(hook);
    assert_eq!((calls.load(Ordering::SeqCst), Arc::strong_count(&calls)), (0, 1));
}

#[test]
fn a_shutdown_that_leaves_asks_what_runs_to_stop() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, job, token) = tell_token(&pool);
    assert_eq!(pool.shutdown(Shutdown::Leave).running.len(), 1);
    assert!(token.is_cancelled());
    gate.open();
    assert!(wait(job).expect("its result comes"));
}
