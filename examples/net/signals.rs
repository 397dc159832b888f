//! A program that is told by signals: it counts each `SIGHUP`, and ends on ctrl-c or `SIGTERM`.
//!
//! It ends as the signal would have ended it, so that a shell sees that it was interrupted.
//!
//! ```sh
//! cargo run --example signals --features signal
//! kill -HUP PROCESS-ID
//! ```

use std::io::{self, Write};

use aside::signal::{Signal, Signals};

fn main() -> io::Result<()> {
    let last = aside::run(listen())?;
    // By now the runtime has been shut down, and all that was to be written is.
    last.act_by_default()
}

async fn listen() -> io::Result<Signal> {
    let mut signals = Signals::new([Signal::HUP, Signal::INT, Signal::TERM])?;
    say(format_args!("listening as {}", std::process::id()))?;
    let mut hangups = 0;
    loop {
        let signal = signals.recv().await?;
        if signal != Signal::HUP {
            say(format_args!("{signal}: it ends"))?;
            return Ok(signal);
        }
        hangups += 1;
        say(format_args!("{signal}, {hangups} by now"))?;
    }
}

/// A line that is out when this returns, also into a pipe.
fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
