//! Follows a file as `tail -F` does: prints its last lines, and then what is appended. A file that
//! is cut off is begun anew; one that is renamed and made again is read to its end, and then the
//! new one from its beginning.
//!
//! ```sh
//! cargo run --release --example tail_f -- -n 5 /var/log/syslog
//! ```
//!
//! It ends when its stdin does, or after so many lines: `--lines-max 100`. Without a file it shows
//! itself what it can do, in a directory of its own.
//!
//! That something has happened is heard from the system where it tells, by a descriptor that the
//! loop waits for (`watch.rs`): that takes no thread and no ticks. What has happened is found out
//! by looking, on the pool (`follow.rs`), because by then it may be something else.

#[path = "tail_f/follow.rs"]
mod follow;
#[path = "tail_f/watch.rs"]
mod watch;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use aside::blocking::Shutdown;
use aside::fs::{self, OpenOptions};
use aside::io::stdio;
use aside::{Runtime, race};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::follow::Follower;

type Done<T> = Result<T, Box<dyn Error>>;

/// What the command line asks for.
struct Arguments {
    /// `None`: a demonstration.
    path: Option<PathBuf>,
    /// How many of the last lines are printed first.
    lines: usize,
    /// After how many lines it ends.
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

/// Until stdin ends, or enough is printed.
async fn tail(path: &Path, arguments: &Arguments) -> io::Result<()> {
    let mut follower = Follower::new(path, arguments.lines_max)?;
    follower.begin(arguments.lines).await?;
    let stdin_ends = async {
        let mut ignored = [0; 1024];
        let mut stdin = stdio::stdin();
        while stdin.read(&mut ignored).await? > 0 {}
        Ok(())
    };
    race((stdin_ends, follower.follow())).await
}

/// What happens to logs, one thing after the other.
async fn demonstrate() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("aside-tail-f-{}", std::process::id()));
    fs::create_dir(&folder).await?;
    let log = folder.join("log");
    let done = happen(&log).await;
    fs::remove_dir_all(&folder).await?;
    done
}

async fn happen(log: &Path) -> io::Result<()> {
    fs::write(log, "too old\nof the last lines the first\nthe second\n").await?;
    let mut follower = Follower::new(log, Some(2))?;
    follower.begin(2).await?;

    let mut writer = OpenOptions::new().append(true).open(log).await?;
    writer.write_all(b"appended\n").await?;
    writer.close().await?;
    follower.follow_for(1).await?;

    fs::write(log, "cut off and begun anew\n").await?;
    follower.follow_for(1).await?;

    fs::rename(log, log.with_extension("old")).await?;
    fs::write(log, "in a new file\n").await?;
    follower.follow_for(1).await
}
