//! Unix signals as a stream: counts each `SIGHUP`, and ends on ctrl-c or `SIGTERM`.
//!
//! In the end the program performs the default action of the signal, so that the shell sees which
//! signal has ended the program.
//!
//! ```sh
//! cargo run --example signals --features signal
//! kill -HUP PROCESS-ID
//! ```
//!
//! It prints `listening as PROCESS-ID`, and then a line for each signal.

use std::io::{self, Write};

use aside::signal::{Signal, Signals};

fn main() -> io::Result<()> {
    let last = aside::run(receive_signals())?;
    // At this point the runtime has shut down, and all output is written.
    last.act_by_default()
}

async fn receive_signals() -> io::Result<Signal> {
    let mut signals = Signals::new([Signal::HUP, Signal::INT, Signal::TERM])?;
    print_line(format_args!("listening as {}", std::process::id()))?;
    let mut hangups = 0;
    loop {
        let signal = signals.recv().await?;
        if signal != Signal::HUP {
            print_line(format_args!("{signal}: ends the program"))?;
            return Ok(signal);
        }
        hangups += 1;
        print_line(format_args!("{signal}, {hangups} so far"))?;
    }
}

/// Prints a line and flushes it, because stdout may be a pipe.
fn print_line(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
