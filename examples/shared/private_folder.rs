//! A folder for temporary files that only this user can read.

use std::fs::DirBuilder;
use std::hash::{BuildHasher, RandomState};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// Creates a private folder whose name begins with `name`. Its creator removes it.
///
/// All users share the folder for temporary files. If the name were predictable, another user could
/// create it first, for example as a link to a file of this user. Creating a folder follows no
/// link, and fails if the name exists.
pub(crate) fn create(name: &str) -> io::Result<PathBuf> {
    let mut private = DirBuilder::new();
    #[cfg(unix)]
    private.mode(0o700);
    loop {
        // The keys of each `RandomState` are random.
        let name = format!("{name}-{:016x}", RandomState::new().hash_one(()));
        let folder = std::env::temp_dir().join(name);
        match private.create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
