//! Follows a file as `tail -F` does: prints its last lines, and then each line that is appended.
//!
//! If the file is truncated, it is read again from its beginning. If the file is renamed, and a new
//! file is created under the old name, the old file is read to its end, and then the new file from
//! its beginning.
//!
//! ```sh
//! cargo run --release --example tail_f -- -n 5 /var/log/syslog
//! ```
//!
//! The program ends on ctrl-c or another signal, or after `--lines-max` lines. Without a file it
//! demonstrates its work in a temporary directory.
//!
//! The loop waits for changes on an inotify descriptor (`watch.rs`), which needs no thread and no
//! periodic checks. The file itself is read on the pool (`follow.rs`). An event reports only that
//! something has changed. The state of the file is read afterwards, because the file may have
//! changed again.

#[path = "tail_f/follow.rs"]
mod follow;
#[path = "../shared/private_folder.rs"]
mod private_folder;
#[path = "tail_f/watch.rs"]
mod watch;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use aside::blocking::Shutdown;
use aside::fs::{self, OpenOptions};
use aside::{Runtime, spawn_blocking};
use futures_lite::AsyncWriteExt;

use crate::follow::Follower;

type Done<T> = Result<T, Box<dyn Error>>;

/// The arguments of the command line.
struct Arguments {
    /// `None` selects the demonstration.
    path: Option<PathBuf>,
    /// The number of last lines that are printed first.
    lines: usize,
    /// The number of lines after which the program ends.
    lines_max: Option<u64>,
}

fn main() -> Done<()> {
    let arguments = arguments(std::env::args().skip(1))?;
    let runtime = Runtime::new();
    match &arguments.path {
        Some(path) => runtime.block_on(tail(path, &arguments))?,
        None => runtime.block_on(demonstrate())?,
    }
    let _report = runtime.shutdown(Shutdown::Wait);
    Ok(())
}

fn arguments(mut given: impl Iterator<Item = String>) -> Done<Arguments> {
    let mut arguments = Arguments { path: None, lines: 10, lines_max: None };
    while let Some(argument) = given.next() {
        let mut number = || given.next().ok_or(format!("{argument} NUMBER"));
        match argument.as_str() {
            "-n" => arguments.lines = number()?.parse()?,
            "--lines-max" => arguments.lines_max = Some(number()?.parse()?),
            path if arguments.path.is_none() && !path.starts_with('-') => {
                arguments.path = Some(path.into());
            }
            _ => return Err("usage: tail_f [-n LINES] [--lines-max LINES] [FILE]".into()),
        }
    }
    Ok(arguments)
}

/// Follows the file until `lines_max` lines are printed.
async fn tail(path: &Path, arguments: &Arguments) -> io::Result<()> {
    let mut follower = Follower::new(path, arguments.lines_max)?;
    follower.begin(arguments.lines).await?;
    follower.follow().await
}

/// Follows a file through the changes that log files undergo.
async fn demonstrate() -> io::Result<()> {
    let folder = spawn_blocking(|| private_folder::create("aside-tail-f"));
    let folder = folder.await.map_err(io::Error::other)??;
    let log = folder.join("log");
    let done = change_and_follow(&log).await;
    fs::remove_dir_all(&folder).await?;
    done
}

async fn change_and_follow(log: &Path) -> io::Result<()> {
    fs::write(log, "not printed\nfirst of the last lines\nsecond of the last lines\n").await?;
    let mut follower = Follower::new(log, Some(2))?;
    follower.begin(2).await?;

    let mut writer = OpenOptions::new().append(true).open(log).await?;
    writer.write_all(b"appended\n").await?;
    writer.close().await?;
    follower.follow_for(1).await?;

    fs::write(log, "after a truncation\n").await?;
    follower.follow_for(1).await?;

    fs::rename(log, log.with_extension("old")).await?;
    fs::write(log, "in a new file\n").await?;
    follower.follow_for(1).await
}
