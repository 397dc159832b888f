//! The integration tests of aside, in one binary with a folder for each area. The name of each test
//! is a sentence.
//!
//! A comment `P23` names the row of `docs/verification/pitfalls.md` that the test covers. A comment
//! `promise 3` names one of the promises on the front page, `src/lib.rs`.
//!
//! No test asserts how long anything takes: tests assert order, counts, virtual time, and that
//! nothing hangs ([`support::watchdog`]).
#![allow(clippy::unwrap_used)]
// Some tests return a handle from one runtime and await it in another.
#![allow(clippy::async_yields_async)]

mod support {
    pub(crate) mod misbehaving;
    pub(crate) mod neighbour;
    pub(crate) mod new_wakers;
    pub(crate) mod watchdog;
    mod watching;
}

mod tasks {
    mod destruction;
    mod errors;
    mod fairness;
    mod foreign_wakers;
    mod handles;
    mod ids;
    mod join_sets;
    mod panics;
    mod recycling;
    mod replaced_wakers;
    mod sync_primitives;
    mod task_locals;
    mod tokio_types;
    mod unwinding;
    mod wakers;

    mod starvation;
}

mod time {
    mod clock;
    mod resets;
    mod timeouts;
    mod timers;
}

mod gather {
    mod child_panics;
    mod child_wakers;
    mod controlled;
    mod endings;
    mod limits;
    mod on_runtime;
    mod outputs;
    mod polls;
    mod scope_endings;
    mod scopes;
    mod wake_sets;
}

mod blocking {
    #[cfg(target_os = "linux")]
    mod cores;
    mod deadlock;
    mod jobs;
    mod large_closures;
    mod pinned;
}

mod runtime {
    mod enter;
    mod gone;
    mod handle;
    mod hosts;
    mod idle;
    mod last_checks;
    mod nesting;
    mod seeds;
    mod send_sync;
    mod shutdown;
    mod thread_exit;
    mod turn;
    mod unwind_safe;
}

mod observe {
    mod before_sleep;
    #[cfg(feature = "record")]
    mod inbox_times;
    mod late_polls;
    mod metrics;
    mod observer;
    mod slow_polls_variable;
    #[cfg(feature = "tracing")]
    mod tracing_spans;
}

#[cfg(feature = "unblock")]
mod io {
    mod cancelled;
    mod dropping;
    #[cfg(unix)]
    mod lines;
    pub(crate) mod reading;
    pub(crate) mod stdio;
    #[cfg(all(feature = "fs", unix))]
    mod would_block;
    mod writing;

    mod busy_streams;
}

#[cfg(feature = "fs")]
mod fs {
    mod arguments;
    mod closing;
    #[cfg(target_os = "linux")]
    mod direct;
    mod file;
    pub(crate) mod functions;
    mod limited_shutdown;
    mod lost_writes;
    mod model;
    #[cfg(unix)]
    mod settings;
    #[cfg(unix)]
    mod std_files;
}

#[cfg(all(feature = "net", unix))]
mod net {
    mod broken_peers;
    mod callback_wakers;
    mod connecting;
    mod conversions;
    mod dropped_loop;
    mod failing_waits;
    mod full_receivers;
    mod host_descriptor;
    mod interests;
    mod interrupted;
    #[cfg(target_os = "linux")]
    mod long_waits;
    mod polled;
    mod reactor;
    mod short_reads;
    mod tcp;
    #[cfg(all(feature = "unblock", target_os = "linux"))]
    mod terminal;
    mod tries;
    mod udp;
    mod unconnected;
    mod unix;
    mod unix_names;
    mod wait_for_readiness;
    mod zero_length;

    mod busy_sockets;
}
