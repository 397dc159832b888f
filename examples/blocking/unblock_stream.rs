//! What blocks, as streams: a file whose lines are counted, two pipes of a child, and an iterator
//! whose `next` blocks.
//!
//! All of it is awaited on one thread. Each object works on the pool only while something is asked
//! of it, and the loop goes on meanwhile.

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

/// Talks to a child over two pipes. Reads and writes of different objects wait for nothing but
/// their own pipe, so neither can stop the other.
async fn talk_to_a_child() -> io::Result<()> {
    let child = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("child:    there is no `sort` here");
        return Ok(());
    };
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("a child without pipes"));
    };
    let ask = async {
        let mut input = Unblock::new(input);
        for word in ["pear", "apple", "fig"] {
            input.write_all(format!("{word}\n").as_bytes()).await?;
        }
        // Drops the pipe, so that the child sees its end.
        input.close().await
    };
    let answer = async {
        let mut text = String::new();
        Unblock::new(output).read_to_string(&mut text).await?;
        io::Result::Ok(text)
    };
    let (asked, answer) = gather((ask, answer)).await;
    asked?;
    println!("child:    sorted {}", answer?.split_whitespace().collect::<Vec<_>>().join(", "));
    Unblock::new(child).with_mut(|child| child.wait()).await??;
    Ok(())
}

/// The entries of a folder come as they are read.
async fn list_a_folder() -> io::Result<()> {
    let mut entries = Unblock::new(fs::read_dir(".")?);
    let mut folders = 0;
    let mut files = 0;
    while let Some(entry) = entries.next().await {
        if entry?.path().is_dir() { folders += 1 } else { files += 1 }
    }
    println!("iterator: {files} files and {folders} folders here");
    Ok(())
}

/// Asks, but not for ever: the program ends, although the read cannot be interrupted.
async fn ask_the_user() {
    let mut answer = [0; 64];
    let read =
        aside::timeout(Duration::from_millis(10), async { stdio::stdin().read(&mut answer).await });
    match read.await {
        Ok(Ok(count)) => println!("stdin:    {count} bytes"),
        Ok(Err(error)) => println!("stdin:    {error}"),
        Err(_elapsed) => println!("stdin:    nobody answers, and nobody waits for it"),
    }
}

fn main() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("aside-example-{}", std::process::id()));
    let mut file = File::create(&path)?;
    for n in 0..500_000 {
        writeln!(file, "line {n}")?;
    }
    let result = aside::run(async {
        let ticks = Rc::new(Cell::new(0));
        let ticking = Rc::clone(&ticks);
        let ticker = aside::spawn(async move {
            loop {
                sleep(Duration::from_millis(1)).await;
                ticking.set(ticking.get() + 1);
            }
        });
        read_a_file(&path).await?;
        println!("loop:     it ticked meanwhile: {}", ticks.get() > 0);
        ticker.abort();
        talk_to_a_child().await?;
        list_a_folder().await?;
        ask_the_user().await;
        Ok(())
    });
    fs::remove_file(&path)?;
    result
}
