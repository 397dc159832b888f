//! The types that are `Send` and `Sync`, and those that are not.

use std::cell::Cell;
use std::rc::Rc;

use aside::blocking::{Pinned, Pool, PoolReport};
use aside::observe::Counters;
use aside::task::JoinSet;
use aside::time::{Clock, Interval, Sleep, Timeout};
use aside::{
    AbortHandle, AbortOnDrop, Builder, EnterGuard, Handle, JoinError, JoinHandle, Metadata,
    Runtime, ShutdownReport,
};

/// Evaluates to two constants: whether a type is `Send`, and whether it is `Sync`. An inherent
/// constant, which exists only for types with the trait, shadows the constant of a trait that every
/// type implements.
macro_rules! sent_and_shared {
    ($type:ty) => {{
        struct Probe<T>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        trait Otherwise {
            const SEND: bool = false;
            const SYNC: bool = false;
        }
        impl<T> Otherwise for Probe<T> {}
        #[allow(dead_code)]
        impl<T: Send> Probe<T> {
            const SEND: bool = true;
        }
        #[allow(dead_code)]
        impl<T: Sync> Probe<T> {
            const SYNC: bool = true;
        }
        (Probe::<$type>::SEND, Probe::<$type>::SYNC)
    }};
}

const BOTH: (bool, bool) = (true, true);
const NEITHER: (bool, bool) = (false, false);

// P23: tasks are dropped on the loop's thread, because no value that owns a task can leave that
// thread.
#[test]
fn a_runtime_is_neither_send_nor_sync() {
    assert_eq!(sent_and_shared!(Runtime), NEITHER);
    assert_eq!(sent_and_shared!(Builder), NEITHER);
    assert_eq!(sent_and_shared!(Counters), NEITHER);
    assert_eq!(sent_and_shared!(EnterGuard), NEITHER);
}

#[test]
fn handles_for_other_threads_are_send_and_sync() {
    assert_eq!(sent_and_shared!(Handle), BOTH);
    assert_eq!(sent_and_shared!(Pool), BOTH);
    assert_eq!(sent_and_shared!(Pinned<Rc<Cell<()>>>), BOTH);
    assert_eq!(sent_and_shared!(Clock), BOTH);
    assert_eq!(sent_and_shared!(Metadata), BOTH);
    assert_eq!(sent_and_shared!(JoinError), BOTH);
    assert_eq!(sent_and_shared!(PoolReport), BOTH);
    assert_eq!(sent_and_shared!(ShutdownReport), BOTH);
}

#[cfg(feature = "fs")]
#[test]
fn a_file_is_send_and_sync() {
    assert_eq!(sent_and_shared!(aside::fs::File), BOTH);
    assert_eq!(sent_and_shared!(aside::fs::DirEntry), BOTH);
    // A future is polled by one thread at a time, so it need not be `Sync`.
    assert_eq!(sent_and_shared!(aside::fs::Operation<()>), (true, false));
}

#[test]
fn timers_are_send_and_sync() {
    assert_eq!(sent_and_shared!(Sleep), BOTH);
    assert_eq!(sent_and_shared!(Interval), BOTH);
    assert_eq!(sent_and_shared!(Timeout<std::future::Ready<()>>), BOTH);
    assert_eq!(sent_and_shared!(Timeout<Rc<()>>), NEITHER);
}

#[test]
fn a_join_handle_is_send_and_sync_if_its_result_is_send() {
    assert_eq!(sent_and_shared!(JoinHandle<i32>), BOTH);
    assert_eq!(sent_and_shared!(AbortOnDrop<i32>), BOTH);
    assert_eq!(sent_and_shared!(AbortHandle), BOTH);
    let (is_send, _) = sent_and_shared!(JoinSet<Cell<i32>>);
    assert!(is_send);
    assert_eq!(sent_and_shared!(JoinSet<Rc<i32>>), NEITHER);
    // The result is returned once, by value, so sharing the handle does not share the result.
    assert_eq!(sent_and_shared!(JoinHandle<Cell<i32>>), BOTH);
    assert_eq!(sent_and_shared!(JoinHandle<Rc<i32>>), NEITHER);
    assert_eq!(sent_and_shared!(AbortOnDrop<Rc<i32>>), NEITHER);
}
