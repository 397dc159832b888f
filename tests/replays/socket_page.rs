//! The replay of a socket: an edge that is reported while an operation fails.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, mpsc};

use aside::named;
use aside::net::{Interest, UnixStream};

use crate::{EventOrder, Replay, find, page, record_virtual};

pub(crate) fn kept_edge() -> Replay {
    let mut document = page(
        "A lost edge, kept",
        "A job reads an empty socket and gets `WouldBlock`. Before it clears the readiness, a byte \
         arrives, and the loop receives the event: the kernel will not report this byte again. The \
         job clears only the readiness that it had seen before its read, so the newer report \
         survives, and the task `reader` finds the byte.",
    );
    record_virtual(
        &mut document,
        "a lost edge, kept",
        |builder| builder,
        |runtime, _clock| {
            let (near, mut far) = StdUnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            runtime.block_on(async {
                let near = Arc::new(UnixStream::from_std(near).unwrap());
                let (seen, was_seen) = mpsc::channel();
                let socket = Arc::clone(&near);
                let try_read = move || {
                    let mut buffer = [0];
                    let empty = rustix::io::read(socket.as_fd(), &mut buffer).unwrap_err();
                    far.write_all(b"x").unwrap();
                    // The loop has received the event now.
                    was_seen.recv().unwrap();
                    Err::<(), _>(empty.into())
                };
                let socket = Arc::clone(&near);
                let job = named("early read").spawn_blocking(move || {
                    socket.try_io(Interest::READABLE, try_read).unwrap_err()
                });
                let reader = named("reader").spawn(async move {
                    near.readable().await.unwrap();
                    seen.send(()).unwrap();
                    job.await.unwrap();
                    let mut buffer = [0];
                    near.read(&mut buffer).await.unwrap();
                    buffer
                });
                assert_eq!(reader.await.unwrap(), *b"x");
            });
        },
    );
    let looks = vec![
        ("the kernel reports the byte once", find(&document, "SourceReady", "reading")),
        (
            "the job clears what it had seen: the socket is still ready",
            find(&document, "SourceCleared", "newer report"),
        ),
    ];
    Replay { file: "kept-edge", order: EventOrder::Free, document, looks }
}
