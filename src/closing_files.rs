//! [`ClosingFiles`]: the files that were dropped before their accepted bytes were written.
//!
//! A job writes the last bytes of such a file and then closes it. An operation of `fs` that begins
//! after the drop and names the same file must see those bytes, although its job may begin first.
//!
//! - C1. The drop of the file registers it, by device and inode, before the drop returns.
//! - C2. The job of an operation looks up each of its paths before its call. If a path names a
//!   registered file, the job *finishes* that file: it runs the pending writes itself if no worker
//!   has begun them, and otherwise waits for that worker.
//! - C3. A file that is closed is removed from the list by the next operation or drop.
//!
//! ```text
//!     task                    worker 1                      worker 2           file
//!     writes, drops the file  busy                                             registered (C1)
//!     renames it, reads it    busy
//!                                                           the rename's job:
//!                                                           writes, closes     closed (C2)
//!                                                           renames            renamed
//!                                                           the read's job     whole
//! ```
//!
//! A job waits only for writes that run, and never for a job that is queued. Only regular files are
//! registered: a pending write to a pipe may last until the pipe is read, possibly by the very
//! operation that would wait.
//!
//! An operation of a runtime without such files costs one lock that is not contended.

use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::{Arc, Weak};

use runtime_core::sync::Mutex;

/// The pending writes of a file that was dropped.
pub(crate) trait FinishWrites: Send + Sync {
    /// Runs the writes and closes the file, or waits until another thread has done so.
    ///
    /// # Blocking
    /// Blocks as long as the writes do.
    fn finish_writes(self: Arc<Self>);
}

/// *Shared by* all handles of a runtime. *Guarded by* its mutex, under which no user code runs.
pub(crate) struct ClosingFiles {
    files: Mutex<Vec<ClosingFile>>,
}

#[derive(Clone)]
struct ClosingFile {
    identity: FileIdentity,
    writes: Weak<dyn FinishWrites>,
}

/// A file, by whatever path. Two files are the same if their identities are equal; on systems whose
/// files have no number that std returns, every two files may be the same.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl FileIdentity {
    /// Returns `None` if the file is not a regular file.
    fn of(metadata: &Metadata) -> Option<FileIdentity> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;

        metadata.is_file().then(|| FileIdentity {
            #[cfg(unix)]
            device: metadata.dev(),
            #[cfg(unix)]
            inode: metadata.ino(),
        })
    }
}

impl ClosingFiles {
    pub(crate) fn new() -> ClosingFiles {
        ClosingFiles { files: Mutex::new(Vec::new()) }
    }

    /// Registers a file that has pending writes and is being dropped (C1).
    pub(crate) fn register(&self, metadata: &Metadata, writes: Weak<dyn FinishWrites>) {
        let Some(identity) = FileIdentity::of(metadata) else { return };
        let mut files = self.files.lock();
        files.retain(ClosingFile::is_open);
        files.push(ClosingFile { identity, writes });
    }

    /// Finishes the files that the path names (C2). Called by a job, before it uses the path.
    ///
    /// # Blocking
    /// Blocks as long as the pending writes of these files do.
    pub(crate) fn finish(&self, path: &Path) {
        let mut files = self.files.lock();
        files.retain(ClosingFile::is_open);
        if files.is_empty() {
            return;
        }
        let registered = files.clone();
        drop(files);
        let metadata = fs::metadata(path).ok();
        let Some(identity) = metadata.as_ref().and_then(FileIdentity::of) else { return };
        let same = registered.iter().filter(|file| file.identity == identity);
        for writes in same.filter_map(|file| file.writes.upgrade()) {
            writes.finish_writes();
        }
    }
}

impl ClosingFile {
    fn is_open(&self) -> bool {
        self.writes.strong_count() > 0
    }
}
