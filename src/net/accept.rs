//! Accepting a connection, and what may go wrong without being the listener's fault.

use std::io;
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_executor::sleep;

use super::async_fd::AsyncFd;

/// How late an error comes that will come again at once.
const PAUSE: Duration = Duration::from_millis(10);

/// Accepts by `operation`. See [`TcpListener::accept`](super::TcpListener::accept).
pub(super) async fn accept<L, R>(
    listener: &AsyncFd<L>,
    mut operation: impl FnMut(&L) -> io::Result<R>,
) -> io::Result<R> {
    loop {
        match listener.read_with(&mut operation).await {
            Err(error) if is_the_connections_own(&error) => {}
            Err(error) if is_lack(&error) => {
                // At home, because the one who accepts may be anywhere. If the loop goes, so be it.
                let pause = listener.handle().spawn(Metadata::here(), async { sleep(PAUSE).await });
                let _over = pause.abort_on_drop().await;
                return Err(error);
            }
            result => return result,
        }
    }
}

/// Whether it concerns the connection alone, which is gone: the next one may be there already.
fn is_the_connections_own(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionAborted
        || matches!(error.raw_os_error(), Some(libc::EPROTO))
}

/// Whether something is lacking that only others can give back.
fn is_lack(error: &io::Error) -> bool {
    let lacks = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error.raw_os_error().is_some_and(|code| lacks.contains(&code))
}
