//! Calls in other processes.

use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread;

use aside::process_pool::{Function, ProcessPool};
use aside::run_in_executor;

use crate::peers::Peer;
use crate::row::{Of, Row, Work};
use crate::run::Run;

/// The rows of calls in other processes. They use the wall clock, because the CPU time of a child
/// does not count for its parent.
pub(super) fn rows() -> Vec<Row> {
    let ours = |work| vec![(Peer::Aside, Work::Call(work))];
    vec![
        Row::new("process-one", "call in a process, round trip, one core", ours(call))
            .wall()
            .on_one_core()
            .floor(0.5, Of::Best)
            .limit(call_limit)
            .python(),
        Row::new("process-two", "call in a process, round trip, two cores", ours(call))
            .wall()
            .floor(0.5, Of::Best)
            .limit(call_limit)
            .python(),
        Row::new("process-burst", "10,000 calls on two processes", ours(burst))
            .wall()
            .floor(0.5, Of::Best)
            .limit(burst_limit)
            .python(),
    ]
}

/// The hidden first argument of the process that echoes for the column `limit`.
pub const ECHO_ARGUMENT: &str = "--echo";
/// The function that the workers run.
pub static SAME: Function<u64, u64> = Function::new("same", |n| n);

const LAP: u64 = 100;
const BURST: u64 = 10_000;
const WORKERS: usize = 2;

/// Makes one call at a time.
pub(super) fn call(run: &Run) -> f64 {
    let mut laps = run.laps(LAP as usize);
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(async {
        while laps.more() {
            for n in 0..LAP {
                let called = run_in_executor(&pool, SAME.call(n)).await;
                black_box(called.expect("it is not aborted").expect("the worker lives"));
            }
        }
    });
    laps.figure()
}

/// Makes ten thousand calls, then awaits them all.
pub(super) fn burst(run: &Run) -> f64 {
    let pool = ProcessPool::builder().workers(WORKERS).build();
    aside::run(async {
        await_calls(&pool, WORKERS as u64).await;
        let watch = run.start();
        await_calls(&pool, BURST).await;
        watch.read() / BURST as f64
    })
}

async fn await_calls(pool: &ProcessPool, count: u64) {
    let calls: Vec<_> = (0..count).map(|n| run_in_executor(pool, SAME.call(n))).collect();
    for call in calls {
        black_box(call.await.expect("it is not aborted").expect("the worker lives"));
    }
}

/// The program of the column `limit`: this thread exchanges eight bytes with another process.
pub(super) fn call_limit(run: &Run) -> f64 {
    let mut laps = run.laps(LAP as usize);
    let mut echo = Echo::start();
    while laps.more() {
        (0..LAP).for_each(|n| echo.ask(n));
    }
    laps.figure()
}

/// The program of the column `limit`: one thread for each of the processes.
pub(super) fn burst_limit(run: &Run) -> f64 {
    let mut echoes = [(); WORKERS].map(|()| Echo::start());
    echoes.iter_mut().for_each(|echo| echo.ask(1));
    let watch = run.start();
    thread::scope(|scope| {
        for echo in &mut echoes {
            scope.spawn(|| (0..BURST / WORKERS as u64).for_each(|n| echo.ask(n)));
        }
    });
    watch.read() / BURST as f64
}

struct Echo {
    child: Child,
    socket: Option<UnixStream>,
}

impl Echo {
    fn start() -> Echo {
        let (socket, theirs) = UnixStream::pair().expect("there are descriptors left");
        let this = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(this);
        command.arg(ECHO_ARGUMENT).stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
        let child = command.spawn().expect("a process can be started");
        Echo { child, socket: Some(socket) }
    }

    fn ask(&mut self, n: u64) {
        let socket = self.socket.as_mut().expect("it is not dropped");
        let mut answer = n.to_le_bytes();
        socket.write_all(&answer).expect("the process lives");
        socket.read_exact(&mut answer).expect("the process lives");
        black_box(answer);
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.socket.take());
        let _ = self.child.wait();
    }
}

/// Echoes for the column `limit`, in a process of its own.
///
/// # Errors
/// If its standard input is not a socket.
pub fn echo() -> std::io::Result<()> {
    let mut socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut bytes = [0; 8];
    while socket.read_exact(&mut bytes).is_ok() {
        socket.write_all(&bytes)?;
    }
    Ok(())
}
