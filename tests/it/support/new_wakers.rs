//! Polls with a new waker at each poll, as some combinators do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aside::sleep;

/// A waker that counts its wakes.
#[derive(Default)]
struct CountingWake(AtomicUsize);

impl CountingWake {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWake {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The number of polls, each with a waker of its own.
const POLLS: usize = 50;

/// Polls an idle leaf with many wakers. A task that is polled in this way would be polled again by
/// each wake, and the next poll would replace the next waker. So no waker may be woken until the
/// leaf is ready, and then only the last one may be.
pub(crate) async fn assert_only_the_last_waker_is_woken<T>(
    leaf: &str,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    make_ready: impl FnOnce(),
) {
    let counts: Vec<_> = (0..POLLS).map(|_| Arc::new(CountingWake::default())).collect();
    for count in &counts {
        let waker = Waker::from(Arc::clone(count));
        assert!(poll(&mut Context::from_waker(&waker)).is_pending(), "{leaf} is idle");
    }
    // The loop delivers what is pending.
    sleep(Duration::from_millis(2)).await;
    let woken = counts.iter().filter(|count| count.get() > 0).count();
    assert_eq!(woken, 0, "{leaf}: wakers that were woken although it is idle");
    make_ready();
    let (last, replaced) = counts.split_last().expect("it was polled");
    while last.get() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let woken = replaced.iter().filter(|count| count.get() > 0).count();
    assert_eq!(woken, 0, "{leaf}: replaced wakers that were woken");
    // A group may need one poll for its child and another one for its body.
    while poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Like [`assert_only_the_last_waker_is_woken`], for a future.
pub(crate) async fn assert_future_keeps_the_last_waker<T>(
    leaf: &str,
    future: impl Future<Output = T>,
    make_ready: impl FnOnce(),
) {
    let mut future = Box::pin(future);
    assert_only_the_last_waker_is_woken(leaf, |cx| future.as_mut().poll(cx), make_ready).await;
}
