//! The functions of `aside::fs`, and directories. `file.rs` tests `File`.

use std::collections::BTreeSet;
use std::fs as std_fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use aside::blocking::{self, Shutdown};
use aside::fs::{self, Operation};
use aside::{JoinError, NoRuntimeError, Runtime};
use futures_lite::StreamExt;

use crate::io::reading::{pattern, poll_once};
use crate::support::watchdog::watched;

/// A directory that is removed with its contents when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let name = format!("aside-it-fs-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std_fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Creates a named pipe.
    #[cfg(unix)]
    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.at(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std_fs::remove_dir_all(&self.0);
    }
}

/// Returns the `JoinError` inside an I/O error.
#[track_caller]
pub(crate) fn join_error(error: &io::Error) -> &JoinError {
    assert_eq!(error.kind(), ErrorKind::Other, "{error}");
    error.get_ref().unwrap().downcast_ref::<JoinError>().unwrap()
}

// ---- what each function does ----

#[test]
fn a_file_is_written_read_copied_renamed_and_removed() {
    watched(|| {
        let folder = Folder::new();
        let (one, two, three) = (folder.at("one"), folder.at("two"), folder.at("three"));
        aside::run(async move {
            let content = pattern(300_000);
            fs::write(&one, content.clone()).await.unwrap();
            assert!(std_fs::read(&one).unwrap() == content);
            assert!(fs::read(&one).await.unwrap() == content);
            fs::write(&one, "text").await.unwrap();
            assert_eq!(fs::read_to_string(&one).await.unwrap(), "text");
            assert_eq!(fs::copy(&one, &two).await.unwrap(), 4);
            fs::rename(&two, &three).await.unwrap();
            assert!(!fs::try_exists(&two).await.unwrap());
            assert!(fs::try_exists(&three).await.unwrap());
            fs::hard_link(&three, &two).await.unwrap();
            assert_eq!(std_fs::read(&two).unwrap(), b"text");
            for path in [&one, &two, &three] {
                fs::remove_file(path).await.unwrap();
                assert!(!path.exists());
            }
        });
    });
}

#[test]
fn directories_are_created_and_removed() {
    watched(|| {
        let folder = Folder::new();
        aside::run(async move {
            fs::create_dir(folder.at("one")).await.unwrap();
            fs::create_dir_all(folder.at("one/two/three")).await.unwrap();
            assert!(folder.at("one/two/three").is_dir());
            fs::remove_dir(folder.at("one/two/three")).await.unwrap();
            assert!(!folder.at("one/two/three").exists());
            fs::write(folder.at("one/two/file"), "text").await.unwrap();
            fs::remove_dir_all(folder.at("one")).await.unwrap();
            assert!(!folder.at("one").exists());
        });
    });
}

#[cfg(unix)]
#[test]
fn metadata_of_files_and_links_is_that_of_std() {
    watched(|| {
        let folder = Folder::new();
        let (file, link) = (folder.at("file"), folder.at("link"));
        aside::run(async move {
            fs::write(&file, [7; 70]).await.unwrap();
            fs::symlink("file", &link).await.unwrap();
            assert_eq!(fs::read_link(&link).await.unwrap(), Path::new("file"));
            assert_eq!(fs::metadata(&link).await.unwrap().len(), 70);
            assert!(fs::symlink_metadata(&link).await.unwrap().is_symlink());
            let canonical = fs::canonicalize(&link).await.unwrap();
            assert_eq!(canonical, std_fs::canonicalize(&file).unwrap());

            let mut permissions = fs::metadata(&file).await.unwrap().permissions();
            permissions.set_readonly(true);
            fs::set_permissions(&file, permissions).await.unwrap();
            assert!(std_fs::metadata(&file).unwrap().permissions().readonly());
        });
    });
}

// ---- errors ----

#[test]
fn a_missing_path_is_not_found() {
    watched(|| {
        async fn assert_not_found<T: Send, P>(job: Operation<T, P>, what: &str) {
            let error = job.await.err().unwrap_or_else(|| panic!("{what} found something"));
            assert_eq!(error.kind(), ErrorKind::NotFound, "{what}: {error}");
        }
        let folder = Folder::new();
        let (none, other) = (folder.at("none"), folder.at("other"));
        aside::run(async move {
            assert_not_found(fs::read(&none), "read").await;
            assert_not_found(fs::read_to_string(&none), "read_to_string").await;
            assert_not_found(fs::write(none.join("file"), "text"), "write").await;
            assert_not_found(fs::copy(&none, &other), "copy").await;
            assert_not_found(fs::create_dir(none.join("folder")), "create_dir").await;
            assert_not_found(fs::remove_dir(&none), "remove_dir").await;
            assert_not_found(fs::remove_dir_all(&none), "remove_dir_all").await;
            assert_not_found(fs::remove_file(&none), "remove_file").await;
            assert_not_found(fs::rename(&none, &other), "rename").await;
            assert_not_found(fs::hard_link(&none, &other), "hard_link").await;
            assert_not_found(fs::metadata(&none), "metadata").await;
            assert_not_found(fs::symlink_metadata(&none), "symlink_metadata").await;
            assert_not_found(fs::canonicalize(&none), "canonicalize").await;
            assert_not_found(fs::read_link(&none), "read_link").await;
            assert_not_found(fs::read_dir(&none), "read_dir").await;
            assert_not_found(fs::File::open(&none), "File::open").await;
            let permissions = std_fs::metadata(&folder.0).unwrap().permissions();
            assert_not_found(fs::set_permissions(&none, permissions), "set_permissions").await;
            assert!(!fs::try_exists(&none).await.unwrap());
        });
    });
}

#[test]
fn other_system_errors_are_returned_unchanged() {
    watched(|| {
        let folder = Folder::new();
        let (file, full) = (folder.at("file"), folder.at("full"));
        aside::run(async move {
            fs::create_dir(&full).await.unwrap();
            fs::write(full.join("file"), "text").await.unwrap();
            fs::write(&file, [0xff, 0xfe]).await.unwrap();
            let kind = |error: io::Error| error.kind();
            let same = |ours: io::Error, theirs: io::Error| {
                assert_eq!(
                    (ours.kind(), ours.raw_os_error()),
                    (theirs.kind(), theirs.raw_os_error())
                );
            };
            same(fs::read(&full).await.unwrap_err(), std_fs::read(&full).unwrap_err());
            same(
                fs::remove_file(&full).await.unwrap_err(),
                std_fs::remove_file(&full).unwrap_err(),
            );
            same(fs::remove_dir(&full).await.unwrap_err(), std_fs::remove_dir(&full).unwrap_err());
            same(
                fs::read_dir(&file).await.map(drop).unwrap_err(),
                std_fs::read_dir(&file).map(drop).unwrap_err(),
            );
            assert_eq!(fs::create_dir(&full).await.map_err(kind), Err(ErrorKind::AlreadyExists));
            let text = fs::read_to_string(&file).await.map_err(kind);
            assert_eq!(text, Err(ErrorKind::InvalidData));
            let made = fs::File::create_new(&file).await.map(drop).map_err(kind);
            assert_eq!(made, Err(ErrorKind::AlreadyExists));
        });
    });
}

#[test]
fn without_a_runtime_there_is_an_error_that_says_so() {
    watched(|| {
        let error = futures_lite::future::block_on(fs::metadata("Cargo.toml")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(error.get_ref().unwrap().is::<NoRuntimeError>(), "{error}");
        let opened = futures_lite::future::block_on(fs::File::open("Cargo.toml"));
        assert!(opened.unwrap_err().get_ref().unwrap().is::<NoRuntimeError>());
    });
}

// P48
#[test]
fn an_operation_refused_by_the_pool_says_which_and_why() {
    watched(|| {
        let runtime = Runtime::new();
        runtime.block_on(async {
            assert!(aside::Handle::current().pool().shutdown(Shutdown::Leave).is_clean());
            let error = fs::read("Cargo.toml").await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
            assert!(
                error.to_string().starts_with("`fs::read` (spawned at tests/it/fs/functions.rs:")
            );
            let error = fs::write("/nowhere", "text").await.unwrap_err();
            assert!(join_error(&error).is_refused(), "{error}");
        });
    });
}

// ---- cancelled operations ----

/// Keeps the only worker busy with a job that runs until it is asked to stop.
pub(crate) async fn busy() -> aside::JoinHandle<()> {
    let (began, begins) = mpsc::channel();
    let busy = aside::spawn_blocking(move || {
        began.send(()).unwrap();
        while !blocking::is_cancelled() {
            std::thread::yield_now();
        }
    });
    while begins.try_recv().is_err() {
        aside::yield_now().await;
    }
    busy
}

#[test]
fn a_cancelled_read_moves_the_position_back() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let busy = busy().await;
            assert!(poll_once(fs::read("Cargo.toml")).is_pending());
            let pool = aside::Handle::current().pool().clone();
            assert_eq!(pool.stats().queued, 0, "it does not wait to be run");
            busy.abort();
            let _ = busy.await;
        });
    });
}

// P62
#[test]
fn a_polled_operation_completes_although_its_future_is_dropped() {
    watched(|| {
        for how in [Shutdown::Wait, Shutdown::Leave] {
            let folder = Folder::new();
            let (file, never) = (folder.at("file"), folder.at("never"));
            let runtime = Runtime::builder().threads_max(1).build();
            let busy = runtime.block_on(async {
                let busy = busy().await;
                assert!(poll_once(fs::write(&file, "not lost")).is_pending());
                drop(fs::write(&never, "never polled"));
                assert!(!file.exists(), "the only worker is busy");
                busy
            });
            busy.abort();
            let report = runtime.shutdown(how);
            assert!(report.jobs.cancelled.is_empty(), "{report}");
            // A shutdown that leaves reports the job and does not wait for it.
            while how == Shutdown::Leave && std_fs::read(&file).unwrap_or_default().is_empty() {
                std::thread::yield_now();
            }
            assert_eq!(std_fs::read(&file).unwrap(), b"not lost");
            assert!(!never.exists());
        }
    });
}

#[test]
fn a_shutdown_that_does_not_wait_cancels_a_waiting_read() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let (busy, mut read) = runtime.block_on(async {
            let busy = busy().await;
            let mut read = fs::read("Cargo.toml");
            assert!(poll_once(&mut read).is_pending());
            (busy, read)
        });
        let report = runtime.shutdown(Shutdown::Leave);
        let names: Vec<_> = report.jobs.cancelled.iter().map(|job| job.name().unwrap()).collect();
        assert_eq!(names, ["fs::read"]);
        let error = futures_lite::future::block_on(&mut read).unwrap_err();
        assert!(join_error(&error).is_cancelled(), "{error}");
        let _ = futures_lite::future::block_on(busy);
    });
}

#[cfg(unix)]
#[test]
fn a_shutdown_names_the_running_calls() {
    watched(|| {
        let folder = Folder::new();
        let pipe = folder.fifo("pipe");
        let runtime = Runtime::new();
        let mut read = fs::read(&pipe);
        runtime.block_on(async { assert!(poll_once(&mut read).is_pending()) });
        while runtime.handle().pool().stats().busy == 0 {
            std::thread::yield_now();
        }
        let report = runtime.shutdown(Shutdown::Leave).jobs;
        let running: Vec<_> = report.running.iter().map(|job| job.metadata.name()).collect();
        assert_eq!(running, [Some("fs::read")]);
        std_fs::write(&pipe, "at last").unwrap();
        assert_eq!(futures_lite::future::block_on(read).unwrap(), b"at last");
    });
}

// ---- directories ----

#[test]
fn a_directory_of_ten_thousand_entries_is_read_in_batches() {
    watched(|| {
        let folder = Folder::new();
        for number in 0..10_000 {
            std_fs::File::create(folder.at(&format!("{number}"))).unwrap();
        }
        std_fs::create_dir(folder.at("folder")).unwrap();
        let runtime = Runtime::new();
        runtime.block_on(async {
            let mut names = BTreeSet::new();
            let mut entries = fs::read_dir(&folder.0).await.unwrap();
            while let Some(entry) = entries.next().await {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                assert_eq!(entry.path(), folder.at(&name));
                assert_eq!(entry.file_type().await.unwrap().is_dir(), name == "folder");
                assert!(names.insert(name));
            }
            assert!(entries.next().await.is_none(), "the end stays the end");
            assert_eq!(names.len(), 10_001);
            assert!((0..10_000).all(|number| names.contains(&number.to_string())));
            let jobs = aside::Handle::current().pool().stats().completed;
            assert!(jobs <= 50, "{jobs} jobs for 10,001 entries");
        });
    });
}

#[test]
fn a_directory_dropped_early_is_read_no_further() {
    watched(|| {
        let folder = Folder::new();
        for number in 0..3_000 {
            std_fs::File::create(folder.at(&format!("{number}"))).unwrap();
        }
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut entries = fs::read_dir(&folder.0).await.unwrap();
            for _ in 0..200 {
                entries.next().await.unwrap().unwrap();
            }
            drop(entries);
            // This job runs on the only worker, so a batch of entries that was started before this
            // job is complete.
            aside::spawn_blocking(|| ()).await.unwrap();
            let stats = aside::Handle::current().pool().stats();
            assert_eq!(stats.queued, 0);
            assert!(stats.completed <= 3, "{} jobs", stats.completed);
        });
    });
}

#[test]
fn a_directory_entry_has_its_metadata() {
    watched(|| {
        let folder = Folder::new();
        std_fs::write(folder.at("file"), "text").unwrap();
        aside::run(async move {
            let mut entries = fs::read_dir(&folder.0).await.unwrap();
            let entry = entries.next().await.unwrap().unwrap();
            assert_eq!(entry.metadata().await.unwrap().len(), 4);
            std_fs::remove_file(folder.at("file")).unwrap();
            let error = entry.metadata().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(entry.file_type().await.unwrap().is_file(), "it was known");
        });
    });
}

#[test]
fn a_directory_whose_runtime_has_ended_yields_an_error_and_ends() {
    watched(|| {
        let folder = Folder::new();
        for number in 0..1_000 {
            std_fs::File::create(folder.at(&format!("{number}"))).unwrap();
        }
        let runtime = Runtime::new();
        let mut entries = runtime.block_on(fs::read_dir(&folder.0)).unwrap();
        assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
        futures_lite::future::block_on(async {
            let mut count = 0;
            let error = loop {
                match entries.next().await.unwrap() {
                    Ok(_) => count += 1,
                    Err(error) => break error,
                }
            };
            assert_eq!(count, 256, "one batch was there");
            assert!(join_error(&error).is_refused(), "{error}");
            assert!(entries.next().await.is_none());
        });
    });
}
