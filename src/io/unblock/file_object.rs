//! [`FileObject`]: the object of a [`fs::File`](crate::fs::File), which also serves files that were
//! opened for direct I/O.
//!
//! With `O_DIRECT` the system transfers bytes between the disk and the memory of the caller.
//! Memory, length and offset must then be multiples of the block size of the device, or the call
//! fails with `EINVAL`. The offset and the length are the caller's, but the memory is a buffer of
//! this crate. A call that fails with this error and a suitable length is therefore repeated with
//! aligned memory, and the bytes are copied. A read at an offset moves no position, so it may read
//! more than its caller asked for, up to a whole block. Other files pay nothing.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

/// The alignment of the memory. No device has larger blocks that its file system exposes.
const ALIGNMENT: usize = 4096;
/// The smallest block size.
pub(crate) const BLOCK_MIN: usize = 512;

/// The file of a stream.
pub(crate) struct FileObject(pub(crate) Arc<fs::File>);

/// Returns `true` if the call may have failed because its memory is not aligned.
fn may_be_unaligned<R>(result: &io::Result<R>, length: usize) -> bool {
    length > 0 && length.is_multiple_of(BLOCK_MIN) && is_invalid_input(result)
}

fn is_invalid_input<R>(result: &io::Result<R>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput)
}

/// Calls `call` with aligned memory of this length.
fn with_aligned<R>(length: usize, call: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut space = vec![0; length + ALIGNMENT];
    let skipped = space.as_ptr().align_offset(ALIGNMENT);
    call(&mut space[skipped..][..length])
}

/// Reads with `read`, with aligned memory if that is required.
pub(crate) fn read_aligned(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let result = read(buffer);
    if !may_be_unaligned(&result, buffer.len()) {
        return result;
    }
    read_into_aligned(buffer, buffer.len(), read)
}

/// Reads at an offset with `read`. If the system refuses it, reads whole blocks into aligned memory
/// instead, and returns no more than fits into `buffer`.
#[cfg(unix)]
pub(crate) fn read_blocks(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let result = read(buffer);
    if buffer.is_empty() || !is_invalid_input(&result) {
        return result;
    }
    read_into_aligned(buffer, buffer.len().next_multiple_of(ALIGNMENT), read)
}

/// Reads up to `length` bytes into aligned memory, and copies as many as fit into `buffer`.
fn read_into_aligned(
    buffer: &mut [u8],
    length: usize,
    read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    with_aligned(length, |aligned| {
        let count = read(aligned)?.min(buffer.len());
        buffer[..count].copy_from_slice(&aligned[..count]);
        Ok(count)
    })
}

/// Writes with `write`, from aligned memory if that is required.
pub(crate) fn write_aligned<R>(
    bytes: &[u8],
    mut write: impl FnMut(&[u8]) -> io::Result<R>,
) -> io::Result<R> {
    let result = write(bytes);
    if !may_be_unaligned(&result, bytes.len()) {
        return result;
    }
    with_aligned(bytes.len(), |aligned| {
        aligned.copy_from_slice(bytes);
        write(aligned)
    })
}

impl Read for FileObject {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_aligned(buffer, |buffer| (&*self.0).read(buffer))
    }
}

impl Write for FileObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_aligned(bytes, |bytes| (&*self.0).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

impl Seek for FileObject {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self.0).seek(to)
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for FileObject {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}
