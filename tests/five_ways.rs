//! The picture of the README: the five programs of `examples/asyncio`, recorded under virtual time.
//!
//! The programs have the shape of the examples. Only the call that blocks for two seconds is
//! different, so that the recording is the same each time: a job sleeps until the virtual clock has
//! advanced by two seconds, and a call on the loop's own thread advances the clock.
//!
//! `BLESS=1 cargo test --all-features --test five_ways` draws the picture anew.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::mem;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use aside::observe::{Event, Observer, Recording, Trace};
use aside::time::Clock;
use aside::{Handle, JoinError, JoinHandle, Metadata, Runtime, gather, named, sleep, try_gather};
use aside_trace::Timeline;

const CALL: Duration = Duration::from_secs(2);
const PICTURE: &str = "docs/guide/images/five_ways.svg";

/// A program that is recorded. Clones share everything.
#[derive(Clone)]
struct Program {
    clock: Clock,
    order: Rc<RefCell<Order>>,
}

/// Jobs that sleep until the same time end one after the other, in the order of their submits, and
/// each of them only when the loop is about to park after it has received the result before, and
/// when a worker has taken the job that followed. So the same wakes are recorded each time, and a
/// worker that ends a job takes the next one.
#[derive(Default)]
struct Order {
    may_end: Vec<mpsc::Sender<()>>,
    /// Signals of jobs that no other job keeps from being taken at once.
    begins: Vec<mpsc::Receiver<()>>,
    received: usize,
    released: usize,
}

/// Lets the next job end.
struct Release(Rc<RefCell<Order>>);

impl Observer for Release {
    fn parked(&self, _deadline: Option<std::time::Instant>) {
        let mut order = self.0.borrow_mut();
        for begins in mem::take(&mut order.begins) {
            begins.recv().expect("a worker takes the job");
        }
        if order.released == order.received && order.released < order.may_end.len() {
            order.may_end[order.released].send(()).expect("the job waits");
            order.released += 1;
        }
    }
}

impl Program {
    /// Blocks the loop for two seconds.
    fn slow_in_place(&self) -> u32 {
        self.clock.advance_to(self.clock.now() + CALL);
        1
    }

    /// Returns a job that blocks its thread for two seconds, and a signal of its begin.
    fn slow(&self) -> (impl FnOnce() -> u32 + Send + 'static, mpsc::Receiver<()>) {
        let runtime = Handle::current();
        let (sender, may_end) = mpsc::channel();
        let (begin, begins) = mpsc::channel();
        self.order.borrow_mut().may_end.push(sender);
        let job = move || {
            // Nothing waits for the begin of a job that the pool may leave in the queue.
            let _ = begin.send(());
            runtime.block_on(sleep(CALL));
            may_end.recv().expect("the program waits for its jobs");
            1
        };
        (job, begins)
    }

    async fn received(&self, job: JoinHandle<u32>) -> Result<u32, JoinError> {
        let done = job.await?;
        self.order.borrow_mut().received += 1;
        Ok(done)
    }

    async fn on_pool(&self, name: &str, call: u32) -> Result<u32, JoinError> {
        let (job, begins) = self.slow();
        let job = named(format!("{name}, call {call}")).spawn_blocking(job);
        self.order.borrow_mut().begins.push(begins);
        self.received(job).await
    }

    /// A job that waits in the queue for a thread holds the clock. This one does not, because it is
    /// submitted to the pool itself.
    async fn on_busy_pool(&self, name: &str, call: u32) -> Result<u32, JoinError> {
        let metadata = Metadata::here().named(format!("{name}, call {call}"));
        let (job, _begins) = self.slow();
        let job = Handle::current().pool().submit_as(metadata, job);
        self.received(job.expect("the pool accepts jobs")).await
    }
}

/// Runs a program on a pool that has as many threads as the program needs, so that no worker stays
/// without a job.
fn record<F>(threads: usize, program: impl FnOnce(Program) -> F) -> Recording
where
    F: Future<Output = Result<u32, JoinError>>,
{
    let (trace, clock, order) = (Trace::new(), Clock::virtual_time(), Rc::default());
    let runtime = Runtime::builder()
        .clock(clock.clone())
        .threads_max(threads)
        .observer(Release(Rc::clone(&order)))
        .record(&trace)
        .build();
    let done = runtime.block_on(program(Program { clock, order }));
    assert_eq!(done.expect("no job fails"), 4, "four calls");
    drop(runtime);
    with_canonical_workers(without_helpers(trace.recording()))
}

/// Removes the tasks by which the loop serves the sleeps of jobs. A job that blocks has none.
fn without_helpers(recording: Recording) -> Recording {
    let mut helpers = HashSet::new();
    let mut events = recording.events;
    events.retain(|recorded| match &recorded.event {
        Event::TaskSpawned { key, metadata } => {
            let is_helper = metadata.location().file().ends_with("sleep.rs");
            let _ = if is_helper { helpers.insert(*key) } else { helpers.remove(key) };
            !is_helper
        }
        Event::PollBegan { key } | Event::PollEnded { key, .. } | Event::Woken { key, .. } => {
            !helpers.contains(key)
        }
        _ => true,
    });
    renumbered(events)
}

/// Numbers the workers by their first jobs, in the order of the queue: which worker takes which job
/// is up to the threads.
fn with_canonical_workers(recording: Recording) -> Recording {
    let mut events = recording.events;
    let mut queued = Vec::new();
    let mut taken = HashMap::new();
    for recorded in &events {
        match &recorded.event {
            Event::JobQueued { metadata, .. } => queued.push(metadata.id()),
            Event::JobTaken { job, worker } => {
                let _ = taken.insert(*job, *worker);
            }
            _ => {}
        }
    }
    let mut rows = HashMap::new();
    for job in queued {
        let number = rows.len() as u32 + 1;
        rows.entry(taken[&job]).or_insert(number);
    }
    events.retain_mut(|recorded| match &mut recorded.event {
        Event::JobTaken { worker, .. }
        | Event::JobEnded { worker, .. }
        | Event::WorkerStarted { worker }
        | Event::WorkerIdle { worker }
        | Event::MonitorBegan { worker }
        | Event::MonitorEnded { worker }
        | Event::WorkerRetired { worker } => match rows.get(worker) {
            Some(row) => {
                *worker = *row;
                true
            }
            None => false,
        },
        _ => true,
    });
    renumbered(events)
}

fn renumbered(mut events: Vec<aside::observe::TraceEvent>) -> Recording {
    for (seq, recorded) in events.iter_mut().enumerate() {
        recorded.seq = seq as u64;
    }
    Recording { events, ..Recording::default() }
}

fn sequential() -> Recording {
    async fn main_of(program: &Program) -> u32 {
        program.slow_in_place() + program.slow_in_place()
    }
    record(1, |program| async move { Ok(main_of(&program).await + main_of(&program).await) })
}

fn gathered() -> Recording {
    async fn main_of(program: &Program, name: &str) -> Result<u32, JoinError> {
        let first = program.on_pool(name, 1).await?;
        let second = program.on_pool(name, 2).await?;
        Ok(first + second)
    }
    record(2, |program| async move {
        let (first, second) =
            try_gather((main_of(&program, "main 1"), main_of(&program, "main 2"))).await?;
        Ok(first + second)
    })
}

fn all_gathered() -> Recording {
    async fn main_of(program: &Program, name: &str) -> Result<u32, JoinError> {
        let (first, second) =
            try_gather((program.on_pool(name, 1), program.on_pool(name, 2))).await?;
        Ok(first + second)
    }
    record(4, |program| async move {
        let (first, second) =
            try_gather((main_of(&program, "main 1"), main_of(&program, "main 2"))).await?;
        Ok(first + second)
    })
}

fn one_worker() -> Recording {
    async fn main_of(program: &Program, name: &str) -> Result<u32, JoinError> {
        let (first, second) =
            try_gather((program.on_busy_pool(name, 1), program.on_busy_pool(name, 2))).await?;
        Ok(first + second)
    }
    record(1, |program| async move {
        let (first, second) =
            try_gather((main_of(&program, "main 1"), main_of(&program, "main 2"))).await?;
        Ok(first + second)
    })
}

fn blocked_loop() -> Recording {
    async fn call(program: &Program) -> u32 {
        program.slow_in_place()
    }
    async fn main_of(program: Program) -> u32 {
        let (first, second) = gather((call(&program), call(&program))).await;
        first + second
    }
    record(1, |program| async move {
        let first = named("main 1").spawn(main_of(program.clone()));
        let second = named("main 2").spawn(main_of(program));
        let (first, second) = try_gather((first, second)).await?;
        Ok(first + second)
    })
}

/// The virtual time from the first event to the last one.
fn total(recording: &Recording) -> Duration {
    let times = || recording.events.iter().map(|recorded| recorded.time);
    times().max().unwrap_or_default() - times().min().unwrap_or_default()
}

#[test]
fn the_picture_of_the_readme_is_what_the_five_programs_do() {
    let programs = [
        ("sequential", "the calls block the loop, one after the other", 8, sequential()),
        ("gathered", "two mains at a time, each awaits its calls in turn", 4, gathered()),
        ("all_gathered", "all four calls run on the pool at once", 2, all_gathered()),
        ("one_worker", "the same, but the pool has one thread", 8, one_worker()),
        ("blocked_loop", "the mistake: two tasks that block the loop", 8, blocked_loop()),
    ];
    let mut picture = Timeline::new("Four calls that block for two seconds, in five ways");
    for (name, caption, seconds, recording) in programs {
        assert!(recording.is_whole(), "{name}");
        assert_eq!(total(&recording), Duration::from_secs(seconds), "{name}");
        picture = picture.compare(name, caption, recording);
    }
    let svg = picture.to_svg();
    if std::env::var_os("BLESS").is_some() {
        fs::write(PICTURE, &svg).expect("the picture can be written");
    }
    let committed = fs::read_to_string(PICTURE).unwrap_or_default();
    assert!(svg == committed, "the picture differs: BLESS=1 writes {PICTURE}; look at it then");
}
