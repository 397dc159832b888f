//! Random programs on the real runtime: their traces break no rule of the reducer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::net::UnixStream;
use aside::observe::{Recording, Trace};
use aside::time::Clock;
use aside::{JoinHandle, Runtime, sleep, spawn, spawn_blocking, yield_now};
use aside_trace::Reducer;
use futures_lite::future::zip;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

/// Fails with the first broken rule, and the events before it.
pub(crate) fn assert_legal(recording: &Recording) {
    let mut reducer = Reducer::new(recording);
    for (index, event) in recording.events.iter().enumerate() {
        reducer.apply(event);
        if let Some(violation) = reducer.violations().first() {
            let before = &recording.events[index.saturating_sub(40)..=index];
            let lines: Vec<String> = before
                .iter()
                .map(|event| format!("{} thread {} {:?}", event.seq, event.thread, event.event))
                .collect();
            panic!("{violation}\n{}", lines.join("\n"));
        }
    }
    let queued = reducer.state().queued_jobs().count();
    assert_eq!(queued, 0, "the runtime has shut down");
}

/// Wakes tasks on threads of their own, in random order.
fn wake_elsewhere(random: &mut fastrand::Rng, threads: &[mpsc::Sender<Waker>], waker: &Waker) {
    for _ in 0..random.usize(1..4) {
        let thread = random.usize(..threads.len());
        threads[thread].send(waker.clone()).expect("the thread receives");
    }
}

type Shared = Rc<RefCell<fastrand::Rng>>;

fn choose(random: &Shared, count: u32) -> u32 {
    random.borrow_mut().u32(..count)
}

/// One step of a random task.
async fn act(random: &Shared, threads: &[mpsc::Sender<Waker>]) {
    match choose(random, 8) {
        0 => yield_now().await,
        1 => sleep(Duration::from_micros(choose(random, 200).into())).await,
        2 => {
            let rounds = choose(random, 50);
            spawn_blocking(move || (0..rounds).sum::<u32>()).await.expect("the job runs");
        }
        3 => {
            let handle = spawn_blocking(|| {});
            if choose(random, 2) == 0 {
                handle.abort();
            }
            drop(handle.await);
        }
        4 => {
            let mut is_first = true;
            poll_fn(|cx| {
                if std::mem::replace(&mut is_first, false) {
                    wake_elsewhere(&mut random.borrow_mut(), threads, cx.waker());
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
        }
        5 => {
            let mut is_first = true;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        }
        6 => {
            let (mut reader, mut writer) = UnixStream::pair().expect("there are descriptors");
            let mut buffer = [0; 3];
            let write = async { writer.write_all(b"abc").await };
            let (read, written) = zip(reader.read_exact(&mut buffer), write).await;
            read.and(written).expect("the pair is connected");
        }
        _ => drop(spawn(yield_now()).await),
    }
}

fn random_task(
    random: &Shared,
    threads: &Rc<Vec<mpsc::Sender<Waker>>>,
    depth: u32,
) -> JoinHandle<()> {
    let (random, threads) = (Rc::clone(random), Rc::clone(threads));
    spawn(async move {
        let mut children = Vec::new();
        for _ in 0..choose(&random, 8) {
            act(&random, &threads).await;
            if depth > 0 && choose(&random, 2) == 0 {
                children.push(random_task(&random, &threads, depth - 1));
            }
        }
        for child in children {
            match choose(&random, 3) {
                0 => child.abort(),
                1 => child.detach(),
                _ => drop(child.await),
            }
        }
    })
}

fn run_random(seed: u64, trace: &Trace) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut builder = Runtime::builder().record(trace);
    if random.bool() {
        builder = builder.clock(Clock::virtual_time());
    }
    if random.bool() {
        builder = builder.seed(seed);
    }
    let runtime = builder.build();
    thread::scope(|scope| {
        let wakers = (0..2).map(|_| {
            let (sender, receiver) = mpsc::channel::<Waker>();
            scope.spawn(move || receiver.iter().for_each(Waker::wake));
            sender
        });
        let threads = Rc::new(wakers.collect::<Vec<_>>());
        let random = Rc::new(RefCell::new(random));
        for _ in 0..3 {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..6).map(|_| random_task(&random, &threads, 2)).collect();
                for task in tasks.into_iter().take(choose(&random, 7) as usize) {
                    drop(task.await);
                }
            });
            let _ = runtime.turn(Duration::ZERO);
        }
        let handle = runtime.handle();
        scope.spawn(move || handle.spawn(async { 1 }).detach());
        drop(runtime.shutdown(Shutdown::Wait));
    });
}

#[test]
fn random_programs_break_no_rule() {
    for seed in 0..60 {
        let trace = Trace::new();
        run_random(seed, &trace);
        let recording = trace.recording();
        assert!(recording.is_whole(), "seed {seed}: {} events are lost", recording.lost());
        assert!(recording.events.len() > 100, "seed {seed}: the program does something");
        assert_legal(&recording);
    }
}

#[test]
fn a_ring_that_overflows_breaks_no_rule() {
    for seed in 0..30 {
        let trace = Trace::with_capacity(64);
        run_random(seed, &trace);
        let recording = trace.recording();
        assert!(recording.lost() > 0, "seed {seed}: the ring overflows");
        assert_legal(&recording);
    }
}
