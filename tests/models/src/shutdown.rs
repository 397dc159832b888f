//! A model of concurrent shutdowns of one pool.

use std::sync::Arc;

use runtime_blocking::{Pool, Shutdown};
use runtime_core::sync::atomic::{AtomicBool, Ordering};
use runtime_core::sync::explore::Witness;
use runtime_core::sync::{Mutex, thread};

use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const PARK: &str = "runtime-core/src/park.rs";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";

pub(crate) const MODELS: &[Model] = &[Model {
    name: "shutdown::no_shutdown_of_two_returns_before_the_last_thread_has_ended",
    bound: Some(3),
    executions: 12_468,
    witnesses: &["both waited"],
    mutants: &[
        Mutant::lose(PARK, WAKE_THREAD),
        Mutant::body("a thread counts as joined when its handle is taken", joined_when_taken),
    ],
    body: two_shutdowns_of_one_thread,
}];

/// Two threads shut a pool down at once. One of them joins the last worker, and the other waits
/// until it has. (P127)
fn two_shutdowns_of_one_thread(witness: &'static Witness) {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let builder = Pool::builder().burst(1).threads_max(1).cores(1).slow_shutdown_notice(None);
    let builder = builder.spawner(move |name, stack_size, body| {
        let flag = Arc::clone(&flag);
        let body = move || {
            body();
            // The last step of the thread, in place of the destructor of a thread-local.
            flag.store(true, Ordering::Relaxed);
        };
        thread::spawn(name, stack_size, body)
    });
    let pool = builder.build();
    pool.submit(|| ()).unwrap_or_else(|error| panic!("{error}")).detach();
    let shut_down = |pool: Pool| {
        let ended = Arc::clone(&ended);
        move || {
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
            assert!(ended.load(Ordering::Relaxed), "the thread has not ended");
        }
    };
    let second = spawn(shut_down(pool.clone()));
    shut_down(pool)();
    join(second);
    witness.saw("both waited");
}

/// The same program with a mutex, and the mistake that a thread counts as joined when its handle is
/// taken.
fn joined_when_taken(_: &'static Witness) {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let handle = Arc::new(Mutex::new(Some(spawn(move || flag.store(true, Ordering::Relaxed)))));
    let shut_down = || {
        let (ended, handle) = (Arc::clone(&ended), Arc::clone(&handle));
        move || {
            let taken = handle.lock().take();
            if let Some(thread) = taken {
                join(thread);
            }
            assert!(ended.load(Ordering::Relaxed), "the thread has not ended");
        }
    };
    let second = spawn(shut_down());
    shut_down()();
    join(second);
}
