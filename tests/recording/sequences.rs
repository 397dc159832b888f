//! The events of small programs.

use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::net::UnixStream;
use aside::observe::Trace;
use aside::{Builder, Runtime, time::Clock};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future::zip};

use crate::trace_lines::TraceLines;

fn recorded_by(builder: Builder, program: impl FnOnce(Runtime)) -> TraceLines {
    let trace = Trace::new();
    program(builder.record(&trace).build());
    TraceLines::of(&trace.recording())
}

fn recorded(program: impl FnOnce(Runtime)) -> TraceLines {
    recorded_by(Runtime::builder().clock(Clock::virtual_time()), program)
}

#[test]
fn a_spawn_and_its_join_are_recorded_step_by_step() {
    let lines = recorded(|runtime| {
        runtime.block_on(async {
            aside::named("child").spawn(async {}).await.unwrap();
        });
    });
    let expected = [
        "LoopEntered",
        "main began",
        "main polled",
        "child spawned",
        "main pending",
        "child polled",
        "main woken, queued",
        "child ready",
        "child ended",
        "main polled",
        "main ready",
        "main ended",
        "LoopLeft",
    ];
    assert_eq!(lines.of_loop(&["main", "child", "Loop"])[..expected.len()], expected);
}

#[test]
fn of_two_wakes_by_another_thread_the_second_is_elided() {
    let lines = recorded(|runtime| {
        let mut is_first_poll = true;
        runtime.block_on(poll_fn(|cx| {
            if !std::mem::take(&mut is_first_poll) {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            // The loop cannot take the message between the two wakes.
            let wake_twice = thread::spawn(move || {
                waker.wake_by_ref();
                waker.wake_by_ref();
            });
            wake_twice.join().unwrap();
            Poll::Pending
        }));
    });
    assert_eq!(lines.of_others(&["woken"]), ["main woken, posted", "main woken, elided"]);
    let of_loop = lines.of_loop(&["main", "parked"]);
    let expected = [
        "main began",
        "main polled",
        "main pending",
        "parked",
        "unparked by a wake",
        "main received",
        "main polled",
        "main ready",
        "main ended",
    ];
    assert_eq!(of_loop, expected);
}

#[test]
fn a_second_wake_on_the_loop_finds_the_task_queued() {
    let lines = recorded(|runtime| {
        let mut is_first_poll = true;
        runtime.block_on(poll_fn(|cx| {
            if std::mem::take(&mut is_first_poll) {
                cx.waker().wake_by_ref();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
    });
    let expected = ["main woken, queued", "main woken, queued already"];
    assert_eq!(lines.of_loop(&["woken"]), expected);
}

#[test]
fn a_timer_that_fires_and_a_timer_that_is_dropped_are_recorded() {
    let lines = recorded(|runtime| {
        runtime.block_on(async {
            let long = aside::sleep(Duration::from_secs(9));
            let short = aside::timeout(Duration::from_secs(1), long).await;
            assert!(short.is_err());
        });
    });
    let expected = [
        "timer 0 set",
        "timer 1 set",
        "parked",
        "unparked",
        "timer 1 fired",
        "main woken, queued",
        "timer 0 dropped",
    ];
    assert_eq!(lines.of_loop(&["timer", "woken", "parked"]), expected);
}

#[test]
fn a_task_that_is_aborted_is_cancelled_instead_of_being_polled() {
    let lines = recorded(|runtime| {
        runtime.block_on(async {
            let sleeper = aside::named("sleeper").spawn(aside::sleep(Duration::from_secs(9)));
            aside::yield_now().await;
            sleeper.abort();
            assert!(sleeper.await.is_err());
        });
    });
    let expected = [
        "sleeper spawned",
        "sleeper polled",
        "timer 0 set",
        "sleeper pending",
        "sleeper woken, queued",
        "sleeper polled",
        "sleeper cancelled",
        "timer 0 dropped",
        "sleeper ready",
        "sleeper ended",
    ];
    assert_eq!(lines.of_loop(&["sleeper", "timer"]), expected);
}

#[test]
fn a_job_is_recorded_on_both_threads() {
    let lines = recorded(|runtime| {
        runtime.block_on(async {
            let (release, released) = mpsc::channel::<()>();
            let job = aside::named("job").spawn_blocking(move || assert!(released.recv().is_err()));
            // The job waits until its handle has been polled.
            let (joined, ()) = zip(job, async { drop(release) }).await;
            joined.unwrap();
        });
    });
    let of_loop = lines.of_loop(&["job", "Worker", "main", "parked"]);
    let expected = [
        "main began",
        "main polled",
        "job queued",
        "WorkerReserved { worker: 0 }",
        "main pending",
        "parked",
        "unparked by a wake",
        "main received",
        "main polled",
        "main ready",
        "main ended",
    ];
    assert_eq!(of_loop[..expected.len()], expected);
    let of_worker = lines.of_others(&["job", "main", "Started", "Retired"]);
    let expected = [
        "WorkerStarted { worker: 0 }",
        "job taken by 0",
        "main woken, posted",
        "job ended on 0",
        "WorkerRetired { worker: 0 }",
    ];
    assert_eq!(of_worker, expected);
}

#[test]
fn an_aborted_job_leaves_the_queue_or_is_asked_to_stop() {
    let builder = Runtime::builder().threads_max(1);
    let lines = recorded_by(builder, |runtime| {
        let (release, released) = mpsc::channel::<()>();
        let (begin, begun) = mpsc::channel::<()>();
        let running = aside::named("running");
        let _entered = runtime.enter();
        let running = running.spawn_blocking(move || {
            begin.send(()).unwrap();
            assert!(released.recv().is_err());
        });
        begun.recv().unwrap();
        let queued = aside::named("waiting").spawn_blocking(|| {});
        queued.abort();
        running.abort();
        drop(release);
        runtime.block_on(async {
            assert!(queued.await.is_err());
            running.await.unwrap();
        });
    });
    let expected = ["waiting asked to stop", "waiting discarded", "running asked to stop"];
    assert_eq!(lines.of_loop(&["asked", "discarded"]), expected);
}

#[test]
fn a_shutdown_that_leaves_records_the_job_that_still_runs() {
    let (release, released) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel::<()>();
    let lines = recorded(|runtime| {
        let (begin, begun) = mpsc::channel::<()>();
        runtime.block_on(async {
            let straggler = aside::named("straggler").spawn_blocking(move || {
                begin.send(()).unwrap();
                assert!(released.recv().is_err());
                drop(end);
            });
            straggler.detach();
        });
        begun.recv().unwrap();
        assert_eq!(runtime.shutdown(Shutdown::Leave).jobs.running.len(), 1);
    });
    let expected = ["PoolClosed", "straggler asked to stop", "ShutdownEnded { running: 1 }"];
    assert_eq!(lines.of_loop(&["PoolClosed", "asked", "Shutdown"]), expected);
    drop(release);
    assert!(ended.recv().is_err());
}

#[test]
fn a_read_that_waits_is_recorded_from_its_first_try_to_its_event() {
    let lines = recorded_by(Runtime::builder(), |runtime| {
        runtime.block_on(async {
            let (mut reader, mut writer) = UnixStream::pair().unwrap();
            let reads = aside::named("reads").spawn(async move {
                let mut byte = [0];
                reader.read_exact(&mut byte).await.unwrap();
            });
            aside::yield_now().await;
            writer.write_all(b"x").await.unwrap();
            reads.await.unwrap();
        });
    });
    let of_reader = lines.of_loop(&["source 0", "reads"]);
    let begin = [
        "source 0 registered",
        "reads spawned",
        "reads polled",
        "source 0 cleared: Read",
        "source 0 awaited: Read",
        "reads pending",
    ];
    assert_eq!(of_reader[..begin.len()], begin);
    let end = ["reads woken, queued", "reads polled", "source 0 closed", "reads ready"];
    let woken = of_reader.iter().position(|line| line.contains("woken")).unwrap();
    assert_eq!(of_reader[woken..woken + end.len()], end);
    let is_read = |line: &&str| line.starts_with("source 0 ready: read");
    assert!(of_reader[begin.len()..woken].iter().any(is_read), "{of_reader:#?}");
}
