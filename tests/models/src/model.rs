//! A model, and its mutants.

use runtime_core::sync::explore::Witness;

use crate::{
    cancel, channel, completion, deadlock, facade, gather, lanes, park, parking, path, pinned,
    pool, reactor, registration, sleep, turn, unblock, waking,
};

/// What runs once per execution.
pub(crate) type Body = fn(&'static Witness);

/// One statement about the source.
pub(crate) struct Model {
    /// The statement, after the name of its module: `facade::a_mutex_excludes`.
    pub(crate) name: &'static str,
    /// How many preemptions an execution may have; `None` explores it whole.
    pub(crate) bound: Option<usize>,
    /// How many executions that takes.
    pub(crate) executions: u64,
    /// What has to happen in at least one of them, and all that is witnessed.
    pub(crate) witnesses: &'static [&'static str],
    /// What it has to fail on.
    pub(crate) mutants: &'static [Mutant],
    pub(crate) body: Body,
}

/// A wrong version of what a model checks.
pub(crate) struct Mutant {
    pub(crate) wrong: Wrong,
    /// How it is caught.
    pub(crate) end: End,
}

pub(crate) enum Wrong {
    /// The source, with the operation on one line broken.
    Site { kind: Kind, file: &'static str, snippet: &'static str, nth: Option<usize> },
    /// Another body.
    Body { name: &'static str, body: Body },
}

/// How an operation is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its ordering is `Relaxed`.
    Relaxed,
    /// Of `AcqRel`, only the `Acquire` is left.
    Acquire,
    /// Of `AcqRel`, only the `Release` is left.
    Release,
    /// A read-modify-write is a load, and a store later.
    Split,
    /// An unpark, a send or a store does nothing; a read-modify-write only reads.
    Lose,
}

/// How a mutant is caught.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It fails.
    Fails,
    /// It never ends, and is killed.
    Hangs,
}

impl Mutant {
    /// The access whose line in `file` contains `snippet` is relaxed.
    pub(crate) const fn relaxed(file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::site(Kind::Relaxed, file, snippet)
    }

    /// That read-modify-write is torn in two.
    pub(crate) const fn split(file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::site(Kind::Split, file, snippet)
    }

    /// That unpark, send or store is left out.
    pub(crate) const fn lose(file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::site(Kind::Lose, file, snippet)
    }

    /// The model with another body.
    pub(crate) const fn body(name: &'static str, body: Body) -> Mutant {
        Mutant { wrong: Wrong::Body { name, body }, end: End::Fails }
    }

    /// Of several lines that contain the snippet, the `nth`, counted from 1.
    pub(crate) const fn nth(self, which: usize) -> Mutant {
        match self.wrong {
            Wrong::Site { kind, file, snippet, nth: _ } => {
                let wrong = Wrong::Site { kind, file, snippet, nth: Some(which) };
                Mutant { wrong, end: self.end }
            }
            Wrong::Body { .. } => panic!("a body has no line"),
        }
    }

    /// It is caught by not ending. The reason stands beside the mutant.
    #[expect(dead_code, reason = "no mutant hangs so far")]
    pub(crate) const fn hangs(self) -> Mutant {
        Mutant { wrong: self.wrong, end: End::Hangs }
    }

    const fn site(kind: Kind, file: &'static str, snippet: &'static str) -> Mutant {
        Mutant { wrong: Wrong::Site { kind, file, snippet, nth: None }, end: End::Fails }
    }
}

impl Kind {
    /// As the facade reads it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Relaxed => "relaxed",
            Kind::Acquire => "acquire",
            Kind::Release => "release",
            Kind::Split => "split",
            Kind::Lose => "lose",
        }
    }
}

/// All models, module by module.
pub(crate) fn all() -> Vec<&'static Model> {
    let modules = [
        facade::MODELS,
        channel::MODELS,
        parking::MODELS,
        park::MODELS,
        completion::MODELS,
        waking::MODELS,
        turn::MODELS,
        cancel::MODELS,
        reactor::MODELS,
        registration::MODELS,
        sleep::MODELS,
        gather::MODELS,
        pool::MODELS,
        lanes::MODELS,
        pinned::MODELS,
        deadlock::MODELS,
        path::MODELS,
        unblock::MODELS,
    ];
    modules.into_iter().flatten().collect()
}
