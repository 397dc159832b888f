//! The list of tasks: states, and the things for which tasks wait.

use std::future::{pending, poll_fn};
use std::sync::mpsc;
use std::time::Duration;

use aside::blocking::Pool;
use aside::observe::{JobStage, PollTimes, TaskKind, TaskList, TaskState, Wait};
use aside::task::JoinSet;
use aside::time::Clock;
use aside::{Handle, Runtime, gather, named, scope, sleep, spawn, timeout, yield_now};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, select};

use crate::watchdog::watched;

const SECOND: Duration = Duration::from_secs(1);

fn virtual_runtime() -> Runtime {
    Runtime::builder().clock(Clock::virtual_time()).build()
}

/// The waits of the task with this name, as text, with `N` for each number of a task or job.
pub(crate) fn waits(list: &TaskList, name: &str) -> Vec<String> {
    let task = list.iter().find(|task| task.metadata.name() == Some(name));
    let task = task.unwrap_or_else(|| panic!("`{name}` is not listed:\n{list}"));
    let nameless = |wait: &Wait| match wait {
        Wait::Task { task } => format!("task {}", task.name().unwrap_or("-")),
        Wait::Job { job, stage: JobStage::Running { .. } } => {
            format!("running job {}", job.name().unwrap_or("-"))
        }
        Wait::Job { job, stage } => format!("job {}, {stage}", job.name().unwrap_or("-")),
        other => other.to_string(),
    };
    task.waits.iter().map(nameless).collect()
}

fn state(list: &TaskList, name: &str) -> TaskState {
    let task = list.iter().find(|task| task.metadata.name() == Some(name));
    task.unwrap_or_else(|| panic!("`{name}` is not listed:\n{list}")).state
}

/// Asks from the main future after a second, when every task waits.
async fn ask() -> TaskList {
    sleep(SECOND).await;
    Handle::current().tasks().await.unwrap()
}

#[test]
fn the_list_shows_the_state_of_each_task_and_its_place() {
    watched(|| {
        virtual_runtime().block_on(async {
            let asks = named("asks").spawn(async {
                named("new").spawn(pending::<()>()).detach();
                Handle::current().tasks().await.unwrap()
            });
            named("waits").spawn(pending::<()>()).detach();
            let list = asks.await.unwrap();
            assert_eq!(state(&list, "asks"), TaskState::Polling);
            assert_eq!(state(&list, "waits"), TaskState::Waiting);
            let main = list.main().expect("the main future is listed");
            assert_eq!((main.kind, main.state), (TaskKind::Main, TaskState::Waiting));
            assert!(
                matches!(&main.waits[..], [Wait::Task { task }] if task.name() == Some("asks"))
            );
            assert!(list.iter().all(|task| task.metadata.location().file() == file!()));
            assert_eq!(list.len(), 4, "the task that answers is not listed");
        });
    });
}

#[test]
fn a_task_that_was_woken_is_ready_and_the_asking_main_future_is_polling() {
    watched(|| {
        virtual_runtime().block_on(async {
            let (wake, woken) = futures_channel::oneshot::channel::<()>();
            named("woken").spawn(woken.map(drop)).detach();
            yield_now().await;
            let asking = Handle::current();
            let mut tasks = std::pin::pin!(asking.tasks());
            // The first poll sends the question. The wake is sent before the loop receives it.
            assert!(poll_fn(|cx| std::task::Poll::Ready(tasks.poll_unpin(cx).is_pending())).await);
            let busy = named("busy").spawn(async {
                for _ in 0..5 {
                    yield_now().await;
                }
            });
            let list = tasks.await.unwrap();
            assert_eq!(state(&list, "woken"), TaskState::Waiting);
            assert_eq!(state(&list, "busy"), TaskState::Ready);
            assert_eq!(list.main().unwrap().state, TaskState::Polling);
            wake.send(()).unwrap();
            busy.await.unwrap();
        });
    });
}

#[test]
fn timers_are_shown_with_the_time_that_is_left() {
    watched(|| {
        virtual_runtime().block_on(async {
            named("nap").spawn(sleep(10 * SECOND)).detach();
            named("limit").spawn(timeout(7 * SECOND, pending::<()>())).detach();
            named("both").spawn(timeout(9 * SECOND, sleep(8 * SECOND))).detach();
            named("never").spawn(sleep(Duration::MAX)).detach();
            let list = ask().await;
            assert_eq!(waits(&list, "nap"), ["timer, 9.0s left"]);
            assert_eq!(waits(&list, "limit"), ["timer, 6.0s left"]);
            assert_eq!(waits(&list, "both"), ["timer, 7.0s left", "timer, 8.0s left"]);
            assert!(list.iter().any(|task| task.waits_for_unknown()), "`never` sets no timer");
        });
    });
}

#[test]
fn a_task_that_awaits_another_is_shown_with_its_name() {
    watched(|| {
        virtual_runtime().block_on(async {
            let inner = named("inner").spawn(pending::<()>());
            let middle = named("middle").spawn(async { inner.await.unwrap() });
            let outer = named("outer").spawn(async { middle.await.unwrap() });
            let list = ask().await;
            assert_eq!(waits(&list, "outer"), ["task middle"]);
            assert_eq!(waits(&list, "middle"), ["task inner"]);
            assert_eq!(waits(&list, "inner"), [""; 0]);
            let tree = list.tree().to_string();
            let lines: Vec<&str> = tree.lines().collect();
            let outer_line = lines.iter().position(|line| line.contains("outer")).unwrap();
            assert!(lines[outer_line + 1].starts_with("└─ task"), "{tree}");
            assert!(lines[outer_line + 2].starts_with("   └─ task"), "{tree}");
            assert!(lines[outer_line + 3].ends_with("└─ something unknown"), "{tree}");
            drop(outer);
        });
    });
}

#[test]
fn jobs_are_shown_as_running_or_with_their_place_in_the_queue() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let (release, wait) = mpsc::channel::<()>();
            let (begin, begun) = futures_channel::oneshot::channel();
            let first = named("first").spawn_blocking(move || {
                begin.send(()).unwrap();
                wait.recv().unwrap_err();
            });
            let second = named("second").spawn_blocking(|| ());
            let third = named("third").spawn_blocking(|| ());
            named("of first").spawn(async { first.await.unwrap() }).detach();
            named("of second").spawn(async { second.await.unwrap() }).detach();
            let of_third = named("of third").spawn(async { third.await.unwrap() });
            begun.await.unwrap();
            yield_now().await;
            let list = Handle::current().tasks().await.unwrap();
            assert_eq!(waits(&list, "of first"), ["running job first"]);
            assert_eq!(waits(&list, "of second"), ["job second, next in its queue"]);
            assert_eq!(waits(&list, "of third"), ["job third, queued behind 1"]);
            drop(release);
            of_third.await.unwrap();
        });
    });
}

#[test]
fn a_task_that_waits_for_a_place_in_a_full_queue_is_shown() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).queue_max(1).build();
        let runtime = Runtime::builder().pool(pool.clone()).build();
        runtime.block_on(async {
            let (release, wait) = mpsc::channel::<()>();
            let (begin, begun) = futures_channel::oneshot::channel();
            let block = move || {
                begin.send(()).unwrap();
                wait.recv().unwrap_err();
            };
            let running = pool.submit(block).unwrap();
            begun.await.unwrap();
            let queued = pool.submit(|| ()).unwrap();
            let submit = pool.submit_async(|| ());
            let waits_for_place = named("submits").spawn(async { submit.await.unwrap().await });
            yield_now().await;
            let list = Handle::current().tasks().await.unwrap();
            assert_eq!(waits(&list, "submits"), ["job -, behind a full queue"]);
            drop(release);
            let _done = gather((running, queued)).await;
            waits_for_place.await.unwrap().unwrap();
        });
    });
}

#[test]
fn the_groups_of_this_crate_are_seen_through() {
    watched(|| {
        virtual_runtime().block_on(async {
            let naps = || (2..=4).map(|seconds| sleep(seconds * SECOND)).collect::<Vec<_>>();
            let expected = ["timer, 1.0s left", "timer, 2.0s left", "timer, 3.0s left"];
            let children = naps();
            named("gather").spawn(gather(naps())).detach();
            named("nested").spawn(gather((gather(naps()), sleep(5 * SECOND)))).detach();
            named("scope")
                .spawn(scope(async move |scope| {
                    let children: Vec<_> =
                        children.into_iter().map(|nap| scope.spawn(nap)).collect();
                    for child in children {
                        child.await.unwrap();
                    }
                }))
                .detach();
            named("set")
                .spawn(async {
                    let mut set = JoinSet::new();
                    for name in ["a", "b"] {
                        set.insert(named(name).spawn(pending::<()>()));
                    }
                    set.join_next().await
                })
                .detach();
            named("many").spawn(gather((0..1000).map(|_| sleep(3 * SECOND)))).detach();
            let list = ask().await;
            assert_eq!(waits(&list, "gather"), expected);
            assert_eq!(waits(&list, "nested"), [&expected[..], &["timer, 4.0s left"]].concat());
            assert_eq!(waits(&list, "scope"), expected);
            assert_eq!(waits(&list, "set"), ["task a", "task b"]);
            assert_eq!(waits(&list, "many").len(), 1000);
        });
    });
}

#[test]
fn the_combinators_of_other_crates_are_seen_through() {
    watched(|| {
        virtual_runtime().block_on(async {
            let expected = ["timer, 1.0s left", "timer, 2.0s left"];
            let naps = || [sleep(2 * SECOND), sleep(3 * SECOND)];
            named("unordered")
                .spawn(async move {
                    let mut naps: FuturesUnordered<_> = naps().into_iter().collect();
                    while naps.next().await.is_some() {}
                })
                .detach();
            named("select")
                .spawn(async move {
                    let [first, second] = naps();
                    let (mut first, mut second) = (first.fuse(), second.fuse());
                    select! { () = first => {}, () = second => {} }
                })
                .detach();
            named("join").spawn(futures_util::future::join_all(naps())).detach();
            named("tokio")
                .spawn(async move {
                    let [first, second] = naps();
                    tokio::join!(first, second)
                })
                .detach();
            let list = ask().await;
            for name in ["unordered", "select", "join", "tokio"] {
                assert_eq!(waits(&list, name), expected, "{name}");
            }
        });
    });
}

#[test]
fn a_channel_a_lock_and_another_runtime_are_unknown() {
    watched(|| {
        let other = Runtime::new();
        let task_of_other = other.spawn(pending::<()>());
        virtual_runtime().block_on(async {
            let (_sender, receiver) = async_channel::bounded::<()>(1);
            named("channel").spawn(async move { receiver.recv().await }).detach();
            named("other").spawn(task_of_other).detach();
            let list = ask().await;
            for task in list.iter().filter(|task| task.metadata.name().is_some()) {
                assert!(task.waits_for_unknown(), "{list}");
            }
            assert!(list.to_string().contains("unknown"));
        });
    });
}

async fn nap_and_ticks() -> TaskList {
    named("nap").spawn(sleep(10 * SECOND)).detach();
    named("ticks")
        .spawn(async {
            loop {
                sleep(SECOND / 4).await;
            }
        })
        .detach();
    sleep(SECOND * 11 / 10).await;
    Handle::current().tasks().await.unwrap()
}

#[test]
fn polls_and_times_are_unknown_without_an_observer_and_exact_with_one() {
    watched(|| {
        let times = |list: &TaskList, name| {
            let mut tasks = list.iter();
            let task = tasks.find(|task| task.metadata.name() == Some(name)).unwrap();
            (task.polls, task.since_poll)
        };
        let list = virtual_runtime().block_on(nap_and_ticks());
        assert_eq!(times(&list, "nap"), (None, None));
        let clock = Clock::virtual_time();
        let observer = PollTimes::with_clock(clock.clone());
        let list =
            Runtime::builder().clock(clock).observer(observer).build().block_on(nap_and_ticks());
        assert_eq!(times(&list, "nap"), (Some(1), Some(SECOND * 11 / 10)));
        assert_eq!(times(&list, "ticks"), (Some(5), Some(SECOND / 10)));
        let main = list.main().unwrap();
        assert_eq!((main.polls, main.since_poll), (Some(2), Some(Duration::ZERO)));
    });
}

#[test]
fn a_runtime_lists_its_tasks_between_its_turns() {
    watched(|| {
        let runtime = virtual_runtime();
        assert!(runtime.tasks().is_empty());
        let direct = named("direct");
        runtime.block_on(async { direct.spawn(sleep(5 * SECOND)).detach() });
        runtime.spawn(async { spawn(pending::<()>()).await.unwrap() }).detach();
        let list = runtime.tasks();
        assert!(list.main().is_none());
        assert!(list.iter().all(|task| task.state == TaskState::Ready), "{list}");
        runtime.block_on(sleep(SECOND));
        let list = runtime.tasks();
        assert_eq!(waits(&list, "direct"), ["timer, 4.0s left"]);
        assert_eq!(list.len(), 3);
        runtime.block_on(async {
            named("group").spawn(gather([sleep(2 * SECOND), sleep(3 * SECOND)])).detach();
            yield_now().await;
        });
        let list = runtime.tasks();
        assert_eq!(waits(&list, "group"), ["timer, 2.0s left", "timer, 3.0s left"]);
        assert_eq!(list.len(), 4);
    });
}
