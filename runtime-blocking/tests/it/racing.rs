//! Submits that race with a shutdown, in many rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use runtime_blocking::{Pool, Shutdown, SubmitError};

use crate::{Dice, wait};

/// The number of closures that ran, and the number of closures that were dropped. Each closure
/// counts itself.
#[derive(Default)]
struct Fates {
    ran: AtomicUsize,
    dropped: AtomicUsize,
}

struct Witness(Arc<Fates>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Submits until the pool is closed. Returns the numbers of accepted, run and cancelled jobs.
fn submit_until_closed(pool: &Pool, fates: &Arc<Fates>) -> (usize, usize, usize) {
    let mut handles = Vec::new();
    let refused = loop {
        let witness = Witness(Arc::clone(fates));
        let closure = move || {
            witness.0.ran.fetch_add(1, Ordering::SeqCst);
        };
        match pool.submit(closure) {
            Ok(handle) => handles.push(handle),
            Err(refused) => break refused,
        }
        if handles.len() % 64 == 0 {
            thread::yield_now();
        }
    };
    assert!(matches!(refused, SubmitError::Closed(_)));
    drop(refused.into_inner());
    let accepted = handles.len();
    let results: Vec<_> = handles.into_iter().map(wait).collect();
    let cancelled = results.iter().filter(|result| matches!(result, Err(e) if e.is_cancelled()));
    (accepted, results.iter().filter(|result| result.is_ok()).count(), cancelled.count())
}

/// P48: each closure is handed back, cancelled before it begins, or run. The reports of the
/// closures and of their handles agree.
#[test]
fn a_closure_submitted_while_the_pool_shuts_down_is_in_exactly_one_state() {
    let mut dice = Dice::new(48);
    for round in 0..60 {
        let pool = Pool::builder().threads_max(3).cores(2).build();
        let fates = Arc::new(Fates::default());
        let submitters: Vec<_> = (0..3)
            .map(|_| {
                let (pool, fates) = (pool.clone(), Arc::clone(&fates));
                thread::spawn(move || submit_until_closed(&pool, &fates))
            })
            .collect();
        for _ in 0..dice.below(60) {
            thread::yield_now();
        }
        let report = match round % 3 {
            0 => pool.shutdown(Shutdown::Wait),
            1 => pool.shutdown(Shutdown::Leave),
            _ => pool.shutdown(Shutdown::WaitAtMost(Duration::ZERO)),
        };
        let ends: Vec<_> =
            submitters.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        let accepted: usize = ends.iter().map(|end| end.0).sum();
        let ran: usize = ends.iter().map(|end| end.1).sum();
        let cancelled: usize = ends.iter().map(|end| end.2).sum();
        assert_eq!(ran + cancelled, accepted);
        assert_eq!(cancelled, report.cancelled.len());
        assert_eq!(fates.ran.load(Ordering::SeqCst), ran);
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        assert_eq!(fates.dropped.load(Ordering::SeqCst), accepted + 3, "each closure once");
        assert_eq!((pool.stats().completed, pool.stats().queued), (ran as u64, 0));
    }
}
