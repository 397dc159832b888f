//! Models of the bounded spin before a park, `runtime_core::spin`. In a model, a limit of two
//! nanoseconds is two pauses, so three looks.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use runtime_blocking::Pool;
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::park::{Parker, Unparked};
use runtime_core::spin::Spin;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread;
use runtime_executor::{Config, EventLoop};

use crate::model::{Model, Mutant};
use crate::threads::{block_on, join, spawn};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";
const SHARED: &str = "runtime-executor/src/scheduler/shared.rs";
const SEND: &str = "self.inbox.send(message)";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "spinning::an_unpark_after_the_last_look_is_not_lost",
        bound: None,
        executions: 70,
        witnesses: &["found by a look", "found by the park"],
        mutants: &[
            Mutant::relaxed(PARK, UNPARK),
            Mutant::lose(PARK, UNPARK),
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::split(PARK, TRY_PARK),
            Mutant::body("the last look is the last check", |_| _ = unpark_after(sleep_unchecked)),
            Mutant::body("a look takes the notification", |_| _ = unpark_after(trust_the_look)),
        ],
        body: |witness| {
            let found = unpark_after(park_after_a_spin);
            witness.saw(if found { "found by a look" } else { "found by the park" });
        },
    },
    Model {
        name: "spinning::a_loop_that_spins_reads_the_result_of_its_call",
        bound: None,
        executions: 748,
        witnesses: &["in the first poll", "in the second poll"],
        mutants: &[
            Mutant::lose(SHARED, SEND),
            Mutant::lose(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
        ],
        body: a_loop_that_spins_reads_the_result,
    },
    Model {
        name: "spinning::a_job_submitted_to_a_worker_that_spins_is_run",
        bound: Some(3),
        executions: 4_907,
        witnesses: &["ran"],
        mutants: &[Mutant::lose(PARK, UNPARK), Mutant::lose(PARK, WAKE_THREAD)],
        body: a_job_submitted_to_a_worker_that_spins,
    },
];

const TWO_PAUSES: Duration = Duration::from_nanos(2);
const ONE_PAUSE: Duration = Duration::from_nanos(1);

/// Another thread publishes data and unparks the owner, which waits by `wait`. Returns the result
/// of `wait`.
fn unpark_after(wait: fn(&Parker) -> bool) -> bool {
    let parker = Arc::new(Parker::new());
    let data = Arc::new(AtomicUsize::new(0));
    let (unparked, published) = (Arc::clone(&parker), Arc::clone(&data));
    let unparker = spawn(move || {
        published.store(1, Ordering::Relaxed);
        unparked.unpark();
    });
    let found = wait(&parker);
    assert_eq!(data.load(Ordering::Relaxed), 1);
    join(unparker);
    found
}

fn park_after_a_spin(parker: &Parker) -> bool {
    let found = Spin::new(TWO_PAUSES).before_park(parker, None, || false);
    assert_eq!(parker.park(None), Unparked::Notified);
    found
}

/// Sleeps without the exchange of P2, because the last look found nothing.
fn sleep_unchecked(parker: &Parker) -> bool {
    let found = Spin::new(TWO_PAUSES).before_park(parker, None, || false);
    if found {
        assert!(parker.take_notification());
    } else {
        thread::park();
    }
    found
}

/// Reads the data because a look found the notification, which the owner has not taken.
fn trust_the_look(parker: &Parker) -> bool {
    let found = Spin::new(TWO_PAUSES).before_park(parker, None, || false);
    if !found {
        assert_eq!(parker.park(None), Unparked::Notified);
    }
    found
}

/// A call ends while the loop spins, sleeps, or is between the two. Its result is published before
/// the count of calls changes.
fn a_loop_that_spins_reads_the_result(witness: &'static Witness) {
    let event_loop = EventLoop::new(Config { spin_before_park: ONE_PAUSE, ..Config::default() });
    let hold = event_loop.handle().hold_clock();
    assert!(hold.is_some(), "a loop that spins counts its calls");
    let cell = Arc::new(Completion::new(Metadata::here(), None));
    let mut result = JoinHandle::new(Arc::clone(&cell));
    let call = spawn(move || {
        let _ = cell.complete(Ok(7));
        drop(hold);
    });
    let mut polls = 0;
    let result = event_loop.block_on(poll_fn(|cx| {
        polls += 1;
        pin!(&mut result).poll(cx)
    }));
    assert_eq!(result.expect("it is completed"), 7);
    witness.saw(match polls {
        1 => "in the first poll",
        2 => "in the second poll",
        _ => panic!("{polls} polls for one result"),
    });
    join(call);
}

/// The second job is submitted when the first has been awaited, while the worker becomes idle,
/// spins or sleeps.
fn a_job_submitted_to_a_worker_that_spins(witness: &'static Witness) {
    let ran = Record::new();
    let pool = Pool::builder()
        .burst(2)
        .threads_max(1)
        .cores(2)
        .slow_shutdown_notice(None)
        .spin_before_park(ONE_PAUSE)
        .build();
    for _ in 0..2 {
        let noted = ran.clone();
        let job = pool.submit(move || noted.note(()));
        block_on(job.expect("the pool is open")).expect("it ran");
    }
    drop(pool);
    assert_eq!(ran.len(), 2);
    witness.saw("ran");
}
