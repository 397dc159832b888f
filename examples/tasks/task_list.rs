//! The list of tasks: what each task of a running program waits for, printed at each `SIGUSR1`.
//!
//! ```sh
//! cargo run --example task_list --features signal -- --wait
//! kill -USR1 PROCESS-ID
//! kill -INT PROCESS-ID
//! ```
//!
//! The program prints `running as PROCESS-ID`. For each `SIGUSR1`, and before it ends, it prints
//! its tasks as a table and as a tree. Without `--wait` it sends itself one `SIGUSR1` and ends.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use aside::observe::PollTimes;
use aside::signal::{Signal, Signals};
use aside::{Handle, Runtime, gather, named, net::UdpSocket, sleep, timeout};

fn main() -> Result<(), Box<dyn Error>> {
    let waits = std::env::args().any(|argument| argument == "--wait");
    // With this observer, the list shows how long each task has been waiting. The list itself needs
    // no observer.
    let runtime = Runtime::builder().observer(PollTimes::new()).build();
    runtime.block_on(async {
        let mut signals = Signals::new([Signal::USR1, Signal::INT, Signal::TERM])?;
        let work = named("work").spawn(work()).abort_on_drop();
        print_line(format_args!("running as {}", std::process::id()))?;
        if !waits {
            signal_self()?;
        }
        loop {
            let signal = signals.recv().await?;
            let tasks = Handle::current().tasks().await?;
            print_line(format_args!("{signal}\n{tasks}\n\n{}\n", tasks.tree()))?;
            if signal != Signal::USR1 || !waits {
                drop(work);
                return Ok(());
            }
        }
    })
}

/// A task with children that wait for different things.
async fn work() {
    let copy = named("copy").spawn(copy());
    let receive = named("receive").spawn(receive());
    let _results = gather((copy, receive, sleep(Duration::from_secs(3600)))).await;
}

/// Waits for a job on the pool, with a limit.
async fn copy() {
    let (_keep_open, receiver) = std::sync::mpsc::channel::<()>();
    let job = named("read").spawn_blocking(move || {
        // Stands for a call that blocks, and ends when it is asked to.
        while !aside::blocking::is_cancelled() {
            let _none = receiver.recv_timeout(Duration::from_millis(10));
        }
    });
    let _late = timeout(Duration::from_secs(60), job.abort_on_drop()).await;
}

/// Waits for a socket.
async fn receive() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let _received = socket.recv_from(&mut [0; 64]).await?;
    Ok(())
}

/// Sends `SIGUSR1` to this process, as another process would.
fn signal_self() -> io::Result<()> {
    let process = std::process::id().to_string();
    std::process::Command::new("kill").args(["-s", "USR1", &process]).status().map(drop)
}

/// Prints a line and flushes it, because stdout may be a pipe.
fn print_line(line: fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
