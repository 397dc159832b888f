//! All faults at once, for many rounds: each job has exactly one end.
//!
//! A round uses a pool with four lanes, whose settings are drawn from the seed. Several threads
//! submit jobs to the pool in every possible way. Jobs, their destructors, payloads and wakers
//! panic. Thread starts are refused. Another thread aborts jobs at every age. In the middle of the
//! round, a thread ends the pool in one of several ways. Scheduling makes each run different, so
//! the assertions must hold for every order of events (P48, P51, P56, P57).

mod faults;
mod ledger;
mod submitter;

use std::collections::BTreeMap;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use runtime_blocking::{Lane, Pool, Priority, Shutdown};

use self::faults::{Refusals, starting};
use self::ledger::{End, Job, LANES, Ledger, parcel};
use self::submitter::{Handle, Submitter, await_end};
use crate::{Dice, HANG, eventually, wait};

/// The seed of all rounds. A failure names the seed of its round, for `soak_round`.
const SEED: u64 = 1;
const JOBS: usize = 200_000;
const JOBS_OF_ROUND: u64 = 2_400;
const SUBMITTERS: u64 = 3;
/// The maximum number of running jobs of each lane. `QUEUE_MAX` is the maximum number of queued
/// jobs.
const RUNNING_MAX: [usize; LANES] = [usize::MAX, 1, usize::MAX, 2];
const QUEUE_MAX: [usize; LANES] = [64, 5, usize::MAX, 16];

#[test]
fn every_job_comes_to_exactly_one_end_whatever_goes_wrong() {
    let mut dice = Dice::new(SEED);
    let mut ends = BTreeMap::new();
    let taken = |ends: &BTreeMap<End, usize>| -> usize {
        ends.iter().filter(|(end, _)| **end != End::HandedBack).map(|(_, jobs)| jobs).sum()
    };
    while taken(&ends) < JOBS {
        let seed = dice.below(u64::MAX);
        match catch_unwind(|| soak_round(seed)) {
            Ok(ledger) => ledger.tally(&mut ends),
            Err(panic) => {
                eprintln!("so far {ends:?}; now the round of seed {seed}");
                resume_unwind(panic);
            }
        }
    }
    let kinds = [End::Run, End::Cancelled, End::HandedBack, End::Unasked];
    assert!(kinds.iter().all(|end| ends[end] > JOBS / 200), "all of it happens: {ends:?}");
}

/// Runs a round: makes a pool, uses it, and ends it.
fn soak_round(seed: u64) -> Arc<Ledger> {
    let mut dice = Dice::new(seed);
    let ledger = Arc::new(Ledger::default());
    let lanes = lanes_of(&pool(&mut dice, &ledger, seed));
    let (abort, aborts) = channel();
    let last = dice.below(JOBS_OF_ROUND) as usize;
    let way = Way::draw(&mut dice);
    thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            let submitter = Submitter {
                dice: Dice::new(dice.below(u64::MAX)),
                ledger: Arc::clone(&ledger),
                lanes: lanes.clone(),
                abort: abort.clone(),
                awaited: Vec::new(),
                closed: 0,
            };
            scope.spawn(move || submitter.submit_all());
        }
        drop(abort);
        let (lanes, aborter) = (&lanes, Dice::new(dice.below(u64::MAX)));
        scope.spawn(move || abort_all(&aborts, aborter, lanes));
        while ledger.len() < last {
            thread::yield_now();
        }
        way.go(&ledger, lanes);
    });
    end(&ledger, lanes, way);
    ledger.ask_the_tokens();
    ledger
}

fn pool(dice: &mut Dice, ledger: &Arc<Ledger>, seed: u64) -> Pool {
    let refusals = [Refusals::None, Refusals::First(3), Refusals::OfEight(2), Refusals::OfEight(6)];
    let keep_alives = [Duration::ZERO, Duration::from_micros(200), Duration::from_secs(24 * 3600)];
    let builder = Pool::builder()
        .threads_max(1 + dice.below(6) as usize)
        .cores(1 + dice.below(3) as usize)
        .keep_alive(keep_alives[dice.below(3) as usize])
        .queue_max(QUEUE_MAX[0])
        .slow_shutdown_notice(None);
    starting(builder, ledger, refusals[dice.below(4) as usize], seed).build()
}

fn lanes_of(pool: &Pool) -> [Lane; LANES] {
    let narrow = pool.lane("narrow").running_max(RUNNING_MAX[1]).queue_max(QUEUE_MAX[1]);
    let background = pool.lane("background").priority(Priority::Background);
    let must = pool.lane("must").running_max(RUNNING_MAX[3]).queue_max(QUEUE_MAX[3]).must_run();
    [pool.main_lane().clone(), narrow.build(), background.build(), must.build()]
}

/// Waits for the remaining jobs, and checks the counts.
fn end(ledger: &Ledger, lanes: [Lane; LANES], way: Way) {
    let pool = lanes[0].pool();
    if way == Way::DropAll {
        // The jobs have dropped their handles of the pool, so these handles are the last ones.
        eventually("at rest", &pool, |stats| stats.busy + stats.queued + stats.wait_list == 0);
        drop((pool, lanes));
        ledger.assert_no_thread_is_left();
        ledger.close();
        return;
    }
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    ledger.compare(ledger.close(), pool.stats(), &pool.lanes());
}

/// The way in which a pool is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ShutDown(Shutdown),
    /// A shutdown by one of the pool's own jobs.
    FromWithin(Shutdown),
    /// The drop of every handle.
    DropAll,
}

impl Way {
    fn draw(dice: &mut Dice) -> Way {
        let at_most = Duration::from_micros([0, 100, u64::MAX][dice.below(3) as usize]);
        let how = match dice.below(3) {
            0 => Shutdown::Wait,
            1 => Shutdown::Leave,
            _ => Shutdown::WaitAtMost(at_most),
        };
        match dice.below(5) {
            0 => Way::DropAll,
            1 => Way::FromWithin(how),
            _ => Way::ShutDown(how),
        }
    }

    fn go(self, ledger: &Arc<Ledger>, lanes: &[Lane; LANES]) {
        let pool = lanes[0].pool();
        match self {
            Way::DropAll => {}
            Way::ShutDown(how) => ledger.reports.lock().push(pool.shutdown(how)),
            Way::FromWithin(how) => {
                let job = ledger.open(2);
                let (within, closing, held) =
                    (Arc::clone(ledger), pool.clone(), parcel(&job, false));
                let count = Arc::clone(&job);
                let shut_down = move || {
                    let _held = held;
                    count.runs.fetch_add(1, Ordering::SeqCst);
                    let report = closing.shutdown(how);
                    within.reports.lock().push(report);
                };
                match lanes[2].submit(shut_down) {
                    Ok(handle) => job.ended(End::of(&wait(handle))),
                    Err(refused) => {
                        drop(refused);
                        job.ended(End::HandedBack);
                    }
                }
                // A second shutdown, because the job may have had no thread to run on.
                ledger.reports.lock().push(pool.shutdown(how));
            }
        }
    }
}

/// Aborts the jobs whose handles it receives, at every age, and reads a lane's statistics after
/// each abort.
fn abort_all(aborts: &Receiver<(Arc<Job>, Handle)>, mut dice: Dice, lanes: &[Lane; LANES]) {
    while let Ok((job, handle)) = aborts.recv_timeout(HANG) {
        for _ in 0..[0, 0, 1, dice.below(20)][dice.below(4) as usize] {
            thread::yield_now();
        }
        job.unwanted.store(true, Ordering::SeqCst);
        handle.abort();
        await_end(&job, handle);
        let lane = dice.below(LANES as u64) as usize;
        let stats = lanes[lane].stats();
        assert!(stats.running <= RUNNING_MAX[lane] && stats.queued <= QUEUE_MAX[lane], "{stats:?}");
    }
}
