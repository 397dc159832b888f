//! Jobs on many machines: calls of functions that RabbitMQ hands to hosts.
//!
//! `cluster worker` runs jobs, and `cluster submit` sends them. See `cluster --help`, and
//! `examples/cluster/demo`, which starts all of it.

mod arguments;
mod submit;
mod work;

use std::error::Error;
use std::process::ExitCode;

use aside::signal::{Signal, Signals};
use cluster::{HostSettings, Monitor, Priority, serve};

use arguments::Arguments;

fn main() -> ExitCode {
    // In a worker process this never returns.
    cluster::init(&work::FUNCTIONS);
    let done = match arguments::parse(std::env::args().skip(1)) {
        Ok(Arguments::Help) => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Arguments::Worker(settings)) => aside::run(worker(settings)),
        Ok(Arguments::Status { broker }) => aside::run(status(&broker)),
        Ok(Arguments::Submit(order)) => aside::run(submit::submit(order)),
        Err(why) => {
            eprintln!("{why}\n`cluster --help` lists the commands and options.");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs jobs until ctrl-c or `SIGTERM`. The second signal ends the program at once.
async fn worker(settings: HostSettings) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::new([Signal::INT, Signal::TERM])?.then_default()?;
    serve(settings, async move {
        let _signal = signals.recv().await;
        eprintln!("finishes the running jobs; a second signal ends it at once");
    })
    .await?;
    Ok(())
}

async fn status(broker: &str) -> Result<(), Box<dyn Error>> {
    let monitor = Monitor::connect(broker).await?;
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        let queue = monitor.queue(priority).await?;
        println!("{priority:?}: {} jobs wait, {} hosts", queue.waiting, queue.hosts);
    }
    Ok(())
}
