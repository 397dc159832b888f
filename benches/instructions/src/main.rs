//! `instructions PATH COUNT` runs a path COUNT times, so that callgrind can count its instructions.
//! The script `count` of this package runs each path with two values of COUNT and subtracts the
//! results.

use std::future::poll_fn;
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream};
use aside::observe::PollTimes;
use futures_io::{AsyncRead, AsyncWrite};

/// A path: its name, and a function that runs the path the given number of times.
type NamedPath = (&'static str, fn(usize));

const PATHS: [NamedPath; 10] = [
    ("spawn-and-join", spawn_and_join),
    ("local-wake", local_wake),
    ("remote-wake", remote_wake),
    ("gather-1000", gather_1000),
    ("timer-set-and-drop", timer_set_and_drop),
    ("blocking-round-trip", blocking_round_trip),
    ("tcp-echo", tcp_echo),
    ("local-wake-timed", local_wake_timed),
    ("task-list-1000", task_list_1000),
    ("make-and-drop", make_and_drop),
];

/// The paths of a build with the feature `record`: five events for each operation.
#[cfg(feature = "record")]
const RECORDED: &[NamedPath] = &[
    ("local-wake-stopped", |count| local_wake_with(count, aside::observe::Trace::stop)),
    ("local-wake-recorded", |count| local_wake_with(count, aside::observe::Trace::start)),
];
#[cfg(not(feature = "record"))]
const RECORDED: &[NamedPath] = &[];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let all = || PATHS.iter().chain(RECORDED);
    let path = |name| all().find(|(path, _)| *path == name);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => all().for_each(|(name, _)| println!("{name}")),
        [name, count] => match (path(name), count.parse()) {
            (Some((_, go)), Ok(count)) => go(count),
            (None, _) | (_, Err(_)) => return ExitCode::FAILURE,
        },
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

/// Runs `main` as a task.
fn in_task(main: impl Future<Output = ()> + 'static) {
    aside::run(async { aside::spawn(main).await.expect("the task ends well") });
}

/// Spawns a task that is ready at its first poll, and awaits it.
fn spawn_and_join(count: usize) {
    in_task(async move {
        for n in 0..count {
            let task = aside::spawn(async move { black_box(n) });
            black_box(task.await.is_ok());
        }
    });
}

/// Makes a runtime that runs nothing.
fn make_and_drop(count: usize) {
    for _ in 0..count {
        drop(black_box(aside::Runtime::new()));
    }
}

/// A task wakes itself, and is polled in the next turn.
fn local_wake(count: usize) {
    in_task(async move {
        for _ in 0..count {
            aside::yield_now().await;
        }
    });
}

/// A task wakes itself on a runtime with a trace.
#[cfg(feature = "record")]
fn local_wake_with(count: usize, switch: fn(&aside::observe::Trace)) {
    let trace = aside::observe::Trace::new();
    switch(&trace);
    let runtime = aside::Runtime::builder().record(&trace).build();
    let yields = runtime.spawn(async move {
        for _ in 0..count {
            aside::yield_now().await;
        }
    });
    runtime.block_on(yields).expect("the task ends well");
}

/// As `local_wake`, in a runtime whose observer counts the polls of each task.
fn local_wake_timed(count: usize) {
    let runtime = aside::Runtime::builder().observer(PollTimes::new()).build();
    let yields = runtime.spawn(async move {
        for _ in 0..count {
            aside::yield_now().await;
        }
    });
    runtime.block_on(yields).expect("the task ends well");
}

/// A list of a thousand tasks: half of them sleep, and the others wait for two sleeps in a group.
fn task_list_1000(count: usize) {
    const LONG: Duration = Duration::from_secs(3600);
    in_task(async move {
        for _ in 0..500 {
            aside::spawn(aside::sleep(LONG)).detach();
            aside::spawn(aside::gather((aside::sleep(LONG), aside::sleep(LONG)))).detach();
        }
        aside::yield_now().await;
        let runtime = aside::Handle::current();
        for _ in 0..count {
            black_box(runtime.tasks().await.is_ok_and(|list| list.len() > 1000));
        }
    });
}

/// A task is woken from outside its loop, through the inbox, and polled in the next turn. The loop
/// is turned by hand on this same thread, so that the count is exact.
fn remote_wake(count: usize) {
    let runtime = aside::Runtime::new();
    let (send, receive) = mpsc::channel();
    let _task = runtime.spawn(poll_fn(move |cx| {
        let _ = send.send(cx.waker().clone());
        Poll::<()>::Pending
    }));
    runtime.turn(Duration::ZERO);
    for _ in 0..count {
        receive.recv().expect("the task was polled").wake();
        runtime.turn(Duration::ZERO);
    }
}

/// A thousand futures in one task, each of which yields once.
fn gather_1000(count: usize) {
    in_task(async move {
        for _ in 0..count {
            let children = (0..1000).map(|child| async move {
                aside::yield_now().await;
                child
            });
            black_box(aside::gather(children).await);
        }
    });
}

/// A timer that is set, polled once, and dropped long before its time.
fn timer_set_and_drop(count: usize) {
    in_task(async move {
        for _ in 0..count {
            let mut sleep = pin!(aside::sleep(Duration::from_secs(60)));
            poll_fn(|cx| Poll::Ready(black_box(sleep.as_mut().poll(cx).is_pending()))).await;
        }
    });
}

/// 64 bytes over TCP and back, between two tasks of one loop. Each task waits, is woken by an
/// event, reads and writes. The work of the kernel is not counted.
fn tcp_echo(count: usize) {
    let echoed: io::Result<()> = aside::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let near = TcpStream::connect(listener.local_addr()?).await?;
        let (far, _address) = listener.accept().await?;
        aside::spawn(echo(far)).detach();
        let mut client = pin!(near);
        let mut buffer = [0; BUFFER];
        for _ in 0..count {
            poll_fn(|cx| client.as_mut().poll_write(cx, &[7; 64])).await?;
            black_box(poll_fn(|cx| client.as_mut().poll_read(cx, &mut buffer)).await?);
        }
        Ok(())
    });
    echoed.expect("the connection stays");
}

const BUFFER: usize = 1_024;

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut stream = pin!(stream);
    let mut buffer = [0; BUFFER];
    loop {
        let count = poll_fn(|cx| stream.as_mut().poll_read(cx, &mut buffer)).await?;
        if count == 0 {
            return Ok(());
        }
        poll_fn(|cx| stream.as_mut().poll_write(cx, &buffer[..count])).await?;
    }
}

/// A pause that is long enough for another thread to fall asleep, even under callgrind.
const PAUSE: Duration = Duration::from_millis(2);

/// A job on the pool, awaited. The instructions of both threads count. The pool has one worker.
/// Each thread pauses before it notifies the other thread, so that the other thread is asleep.
/// Without the pauses, the figure would depend on which thread is faster.
fn blocking_round_trip(count: usize) {
    let runtime = aside::Runtime::builder().threads_max(1).build();
    let calls = runtime.spawn(async move {
        for n in 0..count {
            let job = aside::spawn_blocking(move || {
                thread::sleep(PAUSE);
                black_box(n)
            });
            black_box(job.await.is_ok());
            thread::sleep(PAUSE);
        }
    });
    black_box(runtime.block_on(calls).is_ok());
}
