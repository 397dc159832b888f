//! Fairness: the budget of a task, and tools for futures of other crates.
//!
//! A task that awaits something that is always ready would never let another task run: a socket
//! whose peer is fast, a file in the cache, a tick that is late. So every operation of this crate
//! counts. In one poll a task completes up to 64 operations. The next one wakes the task and is
//! pending once, which lets the loop poll the other tasks, fire timers and receive events.
//!
//! | operation | spends |
//! |---|---|
//! | an operation of a socket, file, stream, process, signal, or lane that is ready | a unit |
//! | a [`JoinHandle`](crate::JoinHandle) whose result is there | a unit |
//! | a group or a [`timeout`](crate::timeout()) that is ready | a unit |
//! | a [`sleep`](crate::sleep()) that is over when it begins, or a late tick | all units |
//! | anything that waits | nothing |
//!
//! Each branch of a [`gather`](crate::gather()), a [`race`](crate::race()) or a
//! [`scope`](crate::scope()) may complete at least one operation in each poll, whatever its
//! siblings have spent. Outside a runtime's tasks and main future there is no budget.
//!
//! # Futures of other crates
//!
//! A channel or a lock of another crate does not know the budget. A loop over a channel that is
//! never empty should therefore yield by itself:
//!
//! ```
//! use aside::coop::{consume_budget, cooperative};
//!
//! aside::run(async {
//!     let (sender, mut receiver) = futures_channel::mpsc::unbounded();
//!     for n in 0..1000 {
//!         sender.unbounded_send(n).unwrap();
//!     }
//!     drop(sender);
//!
//!     // Either the future of the other crate spends a unit whenever it is ready ...
//!     cooperative(futures_lite::StreamExt::next(&mut receiver)).await;
//!
//!     // ... or the loop spends a unit in each round.
//!     while let Some(n) = futures_lite::StreamExt::next(&mut receiver).await {
//!         assert!(n < 1000);
//!         consume_budget().await;
//!     }
//! });
//! ```
//!
//! Work that takes longer than some microseconds between two `.await`s needs
//! [`yield_now`](crate::yield_now()), or [`spawn_blocking`](crate::spawn_blocking()).

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use runtime_core::budget;

/// Spends a unit of the task's budget, and yields first if the budget is used up. Use it in a loop
/// over futures that are not operations of this crate.
///
/// # Cancel safety
/// Safe: the future has no state to lose.
#[doc(alias("yield_now", "checkpoint"))]
pub async fn consume_budget() {
    budget::consume().await;
}

/// Makes a future of another crate an operation that counts: it spends a unit of the task's budget
/// when it is ready, and is not polled while the budget is used up.
///
/// # Cancel safety
/// As safe as the future.
pub fn cooperative<F: Future>(future: F) -> Cooperative<F> {
    Cooperative { future }
}

/// Runs a future without a budget: the operations that it awaits do not yield. While it has
/// something to do, no other task runs.
///
/// # Cancel safety
/// As safe as the future.
#[doc(alias = "biased")]
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project! {
    /// The future of [`cooperative`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Cooperative<F> {
        #[pin]
        future: F,
    }
}

pin_project! {
    /// The future of [`unconstrained`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Cooperative<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        budget::poll_operation(cx, |cx| self.project().future.poll(cx))
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _no_limit = budget::suspend();
        self.project().future.poll(cx)
    }
}
