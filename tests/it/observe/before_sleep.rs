//! P117: user code that runs between the loop's last check and its sleep may give the loop work.
//! In each test nothing else would end the sleep.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use aside::observe::{Counters, Observer};
use aside::time::Clock;
use aside::{NextTurn, Runtime, sleep, spawn, yield_now};

use crate::support::watchdog::{on_a_thread, watched};

/// An observer that calls a closure before the first sleep.
struct BeforeSleep(RefCell<Option<Box<dyn FnOnce()>>>);

impl BeforeSleep {
    fn new(call: impl FnOnce() + 'static) -> BeforeSleep {
        BeforeSleep(RefCell::new(Some(Box::new(call))))
    }
}

impl Observer for BeforeSleep {
    fn parked(&self, _deadline: Option<Instant>) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

/// A future that is ready once it is woken, and the closure that wakes it.
fn woken() -> (impl Future<Output = ()>, impl FnOnce()) {
    let waker = Rc::new(Cell::new(None::<Waker>));
    let is_woken = Rc::new(Cell::new(false));
    let (kept, set) = (Rc::clone(&waker), Rc::clone(&is_woken));
    let future = poll_fn(move |cx| {
        kept.set(Some(cx.waker().clone()));
        if is_woken.get() { Poll::Ready(()) } else { Poll::Pending }
    });
    let wake = move || {
        set.set(true);
        waker.take().unwrap().wake();
    };
    (future, wake)
}

/// Calls each function that may sleep, with an observer that calls `call` before the first sleep of
/// each, until the task is finished.
fn in_every_sleep<F: Future<Output = ()> + 'static>(make: impl Fn() -> (F, Box<dyn FnOnce()>)) {
    let build = |clock: Clock, call| {
        Runtime::builder().clock(clock).observer(BeforeSleep::new(call)).build()
    };
    for clock in [Clock::system, Clock::virtual_time] {
        let (future, call) = make();
        build(clock(), call).block_on(future);

        let (future, call) = make();
        let runtime = build(clock(), call);
        let task = runtime.spawn(future);
        runtime.block_on(task).unwrap();

        let (future, call) = make();
        let runtime = build(clock(), call);
        runtime.spawn(future).detach();
        runtime.drain();

        let (future, call) = make();
        let runtime = build(clock(), call);
        let task = runtime.spawn(future);
        while !task.is_finished() {
            runtime.turn(Duration::MAX);
        }
    }
}

#[test]
fn a_wake_of_the_main_future_by_the_observer_is_seen_before_the_sleep() {
    watched(|| {
        let (future, wake) = woken();
        let counters = Counters::default();
        let observer = aside::observe::Both(BeforeSleep::new(wake), counters.clone());
        Runtime::builder().observer(observer).build().block_on(future);
        assert_eq!((counters.parks(), counters.polls()), (1, 2));
    });
}

#[test]
fn a_wake_of_a_task_by_the_observer_is_seen_before_the_sleep() {
    watched(|| {
        in_every_sleep(|| {
            let (future, wake) = woken();
            (future, Box::new(wake))
        });
    });
}

#[test]
fn a_spawn_by_the_observer_is_seen_before_the_sleep() {
    watched(|| {
        in_every_sleep(|| {
            let (future, wake) = woken();
            (future, Box::new(move || spawn(async move { wake() }).detach()))
        });
    });
}

#[test]
fn a_timer_set_by_the_observer_is_seen_before_the_sleep() {
    watched(|| {
        in_every_sleep(|| {
            let waker = Rc::new(Cell::new(None::<Waker>));
            let timer: Rc<RefCell<Option<Pin<Box<aside::time::Sleep>>>>> = Rc::default();
            let (kept, set) = (Rc::clone(&waker), Rc::clone(&timer));
            let future = poll_fn(move |cx| {
                kept.set(Some(cx.waker().clone()));
                match &mut *timer.borrow_mut() {
                    Some(timer) => timer.as_mut().poll(cx),
                    None => Poll::Pending,
                }
            });
            let set = move || {
                let mut timer = Box::pin(sleep(Duration::from_millis(1)));
                let waker = waker.take().unwrap();
                assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                *set.borrow_mut() = Some(timer);
            };
            (future, Box::new(set))
        });
    });
}

/// A waker that is no task's own runs foreign code when the loop receives an event.
#[cfg(all(feature = "net", unix))]
#[test]
fn a_timer_set_by_the_waker_of_a_socket_is_seen_before_virtual_time_moves() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::task::Wake;

    /// Sets a timer of one second, and keeps it in the thread-local.
    struct SetTimer;
    thread_local! {
        static TIMER: RefCell<Option<Pin<Box<aside::time::Sleep>>>> = const { RefCell::new(None) };
        static TASK: RefCell<Option<Waker>> = const { RefCell::new(None) };
    }
    impl Wake for SetTimer {
        fn wake(self: Arc<Self>) {
            let mut timer = Box::pin(sleep(Duration::from_secs(1)));
            let task = TASK.take().unwrap();
            assert!(timer.as_mut().poll(&mut Context::from_waker(&task)).is_pending());
            TIMER.set(Some(timer));
        }
    }
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        let (mut far, near) = UnixStream::pair().unwrap();
        let elapsed = runtime.block_on(async {
            let near = aside::net::UnixStream::from_std(near).unwrap();
            let start = runtime.handle().now();
            spawn(sleep(Duration::from_secs(3600))).detach();
            let mut bytes = [0; 1];
            let mut read = Box::pin(near.read(&mut bytes));
            let waker = Waker::from(Arc::new(SetTimer));
            assert!(read.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            far.write_all(b"x").unwrap();
            poll_fn(|cx| {
                TASK.set(Some(cx.waker().clone()));
                match TIMER.take() {
                    Some(timer) if timer.is_elapsed() => Poll::Ready(()),
                    Some(mut timer) => {
                        let polled = timer.as_mut().poll(cx);
                        TIMER.set(Some(timer));
                        polled
                    }
                    None => Poll::Pending,
                }
            })
            .await;
            runtime.handle().now() - start
        });
        assert_eq!(elapsed, Duration::from_secs(1));
    });
}

/// A host that is notified through the hook alone turns the loop only after the hook was called.
#[test]
fn what_block_on_and_drain_leave_behind_is_announced_to_the_host() {
    watched(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = || {
            let calls = Arc::clone(&calls);
            let hook = move || {
                calls.fetch_add(1, Ordering::SeqCst);
            };
            Runtime::builder().on_wake(hook).build()
        };
        let runtime = counted();
        let called = || calls.swap(0, Ordering::SeqCst);
        let settle = || while runtime.turn(Duration::ZERO).next == NextTurn::Now {};
        settle();

        // Nothing is left: the hook is not called, and the loop is detached.
        runtime.block_on(yield_now());
        assert_eq!(called(), 0);
        let handle = runtime.handle();
        let task = on_a_thread(move || handle.spawn(pending::<()>()));
        assert_eq!(called(), 1);
        settle();

        // A ready task is left.
        runtime.block_on(async { spawn(yield_now()).detach() });
        assert_eq!(called(), 1);
        settle();

        // A timer is left.
        runtime.block_on(async {
            spawn(sleep(Duration::from_secs(3600))).detach();
            yield_now().await;
            yield_now().await;
        });
        assert_eq!(called(), 1);
        settle();

        // A panic leaves a ready task.
        let panicking = || {
            runtime.block_on(async {
                spawn(yield_now()).detach();
                panic!("the main future panics");
            })
        };
        let _ = crate::support::watchdog::panic_message(panicking);
        assert_eq!(called(), 1);
        settle();

        // A loop that was drained is detached.
        drop((task, runtime));
        let runtime = counted();
        runtime.spawn(yield_now()).detach();
        assert_eq!(called(), 1);
        runtime.drain();
        assert_eq!(called(), 0);
        let handle = runtime.handle();
        on_a_thread(move || handle.spawn(async {}).detach());
        assert_eq!(called(), 1);
    });
}
