//! [`JoinSet`]: tasks that are joined in the order in which they end.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use runtime_core::abort_handle::AbortHandle;
use runtime_core::budget;
use runtime_core::heap_if_large;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Id;

use crate::blocking::spawn::spawn_blocking;
use crate::gather::growing_wake_set::{ChildSlot, GrowingWakeSet};
use crate::handle::Handle;
use crate::run::spawn;

/// A set of tasks and jobs, which yields their results in the order in which they end.
///
/// Spawning is eager: a task runs whether or not the set is awaited. An await looks only at the
/// tasks that have ended since the last one, however many there are.
///
/// ```
/// use aside::task::JoinSet;
///
/// aside::run(async {
///     let mut set = JoinSet::new();
///     for n in 0..3 {
///         set.spawn(async move { n * 10 });
///     }
///     set.spawn_blocking(|| 30);
///     let mut sum = 0;
///     while let Some(result) = set.join_next().await {
///         sum += result.unwrap();
///     }
///     assert_eq!(sum, 60);
/// });
/// ```
///
/// # Drop
/// Aborts all tasks of the set. A blocking job that runs cannot be stopped, and continues. Use
/// [`detach_all`](JoinSet::detach_all) to let the tasks continue, too.
#[doc(alias("TaskGroup", "FuturesUnordered", "as_completed", "LocalSet"))]
pub struct JoinSet<T> {
    wake_set: GrowingWakeSet,
    slots: Vec<JoinSlot<T>>,
    /// The slots without a handle.
    vacant: Vec<usize>,
    /// The results that no call has returned yet.
    finished: VecDeque<(Id, Result<T, JoinError>)>,
}

struct JoinSlot<T> {
    /// Marks the slot as woken, for whatever task is in it.
    waker: Waker,
    handle: Option<JoinHandle<T>>,
}

impl<T> JoinSet<T> {
    /// Makes an empty set.
    pub fn new() -> JoinSet<T> {
        JoinSet {
            wake_set: GrowingWakeSet::new(0),
            slots: Vec::new(),
            vacant: Vec::new(),
            finished: VecDeque::new(),
        }
    }

    /// Returns the number of tasks whose results have not been returned.
    pub fn len(&self) -> usize {
        self.slots.len() - self.vacant.len() + self.finished.len()
    }

    /// Returns whether all results have been returned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a task or job that was spawned elsewhere: by [`named`](crate::named()), by
    /// [`run_in_executor`](crate::run_in_executor()), or on another runtime.
    ///
    /// # Panics
    /// If the handle has yielded its result already.
    pub fn insert(&mut self, handle: JoinHandle<T>) {
        let slot = match self.vacant.pop() {
            Some(slot) => slot,
            None => {
                let slot = self.slots.len();
                let waker = self.wake_set.waker(ChildSlot(slot));
                // A new block of the wake set counts as being visited.
                self.wake_set.leave(&self.wake_set.parent());
                self.slots.push(JoinSlot { waker, handle: None });
                slot
            }
        };
        self.slots[slot].handle = Some(handle);
        // Stores the slot's waker with the task, or takes the result of a task that has ended.
        let _no_limit = budget::suspend();
        self.poll_slot(slot);
    }

    fn poll_slot(&mut self, slot: usize) {
        let JoinSlot { waker, handle } = &mut self.slots[slot];
        // The waker of a former task may have woken the slot.
        let Some(task) = handle else { return };
        let polled = Pin::new(&mut *task).poll(&mut Context::from_waker(waker));
        if let Poll::Ready(result) = polled {
            self.finished.push_back((task.id(), result));
            *handle = None;
            self.vacant.push(slot);
        }
    }

    /// Takes the results of the tasks that have ended.
    fn take_results(&mut self, parent: &Waker) {
        // One result is one operation, which counts when it is returned.
        let _no_limit = budget::suspend();
        self.wake_set.attend(parent);
        while let Some(ChildSlot(slot)) = self.wake_set.next_woken() {
            self.poll_slot(slot);
        }
        self.wake_set.leave(parent);
    }

    /// Waits until a task has ended, and returns its result; `None` if the set is empty.
    ///
    /// # Errors
    /// A [`JoinError`], if the task was cancelled or panicked.
    ///
    /// # Cancel safety
    /// Safe: giving up the await loses no result.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// Does the same as [`join_next`](JoinSet::join_next), and also returns the number of the task.
    ///
    /// # Errors
    /// A [`JoinError`], which has the number, too.
    ///
    /// # Cancel safety
    /// Safe: giving up the await loses no result.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Returns the result of a task that has ended, without waiting; `None` if there is none.
    ///
    /// # Errors
    /// A [`JoinError`], if the task was cancelled or panicked.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        if self.finished.is_empty() {
            self.take_results(&self.wake_set.parent());
        }
        self.finished.pop_front().map(|(_id, result)| result)
    }

    /// Polls for the result of a task that has ended: the form of [`join_next`](JoinSet::join_next)
    /// for futures and streams written by hand. `Ready(None)` means that the set is empty.
    ///
    /// If it is pending, the task of the last call is woken when a task of the set ends.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_finished(cx).map(|next| next.map(|(_id, result)| result))
    }

    /// Does the same as [`poll_join_next`](JoinSet::poll_join_next), and also returns the number of
    /// the task.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let with_id = |(id, result): (Id, Result<T, JoinError>)| result.map(|output| (id, output));
        self.poll_finished(cx).map(|next| next.map(with_id))
    }

    fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Id, Result<T, JoinError>)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        if self.finished.is_empty() {
            self.take_results(cx.waker());
        }
        if self.finished.is_empty() {
            return Poll::Pending;
        }
        ready!(budget::poll_spend(cx));
        Poll::Ready(self.finished.pop_front())
    }

    /// Waits for all tasks, and returns their outputs in the order in which the tasks ended.
    ///
    /// # Panics
    /// If a task panicked, with its panic, or was cancelled. The other tasks are aborted.
    ///
    /// # Cancel safety
    /// Dropping the future aborts all tasks.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            outputs.push(result.unwrap_or_else(|error| error.resume()));
        }
        outputs
    }

    /// Requests the [cancellation](JoinHandle::abort) of all tasks. They stay in the set: their
    /// results follow, most of them as *cancelled*.
    pub fn abort_all(&mut self) {
        for handle in self.slots.iter().filter_map(|slot| slot.handle.as_ref()) {
            handle.abort();
        }
    }

    /// Aborts all tasks, and waits until they have ended. A blocking job that runs is waited for.
    ///
    /// # Cancel safety
    /// Safe: the tasks have been aborted at the first poll, and are awaited again by the next call.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Removes all tasks from the set, and lets them continue. Their results are lost.
    pub fn detach_all(&mut self) {
        for slot in &mut self.slots {
            slot.handle = None;
        }
        self.vacant = (0..self.slots.len()).collect();
        self.finished.clear();
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task, as [`spawn`](crate::spawn()) does, and adds it to the set.
    ///
    /// The output must be `Send`, because the [`AbortHandle`] is. The future need not be.
    ///
    /// # Panics
    /// Under the same conditions as [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
        T: Send,
    {
        self.insert_abortable(heap_if_large!(Box::pin, task: F => spawn(task)))
    }

    /// Spawns a task whose output need not be `Send`, and returns its number.
    ///
    /// # Panics
    /// Under the same conditions as [`spawn`](crate::spawn()).
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> Id
    where
        F: Future<Output = T> + 'static,
    {
        let handle = heap_if_large!(Box::pin, task: F => spawn(task));
        let id = handle.id();
        self.insert(handle);
        id
    }

    /// Spawns a task on a runtime, from any thread. See [`Handle::spawn`].
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, runtime: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert_abortable(heap_if_large!(Box::pin, task: F => runtime.spawn(task)))
    }

    /// Runs a blocking closure on the pool, as [`spawn_blocking`](crate::spawn_blocking()) does,
    /// and adds the job to the set.
    ///
    /// # Panics
    /// Under the same conditions as [`spawn_blocking`](crate::spawn_blocking()).
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert_abortable(spawn_blocking(f))
    }

    /// Runs a blocking closure on the pool of a runtime, from any thread. See
    /// [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, runtime: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert_abortable(runtime.spawn_blocking(f))
    }

    fn insert_abortable(&mut self, handle: JoinHandle<T>) -> AbortHandle
    where
        T: Send,
    {
        let abort = handle.abort_handle();
        self.insert(handle);
        abort
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> JoinSet<T> {
        JoinSet::new()
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

/// Spawns every future of an iterator as a task of a new set.
impl<F: Future<Output: 'static> + 'static> FromIterator<F> for JoinSet<F::Output> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> JoinSet<F::Output> {
        let mut set = JoinSet::new();
        for future in futures {
            let _id = set.spawn_local(future);
        }
        set
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet")
            .field("len", &self.len())
            .field("finished", &self.finished.len())
            .finish()
    }
}
