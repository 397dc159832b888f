//! Futures, wakers and destructors that the tests control.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::sync::atomic::{AtomicUsize, Ordering};

/// A task that no executor runs. Its waker counts the wakes.
#[derive(Default)]
pub(super) struct Task {
    wakes: AtomicUsize,
}

impl Task {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Returns the number of wakes since the last call.
    pub(super) fn take_wakes(&self) -> usize {
        self.wakes.swap(0, Ordering::AcqRel)
    }

    pub(super) fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker()))
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::AcqRel);
    }
}

/// Polls a future as long as it is woken; fails if it is pending without a wake.
pub(super) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let task = Task::new();
    loop {
        if let Poll::Ready(output) = task.poll(future.as_mut()) {
            return output;
        }
        assert!(task.take_wakes() > 0, "the future is pending without a wake");
    }
}

/// A gate that children wait for. It records their polls and drops.
pub(super) struct Gate<T> {
    inside: Rc<Inside<T>>,
}

struct Inside<T> {
    output: Cell<Option<T>>,
    waker: RefCell<Option<Waker>>,
    polls: Cell<usize>,
    drops: Cell<usize>,
}

/// A child that is ready once its gate has opened.
pub(super) struct Wait<T> {
    inside: Rc<Inside<T>>,
}

impl<T> Gate<T> {
    pub(super) fn new() -> Self {
        let inside = Inside {
            output: Cell::new(None),
            waker: RefCell::default(),
            polls: Cell::default(),
            drops: Cell::default(),
        };
        Self { inside: Rc::new(inside) }
    }

    pub(super) fn many(count: usize) -> Vec<Self> {
        (0..count).map(|_| Self::new()).collect()
    }

    pub(super) fn wait(&self) -> Wait<T> {
        Wait { inside: Rc::clone(&self.inside) }
    }

    /// Opens the gate, and wakes the child if it has been polled.
    pub(super) fn open(&self, output: T) {
        self.inside.output.set(Some(output));
        self.wake();
    }

    pub(super) fn wake(&self) {
        let waker = self.waker();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns the waker of the child's last poll.
    pub(super) fn waker(&self) -> Option<Waker> {
        self.inside.waker.borrow().clone()
    }

    pub(super) fn polls(&self) -> usize {
        self.inside.polls.get()
    }

    /// Returns the number of the gate's children that have been dropped.
    pub(super) fn drops(&self) -> usize {
        self.inside.drops.get()
    }
}

impl<T> Future for Wait<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let inside = &self.inside;
        inside.polls.set(inside.polls.get() + 1);
        match inside.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                *inside.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Wait<T> {
    fn drop(&mut self) {
        self.inside.drops.set(self.inside.drops.get() + 1);
    }
}

/// Yields this many times: each time it wakes its own task and returns pending.
pub(super) async fn yields(times: usize) {
    for _ in 0..times {
        let mut yielded = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// A value that panics when it is dropped.
pub(super) struct Bomb(pub(super) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// A child that is ready at once, and whose destructor panics.
pub(super) struct Fuse<T> {
    output: Option<T>,
    _bomb: Bomb,
}

impl<T> Fuse<T> {
    pub(super) fn new(output: T) -> Self {
        Self { output: Some(output), _bomb: Bomb("the fuse burnt") }
    }
}

impl<T: Unpin> Future for Fuse<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<T> {
        self.output.take().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Runs a closure that must panic, and returns the message of the panic.
pub(super) fn panic_of<T>(act: impl FnOnce() -> T) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(act)) {
        Ok(_) => panic!("this was to panic, and did not"),
        Err(payload) => payload,
    };
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("the payload is a message")
}
