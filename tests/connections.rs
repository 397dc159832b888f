//! Ten thousand connections that open and close, and slow readers: no data is lost, no resource
//! leaks, and memory is bounded. The test counts the descriptors and the memory of its process, so
//! it is one test in a process of its own.
#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/allocations.rs"]
mod allocations;
#[path = "connections/first_wait.rs"]
mod first_wait;
#[path = "connections/plan.rs"]
mod plan;
#[path = "connections/random.rs"]
mod random;
#[path = "connections/slow.rs"]
mod slow;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use aside::Runtime;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A common limit of descriptors per process.
const DESCRIPTORS: u64 = 1024;

#[test]
fn closed_connections_leak_nothing() {
    watchdog::watched(|| {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum }).unwrap();
        first_wait::a_connection_is_registered_by_its_waits_alone();
        first_wait::a_unix_connection_is_registered_by_its_waits_alone();
        random::ten_thousand_connections_come_and_go_at_random();
        slow::slow_readers_cost_no_memory_and_delay_no_other_connection();
    });
}

/// Returns the number of descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Returns the number of descriptors registered with the epoll instances of this process.
fn told_of() -> usize {
    let infos = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let texts = infos.filter_map(|info| std::fs::read_to_string(info.unwrap().path()).ok());
    texts.map(|text| text.lines().filter(|line| line.starts_with("tfd:")).count()).sum()
}

/// Asserts that no socket of this runtime is registered, by the runtime's count and by the
/// kernel's. The kernel also counts the loop's waker, once for each of the two descriptors of the
/// epoll instance.
fn assert_no_socket_is_registered(runtime: &Runtime) {
    let shown = format!("{:?}", runtime.handle());
    assert!(shown.contains("registered: 0"), "{shown}");
    assert_eq!(told_of(), 2);
}
