//! Files that were opened for direct I/O.

use std::fs as std_fs;
use std::io::{ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};

use aside::fs::{File, OpenOptions};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::io::reading::pattern;
use crate::support::watchdog::watched;

/// A file in the build directory, which is on a disk. A file system in memory may accept any memory
/// for direct I/O.
struct OnDisk(PathBuf);

impl OnDisk {
    fn new(name: &str) -> OnDisk {
        OnDisk(
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id())),
        )
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        let _ = std_fs::remove_file(&self.0);
    }
}

async fn open(path: &Path) -> File {
    let flags = rustix::fs::OFlags::DIRECT.bits() as i32;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).custom_flags(flags).open(path).await.unwrap()
}

// P112
#[test]
fn a_file_opened_for_direct_io_is_written_and_read_in_whole_blocks() {
    watched(|| {
        let on_disk = OnDisk::new("aside-direct");
        let path = &on_disk.0;
        let content = pattern(3 << 20);
        aside::run(async {
            let mut file = open(path).await;
            file.write_all(&content).await.unwrap();
            file.sync_all().await.unwrap();
            assert!(std_fs::read(path).unwrap() == content);
            file.seek(SeekFrom::Start(8192)).await.unwrap();
            let mut read = Vec::new();
            file.read_to_end(&mut read).await.unwrap();
            assert!(read == content[8192..]);

            // The last block of the file is not whole.
            std_fs::write(path, &content[..100_000]).unwrap();
            let mut read = Vec::new();
            open(path).await.read_to_end(&mut read).await.unwrap();
            assert!(read == content[..100_000]);
        });
    });
}

// P112
#[test]
fn a_file_opened_for_direct_io_is_read_and_written_at_an_offset() {
    watched(|| {
        let on_disk = OnDisk::new("aside-direct-at");
        let path = &on_disk.0;
        std_fs::write(path, pattern(64 << 10)).unwrap();
        aside::run(async {
            let file = open(path).await;
            assert!(file.read_at(8192, 4096).await.unwrap() == pattern(64 << 10)[4096..][..8192]);
            file.write_all_at(vec![7; 4096], 8192).await.unwrap();
            assert_eq!(std_fs::read(path).unwrap()[8192..][..4096], [7; 4096]);
        });
    });
}

// P112: only the offset must be a multiple of the block size.
#[test]
fn a_file_opened_for_direct_io_is_read_in_any_length_at_an_offset() {
    watched(|| {
        let on_disk = OnDisk::new("aside-direct-length");
        let path = &on_disk.0;
        let content = pattern(10_000);
        std_fs::write(path, &content).unwrap();
        aside::run(async {
            let file = open(path).await;
            assert!(file.read_at(5000, 4096).await.unwrap() == content[4096..][..5000]);
            assert!(file.read_at(1, 0).await.unwrap() == content[..1]);
            // The file ends within a block.
            assert!(file.read_at(20_000, 4096).await.unwrap() == content[4096..]);
            assert!(file.read_at(16_384, 8192).await.unwrap() == content[8192..]);
        });
    });
}

// P112: a length that is no multiple of the block size is an error of the system, which stays.
#[test]
fn a_write_of_less_than_a_block_for_direct_io_is_an_error() {
    watched(|| {
        let on_disk = OnDisk::new("aside-direct-less");
        let path = &on_disk.0;
        aside::run(async {
            let mut file = open(path).await;
            file.write_all(b"some bytes").await.unwrap();
            for _ in 0..2 {
                let error = file.flush().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            }
            assert_eq!(std_fs::metadata(path).unwrap().len(), 0);
        });
    });
}
