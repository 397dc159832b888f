//! Golden traces: the sentences of small programs under virtual time, committed and compared.
//!
//! `BLESS=1 cargo test --all-features --test recording golden` rewrites the files.

use std::fmt::Write;
use std::path::Path;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;
use std::{env, fs, future};

use aside::blocking::Shutdown;
use aside::observe::{Event, Recording, Trace, TraceEvent};
use aside::time::Clock;
use aside::{Runtime, named, sleep, yield_now};
use aside_trace::Reducer;
use futures_lite::future::zip;

use crate::stress::assert_legal;

/// A line for each event: its time, and its sentence. The events of the loop come first, then those
/// of other threads, since the order between threads is not certain. The counts of the pool and the
/// lives of its threads depend on the machine. So does the number of turns while a job runs.
fn sentences(recording: &Recording) -> String {
    assert_legal(recording);
    let is_job = |event: &TraceEvent| matches!(event.event, Event::JobQueued { .. });
    let has_jobs = recording.events.iter().any(is_job);
    let mut reducer = Reducer::new(recording);
    let (mut here, mut elsewhere) = (String::new(), String::new());
    for event in &recording.events {
        let mut sentence = reducer.sentence(event);
        if let Event::MainBegan { metadata } = &event.event {
            sentence = sentence.replace(&metadata.location().to_string(), "this program");
        }
        reducer.apply(event);
        let is_here = reducer.state().loop_thread() == Some(event.thread);
        if is_of_the_machine(&event.event) || (has_jobs && is_of_a_turn(&event.event)) {
            continue;
        }
        // A virtual clock may move before another thread has recorded the end of its job.
        let time = event.time.as_secs_f64();
        let line = if is_here { format!("{time:.3} s  {sentence}") } else { sentence };
        let lines = if is_here { &mut here } else { &mut elsewhere };
        writeln!(lines, "{line}").expect("a string grows");
    }
    if elsewhere.is_empty() { here } else { format!("{here}\nother threads:\n{elsewhere}") }
}

fn is_of_the_machine(event: &Event) -> bool {
    matches!(
        event,
        Event::PoolCounts { .. }
            | Event::WorkerReserved { .. }
            | Event::WorkerStarted { .. }
            | Event::WorkerIdle { .. }
            | Event::WorkerAssigned { .. }
            | Event::WorkerRetired { .. }
            | Event::MonitorBegan { .. }
            | Event::MonitorEnded { .. }
            | Event::PoolGrew { .. }
            | Event::ShutdownWaits { .. }
    )
}

fn is_of_a_turn(event: &Event) -> bool {
    matches!(
        event,
        Event::BatchTaken { .. }
            | Event::TurnEnded { .. }
            | Event::Parked { .. }
            | Event::Unparked { .. }
    )
}

/// Compares the sentences of a program with the committed file.
fn golden(name: &str, program: impl FnOnce(&Runtime)) {
    let trace = Trace::new();
    let clock = Clock::virtual_time();
    let runtime = Runtime::builder().clock(clock).seed(7).record(&trace).build();
    program(&runtime);
    drop(runtime.shutdown(Shutdown::Wait));
    let text = sentences(&trace.recording());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recording/golden");
    let path = folder.join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).expect("the folder can be written");
    }
    let expected = fs::read_to_string(&path).expect("the golden trace was committed");
    assert_eq!(text, expected, "tests/recording/golden/{name}.txt differs");
}

#[test]
fn a_join_in_sentences() {
    golden("join", |runtime| {
        runtime.block_on(async {
            let child = named("child").spawn(async { 6 * 7 });
            assert_eq!(child.await.unwrap(), 42);
        });
    });
}

#[test]
fn two_sleeps_at_once_end_at_the_later_deadline() {
    golden("sleeps", |runtime| {
        runtime.block_on(async {
            let long = named("long").spawn(sleep(Duration::from_secs(4)));
            let short = named("short").spawn(sleep(Duration::from_secs(2)));
            let (long, short) = zip(long, short).await;
            long.and(short).unwrap();
        });
    });
}

#[test]
fn a_task_that_wakes_itself_is_queued_once() {
    golden("self_wake", |runtime| {
        runtime.block_on(async {
            let twice = named("twice").spawn(async {
                let mut is_first = true;
                future::poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    cx.waker().wake_by_ref();
                    if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
            });
            twice.await.unwrap();
            yield_now().await;
            yield_now().await;
        });
    });
}

#[test]
fn an_abort_cancels_a_task_and_drops_its_timer() {
    golden("abort", |runtime| {
        runtime.block_on(async {
            let aborted = named("sleeper").spawn(sleep(Duration::from_secs(3600)));
            yield_now().await;
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn a_blocking_call_in_sentences_of_both_threads() {
    golden("job", |runtime| {
        runtime.block_on(async {
            let (sender, receiver) = mpsc::channel::<()>();
            let job = named("answer").spawn_blocking(move || receiver.recv().map_or(6 * 7, |()| 0));
            // The job waits until its handle has been polled.
            let (answer, ()) = zip(job, async { drop(sender) }).await;
            assert_eq!(answer.unwrap(), 42);
        });
    });
}

#[test]
fn a_shutdown_cancels_the_tasks_that_are_left() {
    golden("shutdown", |runtime| {
        runtime.block_on(async {
            named("forever").spawn(future::pending::<()>()).detach();
            named("late").spawn(sleep(Duration::from_secs(60))).detach();
            yield_now().await;
        });
    });
}
