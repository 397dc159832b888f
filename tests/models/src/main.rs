//! The models: what is claimed of the protocols, checked in every interleaving.
//!
//! ```text
//! cargo loom                  all models, then all their mutants
//! cargo loom channel park     those whose names contain one of the words
//! cargo loom --bless          the counts, to be copied: none is compared, no mutant is run
//! cargo loom --weaken         every ordering of the source weakened, one at a time
//! ```
//!
//! (`cargo loom -- channel` is the same as `cargo loom channel`.)
//!
//! A `Model` is a statement, and a body that would panic or deadlock in some execution if it were
//! false. The facade (`runtime_core::sync`) is built of loom's parts here; all above it is
//! the source that ships. Each model runs in a process of its own, and has to
//!
//! - pass in every execution with at most `bound` preemptions, or in every one;
//! - take exactly the number of executions that is written beside it, so that a model that
//!   silently shrinks is noticed;
//! - have seen each thing that its `witnesses` name, in at least one execution;
//! - fail on each of its mutants: on the same source with one operation broken, named by its text,
//!   or on a wrong version of the body itself.
//!
//! # Writing one
//!
//! - Make everything inside the body: a facade atomic, mutex or channel cannot outlive an
//!   execution.
//! - At most five threads, the first included. Two parties are explored whole, three at bound 4,
//!   four at bound 2 or 3.
//! - What threads tell the body's assertions goes through `explore::Record`, which orders nothing.
//! - An injector's thread is started before any other.
//! - A loop that waits for another thread parks; one that spins never ends.
//!
//! # Writing a mutant
//!
//! - `Mutant::relaxed(FILE, SNIPPET)` weakens the access on the line of `FILE` (a path from the
//!   root of the repository) that contains `SNIPPET`; `split` tears a read-modify-write in two,
//!   `lose` leaves out an unpark, a send or a store. In a chain of calls it is the line of the
//!   method's name that counts. The text has to be found once in the file, or be followed by
//!   `.nth(n)`.
//! - `Mutant::body(NAME, BODY)` is a wrong program, where none of these can say it. It has to fail
//!   by itself: the model's witnesses are not asked.

#[cfg(runtime_loom)]
mod cancel;
#[cfg(runtime_loom)]
mod channel;
#[cfg(runtime_loom)]
mod child;
#[cfg(runtime_loom)]
mod completion;
#[cfg(runtime_loom)]
mod deadlock;
#[cfg(runtime_loom)]
mod device;
#[cfg(runtime_loom)]
mod facade;
#[cfg(runtime_loom)]
mod gather;
#[cfg(runtime_loom)]
mod lanes;
#[cfg(runtime_loom)]
mod model;
#[cfg(runtime_loom)]
mod mortal;
#[cfg(runtime_loom)]
mod park;
#[cfg(runtime_loom)]
mod parking;
#[cfg(runtime_loom)]
mod path;
#[cfg(runtime_loom)]
mod pinned;
#[cfg(runtime_loom)]
mod pool;
#[cfg(runtime_loom)]
mod process;
#[cfg(runtime_loom)]
mod reactor;
#[cfg(runtime_loom)]
mod registration;
#[cfg(runtime_loom)]
mod runner;
#[cfg(runtime_loom)]
mod site;
#[cfg(runtime_loom)]
mod sleep;
#[cfg(runtime_loom)]
mod survivors;
#[cfg(runtime_loom)]
mod toy;
#[cfg(runtime_loom)]
mod turn;
#[cfg(runtime_loom)]
mod unblock;
#[cfg(runtime_loom)]
mod waking;
#[cfg(runtime_loom)]
mod weakening;

#[cfg(runtime_loom)]
fn main() -> std::process::ExitCode {
    runner::main()
}

#[cfg(not(runtime_loom))]
fn main() -> std::process::ExitCode {
    eprintln!("models are built against loom: run `cargo loom`");
    std::process::ExitCode::FAILURE
}
