//! Replays of the loop alone. Their events have a fixed order.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use aside::{named, sleep, timeout, try_gather};

use crate::{EventOrder, Replay, count, find, page, record_virtual};

pub(crate) fn blocked_loop() -> Replay {
    let mut document = page(
        "A blocked loop",
        "The task `heartbeat` sleeps for a second, three times. The task `import` blocks for five \
         seconds inside one poll. No timer can fire meanwhile, so the second beat is late. Press A \
         for the timeline by time.",
    );
    record_virtual(
        &mut document,
        "a blocked loop",
        |builder| builder,
        |runtime, clock| {
            runtime.block_on(async {
                let heartbeat = named("heartbeat").spawn(async {
                    for _ in 0..3 {
                        sleep(Duration::from_secs(1)).await;
                    }
                });
                let clock = clock.clone();
                let import = named("import").spawn(async move {
                    sleep(Duration::from_millis(1_500)).await;
                    clock.advance_to(clock.now() + Duration::from_secs(5));
                });
                try_gather((heartbeat, import)).await.unwrap();
            });
        },
    );
    assert_eq!(document.runs[0].frames.last().unwrap().time, 7_500_000_000);
    let frames = &document.runs[0].frames;
    let late = frames.iter().position(|frame| frame.time == 6_500_000_000).unwrap() + 1;
    let looks = vec![
        ("the loop parks until the first deadline", find(&document, "Parked", "")),
        ("the poll of `import` ends at 6.5 s: it has held the loop for five seconds", late),
    ];
    Replay { file: "blocked-loop", order: EventOrder::Fixed, document, looks }
}

pub(crate) fn elided_wake() -> Replay {
    let mut document = page(
        "An elided wake",
        "Two threads add to a total and wake the task `sum`, while the loop is busy. The first \
         wake posts a message. The second wake finds the flag `posted` set and sends nothing: its \
         write to the flag is its only trace. The loop clears the flag by a swap, which reads that \
         write, so the next poll sees both additions.",
    );
    let total = Arc::new(AtomicUsize::new(0));
    record_virtual(
        &mut document,
        "an elided wake",
        |builder| builder,
        |runtime, _clock| {
            let shared = Arc::clone(&total);
            let mut polls = 0;
            let sum = poll_fn(move |cx| {
                polls += 1;
                if polls == 2 {
                    return Poll::Ready(shared.load(Ordering::Relaxed));
                }
                for part in [20, 22] {
                    let (waker, shared) = (cx.waker().clone(), Arc::clone(&shared));
                    let adds = move || {
                        shared.fetch_add(part, Ordering::Relaxed);
                        waker.wake_by_ref();
                    };
                    thread::spawn(adds).join().unwrap();
                }
                Poll::Pending
            });
            assert_eq!(runtime.block_on(async { named("sum").spawn(sum).await.unwrap() }), 42);
        },
    );
    let looks = vec![
        ("the first wake posts a message", find(&document, "Woken", "posts a message")),
        ("the second wake is elided", find(&document, "Woken", "already")),
        ("the loop receives the one message", find(&document, "MessageReceived", "")),
    ];
    Replay { file: "elided-wake", order: EventOrder::Fixed, document, looks }
}

pub(crate) fn timer_storm() -> Replay {
    let mut document = page(
        "A timer storm",
        "Twelve tasks sleep for different times, each of them under a timeout. Every third timeout \
         is too short. The heap holds the earliest deadline on top; a timer that is dropped leaves \
         it at once. The loop parks until the next deadline, and never wakes in between.",
    );
    record_virtual(
        &mut document,
        "a timer storm",
        |builder| builder,
        |runtime, _clock| {
            runtime.block_on(async {
                let nap = |number: u64| {
                    let length = Duration::from_millis(10 + (number * 7) % 12 * 10);
                    let limit = if number.is_multiple_of(3) { length / 2 } else { length * 4 };
                    named(format!("nap {number}")).spawn(timeout(limit, sleep(length)))
                };
                let naps: Vec<_> = (1..=12).map(nap).collect();
                let mut late = 0;
                for nap in naps {
                    late += usize::from(nap.await.unwrap().is_err());
                }
                assert_eq!(late, 4);
            });
        },
    );
    assert_eq!(count(&document.runs[0], "TimerSet"), 24);
    assert_eq!(count(&document.runs[0], "TimerFired"), 12);
    assert_eq!(count(&document.runs[0], "TimerDropped"), 12);
    let looks = vec![
        ("the first timers enter the heap", find(&document, "TimerSet", "")),
        (
            "all tasks wait: the loop parks until the earliest deadline",
            find(&document, "Parked", ""),
        ),
        ("a nap is over, and drops the timer of its timeout", find(&document, "TimerDropped", "")),
    ];
    Replay { file: "timer-storm", order: EventOrder::Fixed, document, looks }
}
