//! The runtime that `run` makes, which the environment may observe.

use std::panic::Location;

use runtime_core::context::{self, is_on_loop};

use crate::observe::SlowPolls;
use crate::observe::slow_polls::print_line;
use crate::runtime::Runtime;

/// Makes a runtime with the default settings. If `ASIDE_SLOW_POLLS` is set, slow polls are reported
/// on stderr, and so is a call inside a task of another runtime, whose loop it blocks.
#[track_caller]
pub(crate) fn observed_runtime() -> Runtime {
    let Some(slow_polls) = SlowPolls::from_env() else { return Runtime::new() };
    if is_on_loop() {
        let location = Location::caller();
        let task = context::task().map_or("a main future".into(), |id| format!("task {id}"));
        print_line(format_args!(
            "`run` was called at {location} inside {task}, whose loop it blocks until it \
             returns; await the future instead"
        ));
    }
    Runtime::builder().observer(slow_polls).build()
}
