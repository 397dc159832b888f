//! Path arguments that are passed by value live until the call has returned.

use std::fs as std_fs;
use std::io;
use std::path::{Path, PathBuf};

use aside::fs::{self, File, OpenOptions};

use crate::fs::functions::Folder;
use crate::io::reading::poll_once;
use crate::support::watchdog::watched;

/// A path whose file is removed when the path is dropped, as that of a `NamedTempFile`.
struct TempPath(PathBuf);

impl AsRef<Path> for TempPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = std_fs::remove_file(&self.0).or_else(|_| std_fs::remove_dir_all(&self.0));
    }
}

fn file(folder: &Folder) -> TempPath {
    let path = folder.at("temporary");
    std_fs::write(&path, "text").unwrap();
    TempPath(path)
}

fn directory(folder: &Folder) -> TempPath {
    let path = folder.at("temporary");
    std_fs::create_dir(&path).unwrap();
    TempPath(path)
}

#[cfg(unix)]
fn link(folder: &Folder) -> TempPath {
    let path = folder.at("temporary");
    std::os::unix::fs::symlink("target", &path).unwrap();
    TempPath(path)
}

/// Asserts that each operation succeeds, and has dropped its argument when it has ended.
macro_rules! succeeds {
    ($path:expr; $($call:expr),* $(,)?) => {$(
        let mut operation = $call;
        let result = (&mut operation).await;
        assert!(result.is_ok(), "{}: {:?}", stringify!($call), result.err());
        assert!($path.symlink_metadata().is_err(), "{}", stringify!($call));
        drop(operation);
    )*};
}

// P119
#[test]
fn a_path_argument_lives_until_the_call_has_returned() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("temporary");
        aside::run(async {
            let of = || file(&folder);
            let new = || TempPath(path.clone());
            let permissions = std_fs::metadata(of()).unwrap().permissions();
            succeeds![path;
                File::open(of()),
                File::create(of()),
                File::create_new(new()),
                OpenOptions::new().append(true).open(of()),
                fs::read(of()),
                fs::read_to_string(of()),
                fs::write(of(), "more"),
                fs::copy(of(), folder.at("copy")),
                fs::rename(of(), folder.at("renamed")),
                fs::hard_link(of(), folder.at("linked")),
                fs::hard_link(folder.at("copy"), new()),
                fs::set_permissions(of(), permissions),
                fs::remove_file(of()),
                fs::metadata(of()),
                fs::symlink_metadata(of()),
                fs::canonicalize(of()),
                fs::create_dir(new()),
                fs::create_dir_all(new()),
                fs::read_dir(directory(&folder)),
                fs::remove_dir(directory(&folder)),
                fs::remove_dir_all(directory(&folder)),
            ];
            assert!(fs::try_exists(of()).await.unwrap());
            for name in ["copy", "renamed", "linked"] {
                assert_eq!(std_fs::read(folder.at(name)).unwrap(), b"text", "{name}");
            }
            #[cfg(unix)]
            succeeds![path;
                fs::read_link(link(&folder)),
                fs::symlink("target", new()),
            ];
        });
    });
}

// P119: the second argument, too, which an operation that replaces a file must not remove early.
#[test]
fn the_target_of_a_copy_lives_until_the_copy_is_made() {
    watched(|| {
        let folder = Folder::new();
        let source = folder.at("source");
        std_fs::write(&source, "text").unwrap();
        aside::run(async {
            let target = file(&folder);
            let same = std_fs::File::open(&target).unwrap();
            assert_eq!(fs::copy(&source, target).await.unwrap(), 4);
            // The copy has gone into the file that existed, and no other file was created.
            assert!(!folder.at("temporary").exists());
            assert_eq!(io::read_to_string(same).unwrap(), "text");
        });
    });
}

// P119: a dropped operation drops its arguments, and no earlier.
#[test]
fn a_dropped_operation_drops_its_arguments() {
    watched(|| {
        let folder = Folder::new();
        let path = folder.at("temporary");
        aside::run(async {
            let never_polled = fs::read(file(&folder));
            assert!(path.exists());
            drop(never_polled);
            assert!(!path.exists());
            let mut polled = fs::read(file(&folder));
            let _ = poll_once(&mut polled);
            drop(polled);
            assert!(!path.exists());
        });
    });
}
