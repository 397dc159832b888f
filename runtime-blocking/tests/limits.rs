//! Tests in which the system itself starts no more threads (P52, P53), because the limit of
//! processes or of the address space is reached. Each test runs in its own process, because such a
//! limit holds for a process.
#![cfg(target_os = "linux")]

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use runtime_blocking::{Pool, PoolBuilder, Shutdown, Stats, SubmitError};
use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HANG: Duration = Duration::from_secs(60);
/// The environment variable that is set in the process that reaches the limit.
const INSIDE: &str = "RUNTIME_BLOCKING_LIMITED";
/// The ID of a user who has no other processes, so that no other limit is reached.
const UNPRIVILEGED: u32 = 64_123;
const STACK: usize = 256 << 20;
/// The bytes by which the address space may grow: less than `STACK`, and enough for everything
/// else.
const ROOM: u64 = 128 << 20;

#[test]
fn at_the_limit_of_processes_jobs_come_back_or_wait_and_the_pool_recovers() -> Result<()> {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside();
    }
    let refuses = Limit::of(Resource::Nproc);
    // A privileged process may always start another thread.
    refuses.lower();
    let start = thread::Builder::new().spawn(|| ());
    refuses.lift();
    match start {
        Ok(started) => {
            println!("skipped: this process is privileged, no limit of processes holds for it");
            started.join().map_err(|_| "an empty thread panicked")?;
        }
        Err(_) => meet(&refuses, Pool::builder()),
    }
    Ok(())
}

#[test]
fn without_room_for_a_stack_jobs_come_back_or_wait_and_the_pool_recovers() -> Result<()> {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside();
    }
    let refuses = Limit::of(Resource::As);
    meet(&refuses, Pool::builder().stack_size(STACK));
    Ok(())
}

/// Runs this test alone, in a process of its own.
fn run_inside() -> Result<()> {
    let this = thread::current();
    let test = this.name().ok_or("a test's thread bears its name")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([test, "--exact", "--nocapture"]).env(INSIDE, "");
    if getuid().is_root() {
        command.uid(UNPRIVILEGED);
    }
    match command.output() {
        Ok(output) => {
            print!("{}", String::from_utf8_lossy(&output.stdout));
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{}", output.status);
            assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            println!("skipped: this program lies where only the privileged may run it");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// A limit of this process that can be lowered, so that no thread is started, and lifted again.
struct Limit {
    resource: Resource,
    high: Rlimit,
}

impl Limit {
    fn of(resource: Resource) -> Limit {
        Limit { resource, high: getrlimit(resource) }
    }

    fn lower(&self) {
        let low = match self.resource {
            Resource::As => address_space() + ROOM,
            // More processes exist already.
            _processes => 1,
        };
        self.set(Rlimit { current: Some(low), maximum: self.high.maximum });
    }

    fn lift(&self) {
        self.set(self.high);
    }

    fn set(&self, limit: Rlimit) {
        setrlimit(self.resource, limit).expect("the lower limit is the process's own to move");
    }
}

/// Returns the size of this process's address space, in bytes.
fn address_space() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kilobytes = size.and_then(|size| size.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.expect("it is in kB") << 10
}

/// Checks the behaviour of a pool at the limit, and after the limit has been lifted.
fn meet(refuses: &Limit, builder: PoolBuilder) {
    let pool = builder.build();
    refuses.lower();
    for n in 0..3 {
        let refused = pool.submit(move || n).expect_err("no thread can be started");
        assert!(matches!(refused, SubmitError::NoThread(..)), "{refused}");
        assert_eq!(refused.into_inner()(), n);
        assert_eq!(pool.stats(), Stats::default());
    }
    refuses.lift();
    let (gate, ended) = occupy(&pool);
    refuses.lower();
    let (sender, results) = channel();
    for n in 0..20 {
        let sender: Sender<i32> = sender.clone();
        pool.submit(move || sender.send(n)).expect("it waits for the worker").detach();
    }
    assert_eq!((pool.stats().threads, pool.stats().queued), (1, 20));
    drop(gate);
    let ran: Vec<i32> = (0..20).map_while(|_| results.recv_timeout(HANG).ok()).collect();
    assert!(ran.iter().copied().eq(0..20), "the one worker runs them in order: {ran:?}");
    ended.recv_timeout(HANG).expect("it ran");
    refuses.lift();
    // The worker yields or waits at this moment. In both cases the jobs must get their threads.
    all_get_a_thread(&pool);
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

/// Makes a worker wait until the gate is dropped.
fn occupy(pool: &Pool) -> (Sender<()>, Receiver<()>) {
    let ((gate, closed), (tell, told)) = (channel::<()>(), channel());
    let ended = tell.clone();
    let job = pool.submit(move || {
        let _ = tell.send(());
        let _ = closed.recv();
        let _ = ended.send(());
    });
    job.expect("a thread can be started").detach();
    told.recv_timeout(HANG).expect("it begins");
    (gate, told)
}

/// Submits jobs of which each waits for all others.
fn all_get_a_thread(pool: &Pool) {
    let (barrier, (tell, told)) = (Arc::new(Barrier::new(4)), channel());
    for _ in 0..4 {
        let (barrier, tell) = (Arc::clone(&barrier), tell.clone());
        let job = pool.submit(move || tell.send(barrier.wait().is_leader()));
        job.expect("there is a worker").detach();
    }
    let leaders = (0..4).filter(|_| told.recv_timeout(HANG).expect("all have a thread"));
    assert_eq!(leaders.count(), 1);
}
