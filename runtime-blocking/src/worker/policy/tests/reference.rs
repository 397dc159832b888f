//! Compares the policy over random events with a reference (P6, P52, P57). Checks the invariant
//! that no waiting job depends on a later submit.

use super::*;

/// A seeded generator of random numbers (xorshift), which needs no package.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The reference: carries out the policy's decisions on its own counts, and compares the counts.
#[derive(Debug)]
struct Reference {
    policy: Policy,
    cores: usize,
    /// The workers that were woken or started, and have not looked for a job yet.
    arriving: usize,
    /// Starts that the system has not yet answered.
    starts: Vec<Role>,
    busy: usize,
    idle: usize,
    monitors: usize,
    seen: Option<u64>,
    queued: usize,
    ended: u64,
    accepted: u64,
    cancelled: u64,
    failed: u64,
    /// True if a start was refused, and no start has been tried since.
    refused: bool,
}

impl Reference {
    fn new(threads_max: usize, cores: usize) -> Reference {
        Reference {
            policy: Policy::new(threads_max),
            cores,
            arriving: 0,
            starts: Vec::new(),
            busy: 0,
            idle: 0,
            monitors: 0,
            seen: None,
            queued: 0,
            ended: 0,
            accepted: 0,
            cancelled: 0,
            failed: 0,
            refused: false,
        }
    }

    fn carry_out(&mut self, call: Dispatch) {
        let role = match call {
            Dispatch::Nothing => return,
            Dispatch::Wake(role) => {
                self.idle -= 1;
                self.come(role);
                return;
            }
            Dispatch::Start(role) => role,
        };
        self.starts.push(role);
        self.refused = false;
    }

    fn come(&mut self, role: Role) {
        match role {
            Role::Worker => self.arriving += 1,
            Role::Monitor => {
                self.monitors += 1;
                self.seen = None;
            }
        }
    }

    fn submit(&mut self) {
        if !self.policy.is_closed() {
            let call = self.policy.submit(self.cores);
            self.queued += 1;
            self.accepted += 1;
            self.carry_out(call);
        }
    }

    fn cancel(&mut self) {
        if self.queued > 0 {
            self.policy.remove();
            self.queued -= 1;
            self.cancelled += 1;
        }
    }

    fn answer_start(&mut self, refuse: bool) {
        let Some(role) = self.starts.pop() else { return };
        if !refuse {
            self.policy.started();
            return self.come(role);
        }
        self.refused = true;
        match self.policy.could_not_start(role) {
            StartFailure::Continue(call) => {
                assert!(!matches!(call, Dispatch::Start(_)), "a refusal starts no thread");
                self.carry_out(call);
            }
            StartFailure::NoThread => {
                self.failed += self.queued as u64;
                self.queued = 0;
            }
        }
    }

    fn next(&mut self, arrival: Arrival) {
        let from = match arrival {
            Arrival::Dispatched => &mut self.arriving,
            Arrival::JobEnded | Arrival::ManyJobsEnded => &mut self.busy,
        };
        if *from == 0 {
            return;
        }
        *from -= 1;
        if arrival != Arrival::Dispatched {
            self.ended += 1;
            // Short, slow, and slower than before.
            let run_times = [10, 200, 200, 1000].map(Duration::from_micros);
            self.policy.add_run_time(run_times[self.ended as usize % 4]);
        }
        match self.policy.next(arrival) {
            WorkerAction::Take(call) => {
                self.queued -= 1;
                self.busy += 1;
                self.carry_out(call);
            }
            WorkerAction::YieldAndRetry => self.arriving += 1,
            WorkerAction::Wait => self.idle += 1,
            WorkerAction::Retire => assert!(self.policy.is_closed()),
        }
    }

    fn tick(&mut self) {
        if self.monitors == 0 {
            return;
        }
        match self.policy.tick(self.seen) {
            MonitorAction::WaitAgain(seen) => self.seen = Some(seen),
            MonitorAction::Grow { by, seen } => {
                self.seen = Some(seen);
                for _ in 0..by {
                    let call = self.policy.grow();
                    self.carry_out(call);
                }
            }
            MonitorAction::Take => {
                self.monitors -= 1;
                self.queued -= 1;
                self.busy += 1;
            }
            MonitorAction::StandDown => {
                self.monitors -= 1;
                self.idle += 1;
            }
            MonitorAction::Retire => {
                assert!(self.policy.is_closed());
                self.monitors -= 1;
            }
        }
    }

    fn expire(&mut self) {
        if self.idle > 0 {
            self.policy.retire();
            self.idle -= 1;
        }
    }

    fn close(&mut self) {
        self.policy.close();
        self.arriving += self.idle;
        self.idle = 0;
    }

    fn check(&self) {
        let starting = |role| self.starts.iter().filter(|start| **start == role).count();
        let arriving = self.arriving + starting(Role::Worker);
        let monitors = self.monitors + starting(Role::Monitor);
        let expected = counts(self.queued, arriving, self.busy, self.idle, monitors);
        assert_eq!(self.policy.counts(), expected, "{self:?}");
        assert_eq!(self.policy.ended(), self.ended);
        let all = self.ended + (self.busy + self.queued) as u64 + self.cancelled + self.failed;
        assert_eq!(self.accepted, all, "every job is in one place: {self:?}");
        assert!(monitors <= 1);
        let threads = self.policy.threads();
        assert!(threads <= self.policy.threads_max, "{self:?}");
        if self.queued > 0 && arriving == 0 && monitors == 0 {
            assert!(self.busy > 0 && self.idle == 0, "no worker will look: {self:?}");
            let none_to_dispatch = threads == self.policy.threads_max || self.refused;
            assert!(none_to_dispatch, "a worker could look: {self:?}");
        }
    }

    /// Lets all events occur that need neither a submit nor the end of a job.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            while !self.starts.is_empty() {
                self.answer_start(false);
            }
            while self.arriving > 0 {
                self.next(Arrival::Dispatched);
            }
            self.tick();
            self.check();
        }
    }
}

#[test]
fn counters_are_exact_and_a_worker_looks_after_every_random_event() {
    for seed in 1..400 {
        let mut dice = Dice::new(seed);
        let mut pool = Reference::new(1 + dice.below(6) as usize, 1 + dice.below(4) as usize);
        let refusals = dice.below(3);
        for _ in 0..400 {
            match dice.below(40) {
                0..10 => pool.submit(),
                10..12 => pool.cancel(),
                12..20 => pool.answer_start(dice.below(4) < refusals),
                20..27 => pool.next(Arrival::Dispatched),
                27..30 => pool.next(Arrival::JobEnded),
                30..32 => pool.next(Arrival::ManyJobsEnded),
                32..37 => pool.tick(),
                37..39 => pool.expire(),
                _ if dice.below(40) == 0 => pool.close(),
                _ => {}
            }
            pool.check();
        }
    }
}

#[test]
fn jobs_that_block_for_ever_leave_nothing_queued_while_a_thread_can_be_had() {
    for seed in 1..40 {
        let mut dice = Dice::new(seed);
        let (max, cores) = (1 + dice.below(300) as usize, 1 + dice.below(8) as usize);
        let mut pool = Reference::new(max, cores);
        let jobs = dice.below(400);
        for _ in 0..jobs {
            pool.submit();
            if dice.below(8) == 0 {
                pool.answer_start(false);
                pool.next(Arrival::Dispatched);
            }
        }
        pool.settle();
        assert_eq!(pool.busy, max.min(jobs as usize), "seed {seed}: {pool:?}");
    }
}

#[test]
fn a_pool_that_has_ended_its_jobs_is_idle_or_gone() {
    for closed in [false, true] {
        let mut pool = Reference::new(5, 2);
        (0..20).for_each(|_| pool.submit());
        pool.settle();
        if closed {
            pool.close();
        }
        while pool.busy > 0 {
            pool.next(Arrival::JobEnded);
        }
        pool.settle();
        assert_eq!(pool.monitors, 0, "no timer is left");
        assert_eq!(pool.policy.threads(), if closed { 0 } else { 5 });
        while pool.idle > 0 {
            pool.expire();
        }
        assert_eq!(pool.policy.threads(), 0);
        pool.check();
    }
}
