//! The credentials of the process at the other end of a Unix stream.

use std::io;

use nix::sys::socket::{getsockopt, sockopt};

use super::unix_stream::UnixStream;

/// The credentials of a process when it connected its socket, or made the pair of sockets. For a
/// stream that a listener accepted, those of the client; for one that was connected, those of the
/// listener. Returned by [`UnixStream::peer_cred`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    pid: i32,
    uid: u32,
    gid: u32,
}

impl UCred {
    /// Returns the process, or `None` if it has no number in the PID namespace of this process.
    pub fn pid(&self) -> Option<i32> {
        (self.pid != 0).then_some(self.pid)
    }

    /// Returns the effective user.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Returns the effective group.
    pub fn gid(&self) -> u32 {
        self.gid
    }
}

impl UnixStream {
    /// Returns the credentials of the peer (`SO_PEERCRED`). On Linux and Android, with the feature
    /// `peer-cred`.
    ///
    /// ```
    /// use std::os::unix::fs::MetadataExt;
    /// use aside::net::UnixStream;
    ///
    /// aside::run(async {
    ///     let (near, _far) = UnixStream::pair()?;
    ///     let peer = near.peer_cred()?;
    ///     assert_eq!(peer.pid(), i32::try_from(std::process::id()).ok());
    ///     let own = std::fs::metadata("/proc/self")?;
    ///     assert_eq!((peer.uid(), peer.gid()), (own.uid(), own.gid()));
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the operating system.
    #[doc(alias("SO_PEERCRED", "getpeereid"))]
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let peer = getsockopt(self, sockopt::PeerCredentials)?;
        Ok(UCred { pid: peer.pid(), uid: peer.uid(), gid: peer.gid() })
    }
}
