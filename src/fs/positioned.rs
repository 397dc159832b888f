//! Reading and writing a file at a given offset.

use std::io;
use std::os::unix::fs::FileExt;

use runtime_core::metadata::Metadata;

use super::file::File;
use super::operation::{Effect, Operation};
use crate::io::unblock::file_object::{BLOCK_MIN, read_blocks, write_aligned};

impl File {
    /// Reads `length` bytes from `offset` on, and fewer only at the end of the file. See
    /// [`FileExt::read_at`].
    ///
    /// Each call is a job of its own and does not move the file's position, so many calls may run
    /// concurrently.
    ///
    /// # Errors
    /// - Those of the system, and those of every [`Operation`].
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput), if a write has accepted bytes that were not
    ///   flushed.
    /// - The error of an earlier write.
    ///
    /// # Cancel safety
    /// The same as for an [`Operation`] that reads.
    #[track_caller]
    pub fn read_at(&self, length: usize, offset: u64) -> Operation<Vec<u8>> {
        let metadata = Metadata::here().named("fs::File::read_at");
        match self.beside_the_stream(Effect::Reads) {
            Err(error) => Operation::known(Err(error)),
            Ok((file, runtime)) => {
                Operation::new(Effect::Reads, metadata, Some(runtime), move || {
                    let mut bytes = vec![0; length];
                    let mut filled = 0;
                    while filled < length {
                        let from = offset + filled as u64;
                        let read = |rest: &mut [u8]| file.read_at(rest, from);
                        match read_blocks(&mut bytes[filled..], read) {
                            Ok(0) => break,
                            Ok(count) => filled += count,
                            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                            // Direct I/O ends within a block only at the end of the file.
                            Err(error)
                                if error.kind() == io::ErrorKind::InvalidInput
                                    && !filled.is_multiple_of(BLOCK_MIN) =>
                            {
                                break;
                            }
                            Err(error) => return Err(error),
                        }
                    }
                    bytes.truncate(filled);
                    Ok(bytes)
                })
            }
        }
    }

    /// Writes all bytes from `offset` on. See [`FileExt::write_all_at`].
    ///
    /// Each call is a job of its own and does not move the file's position, so many calls may run
    /// concurrently. Operations that were not awaited before this call may be executed after it.
    ///
    /// # Errors
    /// Those of [`read_at`](File::read_at), and [`InvalidInput`](io::ErrorKind::InvalidInput) if
    /// bytes that were read ahead are still unread: seek first.
    ///
    /// # Cancel safety
    /// The same as for an [`Operation`] that changes files.
    #[track_caller]
    pub fn write_all_at(&self, bytes: impl Into<Vec<u8>>, offset: u64) -> Operation<()> {
        let metadata = Metadata::here().named("fs::File::write_all_at");
        match self.beside_the_stream(Effect::Changes) {
            Err(error) => Operation::known(Err(error)),
            Ok((file, runtime)) => {
                let bytes = bytes.into();
                let write = move || write_aligned(&bytes, |bytes| file.write_all_at(bytes, offset));
                Operation::new(Effect::Changes, metadata, Some(runtime), write)
            }
        }
    }
}
