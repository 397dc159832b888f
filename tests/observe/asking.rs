//! Questions for the list of tasks: from everywhere, at any time, and at a known cost.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::observe::{Counters, Observer, TaskList, TaskState, Wait};
use aside::time::Clock;
use aside::{Handle, Metadata, Runtime, gather, named, sleep, spawn, yield_now};
use futures_lite::future::{block_on, poll_once};

use crate::task_lists::waits;
use crate::watchdog::{on_a_thread, panic_message, watched};

const LONG: Duration = Duration::from_secs(3600);

/// Starts a runtime on another thread, with tasks that wait. It ends when the sender is dropped.
fn waiting_runtime() -> (Handle, futures_channel::oneshot::Sender<()>, thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel();
    let (stop, stopped) = futures_channel::oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        aside::run(async {
            named("group").spawn(gather((sleep(LONG), sleep(2 * LONG)))).detach();
            let inner = named("inner").spawn(pending::<()>());
            named("outer").spawn(async { inner.await.unwrap() }).detach();
            yield_now().await;
            sender.send(Handle::current()).unwrap();
            let _dropped = stopped.await;
        });
    });
    (receiver.recv().unwrap(), stop, thread)
}

fn assert_complete(list: &TaskList) {
    assert_eq!(waits(list, "group").len(), 2, "{list}");
    assert_eq!(waits(list, "outer"), ["task inner"]);
    assert_eq!(list.main().unwrap().state, TaskState::Waiting);
}

#[test]
fn another_thread_asks_under_any_executor() {
    watched(|| {
        let (handle, stop, thread) = waiting_runtime();
        assert_complete(&block_on(handle.tasks()).unwrap());
        assert_complete(&handle.block_on(handle.tasks()).unwrap());
        assert_complete(&aside::run(handle.tasks()).unwrap());
        drop(stop);
        thread.join().unwrap();
        assert!(block_on(handle.tasks()).is_err());
    });
}

#[test]
fn a_job_asks_and_is_shown_as_running() {
    watched(|| {
        let list = aside::run(async {
            let handle = Handle::current();
            let job = named("asks").spawn_blocking(move || handle.block_on(handle.tasks()));
            job.await.unwrap().unwrap()
        });
        assert!(
            matches!(&list.main().unwrap().waits[..], [Wait::Job { job, .. }]
                if job.name() == Some("asks")),
            "{list}"
        );
    });
}

#[test]
fn several_questions_at_once_get_the_same_answer() {
    watched(|| {
        Runtime::builder().clock(Clock::virtual_time()).build().block_on(async {
            named("group").spawn(gather((sleep(LONG), sleep(2 * LONG)))).detach();
            yield_now().await;
            let handle = Handle::current();
            let ask = || async { handle.tasks().await.unwrap() };
            let lists = gather((0..4).map(|_| ask())).await;
            for list in &lists {
                assert_eq!(waits(list, "group").len(), 2, "{list}");
            }
        });
    });
}

#[test]
fn a_runtime_that_is_gone_gives_an_error() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let mut asked = Box::pin(handle.tasks());
        assert!(block_on(poll_once(&mut asked)).is_none());
        let _report = runtime.shutdown(Shutdown::Wait);
        assert!(aside::is_runtime_gone(&block_on(asked).unwrap_err()));
        assert!(aside::is_runtime_gone(&block_on(handle.tasks()).unwrap_err()));
    });
}

#[test]
fn inside_its_own_task_a_runtime_names_the_way_to_ask() {
    watched(|| {
        let runtime = Rc::new(Runtime::new());
        let inner = Rc::clone(&runtime);
        let message = panic_message(|| runtime.block_on(async move { drop(inner.tasks()) }));
        assert!(message.contains("await `Handle::tasks`"), "{message}");
    });
}

#[test]
fn a_task_asks_another_runtime_that_runs_inside_it() {
    watched(|| {
        let outer = Runtime::new();
        let list = outer.block_on(async {
            named("of the outer loop").spawn(pending::<()>()).detach();
            let inner = Runtime::new();
            inner.block_on(async {
                named("of the inner loop").spawn(gather((pending::<()>(), sleep(LONG)))).detach();
                yield_now().await;
            });
            inner.tasks()
        });
        assert_eq!(list.len(), 1);
        assert_eq!(waits(&list, "of the inner loop").len(), 1);
    });
}

/// Counts the polls of tasks, by name.
#[derive(Clone, Default)]
struct PolledNames(Rc<RefCell<Vec<String>>>);

impl Observer for PolledNames {
    fn poll_started(&self, task: &Metadata) {
        self.0.borrow_mut().extend(task.name().map(str::to_owned));
    }
}

#[test]
fn a_question_polls_only_the_tasks_that_wait_through_groups_and_once() {
    watched(|| {
        let names = PolledNames::default();
        let builder = Runtime::builder().clock(Clock::virtual_time()).observer(names.clone());
        builder.build().block_on(async {
            named("group").spawn(gather((0..100).map(|_| sleep(LONG)))).detach();
            let inner = named("direct").spawn(sleep(LONG));
            named("awaits").spawn(async { inner.await.unwrap() }).detach();
            yield_now().await;
            names.0.borrow_mut().clear();
            let list = Handle::current().tasks().await.unwrap();
            let polled: Vec<String> = names.0.borrow().clone();
            let of_tasks: Vec<&String> =
                polled.iter().filter(|name| *name != "task list").collect();
            assert_eq!(of_tasks, ["group"]);
            assert_eq!(waits(&list, "group").len(), 100);
        });
    });
}

#[test]
fn ten_thousand_tasks_are_listed_and_each_group_among_them_is_polled_once() {
    watched(|| {
        const TASKS: usize = 10_000;
        let counters = Counters::default();
        let builder = Runtime::builder().clock(Clock::virtual_time()).observer(counters.clone());
        builder.build().block_on(async {
            for index in 0..TASKS {
                match index % 2 {
                    0 => spawn(sleep(LONG)).detach(),
                    _ => spawn(gather((sleep(LONG), sleep(LONG)))).detach(),
                }
            }
            // The turns are bounded, so a batch takes several.
            for _ in 0..3 {
                yield_now().await;
            }
            let before = counters.polls();
            let list = Handle::current().tasks().await.unwrap();
            // Each group, the question's own task three times, and the main future.
            assert_eq!(counters.polls() - before, TASKS as u64 / 2 + 4);
            assert_eq!(list.len(), TASKS + 1);
            let waits = list.iter().map(|task| task.waits.len()).sum::<usize>();
            assert_eq!(waits, TASKS / 2 * 3);
            assert_eq!(list.to_string().lines().count(), TASKS + 2);
        });
    });
}

/// A waker that does something when it is woken.
struct OnWake<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.0)();
    }
}

/// Polls a future once with a foreign waker, and keeps the future.
async fn keep_polled_by<F: Future>(future: F, waker: Waker) {
    let mut future = Box::pin(future);
    let _pending = future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
    pending().await
}

#[test]
fn wakers_of_foreign_code_may_panic_spawn_and_ask() {
    watched(|| {
        Runtime::builder().clock(Clock::virtual_time()).build().block_on(async {
            let wakes = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&wakes);
            let panics = move || {
                count.fetch_add(1, Ordering::Relaxed);
                panic!("a waker panics");
            };
            let waker = Waker::from(Arc::new(OnWake(panics)));
            named("panics").spawn(keep_polled_by(sleep(LONG), waker)).detach();
            let spawns = || named("spawned by a waker").spawn(sleep(LONG)).detach();
            let waker = Waker::from(Arc::new(OnWake(spawns)));
            named("spawns").spawn(keep_polled_by(sleep(LONG), waker)).detach();
            named("group").spawn(gather((sleep(LONG), sleep(LONG)))).detach();
            yield_now().await;
            for _ in 0..3 {
                let list = Handle::current().tasks().await.unwrap();
                assert_eq!(waits(&list, "group").len(), 2, "{list}");
                for name in ["panics", "spawns"] {
                    assert_eq!(waits(&list, name), [""; 0], "the waker leads to no task");
                }
            }
            // A waker that was not stored again is not woken by the next question.
            assert_eq!(wakes.load(Ordering::Relaxed), 1);
            let list = Handle::current().tasks().await.unwrap();
            let is_spawned = |name: Option<&str>| name == Some("spawned by a waker");
            assert!(list.iter().any(|task| is_spawned(task.metadata.name())));
        });
    });
}

/// A stand-in forwards the wake of the timer, also long after the question.
#[test]
fn a_foreign_waker_is_woken_by_its_timer_after_a_question() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        let waker = Waker::from(Arc::new(OnWake(move || sender.send(()).unwrap())));
        Runtime::builder().clock(Clock::virtual_time()).build().block_on(async {
            spawn(keep_polled_by(sleep(2 * LONG), waker)).detach();
            yield_now().await;
            let _list = Handle::current().tasks().await.unwrap();
            assert_eq!(receiver.try_iter().count(), 1, "the question wakes it");
            sleep(LONG).await;
            let _list = Handle::current().tasks().await.unwrap();
            assert_eq!(receiver.try_iter().count(), 0);
            sleep(2 * LONG).await;
            assert_eq!(receiver.try_iter().count(), 1, "its timer wakes it");
        });
    });
}

#[test]
fn a_child_that_is_dropped_by_its_poll_is_shown_as_it_was() {
    watched(|| {
        Runtime::builder().clock(Clock::virtual_time()).build().block_on(async {
            let polls = Rc::new(Cell::new(0));
            let counted = Rc::clone(&polls);
            let mut sleeps = [sleep(LONG), sleep(2 * LONG)].map(|nap| Some(Box::pin(nap)));
            let drops_one = poll_fn(move |cx| {
                counted.set(counted.get() + 1);
                if counted.get() > 1 {
                    sleeps[0] = None;
                }
                for nap in sleeps.iter_mut().flatten() {
                    let _pending = Pin::new(nap).poll(cx).is_pending();
                }
                Poll::<()>::Pending
            });
            named("drops").spawn(gather([drops_one])).detach();
            yield_now().await;
            let list = Handle::current().tasks().await.unwrap();
            assert_eq!(waits(&list, "drops"), ["timer, 3600.0s left", "timer, 7200.0s left"]);
            assert_eq!(polls.get(), 2);
            let list = Handle::current().tasks().await.unwrap();
            assert_eq!(waits(&list, "drops"), ["timer, 7200.0s left"]);
        });
    });
}

#[test]
fn a_thread_that_ends_with_a_question_open_leaves_nothing() {
    watched(|| {
        let handle = on_a_thread(|| {
            let runtime = Runtime::new();
            let handle = runtime.handle();
            runtime.block_on(async {
                named("group").spawn(gather((sleep(LONG), sleep(LONG)))).detach();
                yield_now().await;
                let handle = Handle::current();
                let mut asked = Box::pin(handle.tasks());
                assert!(poll_once(&mut asked).await.is_none());
                yield_now().await;
            });
            handle
        });
        assert!(block_on(handle.tasks()).is_err());
    });
}
