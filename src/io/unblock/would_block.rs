//! Calls on an object that returns [`WouldBlock`](io::ErrorKind::WouldBlock): the job waits, and
//! calls again.
//!
//! The descriptor of a pipe or terminal may be in non-blocking mode although nobody here has set
//! it: the mode belongs to the open file description, which other processes share. A write that
//! fails for this reason must not lose accepted bytes, and a read must not fail where a read in
//! blocking mode would wait.
//!
//! - W1. If the object is a type of std with a descriptor, the job waits with `poll(2)` until the
//!   descriptor is ready.
//! - W2. If the descriptor is ready and the call would still block, another process was faster, or
//!   the device does not support `poll`. The job then sleeps before it waits again.
//! - W3. The descriptor of any other object is unknown. The job sleeps, from 1 ms up to 64 ms.
//! - W4. A socket of std with a time-out returns the same error when the time-out has elapsed. The
//!   error is returned.

use std::any::Any;
use std::io;
use std::thread;
use std::time::Duration;

/// The first sleep of W2 and W3. Each further sleep of the same call is twice as long.
const SLEEP_MIN: Duration = Duration::from_millis(1);
/// The longest sleep of W2 and W3.
const SLEEP_MAX: Duration = Duration::from_millis(64);

/// The direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallDirection {
    Read,
    Write,
}

/// Calls `call` until it neither would block nor was interrupted by a signal.
///
/// # Blocking
/// Blocks until the object is ready.
pub(super) fn call_blocking<T: 'static, R>(
    object: &mut T,
    direction: CallDirection,
    mut call: impl FnMut(&mut T) -> io::Result<R>,
) -> io::Result<R> {
    let mut sleep = Duration::ZERO;
    loop {
        match call(object) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    && !descriptor::has_timeout(object, direction) =>
            {
                wait(object, direction, &mut sleep);
            }
            result => return result,
        }
    }
}

/// Steps W1 to W3. `sleep` is zero for the first wait of a call.
fn wait(object: &dyn Any, direction: CallDirection, sleep: &mut Duration) {
    if !sleep.is_zero() {
        thread::sleep(*sleep);
    }
    let is_first = sleep.is_zero();
    *sleep = (*sleep * 2).clamp(SLEEP_MIN, SLEEP_MAX);
    if !descriptor::wait_ready(object, direction) && is_first {
        thread::sleep(*sleep);
    }
}

#[cfg(unix)]
mod descriptor {
    use std::any::Any;
    use std::fs::File;
    use std::io::{PipeReader, PipeWriter, Stderr, Stdin, Stdout};
    use std::net::TcpStream;
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::net::UnixStream;
    use std::process::{ChildStderr, ChildStdin, ChildStdout};
    use std::sync::Arc;

    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::CallDirection;
    #[cfg(feature = "fs")]
    use crate::io::unblock::file_object::FileObject;

    type Lookup = fn(&dyn Any) -> Option<BorrowedFd<'_>>;

    fn of<T: AsFd + 'static>(object: &dyn Any) -> Option<BorrowedFd<'_>> {
        object.downcast_ref::<T>().map(AsFd::as_fd)
    }

    const LOOKUPS: &[Lookup] = &[
        #[cfg(feature = "fs")]
        of::<FileObject>,
        of::<File>,
        of::<Arc<File>>,
        of::<Stdin>,
        of::<Stdout>,
        of::<Stderr>,
        of::<PipeReader>,
        of::<PipeWriter>,
        of::<ChildStdin>,
        of::<ChildStdout>,
        of::<ChildStderr>,
        of::<TcpStream>,
        of::<UnixStream>,
    ];

    /// Waits until the object's descriptor is ready. Returns `false` if the descriptor is unknown,
    /// or the system refuses to wait.
    pub(super) fn wait_ready(object: &dyn Any, direction: CallDirection) -> bool {
        let Some(descriptor) = LOOKUPS.iter().find_map(|lookup| lookup(object)) else {
            return false;
        };
        let events = match direction {
            CallDirection::Read => PollFlags::POLLIN,
            CallDirection::Write => PollFlags::POLLOUT,
        };
        loop {
            match poll(&mut [PollFd::new(descriptor, events)], PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                result => return result.is_ok(),
            }
        }
    }

    /// Returns `true` if the object is a socket whose calls end after a time (W4).
    pub(super) fn has_timeout(object: &dyn Any, direction: CallDirection) -> bool {
        macro_rules! timeout_of {
            ($socket:ty) => {
                object.downcast_ref::<$socket>().map(|socket| match direction {
                    CallDirection::Read => socket.read_timeout(),
                    CallDirection::Write => socket.write_timeout(),
                })
            };
        }
        let timeout = timeout_of!(TcpStream).or_else(|| timeout_of!(UnixStream));
        matches!(timeout, Some(Ok(Some(_))))
    }
}

#[cfg(not(unix))]
mod descriptor {
    use std::any::Any;

    use super::CallDirection;

    pub(super) fn wait_ready(_: &dyn Any, _: CallDirection) -> bool {
        false
    }

    pub(super) fn has_timeout(_: &dyn Any, _: CallDirection) -> bool {
        false
    }
}
