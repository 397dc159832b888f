//! The handles by which a pool's threads are joined.
//!
//! Every thread is joined. A worker that retires cannot join itself. It leaves its handle in
//! `retired`, and joins the threads whose handles it finds there. These joins take almost no time,
//! because the joined threads have only their last few steps left. So each worker is joined by the
//! worker that retires next. In a closed pool all workers retire at once, and each may have
//! thread-locals whose destructors take long, for example to end a process. The last of these
//! workers joins all others, so that their ends overlap. The shutdown joins the last worker.
//!
//! The thread that starts a worker holds the worker's handle for a moment before it can deposit the
//! handle here. The worker may retire before this deposit. So the number of a retired worker stays
//! taken until its handle has arrived.
//!
//! The numbers are not keys of a slab, because a new thread gets the lowest free number, which is
//! shown in the thread's name.

use std::mem;

use runtime_core::catch_panic::drop_catching;
use runtime_core::sync::thread::JoinHandle;

use crate::worker::current::WorkerId;

/// The threads of a pool. *Guarded by* the pool's lock.
#[derive(Default)]
pub(crate) struct ThreadHandles {
    /// Indexed by the number of the worker.
    threads: Vec<WorkerThread>,
    /// The handles of retired threads that no thread has joined.
    retired: Vec<JoinHandle<()>>,
    /// The number of handles that are neither in `threads` nor in `retired`, because they have not
    /// been deposited yet or a shutdown is joining them.
    elsewhere: usize,
}

enum WorkerThread {
    Vacant,
    /// The thread starts or runs, and its handle has not been deposited yet.
    Started,
    /// The thread runs, and this is its handle.
    Running(JoinHandle<()>),
    /// The thread has retired, and its handle has not been deposited yet.
    Retired,
}

impl ThreadHandles {
    /// Reserves the lowest free number for a thread that is about to be started.
    pub(crate) fn reserve(&mut self) -> WorkerId {
        self.elsewhere += 1;
        let is_vacant = |thread: &WorkerThread| matches!(thread, WorkerThread::Vacant);
        let index = self.threads.iter().position(is_vacant).unwrap_or_else(|| {
            self.threads.push(WorkerThread::Vacant);
            self.threads.len() - 1
        });
        self.threads[index] = WorkerThread::Started;
        WorkerId::of_row(index)
    }

    /// Deposits the handle of a started thread, which may already have retired.
    pub(crate) fn deposit(&mut self, id: WorkerId, handle: JoinHandle<()>) {
        self.elsewhere -= 1;
        let thread = &mut self.threads[id.row()];
        match thread {
            WorkerThread::Started => *thread = WorkerThread::Running(handle),
            WorkerThread::Retired => {
                *thread = WorkerThread::Vacant;
                self.retired.push(handle);
            }
            WorkerThread::Vacant | WorkerThread::Running(_) => {
                unreachable!("a handle is deposited once for each reserved number")
            }
        }
    }

    /// Frees a reserved number, because the thread could not be started.
    pub(crate) fn release(&mut self, id: WorkerId) {
        self.elsewhere -= 1;
        self.threads[id.row()] = WorkerThread::Vacant;
    }

    /// Takes the handles of retired threads, for a retiring worker. They need not be counted: the
    /// worker joins them before its own thread ends.
    pub(crate) fn take_before(&mut self) -> Vec<JoinHandle<()>> {
        mem::take(&mut self.retired)
    }

    /// Notes that a worker retires.
    pub(crate) fn retire(&mut self, id: WorkerId) {
        let thread = &mut self.threads[id.row()];
        match mem::replace(thread, WorkerThread::Vacant) {
            WorkerThread::Running(handle) => self.retired.push(handle),
            WorkerThread::Started => *thread = WorkerThread::Retired,
            WorkerThread::Vacant | WorkerThread::Retired => {
                unreachable!("a worker retires once")
            }
        }
    }

    /// Returns whether the handle of every retired thread is in `retired` or has been joined.
    pub(crate) fn are_complete(&self) -> bool {
        self.elsewhere == 0
    }

    /// Returns whether no thread has retired that must still be joined.
    pub(crate) fn are_joined(&self) -> bool {
        self.are_complete() && self.retired.is_empty()
    }

    /// Takes the handles of retired threads. When the caller has joined them, it calls
    /// [`joined`](ThreadHandles::joined).
    pub(crate) fn take_retired(&mut self) -> Vec<JoinHandle<()>> {
        self.elsewhere += self.retired.len();
        mem::take(&mut self.retired)
    }

    /// Notes that this number of taken handles has been joined.
    pub(crate) fn joined(&mut self, handles: usize) {
        self.elsewhere -= handles;
    }
}

/// Joins threads that have retired.
///
/// # Blocking
/// Blocks while their thread-locals are destroyed.
pub(crate) fn join_all(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A worker's thread does not panic, so the result carries no information.
        drop_catching(thread.join());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_taken_until_its_handle_arrives() {
        let [first, second] = [0, 1].map(WorkerId::of_row);
        let mut threads = ThreadHandles::default();
        assert_eq!(threads.reserve(), first);
        threads.retire(first);
        assert!(threads.take_before().is_empty() && !threads.are_complete());
        assert_eq!(threads.reserve(), second);
        let thread = runtime_core::sync::thread::spawn("ended".into(), None, || ());
        threads.deposit(first, thread.expect("a thread"));
        threads.release(second);
        assert!(threads.are_complete());
        assert_eq!(threads.reserve(), first);
        let retired = threads.take_retired();
        assert_eq!(retired.len(), 1);
        retired.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
    }
}
