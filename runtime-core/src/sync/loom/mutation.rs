//! One operation of the shipped source, broken on purpose.
//!
//! A model proves little until it is seen to fail. Its mutant is the same source with one
//! operation weakened; that operation is named, by the file and line of its call, in the
//! environment of the process: `RUNTIME_LOOM_MUTATION="relaxed runtime-core/src/park.rs 87"`.
//! Every operation of the facade that can be broken knows its call site and asks here.
//!
//! If `RUNTIME_LOOM_TRACE` is set, nothing is broken, and each site that is reached is written to
//! stdout, once, as `site runtime-core/src/park.rs 87`.
//!
//! When the named site is first reached, `mutation reached` is written to stderr, so that a mutant
//! that fails for another reason is not taken for caught.

use std::collections::BTreeSet;
use std::env;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How an operation is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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

struct Mutation {
    kind: Kind,
    file: String,
    line: u32,
    reached: AtomicBool,
}

static MUTATION: OnceLock<Option<Mutation>> = OnceLock::new();

/// Sites that were reached, by file and line.
type Reached = Mutex<BTreeSet<(&'static str, u32)>>;

/// The sites that were reached, if they are to be told.
static TRACE: OnceLock<Option<Reached>> = OnceLock::new();

fn trace_from_environment() -> Option<Reached> {
    env::var_os("RUNTIME_LOOM_TRACE").map(|_| Mutex::default())
}

#[cold]
fn trace(reached: &Mutex<BTreeSet<(&'static str, u32)>>, site: &'static Location<'static>) {
    let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
    if reached.insert((site.file(), site.line())) {
        println!("site {} {}", site.file(), site.line());
    }
}

/// How the operation at the caller's call site is broken, if it is.
#[track_caller]
#[inline]
pub(super) fn here() -> Option<Kind> {
    let site = Location::caller();
    if let Some(reached) = TRACE.get_or_init(trace_from_environment) {
        trace(reached, site);
    }
    let mutation = MUTATION.get_or_init(from_environment).as_ref()?;
    if site.line() != mutation.line || !is_path_to(site.file(), &mutation.file) {
        return None;
    }
    if !mutation.reached.swap(true, Ordering::Relaxed) {
        eprintln!("mutation reached");
    }
    Some(mutation.kind)
}

/// Whether the compiler's name of a file, which may climb up from another package's directory,
/// is that file of the repository.
fn is_path_to(name: &str, file: &str) -> bool {
    name.strip_suffix(file).is_some_and(|before| before.is_empty() || before.ends_with("../"))
}

fn from_environment() -> Option<Mutation> {
    let text = env::var("RUNTIME_LOOM_MUTATION").ok()?;
    let [kind, file, line] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("RUNTIME_LOOM_MUTATION is `KIND FILE LINE`, not `{text}`");
    };
    let kind = match kind {
        "relaxed" => Kind::Relaxed,
        "acquire" => Kind::Acquire,
        "release" => Kind::Release,
        "split" => Kind::Split,
        "lose" => Kind::Lose,
        other => panic!("no such kind of mutation: {other}"),
    };
    let line = line.parse().expect("the line of RUNTIME_LOOM_MUTATION is a number");
    Some(Mutation { kind, file: file.to_owned(), line, reached: AtomicBool::new(false) })
}
