use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use runtime_core::awaiter::AwaiterCell;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::slab::Key;

use super::*;
use crate::job::cancel::{Hook, Stoppable};
use crate::queue::job_list::WaitingJob;
use crate::queue::job_removal::Removed;
use crate::queue::lane_config::{AGING, LaneConfig, Priority};
use crate::queue::permit::grant;

/// A job that is identified by a number.
struct Dummy {
    metadata: Metadata,
    number: u64,
    ticket: AtomicU64,
}

impl Job for Dummy {
    fn ticket(&self) -> Ticket {
        Ticket(self.ticket.load(Ordering::SeqCst))
    }
    fn set_ticket(&self, ticket: Ticket) {
        self.ticket.store(ticket.0, Ordering::SeqCst);
    }
    fn run(&self) {}
    fn discard(&self, _why: JoinError) {}
    fn request_cancel(self: Arc<Self>) {}
}

impl AwaiterCell for Dummy {
    fn visit_awaiter(&self, _visit: &mut dyn FnMut(&mut Waker)) {}
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

fn job(number: u64) -> Arc<Dummy> {
    let ticket = AtomicU64::new(Ticket::NONE.0);
    Arc::new(Dummy { metadata: Metadata::here().named(number.to_string()), number, ticket })
}

const MAIN: LaneId = LaneId(Key::from_bits(0));

fn config() -> LaneConfig {
    LaneConfig::new("".into())
}

fn new_queue(main: LaneConfig) -> JobQueue {
    let (queue, main_lane) = JobQueue::new(main);
    assert_eq!(main_lane, MAIN);
    queue
}

fn push(queue: &mut JobQueue, number: u64, lane: LaneId) -> Arc<Dummy> {
    let job = job(number);
    queue.push(job.clone(), lane, WhenFull::Wait).expect("nothing is refused");
    job
}

/// Pops the next job, and returns its number.
fn pop(queue: &mut JobQueue) -> Option<u64> {
    let name = queue.pop()?.job.metadata().name()?.parse();
    Some(name.expect("it is a number"))
}

fn remove(queue: &mut JobQueue, job: &Dummy) -> Removed {
    queue.remove(job.ticket()).expect("it waits")
}

#[test]
fn a_removed_job_is_gone_and_the_order_of_the_others_is_kept() {
    let mut queue = new_queue(config());
    let jobs: Vec<_> = (0..4).map(|number| push(&mut queue, number, MAIN)).collect();
    for job in [&jobs[0], &jobs[2]] {
        assert_eq!(remove(&mut queue, job).job.job.ticket(), job.ticket());
        assert!(queue.remove(job.ticket()).is_none(), "it has gone");
    }
    assert_eq!((queue.lane(MAIN).queue.len(), queue.takeable()), (2, 2));
    assert_eq!(pop(&mut queue), Some(1));
    assert!(queue.remove(jobs[1].ticket()).is_none(), "it runs");
    assert_eq!(pop(&mut queue), Some(3));
    assert_eq!(pop(&mut queue), None);
}

#[test]
fn a_job_removed_from_the_middle_is_released_at_once() {
    let mut queue = new_queue(config());
    let jobs: Vec<_> = (0..1000).map(|number| push(&mut queue, number, MAIN)).collect();
    for job in jobs.iter().skip(1) {
        drop(remove(&mut queue, job));
    }
    let held = jobs.iter().filter(|job| Arc::strong_count(job) == 2).count();
    assert_eq!(held, 1);
    assert_eq!(queue.lane(MAIN).queue.entries(), 1, "the gaps are closed");
    assert_eq!(queue.drain(|_| true).len(), 1);
}

#[test]
fn a_list_has_at_most_as_many_gaps_as_jobs_whatever_is_removed() {
    let mut queue = new_queue(config());
    let jobs: Vec<_> = (0..1000).map(|number| push(&mut queue, number, MAIN)).collect();
    // Every third job stays; the first and the last are among those that are removed.
    for job in jobs.iter().filter(|job| job.number % 3 != 1) {
        drop(remove(&mut queue, job));
        let list = &queue.lane(MAIN).queue;
        assert!(list.entries() <= 2 * list.len(), "{} for {}", list.entries(), list.len());
    }
    let left: Vec<_> = std::iter::from_fn(|| pop(&mut queue)).collect();
    assert_eq!(left, (0..1000).filter(|number| number % 3 == 1).collect::<Vec<_>>());
    assert_eq!(queue.lane(MAIN).queue.entries(), 0);
}

#[test]
fn a_job_between_gaps_is_found() {
    let mut queue = new_queue(config());
    let jobs: Vec<_> = (0..9).map(|number| push(&mut queue, number, MAIN)).collect();
    for number in [3, 5] {
        drop(remove(&mut queue, &jobs[number]));
    }
    let (lane, found) = queue.find(jobs[4].ticket()).expect("it waits");
    assert_eq!((lane, found.ticket()), (MAIN, jobs[4].ticket()));
    assert!(queue.find(jobs[3].ticket()).is_none(), "a gap is no job");
}

#[test]
fn an_empty_list_keeps_little_memory_of_a_spike() {
    let mut queue = new_queue(config());
    for number in 0..100_000 {
        push(&mut queue, number, MAIN);
    }
    let full = queue.lane(MAIN).queue.capacity();
    while pop(&mut queue).is_some() {}
    let empty = queue.lane(MAIN).queue.capacity();
    assert!(full >= 100_000 && empty < 10_000, "{full}, then {empty}");
}

#[test]
fn what_is_drained_is_the_oldest_first_and_cannot_be_cancelled() {
    let mut queue = new_queue(config());
    let other = queue.open_lane(LaneConfig { must_run: true, ..config() });
    let third = queue.open_lane(LaneConfig { queue_max: 1, ..config() });
    let order = [MAIN, other, third, third, MAIN, other];
    let jobs: Vec<_> =
        order.iter().zip(0..).map(|(&lane, number)| push(&mut queue, number, lane)).collect();
    drop(remove(&mut queue, &jobs[4]));
    let numbers = |entries: Vec<WaitingJob>| -> Vec<_> {
        entries.iter().map(|entry| entry.job.metadata().name().map(String::from)).collect()
    };
    let drained = numbers(queue.drain(|config| !config.must_run));
    assert_eq!(drained, ["0", "2", "3"].map(|number| Some(number.into())));
    assert!(queue.remove(jobs[3].ticket()).is_none());
    assert_eq!(queue.waiting().count(), 2);
    assert_eq!(numbers(queue.drain(|_| true)), ["1", "5"].map(|number| Some(number.into())));
    assert_eq!((queue.waiting().count(), queue.takeable()), (0, 0));
}

#[test]
fn a_lane_runs_no_more_than_its_limit_and_holds_up_no_other() {
    let mut queue = new_queue(config());
    let narrow = queue.open_lane(LaneConfig { running_max: 2, ..config() });
    (0..5).for_each(|number| drop(push(&mut queue, number, narrow)));
    push(&mut queue, 9, MAIN);
    assert_eq!(queue.takeable(), 3);
    assert_eq!([(); 4].map(|()| pop(&mut queue)), [Some(0), Some(1), Some(9), None]);
    assert!(!queue.ended(MAIN));
    assert_eq!(pop(&mut queue), None);
    assert!(queue.ended(narrow));
    assert_eq!([(); 2].map(|()| pop(&mut queue)), [Some(2), None]);
    assert_eq!(queue.lane(narrow).running, 2);
}

#[test]
fn a_job_behind_its_lanes_limit_is_not_one_that_waits_for_a_thread() {
    let mut queue = new_queue(config());
    let narrow = queue.open_lane(LaneConfig { running_max: 1, ..config() });
    let is_more = |queue: &mut JobQueue, number| {
        let pushed = queue.push(job(number), narrow, WhenFull::HandBack);
        pushed.expect("there is room").is_takeable
    };
    assert!(is_more(&mut queue, 0));
    assert!(!is_more(&mut queue, 1));
    let second = push(&mut queue, 2, narrow);
    assert!(!remove(&mut queue, &second).was_takeable);
}

#[test]
fn jobs_behind_a_full_queue_come_in_when_there_is_a_place_the_first_first() {
    let mut queue = new_queue(LaneConfig { queue_max: 2, ..config() });
    let mut permits = Vec::new();
    for number in 0..6 {
        let pushed = queue.push(job(number), MAIN, WhenFull::WaitForPermit);
        permits.push(pushed.expect("it waits for room").permit);
    }
    assert!(queue.push(job(6), MAIN, WhenFull::HandBack).is_none());
    assert!(permits[..2].iter().all(Option::is_none), "they have a place");
    assert_eq!(
        (queue.lane(MAIN).queue.len(), queue.lane(MAIN).wait_list.len(), queue.takeable()),
        (2, 4, 6)
    );
    let is_next = |permit: &Option<Permit>, after: Option<Permit>| {
        let permit = permit.as_ref().expect("it waits for room");
        after.is_some_and(|after| Arc::ptr_eq(permit, &after))
    };
    let first = queue.pop().expect("they wait");
    assert!(is_next(&permits[2], first.permit));
    let (third, fourth) = {
        let jobs: Vec<_> = queue.waiting().map(|(job, _)| Arc::clone(job)).collect();
        (Arc::clone(&jobs[2]), Arc::clone(&jobs[1]))
    };
    // Removing a job from the wait list admits no other job. Removing a job from the queue admits
    // one job from the wait list.
    assert_eq!(third.metadata().name(), Some("3"));
    assert!(queue.remove(third.ticket()).expect("it waits").permit.is_none());
    let withdrawn = queue.remove(fourth.ticket()).expect("it waits");
    assert!(is_next(&permits[4], withdrawn.permit));
    assert_eq!([(); 4].map(|()| pop(&mut queue)), [Some(1), Some(4), Some(5), None]);
}

#[test]
fn a_background_job_is_passed_by_later_ones_but_not_for_ever() {
    let mut queue = new_queue(config());
    let background = queue.open_lane(LaneConfig { priority: Priority::Background, ..config() });
    push(&mut queue, 0, background);
    for number in 1..=2 * AGING {
        push(&mut queue, number, MAIN);
    }
    let order: Vec<_> = std::iter::from_fn(|| pop(&mut queue)).collect();
    let place = order.iter().position(|&number| number == 0);
    assert_eq!(place, Some(AGING as usize), "as many as that have passed");
    assert!(order.iter().filter(|&&number| number > 0).is_sorted());
}

#[test]
fn interactive_jobs_that_keep_coming_starve_nothing() {
    let mut queue = new_queue(config());
    let background = queue.open_lane(LaneConfig { priority: Priority::Background, ..config() });
    push(&mut queue, 0, background);
    let mut passed = 0;
    loop {
        push(&mut queue, 1, MAIN);
        push(&mut queue, 1, MAIN);
        match pop(&mut queue) {
            Some(0) => break,
            Some(_) => passed += 1,
            None => unreachable!("two come for each that goes"),
        }
    }
    assert_eq!(passed, AGING);
}

#[test]
fn a_lane_goes_with_its_last_handle_and_its_last_job_and_its_id_names_no_other() {
    let mut queue = new_queue(config());
    let (first, second) = (queue.open_lane(config()), queue.open_lane(config()));
    push(&mut queue, 0, first);
    let queued = push(&mut queue, 1, first);
    queue.abandon_lane(second);
    queue.abandon_lane(first);
    assert_eq!(queue.lanes().map(|(id, _)| id).collect::<Vec<_>>(), [MAIN, first]);
    assert_eq!(pop(&mut queue), Some(0));
    drop(remove(&mut queue, &queued));
    let _ended = queue.ended(first);
    assert_eq!(queue.lanes().map(|(id, _)| id).collect::<Vec<_>>(), [MAIN]);
    assert_ne!(queue.open_lane(config()), first);
}

/// Compares the queue over random events with a reference, which searches one plain list.
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
        let mut queue = new_queue(LaneConfig { running_max: 3, queue_max: 2, ..config() });
        let background = Priority::Background;
        let second = queue.open_lane(LaneConfig { priority: background, queue_max: 3, ..config() });
        let third =
            queue.open_lane(LaneConfig { running_max: 1, priority: background, ..config() });
        let ids = [MAIN, second, third];
        let limits = [3, usize::MAX, 1];
        let mut running = [0_usize; 3];
        // The waiting jobs, in the order of their tickets. The number of a job is its ticket.
        let mut waiting: Vec<(usize, Arc<Dummy>)> = Vec::new();
        let mut tickets = 0;
        for _ in 0..400 {
            match below(8) {
                0..4 => {
                    let lane = below(3) as usize;
                    waiting.push((lane, push(&mut queue, tickets, ids[lane])));
                    tickets += 1;
                }
                4 if !waiting.is_empty() => {
                    let (_, job) = waiting.remove(below(waiting.len() as u64) as usize);
                    drop(remove(&mut queue, &job));
                }
                5 => {
                    let lane = below(3) as usize;
                    if running[lane] > 0 {
                        running[lane] -= 1;
                        let _ = queue.ended(ids[lane]);
                    }
                }
                _ => {
                    let rank = |(lane, job): &&(usize, Arc<Dummy>)| {
                        job.number + if *lane == 0 { 0 } else { AGING }
                    };
                    let may_run = |(lane, _): &&(usize, Arc<Dummy>)| running[*lane] < limits[*lane];
                    let first = waiting.iter().filter(may_run).min_by_key(rank).cloned();
                    assert_eq!(pop(&mut queue), first.as_ref().map(|(_, job)| job.number));
                    if let Some((lane, first)) = first {
                        running[lane] += 1;
                        waiting.retain(|(_, job)| job.number != first.number);
                    }
                }
            }
            assert_eq!(queue.waiting().count(), waiting.len());
            let of = |lane| waiting.iter().filter(|(own, _)| *own == lane).count();
            let takeable = |lane| of(lane).min(limits[lane] - running[lane]);
            assert_eq!(queue.takeable(), (0..3).map(takeable).sum::<usize>());
        }
    }
}

#[test]
fn a_permit_is_a_cell_that_is_completed_once() {
    let cell: Permit = Arc::new(Completion::new(Metadata::here(), None));
    let handle = JoinHandle::new(Arc::clone(&cell));
    grant(Some(cell));
    assert!(handle.is_finished());
    grant(None);
}
