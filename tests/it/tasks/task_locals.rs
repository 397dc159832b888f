//! Task-local values, by tokio's macro, and streams of results, by futures-util: what the chapter
//! `docs/guide/tasks.md` says.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use aside::time::Clock;
use aside::{Runtime, gather, sleep, spawn, spawn_blocking, yield_now};
use futures_util::stream::{self, FuturesUnordered, StreamExt};

use crate::support::watchdog::watched;

tokio::task_local! {
    static NUMBER: u32;
}

async fn number_after_yields() -> u32 {
    let first = NUMBER.get();
    for _ in 0..3 {
        yield_now().await;
        assert_eq!(NUMBER.get(), first);
    }
    first
}

#[test]
fn a_task_local_value_is_seen_by_its_task_alone() {
    watched(|| {
        aside::run(async {
            let tasks = [1, 2, 3].map(|n| spawn(NUMBER.scope(n, number_after_yields())));
            let own = NUMBER.scope(4, number_after_yields());
            let children = [5, 6].map(|n| NUMBER.scope(n, number_after_yields()));
            let (own, children) = gather((own, gather(children))).await;
            assert_eq!((own, children), (4, [5, 6]));
            for (n, task) in (1..).zip(tasks) {
                assert_eq!(task.await.unwrap(), n);
            }
            NUMBER
                .scope(7, async {
                    let task = spawn(async { NUMBER.try_with(|_| ()).is_err() });
                    let job = spawn_blocking(|| NUMBER.try_with(|_| ()).is_err());
                    assert!(task.await.unwrap() && job.await.unwrap(), "it is not inherited");
                })
                .await;
        });
    });
}

#[test]
fn a_task_local_value_is_restored_when_the_task_panics_and_seen_by_its_destructors() {
    struct Reads(Rc<Cell<u32>>);
    impl Drop for Reads {
        fn drop(&mut self) {
            self.0.set(NUMBER.get());
        }
    }
    watched(|| {
        aside::run(async {
            let dropped_in = Rc::new(Cell::new(0));
            let reads = Reads(Rc::clone(&dropped_in));
            let task = spawn(NUMBER.scope(1, async move {
                let _reads = reads;
                panic!("no luck")
            }));
            assert!(task.await.unwrap_err().is_panic());
            assert_eq!(dropped_in.get(), 1);
            assert!(NUMBER.try_with(|_| ()).is_err());
        });
    });
}

#[test]
fn results_arrive_as_they_are_completed_and_a_stream_is_worked_on_a_few_at_a_time() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let after = |seconds: u64| async move {
                sleep(Duration::from_secs(seconds)).await;
                seconds
            };
            let unordered: FuturesUnordered<_> = [3, 1, 2].into_iter().map(after).collect();
            assert_eq!(unordered.collect::<Vec<_>>().await, [1, 2, 3]);

            let begun = RefCell::new(Vec::new());
            let items = stream::iter([3, 1, 1, 5]).map(|seconds| {
                begun.borrow_mut().push(seconds);
                after(seconds)
            });
            let mut results = items.buffer_unordered(2);
            assert_eq!(results.next().await, Some(1));
            assert_eq!(*begun.borrow(), [3, 1], "a third item is taken when there is room");
            assert_eq!(results.collect::<Vec<_>>().await, [1, 3, 5]);
        });
    });
}
