//! The state of each thread of a film, after each step.

use super::FilmStep;
use super::names::FilmNames;

/// The state of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ThreadState {
    /// The thread was not started.
    Absent,
    /// The thread can run.
    Runs,
    /// The thread sleeps until it is unparked or, with a deadline, until time passes.
    Sleeps(ModelSleep),
    /// The thread waits for a lock, or for the end of a thread.
    Waits(String),
    /// The thread has ended.
    Ended,
}

/// The limit of a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelSleep {
    None,
    Deadline,
}

impl ThreadState {
    /// The state after this step of the thread.
    pub(super) fn after(step: &FilmStep, names: &FilmNames) -> ThreadState {
        match step.verb.as_str() {
            "sleep" if step.after.as_deref() == Some("true") => {
                ThreadState::Sleeps(ModelSleep::Deadline)
            }
            "sleep" => ThreadState::Sleeps(ModelSleep::None),
            "wait_lock" => ThreadState::Waits(format!("waits for {}", names.object(step))),
            "join" => ThreadState::Waits(format!("waits for the end of {}", names.object(step))),
            "end" => ThreadState::Ended,
            _ => ThreadState::Runs,
        }
    }

    /// The state in words.
    pub(super) fn words(&self) -> String {
        match self {
            ThreadState::Absent => "not started".to_owned(),
            ThreadState::Runs => "runs".to_owned(),
            ThreadState::Sleeps(ModelSleep::None) => "sleeps".to_owned(),
            ThreadState::Sleeps(ModelSleep::Deadline) => "sleeps, with a deadline".to_owned(),
            ThreadState::Waits(what) => what.clone(),
            ThreadState::Ended => "has ended".to_owned(),
        }
    }
}

/// The state of each thread after the given steps.
pub(super) fn states_after(steps: &[FilmStep], names: &FilmNames) -> Vec<ThreadState> {
    let mut states = vec![ThreadState::Absent; names.threads().len()];
    for step in steps {
        if let Some(state) = states.get_mut(step.thread) {
            *state = ThreadState::after(step, names);
        }
    }
    states
}
