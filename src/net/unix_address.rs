//! The address of a Unix socket, made from a path, from an abstract name, or from an address of
//! std.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
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

/// Converts an address of std, with a path, an abstract name, or no name.
pub(super) fn address_of_std(address: &SocketAddr) -> io::Result<SockAddr> {
    match (address.as_pathname(), abstract_name(address)) {
        (Some(path), _) => SockAddr::unix(path),
        (None, Some(name)) => {
            let path = [b"\0", name].concat();
            SockAddr::unix(std::ffi::OsStr::from_bytes(&path))
        }
        (None, None) => SockAddr::unix(""),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_name(address: &SocketAddr) -> Option<&[u8]> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;

    address.as_abstract_name()
}

/// Other systems have no abstract names.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn abstract_name(_address: &SocketAddr) -> Option<&[u8]> {
    None
}
