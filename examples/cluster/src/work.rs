//! The functions that the example calls.

use std::fs::OpenOptions;
use std::io::Write;

use aside::process_pool::{Call, Function, Registered};

/// A job has a number, and some bytes.
pub(crate) type Input = (u64, Vec<u8>);

static DIGEST: Function<Input, u64> = Function::new("digest", |(_, bytes)| sum(&bytes));
static PRIMES: Function<Input, u64> = Function::new("primes", |_| primes_below(100_000));
static PANIC: Function<Input, u64> = Function::new("panic", |(n, _)| panic!("job {n} panics"));
static CRASH: Function<Input, u64> = Function::new("crash", |_| std::process::abort());
static HANG: Function<Input, u64> = Function::new("hang", |_| {
    loop {
        std::thread::park();
    }
});
static KILL_HOST: Function<Input, u64> = Function::new("kill-host", |_| kill_host());
static STAMP: Function<Input, u64> = Function::new("stamp", |(n, _)| stamp(n));

pub(crate) static FUNCTIONS: [&dyn Registered; 7] =
    [&DIGEST, &PRIMES, &PANIC, &CRASH, &HANG, &KILL_HOST, &STAMP];

/// The functions that the command line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Digest,
    Primes,
    Panic,
    Crash,
    Hang,
    Stamp,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Kind> {
        match name {
            "digest" => Some(Kind::Digest),
            "primes" => Some(Kind::Primes),
            "panic" => Some(Kind::Panic),
            "crash" => Some(Kind::Crash),
            "hang" => Some(Kind::Hang),
            "stamp" => Some(Kind::Stamp),
            _ => None,
        }
    }

    /// The call that the cluster, a process pool and a thread pool take.
    pub(crate) fn call(self, input: Input) -> Call<Input, u64> {
        match self {
            Kind::Digest => DIGEST.call(input),
            Kind::Primes => PRIMES.call(input),
            Kind::Panic => PANIC.call(input),
            Kind::Crash => CRASH.call(input),
            Kind::Hang => HANG.call(input),
            Kind::Stamp => STAMP.call(input),
        }
    }

    /// The result that the caller expects.
    pub(crate) fn expected(self, input: &Input) -> Option<u64> {
        match self {
            Kind::Digest => Some(sum(&input.1)),
            Kind::Primes => Some(9_592),
            Kind::Stamp => Some(input.0),
            Kind::Panic | Kind::Crash | Kind::Hang => None,
        }
    }
}

/// Kills the host, as the system does if a job takes all the memory.
fn kill_host() -> u64 {
    let host = std::os::unix::process::parent_id().to_string();
    let killed = std::process::Command::new("kill").args(["-KILL", &host]).status();
    panic!("the host lives: {killed:?}")
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte)).sum()
}

fn primes_below(end: u64) -> u64 {
    let is_prime = |n: u64| (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
    (2..end).filter(|&n| is_prime(n)).count() as u64
}

/// Records that the job was run, for the tests: a job may run more than once.
fn stamp(n: u64) -> u64 {
    let path = std::env::var("CLUSTER_STAMPS").expect("$CLUSTER_STAMPS is set on the host");
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("a file");
    // One write of a short line to a file that is open for appending is not torn.
    file.write_all(format!("{n}\n").as_bytes()).expect("the stamp is written");
    // Some milliseconds of work, so that a host is in the middle of jobs when it is killed.
    primes_below(20_000);
    n
}
