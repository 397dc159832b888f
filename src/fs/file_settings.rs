//! The length, permissions and times of a file, and the sizes of its buffers.

use std::fs::{FileTimes, Permissions};
use std::io;
use std::time::SystemTime;

use super::file::{CHUNK, File};

impl File {
    /// Truncates the file to this length, or extends it with zeros. The position does not change.
    ///
    /// # Errors
    /// Those of [`std::fs::File::set_len`], and the error of an earlier write.
    ///
    /// # Cancel safety
    /// If the future is dropped, the call may or may not take effect.
    pub async fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.with_std(move |file| file.set_len(length)).await
    }

    /// Sets the permissions of the file.
    ///
    /// # Errors
    /// Those of [`std::fs::File::set_permissions`], and the error of an earlier write.
    ///
    /// # Cancel safety
    /// If the future is dropped, the call may or may not take effect.
    pub async fn set_permissions(&mut self, permissions: Permissions) -> io::Result<()> {
        self.after_writes(move |file| file.set_permissions(permissions)).await
    }

    /// Sets the times of the file. See [`std::fs::File::set_times`].
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use aside::fs::{File, FileTimes};
    ///
    /// let path = std::env::temp_dir().join(format!("aside-doc-times-{}", std::process::id()));
    /// aside::run(async {
    ///     let mut file = File::create(&path).await?;
    ///     let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    ///     file.set_times(FileTimes::new().set_modified(long_ago)).await?;
    ///     assert_eq!(file.metadata().await?.modified()?, long_ago);
    ///     aside::fs::remove_file(&path).await
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// Those of [`std::fs::File::set_times`], and the error of an earlier write.
    ///
    /// # Cancel safety
    /// If the future is dropped, the call may or may not take effect.
    pub async fn set_times(&mut self, times: FileTimes) -> io::Result<()> {
        self.after_writes(move |file| file.set_times(times)).await
    }

    /// Sets the time of the last modification. See [`std::fs::File::set_modified`].
    ///
    /// # Errors
    /// Those of [`set_times`](File::set_times).
    ///
    /// # Cancel safety
    /// If the future is dropped, the call may or may not take effect.
    pub async fn set_modified(&mut self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// Sets the maximum number of bytes that one job reads ahead, and that one write accepts. Zero
    /// counts as one.
    ///
    /// By default a job reads up to 512 KiB, and a write accepts up to 256 KiB. A file that is read
    /// from its beginning to its end has up to three such buffers. Jobs that have begun, and bytes
    /// that were read ahead, keep their size. For a file of direct I/O the number must be a
    /// multiple of the block size.
    pub fn set_max_buf_size(&mut self, bytes: usize) {
        self.stream().set_buffer_max(CHUNK, bytes.max(1));
    }

    /// Returns the maximum number of bytes that one job reads ahead.
    pub fn max_buf_size(&self) -> usize {
        self.stream.lock().buffer_max()
    }
}
