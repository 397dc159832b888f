//! The loop that accepts a connection, and its treatment of errors.

use std::io;
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_executor::sleep;

use super::async_fd::AsyncFd;

/// The delay before `accept` returns an error that the next call would probably return again.
const PAUSE: Duration = Duration::from_millis(10);

/// Accepts a connection by `operation`. See [`TcpListener::accept`](super::TcpListener::accept).
pub(super) async fn accept<L, R>(
    listener: &AsyncFd<L>,
    mut operation: impl FnMut(&L) -> io::Result<R>,
) -> io::Result<R> {
    loop {
        match listener.read_with(&mut operation).await {
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) if is_exhaustion(&error) => {
                // The pause is a task of the listener's loop, because the caller may be on any
                // thread. If the loop closes, the pause ends.
                let pause = listener.handle().spawn(Metadata::here(), async { sleep(PAUSE).await });
                let _over = pause.abort_on_drop().await;
                return Err(error);
            }
            result => return result,
        }
    }
}

/// Returns whether the error concerns one connection only, which is gone. In this case another
/// connection may be waiting.
fn is_of_the_connection(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionAborted
        || matches!(error.raw_os_error(), Some(libc::EPROTO))
}

/// Returns whether descriptors or memory are exhausted.
fn is_exhaustion(error: &io::Error) -> bool {
    let exhausted = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&code))
}
