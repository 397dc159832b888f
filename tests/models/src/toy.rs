//! A toy pool, which is correct or has one mistake of a kind that other pools have shipped.
//!
//! The models of [`pool`](crate::pool) are programs for any [`JobRunner`]. The pool that ships must
//! pass them, and the toy with a mistake must fail. The toy without a mistake passes, too, which
//! shows that the mistake causes the failure.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use runtime_blocking::{Pool, Shutdown, Stats};
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::{Mutex, MutexGuard, thread};

/// A job without a result.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs on its threads. Implemented by the pool that ships and by the toy.
pub(crate) trait JobRunner: Clone + Send + 'static {
    /// Accepts the job, or hands it back.
    fn submit(&self, job: Job) -> Result<JoinHandle<()>, Job>;
    /// Accepts no more jobs, runs the accepted jobs, and waits until all threads have ended.
    fn close(&self);
    /// Asserts that the number of idle threads is at most the number of threads.
    fn assert_counts(&self);
    /// Asserts that no thread and no job is left, and that this number of jobs have run.
    fn assert_over(&self, completed: usize);
}

impl JobRunner for Pool {
    fn submit(&self, job: Job) -> Result<JoinHandle<()>, Job> {
        Pool::submit(self, job).map_err(|error| error.into_inner())
    }

    fn close(&self) {
        assert!(self.shutdown(Shutdown::Wait).is_clean());
    }

    fn assert_counts(&self) {
        let stats = self.stats();
        assert!(stats.idle + stats.busy <= stats.threads, "{stats:?}");
    }

    fn assert_over(&self, completed: usize) {
        let mut over = Stats::default();
        over.completed = completed as u64;
        assert_eq!(self.stats(), over);
    }
}

/// The mistake of a toy pool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    None,
    /// A worker finds no job in one critical section, and becomes idle in a second.
    SleepsWithoutALook,
    /// A worker leaves the idle list only when it wakes, so two submits may wake the same worker.
    IdleUntilItWakes,
    /// A worker whose keep-alive has passed exits, although a submit woke it meanwhile.
    RetiresUnlooked,
    /// A closed pool queues a job, but starts no thread for it.
    AcceptsWhenClosed,
    /// A cancel checks in one critical section that the job is queued, and removes it in a second.
    CancelsWhatRuns,
    /// A thread that could not be started is still counted.
    CountsRefusedStarts,
}

struct Work {
    cell: Arc<Completion<()>>,
    job: Job,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    threads: usize,
    idle: Vec<Arc<Parker>>,
    completed: usize,
    closed: bool,
    closer: Option<Arc<Parker>>,
}

/// The toy pool.
#[derive(Clone)]
pub(crate) struct Toy {
    bug: Bug,
    threads_max: usize,
    state: Arc<Mutex<State>>,
}

impl Toy {
    pub(crate) fn new(threads_max: usize, bug: Bug) -> Toy {
        Toy { bug, threads_max, state: Arc::new(Mutex::new(State::default())) }
    }

    /// Wakes or starts a thread for the job that was just queued. Returns false if no thread can
    /// run it.
    fn call(&self, mut state: MutexGuard<'_, State>) -> bool {
        let called = match self.bug {
            Bug::IdleUntilItWakes => state.idle.last().cloned(),
            _ => state.idle.pop(),
        };
        if let Some(parker) = called {
            drop(state);
            parker.unpark();
            return true;
        }
        if state.threads == self.threads_max || state.closed {
            return true;
        }
        state.threads += 1;
        drop(state);
        let toy = self.clone();
        let started = thread::spawn("toy".to_owned(), None, move || toy.work()).is_ok();
        if !started && self.bug != Bug::CountsRefusedStarts {
            let mut state = self.state.lock();
            state.threads -= 1;
            return state.threads > 0;
        }
        true
    }

    fn work(&self) {
        let parker = Arc::new(Parker::new());
        loop {
            let mut state = self.state.lock();
            if let Some(work) = state.queue.pop_front() {
                drop(state);
                (work.job)();
                self.state.lock().completed += 1;
                let _ = work.cell.complete(Ok(()));
                continue;
            }
            if state.closed {
                return self.retire(state);
            }
            if self.bug == Bug::SleepsWithoutALook {
                drop(state);
                state = self.state.lock();
            }
            if let Some(state) = self.wait(state, &parker) {
                return self.retire(state);
            }
        }
    }

    /// Waits until the worker is woken for a job. Returns the state if the keep-alive has passed
    /// instead.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        parker: &Arc<Parker>,
    ) -> Option<MutexGuard<'a, State>> {
        state.idle.push(Arc::clone(parker));
        drop(state);
        let deadline = Instant::now() + Duration::from_secs(3600);
        loop {
            let unparked = parker.park(Some(deadline));
            let mut state = self.state.lock();
            let before = state.idle.len();
            state.idle.retain(|idle| !Arc::ptr_eq(idle, parker));
            let was_called = self.bug == Bug::IdleUntilItWakes || state.idle.len() == before;
            match unparked {
                Unparked::Expired if !was_called || self.bug == Bug::RetiresUnlooked => {
                    return Some(state);
                }
                Unparked::Notified if !was_called => state.idle.push(Arc::clone(parker)),
                Unparked::Expired | Unparked::Notified => return None,
            }
        }
    }

    fn retire(&self, mut state: MutexGuard<'_, State>) {
        state.threads -= 1;
        let closer = state.closer.clone();
        drop(state);
        closer.iter().for_each(|closer| closer.unpark());
    }

    fn position(&self, cell: &Arc<Completion<()>>) -> Option<usize> {
        self.state.lock().queue.iter().position(|work| Arc::ptr_eq(&work.cell, cell))
    }
}

impl JobRunner for Toy {
    fn submit(&self, job: Job) -> Result<JoinHandle<()>, Job> {
        let cell = Arc::new(Completion::new(Metadata::here(), None));
        let canceller = Canceller { toy: self.clone(), cell: Arc::clone(&cell) };
        cell.set_producer(Waker::from(Arc::new(canceller)));
        let mut state = self.state.lock();
        let mut refused = state.closed;
        if self.bug == Bug::AcceptsWhenClosed {
            drop(state);
            state = self.state.lock();
        } else {
            refused = state.closed;
        }
        if refused {
            drop(state);
            cell.close();
            return Err(job);
        }
        state.queue.push_back(Work { cell: Arc::clone(&cell), job });
        if self.call(state) {
            return Ok(JoinHandle::new(cell));
        }
        let position = self.position(&cell).expect("nobody is there to take it");
        let work = self.state.lock().queue.remove(position).expect("it is there");
        cell.close();
        Err(work.job)
    }

    fn close(&self) {
        let parker = Arc::new(Parker::new());
        let mut state = self.state.lock();
        state.closed = true;
        state.closer = Some(Arc::clone(&parker));
        let idle = mem::take(&mut state.idle);
        drop(state);
        idle.iter().for_each(|parker| parker.unpark());
        while self.state.lock().threads > 0 {
            let _ = parker.park(None);
        }
    }

    fn assert_counts(&self) {
        let state = self.state.lock();
        assert!(state.idle.len() <= state.threads, "a thread is idle twice");
    }

    fn assert_over(&self, completed: usize) {
        let state = self.state.lock();
        let counts = (state.threads, state.idle.len(), state.queue.len(), state.completed);
        assert_eq!(counts, (0, 0, 0, completed));
    }
}

struct Canceller {
    toy: Toy,
    cell: Arc<Completion<()>>,
}

impl Wake for Canceller {
    fn wake(self: Arc<Self>) {
        let mut state = self.toy.state.lock();
        let waits =
            |state: &State| state.queue.iter().position(|work| Arc::ptr_eq(&work.cell, &self.cell));
        let Some(position) = waits(&state) else { return };
        if self.toy.bug == Bug::CancelsWhatRuns {
            drop(state);
            state = self.toy.state.lock();
        }
        let work = state.queue.remove(position);
        drop(state);
        drop(work);
        let _ = self.cell.complete(Err(JoinError::cancelled(self.cell.metadata().clone())));
    }
}
