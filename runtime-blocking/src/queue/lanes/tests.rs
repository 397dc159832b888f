use std::sync::atomic::{AtomicU8, Ordering};

use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::watch::PoolNumber;

use super::*;
use crate::job::cancel::{Hook, Stoppable};
use crate::queue::lane_config::{AGING, Priority};

/// A job that is known by a number.
struct Dummy {
    metadata: Metadata,
    number: u64,
    lane: LaneId,
    place: AtomicU8,
}

impl Job for Dummy {
    fn lane(&self) -> LaneId {
        self.lane
    }
    fn pool(&self) -> PoolNumber {
        PoolNumber::new(0)
    }
    fn place(&self) -> Place {
        [Place::InLine, Place::Queued, Place::Out][usize::from(self.place.load(Ordering::SeqCst))]
    }
    fn set_place(&self, place: Place) {
        self.place.store(place as u8, Ordering::SeqCst);
    }
    fn run(&self) {}
    fn discard(&self, _why: JoinError) {}
    fn request_cancel(&self) {}
}

impl Stoppable for Dummy {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }
    fn is_cancel_requested(&self) -> bool {
        false
    }
    fn add_hook(&self, _hook: Arc<Hook>) {}
    fn remove_hook(&self, _hook: &Arc<Hook>) {}
}

fn job(number: u64, lane: LaneId) -> Arc<Dummy> {
    let place = AtomicU8::new(Place::Queued as u8);
    let metadata = Metadata::here().named(number.to_string());
    Arc::new(Dummy { metadata, number, lane, place })
}

fn rules() -> Rules {
    Rules::new("".into())
}

fn push(lanes: &mut Lanes, number: u64, lane: LaneId) -> Arc<Dummy> {
    let job = job(number, lane);
    lanes.push(job.clone(), WhenFull::StandInLine).expect("nothing is refused");
    job
}

/// The number of the job that is next.
fn pop(lanes: &mut Lanes) -> Option<u64> {
    let name = lanes.pop()?.job.metadata().name()?.parse();
    Some(name.expect("it is a number"))
}

fn withdraw(lanes: &mut Lanes, job: &Dummy) -> Withdrawn {
    lanes.withdraw(job).expect("it waits")
}

#[test]
fn husks_are_skipped_and_order_is_kept() {
    let mut lanes = Lanes::new(rules());
    let jobs: Vec<_> = (0..4).map(|number| push(&mut lanes, number, MAIN)).collect();
    for job in [&jobs[0], &jobs[2]] {
        assert!(withdraw(&mut lanes, job).swept.is_empty());
        assert!(lanes.withdraw(&**job).is_none(), "it has gone");
    }
    assert_eq!((lanes.queued(), lanes.takeable()), (2, 2));
    assert_eq!(pop(&mut lanes), Some(1));
    assert!(lanes.withdraw(&*jobs[1]).is_none(), "it runs");
    assert_eq!(pop(&mut lanes), Some(3));
    assert_eq!(pop(&mut lanes), None);
}

#[test]
fn husks_never_outnumber_jobs_and_each_is_swept_once() {
    let mut lanes = Lanes::new(rules());
    let jobs: Vec<_> = (0..1000).map(|number| push(&mut lanes, number, MAIN)).collect();
    for job in jobs.iter().skip(1) {
        drop(withdraw(&mut lanes, job));
        assert!(lanes.lane(MAIN).queue.is_swept());
    }
    let held = jobs.iter().filter(|job| Arc::strong_count(job) == 2).count();
    assert!(held <= 32, "{held} husks are left");
    assert_eq!(lanes.drain(|_| true).len(), 1);
}

#[test]
fn what_is_drained_is_the_oldest_first_and_cannot_be_cancelled() {
    let mut lanes = Lanes::new(rules());
    let other = lanes.open(Rules { must_run: true, ..rules() });
    let third = lanes.open(Rules { queue_max: 1, ..rules() });
    let order = [MAIN, other, third, third, MAIN, other];
    let jobs: Vec<_> =
        order.iter().zip(0..).map(|(&lane, number)| push(&mut lanes, number, lane)).collect();
    drop(withdraw(&mut lanes, &jobs[4]));
    let numbers = |entries: Vec<Entry>| -> Vec<_> {
        entries.iter().map(|entry| entry.job.metadata().name().map(String::from)).collect()
    };
    let drained = numbers(lanes.drain(|rules| !rules.must_run));
    assert_eq!(drained, ["0", "2", "3"].map(|number| Some(number.into())));
    assert!(lanes.withdraw(&*jobs[3]).is_none());
    assert_eq!(lanes.waiting(|_| true).count(), 2);
    assert_eq!(numbers(lanes.drain(|_| true)), ["1", "5"].map(|number| Some(number.into())));
    assert_eq!((lanes.queued(), lanes.in_line(), lanes.takeable()), (0, 0, 0));
}

#[test]
fn a_lane_runs_no_more_than_its_limit_and_holds_up_no_other() {
    let mut lanes = Lanes::new(rules());
    let narrow = lanes.open(Rules { running_max: 2, ..rules() });
    (0..5).for_each(|number| drop(push(&mut lanes, number, narrow)));
    push(&mut lanes, 9, MAIN);
    assert_eq!(lanes.takeable(), 3);
    assert_eq!([(); 4].map(|()| pop(&mut lanes)), [Some(0), Some(1), Some(9), None]);
    assert!(!lanes.ended(MAIN).takeable_more);
    assert_eq!(pop(&mut lanes), None);
    assert!(lanes.ended(narrow).takeable_more);
    assert_eq!([(); 2].map(|()| pop(&mut lanes)), [Some(2), None]);
    assert_eq!(lanes.counts(narrow).running, 2);
}

#[test]
fn a_job_behind_its_lanes_limit_is_not_one_that_waits_for_a_thread() {
    let mut lanes = Lanes::new(rules());
    let narrow = lanes.open(Rules { running_max: 1, ..rules() });
    let is_more = |lanes: &mut Lanes, number| {
        let pushed = lanes.push(job(number, narrow), WhenFull::Refuse);
        pushed.expect("there is room").takeable_more
    };
    assert!(is_more(&mut lanes, 0));
    assert!(!is_more(&mut lanes, 1));
    let second = push(&mut lanes, 2, narrow);
    assert!(!withdraw(&mut lanes, &second).takeable_less);
}

#[test]
fn jobs_behind_a_full_queue_come_in_when_there_is_a_place_the_first_first() {
    let mut lanes = Lanes::new(Rules { queue_max: 2, ..rules() });
    let mut admissions = Vec::new();
    for number in 0..6 {
        let pushed = lanes.push(job(number, MAIN), WhenFull::StandInLineAndTell);
        admissions.push(pushed.expect("it stands in line").admission);
    }
    assert!(lanes.push(job(6, MAIN), WhenFull::Refuse).is_none());
    assert!(admissions[..2].iter().all(Option::is_none), "they have a place");
    assert_eq!((lanes.queued(), lanes.in_line(), lanes.takeable()), (2, 4, 6));
    let is_next = |admission: &Option<Admission>, after: Option<Admission>| {
        let admission = admission.as_ref().expect("it stands in line");
        after.is_some_and(|after| Arc::ptr_eq(admission, &after))
    };
    let first = lanes.pop().expect("they wait");
    assert!(is_next(&admissions[2], first.admission));
    let (third, fourth) = {
        let jobs: Vec<_> = lanes.waiting(|_| true).cloned().collect();
        (Arc::clone(&jobs[2]), Arc::clone(&jobs[1]))
    };
    // Out of the line: nobody comes in, and there is no hole. Out of the queue: the next does.
    assert_eq!(third.metadata().name(), Some("3"));
    assert!(lanes.withdraw(&*third).expect("it waits").admission.is_none());
    let withdrawn = lanes.withdraw(&*fourth).expect("it waits");
    assert!(is_next(&admissions[4], withdrawn.admission));
    assert_eq!([(); 4].map(|()| pop(&mut lanes)), [Some(1), Some(4), Some(5), None]);
}

#[test]
fn a_background_job_is_passed_by_later_ones_but_not_for_ever() {
    let mut lanes = Lanes::new(rules());
    let background = lanes.open(Rules { priority: Priority::Background, ..rules() });
    push(&mut lanes, 0, background);
    for number in 1..=2 * AGING {
        push(&mut lanes, number, MAIN);
    }
    let order: Vec<_> = std::iter::from_fn(|| pop(&mut lanes)).collect();
    let place = order.iter().position(|&number| number == 0);
    assert_eq!(place, Some(AGING as usize), "as many as that have passed");
    assert!(order.iter().filter(|&&number| number > 0).is_sorted());
}

#[test]
fn interactive_jobs_that_keep_coming_starve_nothing() {
    let mut lanes = Lanes::new(rules());
    let background = lanes.open(Rules { priority: Priority::Background, ..rules() });
    push(&mut lanes, 0, background);
    let mut passed = 0;
    loop {
        push(&mut lanes, 1, MAIN);
        push(&mut lanes, 1, MAIN);
        match pop(&mut lanes) {
            Some(0) => break,
            Some(_) => passed += 1,
            None => unreachable!("two come for each that goes"),
        }
    }
    assert_eq!(passed, AGING);
}

#[test]
fn the_last_job_that_must_run_is_noticed() {
    let mut lanes = Lanes::new(rules());
    let flush = lanes.open(Rules { must_run: true, ..rules() });
    push(&mut lanes, 0, flush);
    push(&mut lanes, 1, flush);
    push(&mut lanes, 2, MAIN);
    while lanes.pop().is_some() {}
    assert!(!lanes.ended(flush).was_last_must);
    assert!(!lanes.ended(MAIN).was_last_must);
    assert_eq!(lanes.must_run(), 1);
    assert!(lanes.ended(flush).was_last_must);
}

#[test]
fn a_lane_goes_with_its_last_handle_and_its_last_job_and_its_number_is_given_again() {
    let mut lanes = Lanes::new(rules());
    let (first, second) = (lanes.open(rules()), lanes.open(rules()));
    push(&mut lanes, 0, first);
    let queued = push(&mut lanes, 1, first);
    lanes.abandon(second);
    lanes.abandon(first);
    assert_eq!(lanes.ids().collect::<Vec<_>>(), [MAIN, first]);
    assert_eq!(pop(&mut lanes), Some(0));
    drop(withdraw(&mut lanes, &queued));
    let _ended = lanes.ended(first);
    assert_eq!(lanes.ids().collect::<Vec<_>>(), [MAIN]);
    assert_eq!(lanes.open(rules()), first);
}

/// Random events, against a reference that keeps one list and looks through all of it.
#[test]
fn every_job_comes_out_once_and_in_the_order_of_the_rule() {
    for seed in 1..200_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut below = |limit: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % limit
        };
        let mut lanes = Lanes::new(Rules { running_max: 3, queue_max: 2, ..rules() });
        let background = Priority::Background;
        lanes.open(Rules { priority: background, queue_max: 3, ..rules() });
        lanes.open(Rules { running_max: 1, priority: background, ..rules() });
        let limits = [3, usize::MAX, 1];
        let mut running = [0_usize; 3];
        // In the order of their tickets, which are their numbers.
        let mut waiting: Vec<Arc<Dummy>> = Vec::new();
        let mut tickets = 0;
        for _ in 0..400 {
            match below(8) {
                0..4 => {
                    waiting.push(push(&mut lanes, tickets, below(3) as usize));
                    tickets += 1;
                }
                4 if !waiting.is_empty() => {
                    let job = waiting.remove(below(waiting.len() as u64) as usize);
                    drop(withdraw(&mut lanes, &job));
                }
                5 => {
                    let lane = below(3) as usize;
                    if running[lane] > 0 {
                        running[lane] -= 1;
                        lanes.ended(lane);
                    }
                }
                _ => {
                    let rank =
                        |job: &&Arc<Dummy>| job.number + if job.lane == MAIN { 0 } else { AGING };
                    let may_run = |job: &&Arc<Dummy>| running[job.lane] < limits[job.lane];
                    let first = waiting.iter().filter(may_run).min_by_key(rank).cloned();
                    assert_eq!(pop(&mut lanes), first.as_ref().map(|job| job.number));
                    if let Some(first) = first {
                        running[first.lane] += 1;
                        waiting.retain(|job| job.number != first.number);
                    }
                }
            }
            assert_eq!(lanes.queued() + lanes.in_line(), waiting.len());
            let of = |lane| waiting.iter().filter(|job| job.lane == lane).count();
            let takeable = |lane| of(lane).min(limits[lane] - running[lane]);
            assert_eq!(lanes.takeable(), (0..3).map(takeable).sum::<usize>());
        }
    }
}

#[test]
fn an_admission_is_a_cell_that_is_completed_once() {
    let cell: Admission = Arc::new(Completion::new(Metadata::here(), None));
    let handle = JoinHandle::new(Arc::clone(&cell));
    announce(Some(cell));
    assert!(handle.is_finished());
    announce(None);
}
