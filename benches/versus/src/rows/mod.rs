//! The rows. Each module lists the rows of one subject, and contains their work, written once for
//! all runtimes.

/// Lists a function for each of the named peers.
macro_rules! each {
    ($work:ident: $($peer:ident),+) => {
        vec![$((
            $crate::peers::Peer::$peer,
            $crate::row::Work::Call($work::<$crate::peers::$peer>),
        )),+]
    };
    ($work:ident, $size:literal: ($($peer:ident),+)) => { each!($work, $size: $($peer),+) };
    ($work:ident, $size:literal: $($peer:ident),+) => {
        vec![$((
            $crate::peers::Peer::$peer,
            $crate::row::Work::Call($work::<$crate::peers::$peer, $size>),
        )),+]
    };
}

/// Lists a function for all runtimes.
macro_rules! runtimes {
    ($work:ident) => {
        each!($work: Aside, Tokio, TokioLocal, TokioSet, Smol, SmolOrdinary, Monoio, MonoioUring,
            Futures, Safina)
    };
}

/// Lists a function for all runtimes with timers.
macro_rules! with_timers {
    ($work:ident) => {
        each!($work: Aside, Tokio, TokioLocal, TokioSet, Smol, SmolOrdinary, Monoio, MonoioUring,
            Safina)
    };
}

/// Lists a function for all runtimes with a pool. The forms of a runtime share one pool.
macro_rules! pools {
    ($work:ident) => {
        each!($work: Aside, Tokio, TokioLocal, Smol, Monoio, MonoioUring, Futures, Safina)
    };
}

/// Lists a function for all servers, with the given number of connections.
macro_rules! servers {
    ($work:ident, $connections:literal) => {{
        let mut cells = each!($work, $connections: Aside, Tokio, TokioLocal, Smol, Monoio,
            MonoioUring, Compio);
        let limit = $crate::row::Work::Call($work::<$crate::servers::BareEpoll, $connections>);
        cells.push(($crate::peers::Peer::Limit, limit));
        cells
    }};
}

mod blocking;
mod gather;
mod make;
mod memory;
mod ping_pong;
mod pool;
pub mod process;
mod remote;
mod sleeps;
mod sockets;
mod spawn;
mod streams;
mod timers;
mod units;
mod yields;

use crate::row::Row;
use crate::smallest;

/// All rows, in the order of the table.
pub fn all() -> Vec<Row> {
    let groups = [
        spawn::rows(),
        yields::rows(),
        ping_pong::rows(),
        gather::rows(),
        remote::rows(),
        blocking::rows(),
        pool::rows(),
        process::rows(),
        streams::rows(),
        sockets::rows(),
        sleeps::rows(),
        timers::rows(),
        make::rows(),
        memory::rows(),
        units::rows(),
        smallest::rows(),
    ];
    groups.into_iter().flatten().collect()
}
