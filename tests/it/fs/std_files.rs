//! Conversions between `File`, std's file and descriptors.

use std::fs as std_fs;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use aside::fs::{File, OpenOptions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::fs::functions::{Folder, busy};
use crate::io::reading::pattern;
use crate::support::watchdog::watched;

async fn open(folder: &Folder) -> File {
    let path = folder.at("file");
    std_fs::write(&path, pattern(300_000)).unwrap();
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(path).await.unwrap()
}

/// Leaves the file at rest, at a position that is returned.
async fn rest(file: &mut File, case: usize) -> Option<u64> {
    match case {
        0 => Some(0),
        1 => {
            file.write_all(&[1; 100]).await.unwrap();
            file.flush().await.unwrap();
            Some(100)
        }
        2 => Some(file.read_to_end(&mut Vec::new()).await.unwrap() as u64),
        3 => {
            file.read_exact(&mut [0; 10]).await.unwrap();
            Some(file.seek(SeekFrom::Current(7)).await.unwrap())
        }
        4 => {
            file.read_exact(&mut [0; 10]).await.unwrap();
            file.set_len(1000).await.unwrap();
            Some(10)
        }
        5 => {
            assert_eq!(file.read_at(5, 1).await.unwrap(), pattern(6)[1..]);
            Some(0)
        }
        _ => None,
    }
}

#[test]
fn a_file_at_rest_becomes_stds_at_once_and_at_its_position() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            for case in 0.. {
                let mut file = open(&folder).await;
                let Some(position) = rest(&mut file, case).await else { break };
                let mut std = file.try_into_std().unwrap();
                assert_eq!(std.stream_position().unwrap(), position, "case {case}");
                std.write_all(b"here").unwrap();
            }
        });
    });
}

#[test]
fn a_file_with_work_or_bytes_left_is_returned() {
    watched(|| {
        let folder = Folder::new();
        let runtime = aside::Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut file = open(&folder).await;
            // The write cannot begin while the only thread is busy.
            let busy = busy().await;
            file.write_all(b"text").await.unwrap();
            file = file.try_into_std().unwrap_err();
            busy.abort();
            file.flush().await.unwrap();

            file.read_exact(&mut [0; 4]).await.unwrap();
            // The bytes that were read ahead are still there.
            file = file.try_into_std().unwrap_err();
            let mut next = [0; 2];
            file.read_exact(&mut next).await.unwrap();
            assert_eq!(next, pattern(10)[8..]);

            assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
            let read_at = file.read_at(1, 0);
            file = file.try_into_std().unwrap_err();
            drop(read_at);
            let mut std = file.try_into_std().unwrap();
            std.read_exact(&mut next).unwrap();
            assert_eq!(next, *b"te");
        });
    });
}

#[test]
fn a_file_with_an_unreported_error_is_returned_until_an_operation_reports_it() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            drop(open(&folder).await);
            let mut file = File::open(folder.at("file")).await.unwrap();
            file.write_all(b"the file is open for reading").await.unwrap();
            for _ in 0..10 {
                // The write is pending, or has failed.
                file = file.try_into_std().unwrap_err();
                aside::spawn_blocking(|| ()).await.unwrap();
            }
            assert!(file.flush().await.is_err());
            assert!(file.try_into_std().is_ok());
        });
    });
}

#[test]
fn files_of_std_and_descriptors_are_adopted() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            drop(open(&folder).await);
            let std = std_fs::File::open(folder.at("file")).unwrap();
            let mut file = File::from(std);
            let mut bytes = [0; 3];
            file.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes, pattern(3)[..]);
            let mut file = File::from(OwnedFd::from(file.into_std().await.unwrap()));
            file.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes, pattern(6)[3..]);
        });
    });
}

#[test]
fn a_file_lends_its_descriptor_until_it_is_closed() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            let mut file = open(&folder).await;
            assert_eq!(file.as_fd().as_raw_fd(), file.as_raw_fd());
            let same = std_fs::File::from(file.as_fd().try_clone_to_owned().unwrap());
            assert_eq!(same.metadata().unwrap().len(), 300_000);
            file.write_all(b"text").await.unwrap();
            file.close().await.unwrap();
            catch_unwind(AssertUnwindSafe(|| file.as_raw_fd())).unwrap_err();
            assert_eq!(file.read_at(1, 0).await.unwrap_err().kind(), ErrorKind::NotConnected);
            file.try_into_std().unwrap_err();
        });
    });
}

#[test]
fn a_panicking_call_closes_the_file() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            let mut file = open(&folder).await;
            let panics = |_: &std_fs::File| -> std::io::Result<()> { panic!("on purpose") };
            file.with_std(panics).await.unwrap_err();
            catch_unwind(AssertUnwindSafe(|| file.as_raw_fd())).unwrap_err();
        });
    });
}
