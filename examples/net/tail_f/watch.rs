//! Waits for changes of a file name in a directory.
//!
//! On Linux an inotify descriptor becomes readable, so the loop waits for it as for a socket. On
//! other systems a timer triggers a check every 100 ms.

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
        /// Watches the directory, because the file may be replaced by another one.
        pub(crate) fn over(path: &Path) -> io::Result<Watch> {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            let changes = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVE;
            inotify::add_watch(&events, folder.unwrap_or(Path::new(".")), changes)?;
            Ok(Watch { events: AsyncFd::new(events)?, name })
        }

        /// Waits until the file changes. A change since the last call, or since the watch began,
        /// counts, too.
        pub(crate) async fn change(&mut self) -> io::Result<()> {
            let name = &self.name;
            while !self.events.read_with(|events| has_event_for(events, name)).await? {}
            Ok(())
        }
    }

    /// Reads all pending events, and returns true if one of them concerns the name. Returns
    /// `WouldBlock` if no event is pending.
    fn has_event_for(events: &OwnedFd, name: &OsStr) -> io::Result<bool> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(events, &mut buffer);
        let (mut any, mut is_ours) = (false, false);
        loop {
            match reader.next() {
                Ok(event) => {
                    any = true;
                    let of = event.file_name().map(|of| OsStr::from_bytes(of.to_bytes()));
                    // After an overflow events are lost, so any file may have changed.
                    let is_lost = event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                    is_ours |= is_lost || of == Some(name);
                }
                Err(Errno::WOULDBLOCK) if any => return Ok(is_ours),
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
