//! The runtime that `run` makes, which the environment may observe.

use std::panic::Location;

use runtime_core::context::{self, is_on_loop};

use crate::observe::print_line::print_line;
use crate::observe::{SlowPolls, Watchdog};
use crate::runtime::{Builder, Runtime};

/// Makes a runtime with the default settings and the observers of [`observed_builder`].
#[track_caller]
pub(crate) fn observed_runtime() -> Runtime {
    observed_builder().build()
}

/// Returns a builder with the default settings. If `ASIDE_SLOW_POLLS` or `ASIDE_WATCHDOG` is set,
/// slow polls are reported on stderr, and so is a call inside a task of another runtime, whose loop
/// it blocks.
#[track_caller]
pub(crate) fn observed_builder() -> Builder {
    let mut builder = Builder::default();
    let (slow_polls, watchdog) = (SlowPolls::from_env(), Watchdog::from_env());
    if slow_polls.is_none() && watchdog.is_none() {
        return builder;
    }
    if is_on_loop() {
        let location = Location::caller();
        let task = context::task().map_or("a main future".into(), |id| format!("task {id}"));
        print_line(format_args!(
            "`run` was called at {location} inside {task}, whose loop it blocks until it \
             returns; await the future instead"
        ));
    }
    if let Some(slow_polls) = slow_polls {
        builder = builder.observer(slow_polls);
    }
    if let Some(watchdog) = watchdog {
        builder = builder.observer(watchdog);
    }
    builder
}

#[cfg(feature = "macros")]
impl Runtime {
    /// Returns a builder for the attributes. A method, because a module that is given to them as
    /// `crate = PATH` may export little but `Runtime`.
    #[doc(hidden)]
    #[track_caller]
    pub fn attribute_builder() -> Builder {
        observed_builder()
    }
}
