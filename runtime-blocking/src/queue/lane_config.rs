//! The rules of a lane.

use std::borrow::Cow;

/// How many later jobs may pass a background job.
pub(crate) const AGING: u64 = 256;

/// Which jobs go first.
///
/// The order in which the variants stand is the order of precedence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Somebody waits for it: in the order of submits.
    #[default]
    Interactive,
    /// After the interactive jobs, but no job is passed by more than 256 that came later: nothing
    /// starves.
    Background,
}

impl Priority {
    /// How many tickets later its jobs count as come.
    pub(crate) fn penalty(self) -> u64 {
        match self {
            Priority::Interactive => 0,
            Priority::Background => AGING,
        }
    }
}

/// How the jobs of a lane are treated.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) name: Cow<'static, str>,
    pub(crate) running_max: usize,
    pub(crate) queue_max: usize,
    pub(crate) priority: Priority,
    /// A shutdown cancels none of them.
    pub(crate) must_run: bool,
}

impl Rules {
    /// No limit at all.
    pub(crate) fn new(name: Cow<'static, str>) -> Rules {
        Rules {
            name,
            running_max: usize::MAX,
            queue_max: usize::MAX,
            priority: Priority::default(),
            must_run: false,
        }
    }
}
