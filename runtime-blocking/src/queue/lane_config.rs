//! The settings of a lane.

use std::borrow::Cow;

use runtime_core::slab::Key;

/// Identifies a lane of one pool. The id of a removed lane never identifies another lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneId(pub(crate) Key);

/// The number of later jobs that may overtake a background job.
pub(crate) const AGING: u64 = 256;

/// The precedence of a lane's jobs.
///
/// The variants are listed in the order of precedence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Jobs whose results are being waited for. They begin in the order of their submits.
    #[default]
    Interactive,
    /// Jobs that begin after the interactive ones. At most 256 jobs that were submitted later
    /// overtake a background job, so no job starves.
    Background,
}

impl Priority {
    /// The number that is added to a job's ticket to get its rank.
    pub(crate) fn penalty(self) -> u64 {
        match self {
            Priority::Interactive => 0,
            Priority::Background => AGING,
        }
    }
}

/// The settings of a lane.
#[derive(Clone, Debug)]
pub(crate) struct LaneConfig {
    pub(crate) name: Cow<'static, str>,
    pub(crate) running_max: usize,
    pub(crate) queue_max: usize,
    pub(crate) priority: Priority,
    /// True if no shutdown cancels the lane's jobs.
    pub(crate) must_run: bool,
}

impl LaneConfig {
    /// The settings of a lane without limits.
    pub(crate) fn new(name: Cow<'static, str>) -> LaneConfig {
        LaneConfig {
            name,
            running_max: usize::MAX,
            queue_max: usize::MAX,
            priority: Priority::default(),
            must_run: false,
        }
    }
}
