//! Threads that cannot be started (P52, P53).

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;

use runtime_blocking::{Pool, PoolBuilder, Shutdown, SubmitError};
use runtime_core::join::JoinHandle;

use crate::{eventually, occupy, wait};

/// A builder whose `n`-th thread start is refused if `is_refused(n)`, where `n` counts from 1.
fn refusing(
    builder: PoolBuilder,
    is_refused: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> PoolBuilder {
    let starts = AtomicUsize::new(0);
    builder.spawner(move |name, _stack_size, body| {
        if is_refused(starts.fetch_add(1, Ordering::SeqCst) + 1) {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        thread::Builder::new().name(name).spawn(body)
    })
}

#[test]
fn without_any_thread_the_closure_comes_back_and_the_pool_recovers() {
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    let pool = refusing(Pool::builder(), move |start| (start <= 3, &kept).0).build();
    for _ in 0..3 {
        let text = String::from("mine");
        let refused = pool.submit(move || text).expect_err("no thread");
        assert!(!refused.is_closed());
        assert!(refused.to_string().starts_with("no thread could be started"), "{refused}");
        let SubmitError::NoThread(closure, error) = refused else { panic!("no other reason") };
        assert_eq!((closure(), error.kind()), (String::from("mine"), io::ErrorKind::WouldBlock));
        assert_eq!(pool.stats(), runtime_blocking::Stats::default());
    }
    assert_eq!(wait(pool.submit(|| 4).expect("a thread")).expect("it ran"), 4);
    drop(pool);
    assert_eq!(Arc::strong_count(&token), 1, "a refused job keeps nothing of the pool");
}

/// The system itself refuses the thread: no address space can hold this stack.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_stack_that_no_system_can_give_is_an_error_of_the_submit() {
    let pool = Pool::builder().stack_size(1 << 47).build();
    let refused = pool.submit(|| 1).expect_err("no thread");
    assert!(matches!(refused, SubmitError::NoThread(..)), "{refused}");
    assert_eq!(refused.into_inner()(), 1);
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

/// tokio#8406: a submit may rely only on threads that will run the job.
#[test]
fn with_a_worker_at_work_the_job_waits_for_it() {
    let pool = refusing(Pool::builder(), |start| start > 1).build();
    let (gate, first) = occupy(&pool);
    let jobs: Vec<_> = (0..20).map(|n| pool.submit(move || n).expect("queued")).collect();
    assert_eq!((pool.stats().threads, pool.stats().queued), (1, 20));
    gate.open();
    wait(first).expect("it ran");
    for (n, job) in jobs.into_iter().enumerate() {
        assert_eq!(wait(job).expect("it ran"), n);
    }
}

/// Only two threads are started, and the second one becomes the monitor. It must take the job for
/// which the first job waits.
#[test]
fn a_refusal_in_the_monitor_idles_no_worker() {
    let pool = refusing(Pool::builder().cores(1), |start| start > 2).build();
    let (sender, receiver) = channel();
    let first = pool.submit(move || receiver.recv()).expect("accepted");
    let second = pool.submit(move || sender.send(8)).expect("accepted");
    assert_eq!(wait(first).expect("it ran"), Ok(8));
    assert_eq!(wait(second).expect("it ran"), Ok(()));
}

/// A submit whose thread start is refused dispatches no worker; later submits dispatch again.
#[test]
fn every_other_start_may_be_refused_and_all_get_their_thread() {
    for phase in 0..2 {
        let is_refused = move |start| start > 1 && start % 2 == phase;
        let pool = refusing(Pool::builder().cores(2), is_refused).build();
        let barrier = Arc::new(Barrier::new(8));
        let jobs: Vec<_> = (0..8)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                pool.submit(move || barrier.wait().is_leader()).expect("accepted")
            })
            .collect();
        eventually("through", &pool, |_| {
            pool.submit(|| ()).expect("accepted").detach();
            jobs.iter().all(JoinHandle::is_finished)
        });
        let led = jobs.into_iter().map(|job| wait(job).expect("it ran"));
        assert_eq!(led.filter(|leads| *leads).count(), 1);
    }
}

/// An old refusal does not keep later jobs from getting their threads.
#[test]
fn jobs_that_come_after_the_refusals_get_their_threads_without_a_later_submit() {
    let pool = refusing(Pool::builder().cores(2), |start| (2..40).contains(&start)).build();
    let (gate, first) = occupy(&pool);
    let jobs: Vec<_> = (0..38).map(|n| pool.submit(move || n).expect("queued")).collect();
    gate.open();
    wait(first).expect("it ran");
    jobs.into_iter().for_each(|job| drop(wait(job)));
    eventually("at rest", &pool, |stats| stats.idle == 1);
    let (sender, receiver) = channel();
    let first = pool.submit(move || receiver.recv_timeout(crate::HANG)).expect("accepted");
    let second = pool.submit(move || sender.send(8)).expect("accepted");
    assert_eq!(wait(first).expect("it ran"), Ok(8));
    assert_eq!(wait(second).expect("it ran"), Ok(()));
}

/// The second job is accepted because a thread is being started for the first job. Then the start
/// fails. The first closure is handed back, and the second job is refused through its handle.
#[test]
fn a_job_that_waited_for_a_thread_that_did_not_come_is_refused() {
    let (asked, is_asked) = channel();
    let (answer, answers) = channel();
    let answers = Arc::new(runtime_core::sync::Mutex::new(answers));
    let pool = Pool::builder()
        .spawner(move |_name, _stack_size, _body| {
            asked.send(()).expect("the test waits");
            let _ = answers.lock().recv();
            Err(io::Error::from_raw_os_error(11))
        })
        .build();
    let first = {
        let pool = pool.clone();
        thread::spawn(move || pool.submit(|| 1).map(drop).expect_err("no thread").into_inner()())
    };
    is_asked.recv().expect("a thread is asked for");
    let second = pool.submit(|| 2).expect("a thread is on the way");
    answer.send(()).expect("the spawner waits");
    assert_eq!(first.join().expect("no panic"), 1);
    let error = wait(second).expect_err("no thread could run it");
    assert!(error.is_refused(), "{error}");
    assert_eq!(pool.stats(), runtime_blocking::Stats::default());
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

#[test]
fn a_name_that_no_thread_can_have_is_refused_by_the_builder() {
    let refused = std::panic::catch_unwind(|| Pool::builder().thread_name("a\0b"));
    assert!(refused.is_err());
}
