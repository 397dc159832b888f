//! Conversions between [`File`], the file of std, and descriptors.

use std::fs;
use std::future::poll_fn;
use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
#[cfg(windows)]
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, RawHandle};
use std::sync::Arc;

use runtime_core::metadata::Metadata;

use super::file::File;
use crate::handle::Handle;
use crate::io::unblock::file_object::FileObject;

impl File {
    /// Converts a file of std. Its jobs run on the current runtime's pool.
    ///
    /// # Panics
    /// On a thread without a runtime.
    #[track_caller]
    pub fn from_std(file: fs::File) -> File {
        File::with_runtime(file, Handle::current(), Metadata::here().named("fs::File"))
    }

    /// Converts to a file of std, at the same position, after all accepted bytes were written.
    ///
    /// # Errors
    /// The error of an earlier write if no operation has returned it yet, or a failure to seek back
    /// over bytes that were read ahead, for example in a terminal. In both cases the file is
    /// closed.
    ///
    /// # Cancel safety
    /// Dropping the future drops the file.
    pub async fn into_std(mut self) -> io::Result<fs::File> {
        poll_fn(|cx| self.poll_in_place(cx)).await?;
        if self.stream.get_mut().has_unread() {
            let error = "bytes were read ahead, and there is no seeking back to them";
            return Err(io::Error::new(io::ErrorKind::NotSeekable, error));
        }
        self.file = None;
        let FileObject(file) = self.stream.into_inner().into_inner().await?;
        // A `read_at` may hold the file at this moment. In this case a clone is returned, which has
        // the same position.
        Arc::try_unwrap(file).or_else(|file| file.try_clone())
    }

    /// Converts to a file of std at once, if no job is needed for that: after a flush, after every
    /// operation of this type that was awaited, and after a read that has reached the end of the
    /// file. See also [`into_std`](File::into_std), which waits.
    ///
    /// # Errors
    /// Returns the file if accepted bytes are not written yet, an operation is under way, bytes
    /// were read ahead, no operation has returned the error of a failed write yet, or the file is
    /// closed.
    #[expect(clippy::result_large_err, reason = "the file is given back, as in tokio")]
    pub fn try_into_std(mut self) -> Result<fs::File, File> {
        // A `read_at` that is under way has the file, too. No other one can begin.
        let holders_at_rest = 2;
        let is_shared = |file: &Arc<fs::File>| Arc::strong_count(file) > holders_at_rest;
        if self.file.as_ref().is_none_or(is_shared) {
            return Err(self);
        }
        let Some(FileObject(file)) = self.stream.get_mut().take_at_rest() else {
            return Err(self);
        };
        self.file = None;
        Ok(Arc::into_inner(file).expect("the stream's file is the last one"))
    }

    #[cfg(any(unix, windows))]
    fn open_file(&self) -> &fs::File {
        self.file.as_deref().expect("the file was closed")
    }
}

/// Converts as [`File::from_std`] does.
///
/// # Panics
/// On a thread without a runtime.
impl From<fs::File> for File {
    #[track_caller]
    fn from(file: fs::File) -> File {
        File::from_std(file)
    }
}

/// Converts as [`File::from_std`] does.
///
/// # Panics
/// On a thread without a runtime.
#[cfg(unix)]
impl From<OwnedFd> for File {
    #[track_caller]
    fn from(descriptor: OwnedFd) -> File {
        File::from_std(fs::File::from(descriptor))
    }
}

/// Lends the descriptor for calls that do not use the position. The system's position is not that
/// of this file, because bytes are read ahead and written later: [flush](futures_io::AsyncWrite)
/// and [seek](futures_io::AsyncSeek) first where that matters.
///
/// # Panics
/// If the file was closed by [`close`](futures_io::AsyncWrite::poll_close).
#[cfg(unix)]
impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.open_file().as_fd()
    }
}

/// # Panics
/// The same as for [`AsFd`].
#[cfg(unix)]
impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.open_file().as_raw_fd()
    }
}

/// Lends the handle for calls that do not use the position.
///
/// # Panics
/// If the file was closed by [`close`](futures_io::AsyncWrite::poll_close).
#[cfg(windows)]
impl AsHandle for File {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.open_file().as_handle()
    }
}

/// # Panics
/// The same as for [`AsHandle`].
#[cfg(windows)]
impl AsRawHandle for File {
    fn as_raw_handle(&self) -> RawHandle {
        self.open_file().as_raw_handle()
    }
}
