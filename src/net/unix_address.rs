//! The address of a Unix socket, made from a path or from an abstract name.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use socket2::SockAddr;

/// Returns the address for a path. A path that begins with a NUL byte is a name in Linux's abstract
/// space, which may contain further NUL bytes.
///
/// # Errors
/// If the path is too long, or contains a NUL byte elsewhere.
pub(super) fn unix_address(path: &Path) -> io::Result<SockAddr> {
    let bytes = path.as_os_str().as_bytes();
    // The system would ignore the NUL byte and all that follows it.
    if bytes.first().is_some_and(|first| *first != 0) && bytes.contains(&0) {
        let why = "the path of a Unix socket contains a NUL byte";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    SockAddr::unix(path)
}
