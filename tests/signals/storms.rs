//! Storms of signals, sent by this process and by another (P16).

use std::process::{Command, Stdio, id};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use aside::net::UnixStream;
use aside::observe::Counters;
use aside::signal::{Signal, Signals};
use aside::{Runtime, sleep, spawn};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use runtime_core::sync::Mutex;
use rustix::event::{PollFd, PollFlags, poll};

use super::{is_empty, raise};
use crate::watchdog::watched;

const STORM: u32 = 10_000;

/// The lock that each counting test holds. A storm interrupts all threads of the process, so two
/// such tests would disturb each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A real-time signal, which has no name.
fn realtime(number: i32) -> Signal {
    Signal::try_from(number).unwrap()
}

#[test]
fn the_last_signal_of_a_storm_is_always_received() {
    watched(|| {
        aside::run(async {
            let signal = realtime(40);
            let mut signals = Signals::new([signal]).unwrap();
            let sent = Arc::new(AtomicU32::new(0));
            let counter = Arc::clone(&sent);
            let storm = thread::spawn(move || {
                for _ in 0..STORM {
                    counter.fetch_add(1, Ordering::AcqRel);
                    raise(signal);
                }
            });
            // If the last signal were lost, this loop would not end.
            while sent.load(Ordering::Acquire) < STORM {
                assert_eq!(signals.recv().await.unwrap(), signal);
            }
            storm.join().unwrap();
            let _last = futures_lite::future::poll_once(signals.recv()).await;
            assert!(is_empty(&mut signals).await);
        });
    });
}

#[test]
fn no_signal_is_lost_when_each_is_awaited() {
    watched(|| {
        // The jobs raise signals for their own threads.
        let runtime = Runtime::builder().inherit_signals(true).build();
        runtime.block_on(async {
            let (signal, answer) = (realtime(41), realtime(42));
            let mut signals = Signals::new([signal]).unwrap();
            let mut answers = Signals::new([answer]).unwrap();
            let count = 2000;
            let player = spawn(async move {
                for _ in 0..count {
                    signals.recv().await.unwrap();
                    aside::spawn_blocking(move || raise(answer)).await.unwrap();
                }
            });
            for _ in 0..count {
                aside::spawn_blocking(move || raise(signal)).await.unwrap();
                answers.recv().await.unwrap();
            }
            player.await.unwrap();
        });
    });
}

/// Starts a shell that sends this process the first signal [`STORM`] times, and the second once.
fn storm_from_outside(signal: Signal, last: Signal) -> std::process::Child {
    let script = format!(
        "i=0; while [ $i -lt {STORM} ]; do kill -{} {id}; i=$((i+1)); done; kill -{} {id}",
        signal.number(),
        last.number(),
        id = id()
    );
    Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).spawn().unwrap()
}

/// Exchanges messages with a task that echoes them, and counts the rounds, until it is dropped.
async fn ping_pong(rounds: Arc<AtomicU32>) {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let echo = spawn(async move {
        let mut buffer = [0; 512];
        while far.read_exact(&mut buffer).await.is_ok() {
            far.write_all(&buffer).await.unwrap();
        }
    });
    let mut received = [0; 512];
    for round in 0.. {
        near.write_all(&[round as u8; 512]).await.unwrap();
        near.read_exact(&mut received).await.unwrap();
        assert!(received == [round as u8; 512]);
        rounds.store(round + 1, Ordering::Relaxed);
    }
    drop(echo);
}

// P16. The storm interrupts the loop while it polls tasks, reads sockets and sleeps.
#[test]
fn a_storm_from_outside_disturbs_no_task_and_spins_no_loop() {
    watched(|| {
        let _alone = ONE_AT_A_TIME.lock();
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        let (signal, last) = (realtime(43), realtime(44));
        let rounds = Arc::new(AtomicU32::new(0));
        let ticks = Arc::new(AtomicU32::new(0));
        runtime.block_on(async {
            let mut signals = Signals::new([signal, last]).unwrap();
            let mut storm = storm_from_outside(signal, last);
            let exchanging = spawn(ping_pong(Arc::clone(&rounds))).abort_on_drop();
            let counted = Arc::clone(&ticks);
            let ticking = spawn(async move {
                loop {
                    sleep(Duration::from_micros(100)).await;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            })
            .abort_on_drop();
            let mut received = 0;
            while signals.recv().await.unwrap() == signal {
                received += 1;
            }
            drop((exchanging, ticking));
            assert!((1..=STORM).contains(&received), "{received}");
            aside::spawn_blocking(move || assert!(storm.wait().unwrap().success())).await.unwrap();
        });
        let (rounds, ticks) = (rounds.load(Ordering::Relaxed), ticks.load(Ordering::Relaxed));
        assert!(rounds > 0 && ticks > 0);
        // The handler of a signal sets a flag and writes a byte to a pipe. Each of the two may wake
        // the signal's task. In a round of the ping-pong, each of the two tasks waits twice.
        let bound = u64::from(2 * STORM + 4 * rounds + 2 * ticks + 100);
        assert!(counters.polls() <= bound, "{} of {bound}", counters.polls());
        assert!(counters.parks() <= bound, "{} of {bound}", counters.parks());
    });
}

#[test]
fn a_sleeping_loop_is_woken_at_most_twice_by_a_signal_and_is_idle_after_it() {
    watched(|| {
        let _alone = ONE_AT_A_TIME.lock();
        let counters = Counters::default();
        let runtime = Runtime::builder().observer(counters.clone()).build();
        let (signal, last) = (realtime(45), realtime(46));
        runtime.block_on(async {
            let mut signals = Signals::new([signal, last]).unwrap();
            let mut storm = storm_from_outside(signal, last);
            while signals.recv().await.unwrap() == signal {}
            storm.wait().unwrap();
            // The kernel may still deliver signals of the storm after the last one. When all are
            // delivered, the runtime is idle. If the runtime spins, this loop does not end.
            loop {
                let (polls, parks) = (counters.polls(), counters.parks());
                for _ in 0..20 {
                    sleep(Duration::from_millis(1)).await;
                }
                let empty = is_empty(&mut signals).await;
                if empty && counters.polls() - polls <= 40 && counters.parks() - parks <= 60 {
                    break;
                }
            }
            let parks = counters.parks();
            assert!(parks <= u64::from(2 * STORM + 1000), "{parks}");
        });
    });
}

// P104. Signals go to the threads of the program, so none interrupts a blocking call of a job.
// `poll` is never restarted: it returns EINTR after any handler.
#[test]
fn a_storm_interrupts_no_job() {
    watched(|| {
        let _alone = ONE_AT_A_TIME.lock();
        aside::run(async {
            let (signal, last) = (realtime(47), realtime(48));
            let mut signals = Signals::new([signal, last]).unwrap();
            let (reader, writer) = std::io::pipe().unwrap();
            let reader = Arc::new(reader);
            let jobs: Vec<_> = (0..4)
                .map(|_| {
                    let reader = Arc::clone(&reader);
                    aside::spawn_blocking(move || {
                        poll(&mut [PollFd::new(&*reader, PollFlags::IN)], None)
                    })
                })
                .collect();
            let mut storm = storm_from_outside(signal, last);
            while signals.recv().await.unwrap() == signal {}
            storm.wait().unwrap();
            drop(writer);
            for job in jobs {
                assert_eq!(job.await.unwrap(), Ok(1), "the pipe has no writer any more");
            }
        });
    });
}
