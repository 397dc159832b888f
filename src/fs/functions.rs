//! The functions of `std::fs`, each as one job.

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};

use runtime_core::metadata::Metadata;

use super::operation::{Effect, Operation};

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
    Operation::of_path(Effect::Reads, Metadata::here().named("fs::read"), path, fs::read)
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
    Operation::of_path(
        Effect::Reads,
        Metadata::here().named("fs::read_to_string"),
        path,
        fs::read_to_string,
    )
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
    let (metadata, content) = (Metadata::here().named("fs::write"), content.into());
    Operation::of_path(Effect::Changes, metadata, path, move |path| fs::write(path, content))
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
    Operation::of_paths(Metadata::here().named("fs::copy"), (from, to), fs::copy)
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
    Operation::of_paths(Metadata::here().named("fs::rename"), (from, to), fs::rename)
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
    let metadata = Metadata::here().named("fs::hard_link");
    Operation::of_paths(metadata, (original, link), fs::hard_link)
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
    let metadata = Metadata::here().named("fs::symlink");
    Operation::of_paths(metadata, (original, link), std::os::unix::fs::symlink)
}

/// Defines the two functions of Windows for symbolic links.
#[cfg(windows)]
macro_rules! symlink_to {
    ($($target:literal, $function:ident;)*) => {
        $(
            #[doc = concat!("Creates a symbolic link to a ", $target, ". See")]
            #[doc = concat!("[`std::os::windows::fs::", stringify!($function), "`].")]
            ///
            /// # Errors
            #[doc = concat!("Those of [`std::os::windows::fs::", stringify!($function), "`],")]
            /// and those of every [`Operation`].
            ///
            /// # Cancel safety
            /// The same as for an [`Operation`] that changes files.
            #[track_caller]
            pub fn $function<P, Q>(original: P, link: Q) -> Operation<(), (P, Q)>
            where
                P: AsRef<Path>,
                Q: AsRef<Path>,
            {
                let metadata = Metadata::here().named(concat!("fs::", stringify!($function)));
                let paths = (original, link);
                Operation::of_paths(metadata, paths, std::os::windows::fs::$function)
            }
        )*
    };
}

#[cfg(windows)]
symlink_to! {
    "directory", symlink_dir;
    "file", symlink_file;
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
    let metadata = Metadata::here().named("fs::set_permissions");
    let call = move |path| fs::set_permissions(path, permissions);
    Operation::of_path(Effect::Changes, metadata, path, call)
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
                let name = concat!("fs::", stringify!($function));
                let metadata = Metadata::here().named(name);
                Operation::of_path(Effect::$effect, metadata, path, fs::$function)
            }
        )*
    };
}

of_one_path! {
    "Creates a directory.",
        Changes, "The same as every [`Operation`] that changes files.", create_dir -> ();
    "Creates a directory, and its missing parents.",
        Changes, "The same as every [`Operation`] that changes files.", create_dir_all -> ();
    "Removes an empty directory.",
        Changes, "The same as every [`Operation`] that changes files.", remove_dir -> ();
    "Removes a directory and its contents.",
        Changes, "The same as every [`Operation`] that changes files.", remove_dir_all -> ();
    "Removes a file.",
        Changes, "The same as every [`Operation`] that changes files.", remove_file -> ();
    "Returns the metadata of a file. Follows symbolic links.",
        Reads, "The same as every [`Operation`] that reads.", metadata -> fs::Metadata;
    "Returns the metadata of a file. Does not follow symbolic links.",
        Reads, "The same as every [`Operation`] that reads.", symlink_metadata -> fs::Metadata;
    "Returns the absolute path without symbolic links.",
        Reads, "The same as every [`Operation`] that reads.", canonicalize -> PathBuf;
    "Returns the target of a symbolic link.",
        Reads, "The same as every [`Operation`] that reads.", read_link -> PathBuf;
}

/// Returns `true` if the path exists. See [`std::fs::exists`].
///
/// # Errors
/// An error of the system if it cannot determine whether the path exists, and those of every
/// [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that reads.
#[doc(alias = "exists")]
#[track_caller]
pub fn try_exists<P: AsRef<Path>>(path: P) -> Operation<bool, P> {
    let metadata = Metadata::here().named("fs::try_exists");
    Operation::of_path(Effect::Reads, metadata, path, fs::exists)
}
