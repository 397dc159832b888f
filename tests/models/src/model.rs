//! A model, and its mutants.

use runtime_core::sync::explore::Witness;

/// The body of a model or a mutant, which runs once per execution.
pub(crate) type Body = fn(&'static Witness);

/// One statement about the source.
pub(crate) struct Model {
    /// The name of the module, followed by the statement: `facade::a_mutex_excludes`.
    pub(crate) name: &'static str,
    /// The maximum number of preemptions in an execution. With `None`, every execution is explored.
    pub(crate) bound: Option<usize>,
    /// The number of executions.
    pub(crate) executions: u64,
    /// Each of these events must happen in at least one execution. No other event may be recorded.
    pub(crate) witnesses: &'static [&'static str],
    /// The mutants, on each of which the model must fail.
    pub(crate) mutants: &'static [Mutant],
    pub(crate) body: Body,
}

/// A wrong version of the program that a model checks.
pub(crate) enum Mutant {
    /// The source, with the operation on one line broken.
    Site { kind: MutationKind, file: &'static str, snippet: &'static str, nth: Option<usize> },
    /// A wrong body in place of the model's.
    Body { name: &'static str, body: Body },
}

/// A way to break an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MutationKind {
    /// The ordering becomes `Relaxed`.
    Relaxed,
    /// An `AcqRel` becomes `Acquire`.
    Acquire,
    /// An `AcqRel` becomes `Release`.
    Release,
    /// A read-modify-write becomes a load and a later store.
    Split,
    /// An unpark, a send or a store does nothing; a read-modify-write only reads.
    Lose,
}

impl Mutant {
    /// Relaxes the operation on the line of `file` that contains `snippet`.
    pub(crate) const fn relaxed(file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::site(MutationKind::Relaxed, file, snippet)
    }

    /// Splits the read-modify-write on the line that contains `snippet` into a load and a store.
    pub(crate) const fn split(file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::site(MutationKind::Split, file, snippet)
    }

    /// Omits the unpark, the send or the store on the line that contains `snippet`.
    pub(crate) const fn lose(file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::site(MutationKind::Lose, file, snippet)
    }

    /// Replaces the body of the model.
    pub(crate) const fn body(name: &'static str, body: Body) -> Mutant {
        Mutant::Body { name, body }
    }

    /// Selects the `nth` of several lines that contain the snippet, counted from 1.
    pub(crate) const fn nth(self, which: usize) -> Mutant {
        match self {
            Mutant::Site { kind, file, snippet, nth: _ } => {
                Mutant::Site { kind, file, snippet, nth: Some(which) }
            }
            Mutant::Body { .. } => panic!("a body has no line"),
        }
    }

    const fn site(kind: MutationKind, file: &'static str, snippet: &'static str) -> Mutant {
        Mutant::Site { kind, file, snippet, nth: None }
    }
}

impl MutationKind {
    /// The name of the mutation in the environment variable that the facade reads.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            MutationKind::Relaxed => "relaxed",
            MutationKind::Acquire => "acquire",
            MutationKind::Release => "release",
            MutationKind::Split => "split",
            MutationKind::Lose => "lose",
        }
    }
}
