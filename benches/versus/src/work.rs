//! The work for all runtimes: the same futures for each of them.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use runtime_core::sync::Mutex;

/// Returns a random number that depends only on `n`, by the finalizer of SplitMix64.
pub fn random(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// Yields once. All runtimes use this `yield_now`.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A slot for one value, which any thread sends to one task.
#[derive(Debug)]
pub struct Slot<T>(Mutex<(Option<T>, Option<Waker>)>);

impl<T> Slot<T> {
    /// Makes an empty slot.
    pub fn new() -> Arc<Slot<T>> {
        Arc::new(Slot(Mutex::new((None, None))))
    }

    /// Stores a value, replaces an older one, and wakes the waiting task.
    pub fn put(&self, value: T) {
        let mut state = self.0.lock();
        state.0 = Some(value);
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for a value, and takes it.
    pub fn take(&self) -> Take<'_, T> {
        Take(self)
    }
}

/// The future of [`Slot::take`].
#[derive(Debug)]
pub struct Take<'a, T>(&'a Slot<T>);

impl<T> Future for Take<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.0.lock();
        match state.0.take() {
            Some(value) => Poll::Ready(value),
            None => {
                state.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A counter that many threads decrement, and that wakes one task at 0.
#[derive(Debug)]
pub struct Latch {
    left: AtomicUsize,
    open: Arc<Slot<()>>,
}

impl Latch {
    /// Makes a latch that opens after this many decrements.
    pub fn new(count: usize) -> Arc<Latch> {
        Arc::new(Latch { left: AtomicUsize::new(count), open: Slot::new() })
    }

    /// Closes the latch again. No thread may decrement the counter during this call.
    pub fn reset(&self, count: usize) {
        // ORDERING: Relaxed. A lock orders this store before the next decrement.
        self.left.store(count, Ordering::Relaxed);
    }

    /// Decrements the counter.
    pub fn count_down(&self) {
        // ORDERING: AcqRel. The thread that reaches 0 has seen the writes of all others.
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.open.put(());
        }
    }

    /// Waits until the latch is open.
    pub async fn opened(&self) {
        self.open.take().await;
    }
}

/// Polls a future once.
pub async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// A thread that runs the closures sent to it, one after the other, and sleeps in between.
pub struct Helper {
    orders: Arc<Mutex<VecDeque<Order>>>,
    thread: Thread,
}

type Order = Box<dyn FnOnce() + Send>;

impl Helper {
    /// Starts the thread, which stays until the process ends.
    pub fn start() -> Helper {
        let orders = Arc::new(Mutex::new(VecDeque::<Order>::new()));
        let inbox = Arc::clone(&orders);
        let joined = thread::spawn(move || {
            loop {
                let order = inbox.lock().pop_front();
                match order {
                    Some(order) => order(),
                    None => thread::park(),
                }
            }
        });
        Helper { orders, thread: joined.thread().clone() }
    }

    /// Sends a closure to the thread.
    pub fn send(&self, order: impl FnOnce() + Send + 'static) {
        self.orders.lock().push_back(Box::new(order));
        self.thread.unpark();
    }
}

impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper").finish_non_exhaustive()
    }
}
