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

const SURVIVORS: &[Survivor] = &[];
