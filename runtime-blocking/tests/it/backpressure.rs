//! Bounded queues: submits wait for room or are refused, and no job is lost.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use runtime_blocking::{Pool, Shutdown, SubmitError};
use runtime_core::park::Parker;

use crate::{Dice, HANG, eventually, occupy, wait};

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Drives any future on this thread.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Arc::new(Parker::new());
    let waker = Waker::from(Arc::clone(&parker));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let _ = parker.park(Some(std::time::Instant::now() + HANG));
    }
}

fn narrow() -> Pool {
    Pool::builder().threads_max(1).queue_max(2).build()
}

#[test]
fn try_submit_hands_the_closure_back_when_the_queue_is_full() {
    let pool = narrow();
    let (gate, first) = occupy(&pool);
    let jobs = [1, 2].map(|n| pool.try_submit(move || n).expect("there is room"));
    let owned = String::from("mine");
    let error = pool.try_submit(move || owned).expect_err("full");
    assert!(error.is_full() && !error.is_closed() && error.to_string().contains("full"));
    let SubmitError::Full(closure) = error else { panic!("{error}") };
    assert_eq!(closure(), "mine");
    jobs[0].abort();
    let third = pool.try_submit(|| 3).expect("there is room again");
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(wait(third).expect("it ran"), 3);
}

#[test]
fn a_submit_to_a_full_queue_waits_behind_it_and_runs_in_order() {
    let pool = narrow();
    let (gate, first) = occupy(&pool);
    let jobs: Vec<_> = (0..10).map(|n| pool.submit(move || n).expect("accepted")).collect();
    assert_eq!((pool.stats().queued, pool.stats().wait_list), (2, 8));
    jobs[5].abort();
    assert_eq!((pool.stats().queued, pool.stats().wait_list), (2, 7), "no hole is left");
    gate.open();
    wait(first).expect("it ran");
    for (n, job) in jobs.into_iter().enumerate() {
        match wait(job) {
            Ok(m) => assert_eq!(n, m),
            Err(error) => assert!(error.is_cancelled() && n == 5),
        }
    }
}

#[test]
fn submit_async_waits_for_a_place_and_the_first_gets_the_first() {
    let pool = narrow();
    let (gate, first) = occupy(&pool);
    let queued = [1, 2].map(|n| block_on(pool.submit_async(move || n)).expect("there is room"));
    let mut third = Box::pin(pool.submit_async(|| 3));
    let mut fourth = Box::pin(pool.submit_async(|| 4));
    assert_eq!(pool.stats().wait_list, 0, "nothing happens before it is polled");
    assert!(poll(&mut third).is_pending() && poll(&mut fourth).is_pending());
    assert_eq!((pool.stats().queued, pool.stats().wait_list), (2, 2));
    queued[0].abort();
    let Poll::Ready(Ok(third)) = poll(&mut third) else { panic!("there is room for one") };
    assert!(poll(&mut fourth).is_pending());
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(wait(third).expect("it ran"), 3);
    let fourth = block_on(fourth).expect("the queue is empty");
    assert_eq!(wait(fourth).expect("it ran"), 4);
}

#[test]
fn who_gives_up_waiting_for_a_place_leaves_no_hole_and_its_closure_is_dropped() {
    let pool = narrow();
    let (gate, first) = occupy(&pool);
    let queued = [1, 2].map(|n| pool.submit(move || n).expect("there is room"));
    let held = Arc::new(());
    let mut waiters: Vec<_> = (0..3)
        .map(|n| {
            let held = Arc::clone(&held);
            Box::pin(pool.submit_async(move || (n, held).0))
        })
        .collect();
    assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
    drop(waiters.remove(0));
    assert_eq!(Arc::strong_count(&held), 3);
    assert_eq!(pool.stats().wait_list, 2);
    queued[1].abort();
    let Poll::Ready(Ok(job)) = poll(&mut waiters[0]) else { panic!("it is the next") };
    // A place in the queue is not lost if the job that got it is cancelled.
    job.abort();
    let Poll::Ready(Ok(last)) = poll(&mut waiters[1]) else { panic!("it is the next") };
    gate.open();
    wait(first).expect("it ran");
    assert_eq!(wait(last).expect("it ran"), 2);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_pool_that_closes_runs_or_cancels_the_jobs_behind_a_full_queue() {
    for leaves in [false, true] {
        let pool = narrow();
        let (gate, first) = occupy(&pool);
        let queued = [1, 2].map(|n| pool.submit(move || n).expect("there is room"));
        let mut waiting = Box::pin(pool.submit_async(|| 3));
        assert!(poll(&mut waiting).is_pending());
        if leaves {
            assert_eq!(pool.shutdown(Shutdown::Leave).cancelled.len(), 3);
            let job = block_on(waiting).expect("it was accepted, and then cancelled");
            assert!(wait(job).expect_err("cancelled").is_cancelled());
            gate.open();
        } else {
            gate.open();
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
            let job = block_on(waiting).expect("it came in");
            assert_eq!(wait(job).expect("it ran"), 3);
        }
        assert!(block_on(pool.submit_async(|| 4)).expect_err("closed").is_closed());
        wait(first).expect("it ran");
        drop(queued);
    }
}

/// Producers wait for room, and some of them, chosen at random, stop waiting. No job is lost.
#[test]
fn many_producers_under_pressure_lose_nothing() {
    let pool = Pool::builder().threads_max(2).cores(2).queue_max(4).build();
    let (ran, given_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let producers: Vec<_> = (0..4)
        .map(|seed| {
            let (pool, ran, given_up) = (pool.clone(), Arc::clone(&ran), Arc::clone(&given_up));
            std::thread::spawn(move || {
                let mut dice = Dice::new(seed + 1);
                for _ in 0..2000 {
                    let counted = Arc::clone(&ran);
                    let count = move || _ = counted.fetch_add(1, Ordering::SeqCst);
                    let mut submit = Box::pin(pool.submit_async(count));
                    if dice.below(4) > 0 {
                        block_on(submit).expect("accepted").detach();
                    } else if let Poll::Ready(job) = poll(&mut submit) {
                        job.expect("accepted").detach();
                    } else {
                        // The submit is dropped while its job waits behind the queue, or at the
                        // moment when the job gets a place in the queue. So the job is either
                        // cancelled or run.
                        given_up.fetch_add(1, Ordering::SeqCst);
                    }
                    assert!(pool.stats().queued <= 4);
                }
            })
        })
        .collect();
    producers.into_iter().for_each(|producer| producer.join().expect("no panic"));
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    let (ran, given_up) = (ran.load(Ordering::SeqCst), given_up.load(Ordering::SeqCst));
    assert!(ran <= 8000 && ran + given_up >= 8000, "{ran} ran, {given_up} were given up");
    eventually("at rest", &pool, |stats| stats.completed == ran as u64);
}
