//! Builders of directories, times of files, sizes of buffers, and entries without traits.

use std::fs as std_fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use aside::fs::{self, DirBuilder, File, FileTimes};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use crate::fs::functions::Folder;
use crate::io::reading::pattern;
use crate::support::watchdog::watched;

#[test]
fn a_directory_is_created_with_parents_and_permissions() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            let deep = folder.at("one/two");
            let alone = DirBuilder::new();
            assert_eq!(alone.create(&deep).await.unwrap_err().kind(), ErrorKind::NotFound);
            let mut all = DirBuilder::new();
            all.recursive(true).mode(0o700);
            all.create(&deep).await.unwrap();
            all.create(&deep).await.unwrap();
            assert_eq!(alone.create(&deep).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
            for path in [folder.at("one"), deep] {
                let mode = fs::metadata(path).await.unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o700);
            }
        });
    });
}

#[test]
fn times_are_set_after_the_accepted_bytes_were_written() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let path = folder.at("file");
            let mut file = File::create(&path).await.unwrap();
            file.write_all(&pattern(500_000)).await.unwrap();
            let times = FileTimes::new().set_accessed(at(1)).set_modified(at(2));
            file.set_times(times).await.unwrap();
            let metadata = std_fs::metadata(&path).unwrap();
            assert_eq!(
                (metadata.accessed().unwrap(), metadata.modified().unwrap()),
                (at(1), at(2))
            );
            file.write_all(b"more").await.unwrap();
            file.set_modified(at(3)).await.unwrap();
            let metadata = std_fs::metadata(&path).unwrap();
            assert_eq!((metadata.modified().unwrap(), metadata.len()), (at(3), 500_004));
        });
    });
}

#[test]
fn the_buffers_have_at_most_the_size_that_was_set() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            let path = folder.at("file");
            let mut file = File::create(&path).await.unwrap();
            assert_eq!(file.max_buf_size(), 512 * 1024);
            assert_eq!(file.write(&[0; 1_000_000]).await.unwrap(), 256 * 1024);
            for size in [1, 1000, 3_000_000] {
                file.set_max_buf_size(size);
                assert_eq!(file.max_buf_size(), size);
                assert_eq!(file.write(&vec![0; 5_000_000]).await.unwrap(), size);
                file.flush().await.unwrap();
            }
            file.set_max_buf_size(0);
            assert_eq!(file.write(b"text").await.unwrap(), 1);
            file.close().await.unwrap();

            std_fs::write(&path, pattern(100_000)).unwrap();
            let mut file = File::open(&path).await.unwrap();
            file.set_max_buf_size(1000);
            for _ in 0..3 {
                assert_eq!(file.fill_buf().await.unwrap().len(), 1000);
                AsyncBufReadExt::consume(&mut file, 1000);
            }
            let mut rest = Vec::new();
            file.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, pattern(100_000)[3000..]);
        });
    });
}

#[test]
fn the_entries_of_a_directory_are_read_without_traits() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async {
            for number in 0..600 {
                std_fs::write(folder.at(&number.to_string()), "").unwrap();
            }
            let mut entries = fs::read_dir(folder.at("")).await.unwrap();
            let mut numbers = Vec::new();
            while let Some(entry) = entries.next_entry().await.unwrap() {
                assert_eq!(entry.ino(), entry.metadata().await.unwrap().ino());
                numbers.push(entry.file_name().into_string().unwrap().parse::<u32>().unwrap());
            }
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..600));
        });
    });
}
