//! A file that is open.

use std::fmt;
use std::fs::{self, Permissions};
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use futures_io::AsyncSeek;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;

use super::job::{Effect, Job};
use crate::handle::Handle;
#[cfg(unix)]
use crate::io::unblock::StreamFailure;
use crate::io::unblock::{JobSubmitter, Unblock};

/// The first chunk that is read ahead. They grow as long as they come back full.
const CHUNK: usize = 64 * 1024;

pub(super) type Stream = Unblock<Arc<fs::File>>;

/// A file that is open, as a stream of bytes in both directions with one place for both.
///
/// It is [`AsyncRead`](futures_io::AsyncRead), [`AsyncBufRead`](futures_io::AsyncBufRead),
/// [`AsyncWrite`](futures_io::AsyncWrite) and [`AsyncSeek`] of the `futures` traits.
/// Each of them does what the same call of [`std::fs::File`] would do: reading ahead and writing
/// behind are not seen from here. `read_at` and `write_all_at` have no place, and may be called
/// from many tasks at a time.
///
/// ```
/// use aside::fs::File;
/// use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
/// use std::io::SeekFrom;
///
/// let path = std::env::temp_dir().join(format!("aside-doc-file-{}", std::process::id()));
/// aside::run(async {
///     let mut file = File::options().read(true).write(true).create_new(true).open(&path).await?;
///     file.write_all(b"some text").await?;
///     file.seek(SeekFrom::Start(5)).await?;
///     let mut rest = String::new();
///     file.read_to_string(&mut rest).await?;
///     assert_eq!(rest, "text");
///     // What went wrong with writing is heard here at the latest.
///     file.close().await?;
///     aside::fs::remove_file(&path).await
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// Those of the system. An error of something written behind is reported once, by whatever is asked
/// of the file next; what was accepted after it is dropped with it. When the runtime is gone, the
/// error is of kind [`Other`](io::ErrorKind::Other), around a *refused*
/// [`JoinError`](crate::JoinError); what had been accepted is then still kept, and written when the
/// file is dropped.
///
/// # Cancel safety
/// Safe for reading, writing, flushing and closing: a read that is given up loses no byte, a write
/// that is given up has accepted none, a flush or close goes on and may be asked for again. A seek,
/// or one of the methods here, that is given up may happen or not, and happens before what is asked
/// next.
///
/// # Drop
/// What a write has accepted is written, and then the file is closed: by jobs on the pool that no
/// shutdown cancels, or, if the pool takes none, by the thread that drops the file. But an error of
/// that is heard by nobody: flush, [`sync_all`](File::sync_all) or close first.
pub struct File {
    /// *Shared by* nobody: the lock is never waited for. It lets `&File` be shared.
    stream: Mutex<Stream>,
    /// What the stream has, as long as it has it.
    file: Weak<fs::File>,
}

impl File {
    /// Opens a file to be read.
    ///
    /// # Errors
    /// As [`std::fs::File::open`], and as every [`Job`].
    ///
    /// # Cancel safety
    /// Safe: given up, the file is closed again.
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> Job<File> {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        open(options, path.as_ref(), Metadata::here().named("fs::File"))
    }

    /// Makes a file to be written, or empties the one that is there.
    ///
    /// # Errors
    /// As [`std::fs::File::create`], and as every [`Job`].
    ///
    /// # Cancel safety
    /// As [`OpenOptions::open`](super::OpenOptions::open).
    #[track_caller]
    pub fn create(path: impl AsRef<Path>) -> Job<File> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        open(options, path.as_ref(), Metadata::here().named("fs::File"))
    }

    /// Makes a file to be read and written, which must not be there.
    ///
    /// # Errors
    /// As [`std::fs::File::create_new`], and as every [`Job`].
    ///
    /// # Cancel safety
    /// As [`OpenOptions::open`](super::OpenOptions::open).
    #[track_caller]
    pub fn create_new(path: impl AsRef<Path>) -> Job<File> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        open(options, path.as_ref(), Metadata::here().named("fs::File"))
    }

    /// A file that was opened by std, by the pool of the current runtime.
    ///
    /// # Panics
    /// On a thread without a runtime.
    #[track_caller]
    pub fn from_std(file: fs::File) -> File {
        File::of(file, Handle::current(), Metadata::here().named("fs::File"))
    }

    pub(super) fn of(file: fs::File, runtime: Handle, metadata: Metadata) -> File {
        let file = Arc::new(file);
        let weak = Arc::downgrade(&file);
        let lane = runtime.fs().clone();
        let mut stream = Unblock::with_submitter(
            file,
            JobSubmitter::of(runtime, metadata).with_required_lane(lane),
        );
        stream.set_first_chunk(CHUNK);
        File { stream: Mutex::new(stream), file: weak }
    }

    /// The file for std, when all that was accepted is written, at the place of this one.
    ///
    /// # Errors
    /// The error of a write that was not reported yet; and if the place cannot be sought, as in a
    /// terminal, where bytes have been read ahead. Then the file is closed.
    ///
    /// # Cancel safety
    /// Given up, it drops the file.
    pub async fn into_std(mut self) -> io::Result<fs::File> {
        poll_fn(|cx| self.poll_in_place(cx)).await?;
        if self.stream.get_mut().has_unread() {
            let error = "bytes were read ahead, and there is no seeking back to them";
            return Err(io::Error::new(io::ErrorKind::NotSeekable, error));
        }
        let file = self.stream.into_inner().into_inner().await?;
        // One who reads at a place may have it for a moment; its copy has the same place.
        Arc::try_unwrap(file).or_else(|file| file.try_clone())
    }

    /// Another handle of the same file, when all that was accepted is written. As with std, the two
    /// have *one place* in common, and since each reads ahead for itself, only one of them should
    /// read or seek, or each do so by `read_at` alone.
    ///
    /// # Errors
    /// As [`std::fs::File::try_clone`], and the error of a write that was not reported yet.
    ///
    /// # Cancel safety
    /// Safe.
    #[track_caller]
    pub fn try_clone(&mut self) -> impl Future<Output = io::Result<File>> + Send + '_ {
        let metadata = Metadata::here().named("fs::File");
        async move {
            let file = self.with_std(fs::File::try_clone).await?;
            let runtime = runtime_of(self.stream.get_mut());
            Ok(File::of(file, runtime, metadata))
        }
    }

    /// Has all that was accepted written, and waits until it is on the disk, with what is known of
    /// the file. See [`std::fs::File::sync_all`].
    ///
    /// # Errors
    /// As std's, and the error of a write that was not reported yet.
    ///
    /// # Cancel safety
    /// Given up, it may happen or not.
    pub async fn sync_all(&mut self) -> io::Result<()> {
        self.after_writes(fs::File::sync_all).await
    }

    /// As [`sync_all`](File::sync_all), but for what is known of the file.
    ///
    /// # Errors
    /// As [`sync_all`](File::sync_all).
    ///
    /// # Cancel safety
    /// Given up, it may happen or not.
    pub async fn sync_data(&mut self) -> io::Result<()> {
        self.after_writes(fs::File::sync_data).await
    }

    /// Cuts the file off there, or fills it up to there with noughts. The place stays.
    ///
    /// # Errors
    /// As [`std::fs::File::set_len`], and the error of a write that was not reported yet.
    ///
    /// # Cancel safety
    /// Given up, it may happen or not.
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.with_std(move |file| file.set_len(length)).await
    }

    /// What is known of the file, when all that was accepted is written.
    ///
    /// # Errors
    /// As [`std::fs::File::metadata`], and the error of a write that was not reported yet.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn metadata(&mut self) -> io::Result<fs::Metadata> {
        self.after_writes(fs::File::metadata).await
    }

    /// Sets what may be done with the file.
    ///
    /// # Errors
    /// As [`std::fs::File::set_permissions`], and the error of a write that was not reported yet.
    ///
    /// # Cancel safety
    /// Given up, it may happen or not.
    pub async fn set_permissions(&mut self, permissions: Permissions) -> io::Result<()> {
        self.after_writes(move |file| file.set_permissions(permissions)).await
    }

    /// Runs `f` with the file of std on the pool, when all that was accepted is written, and at the
    /// place of this one: for what is not here, such as locks and times.
    ///
    /// # Errors
    /// Those of `f`, and the error of a write that was not reported yet. A panic of `f` is an error
    /// of kind [`Other`](io::ErrorKind::Other) around a [`JoinError`](crate::JoinError); then the
    /// file is closed.
    ///
    /// # Cancel safety
    /// Given up, `f` may be run or not.
    pub async fn with_std<F, T>(&mut self, f: F) -> io::Result<T>
    where
        F: FnOnce(&fs::File) -> io::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        poll_fn(|cx| self.poll_in_place(cx)).await?;
        self.after_writes(f).await
    }

    async fn after_writes<F, T>(&mut self, f: F) -> io::Result<T>
    where
        F: FnOnce(&fs::File) -> io::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let stream = self.stream.get_mut();
        poll_fn(|cx| stream.poll_written(cx)).await?;
        stream.with_mut(move |file| f(file)).await?
    }

    /// Brings the system's file to the place where this one is: back over what was read ahead.
    pub(super) fn poll_in_place(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.stream.get_mut();
        if !stream.is_ahead() {
            return Poll::Ready(Ok(()));
        }
        match ready!(Pin::new(&mut *stream).poll_seek(cx, SeekFrom::Current(0))) {
            Ok(_) => Poll::Ready(Ok(())),
            // A terminal, say. What was read ahead stays to be read.
            Err(error) if error.kind() == io::ErrorKind::NotSeekable => {
                stream.separate_positions();
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// What reads or writes past the stream needs: the file, and whose jobs it has.
    ///
    /// Nothing may be under way in the stream that the other should have seen.
    #[cfg(unix)]
    pub(super) fn beside_the_stream(&self, effect: Effect) -> io::Result<(Arc<fs::File>, Handle)> {
        let mut stream = self.stream.lock();
        if let Some(error) = stream.take_error() {
            return Err(error);
        }
        let is_read_ahead = effect == Effect::Changes && stream.is_ahead();
        let refused = match (stream.has_pending_writes(), is_read_ahead) {
            (true, _) => "something accepted may not be written yet: flush before",
            (false, true) => "bytes were read ahead: seek before writing",
            (false, false) => {
                let file = self.file.upgrade().ok_or(StreamFailure::Closed)?;
                return Ok((file, runtime_of(&stream)));
            }
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, refused))
    }

    /// A free way to the stream, since nobody else has this file now.
    pub(super) fn stream(&mut self) -> &mut Stream {
        self.stream.get_mut()
    }
}

/// The file's jobs bear the name and the place of its opening.
pub(super) fn open(options: fs::OpenOptions, path: &Path, metadata: Metadata) -> Job<File> {
    let path = path.to_owned();
    let of_file = metadata.clone();
    Job::new(Effect::Reads, metadata, None, move || {
        let file = options.open(path)?;
        // The job's, which is that of whoever awaits it.
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        Ok(File::of(file, runtime, of_file))
    })
}

fn runtime_of(stream: &Stream) -> Handle {
    stream.submitter().runtime().expect("a file belongs to a runtime").clone()
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("metadata", self.stream.lock().submitter().metadata()).finish()
    }
}
