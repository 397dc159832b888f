//! When a dropped `File` is closed, and what later operations see of it.

use std::fs as std_fs;
use std::io::{Read, SeekFrom};
use std::path::Path;
use std::sync::mpsc;

use aside::Runtime;
use aside::fs::{self, File, OpenOptions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};

use crate::fs::functions::{Folder, busy};
use crate::io::reading::{pattern, poll_once};
use crate::support::watchdog::watched;

/// Returns `true` if this process has a descriptor of the file.
#[cfg(target_os = "linux")]
fn is_open(path: &Path) -> bool {
    let path = path.canonicalize().unwrap();
    let descriptors = std_fs::read_dir("/proc/self/fd").unwrap();
    descriptors.flatten().any(|entry| std_fs::read_link(entry.path()).is_ok_and(|to| to == path))
}

/// Uses the file, and leaves nothing pending.
#[cfg(target_os = "linux")]
async fn use_file(file: &mut File, case: usize) -> bool {
    match case {
        0 => {}
        1 => file.write_all(b"text").await.unwrap(),
        2 => _ = file.read_to_end(&mut Vec::new()).await.unwrap(),
        3 => _ = file.seek(SeekFrom::End(0)).await.unwrap(),
        4 => _ = file.read_at(4, 0).await.unwrap(),
        5 => file.write_all_at(*b"text", 0).await.unwrap(),
        6 => _ = file.with_std(|file| file.metadata()).await.unwrap(),
        7 => drop(file.try_clone().await.unwrap()),
        _ => return false,
    }
    file.flush().await.unwrap();
    file.sync_all().await.unwrap();
    true
}

// P92: also while every thread of the pool is busy.
#[cfg(target_os = "linux")]
#[test]
fn the_drop_of_a_file_with_nothing_pending_closes_it() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        std_fs::write(&path, pattern(300_000)).unwrap();
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            for case in 0.. {
                let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
                if !use_file(&mut file, case).await {
                    break;
                }
                let busy = busy().await;
                assert!(is_open(&path));
                drop(file);
                assert!(!is_open(&path), "case {case}");
                busy.abort();
                busy.await.unwrap();
            }
        });
    });
}

// P92: nothing was accepted, so the read that no thread has begun is cancelled.
#[cfg(target_os = "linux")]
#[test]
fn the_drop_of_a_file_whose_next_chunk_is_queued_closes_it() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        std_fs::write(&path, pattern(4 << 20)).unwrap();
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut file = File::open(&path).await.unwrap();
            file.read_exact(&mut [0; 1000]).await.unwrap();
            // This job runs after the chunks that are read ahead.
            aside::spawn_blocking(|| ()).await.unwrap();
            let busy = busy().await;
            while poll_once(file.read(&mut [0; 100_000])).is_ready() {}
            drop(file);
            assert!(!is_open(&path));
            busy.abort();
            busy.await.unwrap();
        });
    });
}

// P92
#[cfg(target_os = "linux")]
#[test]
fn a_file_with_pending_writes_is_closed_before_any_later_job_runs() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut file = File::create(&path).await.unwrap();
            let busy = busy().await;
            file.write_all(&pattern(200_000)).await.unwrap();
            drop(file);
            assert!(is_open(&path), "no thread can write");
            let later = path.clone();
            let later = aside::spawn_blocking(move || (is_open(&later), std_fs::read(later)));
            busy.abort();
            busy.await.unwrap();
            let (was_open, content) = later.await.unwrap();
            assert!(!was_open);
            assert!(content.unwrap() == pattern(200_000));
        });
    });
}

/// Drops a file whose accepted bytes are probably not written yet.
async fn dropped_unflushed(path: &Path, content: &[u8]) {
    let mut file = File::create(path).await.unwrap();
    file.write_all(content).await.unwrap();
}

// P92: all operations that name the file, by any path. Their jobs may begin before the job that
// writes.
#[test]
fn an_operation_that_begins_after_the_drop_sees_what_was_accepted() {
    watched(|| {
        let content = pattern(700_000);
        for round in 0..20 {
            let folder = Folder::new();
            let (path, other) = (folder.at("file"), folder.at("other"));
            aside::run(async {
                dropped_unflushed(&path, &content).await;
                assert!(fs::read(&path).await.unwrap() == content, "round {round}");
                dropped_unflushed(&path, &content).await;
                assert_eq!(fs::metadata(&path).await.unwrap().len(), 700_000, "round {round}");
                dropped_unflushed(&path, &content).await;
                assert_eq!(fs::copy(&path, &other).await.unwrap(), 700_000, "round {round}");
                dropped_unflushed(&path, &content).await;
                let mut read = Vec::new();
                let mut file = File::open(folder.at("./file")).await.unwrap();
                file.read_to_end(&mut read).await.unwrap();
                assert!(read == content, "round {round}");
                dropped_unflushed(&path, &content).await;
                let mut append = OpenOptions::new().append(true).open(&path).await.unwrap();
                append.write_all(b"the end").await.unwrap();
                append.close().await.unwrap();
                assert!(std_fs::read(&path).unwrap().ends_with(b"the end"), "round {round}");
                dropped_unflushed(&path, &content).await;
                std_fs::remove_file(&other).unwrap();
                let mut entries = fs::read_dir(folder.at(".")).await.unwrap();
                let entry = entries.next().await.unwrap().unwrap();
                assert_eq!(entry.metadata().await.unwrap().len(), 700_000, "round {round}");
            });
        }
    });
}

// P92: the usual way to replace a file atomically. Any reader of the new name sees all of it.
#[test]
fn a_file_that_replaces_another_is_whole_when_the_rename_has_returned() {
    watched(|| {
        let folder = Folder::new();
        let (new, path) = (folder.at("new"), folder.at("file"));
        let content = pattern(900_000);
        aside::run(async {
            for round in 0..50 {
                dropped_unflushed(&new, &content).await;
                fs::rename(&new, &path).await.unwrap();
                assert!(std_fs::read(&path).unwrap() == content, "round {round}");
                dropped_unflushed(&new, &content).await;
                std_fs::remove_file(&path).unwrap();
                fs::hard_link(&new, &path).await.unwrap();
                assert!(std_fs::read(&path).unwrap() == content, "round {round}");
            }
        });
    });
}

// P92: the write lasts until the pipe is read, so nothing may wait for it.
#[cfg(unix)]
#[test]
fn no_operation_waits_for_a_dropped_pipe() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.fifo("pipe");
        aside::run(async {
            let mut pipe = std_fs::File::options().read(true).write(true).open(&path).unwrap();
            dropped_unflushed(&path, &pattern(500_000)).await;
            assert_eq!(fs::metadata(&path).await.unwrap().len(), 0);
            assert!(fs::read("Cargo.toml").await.is_ok());
            let mut read = vec![0; 500_000];
            pipe.read_exact(&mut read).unwrap();
            assert!(read == pattern(500_000));
        });
    });
}

#[cfg(unix)]
fn lock(file: &std_fs::File) -> std::io::Result<()> {
    Ok(rustix::fs::flock(file, rustix::fs::FlockOperation::LockExclusive)?)
}

// P92: the call waits for a lock that may be held for ever, and nothing was accepted.
#[cfg(unix)]
#[test]
fn no_operation_waits_for_a_call_of_a_dropped_file() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        aside::run(async {
            std_fs::write(&path, b"text").unwrap();
            let mut holder = File::open(&path).await.unwrap();
            holder.with_std(lock).await.unwrap();
            let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
            assert!(poll_once(file.with_std(lock)).is_pending());
            drop(file);
            assert_eq!(fs::metadata(&path).await.unwrap().len(), 4);
            assert_eq!(fs::read(&path).await.unwrap(), b"text");
            drop(holder);
        });
    });
}

// P92: the bytes that were accepted behind a call, or after it, are waited for.
#[test]
fn an_operation_waits_for_the_bytes_that_were_accepted_after_a_call() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        aside::run(async {
            for round in 0..20 {
                let mut file = File::create(&path).await.unwrap();
                let (go, may_go) = mpsc::channel::<()>();
                let call = file.with_std(move |_| Ok(may_go.recv()));
                assert!(poll_once(call).is_pending());
                file.write_all(b"text").await.unwrap();
                drop(file);
                drop(go);
                assert_eq!(fs::read(&path).await.unwrap(), b"text", "round {round}");

                let mut file = File::create(&path).await.unwrap();
                file.with_std(|_| Ok(())).await.unwrap();
                file.write_all(&pattern(700_000)).await.unwrap();
                drop(file);
                assert!(fs::read(&path).await.unwrap() == pattern(700_000), "round {round}");
            }
        });
    });
}
