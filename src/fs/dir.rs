//! [`read_dir`]: the entries of a directory, read in batches.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, FileType};
use std::future::poll_fn;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use runtime_core::abort_on_drop::AbortOnDrop;
use runtime_core::budget;
use runtime_core::metadata::Metadata;

use super::operation::{self, Effect, Operation};
use crate::handle::Handle;

/// The maximum number of entries that one job reads.
const ENTRIES_MAX: usize = 256;

/// Returns the entries of a directory, as a stream. See [`std::fs::read_dir`].
///
/// Each job reads 256 entries, and the next job is submitted when half of these entries are taken.
/// A directory of any size thus takes little memory, and about one job for each 256 entries.
///
/// ```
/// use futures_lite::StreamExt;
///
/// aside::run(async {
///     let mut entries = aside::fs::read_dir("src").await?;
///     while let Some(entry) = entries.next().await {
///         let entry = entry?;
///         println!("{:?}: {:?}", entry.file_name(), entry.file_type().await?);
///     }
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// Those of [`std::fs::read_dir`], and those of every [`Operation`].
///
/// # Cancel safety
/// The same as for an [`Operation`] that reads.
#[track_caller]
pub fn read_dir<P: AsRef<Path>>(path: P) -> Operation<ReadDir, P> {
    let metadata = Metadata::here().named("fs::read_dir");
    let of_all = metadata.clone();
    Operation::of_path(Effect::Reads, metadata, path, move |path| {
        let batch = EntryBatch::read(fs::read_dir(path)?);
        // The job belongs to the runtime of the task that has polled the operation.
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        Ok(ReadDir::new(batch, runtime, of_all))
    })
}

/// The entries of a directory, as a stream of [`DirEntry`]. See [`read_dir`].
///
/// An error of the system takes the place of an entry. If a job is refused, or cancelled by a
/// shutdown, the error that reports this is the last item.
///
/// # Cancel safety
/// Safe: no entry is lost.
///
/// # Drop
/// Stops reading: a job that has not begun is cancelled, and a job that has begun reads to the end
/// of its batch.
pub struct ReadDir {
    entries: VecDeque<io::Result<DirEntry>>,
    rest: UnreadEntries,
    runtime: Handle,
    /// The name and the location of all jobs: those of the call of `read_dir`.
    metadata: Metadata,
}

/// The entries that were not read yet.
enum UnreadEntries {
    Here(fs::ReadDir),
    /// The directory is in the job that reads the next batch.
    InJob(AbortOnDrop<EntryBatch>),
    None,
}

/// The entries that one job has read, and the directory itself if it may have more.
struct EntryBatch {
    entries: VecDeque<io::Result<DirEntry>>,
    rest: Option<fs::ReadDir>,
}

impl EntryBatch {
    fn read(mut rest: fs::ReadDir) -> EntryBatch {
        let mut entries = VecDeque::new();
        while entries.len() < ENTRIES_MAX {
            match rest.next() {
                Some(entry) => entries.push_back(entry.map(DirEntry::new)),
                None => return EntryBatch { entries, rest: None },
            }
        }
        EntryBatch { entries, rest: Some(rest) }
    }
}

impl ReadDir {
    fn new(batch: EntryBatch, runtime: Handle, metadata: Metadata) -> ReadDir {
        let rest = batch.rest.map_or(UnreadEntries::None, UnreadEntries::Here);
        ReadDir { entries: batch.entries, rest, runtime, metadata }
    }

    /// Submits a job for the next batch, if there is room for it and no job is under way.
    fn read_ahead(&mut self) {
        if self.entries.len() > ENTRIES_MAX / 2 {
            return;
        }
        self.rest = match mem::replace(&mut self.rest, UnreadEntries::None) {
            UnreadEntries::Here(rest) => {
                let lane = self.runtime.pool().main_lane();
                let read = move || EntryBatch::read(rest);
                let job = self.runtime.submit(lane, self.metadata.clone(), (), read);
                UnreadEntries::InJob(job.abort_on_drop())
            }
            before @ (UnreadEntries::InJob(_) | UnreadEntries::None) => before,
        };
    }
}

impl ReadDir {
    /// Returns the next entry, or `None` at the end. The same as the stream's next item, for code
    /// that needs no traits.
    ///
    /// # Errors
    /// An error of the system in place of an entry, or the error of the job.
    ///
    /// # Cancel safety
    /// Safe: no entry is lost.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// Polls for the next entry. See [`next_entry`](ReadDir::next_entry).
    ///
    /// # Errors
    /// Those of [`next_entry`](ReadDir::next_entry).
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        Pin::new(self).poll_next(cx).map(Option::transpose)
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<DirEntry>>> {
        budget::poll_operation(cx, |cx| {
            loop {
                self.read_ahead();
                if let Some(entry) = self.entries.pop_front() {
                    return Poll::Ready(Some(entry));
                }
                let UnreadEntries::InJob(job) = &mut self.rest else { return Poll::Ready(None) };
                let read = ready!(Pin::new(job).poll(cx));
                self.rest = UnreadEntries::None;
                let batch = match read {
                    Ok(batch) => batch,
                    Err(error) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                };
                self.entries = batch.entries;
                self.rest = batch.rest.map_or(UnreadEntries::None, UnreadEntries::Here);
            }
        })
    }
}

impl Unpin for ReadDir {}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

/// An entry of a directory. See [`std::fs::DirEntry`].
#[derive(Clone, Debug)]
pub struct DirEntry {
    entry: Arc<fs::DirEntry>,
    /// The type of the file. Most file systems return it with the entry.
    file_type: Option<FileType>,
}

impl DirEntry {
    fn new(entry: fs::DirEntry) -> DirEntry {
        let file_type = entry.file_type().ok();
        DirEntry { entry: Arc::new(entry), file_type }
    }

    /// Returns the path of the entry: the path that was given to [`read_dir`], joined with the
    /// entry's name.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// Returns the name.
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// Returns the inode of the entry: see
    /// [`DirEntryExt`](std::os::unix::fs::DirEntryExt::ino).
    #[cfg(unix)]
    pub fn ino(&self) -> u64 {
        std::os::unix::fs::DirEntryExt::ino(&*self.entry)
    }

    /// Returns the metadata. Does not follow symbolic links.
    ///
    /// # Errors
    /// Those of [`std::fs::DirEntry::metadata`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// The same as for an [`Operation`] that reads.
    #[track_caller]
    pub fn metadata(&self) -> Operation<fs::Metadata> {
        let entry = Arc::clone(&self.entry);
        Operation::reads("fs::DirEntry::metadata", move || {
            operation::finish_closing(&entry.path());
            entry.metadata()
        })
    }

    /// Returns the file type. The type is usually known already, so that no job is needed.
    ///
    /// # Errors
    /// Those of [`std::fs::DirEntry::file_type`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// The same as for an [`Operation`] that reads.
    #[track_caller]
    pub fn file_type(&self) -> Operation<FileType> {
        if let Some(file_type) = self.file_type {
            return Operation::known(Ok(file_type));
        }
        let entry = Arc::clone(&self.entry);
        Operation::reads("fs::DirEntry::file_type", move || entry.file_type())
    }
}
