//! Runtimes and pools whose threads spin before they park. A spin may take an hour here, so a spin
//! that should have ended, or should not have begun, is a test that hangs.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use aside::blocking::{Pool, Shutdown};
use aside::observe::Observer;
use aside::time::Clock;
use aside::{Builder, Runtime, sleep, spawn_blocking};

use crate::watchdog::watched;

const HOUR: Duration = Duration::from_secs(3600);
const CALLS: usize = 100;

/// Reports each park of a loop.
struct Parks(Sender<()>);

impl Observer for Parks {
    fn parked(&self, _deadline: Option<Instant>) {
        let _ = self.0.send(());
    }
}

/// A loop that spins for an hour, and the reports of its parks.
fn spinning(builder: Builder) -> (Runtime, Receiver<()>) {
    let (sender, parks) = channel();
    (builder.spin_before_park(HOUR).observer(Parks(sender)).build(), parks)
}

/// Is woken by another thread, once the loop has parked.
async fn woken_after_a_park(parks: Receiver<()>) {
    let woken = Arc::new(AtomicBool::new(false));
    let mut parks = Some(parks);
    poll_fn(|cx| {
        if let Some(parks) = parks.take() {
            let (woken, waker) = (Arc::clone(&woken), cx.waker().clone());
            std::thread::spawn(move || {
                parks.recv().unwrap();
                woken.store(true, Ordering::Release);
                waker.wake();
            });
        }
        if woken.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn a_loop_that_spins_seldom_parks_between_calls() {
    watched(|| {
        let (runtime, parks) = spinning(Runtime::builder());
        let sum = runtime.block_on(async {
            let mut sum = 0;
            for call in 0..CALLS {
                sum += spawn_blocking(move || call).await.unwrap();
            }
            sum
        });
        assert_eq!(sum, CALLS * (CALLS - 1) / 2);
        let parks = parks.try_iter().count();
        let has_two_cores = available_parallelism().unwrap().get() > 1;
        // A call may end between a look and the check of the count: then the park returns at once.
        assert!(!has_two_cores || parks < CALLS / 2, "{parks} parks in {CALLS} calls");
    });
}

#[test]
fn a_loop_without_a_call_parks() {
    watched(|| {
        let (runtime, parks) = spinning(Runtime::builder());
        runtime.block_on(woken_after_a_park(parks));
    });
}

#[test]
fn a_spin_ends_with_the_last_call() {
    watched(|| {
        let (runtime, parks) = spinning(Runtime::builder());
        runtime.block_on(async {
            let (begin, begins) = channel();
            spawn_blocking(move || begins.recv()).detach();
            begin.send(()).unwrap();
            woken_after_a_park(parks).await;
        });
    });
}

#[test]
fn a_turn_of_a_host_does_not_spin() {
    watched(|| {
        let (runtime, parks) = spinning(Runtime::builder());
        let job = runtime.handle().spawn_blocking(move || parks.recv().unwrap());
        let task = runtime.spawn(job);
        while runtime.task_count() > 0 {
            let _ = runtime.turn(HOUR);
        }
        assert!(task.is_finished());
    });
}

#[test]
fn a_loop_with_a_virtual_clock_does_not_spin() {
    watched(|| {
        let (runtime, parks) = spinning(Runtime::builder().clock(Clock::virtual_time()));
        runtime.block_on(async { spawn_blocking(move || parks.recv().unwrap()).await.unwrap() });
    });
}

#[test]
fn timers_fire_during_a_spin() {
    watched(|| {
        let (runtime, _parks) = spinning(Runtime::builder());
        runtime.block_on(async {
            let (fired, fires) = channel();
            let job = spawn_blocking(move || fires.recv());
            sleep(Duration::from_millis(1)).await;
            fired.send(()).unwrap();
            job.await.unwrap().unwrap();
        });
    });
}

#[cfg(all(feature = "net", unix))]
#[test]
fn events_of_sockets_arrive_during_a_spin() {
    use aside::net::TcpListener;
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    watched(|| {
        let (runtime, _parks) = spinning(Runtime::builder());
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = spawn_blocking(move || {
                use std::io::{Read, Write};

                let mut stream = std::net::TcpStream::connect(address).unwrap();
                let mut bytes = [7];
                stream.write_all(&bytes).unwrap();
                stream.read_exact(&mut bytes).unwrap();
                bytes
            });
            let (mut stream, _peer) = listener.accept().await.unwrap();
            let mut bytes = [0];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            assert_eq!(client.await.unwrap(), [7]);
        });
    });
}

/// The number of times that the current thread has gone to sleep, by the kernel's count.
#[cfg(target_os = "linux")]
fn sleeps() -> usize {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    sleeps.unwrap().trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_spins_seldom_sleeps_between_jobs() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).cores(2).spin_before_park(HOUR).build();
        aside::run(async {
            let before = pool.submit(sleeps).unwrap().await.unwrap();
            for _ in 0..CALLS {
                pool.submit(|| ()).unwrap().await.unwrap();
            }
            let slept = pool.submit(sleeps).unwrap().await.unwrap() - before;
            assert!(slept < CALLS / 2, "the worker slept {slept} times in {CALLS} jobs");
        });
    });
}

#[test]
fn a_shutdown_ends_the_spin_of_a_worker() {
    watched(|| {
        let pool = Pool::builder().cores(2).spin_before_park(HOUR).build();
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..4 {
            let ran = Arc::clone(&ran);
            pool.submit(move || ran.fetch_add(1, Ordering::Relaxed)).unwrap().detach();
        }
        let report = pool.shutdown(Shutdown::Wait);
        assert_eq!(ran.load(Ordering::Relaxed) + report.cancelled.len(), 4);
        assert_eq!(pool.stats().threads, 0);
    });
}
