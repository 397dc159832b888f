//! `File`: its positions and chunks, and the contents that other threads and handles read.
//! `lost_writes.rs` checks that no accepted data is lost.

use std::fs as std_fs;
use std::io::{self, ErrorKind, Seek, SeekFrom};

use aside::Runtime;
use aside::blocking::Shutdown;
use aside::fs::{File, OpenOptions};
use aside::time::Clock;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};

use crate::fs::functions::{Folder, join_error};
use crate::io::reading::{pattern, poll_once};
use crate::support::watchdog::{panic_message, watched};

// ---- positions ----

/// The system's file position is ahead of the user's, and the user must not notice.
#[test]
fn an_operation_after_a_read_uses_the_position_of_the_reader() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        std_fs::write(&path, pattern(500_000)).unwrap();
        aside::run(async move {
            let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
            let mut bytes = [0; 10];
            file.read_exact(&mut bytes).await.unwrap();
            file.write_all(b"here").await.unwrap();
            file.read_exact(&mut bytes[..3]).await.unwrap();
            assert_eq!(bytes[..3], pattern(20)[14..17]);
            assert_eq!(std_fs::read(&path).unwrap()[8..16], *b"\x08\x09here\x0e\x0f");
            assert_eq!(file.seek(SeekFrom::Current(3)).await.unwrap(), 20);

            file.read_exact(&mut bytes).await.unwrap();
            let mut same = file.try_clone().await.unwrap();
            assert_eq!(same.seek(SeekFrom::Current(0)).await.unwrap(), 30);
            file.set_len(31).await.unwrap();
            assert_eq!(file.read(&mut bytes).await.unwrap(), 1, "not what was read ahead");
            let mut std = same.into_std().await.unwrap();
            assert_eq!(std.stream_position().unwrap(), 31);
        });
    });
}

#[test]
fn appends_go_to_the_end_although_others_append() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("log");
        let log = path.clone();
        aside::run(async move {
            let mut options = OpenOptions::new();
            let mut one = options.append(true).create(true).open(&log).await.unwrap();
            let two = one.try_clone().await.unwrap();
            let writers = [(one, 'a'), (two, 'b')].map(|(mut file, letter)| async move {
                for number in 0..300 {
                    let line = format!("{letter} {number} {}\n", "x".repeat(number));
                    file.write_all(line.as_bytes()).await.unwrap();
                    if number % 7 == 0 {
                        file.flush().await.unwrap();
                    }
                }
                file.close().await.unwrap();
            });
            let tasks = writers.map(aside::spawn);
            for task in tasks {
                task.await.unwrap();
            }
        });
        let text = std_fs::read_to_string(&path).unwrap();
        for letter in ["a", "b"] {
            let lines = text.lines().filter(|line| line.starts_with(letter));
            for (number, line) in lines.clone().enumerate() {
                assert_eq!(line, format!("{letter} {number} {}", "x".repeat(number)));
            }
            assert_eq!(lines.count(), 300);
        }
    });
}

#[cfg(unix)]
#[test]
fn many_tasks_read_and_write_at_offsets_at_once() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        aside::run(async move {
            let file = File::create_new(&path).await.unwrap();
            let writes =
                (0..100_u8).map(|n| file.write_all_at(vec![n; 1_000], u64::from(n) * 1_000));
            aside::try_gather(writes).await.unwrap();
            let reads = (0..100_u8).map(|n| file.read_at(1_000, u64::from(n) * 1_000));
            for (n, read) in (0..).zip(aside::try_gather(reads).await.unwrap()) {
                assert_eq!(read, vec![n; 1_000]);
            }
            assert_eq!(file.read_at(10, 99_995).await.unwrap(), [99; 5], "up to the end");
            assert_eq!(file.read_at(10, 200_000).await.unwrap(), []);
        });
    });
}

#[cfg(unix)]
#[test]
fn operations_run_in_order_through_the_stream() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        std_fs::write(&path, pattern(200_000)).unwrap();
        aside::run(async move {
            let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
            let refused = |result: io::Result<()>| {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
            };
            file.write_all(b"new").await.unwrap();
            refused(file.read_at(3, 0).await.map(drop));
            file.flush().await.unwrap();
            assert_eq!(file.read_at(3, 0).await.unwrap(), b"new");
            file.read_exact(&mut [0; 3]).await.unwrap();
            refused(file.write_all_at([1], 10).await);
            file.seek(SeekFrom::Current(0)).await.unwrap();
            file.write_all_at([77], 10).await.unwrap();
            let mut next = [0; 5];
            file.read_exact(&mut next).await.unwrap();
            assert_eq!(next, [6, 7, 8, 9, 77]);
            file.close().await.unwrap();
            assert_eq!(file.read_at(3, 0).await.unwrap_err().kind(), ErrorKind::NotConnected);
        });
    });
}

/// A pipe has no position, and data read ahead from it cannot be read again.
#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_position_is_written_although_data_was_read_ahead() {
    watched(|| {
        let folder = Folder::new();
        let pipe = folder.fifo("pipe");
        aside::run(async move {
            let mut file = File::options().read(true).write(true).open(&pipe).await.unwrap();
            let mut bytes = [0; 3];
            file.write_all(b"one two").await.unwrap();
            file.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"one");
            assert_eq!(file.metadata().await.unwrap().len(), 0);
            file.write_all(b"three").await.unwrap();
            let mut rest = [0; 9];
            file.read_exact(&mut rest).await.unwrap();
            assert_eq!(&rest, b" twothree");
            file.write_all(b"left").await.unwrap();
            file.read_exact(&mut bytes).await.unwrap();
            let error = file.into_std().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotSeekable);
        });
    });
}

// ---- reading ----

#[test]
fn a_stream_is_read_line_by_line_and_to_its_end() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("lines");
        let text: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
        std_fs::write(&path, &text).unwrap();
        aside::run(async move {
            let mut lines = File::open(&path).await.unwrap().lines();
            let mut n = 0;
            while let Some(line) = lines.next().await {
                assert_eq!(line.unwrap(), format!("line {n}"));
                n += 1;
            }
            assert_eq!(n, 50_000);
            let mut whole = String::new();
            let mut file = File::open(&path).await.unwrap();
            file.read_to_string(&mut whole).await.unwrap();
            assert!(whole == text);
            assert_eq!(file.read(&mut [0; 8]).await.unwrap(), 0, "the end stays the end");
        });
    });
}

#[test]
fn data_appended_by_another_handle_is_read_after_the_end() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        std_fs::write(&path, "first").unwrap();
        aside::run(async move {
            let mut file = File::open(&path).await.unwrap();
            file.read_to_string(&mut String::new()).await.unwrap();
            let mut other = File::options().append(true).open(&path).await.unwrap();
            other.write_all(b" second").await.unwrap();
            other.close().await.unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, " second");
        });
    });
}

#[test]
fn an_operation_that_the_open_mode_forbids_is_a_system_error() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        aside::run(async move {
            let mut file = File::create(&path).await.unwrap();
            assert!(file.read(&mut [0; 8]).await.unwrap_err().raw_os_error().is_some());
            let mut file = File::open(&path).await.unwrap();
            file.write_all(b"accepted").await.unwrap();
            assert!(file.flush().await.unwrap_err().raw_os_error().is_some());
            let mut file = File::open(&path).await.unwrap();
            let error = file.seek(SeekFrom::Current(-1)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let mut folder = File::open(folder.at(".")).await.unwrap();
            let error = folder.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IsADirectory);
        });
    });
}

// ---- other handles and threads ----

#[test]
fn a_file_works_on_another_thread_while_its_loop_lives() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let runtime = Runtime::new();
        let mut file = runtime.block_on(File::create_new(&path)).unwrap();
        let elsewhere = std::thread::spawn(move || {
            futures_lite::future::block_on(async {
                file.write_all(b"from elsewhere").await.unwrap();
                file.seek(SeekFrom::Start(5)).await.unwrap();
                let mut text = String::new();
                file.read_to_string(&mut text).await.unwrap();
                assert_eq!(file.metadata().await.unwrap().len(), 14);
                text
            })
        });
        assert_eq!(elsewhere.join().unwrap(), "elsewhere");
        assert_eq!(std_fs::read(&path).unwrap(), b"from elsewhere");
    });
}

#[test]
fn a_file_whose_runtime_has_ended_returns_an_error() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        std_fs::write(&path, "text").unwrap();
        let runtime = Runtime::new();
        let open = File::options().read(true).write(true).open(&path);
        let mut file = runtime.block_on(open).unwrap();
        assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
        futures_lite::future::block_on(async {
            let error = file.read(&mut [0; 8]).await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
            assert!(error.to_string().starts_with("`fs::File` (spawned at tests/it/fs/file.rs:"));
            let error = file.metadata().await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
            let error = file.seek(SeekFrom::Start(0)).await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
        });
    });
}

#[test]
fn a_file_of_std_needs_a_runtime() {
    watched(|| {
        let file = std_fs::File::open("Cargo.toml").unwrap();
        let message = panic_message(|| drop(File::from_std(file)));
        assert!(message.contains("no runtime"), "{message}");
    });
}

#[test]
fn a_panicking_closure_is_an_error_and_closes_the_file() {
    watched(|| {
        aside::run(async {
            let mut file = File::open("Cargo.toml").await.unwrap();
            let length = file.with_std(|file| Ok(file.metadata()?.len())).await.unwrap();
            assert!(length > 0);
            let error = file.with_std(|_| -> io::Result<()> { panic!("of a closure") }).await;
            let error = error.unwrap_err();
            assert!(join_error(&error).is_panic(), "{error}");
            assert!(file.read(&mut [0; 8]).await.unwrap_err().to_string().contains("is lost"));
        });
    });
}

#[test]
fn a_virtual_clock_stands_still_during_a_file_operation() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let began = aside::time::now();
            let work = async {
                let mut file = File::create_new(&path).await?;
                file.write_all(&pattern(1_000_000)).await?;
                file.sync_all().await?;
                aside::fs::read(&path).await
            };
            let read = aside::timeout(std::time::Duration::from_nanos(1), work).await;
            assert!(read.unwrap().unwrap() == pattern(1_000_000));
            assert_eq!(aside::time::now(), began);
        });
    });
}

#[test]
fn an_idle_file_holds_no_thread() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut files = Vec::new();
            for _ in 0..10 {
                let mut file = File::open("Cargo.toml").await.unwrap();
                file.read_exact(&mut [0; 10]).await.unwrap();
                assert!(poll_once(file.read(&mut [0; 10])).is_ready(), "it is there");
                files.push(file);
            }
            assert_eq!(aside::spawn_blocking(|| 1).await.unwrap(), 1);
        });
    });
}
