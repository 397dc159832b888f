//! The orderings that can be weakened without a model failing, each with its reason.

use crate::model::Kind;

/// A weakening that no model fails on.
struct Survivor {
    file: &'static str,
    /// Part of the operation's line.
    snippet: &'static str,
    /// What was left of the ordering.
    left: Kind,
    reason: &'static str,
}

/// Why the weakening of this line survives, if it is to.
pub(crate) fn reason(file: &str, text: &str, left: Kind) -> Option<&'static str> {
    SURVIVORS
        .iter()
        .find(|survivor| {
            survivor.file == file && text.contains(survivor.snippet) && survivor.left == left
        })
        .map(|survivor| survivor.reason)
}

/// The file and the operation of each.
pub(crate) fn survivors() -> impl Iterator<Item = (&'static str, &'static str)> {
    SURVIVORS.iter().map(|survivor| (survivor.file, survivor.snippet))
}

/// Nothing hangs on it: a word that several threads write is written by AcqRel operations alone, so
/// that nobody has to show for each of them that less would do.
const RULE: &str = "nothing hangs on it; words that several threads write are written with AcqRel";
/// loom runs the operations of one thread in their order, and a read-modify-write reads the latest
/// value. That a later operation on another word is not moved before this one cannot be seen there.
const BEYOND_LOOM: &str =
    "beyond loom, which moves no later operation on another word before this one";
const SWAP_FOLLOWS: &str = "the swap of `end_park` follows, and reads the news";

const COMPLETION: &str = "runtime-core/src/completion.rs";
const WOKEN: &str = "src/gather/wake_set.rs";
const PARK: &str = "runtime-core/src/park.rs";
const WAKER: &str = "runtime-executor/src/task/waker.rs";

const SURVIVORS: &[Survivor] = &[
    survivor(COMPLETION, "self.cancel_requested.swap(true", Kind::Release, RULE),
    survivor(WOKEN, "words[word].fetch_or(1 << bit", Kind::Release, BEYOND_LOOM),
    survivor(WOKEN, "self.root.fetch_or(1 << index", Kind::Release, BEYOND_LOOM),
    survivor(WOKEN, "self.root.swap(ATTENDED", Kind::Acquire, RULE),
    survivor(WOKEN, "self.root.fetch_and(!ATTENDED", Kind::Relaxed, BEYOND_LOOM),
    survivor(WOKEN, "self.root.fetch_and(!ATTENDED", Kind::Acquire, BEYOND_LOOM),
    survivor(WOKEN, "self.root.fetch_and(!ATTENDED", Kind::Release, RULE),
    survivor(WOKEN, "set.levels[level][word].swap(0", Kind::Acquire, BEYOND_LOOM),
    survivor(PARK, "self.state.swap(NOTIFIED", Kind::Release, RULE),
    survivor(PARK, "self.state.swap(RUNNING, Ordering::AcqRel);", Kind::Acquire, RULE),
    survivor(PARK, "self.state.load(Ordering::Acquire) != PARKED", Kind::Relaxed, SWAP_FOLLOWS),
    survivor(PARK, "self.state.compare_exchange(RUNNING", Kind::Relaxed, SWAP_FOLLOWS),
    survivor(PARK, "self.state.compare_exchange(RUNNING", Kind::Acquire, RULE),
    survivor(PARK, "self.state.compare_exchange(RUNNING", Kind::Release, SWAP_FOLLOWS),
    survivor(PARK, "match self.state.swap(RUNNING", Kind::Acquire, RULE),
    survivor(WAKER, "self.posted.swap(false", Kind::Acquire, RULE),
    survivor(WAKER, "self.posted.swap(true", Kind::Release, RULE),
];

const fn survivor(
    file: &'static str,
    snippet: &'static str,
    left: Kind,
    reason: &'static str,
) -> Survivor {
    Survivor { file, snippet, left, reason }
}
