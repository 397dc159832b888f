//! The threads of a pool leave signals to the program that contains it. (P104)

use std::fs;
use std::process::Command;

use runtime_blocking::{PinnedState, Pool, Shutdown, with_host_signals};

use crate::{eventually, occupy, wait};

/// Signals that are meant for the program: USR1, USR2, ALRM, URG, XCPU, VTALRM, PROF, WINCH, IO,
/// PWR, and two real-time signals.
const HOST: [u32; 12] = [10, 12, 14, 23, 24, 26, 27, 28, 29, 30, 34, 64];

/// The signals of a fault: ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS. The signals that end, stop and
/// continue programs: HUP, INT, QUIT, TERM, CONT, TSTP, TTIN, TTOU. CHLD, and PIPE, which a Rust
/// program ignores.
const OTHERS: [u32; 17] = [4, 5, 6, 7, 8, 11, 31, 1, 2, 3, 15, 18, 20, 21, 22, 17, 13];

/// The mask of blocked signals in the status of a thread or process.
fn blocked(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("a mask");
    u64::from_str_radix(mask.trim(), 16).expect("a mask is a number")
}

/// The mask of this thread.
fn own_mask() -> u64 {
    blocked(&fs::read_to_string("/proc/thread-self/status").expect("a status"))
}

/// The masks of the threads of this process whose name begins with `name`.
fn masks(name: &str) -> Vec<u64> {
    let tasks = fs::read_dir("/proc/self/task").expect("threads");
    let tasks = tasks.map(|task| task.expect("a thread").path());
    // A thread may end before it is read.
    let statuses = tasks.filter_map(|task| fs::read_to_string(task.join("status")).ok());
    let named = statuses.filter(|status| status.starts_with(&format!("Name:\t{name}")));
    named.map(|status| blocked(&status)).collect()
}

#[track_caller]
fn assert_leaves_signals_to_the_host(mask: u64, host: u64) {
    for signal in HOST {
        assert_ne!(mask & 1 << (signal - 1), 0, "signal {signal} is blocked: {mask:x}");
    }
    for signal in OTHERS {
        let bit = 1 << (signal - 1);
        assert_eq!(mask & bit, host & bit, "signal {signal} is as in the host: {mask:x}");
    }
}

#[test]
fn every_thread_of_a_pool_blocks_the_signals_of_the_host() {
    let before = own_mask();
    let pool = Pool::builder().cores(1).threads_max(3).thread_name("masked").build();
    // A worker, the monitor, and a worker that the monitor has started.
    let (gates, jobs): (Vec<_>, Vec<_>) = (0..2).map(|_| occupy(&pool)).unzip();
    eventually("started", &pool, |stats| stats.threads == 3);
    let masks = masks("masked-");
    assert_eq!(masks.len(), 3);
    masks.into_iter().for_each(|mask| assert_leaves_signals_to_the_host(mask, before));
    assert_eq!(own_mask(), before, "the mask of the thread that starts others is restored");
    drop(gates);
    jobs.into_iter().for_each(|job| wait(job).expect("it ran"));
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

#[test]
fn the_thread_of_a_pinned_state_blocks_the_signals_of_the_host() {
    let state = wait(PinnedState::open(own_mask)).expect("it opens");
    let mask = wait(state.call(|mask| *mask)).expect("it ran");
    assert_leaves_signals_to_the_host(mask, own_mask());
}

#[test]
fn threads_that_inherit_signals_have_the_mask_of_their_starter() {
    let pool = Pool::builder().inherit_signals(true).build();
    assert_eq!(wait(pool.submit(own_mask).expect("accepted")).expect("it ran"), own_mask());
    let state =
        wait(PinnedState::builder().inherit_signals(true).open(own_mask)).expect("it opens");
    assert_eq!(wait(state.call(|mask| *mask)).expect("it ran"), own_mask());
}

/// A child inherits the mask of the job that starts it, unless the job asks for that of the host.
/// Also in a pool whose threads were started by a job of another pool.
#[test]
fn a_child_can_be_started_with_the_mask_of_the_host() {
    let mask_of_a_child = || {
        let status = Command::new("cat").arg("/proc/self/status").output().expect("it runs");
        blocked(&String::from_utf8(status.stdout).expect("text"))
    };
    let masks = move || (mask_of_a_child(), with_host_signals(mask_of_a_child), own_mask());
    let pool = Pool::new();
    let inside = move || {
        let (mask, pool) = (masks(), Pool::builder().inherit_signals(true).build());
        [mask, wait(pool.submit(masks).expect("accepted")).expect("it ran")]
    };
    for (child, with_mask_of_host, own) in
        wait(pool.submit(inside).expect("accepted")).expect("it ran")
    {
        assert_eq!(with_mask_of_host, own_mask());
        assert_leaves_signals_to_the_host(child, own_mask());
        assert_eq!(child, own, "the mask of the job is restored");
    }
    assert_eq!(with_host_signals(mask_of_a_child), own_mask(), "outside of any job");
}

#[test]
fn a_child_that_a_job_starts_can_be_ended() {
    let pool = Pool::new();
    let job = pool.submit(|| {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("it starts");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("it runs").success());
        child.wait().expect("it has ended").success()
    });
    assert!(!wait(job.expect("accepted")).expect("it ran"));
}
