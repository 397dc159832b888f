//! A cell: the figure of one row for one peer, measured in a process of its own.

use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::peers::Peer;
use crate::row::{Cores, Program, Row, Work};
use crate::run::{Meter, Run};
use crate::smallest;

/// The hidden first argument of a process that measures a cell.
pub const ARGUMENT: &str = "--cell";

/// The time limit of a cell. A cell that exceeds it is killed, and has no figure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the cell that the arguments after [`ARGUMENT`] name (row, peer, milliseconds), and prints
/// its figure.
///
/// # Errors
/// If there is no such cell.
pub fn main(arguments: &[String], live_bytes: fn() -> usize) -> Result<()> {
    let unknown = || Error::new(ErrorKind::InvalidInput, "there is no such cell");
    let [key, peer, milliseconds] = arguments else { return Err(unknown()) };
    let rows = crate::rows::all();
    let row = rows.iter().find(|row| row.key == key).ok_or_else(unknown)?;
    let work = row.cells.iter().find(|(of, _)| of.name() == peer).ok_or_else(unknown)?.1;
    let milliseconds = milliseconds.parse().map_err(|_| unknown())?;
    let run = Run { meter: row.meter, budget: Duration::from_millis(milliseconds), live_bytes };
    let Work::Call(work) = work else { return Err(unknown()) };
    println!("{}", work(&run));
    Ok(())
}

/// Starts a process of this program for the cell, and waits for its figure. Returns `None` if the
/// cell has no figure on this machine.
///
/// # Errors
/// If no process can be started.
pub fn measure(
    row: &Row,
    peer: Peer,
    work: Work,
    budget: Duration,
    program: &Path,
) -> Result<Option<f64>> {
    let milliseconds = budget.as_millis().to_string();
    let mut command = match work {
        Work::Call(_) => call(row, peer, &milliseconds, program),
        Work::Python => python(row, &milliseconds),
        Work::Smallest(facet) => return smallest::measure(peer, facet).map(Some),
    };
    pinned(row.cores, || read_figure(command.stdin(Stdio::null()).stdout(Stdio::piped())))
}

fn call(row: &Row, peer: Peer, milliseconds: &str, program: &Path) -> Command {
    let mut command = Command::new(match row.program {
        Program::Versus => program.to_path_buf(),
        Program::Bytes => program.with_file_name("bytes"),
    });
    command.args([ARGUMENT, row.key, peer.name(), milliseconds]);
    if row.is_narrow() {
        // smol's pool reads its width from the environment.
        command.env("BLOCKING_MAX_THREADS", "1");
    }
    command
}

fn python(row: &Row, milliseconds: &str) -> Command {
    let clock = match row.meter {
        Meter::Cpu => "cpu",
        Meter::Wall => "wall",
    };
    let mut command = Command::new("python3");
    command.args(["-c", include_str!("asyncio.py"), row.key, clock, milliseconds]);
    command
}

/// Calls `start` while this thread is pinned to the given cores. A child process that `start`
/// creates is pinned to these cores, too.
fn pinned<T>(cores: Cores, start: impl FnOnce() -> Result<T>) -> Result<T> {
    match cores {
        Cores::All => start(),
        Cores::One => {
            let all = rustix::thread::sched_getaffinity(None)?;
            let mut one = CpuSet::new();
            one.set((0..CpuSet::MAX_CPU).find(|&core| all.is_set(core)).unwrap_or(0));
            sched_setaffinity(None, &one)?;
            let started = start();
            sched_setaffinity(None, &all)?;
            started
        }
    }
}

fn read_figure(command: &mut Command) -> Result<Option<f64>> {
    let mut child = command.spawn()?;
    let began = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                child.kill()?;
                break child.wait()?;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut printed = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut printed)?;
    }
    Ok(printed.trim().parse().ok().filter(|_| status.success()))
}
