//! Reading and writing a file at a place that is said each time.

use std::io;
use std::os::unix::fs::FileExt;

use runtime_core::metadata::Metadata;

use super::file::File;
use super::job::{Effect, Job};

impl File {
    /// Reads `length` bytes from `offset` on; fewer only where the file ends. See
    /// [`FileExt::read_at`].
    ///
    /// It is a job of its own, and the place of the file stays, so many may read at a time.
    ///
    /// # Errors
    /// Those of the system, and as every [`Job`]. [`InvalidInput`](io::ErrorKind::InvalidInput) if
    /// something was accepted by a write and not flushed; and the error of a write that was not
    /// reported yet.
    ///
    /// # Cancel safety
    /// It only reads: see [`Job`].
    #[track_caller]
    pub fn read_at(&self, length: usize, offset: u64) -> Job<Vec<u8>> {
        let metadata = Metadata::here().named("fs::File::read_at");
        match self.beside_the_stream(Effect::Reads) {
            Err(error) => Job::known(Err(error)),
            Ok((file, runtime)) => Job::new(Effect::Reads, metadata, Some(runtime), move || {
                let mut bytes = vec![0; length];
                let mut filled = 0;
                while filled < length {
                    match file.read_at(&mut bytes[filled..], offset + filled as u64) {
                        Ok(0) => break,
                        Ok(count) => filled += count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                bytes.truncate(filled);
                Ok(bytes)
            }),
        }
    }

    /// Writes these bytes from `offset` on. See [`FileExt::write_all_at`].
    ///
    /// It is a job of its own, and the place of the file stays, so many may write at a time. Those
    /// that were not awaited before this one may be carried out after it.
    ///
    /// # Errors
    /// As [`read_at`](File::read_at), and [`InvalidInput`](io::ErrorKind::InvalidInput) also if
    /// bytes were read ahead and not read: seek first.
    ///
    /// # Cancel safety
    /// It changes something: see [`Job`].
    #[track_caller]
    pub fn write_all_at(&self, bytes: impl Into<Vec<u8>>, offset: u64) -> Job<()> {
        let metadata = Metadata::here().named("fs::File::write_all_at");
        match self.beside_the_stream(Effect::Changes) {
            Err(error) => Job::known(Err(error)),
            Ok((file, runtime)) => {
                let bytes = bytes.into();
                let write = move || file.write_all_at(&bytes, offset);
                Job::new(Effect::Changes, metadata, Some(runtime), write)
            }
        }
    }
}
