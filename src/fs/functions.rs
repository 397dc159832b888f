//! The functions of `std::fs`, each as one job.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use super::operation::Operation;

/// Reads the entire content of a file. See [`std::fs::read`].
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
/// Those of [`std::fs::read`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that reads.
#[track_caller]
pub fn read<P: AsRef<Path>>(path: P) -> Operation<Vec<u8>, P> {
    let copy = path.as_ref().to_owned();
    Operation::reads("fs::read", move || fs::read(copy)).keeping(path)
}

/// Reads the entire content of a file, as text. See [`std::fs::read_to_string`].
///
/// # Errors
/// Those of [`std::fs::read_to_string`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that reads.
#[track_caller]
pub fn read_to_string<P: AsRef<Path>>(path: P) -> Operation<String, P> {
    let copy = path.as_ref().to_owned();
    Operation::reads("fs::read_to_string", move || fs::read_to_string(copy)).keeping(path)
}

/// Creates a file with this content, or replaces the content of a file. See [`std::fs::write`].
///
/// A `Vec` or `String` is moved into the job; a slice is copied.
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
/// Those of [`std::fs::write`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that changes files.
#[track_caller]
pub fn write<P: AsRef<Path>>(path: P, content: impl Into<Vec<u8>>) -> Operation<(), P> {
    let (copy, content) = (path.as_ref().to_owned(), content.into());
    Operation::changes("fs::write", move || fs::write(copy, content)).keeping(path)
}

/// Copies the content and the permissions of a file, and returns its length in bytes. See
/// [`std::fs::copy`].
///
/// # Errors
/// Those of [`std::fs::copy`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that changes files.
#[track_caller]
pub fn copy<P, Q>(from: P, to: Q) -> Operation<u64, (P, Q)>
where
    P: AsRef<Path>,
    Q: AsRef<Path>,
{
    let paths = (from.as_ref().to_owned(), to.as_ref().to_owned());
    Operation::changes("fs::copy", move || fs::copy(paths.0, paths.1)).keeping((from, to))
}

/// Renames a file. An existing file with the new name is replaced. See [`std::fs::rename`].
///
/// # Errors
/// Those of [`std::fs::rename`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that changes files.
#[track_caller]
pub fn rename<P, Q>(from: P, to: Q) -> Operation<(), (P, Q)>
where
    P: AsRef<Path>,
    Q: AsRef<Path>,
{
    let paths = (from.as_ref().to_owned(), to.as_ref().to_owned());
    Operation::changes("fs::rename", move || fs::rename(paths.0, paths.1)).keeping((from, to))
}

/// Creates a hard link. See [`std::fs::hard_link`].
///
/// # Errors
/// Those of [`std::fs::hard_link`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that changes files.
#[track_caller]
pub fn hard_link<P, Q>(original: P, link: Q) -> Operation<(), (P, Q)>
where
    P: AsRef<Path>,
    Q: AsRef<Path>,
{
    let paths = (original.as_ref().to_owned(), link.as_ref().to_owned());
    let call = move || fs::hard_link(paths.0, paths.1);
    Operation::changes("fs::hard_link", call).keeping((original, link))
}

/// Creates a symbolic link. See [`std::os::unix::fs::symlink`].
///
/// # Errors
/// Those of [`std::os::unix::fs::symlink`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that changes files.
#[cfg(unix)]
#[track_caller]
pub fn symlink<P, Q>(original: P, link: Q) -> Operation<(), (P, Q)>
where
    P: AsRef<Path>,
    Q: AsRef<Path>,
{
    let paths = (original.as_ref().to_owned(), link.as_ref().to_owned());
    let call = move || std::os::unix::fs::symlink(paths.0, paths.1);
    Operation::changes("fs::symlink", call).keeping((original, link))
}

/// Sets the permissions of a file. See [`std::fs::set_permissions`].
///
/// # Errors
/// Those of [`std::fs::set_permissions`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that changes files.
#[track_caller]
pub fn set_permissions<P: AsRef<Path>>(path: P, permissions: Permissions) -> Operation<(), P> {
    let copy = path.as_ref().to_owned();
    let call = move || fs::set_permissions(copy, permissions);
    Operation::changes("fs::set_permissions", call).keeping(path)
}

/// Defines functions that take one path.
macro_rules! of_one_path {
    ($($does:literal, $effect:ident, $safety:literal, $function:ident -> $output:ty;)*) => {
        $(
            #[doc = $does]
            #[doc = concat!("See [`std::fs::", stringify!($function), "`].")]
            ///
            /// # Errors
            #[doc = concat!("Those of [`std::fs::", stringify!($function), "`],")]
            /// and those of every [`Operation`].
            ///
            /// # Cancel safety
            #[doc = $safety]
            #[track_caller]
            pub fn $function<P: AsRef<Path>>(path: P) -> Operation<$output, P> {
                let copy = path.as_ref().to_owned();
                let name = concat!("fs::", stringify!($function));
                Operation::$effect(name, move || fs::$function(copy)).keeping(path)
            }
        )*
    };
}

of_one_path! {
    "Creates a directory.",
        changes, "The same as every [`Operation`] that changes files.", create_dir -> ();
    "Creates a directory, and its missing parents.",
        changes, "The same as every [`Operation`] that changes files.", create_dir_all -> ();
    "Removes an empty directory.",
        changes, "The same as every [`Operation`] that changes files.", remove_dir -> ();
    "Removes a directory and its contents.",
        changes, "The same as every [`Operation`] that changes files.", remove_dir_all -> ();
    "Removes a file.",
        changes, "The same as every [`Operation`] that changes files.", remove_file -> ();
    "Returns the metadata of a file. Follows symbolic links.",
        reads, "The same as every [`Operation`] that reads.", metadata -> Metadata;
    "Returns the metadata of a file. Does not follow symbolic links.",
        reads, "The same as every [`Operation`] that reads.", symlink_metadata -> Metadata;
    "Returns the absolute path without symbolic links.",
        reads, "The same as every [`Operation`] that reads.", canonicalize -> PathBuf;
    "Returns the target of a symbolic link.",
        reads, "The same as every [`Operation`] that reads.", read_link -> PathBuf;
}

/// Returns `true` if the path exists. See [`std::fs::exists`].
///
/// # Errors
/// An error of the system if it cannot determine whether the path exists, and those of every
/// [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that reads.
#[track_caller]
pub fn try_exists<P: AsRef<Path>>(path: P) -> Operation<bool, P> {
    let copy = path.as_ref().to_owned();
    let call = move || -> io::Result<bool> { copy.try_exists() };
    Operation::reads("fs::try_exists", call).keeping(path)
}
