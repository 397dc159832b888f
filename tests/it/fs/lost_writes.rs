//! `File`: accepted data is never lost, and write errors are reported as long as the file exists.

use std::fs as std_fs;
use std::future::pending;

use aside::Runtime;
use aside::blocking::Shutdown;
use aside::fs::File;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::fs::functions::{Folder, busy, join_error};
use crate::io::reading::{pattern, poll_once};
use crate::support::watchdog::watched;

// P62
#[test]
fn accepted_data_is_written_when_the_file_is_dropped_and_the_runtime_ends() {
    watched(|| {
        for size in [1, 1_000, 200_000, 3_000_000] {
            let folder = Folder::new();
            let (path, content) = (folder.at("file"), pattern(size));
            let given = content.clone();
            let to = path.clone();
            aside::run(async move {
                let mut file = File::create(to).await.unwrap();
                file.write_all(&given).await.unwrap();
            });
            assert!(std_fs::read(&path).unwrap() == content, "{size} bytes");
        }
    });
}

// P62: the data is written even if the shutdown waits for nothing else and cancels the task that
// owns the file.
#[test]
fn accepted_data_is_written_by_every_kind_of_shutdown() {
    watched(|| {
        for is_held in [true, false] {
            let folder = Folder::new();
            let path = folder.at("file");
            let runtime = Runtime::builder().threads_max(1).build();
            runtime.block_on(async {
                std_fs::write(&path, "begun: ").unwrap();
                let mut file = File::options().read(true).append(true).open(&path).await.unwrap();
                // This read is an ordinary job, which a shutdown may cancel. The jobs of the writes
                // below cannot be cancelled.
                assert_eq!(file.read(&mut [0; 7]).await.unwrap(), 7);
                busy().await.detach();
                file.write_all(b"first, ").await.unwrap();
                file.write_all(b"second").await.unwrap();
                assert_eq!(std_fs::read(&path).unwrap(), b"begun: ", "the only worker is busy");
                if is_held {
                    aside::spawn(async move {
                        pending::<()>().await;
                        drop(file);
                    })
                    .detach();
                }
            });
            let report = runtime.shutdown(Shutdown::Leave);
            assert!(report.jobs.cancelled.is_empty(), "{report}");
            // `Leave` does not wait: the worker writes the data when its job has ended.
            while std_fs::read(&path).unwrap() != b"begun: first, second" {
                std::thread::yield_now();
            }
        }
    });
}

// P62: the runtime is dropped inside async code, where the drop must not wait.
#[test]
fn accepted_data_is_written_although_the_runtime_is_dropped_on_a_loop() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let inner = Runtime::new();
        let mut file = inner.block_on(File::create(&path)).unwrap();
        aside::run(async {
            file.write_all(&pattern(500_000)).await.unwrap();
            drop((file, inner));
            while std_fs::metadata(&path).unwrap().len() < 500_000 {
                aside::yield_now().await;
            }
        });
        assert!(std_fs::read(&path).unwrap() == pattern(500_000));
    });
}

// P62: no job can run any more, so the drop of the file writes the data itself.
#[test]
fn data_accepted_after_the_end_of_the_runtime_is_written_by_the_drop_of_the_file() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let runtime = Runtime::new();
        let mut file = runtime.block_on(File::create(&path)).unwrap();
        drop(runtime);
        futures_lite::future::block_on(async {
            // The data is accepted before the file detects that no job can write it.
            file.write_all(b"too late").await.unwrap();
            let error = file.flush().await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
            let error = file.write_all(b", and not accepted").await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
        });
        assert!(std_fs::read(&path).unwrap().is_empty());
        drop(file);
        assert_eq!(std_fs::read(&path).unwrap(), b"too late");
    });
}

// P52, P62: no thread can be started to write the data.
#[test]
fn accepted_data_without_a_thread_is_written_by_the_drop_of_the_file() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let no_such_stack = 1 << 60;
        let runtime = Runtime::builder().stack_size(no_such_stack).build();
        runtime.block_on(async {
            let mut file = File::from_std(std_fs::File::create(&path).unwrap());
            file.write_all(b"not lost").await.unwrap();
            for _ in 0..3 {
                let error = file.flush().await.unwrap_err();
                assert!(join_error(&error).is_refused(), "{error}");
            }
            assert!(std_fs::read(&path).unwrap().is_empty());
            drop(file);
            assert_eq!(std_fs::read(&path).unwrap(), b"not lost");
        });
    });
}

#[test]
fn a_cancelled_write_that_waits_for_room_has_accepted_nothing() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("file");
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut file = File::create(&path).await.unwrap();
            let busy = busy().await;
            let block = pattern(100_000);
            let mut accepted = 0;
            while let std::task::Poll::Ready(count) = poll_once(file.write(&block)) {
                accepted += count.unwrap();
                assert!(accepted <= 2 << 20, "{accepted} bytes are accepted and not written");
            }
            busy.abort();
            busy.await.unwrap();
            assert_eq!(file.metadata().await.unwrap().len(), accepted as u64);
        });
    });
}

// ---- errors of delayed writes ----

/// A device that is always full.
#[cfg(target_os = "linux")]
async fn full() -> File {
    File::options().read(true).write(true).open("/dev/full").await.unwrap()
}

// P94
#[cfg(target_os = "linux")]
#[test]
fn the_error_of_a_failed_write_is_returned_by_every_later_operation() {
    use std::io::{self, ErrorKind, SeekFrom};

    watched(|| {
        fn assert_no_room<T: std::fmt::Debug>(result: io::Result<T>, of: &str) {
            let error = result.expect_err(of);
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{of}: {error}");
            assert_eq!(
                error.raw_os_error(),
                Some(rustix::io::Errno::NOSPC.raw_os_error()),
                "{of}: {error}"
            );
        }
        async fn written() -> File {
            let mut file = full().await;
            file.write_all(b"no room").await.expect("the write is accepted");
            file
        }
        macro_rules! fails {
            ($file:expr; $($call:ident($($argument:expr)?)),*) => {$(
                assert_no_room($file.$call($($argument)?).await, stringify!($call));
            )*};
        }
        /// Each operation of a file, once the write has failed.
        async fn assert_each_fails(file: &mut File) {
            let mode = std_fs::metadata("/dev/full").unwrap().permissions();
            fails![file; flush(), write(b"more"), read(&mut [0; 4]), seek(SeekFrom::Start(0)),
                sync_all(), sync_data(), set_len(0), metadata(), set_permissions(mode.clone()),
                try_clone(), with_std(|_| Ok(())), close()];
            assert_no_room(file.read_at(1, 0).await, "read_at");
            assert_no_room(file.write_all_at(*b"more", 0).await, "write_all_at");
        }
        aside::run(async {
            fails![written().await; flush(), read(&mut [0; 4]), seek(SeekFrom::Start(0)), close(),
                sync_all(), sync_data(), set_len(0), metadata(), try_clone(), into_std()];
            let mut file = written().await;
            for _ in 0..2 {
                assert_each_fails(&mut file).await;
            }
            // The way out for a file without a path.
            file.into_std().await.expect("the error has been reported");

            let mut file = written().await;
            while poll_once(file.flush()).is_pending() {
                aside::yield_now().await;
            }
            drop(file);
        });
    });
}

// P94
#[cfg(target_os = "linux")]
#[test]
fn a_write_behind_a_failed_write_is_refused() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut file = full().await;
            file.write_all(b"no room").await.unwrap();
            // This operation fails with an error of its own: the failure is not known yet.
            let error = file.read_at(1, 0).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
            // This job runs on the only worker, after the write.
            aside::spawn_blocking(|| ()).await.unwrap();
            for _ in 0..3 {
                let error = file.write(b"next").await.unwrap_err();
                assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "{error}");
            }
        });
        assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
    });
}
