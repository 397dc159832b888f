//! The list of rows, and a module for each group of them.

mod blocking;
mod gather;
mod make;
mod memory;
mod ping_pong;
mod pool;
pub mod process;
mod remote;
mod sockets;
mod spawn;
mod streams;
mod timers;
mod yields;

use crate::peers::{Aside, Compio, Epoll, Futures, Monoio, Peer, Smol, Tokio, Uring};
use crate::row::{Of, Program, Row, Work};
use crate::servers::BareEpoll;
use crate::smallest;

/// Lists a function for each of the named peers.
macro_rules! each {
    ($module:ident::$work:ident: $($peer:ident = $implementation:ty),+) => {
        vec![$((Peer::$peer, Work::Call($module::$work::<$implementation>))),+]
    };
}

/// Lists a function for all runtimes.
macro_rules! runtimes {
    ($module:ident::$work:ident) => {
        each!($module::$work: Aside = Aside, Tokio = Tokio, Smol = Smol, Monoio = Monoio<Epoll>,
            MonoioUring = Monoio<Uring>, Futures = Futures)
    };
}

/// Lists a function for all runtimes with timers.
macro_rules! with_timers {
    ($module:ident::$work:ident) => {
        each!($module::$work: Aside = Aside, Tokio = Tokio, Smol = Smol, Monoio = Monoio<Epoll>,
            MonoioUring = Monoio<Uring>)
    };
}

/// Lists a function for all servers, with the given number of connections.
macro_rules! servers {
    ($($work:ident)::+, $connections:literal) => {
        vec![
            (Peer::Aside, Work::Call($($work)::+::<Aside, $connections>)),
            (Peer::Tokio, Work::Call($($work)::+::<Tokio, $connections>)),
            (Peer::Smol, Work::Call($($work)::+::<Smol, $connections>)),
            (Peer::Monoio, Work::Call($($work)::+::<Monoio<Epoll>, $connections>)),
            (Peer::MonoioUring, Work::Call($($work)::+::<Monoio<Uring>, $connections>)),
            (Peer::Compio, Work::Call($($work)::+::<Compio, $connections>)),
            (Peer::Limit, Work::Call($($work)::+::<BareEpoll, $connections>)),
        ]
    };
}

/// Lists a function for all combinators.
macro_rules! gatherers {
    ($module:ident::$work:ident) => {
        each!($module::$work: Aside = gather::Ours, JoinAll = gather::JoinAll,
            Futures = gather::Unordered, FuturesConcurrency = gather::Concurrency)
    };
}

/// All rows, in the order of the table.
pub fn all() -> Vec<Row> {
    let groups = [
        spawning(),
        gathering(),
        remote(),
        blocking(),
        processes(),
        streaming(),
        serving(),
        timing(),
        smallest::rows(),
    ];
    groups.into_iter().flatten().collect()
}

fn spawning() -> Vec<Row> {
    const UNFAIR: &[Peer] = &[Peer::Monoio, Peer::MonoioUring];
    vec![
        Row::new(
            "spawn-task",
            "spawn and await, one by one, in a task",
            runtimes!(spawn::in_a_task),
        )
        .floor(0.45, Of::Best)
        .limit(spawn::one_by_one_limit)
        .python(),
        Row::new(
            "spawn-main",
            "spawn and await, one by one, in the main future",
            runtimes!(spawn::in_main),
        )
        .floor(0.45, Of::Best)
        .limit(spawn::one_by_one_limit),
        Row::new("spawn-many", "spawn 100,000, then await all", runtimes!(spawn::many))
            .floor(0.70, Of::Best)
            .limit(spawn::many_limit)
            .python(),
        Row::new(
            "spawn-again",
            "spawn 100,000, then await all, in warm memory",
            runtimes!(spawn::many_again),
        )
        .limit(spawn::many_again_limit),
        Row::new("yield-task", "yield: one task", runtimes!(yields::one_task))
            .floor(0.65, Of::Best)
            .limit(yields::one_limit)
            .python(),
        Row::new("yield-main", "yield: main future", runtimes!(yields::main))
            .floor(0.65, Of::BestBut(&[Peer::Futures]))
            .limit(yields::one_limit),
        Row::new("yield-thousand", "yield: 1,000 tasks", runtimes!(yields::thousand))
            .floor(0.75, Of::BestBut(UNFAIR))
            .limit(yields::thousand_limit)
            .python(),
        Row::new("fairness", "polls of one of 1,000 in a row", runtimes!(yields::polls_in_a_row))
            .unit("polls")
            .floor(1.0, Of::Unit),
        Row::new("ping-slot", "ping-pong of two tasks, slot", runtimes!(ping_pong::slot))
            .floor(0.80, Of::Best)
            .limit(ping_pong::slot_limit)
            .python(),
        Row::new("ping-channel", "ping-pong of two tasks, channel", runtimes!(ping_pong::channel))
            .floor(0.95, Of::Best)
            .limit(ping_pong::slot_limit),
    ]
}

fn gathering() -> Vec<Row> {
    vec![
        Row::new("gather-yields", "gather 10,000 of 10 yields", gatherers!(gather::yields))
            .floor(0.95, Of::Best)
            .limit(gather::yields_limit)
            .python(),
        Row::new("gather-one", "gather 10,000, one woken at a time", gatherers!(gather::one_woken))
            .floor(0.95, Of::Best)
            .limit(gather::one_woken_limit),
        Row::new(
            "gather-growth",
            "gather 10,000 over gather 100, one woken",
            gatherers!(gather::growth),
        )
        .unit("times")
        .floor(3.0, Of::Unit),
    ]
}

fn remote() -> Vec<Row> {
    vec![
        Row::new(
            "wake-one",
            "wake from a thread, round trip, one core",
            runtimes!(remote::round_trip),
        )
        .on_one_core()
        .floor(1.0, Of::Best)
        .limit(remote::round_trip_limit)
        .python(),
        Row::new(
            "wake-two",
            "wake from a thread, round trip, two cores",
            runtimes!(remote::round_trip),
        )
        .wall()
        .floor(1.0, Of::Best)
        .limit(remote::round_trip_limit)
        .python(),
        Row::new("wake-storm", "a thread wakes 10,000 tasks", runtimes!(remote::storm))
            .wall()
            .floor(0.9, Of::Best)
            .limit(remote::storm_limit),
    ]
}

/// The rows of calls in other processes. They use the wall clock, because the CPU time of a child
/// does not count for its parent.
fn processes() -> Vec<Row> {
    let ours = |work| vec![(Peer::Aside, Work::Call(work))];
    vec![
        Row::new("process-one", "call in a process, round trip, one core", ours(process::call))
            .wall()
            .on_one_core()
            .floor(0.5, Of::Best)
            .limit(process::call_limit)
            .python(),
        Row::new("process-two", "call in a process, round trip, two cores", ours(process::call))
            .wall()
            .floor(0.5, Of::Best)
            .limit(process::call_limit)
            .python(),
        Row::new("process-burst", "10,000 calls on two processes", ours(process::burst))
            .wall()
            .floor(0.5, Of::Best)
            .limit(process::burst_limit)
            .python(),
    ]
}

fn blocking() -> Vec<Row> {
    vec![
        Row::new("blocking-one", "blocking call, round trip, one core", runtimes!(blocking::call))
            .on_one_core()
            .floor(1.0, Of::Best)
            .limit(remote::round_trip_limit)
            .python(),
        Row::new("blocking-two", "blocking call, round trip, two cores", runtimes!(blocking::call))
            .wall()
            .floor(1.0, Of::Best)
            .limit(remote::round_trip_limit)
            .python(),
        Row::new("burst", "100,000 empty jobs", runtimes!(blocking::burst))
            .floor(1.0, Of::Best)
            .floor(0.05, Of::Peer(Peer::Tokio))
            .limit(blocking::burst_limit),
        Row::new("sleepers", "256 jobs that sleep 10 ms", runtimes!(blocking::sleepers))
            .wall()
            .floor(1.05, Of::Best)
            .limit(blocking::sleepers_limit),
        Row::new(
            "submitters",
            "8 threads submit 10,000 jobs each",
            each!(blocking::submitters: Aside = Aside, Tokio = Tokio, Smol = Smol,
                Futures = Futures),
        )
        .floor(0.9, Of::Best)
        .limit(blocking::submitters_limit),
        Row::new("computing", "10,000 jobs that compute for 10 µs", runtimes!(pool::computing))
            .floor(1.0, Of::Best)
            .limit(pool::computing_limit),
        Row::new(
            "pressure",
            "10,000 empty jobs, 64 at most in the queue",
            runtimes!(pool::pressure),
        )
        .floor(1.0, Of::Best)
        .limit(pool::pressure_limit)
        .python(),
        Row::new("queued", "memory of a queued job", runtimes!(pool::queued))
            .unit("bytes")
            .by(Program::Bytes)
            .floor(1.0, Of::Best)
            .limit(pool::queued_limit),
        Row::new("threads", "threads for 1,000 jobs in a row", runtimes!(pool::threads))
            .unit("threads")
            .floor(1.0, Of::Best)
            .python(),
    ]
}

fn streaming() -> Vec<Row> {
    let peers = || {
        vec![
            (Peer::Aside, Work::Call(streams::aside)),
            (Peer::Tokio, Work::Call(streams::tokio)),
            (Peer::Smol, Work::Call(streams::smol)),
        ]
    };
    let by_file = || {
        vec![
            (Peer::Aside, Work::Call(streams::aside_file)),
            (Peer::Tokio, Work::Call(streams::tokio)),
            (Peer::Smol, Work::Call(streams::smol_file)),
        ]
    };
    let by_read = || {
        vec![
            (Peer::Aside, Work::Call(streams::aside_small)),
            (Peer::Tokio, Work::Call(streams::tokio_small)),
            (Peer::Smol, Work::Call(streams::smol_small)),
        ]
    };
    vec![
        Row::new("file", "1 GiB of a file through a stream, per KiB", peers())
            .wall()
            .floor(1.0, Of::Best)
            .floor(1.15, Of::Peer(Peer::Limit))
            .limit(streams::limit),
        Row::new("file-cpu", "the same, in processor time", peers())
            .floor(1.0, Of::Best)
            .limit(streams::limit),
        Row::new("fs-file", "1 GiB by `fs::File`, per KiB", by_file())
            .wall()
            .floor(1.0, Of::Best)
            .limit(streams::limit),
        Row::new("fs-file-cpu", "the same, in processor time", by_file())
            .floor(1.0, Of::Best)
            .limit(streams::limit),
        Row::new("fs-read-one", "a file of 4 KiB by `fs::read`, one core", by_read())
            .on_one_core()
            .floor(1.0, Of::Best)
            .limit(streams::limit_small),
        Row::new("fs-read-two", "a file of 4 KiB by `fs::read`, two cores", by_read())
            .floor(1.0, Of::Best)
            .limit(streams::limit_small),
    ]
}

/// The rows of servers. The server runs on the first core, the generator on the others.
fn serving() -> Vec<Row> {
    const URING: &[Peer] = &[Peer::MonoioUring, Peer::Compio];
    let cost = |key, name, cells| {
        let row = Row::new(key, name, cells).on_one_core();
        row.floor(0.999, Of::BestBut(URING)).floor(1.05, Of::Peer(Peer::Limit))
    };
    let rate = |key, name, cells| Row::new(key, name, cells).on_one_core().rate("requests/s");
    vec![
        cost("tcp-1", "TCP echo, 1 connection, per request", servers!(sockets::tcp, 1)),
        cost("tcp-64", "TCP echo, 64 connections, per request", servers!(sockets::tcp, 64)),
        cost("tcp-1000", "TCP echo, 1,000 connections, per request", servers!(sockets::tcp, 1_000)),
        rate("rate-1", "TCP echo, 1 connection", servers!(sockets::tcp, 1)),
        rate("rate-64", "TCP echo, 64 connections", servers!(sockets::tcp, 64)),
        rate("rate-1000", "TCP echo, 1,000 connections", servers!(sockets::tcp, 1_000)),
        cost("unix", "Unix echo, 64 connections, per request", servers!(sockets::unix, 64)),
        cost("udp", "UDP echo, 64 senders, per request", servers!(sockets::udp, 64)),
        cost("accept", "accept, read a byte, close", servers!(sockets::accept, 16)),
        cost("bulk", "1 GiB through one connection, per KiB", servers!(sockets::bulk, 1)),
        Row::new("http", "hyper, 64 connections, per request", hyper())
            .on_one_core()
            .floor(0.999, Of::Peer(Peer::Tokio)),
    ]
}

fn hyper() -> Vec<(Peer, Work)> {
    vec![
        (Peer::Aside, Work::Call(sockets::http::<Aside, 64>)),
        (Peer::Tokio, Work::Call(sockets::http::<Tokio, 64>)),
        (Peer::Limit, Work::Call(sockets::http::<BareEpoll, 64>)),
    ]
}

fn timing() -> Vec<Row> {
    vec![
        Row::new("sleeps", "100,000 sleeps of 1 to 100 ms", with_timers!(timers::sleeps))
            .floor(0.80, Of::Best)
            .limit(timers::sleeps_limit)
            .python(),
        Row::new(
            "timers",
            "timer set, polled, dropped; 10,000 alive",
            with_timers!(timers::set_and_drop),
        )
        .floor(0.80, Of::Best)
        .limit(timers::set_and_drop_limit)
        .python(),
        Row::new(
            "lateness",
            "longest delay of a 5 ms ticker beside results that are there",
            with_timers!(timers::lateness),
        )
        .unit("µs"),
        Row::new("make", "make a runtime, run nothing, drop it", runtimes!(make::and_drop))
            .floor(0.10, Of::Peer(Peer::Tokio))
            .floor(1.0, Of::Peer(Peer::Smol))
            .limit(make::limit)
            .python(),
        Row::new("memory", "memory of an idle task", runtimes!(memory::idle_task))
            .unit("bytes")
            .by(Program::Bytes)
            .floor(0.65, Of::Peer(Peer::Tokio))
            .limit(memory::limit),
    ]
}
