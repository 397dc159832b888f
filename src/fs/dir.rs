//! What is in a directory, a batch at a time.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, FileType};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use runtime_core::join::AbortOnDrop;
use runtime_core::metadata::Metadata;

use super::job::Job;
use crate::handle::Handle;

/// How many entries a job reads; and how many, at most, are read ahead, with those that are left.
const BATCH: usize = 256;

/// What is in a directory, as a stream. See [`std::fs::read_dir`].
///
/// Each job reads 256 entries, and the next is sent for when half of them are taken. So a directory
/// of any size takes little memory, and about one job for each 256 of its entries.
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
/// As [`std::fs::read_dir`], and as every [`Job`].
///
/// # Cancel safety
/// It only reads: see [`Job`].
#[track_caller]
pub fn read_dir(path: impl AsRef<Path>) -> Job<ReadDir> {
    let path = path.as_ref().to_owned();
    let metadata = Metadata::here().named("fs::read_dir");
    let of_all = metadata.clone();
    Job::new(super::job::Effect::Reads, metadata, None, move || {
        let batch = Batch::read(fs::read_dir(path)?);
        // The job's, which is that of whoever awaits it.
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        Ok(ReadDir::new(batch, runtime, of_all))
    })
}

/// The entries of a directory, as a stream of [`DirEntry`]. See [`read_dir`].
///
/// An error of the system comes where the entry would have come. If a job is refused, or cancelled
/// by a shutdown, that is the last item.
///
/// # Cancel safety
/// Safe: no entry is lost.
///
/// # Drop
/// Ends the reading: a job that has not begun is taken back, and one that has reads no further than
/// its batch.
pub struct ReadDir {
    entries: VecDeque<io::Result<DirEntry>>,
    rest: Rest,
    runtime: Handle,
    /// Where `read_dir` was called. All its jobs bear it.
    metadata: Metadata,
}

/// What has not been read.
enum Rest {
    Here(fs::ReadDir),
    /// With the job that reads the next batch.
    Away(AbortOnDrop<Batch>),
    Nothing,
}

/// Some entries, and what is left if there may be more.
struct Batch {
    entries: VecDeque<io::Result<DirEntry>>,
    rest: Option<fs::ReadDir>,
}

impl Batch {
    fn read(mut rest: fs::ReadDir) -> Batch {
        let mut entries = VecDeque::new();
        while entries.len() < BATCH {
            match rest.next() {
                Some(entry) => entries.push_back(entry.map(DirEntry::new)),
                None => return Batch { entries, rest: None },
            }
        }
        Batch { entries, rest: Some(rest) }
    }
}

impl ReadDir {
    fn new(batch: Batch, runtime: Handle, metadata: Metadata) -> ReadDir {
        let rest = batch.rest.map_or(Rest::Nothing, Rest::Here);
        ReadDir { entries: batch.entries, rest, runtime, metadata }
    }

    /// Sends for the next batch, if there is room for it and nobody is on the way.
    fn read_ahead(&mut self) {
        if self.entries.len() > BATCH / 2 {
            return;
        }
        self.rest = match mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Here(rest) => {
                let lane = self.runtime.pool().main_lane();
                let read = move || Batch::read(rest);
                let job = self.runtime.submit(lane, self.metadata.clone(), (), read);
                Rest::Away(job.abort_on_drop())
            }
            before @ (Rest::Away(_) | Rest::Nothing) => before,
        };
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<DirEntry>>> {
        loop {
            self.read_ahead();
            if let Some(entry) = self.entries.pop_front() {
                return Poll::Ready(Some(entry));
            }
            let Rest::Away(job) = &mut self.rest else { return Poll::Ready(None) };
            let read = ready!(Pin::new(job).poll(cx));
            self.rest = Rest::Nothing;
            let batch = match read {
                Ok(batch) => batch,
                Err(error) => return Poll::Ready(Some(Err(io::Error::other(error)))),
            };
            self.entries = batch.entries;
            self.rest = batch.rest.map_or(Rest::Nothing, Rest::Here);
        }
    }
}

impl Unpin for ReadDir {}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

/// Something in a directory. See [`std::fs::DirEntry`].
#[derive(Clone, Debug)]
pub struct DirEntry {
    entry: Arc<fs::DirEntry>,
    /// If it was found out when the entry was read, as it mostly is.
    file_type: Option<FileType>,
}

impl DirEntry {
    fn new(entry: fs::DirEntry) -> DirEntry {
        let file_type = entry.file_type().ok();
        DirEntry { entry: Arc::new(entry), file_type }
    }

    /// The path of the directory, as it was given, and the name.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// The name alone.
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// What is known of it; of a link, and not of what it leads to.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::metadata`], and as every [`Job`].
    ///
    /// # Cancel safety
    /// It only reads: see [`Job`].
    #[track_caller]
    pub fn metadata(&self) -> Job<fs::Metadata> {
        let entry = Arc::clone(&self.entry);
        Job::reads("fs::DirEntry::metadata", move || entry.metadata())
    }

    /// Whether it is a file, a directory, a link. Mostly known already, so that no job is needed.
    ///
    /// # Errors
    /// As [`std::fs::DirEntry::file_type`], and as every [`Job`].
    ///
    /// # Cancel safety
    /// It only reads: see [`Job`].
    #[track_caller]
    pub fn file_type(&self) -> Job<FileType> {
        if let Some(file_type) = self.file_type {
            return Job::known(Ok(file_type));
        }
        let entry = Arc::clone(&self.entry);
        Job::reads("fs::DirEntry::file_type", move || entry.file_type())
    }
}
