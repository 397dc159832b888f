//! Starts and joins threads of a model, and blocks on a future.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_core::park::Parker;
use runtime_core::sync::thread::{self, JoinHandle};

/// Starts a thread of a model.
#[track_caller]
pub(crate) fn spawn(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn("other".to_owned(), None, body).expect("no start is refused")
}

/// Waits for a thread to end.
#[track_caller]
pub(crate) fn join(thread: JoinHandle<()>) {
    thread.join().expect("a panic ends the model");
}

/// Blocks this thread on a future, using the parker that ships.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Arc::new(Parker::new());
    let waker = Waker::from(Arc::clone(&parker));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let _ = parker.park(None);
    }
}
