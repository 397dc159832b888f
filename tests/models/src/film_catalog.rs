//! The list of the films: counterexamples of mutants, as pages.

use crate::catalog;
use crate::model::{Model, Mutant};

/// A film: the failing execution of one mutant.
pub(crate) struct FilmSpec {
    /// The name of the page.
    pub(crate) name: &'static str,
    /// The mistake, as the title of the page.
    pub(crate) title: &'static str,
    /// The claim of the model that the mutant refutes.
    pub(crate) claim: &'static str,
    /// The reason why the mutant fails.
    pub(crate) look_for: &'static str,
    /// The number of the last frame before the end that quotes the changed line, from 1.
    pub(crate) frame: usize,
    /// The name of the model.
    pub(crate) model: &'static str,
    /// The mutant: the name of a wrong program, or the kind of the mutation and the snippet.
    pub(crate) mutant: &'static str,
    /// The model that passes, and is shown beside the mutant.
    pub(crate) beside: &'static str,
    /// The names of the first threads.
    pub(crate) threads: &'static [&'static str],
    /// For a wrong program: the lines that contain the mistake. File, piece of the first line, and
    /// number of lines.
    pub(crate) mistake: Option<(&'static str, &'static str, usize)>,
    /// The line that the mistake calls, whose steps quote the mistake.
    pub(crate) called: Option<(&'static str, &'static str)>,
}

const TOY: &str = "tests/models/src/toy.rs";

/// All films.
pub(crate) const FILMS: &[FilmSpec] = &[
    FilmSpec {
        name: "sleep-without-looking",
        title: "A loop that looks, and then sleeps",
        claim: "A thread that parks misses no wakeup.",
        look_for: "The owner reads RUNNING. The unpark swaps in NOTIFIED and finds RUNNING, \
                   so it makes no system call. The owner's store replaces NOTIFIED by \
                   PARKED unread.",
        frame: 8,
        model: "park::no_wakeup_is_lost",
        mutant: "split self.state.compare_exchange(RUNNING, how",
        beside: "park::no_wakeup_is_lost",
        threads: &["owner", "unparker"],
        mistake: None,
        called: None,
    },
    FilmSpec {
        name: "unpark-lost",
        title: "A notification without the system call",
        claim: "An unpark that finds PARKED wakes the thread.",
        look_for: "The word says NOTIFIED, but a sleeping thread does not read words.",
        frame: 8,
        model: "park::no_wakeup_is_lost",
        mutant: "lose PARKED => self.thread.unpark()",
        beside: "park::no_wakeup_is_lost",
        threads: &["owner", "unparker"],
        mistake: None,
        called: None,
    },
    FilmSpec {
        name: "store-instead-of-swap",
        title: "A store instead of the swap that clears `posted`",
        claim: "A poll after a wake sees the data that was written before the wake.",
        look_for: "Waker 2 finds `posted` set, so it sends no message: its swap is the only \
                   trace of its wake. A swap by the loop would read it, and acquire the \
                   data. The store overwrites it unread, so the poll reads an old value, \
                   and the loop sleeps.",
        frame: 28,
        model: "waking::of_two_wakes_none_is_lost_and_both_show_their_data",
        mutant: "split self.posted.swap(false",
        beside: "waking::of_two_wakes_none_is_lost_and_both_show_their_data",
        threads: &["loop", "waker 1", "waker 2"],
        mistake: None,
        called: None,
    },
    FilmSpec {
        name: "relaxed-publication",
        title: "A result that is published by a Relaxed store",
        claim: "A thread that finds a task finished sees what the task did.",
        look_for: "The reader finds the flag `finished` set, and still reads the old value \
                   of the data: nothing orders the producer's write before the reader's \
                   load.",
        frame: 6,
        model: "completion::is_finished_orders_the_work_of_the_producer",
        mutant: "relaxed self.finished.store(true",
        beside: "completion::is_finished_orders_the_work_of_the_producer",
        threads: &["reader", "producer"],
        mistake: None,
        called: None,
    },
    FilmSpec {
        name: "lost-edge",
        title: "A readiness that is cleared too late",
        claim: "An event that arrives during an operation that would block is not lost.",
        look_for: "The operation finds no data. The event arrives after that, and \
                   increments the tick. The mistake is to clear the tick that is current \
                   then, instead of the one that was current before the operation.",
        frame: 65,
        model: "reactor::an_event_during_a_failing_operation_is_not_cleared",
        mutant: "a tick is cleared that was not seen",
        beside: "reactor::an_event_during_a_failing_operation_is_not_cleared",
        threads: &["loop", "task"],
        mistake: Some((
            "tests/models/src/reactor.rs",
            "let unseen = socket.ready(Direction::Read)",
            2,
        )),
        called: Some(("runtime-executor/src/reactor/readiness.rs", "self.cleared.store(seen")),
    },
    FilmSpec {
        name: "idle-without-a-last-look",
        title: "A worker that becomes idle without a last look at the queue",
        claim: "A job that is submitted while a worker becomes idle is run.",
        look_for: "The worker finds the queue empty, and unlocks. The submit queues a job \
                   and finds no idle worker to wake. The worker then becomes idle: nothing \
                   wakes it.",
        frame: 75,
        model: "pool::a_job_submitted_to_a_worker_going_idle_is_run",
        mutant: "sleeps without a last check",
        beside: "pool::the_toy_without_a_mistake_passes",
        threads: &["submitter", "worker"],
        mistake: Some((TOY, "if self.bug == Bug::SleepsWithoutALook", 4)),
        called: None,
    },
    FilmSpec {
        name: "keep-alive-against-submit",
        title: "A keep-alive that passes while a job is submitted",
        claim: "A job that is submitted while the keep-alive of the worker passes is run.",
        look_for: "The submit takes the worker off the idle list, and relies on it. The \
                   worker retires because its time has passed, without a look at the list.",
        frame: 47,
        model: "pool::a_job_submitted_while_the_keep_alive_passes_is_run",
        mutant: "retires without a look",
        beside: "pool::the_toy_without_a_mistake_passes_while_time_passes",
        threads: &["submitter", "time", "worker"],
        mistake: Some((TOY, "Unparked::Expired if !was_called || self.bug", 1)),
        called: None,
    },
    FilmSpec {
        name: "shutdown-against-submit",
        title: "A submit that races a shutdown",
        claim: "A job that is submitted to a pool that shuts down is run or handed back.",
        look_for: "The submit checks under one lock that the pool is open, and queues the \
                   job under a second one. The shutdown runs in between, and no thread is \
                   left for the job.",
        frame: 62,
        model: "pool::a_job_submitted_to_a_pool_that_shuts_down_is_run_or_handed_back",
        mutant: "accepts when closed",
        beside: "pool::the_toy_without_a_mistake_passes_while_it_closes",
        threads: &["closer", "worker", "submitter"],
        mistake: Some((TOY, "if self.bug == Bug::AcceptsWhenClosed", 3)),
        called: None,
    },
    FilmSpec {
        name: "cancel-against-run",
        title: "A cancel that removes another job than the one it has found",
        claim: "An aborted job is run or cancelled, and never both.",
        look_for: "The cancel finds the job in the queue under one lock, and removes it \
                   under a second one. A worker has taken the job in between.",
        frame: 26,
        model: "pool::an_aborted_job_runs_or_is_cancelled",
        mutant: "cancels a running job",
        beside: "pool::the_toy_without_a_mistake_passes_when_it_aborts",
        threads: &["submitter", "worker"],
        mistake: Some((TOY, "if self.toy.bug == Bug::CancelsWhatRuns", 4)),
        called: None,
    },
    FilmSpec {
        name: "wake-set",
        title: "A visit of a gather that ends by a load and a store",
        claim: "A child that is woken while the group is polled is polled again.",
        look_for: "The child sets its bit between the load and the store. It finds \
                   ATTENDED, so it wakes nothing: the visit must find the bit. The store \
                   erases it.",
        frame: 10,
        model: "gather::a_woken_child_is_polled_and_sees_the_write_before_its_wake",
        mutant: "split self.root.fetch_and(!ATTENDED",
        beside: "gather::a_woken_child_is_polled_and_sees_the_write_before_its_wake",
        threads: &["group", "child's waker"],
        mistake: None,
        called: None,
    },
    FilmSpec {
        name: "virtual-clock",
        title: "A hold of the virtual clock that ends without Release",
        claim: "The virtual time does not move before the result of the last job is seen.",
        look_for: "The job publishes its result and then ends its hold. By a Relaxed \
                   subtraction, the loop may see the end of the hold and not the result: \
                   the time moves too early.",
        frame: 21,
        model: "sleep::a_result_is_seen_before_the_time_moves",
        mutant: "relaxed time.holds.fetch_sub(1",
        beside: "sleep::a_result_is_seen_before_the_time_moves",
        threads: &["loop", "job"],
        mistake: None,
        called: None,
    },
    FilmSpec {
        name: "detached-loop",
        title: "A detached loop that is not called back",
        claim: "A wake calls a host back that has left its loop.",
        look_for: "The wake finds RUNNING, because the loop has looked but has not detached \
                   yet. The loop's store replaces NOTIFIED by DETACHED, and the hook is \
                   never called.",
        frame: 30,
        model: "turn::a_detached_loop_is_called_back_once_and_sees_the_data",
        mutant: "split self.state.compare_exchange(RUNNING, how",
        beside: "turn::a_detached_loop_is_called_back_once_and_sees_the_data",
        threads: &["host", "waker"],
        mistake: None,
        called: None,
    },
];

impl FilmSpec {
    pub(crate) fn model(&self) -> &'static Model {
        named(self.model)
    }

    pub(crate) fn beside(&self) -> &'static Model {
        named(self.beside)
    }

    /// The index of the mutant.
    pub(crate) fn mutant(&self) -> usize {
        let label = |mutant: &Mutant| match mutant {
            Mutant::Site { kind, snippet, .. } => format!("{} {snippet}", kind.name()),
            Mutant::Body { name, .. } => (*name).to_owned(),
        };
        let found = self.model().mutants.iter().position(|mutant| label(mutant) == self.mutant);
        found.unwrap_or_else(|| panic!("{}: there is no mutant `{}`", self.name, self.mutant))
    }
}

fn named(name: &str) -> &'static Model {
    let model = catalog::all().into_iter().find(|model| model.name == name);
    model.unwrap_or_else(|| panic!("there is no model `{name}`"))
}
