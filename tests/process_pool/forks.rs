//! Processes that hold a connection after a worker, or its pool, has died. Shell scripts take the
//! place of workers that fork without `exec`: a program that a script starts inherits the
//! connection, as a fork of a worker does.

use std::fs;
use std::io::{BufRead, BufReader, Write, stdout};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use aside::blocking::Shutdown;
use aside::process_pool::{CallError, ProcessPool};
use aside::run_in_executor;

use crate::deaths::{kill, printing};
use crate::functions::ECHO;
use crate::other_programs::{HELLO, READ_CALL, script};
use crate::processes::{is_alive, wait_until};

/// Lets the programs that the script starts inherit the connection.
const INHERIT: &str = "exec 9<&0";
/// Starts a process outside the worker's group, which holds the connection and prints its pid.
const DAEMON: &str = "setsid sh -c 'echo holder $$; exec sleep 1000' &";

/// P129.
pub(crate) fn a_worker_that_dies_is_detected_although_its_fork_holds_the_connection() {
    let body = format!("{INHERIT}; {HELLO}; {READ_CALL}; sleep 1000 & kill -ABRT $$");
    let pool = ProcessPool::builder().workers(1).program(script("fork", &body)).build();
    let error = aside::run(async { run_in_executor(&pool, ECHO.call(1)).await.unwrap() });
    let death = error.unwrap_err().worker_death().unwrap().clone();
    assert!(!death.status.unwrap().success() && !is_alive(death.pid));
}

/// P129.
pub(crate) fn an_aborted_call_ends_although_a_fork_outside_the_group_holds_the_connection() {
    let body = format!("{INHERIT}; {HELLO}; {READ_CALL}; {DAEMON} exec sleep 1000");
    let builder = ProcessPool::builder().workers(1).program(script("daemon", &body));
    let (pool, printed) = printing(builder);
    aside::run(async {
        let call = run_in_executor(&pool, ECHO.call(1));
        let holder = printed.recv().unwrap();
        call.abort();
        assert!(matches!(call.await.unwrap(), Err(CallError::Aborted)));
        pool.shutdown(Shutdown::Wait);
        assert!(is_alive(holder));
        kill(holder);
    });
}

/// P129.
pub(crate) fn a_worker_that_died_between_calls_is_replaced_although_a_fork_holds_the_connection() {
    let reply = r"printf '\003\001\000\000\000\001' >&0";
    let body = format!("{INHERIT}; {HELLO}; {READ_CALL}; {DAEMON} {reply}; kill -KILL $$");
    let builder = ProcessPool::builder().workers(1).program(script("replies", &body));
    let (pool, printed) = printing(builder);
    aside::run(async {
        for _ in 0..3 {
            assert_eq!(run_in_executor(&pool, ECHO.call(1)).await.unwrap().unwrap(), 1);
            wait_until(|| pool.pids().iter().all(|&pid| !is_alive(pid)));
        }
    });
    drop(pool);
    for holder in printed.iter().take(3) {
        kill(holder);
    }
}

pub(crate) const HOLDER: &str = "--holder";

/// Starts the program as a pool does.
const AT_ONCE: &str = r#"exec "$@""#;
/// Starts the program when the process that would have been its parent is dead and waited for.
const ORPHANED: &str = r#"while kill -0 "$PARENT"; do sleep 0.01; done; exec "$@""#;

/// Starts a worker as a pool does, by a script, and a process that holds the pool's end of the
/// connection.
pub(crate) fn run_holder(start: &str) {
    let (pool, worker) = UnixStream::pair().unwrap();
    let own = std::process::id();
    let namespace = fs::metadata("/proc/self/ns/pid").unwrap().ino();
    let worker = Command::new("sh")
        .args(["-c", start, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--aside-process-pool-worker", &format!("{own}:{namespace}")])
        .env("PARENT", own.to_string())
        .process_group(0)
        .stdin(OwnedFd::from(worker))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let holder = Command::new("sleep").arg("1000").stdin(OwnedFd::from(pool)).spawn();
    println!("{}\n{}", worker.unwrap().id(), holder.unwrap().id());
    stdout().flush().unwrap();
    loop {
        std::thread::park();
    }
}

/// Kills a process that has started a worker by this script, and waits until the worker is dead.
fn kill_the_pool_of_a_worker(start: &str) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([HOLDER, start])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let mut pid = || lines.next().unwrap().unwrap().parse::<u32>().unwrap();
    let (worker, holder) = (pid(), pid());
    assert!(is_alive(worker) && is_alive(holder));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until(|| !is_alive(worker));
    kill(holder);
}

/// P129.
pub(crate) fn a_worker_dies_with_its_pool_although_a_fork_of_the_pool_holds_the_connection() {
    kill_the_pool_of_a_worker(AT_ONCE);
}

/// P129.
pub(crate) fn a_worker_dies_although_its_pool_died_before_the_worker_began() {
    kill_the_pool_of_a_worker(ORPHANED);
}
