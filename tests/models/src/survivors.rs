//! The weakenings on which no model fails, each with its reason.

use crate::model::MutationKind;

/// A weakening on which no model fails.
struct Survivor {
    file: &'static str,
    /// Text that the operation's line contains.
    snippet: &'static str,
    /// The mutation that weakens the operation.
    left: MutationKind,
    reason: &'static str,
}

/// The reason why the weakening of this line survives, if this file states one.
pub(crate) fn reason(file: &str, text: &str, left: MutationKind) -> Option<&'static str> {
    SURVIVORS
        .iter()
        .find(|survivor| {
            survivor.file == file && text.contains(survivor.snippet) && survivor.left == left
        })
        .map(|survivor| survivor.reason)
}

/// The file and the operation of each survivor.
pub(crate) fn survivors() -> impl Iterator<Item = (&'static str, &'static str)> {
    SURVIVORS.iter().map(|survivor| (survivor.file, survivor.snippet))
}

/// No step depends on the part of the ordering that is lost. All writes of a word that several
/// threads write are AcqRel, so that no proof is needed that a weaker ordering suffices for one of
/// them.
const RULE: &str =
    "no step depends on it; words that several threads write are written with AcqRel";
/// loom runs the operations of one thread in program order, and a read-modify-write reads the
/// latest value. So it cannot show that a machine may move a later operation on another word before
/// this one.
const BEYOND_LOOM: &str =
    "beyond loom, which moves no later operation on another word before this one";
const SWAP_FOLLOWS: &str = "the swap of `end_park` follows, and reads the published data";

const COMPLETION: &str = "runtime-core/src/completion.rs";
const WOKEN: &str = "src/gather/wake_set.rs";
const PARK: &str = "runtime-core/src/park.rs";
const RING: &str = "runtime-core/src/record/ring.rs";
const WATCHED: &str = "runtime-core/src/watched_loop.rs";
const WAKER: &str = "runtime-executor/src/task/waker.rs";

const SURVIVORS: &[Survivor] = &[
    survivor(COMPLETION, "self.cancel_requested.swap(true", MutationKind::Release, RULE),
    survivor(WOKEN, "words[word].fetch_or(1 << bit", MutationKind::Release, BEYOND_LOOM),
    survivor(WOKEN, "self.root.fetch_or(1 << index", MutationKind::Release, BEYOND_LOOM),
    survivor(WOKEN, "self.root.swap(ATTENDED", MutationKind::Acquire, RULE),
    survivor(WOKEN, "self.root.fetch_and(!ATTENDED", MutationKind::Relaxed, BEYOND_LOOM),
    survivor(WOKEN, "self.root.fetch_and(!ATTENDED", MutationKind::Acquire, BEYOND_LOOM),
    survivor(WOKEN, "self.root.fetch_and(!ATTENDED", MutationKind::Release, RULE),
    survivor(WOKEN, "set.levels[level][word].swap(0", MutationKind::Acquire, BEYOND_LOOM),
    survivor(PARK, "self.state.swap(NOTIFIED", MutationKind::Release, RULE),
    survivor(PARK, "self.state.swap(RUNNING, Ordering::AcqRel);", MutationKind::Acquire, RULE),
    survivor(
        PARK,
        "self.state.load(Ordering::Acquire) != PARKED",
        MutationKind::Relaxed,
        SWAP_FOLLOWS,
    ),
    survivor(PARK, "self.state.compare_exchange(RUNNING", MutationKind::Relaxed, SWAP_FOLLOWS),
    survivor(PARK, "self.state.compare_exchange(RUNNING", MutationKind::Acquire, RULE),
    survivor(PARK, "self.state.compare_exchange(RUNNING", MutationKind::Release, SWAP_FOLLOWS),
    survivor(PARK, "match self.state.swap(RUNNING", MutationKind::Acquire, RULE),
    survivor(RING, "self.next.fetch_add(1", MutationKind::Relaxed, RULE),
    survivor(RING, "self.next.fetch_add(1", MutationKind::Acquire, RULE),
    survivor(RING, "self.next.fetch_add(1", MutationKind::Release, RULE),
    survivor(WATCHED, "self.mode.swap(BUSY", MutationKind::Release, RULE),
    survivor(WATCHED, "self.mode.swap(ENDED", MutationKind::Release, RULE),
    survivor(WATCHED, "self.mode.compare_exchange(QUIET", MutationKind::Relaxed, RULE),
    survivor(WATCHED, "self.mode.compare_exchange(QUIET", MutationKind::Acquire, RULE),
    survivor(WATCHED, "self.mode.compare_exchange(QUIET", MutationKind::Release, RULE),
    survivor(WAKER, "self.posted.swap(false", MutationKind::Acquire, RULE),
    survivor(WAKER, "self.posted.swap(true", MutationKind::Release, RULE),
];

const fn survivor(
    file: &'static str,
    snippet: &'static str,
    left: MutationKind,
    reason: &'static str,
) -> Survivor {
    Survivor { file, snippet, left, reason }
}
