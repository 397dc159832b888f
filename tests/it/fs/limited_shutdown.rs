//! A limit of a shutdown holds although an operation on a file hangs.

use std::fs as std_fs;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use aside::Runtime;
use aside::blocking::Shutdown;
use aside::fs::{self, File};
use futures_lite::AsyncWriteExt;

use crate::fs::functions::Folder;
use crate::io::reading::poll_once;
use crate::support::watchdog::watched;

const LIMITS: [Shutdown; 3] = [
    Shutdown::Leave,
    Shutdown::WaitAtMost(Duration::ZERO),
    Shutdown::WaitAtMost(Duration::from_millis(1)),
];

/// Checks that a shutdown cancels nothing, and returns the number of jobs that it reports. Of a
/// stream, one job may run and its replacement wait.
#[track_caller]
fn reported(runtime: Runtime, how: Shutdown) -> usize {
    let report = runtime.shutdown(how).jobs;
    assert!(report.cancelled.is_empty(), "{report}");
    report.running.len() + report.waiting.len()
}

/// Reads what the hanging job writes to the named pipe, until the job closes it.
fn read(pipe: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    std_fs::File::open(pipe).unwrap().read_to_end(&mut content).unwrap();
    content
}

// P96: opening a named pipe blocks until it has a reader, as a dead network file system blocks.
#[test]
fn a_write_or_a_copy_that_hangs_does_not_lengthen_a_shutdown() {
    watched(|| {
        for how in LIMITS {
            let folder = Folder::new();
            let (pipe, source) = (folder.fifo("pipe"), folder.at("source"));
            std_fs::write(&source, "content").unwrap();
            let runtime = Runtime::new();
            runtime
                .block_on(async { assert!(poll_once(fs::write(&pipe, "content")).is_pending()) });
            assert_ne!(reported(runtime, how), 0);
            assert_eq!(read(&pipe), b"content");
            let runtime = Runtime::new();
            runtime.block_on(async { assert!(poll_once(fs::copy(&source, &pipe)).is_pending()) });
            assert_ne!(reported(runtime, how), 0);
            assert_eq!(read(&pipe), b"content");
        }
    });
}

// P96: a write that was accepted, of a file that has been dropped or is still held.
#[test]
fn a_pending_write_that_hangs_does_not_lengthen_a_shutdown() {
    watched(|| {
        for (how, is_held) in LIMITS.into_iter().flat_map(|how| [(how, false), (how, true)]) {
            let folder = Folder::new();
            let pipe = folder.fifo("pipe");
            // With this descriptor the pipe has a reader that does not read.
            let mut reader = std_fs::File::options().read(true).write(true).open(&pipe).unwrap();
            let runtime = Runtime::new();
            let held = runtime.block_on(async {
                let mut file = File::options().write(true).open(&pipe).await.unwrap();
                file.write_all(&[7; 200_000]).await.unwrap();
                is_held.then_some(file)
            });
            assert_ne!(reported(runtime, how), 0);
            // More fits into no pipe, so the rest was written after the shutdown.
            reader.read_exact(&mut [0; 200_000]).unwrap();
            drop(held);
        }
    });
}

// P96
#[test]
fn a_closure_on_a_file_that_hangs_does_not_lengthen_a_shutdown() {
    watched(|| {
        for how in LIMITS {
            let (open, gate) = channel::<()>();
            let runtime = Runtime::new();
            runtime.block_on(async {
                let mut null = File::open("/dev/null").await.unwrap();
                let hangs = null.with_std(move |_| {
                    let _ = gate.recv();
                    Ok(())
                });
                assert!(poll_once(hangs).is_pending());
            });
            assert_ne!(reported(runtime, how), 0);
            drop(open);
        }
    });
}

// P96: inside async code, a drop leaves at once.
#[test]
fn a_runtime_whose_file_operation_hangs_can_be_dropped_inside_async_code() {
    watched(|| {
        let folder = Folder::new();
        let pipe = folder.fifo("pipe");
        aside::run(async {
            let inner = Runtime::new();
            inner.block_on(async { assert!(poll_once(fs::write(&pipe, "content")).is_pending()) });
            drop(inner);
            assert_eq!(read(&pipe), b"content");
        });
    });
}
