//! The memory of idle files.
//!
//! The counting allocator serves the whole process, so this test is a binary of its own.
#![cfg(feature = "fs")]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/allocations.rs"]
mod allocations;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::io::SeekFrom;
use std::path::Path;

use aside::Runtime;
use aside::fs::File;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::allocations::live;

const FILES: usize = 20;
const LENGTH: usize = 3 << 20;

/// The use of a file, after which the file is idle.
#[derive(Clone, Copy, Debug)]
enum Use {
    ReadToTheEnd,
    ReadAndSought,
    Written,
    WrittenAndFlushed,
}

async fn used(path: &Path, how: Use) -> File {
    let mut file = File::options().read(true).write(true).open(path).await.unwrap();
    match how {
        Use::ReadToTheEnd => {
            let mut piece = vec![0; 100_000];
            while file.read(&mut piece).await.unwrap() > 0 {}
        }
        Use::ReadAndSought => {
            file.read_exact(&mut vec![0; LENGTH / 2]).await.unwrap();
            file.seek(SeekFrom::Start(7)).await.unwrap();
        }
        Use::Written => file.write_all(&vec![7; LENGTH]).await.unwrap(),
        Use::WrittenAndFlushed => {
            file.write_all(&vec![7; LENGTH]).await.unwrap();
            file.flush().await.unwrap();
        }
    }
    file
}

// P111
#[test]
fn an_idle_file_has_no_buffers() {
    watchdog::watched(|| {
        let path = std::env::temp_dir().join(format!("aside-buffers-{}", std::process::id()));
        std::fs::write(&path, vec![7; LENGTH]).unwrap();
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            drop(used(&path, Use::Written).await);
            for how in [Use::ReadToTheEnd, Use::ReadAndSought, Use::Written, Use::WrittenAndFlushed]
            {
                let before = live();
                let mut files = Vec::new();
                for _ in 0..FILES {
                    files.push(used(&path, how).await);
                }
                // This job runs after all writes.
                aside::spawn_blocking(|| ()).await.unwrap();
                let each = live().saturating_sub(before) / FILES;
                assert!(each < 4096, "{how:?}: {each} bytes for each file");
            }
        });
        std::fs::remove_file(&path).unwrap();
    });
}
