//! P120: what panics is dropped while the panic unwinds, and a second panic in that drop is caught.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use aside::blocking::{Pinned, Pool};
use aside::{Handle, Runtime, gather, race, scope, spawn, spawn_blocking, timeout};

use crate::support::watchdog::{on_a_thread, panic_message, watched};

/// Reports, when it is dropped, whether the thread is panicking.
struct Probe(Sender<bool>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.send(thread::panicking()).unwrap();
    }
}

/// A future that is not a coroutine: no code of the compiler drops its fields when it panics.
struct Boom {
    _probe: Probe,
    panics_again: bool,
}

impl Future for Boom {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        panic!("in the poll")
    }
}

impl Drop for Boom {
    fn drop(&mut self) {
        assert!(!self.panics_again, "in the destructor");
    }
}

/// Passes a future that panics to `f`, and checks that the future is dropped in the unwinding,
/// whether or not its destructor panics, too.
fn check<T>(f: impl Fn(Boom) -> T) {
    for panics_again in [false, true] {
        let (sender, receiver) = channel();
        let _output = f(Boom { _probe: Probe(sender), panics_again });
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [true], "again: {panics_again}");
    }
}

#[test]
fn a_task_whose_poll_panics_is_dropped_in_the_unwinding() {
    watched(|| {
        check(|boom| {
            let error = aside::run(async { spawn(boom).await.unwrap_err() });
            assert!(error.to_string().ends_with("panicked: in the poll"), "{error}");
        });
        check(|boom| aside::run(async { aside::named("boom").spawn(boom).await.unwrap_err() }));
        check(|boom| Runtime::new().block_on(async { spawn(timeout(Duration::MAX, boom)).await }));
    });
}

#[test]
fn a_remote_task_whose_poll_panics_is_dropped_in_the_unwinding() {
    watched(|| {
        check(|boom| {
            let runtime = Runtime::new();
            let handle = runtime.handle();
            let task = on_a_thread(move || handle.spawn(boom));
            runtime.block_on(task).unwrap_err()
        });
        check(|boom| {
            let runtime = Runtime::new();
            let handle = runtime.handle();
            let task = on_a_thread(move || handle.spawn_with(|| boom));
            runtime.block_on(task).unwrap_err()
        });
    });
}

#[test]
fn a_main_future_whose_poll_panics_is_dropped_in_the_unwinding() {
    watched(|| {
        check(|boom| assert_eq!(panic_message(|| aside::run(boom)), "in the poll"));
        check(|boom| {
            let runtime = Runtime::new();
            assert_eq!(panic_message(|| runtime.block_on(boom)), "in the poll");
            runtime.block_on(async {});
        });
        check(|boom| {
            let runtime = Runtime::new();
            let handle = runtime.handle();
            on_a_thread(move || assert_eq!(panic_message(|| handle.block_on(boom)), "in the poll"));
        });
        check(|boom| {
            aside::run(async {
                let blocked = spawn_blocking(|| Handle::current().block_on(boom));
                blocked.await.unwrap_err()
            })
        });
    });
}

#[test]
fn a_child_whose_poll_panics_is_dropped_in_the_unwinding_of_its_group() {
    fn poll_once(future: impl Future) {
        let mut future = Box::pin(future);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let poll = || drop(future.as_mut().poll(&mut cx));
        assert_eq!(panic_message(poll), "in the poll");
    }
    watched(|| {
        check(|boom| poll_once(gather((boom, async {}))));
        check(|boom| poll_once(gather([boom])));
        check(|boom| poll_once(gather(vec![boom])));
        check(|boom| poll_once(race((poll_fn(|_| Poll::<()>::Pending), boom))));
        check(|boom| poll_once(scope(|_scope| boom)));
        check(|boom| {
            poll_once(scope(|scope| async move { scope.spawn(boom).await.unwrap() }));
        });
    });
}

/// A closure that panics, and drops a probe that it has captured.
fn closure(probe: Probe) -> impl FnOnce() + Send + 'static {
    move || {
        let _probe = &probe;
        panic!("in the closure")
    }
}

fn check_closure<T>(f: impl Fn(Probe) -> T) {
    let (sender, receiver) = channel();
    let _output = f(Probe(sender));
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [true]);
}

#[test]
fn a_closure_that_panics_is_dropped_in_the_unwinding() {
    watched(|| {
        check_closure(|probe| {
            aside::run(async { spawn_blocking(closure(probe)).await.unwrap_err() })
        });
        check_closure(|probe| {
            aside::run(async {
                let large = [0_u8; 10_000];
                let job = closure(probe);
                let job = move || {
                    std::hint::black_box(&large);
                    job();
                };
                spawn_blocking(job).await.unwrap_err()
            })
        });
        check_closure(|probe| {
            let pool = Pool::builder().build();
            aside::run(pool.submit(closure(probe)).unwrap()).unwrap_err()
        });
        check_closure(|probe| {
            let runtime = Runtime::new();
            let handle = runtime.handle();
            let make = closure(probe);
            let make = move || {
                make();
                async {}
            };
            let task = on_a_thread(move || handle.spawn_with(make));
            runtime.block_on(task).unwrap_err()
        });
    });
}

#[test]
fn the_closures_of_a_pinned_state_are_dropped_in_the_unwinding() {
    watched(|| {
        check_closure(|probe| {
            aside::run(async {
                let pinned = Pinned::open(|| 0).await.unwrap();
                let call = closure(probe);
                pinned.call(move |_state| call()).await.unwrap_err()
            })
        });
        check_closure(|probe| {
            aside::run(async { Pinned::<()>::open(closure(probe)).await.unwrap_err() })
        });
    });
}

#[cfg(feature = "unblock")]
#[test]
fn an_object_whose_command_panics_is_dropped_in_the_unwinding() {
    use futures_lite::StreamExt;

    struct Items(#[allow(dead_code)] Probe);
    impl Iterator for Items {
        type Item = ();
        fn next(&mut self) -> Option<()> {
            panic!("in the iterator")
        }
    }
    watched(|| {
        check_closure(|probe| {
            let next = async { aside::Unblock::new(Items(probe)).next().await };
            let next = || assert!(aside::run(next).is_none());
            assert_eq!(panic_message(next), "in the iterator");
        });
    });
}
