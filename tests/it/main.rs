//! What aside promises, tried out: one binary, a folder for each area, a sentence for each test.
//!
//! A comment `P23` names the row of `docs/verification/pitfalls.md` that a test answers, `promise 3`
//! the promise in the crate's documentation. No test asserts how long something took: tests assert
//! order, counts, virtual time, and that nothing hangs ([`support::watchdog`]).
#![allow(clippy::unwrap_used)]
// A handle is carried out of one runtime to be awaited in another.
#![allow(clippy::async_yields_async)]

mod support {
    pub(crate) mod misbehaving;
    pub(crate) mod watchdog;
}

mod tasks {
    mod destruction;
    mod fairness;
    mod foreign_wakers;
    mod handles;
    mod panics;
    mod recycling;
    mod sync_primitives;
    mod wakers;
}

mod time {
    mod clock;
    mod timeouts;
    mod timers;
}

mod gather {
    mod child_panics;
    mod child_wakers;
    mod endings;
    mod limits;
    mod on_runtime;
    mod outputs;
    mod polls;
    mod puppets;
    mod scope_endings;
    mod scopes;
    mod wake_sets;
}

mod blocking {
    mod deadlock;
    mod jobs;
    mod pinned;
}

mod runtime {
    mod handle;
    mod idle;
    mod nesting;
    mod seeds;
    mod send_sync;
    mod shutdown;
    mod thread_exit;
    mod turn;
}

mod observe {
    mod observer;
}

#[cfg(feature = "unblock")]
mod io {
    pub(crate) mod reading;
    mod stdio;
    mod writing;
}

#[cfg(feature = "fs")]
mod fs {
    mod file;
    pub(crate) mod functions;
    mod lost_writes;
    mod model;
}

#[cfg(all(feature = "net", unix))]
mod net {
    mod broken_peers;
    mod callback_wakers;
    mod dropped_loop;
    mod interrupted;
    mod reactor;
    mod short_reads;
    mod tcp;
    #[cfg(all(feature = "unblock", target_os = "linux"))]
    mod terminal;
    mod udp;
    mod unix;
    mod zero_length;
}

mod repository {
    mod examples;
    mod records;
    pub(crate) mod sources;
    pub(crate) mod tidy;
}
