//! Sentences for the steps of films: the reason why the steps of a line matter.

use aside_trace::film::FilmNote;

const PARK: &str = "runtime-core/src/park.rs";
const WAKER: &str = "runtime-executor/src/task/waker.rs";
const SHARED: &str = "runtime-executor/src/scheduler/shared.rs";
const TURN: &str = "runtime-executor/src/scheduler/turn.rs";
const COMPLETION: &str = "runtime-core/src/completion.rs";
const CLOCK: &str = "runtime-core/src/clock.rs";
const READINESS: &str = "runtime-executor/src/reactor/readiness.rs";
const WAKE_SET: &str = "src/gather/wake_set.rs";

/// File, piece of the line, value that the step has read (or any), and the sentence.
const NOTES: &[(&str, &str, Option<&str>, &str)] = &[
    (PARK, "self.state.swap(NOTIFIED", Some("0"), "The owner is awake: no system call (P1)."),
    (PARK, "self.state.swap(NOTIFIED", Some("1"), "There was a notification already (P1)."),
    (PARK, "self.state.swap(NOTIFIED", Some("2"), "The owner sleeps: it must be woken (P1)."),
    (PARK, "self.state.swap(NOTIFIED", Some("3"), "The host has the thread: it is called (P1)."),
    (PARK, "self.state.compare_exchange(RUNNING", Some("0"), "It may sleep (P2)."),
    (PARK, "self.state.compare_exchange(RUNNING", Some("1"), "It must not sleep (P2)."),
    (PARK, "match self.state.swap(RUNNING", Some("1"), "It was notified, and looks again (P3)."),
    (WAKER, "self.posted.swap(true", Some("false"), "The first wake: it sends a message (W2)."),
    (
        WAKER,
        "self.posted.swap(true",
        Some("true"),
        "A message is in the inbox already, so none is sent: this swap is the only trace of the \
         wake (W2).",
    ),
    (WAKER, "self.posted.swap(false", None, "The task is made ready after this (W3)."),
    (SHARED, "self.inbox.send(message)", None, "An unpark must follow."),
    (TURN, "try_recv", None, "The loop drains its inbox."),
    (COMPLETION, "self.finished.store(true", None, "It publishes the result."),
    (COMPLETION, "self.finished.load(", Some("true"), "The result must be visible now."),
    (CLOCK, "time.holds.load(", Some("0"), "No job holds the clock: the time may move."),
    (CLOCK, "time.holds.fetch_sub(1", None, "The hold of the job ends."),
    (READINESS, "self.cleared.store(seen", None, "The readiness of that tick is cleared (R2)."),
    (READINESS, "reported.store(reported.wrapping_add(TICK)", None, "An event arrived (R3)."),
    (WAKE_SET, "self.root.swap(ATTENDED", None, "A visit begins and takes the bits."),
    (WAKE_SET, "self.root.fetch_and(!ATTENDED", None, "The visit ends."),
];

/// All sentences.
pub(crate) fn notes() -> impl Iterator<Item = FilmNote> {
    NOTES.iter().map(|(file, snippet, before, text)| FilmNote {
        file: (*file).to_owned(),
        snippet: (*snippet).to_owned(),
        before: before.map(str::to_owned),
        text: (*text).to_owned(),
    })
}
