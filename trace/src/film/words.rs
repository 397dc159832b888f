//! The schedule of a film, in words: one line for each step, and the failed assertion.

use std::fmt::Write;

use super::columns::{WordLine, lay_out};
use super::names::FilmNames;
use super::states::{ThreadState, states_after};
use super::{Film, FilmEnd, FilmStep};

impl Film {
    /// The schedule in words: at most about 60 lines. Repeated steps are folded, and a `*` marks
    /// the changed line of a mutant.
    pub fn to_words(&self, names: &FilmNames) -> String {
        let line = |text: String, step: &FilmStep| WordLine {
            thread: step.thread,
            text,
            site: step.site.short(),
            is_marked: step.is_mutated,
        };
        let mut lines = Vec::new();
        let mut rest = &self.steps[..];
        while let [step, others @ ..] = rest {
            match others {
                [next, others @ ..] if step.is_unlocked_by(next) => {
                    let text = format!("locks and unlocks {}", names.object(step));
                    lines.push(line(text, step));
                    rest = others;
                }
                _ => {
                    lines.push(line(step.in_words(names), step));
                    rest = others;
                }
            }
        }
        let mut text = lay_out(lines, names.threads());
        if let Some(step) = self.steps.iter().find(|step| step.is_mutated) {
            let quoted = names.sources.line(&step.site).trim();
            let _ = writeln!(text, "* the changed line, {}: {quoted}", step.site.short());
        }
        text + &self.end_in_words(names)
    }

    /// The end of the execution: the failed assertion, or what each thread waits for.
    pub(super) fn end_in_words(&self, names: &FilmNames) -> String {
        match &self.end {
            FilmEnd::Passed => "The execution passed.\n".to_owned(),
            FilmEnd::Failed { .. } if self.is_deadlock() => {
                let states = states_after(&self.steps, names);
                let mut text = "Deadlock: no thread can run.".to_owned();
                for (state, thread) in states.iter().zip(names.threads()) {
                    if *state != ThreadState::Absent {
                        let _ = write!(text, " {thread} {}.", state.words());
                    }
                }
                text + "\n"
            }
            FilmEnd::Failed { site, message } => {
                let thread = self.steps.last().map_or(0, |step| step.thread);
                let by = if site.is_ours() { names.thread(thread) } else { "loom".to_owned() };
                let place =
                    if site.is_ours() { format!(" at {}", site.short()) } else { "".into() };
                format!("{by} panicked{place}: {}\n", message.trim_end())
            }
        }
    }
}

impl FilmStep {
    /// The step as a verb, its object and its values.
    pub(super) fn in_words(&self, names: &FilmNames) -> String {
        let (object, values) = (names.object(self), self.values_in_words(names));
        let words = [self.verb_in_words(), &object, &values];
        words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ")
    }

    /// Returns whether the next step ends the critical section that this step begins.
    fn is_unlocked_by(&self, next: &FilmStep) -> bool {
        let is_pair = self.verb == "lock" && next.verb == "unlock";
        is_pair && self.thread == next.thread && self.object == next.object
    }

    /// The verb, in the third person.
    fn verb_in_words(&self) -> &str {
        let is_lost = self.is_mutated && self.object.is_none();
        match self.verb.as_str() {
            "store" if is_lost => "does not store to",
            "send" if is_lost => "does not send to",
            "unpark" if self.is_mutated => "does not unpark",
            "compare_exchange" if self.after.is_none() => "fails to exchange",
            "swap" | "fetch_add" | "fetch_sub" | "fetch_or" | "fetch_and" | "fetch_xor"
                if self.after.is_none() =>
            {
                "only reads"
            }
            "load" => "loads",
            "store" => "stores to",
            "swap" => "swaps",
            "compare_exchange" => "exchanges",
            "fetch_add" => "adds to",
            "fetch_sub" => "subtracts from",
            "fetch_or" => "sets bits of",
            "fetch_and" => "clears bits of",
            "fetch_xor" => "flips bits of",
            "fetch_max" | "fetch_min" => "updates",
            "lock" => "locks",
            "unlock" => "unlocks",
            "wait_lock" => "waits for the lock",
            "send" => "sends to",
            "send_refused" => "cannot send to",
            "receive" => "receives from",
            "empty" => "finds nothing in",
            "disconnected" => "finds no sender of",
            "sleep" => "falls asleep",
            "wake" => "wakes up",
            "take_token" => "parks and returns at once: it was unparked",
            "deadline_passed" => "parks and returns at once: its deadline has passed",
            "unpark" => "unparks",
            "expire" => "lets time pass for",
            "wake_spuriously" => "wakes spuriously:",
            "spawn" => "starts",
            "spawn_refused" => "cannot start a thread",
            "begin" => "begins",
            "end" => "ends",
            "join" => "waits for the end of",
            "joined" => "has joined",
            "note" => "records an entry",
            other => other,
        }
    }

    /// The values, in brackets.
    fn values_in_words(&self, names: &FilmNames) -> String {
        let value = |value: &Option<String>| value.as_deref().map(|value| names.value(self, value));
        let (before, after) = (value(&self.before), value(&self.after));
        match (self.verb.as_str(), before, after) {
            ("send" | "receive", _, Some(number)) => format!("(message {number})"),
            ("empty", _, Some(unseen)) if unseen != "0" => {
                format!("(it holds {unseen}, not yet visible)")
            }
            ("sleep", _, Some(timed)) if timed == "true" => "(with a deadline)".to_owned(),
            ("wake", _, Some(token)) if token == "false" => "(without an unpark)".to_owned(),
            ("unpark" | "expire", _, Some(asleep)) if asleep == "true" => "(it sleeps)".to_owned(),
            ("wait_lock", _, Some(holder)) => match holder.parse() {
                Ok(holder) => format!("(held by {})", names.thread(holder)),
                Err(_) => String::new(),
            },
            ("empty" | "sleep" | "wake" | "unpark" | "expire", ..) => String::new(),
            (_, Some(before), Some(after)) => format!("({before} -> {after})"),
            (_, Some(before), None) => match value(&self.latest) {
                Some(latest) => format!("({before}, an old value: {latest} was written)"),
                None => format!("({before})"),
            },
            _ => String::new(),
        }
    }
}
