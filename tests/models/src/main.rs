//! The models, which check claims about the protocols in every interleaving.
//!
//! ```text
//! cargo loom                  all models, then all their mutants
//! cargo loom channel park     those whose names contain one of the words
//! cargo loom --bless          prints the counts, to be copied: compares none and runs no mutant
//! cargo loom --weaken         weakens every ordering of the source, one at a time
//! cargo loom --film NAME      writes the counterexample of a mutant as a page; all, without NAME
//! cargo loom --film --list    lists these films
//! ```
//!
//! (`cargo loom -- channel` is the same as `cargo loom channel`.)
//!
//! A `Model` is a statement with a body. If the statement is false, the body panics or deadlocks in
//! some execution. In a model, the sync facade (`runtime_core::sync`) is built from loom's types,
//! and the code above the facade is the source that ships. Each model runs in its own process, and
//! must
//!
//! - pass in every execution with at most `bound` preemptions, or, without a bound, in every
//!   execution;
//! - take exactly the number of executions that is written beside it, so that nobody makes a model
//!   smaller without noticing;
//! - record each event that its `witnesses` name, in at least one execution;
//! - fail on each of its mutants. A mutant is either the same source with one operation broken,
//!   which is named by a piece of its line, or the same model with a wrong body.
//!
//! If a model fails, it runs again with a film, and its schedule is printed in words: one line for
//! each step, one column for each thread, and the failed assertion at the end.
//!
//! # Writing a model
//!
//! - Make everything inside the body: an atomic, a mutex or a channel of the facade must not
//!   outlive an execution.
//! - Use at most five threads, including the first. Two threads can be explored without a bound,
//!   three with bound 4, and four with bound 2 or 3.
//! - Pass values from the threads to the body's assertions through `explore::Record`, which orders
//!   nothing.
//! - Start the injector's thread before any other thread.
//! - A loop that waits for another thread must park. A loop that spins never ends.
//! - In a comment, `a‖b` means that `a` and `b` happen concurrently.
//!
//! # Writing a mutant
//!
//! - `Mutant::relaxed(FILE, SNIPPET)` weakens the operation on the line of `FILE` (a path from the
//!   root of the repository) that contains `SNIPPET`; `split` splits a read-modify-write into a
//!   load and a store; `lose` omits an unpark, a send or a store. If a chain of calls takes several
//!   lines, `SNIPPET` must be on the line of the method's name. It must occur only once in the
//!   file, unless `.nth(n)` follows.
//! - `Mutant::body(NAME, BODY)` is a wrong program, for a mistake that none of these three can
//!   express. It must panic or deadlock, because the model's witnesses are not checked.
//!
//! # Making a film
//!
//! A film is a mutant, its title, the names of its threads, and a sentence about what to look for:
//! see `film_catalog.rs`. `cargo loom --film NAME` writes its page, and `cargo loom film` compares
//! all pages with the source. Sentences about single lines of the source are in `film_notes.rs`.

#[cfg(runtime_loom)]
mod cancel;
#[cfg(runtime_loom)]
mod catalog;
#[cfg(runtime_loom)]
mod channel;
#[cfg(runtime_loom)]
mod child;
#[cfg(runtime_loom)]
mod completion;
#[cfg(runtime_loom)]
mod counterexample;
#[cfg(runtime_loom)]
mod deadlock;
#[cfg(runtime_loom)]
mod device;
#[cfg(runtime_loom)]
mod drop_probe;
#[cfg(runtime_loom)]
mod facade;
#[cfg(runtime_loom)]
mod film;
#[cfg(runtime_loom)]
mod film_catalog;
#[cfg(runtime_loom)]
mod film_checks;
#[cfg(runtime_loom)]
mod film_notes;
#[cfg(runtime_loom)]
mod first_wait;
#[cfg(runtime_loom)]
mod gather;
#[cfg(runtime_loom)]
mod host;
#[cfg(runtime_loom)]
mod lanes;
#[cfg(runtime_loom)]
mod model;
#[cfg(runtime_loom)]
mod model_process;
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
mod reactor;
#[cfg(runtime_loom)]
mod recording;
#[cfg(runtime_loom)]
mod registration;
#[cfg(runtime_loom)]
mod runner;
#[cfg(runtime_loom)]
mod shutdown;
#[cfg(runtime_loom)]
mod site;
#[cfg(runtime_loom)]
mod sleep;
#[cfg(runtime_loom)]
mod spinning;
#[cfg(runtime_loom)]
mod survey;
#[cfg(runtime_loom)]
mod survivors;
#[cfg(runtime_loom)]
mod threads;
#[cfg(runtime_loom)]
mod toy;
#[cfg(runtime_loom)]
mod turn;
#[cfg(runtime_loom)]
mod unblock;
#[cfg(runtime_loom)]
mod unblock_drop;
#[cfg(runtime_loom)]
mod waking;
#[cfg(runtime_loom)]
mod watchdog;
#[cfg(runtime_loom)]
mod weakening;

#[cfg(runtime_loom)]
fn main() -> std::process::ExitCode {
    runner::main()
}

#[cfg(not(runtime_loom))]
fn main() -> std::process::ExitCode {
    eprintln!("the models are built with loom: run `cargo loom`");
    std::process::ExitCode::FAILURE
}
