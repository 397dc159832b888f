//! That something has happened to a name in a directory.
//!
//! On Linux the system tells, by a descriptor: `inotify`. It becomes readable, so the loop waits
//! for it as for a socket, and nobody else does. Elsewhere a tick says that it is time to look.

#[cfg(target_os = "linux")]
pub(crate) use inotify::Watch;
#[cfg(not(target_os = "linux"))]
pub(crate) use tick::Watch;

#[cfg(target_os = "linux")]
mod inotify {
    use std::ffi::{OsStr, OsString};
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use aside::net::AsyncFd;
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
    use rustix::io::Errno;

    pub(crate) struct Watch {
        events: AsyncFd<OwnedFd>,
        name: OsString,
    }

    impl Watch {
        /// Watches the directory, because the file may go and another come.
        pub(crate) fn over(path: &Path) -> io::Result<Watch> {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            let changes = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVE;
            inotify::add_watch(&events, folder.unwrap_or(Path::new(".")), changes)?;
            Ok(Watch { events: AsyncFd::new(events)?, name })
        }

        /// Waits for something that has happened since the last call, or since the beginning.
        pub(crate) async fn change(&mut self) -> io::Result<()> {
            let name = &self.name;
            while !self.events.read_with(|events| is_told_of(events, name)).await? {}
            Ok(())
        }
    }

    /// Takes all that was told; it would block if that is nothing. Says whether the name was in it.
    fn is_told_of(events: &OwnedFd, name: &OsStr) -> io::Result<bool> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(events, &mut buffer);
        let (mut told, mut is_ours) = (false, false);
        loop {
            match reader.next() {
                Ok(event) => {
                    told = true;
                    let of = event.file_name().map(|of| OsStr::from_bytes(of.to_bytes()));
                    // After an overflow nobody knows what has happened.
                    let is_lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    is_ours |= is_lost || of == Some(name);
                }
                Err(Errno::WOULDBLOCK) if told => return Ok(is_ours),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod tick {
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    pub(crate) struct Watch(());

    impl Watch {
        pub(crate) fn over(_path: &Path) -> io::Result<Watch> {
            Ok(Watch(()))
        }

        pub(crate) async fn change(&mut self) -> io::Result<()> {
            aside::sleep(Duration::from_millis(100)).await;
            Ok(())
        }
    }
}
