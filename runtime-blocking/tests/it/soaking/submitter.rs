//! Threads that submit, and the actions of their jobs.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::task::{Context, Poll, Waker};
use std::thread;

use runtime_blocking::{CancelToken, Lane, SubmitError, is_cancelled};
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use super::faults::{Matryoshka, PanickingWaker, Parcel};
use super::ledger::{End, Job, LANES, Ledger, kept_parcel, parcel};
use super::{JOBS_OF_ROUND, RUNNING_MAX, SUBMITTERS};
use crate::backpressure::block_on;
use crate::{Dice, wait};

pub(super) type Handle = JoinHandle<Parcel>;

pub(super) fn await_end(job: &Job, handle: Handle) {
    let result = wait(handle);
    job.ended(End::of(&result));
    drop_catching(result);
}

/// One thread that submits.
pub(super) struct Submitter {
    pub(super) dice: Dice,
    pub(super) ledger: Arc<Ledger>,
    pub(super) lanes: [Lane; LANES],
    pub(super) abort: Sender<(Arc<Job>, Handle)>,
    pub(super) awaited: Vec<(Arc<Job>, Handle)>,
    /// The number of submits that failed because the pool is closed.
    pub(super) closed: usize,
}

impl Submitter {
    pub(super) fn submit_all(mut self) {
        for _ in 0..JOBS_OF_ROUND / SUBMITTERS {
            self.submit();
            if self.closed > 20 {
                break;
            }
            if self.dice.below(30) == 0 {
                self.awaited.drain(..).for_each(|(job, handle)| await_end(&job, handle));
            }
        }
        self.awaited.drain(..).for_each(|(job, handle)| await_end(&job, handle));
    }

    fn submit(&mut self) {
        let lane = self.dice.below(LANES as u64) as usize;
        let job = self.ledger.open(lane);
        let closure = self.closure(&job);
        match self.dice.below(5) {
            0 => self.take(job, self.lanes[lane].try_submit(closure)),
            1 => {
                let keep = kept_parcel(&job, self.dice.below(4) == 0);
                let metadata = Metadata::here().named("keeping");
                self.take(job, self.lanes[lane].submit_with(metadata, keep, closure));
            }
            2 => {
                let submitted = block_on(self.lanes[lane].submit_async(closure));
                self.take(job, submitted);
            }
            3 => self.give_up(job, closure),
            _ => self.take(job, self.lanes[lane].submit(closure)),
        }
    }

    /// Polls a submit at most once, and drops the submit if it is pending.
    fn give_up(&mut self, job: Arc<Job>, closure: impl FnOnce() -> Parcel + Send + 'static) {
        let mut submitting = Box::pin(self.lanes[job.lane].submit_async(closure));
        let polled = match self.dice.below(8) {
            0 => Poll::Pending,
            _ => submitting.as_mut().poll(&mut Context::from_waker(Waker::noop())),
        };
        match polled {
            Poll::Ready(submitted) => self.take(job, submitted),
            Poll::Pending => {
                job.unwanted.store(true, Ordering::SeqCst);
                drop_catching(submitting);
                job.ended(End::Unasked);
            }
        }
    }

    /// Treats the result of a submit in one of the possible ways.
    fn take<F>(&mut self, job: Arc<Job>, submitted: Result<Handle, SubmitError<F>>) {
        let mut handle = match submitted {
            Ok(handle) => handle,
            Err(refused) => {
                self.closed += usize::from(refused.is_closed());
                drop_catching(refused.into_inner());
                return job.ended(End::HandedBack);
            }
        };
        job.has_id(handle.id());
        match self.dice.below(6) {
            0 => {
                job.ended(End::Unasked);
                handle.detach();
            }
            1 => {
                job.unwanted.store(true, Ordering::SeqCst);
                job.ended(End::Unasked);
                drop(handle.abort_on_drop());
            }
            2 => self.abort.send((job, handle)).expect("it is there until all have submitted"),
            3 => {
                let waker = Waker::from(Arc::new(PanickingWaker));
                let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
                drop_catching(waker);
                match polled {
                    Poll::Pending => self.awaited.push((job, handle)),
                    Poll::Ready(result) => {
                        job.ended(End::of(&result));
                        drop_catching(result);
                    }
                }
            }
            _ => self.awaited.push((job, handle)),
        }
    }

    /// Returns a closure that counts its run, and takes one of the possible actions.
    fn closure(&mut self, job: &Arc<Job>) -> impl FnOnce() -> Parcel + Send + 'static {
        let (kind, depth) = (self.dice.below(9), self.dice.below(3));
        let held = parcel(job, self.dice.below(8) == 0);
        let (job, ledger) = (Arc::clone(job), Arc::clone(&self.ledger));
        let nested = (kind == 5).then(|| self.lanes[2].clone());
        move || {
            let held = held;
            job.runs.fetch_add(1, Ordering::SeqCst);
            let now = ledger.at_once[job.lane].fetch_add(1, Ordering::SeqCst) + 1;
            let is_within = now <= RUNNING_MAX[job.lane];
            ledger.check(is_within, || format!("{now} of lane {} at once", job.lane));
            match kind {
                0 => thread::yield_now(),
                1 => keep_a_hook(&job, &ledger),
                2 => ledger.tokens.lock().extend(CancelToken::current()),
                _ => {}
            }
            nested.iter().for_each(|lane| submit_nested(&ledger, lane));
            ledger.at_once[job.lane].fetch_sub(1, Ordering::SeqCst);
            match kind {
                3 => resume_unwind(Box::new("a job")),
                4 => resume_unwind(Box::new(Matryoshka(depth))),
                _ => {}
            }
            drop(held);
            Parcel::new(kind == 6, || ())
        }
    }
}

/// Registers a hook, and waits a moment for a request to stop.
fn keep_a_hook(job: &Arc<Job>, ledger: &Ledger) {
    let token = CancelToken::current().expect("in a job");
    let counted = Arc::clone(job);
    let was_cancelled = token.is_cancelled();
    let hook = token.on_cancel(move || {
        counted.hook_calls.fetch_add(1, Ordering::SeqCst);
        resume_unwind(Box::new("a hook"));
    });
    let calls = || job.hook_calls.load(Ordering::SeqCst);
    ledger.check(!was_cancelled || calls() == 1, || "a late hook is called at once".into());
    for _ in 0..20 {
        if is_cancelled() {
            break;
        }
        thread::yield_now();
    }
    drop(hook);
    ledger.check(calls() == 0 || token.is_cancelled(), || "called, and not cancelled".into());
}

/// Submits another job from within a job, and does not await it.
fn submit_nested(ledger: &Arc<Ledger>, lane: &Lane) {
    let job = ledger.open(2);
    let (count, held) = (Arc::clone(&job), parcel(&job, false));
    let closure = move || {
        let _held = held;
        count.runs.fetch_add(1, Ordering::SeqCst);
    };
    match lane.submit(closure) {
        Ok(handle) => {
            job.has_id(handle.id());
            job.ended(End::Unasked);
            handle.detach();
        }
        Err(refused) => {
            drop(refused);
            job.ended(End::HandedBack);
        }
    }
}
