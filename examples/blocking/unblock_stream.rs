//! Blocking objects as async streams: a file, two pipes of a child process, an iterator, and stdin.
//!
//! One thread awaits all these objects. An object occupies a thread of the pool only while an
//! operation on it runs, and the loop stays free during the operation.
//!
//! Run it with `cargo run --example unblock_stream`. It prints a line each for the file, the child
//! process, the iterator and stdin.

#[path = "../shared/private_folder.rs"]
mod private_folder;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use aside::io::stdio;
use aside::{Unblock, gather, sleep};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

/// Counts the lines of a file, chunk by chunk, while other tasks run.
async fn read_a_file(path: &std::path::Path) -> io::Result<()> {
    let mut stream = Unblock::new(File::open(path)?);
    let (mut lines, mut bytes) = (0, 0);
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            break;
        }
        bytes += count;
        lines += chunk[..count].iter().filter(|&&byte| byte == b'\n').count();
    }
    println!("file:     {lines} lines, {bytes} bytes");
    Ok(())
}

/// Writes to a child over one pipe, and reads from it over another one. The pipes are separate
/// objects, so neither operation can block the other.
async fn talk_to_a_child() -> io::Result<()> {
    let child = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("child:    this system has no `sort`");
        return Ok(());
    };
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the child has no pipes"));
    };
    let write = async {
        let mut input = Unblock::new(input);
        for word in ["pear", "apple", "fig"] {
            input.write_all(format!("{word}\n").as_bytes()).await?;
        }
        // This closes the pipe, so that the child reads the end of its input.
        input.close().await
    };
    let read = async {
        let mut text = String::new();
        Unblock::new(output).read_to_string(&mut text).await?;
        io::Result::Ok(text)
    };
    let (written, answer) = gather((write, read)).await;
    written?;
    println!("child:    sorted {}", answer?.split_whitespace().collect::<Vec<_>>().join(", "));
    Unblock::new(child).with_mut(|child| child.wait()).await??;
    Ok(())
}

/// Lists a folder, entry by entry.
async fn list_a_folder() -> io::Result<()> {
    let mut entries = Unblock::new(fs::read_dir(".")?);
    let mut folders = 0;
    let mut files = 0;
    while let Some(entry) = entries.next().await {
        if entry?.path().is_dir() { folders += 1 } else { files += 1 }
    }
    println!("iterator: {files} files and {folders} folders in this folder");
    Ok(())
}

/// Reads stdin with a timeout. The program can end although the read cannot be interrupted.
async fn read_stdin() {
    let mut answer = [0; 64];
    let read =
        aside::timeout(Duration::from_millis(10), async { stdio::stdin().read(&mut answer).await });
    match read.await {
        Ok(Ok(count)) => println!("stdin:    {count} bytes"),
        Ok(Err(error)) => println!("stdin:    {error}"),
        Err(_elapsed) => println!("stdin:    no input within 10 ms"),
    }
}

fn main() -> io::Result<()> {
    let folder = private_folder::create("aside-unblock-stream")?;
    let path = folder.join("lines");
    let mut file = File::create(&path)?;
    for n in 0..500_000 {
        writeln!(file, "line {n}")?;
    }
    let result = aside::run(async {
        let ticks = Rc::new(Cell::new(0));
        let ticking = Rc::clone(&ticks);
        let ticker = aside::spawn(async move {
            loop {
                sleep(Duration::from_micros(50)).await;
                ticking.set(ticking.get() + 1);
            }
        });
        read_a_file(&path).await?;
        println!("loop:     ran a timer meanwhile: {}", ticks.get() > 0);
        ticker.abort();
        talk_to_a_child().await?;
        list_a_folder().await?;
        read_stdin().await;
        Ok(())
    });
    fs::remove_dir_all(&folder)?;
    result
}
