//! Task recycling: a finished task's box is reused by the next task of its type, without a visible
//! difference.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use aside::{JoinHandle, Runtime, named, spawn, yield_now};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::watched;

/// Spawns tasks of one type with any body.
fn of_one_type<T: 'static>(work: Box<dyn FnOnce() -> T>) -> JoinHandle<T> {
    spawn(async move { work() })
}

#[test]
fn a_task_in_a_recycled_box_starts_with_fresh_state() {
    watched(|| {
        aside::run(async {
            let mut ids = Vec::new();
            for number in 0..10 {
                let task = of_one_type(Box::new(move || number));
                assert!(!task.is_finished());
                assert!(task.metadata().name().is_none());
                ids.push(task.id());
                assert_eq!(task.await.unwrap(), number);
            }
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 10);
            let task = named("eleventh").spawn(async {});
            assert_eq!(task.metadata().name(), Some("eleventh"));
            task.await.unwrap();
        });
    });
}

#[test]
fn a_cancel_request_ends_with_its_task() {
    watched(|| {
        aside::run(async {
            for number in 0..10 {
                let cancelled = of_one_type(Box::new(move || number));
                cancelled.abort();
                assert!(cancelled.await.unwrap_err().is_cancelled());
                let finished = of_one_type(Box::new(move || number));
                yield_now().await;
                finished.abort();
                assert_eq!(finished.await.unwrap(), number);
                assert_eq!(of_one_type(Box::new(move || number)).await.unwrap(), number);
            }
        });
    });
}

/// P147: the key is in the ready queue when the task ends.
#[test]
fn a_task_that_wakes_itself_in_its_last_poll_loses_no_later_task() {
    watched(|| {
        aside::run(async {
            for number in 0..10 {
                let task = spawn(poll_fn(move |cx| {
                    cx.waker().wake_by_ref();
                    Poll::Ready(number)
                }));
                assert_eq!(task.await.unwrap(), number);
                // The queue, in which the ended task's key is, becomes the batch of a later turn.
                yield_now().await;
                yield_now().await;
            }
        });
    });
}

#[test]
fn tasks_of_two_types_alternate_in_one_slot() {
    watched(|| {
        aside::run(async {
            for number in 0..10_u64 {
                assert_eq!(spawn(async move { number }).await.unwrap(), number);
                let text = number.to_string();
                assert_eq!(spawn(async move { text }).await.unwrap(), number.to_string());
                let large = [number; 1_000];
                let task = spawn(async move {
                    yield_now().await;
                    large
                });
                assert_eq!(task.await.unwrap(), [number; 1_000]);
            }
        });
    });
}

#[test]
fn a_result_that_is_read_late_is_kept_and_the_next_task_gets_another_cell() {
    watched(|| {
        aside::run(async {
            let mut late = Vec::new();
            for number in 0..10 {
                late.push(of_one_type(Box::new(move || number)));
                yield_now().await;
                yield_now().await;
                assert!(late.iter().all(JoinHandle::is_finished));
            }
            for (number, task) in late.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), number);
            }
        });
    });
}

#[test]
fn a_reader_on_another_thread_may_be_late() {
    watched(|| {
        let read = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = aside::run(async {
            let mut readers = Vec::new();
            for number in 0..100_usize {
                let task = spawn(async move { number });
                let read = Arc::clone(&read);
                readers.push(std::thread::spawn(move || {
                    read.fetch_add(aside::run(task).unwrap(), Ordering::SeqCst);
                }));
                yield_now().await;
            }
            yield_now().await;
            readers
        });
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(read.load(Ordering::SeqCst), 99 * 100 / 2);
    });
}

// P25
#[test]
fn an_unread_result_is_dropped_with_its_handle_or_when_it_is_stored() {
    watched(|| {
        aside::run(async {
            let drops = Rc::new(Cell::new(0));
            let task = || {
                let drops = Rc::clone(&drops);
                of_one_type(Box::new(move || OnDrop::new(move || drops.set(drops.get() + 1))))
            };
            let unread = task();
            yield_now().await;
            yield_now().await;
            assert_eq!(drops.get(), 0);
            drop(unread);
            assert_eq!(drops.get(), 1);
            drop(task());
            yield_now().await;
            yield_now().await;
            assert_eq!(drops.get(), 2);
            drop(task().await.unwrap());
            assert_eq!(drops.get(), 3);
        });
    });
}

// P32
#[test]
fn a_kept_waker_of_a_finished_task_does_not_wake_the_next_task_of_its_type() {
    watched(|| {
        aside::run(async {
            let polls = Rc::new(Cell::new(0));
            let wakers = Rc::new(RefCell::new(Vec::<Waker>::new()));
            let task = |polls_max| {
                let (polls, wakers) = (Rc::clone(&polls), Rc::clone(&wakers));
                spawn(poll_fn(move |cx| {
                    polls.set(polls.get() + 1);
                    wakers.borrow_mut().push(cx.waker().clone());
                    if polls.get() >= polls_max { Poll::Ready(()) } else { Poll::Pending }
                }))
            };
            task(1).await.unwrap();
            let kept = wakers.take();
            let second = task(3);
            yield_now().await;
            for _ in 0..5 {
                kept.iter().for_each(Waker::wake_by_ref);
                yield_now().await;
            }
            assert_eq!(polls.get(), 2, "it was polled once, for being new");
            wakers.take().into_iter().for_each(Waker::wake);
            second.await.unwrap();
        });
    });
}

#[test]
fn a_recycled_task_survives_a_panic_of_the_poll_and_of_the_destructor() {
    watched(|| {
        aside::run(async {
            let task = |number: u32| {
                let dropped = OnDrop::new(move || {
                    if number % 3 == 1 {
                        std::panic::resume_unwind(Box::new("in the destructor"));
                    }
                });
                spawn(poll_fn(move |_| {
                    let _kept = &dropped;
                    if number % 3 == 2 {
                        std::panic::resume_unwind(Box::new("in the poll"));
                    }
                    Poll::Ready(number)
                }))
            };
            for number in 0..12 {
                match task(number).await {
                    Ok(result) => assert_eq!(result, number),
                    Err(error) => assert!(number % 3 == 2 && error.is_panic()),
                }
            }
        });
    });
}

#[test]
fn a_closed_loop_recycles_no_task() {
    watched(|| {
        let runtime = Runtime::new();
        let late = Rc::new(RefCell::new(None));
        runtime.block_on(async {
            of_one_type(Box::new(|| 1)).await.unwrap();
            let late = Rc::clone(&late);
            let spawns =
                OnDrop::new(move || *late.borrow_mut() = Some(of_one_type(Box::new(|| 2))));
            spawn(async move {
                let _spawns = spawns;
                std::future::pending::<()>().await;
            })
            .detach();
            yield_now().await;
        });
        drop(runtime);
        let late = late.take().unwrap();
        assert!(aside::run(late).unwrap_err().is_cancelled());
    });
}

/// A task of the type `N` that ends, or waits until it is aborted.
async fn ends_or_waits<const N: usize>(ends: bool) {
    if !ends {
        std::future::pending::<()>().await;
    }
}

/// How a task is spawned and ends: of one of two types or by another thread, at its end or aborted.
#[derive(Clone, Copy, Debug)]
enum Step {
    First(bool),
    Second(bool),
    Remote(bool),
}

impl Step {
    const ALL: [Step; 6] = [
        Step::First(true),
        Step::First(false),
        Step::Second(true),
        Step::Second(false),
        Step::Remote(true),
        Step::Remote(false),
    ];

    /// Runs a task to its end. Returns whether it ended as it should.
    async fn run(self) -> bool {
        let handle = aside::Handle::current();
        let (ends, task) = match self {
            Step::First(ends) => (ends, spawn(ends_or_waits::<0>(ends))),
            Step::Second(ends) => (ends, spawn(ends_or_waits::<1>(ends))),
            Step::Remote(ends) => {
                let spawner = move || handle.spawn(ends_or_waits::<2>(ends));
                (ends, std::thread::spawn(spawner).join().unwrap())
            }
        };
        for _ in 0..3 {
            yield_now().await;
        }
        if !ends {
            task.abort();
        }
        for _ in 0..3 {
            yield_now().await;
        }
        task.is_finished() && task.await.is_ok() == ends
    }
}

// P144: the task that follows an aborted one in its slot had no waker for its own abort.
#[test]
fn an_abort_reaches_each_task_of_a_slot() {
    watched(|| {
        for number in 0..Step::ALL.len().pow(4) {
            let steps = [1, 6, 36, 216].map(|unit| Step::ALL[number / unit % 6]);
            aside::run(async {
                for step in steps {
                    assert!(step.run().await, "{step:?} in {steps:?}");
                }
            });
        }
    });
}
