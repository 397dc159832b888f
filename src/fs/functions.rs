//! The functions of `std::fs`, each of them one job.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use super::job::Job;

/// The whole content of a file. See [`std::fs::read`].
///
/// ```
/// aside::run(async {
///     let manifest = aside::fs::read("Cargo.toml").await?;
///     assert!(manifest.starts_with(b"[workspace]"));
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// As [`std::fs::read`], and as every [`Job`].
///
/// # Cancel safety
/// It only reads: see [`Job`].
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Job<Vec<u8>> {
    let path = path.as_ref().to_owned();
    Job::reads("fs::read", move || fs::read(path))
}

/// The whole content of a file, as text. See [`std::fs::read_to_string`].
///
/// # Errors
/// As [`std::fs::read_to_string`], and as every [`Job`].
///
/// # Cancel safety
/// It only reads: see [`Job`].
#[track_caller]
pub fn read_to_string(path: impl AsRef<Path>) -> Job<String> {
    let path = path.as_ref().to_owned();
    Job::reads("fs::read_to_string", move || fs::read_to_string(path))
}

/// Makes a file of this content, or gives the file that is there this content. See
/// [`std::fs::write`].
///
/// The content is moved to the job if it is a `Vec` or a `String`, and copied if it is a slice.
///
/// ```
/// let path = std::env::temp_dir().join(format!("aside-doc-write-{}", std::process::id()));
/// aside::run(async {
///     aside::fs::write(&path, "some text").await?;
///     assert_eq!(aside::fs::read_to_string(&path).await?, "some text");
///     aside::fs::remove_file(&path).await
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// As [`std::fs::write`], and as every [`Job`].
///
/// # Cancel safety
/// It changes something: see [`Job`].
#[track_caller]
pub fn write(path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Job<()> {
    let (path, content) = (path.as_ref().to_owned(), content.into());
    Job::changes("fs::write", move || fs::write(path, content))
}

/// Copies the content and the permissions of a file, and says how many bytes it has. See
/// [`std::fs::copy`].
///
/// # Errors
/// As [`std::fs::copy`], and as every [`Job`].
///
/// # Cancel safety
/// It changes something: see [`Job`].
#[track_caller]
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Job<u64> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    Job::changes("fs::copy", move || fs::copy(from, to))
}

/// Gives a file another name, in place of what had it. See [`std::fs::rename`].
///
/// # Errors
/// As [`std::fs::rename`], and as every [`Job`].
///
/// # Cancel safety
/// It changes something: see [`Job`].
#[track_caller]
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Job<()> {
    let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
    Job::changes("fs::rename", move || fs::rename(from, to))
}

/// Gives a file one more name. See [`std::fs::hard_link`].
///
/// # Errors
/// As [`std::fs::hard_link`], and as every [`Job`].
///
/// # Cancel safety
/// It changes something: see [`Job`].
#[track_caller]
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Job<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    Job::changes("fs::hard_link", move || fs::hard_link(original, link))
}

/// Makes a symbolic link. See [`std::os::unix::fs::symlink`].
///
/// # Errors
/// As [`std::os::unix::fs::symlink`], and as every [`Job`].
///
/// # Cancel safety
/// It changes something: see [`Job`].
#[cfg(unix)]
#[track_caller]
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Job<()> {
    let (original, link) = (original.as_ref().to_owned(), link.as_ref().to_owned());
    Job::changes("fs::symlink", move || std::os::unix::fs::symlink(original, link))
}

/// Sets what may be done with a file. See [`std::fs::set_permissions`].
///
/// # Errors
/// As [`std::fs::set_permissions`], and as every [`Job`].
///
/// # Cancel safety
/// It changes something: see [`Job`].
#[track_caller]
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> Job<()> {
    let path = path.as_ref().to_owned();
    Job::changes("fs::set_permissions", move || fs::set_permissions(path, permissions))
}

/// Functions of one path.
macro_rules! of_one_path {
    ($($does:literal, $effect:ident, $safety:literal, $function:ident -> $output:ty;)*) => {
        $(
            #[doc = $does]
            #[doc = concat!("See [`std::fs::", stringify!($function), "`].")]
            ///
            /// # Errors
            #[doc = concat!("As [`std::fs::", stringify!($function), "`], and as every [`Job`].")]
            ///
            /// # Cancel safety
            #[doc = $safety]
            #[track_caller]
            pub fn $function(path: impl AsRef<Path>) -> Job<$output> {
                let path = path.as_ref().to_owned();
                Job::$effect(concat!("fs::", stringify!($function)), move || fs::$function(path))
            }
        )*
    };
}

of_one_path! {
    "Makes a directory.",
        changes, "It changes something: see [`Job`].", create_dir -> ();
    "Makes a directory, and those above it that there are not.",
        changes, "It changes something: see [`Job`].", create_dir_all -> ();
    "Removes a directory that is empty.",
        changes, "It changes something: see [`Job`].", remove_dir -> ();
    "Removes a directory and all that is in it.",
        changes, "It changes something: see [`Job`].", remove_dir_all -> ();
    "Removes a file.",
        changes, "It changes something: see [`Job`].", remove_file -> ();
    "What is known of a file, or of what a link leads to.",
        reads, "It only reads: see [`Job`].", metadata -> Metadata;
    "What is known of a file, or of a link itself.",
        reads, "It only reads: see [`Job`].", symlink_metadata -> Metadata;
    "The one path without links that leads there.",
        reads, "It only reads: see [`Job`].", canonicalize -> PathBuf;
    "Where a link leads.",
        reads, "It only reads: see [`Job`].", read_link -> PathBuf;
}

/// Whether there is something at this path. See [`std::fs::exists`].
///
/// # Errors
/// If that cannot be said; and as every [`Job`].
///
/// # Cancel safety
/// It only reads: see [`Job`].
#[track_caller]
pub fn try_exists(path: impl AsRef<Path>) -> Job<bool> {
    let path = path.as_ref().to_owned();
    Job::reads("fs::try_exists", move || -> io::Result<bool> { path.try_exists() })
}
