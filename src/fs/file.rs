//! [`File`]: an open file.

use std::fmt;
use std::fs;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncSeek;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;

use super::operation::{Effect, Operation};
use crate::handle::Handle;
#[cfg(unix)]
use crate::io::unblock::StreamFailure;
use crate::io::unblock::file_object::FileObject;
use crate::io::unblock::{JobSubmitter, Unblock};

/// The size of the first chunk that is read ahead. Chunks grow as long as they come back full.
pub(super) const CHUNK: usize = 64 * 1024;

pub(super) type FileStream = Unblock<FileObject>;

/// An open file: a stream of bytes that has one position for reading and writing.
///
/// It implements [`AsyncRead`](futures_io::AsyncRead), [`AsyncBufRead`](futures_io::AsyncBufRead),
/// [`AsyncWrite`](futures_io::AsyncWrite) and [`AsyncSeek`] of the `futures` traits. Each operation
/// has the effect of the corresponding method of [`std::fs::File`]; the caller does not notice that
/// bytes are read ahead and written later. `read_at` and `write_all_at` do not use the position,
/// and may be called from many tasks concurrently.
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
///     // An error of a write is returned here at the latest.
///     file.close().await?;
///     aside::fs::remove_file(&path).await
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// A file may be opened for *direct I/O* (`O_DIRECT`, by
/// [`custom_flags`](super::OpenOptions::custom_flags)). The buffers of its jobs are then aligned.
/// The lengths that are written must be multiples of the block size of the device, and so must the
/// positions and offsets at which a read or write begins; the system refuses all others
/// ([`InvalidInput`](io::ErrorKind::InvalidInput)).
///
/// # Errors
/// Those of the system. **The error of a pending write stays**: every later operation returns it,
/// with the same kind and code. Bytes that were accepted after that write are dropped, and nothing
/// is written behind it, because the file ends in a torn piece and its position is unknown. To
/// continue, open the file again. A file that has no path is returned by
/// [`into_std`](File::into_std), once another operation has returned the error.
///
/// If the runtime is gone, the error is of kind [`Other`](io::ErrorKind::Other) and contains a
/// *refused* [`JoinError`](crate::JoinError). The accepted bytes are then kept, and written when
/// the file is dropped.
///
/// A pipe or terminal in non-blocking mode is read and written as in blocking mode: the job waits
/// until the descriptor is ready.
///
/// # Cancel safety
/// Safe for reading, writing, flushing and closing. A read that is dropped loses no byte, and a
/// write that is dropped has accepted no byte. A flush or close that is dropped continues, and may
/// be started again. A dropped seek, or a dropped call of another method of this type, may or may
/// not take effect, but it never takes effect after a later operation.
///
/// # Drop
/// **If nothing is pending, the drop closes the file**, as that of std does: the file may then be
/// executed, and its lock is released. This is the case after a flush, after a read that has
/// reached the end of the file, and after every operation of this type that was awaited. Closing
/// may block on a few file systems; [`close`](futures_io::AsyncWrite::poll_close) closes on the
/// pool.
///
/// **If accepted bytes are not written yet, the file is closed later**, by the job that writes the
/// last of them, and before it does anything else. **Flush before the drop if anything but
/// `aside::fs` uses the file next**: another process, a child that executes it, or std. Operations
/// of `aside::fs` in the same runtime that begin after the drop and name the file by any path wait
/// for the close. So "write, drop, rename, read" gives the whole file. The same holds for a read of
/// the next chunk that is under way. A call of [`with_std`](File::with_std) or of another method
/// that is under way is not waited for, unless bytes were accepted after it: it may last without
/// limit, for example if it waits for a lock.
///
/// No shutdown cancels the jobs that write accepted bytes. If the pool refuses them, the thread
/// that drops the file does this work itself. Errors of this work are lost. To receive them, flush,
/// call [`sync_all`](File::sync_all) or close before the drop.
pub struct File {
    /// The stream's file, until the stream closes it. Dropped before the stream, so that the stream
    /// decides where the file is closed.
    pub(super) file: Option<Arc<fs::File>>,
    /// *Shared by* nothing: the lock is never contended. The lock only makes `File` `Sync`.
    pub(super) stream: Mutex<FileStream>,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// Those of [`std::fs::File::open`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// Safe: if the operation is dropped, the file is closed again.
    #[track_caller]
    pub fn open<P: AsRef<Path>>(path: P) -> Operation<File, P> {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        open(options, path, Metadata::here().named("fs::File"))
    }

    /// Creates a file for writing, or truncates it if it exists.
    ///
    /// # Errors
    /// Those of [`std::fs::File::create`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// The same as for [`OpenOptions::open`](super::OpenOptions::open).
    #[track_caller]
    pub fn create<P: AsRef<Path>>(path: P) -> Operation<File, P> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        open(options, path, Metadata::here().named("fs::File"))
    }

    /// Creates a file for reading and writing, and fails if it exists.
    ///
    /// # Errors
    /// Those of [`std::fs::File::create_new`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// The same as for [`OpenOptions::open`](super::OpenOptions::open).
    #[track_caller]
    pub fn create_new<P: AsRef<Path>>(path: P) -> Operation<File, P> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        open(options, path, Metadata::here().named("fs::File"))
    }

    pub(super) fn with_runtime(file: fs::File, runtime: Handle, metadata: Metadata) -> File {
        let file = Arc::new(file);
        let weak = Arc::downgrade(&file);
        let lane = runtime.fs().clone();
        let mut stream = Unblock::with_submitter(
            FileObject(Arc::clone(&file)),
            JobSubmitter::of(runtime, metadata).with_required_lane(lane, weak),
        );
        stream.set_first_chunk(CHUNK);
        File { file: Some(file), stream: Mutex::new(stream) }
    }

    /// Returns another handle of the same file, after all accepted bytes were written. As with std,
    /// the two handles share *one position*. Each handle reads ahead for itself, so only one of
    /// them should read or seek, or both should use `read_at` only.
    ///
    /// # Errors
    /// Those of [`std::fs::File::try_clone`], and the error of an earlier write.
    ///
    /// # Cancel safety
    /// Safe.
    #[track_caller]
    pub fn try_clone(&mut self) -> impl Future<Output = io::Result<File>> + Send + '_ {
        let metadata = Metadata::here().named("fs::File");
        async move {
            let file = self.with_std(fs::File::try_clone).await?;
            let runtime = runtime_of(self.stream.get_mut());
            Ok(File::with_runtime(file, runtime, metadata))
        }
    }

    /// Waits until all accepted bytes and the metadata are on the disk. See
    /// [`std::fs::File::sync_all`].
    ///
    /// # Errors
    /// Those of [`std::fs::File::sync_all`], and the error of an earlier write.
    ///
    /// # Cancel safety
    /// If the future is dropped, the call may or may not take effect.
    pub async fn sync_all(&mut self) -> io::Result<()> {
        self.after_writes(fs::File::sync_all).await
    }

    /// Like [`sync_all`](File::sync_all), but does not wait for all metadata. See
    /// [`std::fs::File::sync_data`].
    ///
    /// # Errors
    /// Those of [`sync_all`](File::sync_all).
    ///
    /// # Cancel safety
    /// If the future is dropped, the call may or may not take effect.
    pub async fn sync_data(&mut self) -> io::Result<()> {
        self.after_writes(fs::File::sync_data).await
    }

    /// Returns the metadata, after all accepted bytes were written.
    ///
    /// # Errors
    /// Those of [`std::fs::File::metadata`], and the error of an earlier write.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn metadata(&mut self) -> io::Result<fs::Metadata> {
        self.after_writes(fs::File::metadata).await
    }

    /// Runs `f` with the file of std on the pool, after all accepted bytes were written, and at the
    /// same position. Use it for locks and other methods that this type does not have.
    ///
    /// # Errors
    /// Those of `f`, and the error of an earlier write; `f` is then not called. A panic of `f` is
    /// an error of kind [`Other`](io::ErrorKind::Other) that contains a
    /// [`JoinError`](crate::JoinError). The file is then closed.
    ///
    /// # Cancel safety
    /// If the future is dropped, `f` may or may not run.
    pub async fn with_std<F, T>(&mut self, f: F) -> io::Result<T>
    where
        F: FnOnce(&fs::File) -> io::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        poll_fn(|cx| self.poll_in_place(cx)).await?;
        self.after_writes(f).await
    }

    pub(super) async fn after_writes<F, T>(&mut self, f: F) -> io::Result<T>
    where
        F: FnOnce(&fs::File) -> io::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let stream = self.stream.get_mut();
        poll_fn(|cx| stream.poll_written(cx)).await?;
        let called = stream.with_mut(move |file| f(&file.0)).await;
        if called.as_ref().is_err_and(has_panicked) {
            // The stream has lost its file.
            self.file = None;
        }
        called?
    }

    /// Moves the system's position back over the bytes that were read ahead, to the position of
    /// this file.
    pub(super) fn poll_in_place(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.stream.get_mut();
        if !stream.is_ahead() {
            return Poll::Ready(Ok(()));
        }
        match ready!(Pin::new(&mut *stream).poll_seek(cx, SeekFrom::Current(0))) {
            Ok(_) => Poll::Ready(Ok(())),
            // The file has no position: it is a terminal, for example. Bytes that were read ahead
            // are kept.
            Err(error) if error.kind() == io::ErrorKind::NotSeekable => {
                stream.separate_positions();
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Returns the file and its runtime, for an operation that does not go through the stream.
    ///
    /// Fails if the stream has pending commands that the operation would overtake.
    #[cfg(unix)]
    pub(super) fn beside_the_stream(&self, effect: Effect) -> io::Result<(Arc<fs::File>, Handle)> {
        let mut stream = self.stream.lock();
        stream.report_failure()?;
        let is_read_ahead = effect == Effect::Changes && stream.is_ahead();
        let refused = match (stream.has_pending_writes(), is_read_ahead) {
            (true, _) => "accepted bytes may not be written yet: flush first",
            (false, true) => "bytes were read ahead: seek before writing",
            (false, false) => {
                let file = self.file.clone().ok_or(StreamFailure::Closed)?;
                return Ok((file, runtime_of(&stream)));
            }
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, refused))
    }

    /// Borrows the stream without locking, because the file is borrowed exclusively.
    pub(super) fn stream(&mut self) -> &mut FileStream {
        self.stream.get_mut()
    }
}

/// Opens a file. All jobs of the file have the name and the location in `metadata`.
pub(super) fn open<P: AsRef<Path>>(
    options: fs::OpenOptions,
    path: P,
    metadata: Metadata,
) -> Operation<File, P> {
    let of_file = metadata.clone();
    Operation::of_path(Effect::Reads, metadata, path, move |path| {
        let file = options.open(path)?;
        // The job belongs to the runtime of the task that has polled the operation.
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        Ok(File::with_runtime(file, runtime, of_file))
    })
}

/// Returns whether the error is the panic of a job.
fn has_panicked(error: &io::Error) -> bool {
    let reason = error.get_ref().and_then(|reason| reason.downcast_ref::<JoinError>());
    reason.is_some_and(JoinError::is_panic)
}

fn runtime_of(stream: &FileStream) -> Handle {
    stream.submitter().runtime().expect("a file belongs to a runtime").clone()
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("metadata", self.stream.lock().submitter().metadata()).finish()
    }
}
