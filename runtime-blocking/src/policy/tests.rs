//! Tables for each decision, a machine of random events against a reference, and the promise that
//! matters: whatever waits is looked at without another submit.

use super::*;

/// A policy in the state that the counts describe.
fn policy(threads_max: usize, cores: usize, counts: Counts) -> Policy {
    Policy {
        cores,
        queued: counts.queued,
        arriving: counts.arriving,
        busy: counts.busy,
        idle: counts.idle,
        lookout: counts.lookouts > 0,
        ..Policy::new(threads_max)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    queued: usize,
    arriving: usize,
    busy: usize,
    idle: usize,
    lookouts: usize,
}

fn counts(queued: usize, arriving: usize, busy: usize, idle: usize, lookouts: usize) -> Counts {
    Counts { queued, arriving, busy, idle, lookouts }
}

impl Policy {
    fn counts(&self) -> Counts {
        counts(self.queued, self.arriving, self.busy, self.idle, usize::from(self.lookout))
    }
}

#[test]
fn a_submit_calls_one_and_only_when_nobody_is_on_the_way() {
    use Call::{Hire, Nobody, Wake};
    use Role::{Lookout, Worker};
    let max = 4;
    let table = [
        // before: queued, arriving, busy, idle, lookouts        call          after
        ("empty", counts(0, 0, 0, 0, 0), Hire(Worker), counts(1, 1, 0, 0, 0)),
        ("one idle", counts(0, 0, 0, 1, 0), Wake(Worker), counts(1, 1, 0, 0, 0)),
        ("fewer than cores busy", counts(0, 0, 1, 1, 0), Wake(Worker), counts(1, 1, 1, 0, 0)),
        ("one on the way", counts(1, 1, 0, 2, 0), Nobody, counts(2, 1, 0, 2, 0)),
        ("cores busy, one idle", counts(0, 0, 2, 1, 0), Wake(Lookout), counts(1, 0, 2, 0, 1)),
        ("cores busy, none idle", counts(0, 0, 2, 0, 0), Hire(Lookout), counts(1, 0, 2, 0, 1)),
        ("cores busy, a lookout", counts(9, 0, 2, 1, 1), Nobody, counts(10, 0, 2, 1, 1)),
        ("a core free, a lookout", counts(9, 0, 1, 1, 1), Wake(Worker), counts(10, 1, 1, 0, 1)),
        ("all at work", counts(9, 0, 4, 0, 0), Nobody, counts(10, 0, 4, 0, 0)),
    ];
    for (name, before, call, after) in table {
        let mut policy = policy(max, 2, before);
        assert_eq!(policy.submit(2), Submitted::Queue(call), "{name}");
        assert_eq!(policy.counts(), after, "{name}");
    }
}

#[test]
fn a_worker_takes_while_there_are_jobs_and_calls_the_next_if_more_are_left() {
    use Call::{Hire, Nobody, Wake};
    use Coming::{Back, Called};
    use Next::{Take, Wait};
    use Role::{Lookout, Worker};
    let table = [
        ("called, one job", Called, counts(1, 1, 0, 0, 0), Take(Nobody), counts(0, 0, 1, 0, 0)),
        (
            "called, two jobs",
            Called,
            counts(2, 1, 0, 0, 0),
            Take(Hire(Worker)),
            counts(1, 1, 1, 0, 0),
        ),
        ("others come too", Called, counts(3, 2, 0, 0, 0), Take(Nobody), counts(2, 1, 1, 0, 0)),
        ("cores full", Called, counts(2, 1, 1, 1, 0), Take(Wake(Lookout)), counts(1, 0, 2, 0, 1)),
        ("too late", Called, counts(0, 1, 1, 0, 0), Wait, counts(0, 0, 1, 1, 0)),
        ("back, more", Back, counts(2, 0, 2, 0, 1), Take(Nobody), counts(1, 0, 2, 0, 1)),
        ("back, none", Back, counts(0, 0, 2, 0, 1), Wait, counts(0, 0, 1, 1, 1)),
        ("back, all at work", Back, counts(5, 0, 4, 0, 0), Take(Nobody), counts(4, 0, 4, 0, 0)),
    ];
    for (name, coming, before, next, after) in table {
        let mut policy = policy(4, 2, before);
        assert_eq!(policy.next(coming), next, "{name}");
        assert_eq!(policy.counts(), after, "{name}");
        assert_eq!(policy.ended(), u64::from(coming == Back), "{name}");
    }
}

#[test]
fn the_lookout_waits_while_the_queue_moves_and_grows_twice_as_much_when_it_does_not() {
    let mut policy = policy(512, 2, counts(100, 0, 2, 0, 1));
    assert_eq!(policy.tick(None), Tick::WaitAgain(0));
    assert_eq!(policy.tick(Some(0)), Tick::Grow { by: 2, seen: 0 });
    assert_eq!(policy.tick(Some(0)), Tick::Grow { by: 4, seen: 0 });
    assert_eq!(policy.tick(Some(0)), Tick::Grow { by: 8, seen: 0 });
    assert_eq!(policy.next(Coming::Back), Next::Take(Call::Nobody));
    assert_eq!(policy.tick(Some(0)), Tick::WaitAgain(1));
    assert_eq!(policy.tick(Some(1)), Tick::Grow { by: 2, seen: 1 }, "the step begins anew");
}

#[test]
fn growth_wakes_first_then_hires_and_never_calls_more_than_jobs_wait() {
    let mut policy = policy(6, 1, counts(3, 0, 1, 1, 1));
    assert_eq!(policy.grow(), Call::Wake(Role::Worker));
    assert_eq!(policy.grow(), Call::Hire(Role::Worker));
    assert_eq!(policy.grow(), Call::Hire(Role::Worker));
    assert_eq!(policy.grow(), Call::Nobody);
    assert_eq!(policy.counts(), counts(3, 3, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), Tick::WaitAgain(0), "those on the way will do");
}

#[test]
fn a_lookout_with_nothing_to_watch_is_an_idle_worker() {
    let mut policy = policy(4, 1, counts(0, 0, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), Tick::StandDown);
    assert_eq!(policy.counts(), counts(0, 0, 1, 1, 0));
}

#[test]
fn a_lookout_takes_the_job_itself_when_nobody_is_left_to_call() {
    let mut policy = policy(3, 1, counts(2, 0, 2, 0, 1));
    assert_eq!(policy.tick(Some(0)), Tick::Take);
    assert_eq!(policy.counts(), counts(1, 0, 3, 0, 0));
}

/// P52, tokio#8406: the lookout is a free thread; refusing it company must not idle it.
#[test]
fn a_lookout_takes_the_job_itself_when_the_system_refuses_a_thread() {
    let mut policy = policy(9, 1, counts(2, 0, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), Tick::Grow { by: 1, seen: 0 });
    assert_eq!(policy.grow(), Call::Hire(Role::Worker));
    assert_eq!(policy.could_not_start(Role::Worker), Unstarted::Leave(Call::Nobody));
    assert_eq!(policy.grow(), Call::Nobody, "one refusal ends the step");
    assert_eq!(policy.tick(Some(0)), Tick::Take);
    assert_eq!(policy.counts(), counts(1, 0, 2, 0, 0));
}

#[test]
fn a_refusal_is_forgotten_when_the_queue_has_moved_since() {
    let mut policy = policy(9, 1, counts(5, 0, 1, 0, 1));
    assert_eq!(policy.tick(Some(0)), Tick::Grow { by: 1, seen: 0 });
    assert_eq!(policy.grow(), Call::Hire(Role::Worker));
    assert_eq!(policy.could_not_start(Role::Worker), Unstarted::Leave(Call::Nobody));
    assert_eq!(policy.next(Coming::Back), Next::Take(Call::Nobody));
    assert_eq!(policy.tick(Some(0)), Tick::WaitAgain(1));
    assert_eq!(policy.tick(Some(1)), Tick::Grow { by: 1, seen: 1 }, "it tries again");
    assert_eq!(policy.grow(), Call::Hire(Role::Worker));
}

#[test]
fn a_refused_start_strands_jobs_only_when_no_thread_is_left() {
    let table = [
        ("nobody", counts(3, 1, 0, 0, 0), Unstarted::Strand, counts(0, 0, 0, 0, 0)),
        (
            "one at work",
            counts(3, 1, 1, 0, 0),
            Unstarted::Leave(Call::Nobody),
            counts(3, 0, 1, 0, 0),
        ),
        (
            "two on the way",
            counts(3, 2, 0, 0, 0),
            Unstarted::Leave(Call::Nobody),
            counts(3, 1, 0, 0, 0),
        ),
        (
            "one has become idle",
            counts(3, 1, 0, 1, 0),
            Unstarted::Leave(Call::Wake(Role::Worker)),
            counts(3, 1, 0, 0, 0),
        ),
    ];
    for (name, before, unstarted, after) in table {
        let mut policy = policy(4, 2, before);
        assert_eq!(policy.could_not_start(Role::Worker), unstarted, "{name}");
        assert_eq!(policy.counts(), after, "{name}");
    }
    let mut policy = policy(4, 1, counts(1, 0, 1, 1, 1));
    let unstarted = policy.could_not_start(Role::Lookout);
    assert_eq!(unstarted, Unstarted::Leave(Call::Wake(Role::Lookout)));
}

#[test]
fn after_refusals_ending_jobs_try_again_ever_more_seldom_and_a_success_forgets_it() {
    let mut policy = policy(2, 1, counts(1000, 0, 1, 0, 0));
    let mut tries = Vec::new();
    for job in 1..=200 {
        let Next::Take(call) = policy.next(Coming::Back) else { panic!("jobs are left") };
        if call == Call::Hire(Role::Lookout) {
            tries.push(job);
            assert_eq!(policy.could_not_start(Role::Lookout), Unstarted::Leave(Call::Nobody));
        }
    }
    assert_eq!(tries, [1, 2, 4, 8, 16, 32, 64, 128, 192]);
    assert_eq!(policy.submit(1), Submitted::Queue(Call::Hire(Role::Lookout)), "a submit tries");
    policy.started();
    assert_eq!((policy.refused, policy.backoff, policy.retry_at), (false, 1, 0));
}

#[test]
fn a_closed_pool_refuses_runs_what_it_has_and_retires() {
    let mut policy = policy(4, 1, counts(1, 0, 1, 1, 1));
    policy.close();
    assert_eq!(policy.submit(1), Submitted::Refuse);
    assert_eq!(policy.counts(), counts(1, 1, 1, 0, 1), "the idle are on their way");
    assert_eq!(policy.next(Coming::Called), Next::Take(Call::Nobody));
    assert_eq!(policy.next(Coming::Back), Next::Retire);
    assert_eq!(policy.next(Coming::Back), Next::Retire);
    assert_eq!(policy.tick(None), Tick::Retire);
    assert_eq!(policy.threads(), 0);
}

/// A generator that needs no package: xorshift, from a seed.
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

/// The reference: it does what the policy says to a list of workers and of jobs, and counts anew.
#[derive(Debug)]
struct Reference {
    policy: Policy,
    cores: usize,
    /// Called, whether as a new thread or an old one.
    arriving: usize,
    /// Starts that the system has not yet answered.
    hires: Vec<Role>,
    busy: usize,
    idle: usize,
    lookouts: usize,
    seen: Option<u64>,
    queued: usize,
    ended: u64,
    accepted: u64,
    cancelled: u64,
    stranded: u64,
    /// A start was refused, and none has been asked for since.
    refused: bool,
}

impl Reference {
    fn new(threads_max: usize, cores: usize) -> Reference {
        Reference {
            policy: Policy::new(threads_max),
            cores,
            arriving: 0,
            hires: Vec::new(),
            busy: 0,
            idle: 0,
            lookouts: 0,
            seen: None,
            queued: 0,
            ended: 0,
            accepted: 0,
            cancelled: 0,
            stranded: 0,
            refused: false,
        }
    }

    fn carry_out(&mut self, call: Call) {
        let role = match call {
            Call::Nobody => return,
            Call::Wake(role) => {
                self.idle -= 1;
                self.come(role);
                return;
            }
            Call::Hire(role) => role,
        };
        self.hires.push(role);
        self.refused = false;
    }

    fn come(&mut self, role: Role) {
        match role {
            Role::Worker => self.arriving += 1,
            Role::Lookout => {
                self.lookouts += 1;
                self.seen = None;
            }
        }
    }

    fn submit(&mut self) {
        if let Submitted::Queue(call) = self.policy.submit(self.cores) {
            self.queued += 1;
            self.accepted += 1;
            self.carry_out(call);
        }
    }

    fn cancel(&mut self) {
        if self.queued > 0 {
            self.policy.cancel();
            self.queued -= 1;
            self.cancelled += 1;
        }
    }

    fn answer_hire(&mut self, refuse: bool) {
        let Some(role) = self.hires.pop() else { return };
        if !refuse {
            self.policy.started();
            return self.come(role);
        }
        self.refused = true;
        match self.policy.could_not_start(role) {
            Unstarted::Leave(call) => {
                assert!(!matches!(call, Call::Hire(_)), "a refusal hires nobody");
                self.carry_out(call);
            }
            Unstarted::Strand => {
                self.stranded += self.queued as u64;
                self.queued = 0;
            }
        }
    }

    fn next(&mut self, coming: Coming) {
        let from = match coming {
            Coming::Called => &mut self.arriving,
            Coming::Back => &mut self.busy,
        };
        if *from == 0 {
            return;
        }
        *from -= 1;
        self.ended += u64::from(coming == Coming::Back);
        match self.policy.next(coming) {
            Next::Take(call) => {
                self.queued -= 1;
                self.busy += 1;
                self.carry_out(call);
            }
            Next::Wait => self.idle += 1,
            Next::Retire => assert!(self.policy.is_closed()),
        }
    }

    fn tick(&mut self) {
        if self.lookouts == 0 {
            return;
        }
        match self.policy.tick(self.seen) {
            Tick::WaitAgain(seen) => self.seen = Some(seen),
            Tick::Grow { by, seen } => {
                self.seen = Some(seen);
                for _ in 0..by {
                    let call = self.policy.grow();
                    self.carry_out(call);
                }
            }
            Tick::Take => {
                self.lookouts -= 1;
                self.queued -= 1;
                self.busy += 1;
            }
            Tick::StandDown => {
                self.lookouts -= 1;
                self.idle += 1;
            }
            Tick::Retire => {
                assert!(self.policy.is_closed());
                self.lookouts -= 1;
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
        let hired = |role| self.hires.iter().filter(|hire| **hire == role).count();
        let arriving = self.arriving + hired(Role::Worker);
        let lookouts = self.lookouts + hired(Role::Lookout);
        let expected = counts(self.queued, arriving, self.busy, self.idle, lookouts);
        assert_eq!(self.policy.counts(), expected, "{self:?}");
        assert_eq!(self.policy.ended(), self.ended);
        let all = self.ended + (self.busy + self.queued) as u64 + self.cancelled + self.stranded;
        assert_eq!(self.accepted, all, "every job is in one place: {self:?}");
        assert!(lookouts <= 1);
        let threads = self.policy.threads();
        assert!(threads <= self.policy.threads_max, "{self:?}");
        if self.queued > 0 && arriving == 0 && lookouts == 0 {
            assert!(self.busy > 0 && self.idle == 0, "nobody will look: {self:?}");
            let nobody_to_call = threads == self.policy.threads_max || self.refused;
            assert!(nobody_to_call, "somebody could look: {self:?}");
        }
    }

    /// Lets everything happen that happens by itself while the running jobs block for ever.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            while !self.hires.is_empty() {
                self.answer_hire(false);
            }
            while self.arriving > 0 {
                self.next(Coming::Called);
            }
            self.tick();
            self.check();
        }
    }
}

#[test]
fn counters_are_exact_and_somebody_looks_after_every_random_event() {
    for seed in 1..400 {
        let mut dice = Dice::new(seed);
        let mut pool = Reference::new(1 + dice.below(6) as usize, 1 + dice.below(4) as usize);
        let refusals = dice.below(3);
        for _ in 0..400 {
            match dice.below(40) {
                0..10 => pool.submit(),
                10..12 => pool.cancel(),
                12..20 => pool.answer_hire(dice.below(4) < refusals),
                20..27 => pool.next(Coming::Called),
                27..32 => pool.next(Coming::Back),
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
                pool.answer_hire(false);
                pool.next(Coming::Called);
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
            pool.next(Coming::Back);
        }
        pool.settle();
        assert_eq!(pool.lookouts, 0, "no timer is left");
        assert_eq!(pool.policy.threads(), if closed { 0 } else { 5 });
        while pool.idle > 0 {
            pool.expire();
        }
        assert_eq!(pool.policy.threads(), 0);
        pool.check();
    }
}
