//! The guarantees for a submitted closure.

use std::cell::Cell;
use std::sync::mpsc::channel;

use runtime_blocking::Pool;
use runtime_core::metadata::Metadata;

use crate::{eventually, gate, occupy, wait};

#[test]
fn a_result_comes_back_through_the_handle() {
    let pool = Pool::new();
    let text = String::from("lent for ever");
    let handle = pool.submit(move || text.len()).expect("accepted");
    assert_eq!(wait(handle).expect("it ran"), 13);
}

#[test]
fn no_thread_is_started_before_the_first_job() {
    let pool = Pool::new();
    assert_eq!(pool.stats(), runtime_blocking::Stats::default());
    wait(pool.submit(|| ()).expect("accepted")).expect("it ran");
    assert_eq!(pool.stats().threads, 1);
}

#[test]
fn jobs_begin_in_the_order_of_their_submits() {
    let pool = Pool::builder().threads_max(1).build();
    let (gate, first) = occupy(&pool);
    let (sender, order) = channel();
    for number in 0..100 {
        let sender = sender.clone();
        pool.submit(move || sender.send(number)).expect("accepted").detach();
    }
    assert_eq!(pool.stats().queued, 100);
    drop(sender);
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(order.iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_dropped_handle_detaches_its_job() {
    let pool = Pool::new();
    let (sender, receiver) = channel();
    drop(pool.submit(move || sender.send(7)).expect("accepted"));
    assert_eq!(receiver.recv(), Ok(7));
}

#[test]
fn threads_are_named_after_the_pool_and_numbered() {
    let pool = Pool::builder().thread_name("disk").cores(2).threads_max(2).build();
    let name = || std::thread::current().name().map(str::to_owned);
    assert_eq!(
        wait(pool.submit(name).expect("accepted")).expect("it ran").as_deref(),
        Some("disk-1")
    );
    eventually("idle", &pool, |stats| stats.idle == 1);
    let (gate, first) = occupy(&pool);
    assert_eq!(
        wait(pool.submit(name).expect("accepted")).expect("it ran").as_deref(),
        Some("disk-2")
    );
    gate.open();
    wait(first).expect("it ran");
}

#[test]
fn a_stack_of_the_asked_size_is_given() {
    fn depth(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 128]);
        if n == 0 { frame[0] } else { depth(n - 1) + frame[7] - n + 1 }
    }
    // Some 16 MiB of frames, more than any default stack.
    let pool = Pool::builder().stack_size(64 << 20).build();
    assert_eq!(wait(pool.submit(|| depth(10_000)).expect("accepted")).expect("it ran"), 10_000);
}

#[test]
fn the_metadata_is_the_submit_or_what_the_caller_brings() {
    let pool = Pool::new();
    let handle = pool.submit(|| ()).expect("accepted");
    let line = line!() - 1;
    assert_eq!(
        (handle.metadata().location().file(), handle.metadata().location().line()),
        (file!(), line)
    );
    wait(handle).expect("it ran");
    let named =
        pool.submit_as(Metadata::here().named("resize"), || panic!("no room")).expect("accepted");
    let error = wait::<()>(named).expect_err("it panicked");
    assert!(error.to_string().starts_with("`resize` (spawned at"), "{error}");
    assert!(error.to_string().ends_with("panicked: no room"), "{error}");
}

/// P17, P49.
#[test]
fn a_job_may_submit_another_and_wait_for_it_however_deep() {
    fn nest(pool: &Pool, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let inner = pool.clone();
        let handle = pool.submit(move || nest(&inner, depth - 1)).expect("accepted");
        1 + wait(handle).expect("it ran")
    }
    let pool = Pool::builder().cores(1).threads_max(40).build();
    assert_eq!(nest(&pool, 30), 30);
}

/// P5: a worker that was dispatched for the first job must not count as dispatched for the second.
#[test]
fn of_two_jobs_the_first_may_wait_for_the_second() {
    for cores in [1, 2] {
        let pool = Pool::builder().cores(cores).build();
        for _ in 0..500 {
            let (sender, receiver) = channel();
            let first = pool.submit(move || receiver.recv()).expect("accepted");
            let second = pool.submit(move || sender.send(1)).expect("accepted");
            assert_eq!(wait(first).expect("it ran"), Ok(1));
            assert_eq!(wait(second).expect("it ran"), Ok(()));
        }
    }
}

/// P51.
#[test]
fn a_pool_whose_workers_have_all_met_panics_serves_on() {
    let pool = Pool::builder().threads_max(4).build();
    for round in 0..50 {
        let handle = pool
            .submit(move || {
                if round >= 0 {
                    panic!("round {round}")
                }
            })
            .expect("accepted");
        let error = wait(handle).expect_err("it panicked");
        let payload = error.try_into_panic().expect("a panic");
        assert_eq!(payload.downcast_ref::<String>(), Some(&format!("round {round}")));
    }
    assert_eq!(wait(pool.submit(|| 5).expect("accepted")).expect("it ran"), 5);
    eventually("at rest", &pool, |stats| stats.busy == 0 && stats.completed == 51);
    assert!(pool.stats().threads <= 4);
}

/// P43: the thread-locals of a thread are destroyed one by one, and one of them may contain a pool.
#[test]
fn a_pool_in_a_thread_local_works_and_waits_while_the_thread_ends() {
    struct Last(Cell<Option<Pool>>, std::sync::mpsc::Sender<i32>);
    impl Drop for Last {
        fn drop(&mut self) {
            let pool = self.0.take().expect("set");
            let sender = self.1.clone();
            pool.submit(move || sender.send(1)).expect("accepted").detach();
        }
    }
    thread_local!(static LAST: Cell<Option<Last>> = const { Cell::new(None) });
    let (sender, receiver) = channel();
    let pool = Pool::new();
    std::thread::spawn(move || LAST.set(Some(Last(Cell::new(Some(pool)), sender))))
        .join()
        .expect("no panic in the destructor");
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn stats_count_what_is_there() {
    let pool = Pool::builder().cores(2).threads_max(2).build();
    let (one, first) = occupy(&pool);
    let (two, second) = occupy(&pool);
    let (three, closed) = gate();
    let third = pool.submit(move || closed.recv()).expect("accepted");
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.busy, stats.idle, stats.queued), (2, 2, 0, 1));
    one.open();
    two.open();
    three.open();
    wait(first).expect("it ran");
    wait(second).expect("it ran");
    assert!(wait(third).expect("it ran").is_err());
    eventually("idle", &pool, |stats| stats.idle == 2);
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.busy, stats.queued, stats.completed), (2, 0, 0, 3));
}

/// The size of a closure that overflows a stack of 2 MiB if each function on its way copies it.
const LARGE: usize = if cfg!(debug_assertions) { 100 } else { 300 } * 1024;

fn large() -> impl FnOnce() -> u8 + Send + 'static {
    let data = [7; LARGE];
    move || std::hint::black_box(&data)[LARGE - 1]
}

/// A closure above a limit is moved to the heap at the first call.
#[test]
fn a_submitted_closure_may_own_much() {
    let pool = Pool::new();
    assert_eq!(wait(pool.submit(large()).expect("accepted")).expect("it ran"), 7);
}
