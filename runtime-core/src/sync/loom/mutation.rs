//! The mutation of one operation, for mutation testing of the models.
//!
//! A model proves little until it is seen to fail. A *mutant* is the same source with one operation
//! weakened. The environment of the process names that operation by the file and line of its call:
//! `RUNTIME_LOOM_MUTATION="relaxed runtime-core/src/park.rs 87"`. Every operation of the facade
//! that can be mutated calls [`here`], which compares its call site with the named one.
//!
//! When the named site is first reached, `mutation reached` is written to stderr. A mutant that
//! fails without this line has failed for another reason, and does not count as caught.
//!
//! If `RUNTIME_LOOM_TRACE` is set, nothing is mutated, and each site that is reached is written to
//! stdout, once, as `site runtime-core/src/park.rs 87`.

use std::collections::BTreeSet;
use std::env;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A way to break an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
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

/// The operation that this process mutates.
struct MutatedSite {
    mutation: Mutation,
    file: String,
    line: u32,
    reached: AtomicBool,
}

static MUTATED: OnceLock<Option<MutatedSite>> = OnceLock::new();

/// Sites that were reached, by file and line.
type ReachedSites = Mutex<BTreeSet<(&'static str, u32)>>;

/// The sites that were reached, if they are traced.
static TRACE: OnceLock<Option<ReachedSites>> = OnceLock::new();

fn trace_from_environment() -> Option<ReachedSites> {
    env::var_os("RUNTIME_LOOM_TRACE").map(|_| Mutex::default())
}

#[cold]
fn trace(reached: &ReachedSites, site: &'static Location<'static>) {
    let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
    if reached.insert((site.file(), site.line())) {
        println!("site {} {}", site.file(), site.line());
    }
}

/// The mutation of the operation at the caller's call site, if there is one.
#[track_caller]
#[inline]
pub(super) fn here() -> Option<Mutation> {
    let site = Location::caller();
    if let Some(reached) = TRACE.get_or_init(trace_from_environment) {
        trace(reached, site);
    }
    let mutated = MUTATED.get_or_init(from_environment).as_ref()?;
    if site.line() != mutated.line || !is_path_to(site.file(), &mutated.file) {
        return None;
    }
    if !mutated.reached.swap(true, Ordering::Relaxed) {
        eprintln!("mutation reached");
    }
    Some(mutated.mutation)
}

/// Returns whether `name`, as the compiler writes it, means this file of the repository. If another
/// package is compiled, `name` may begin with `../`.
fn is_path_to(name: &str, file: &str) -> bool {
    name.strip_suffix(file).is_some_and(|before| before.is_empty() || before.ends_with("../"))
}

fn from_environment() -> Option<MutatedSite> {
    let text = env::var("RUNTIME_LOOM_MUTATION").ok()?;
    let [mutation, file, line] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("RUNTIME_LOOM_MUTATION is `MUTATION FILE LINE`, not `{text}`");
    };
    let mutation = match mutation {
        "relaxed" => Mutation::Relaxed,
        "acquire" => Mutation::Acquire,
        "release" => Mutation::Release,
        "split" => Mutation::Split,
        "lose" => Mutation::Lose,
        other => panic!("there is no mutation `{other}`"),
    };
    let line = line.parse().expect("the line of RUNTIME_LOOM_MUTATION is a number");
    Some(MutatedSite { mutation, file: file.to_owned(), line, reached: AtomicBool::new(false) })
}
