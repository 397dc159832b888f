//! Blocking streams: operations that begin after the future of another one was dropped.

use std::io::{self, Cursor, SeekFrom, Write};
use std::sync::mpsc;

use aside::{Runtime, Unblock};
use futures_lite::{AsyncSeekExt, AsyncWriteExt};

use crate::io::reading::{pattern, poll_once};
use crate::support::watchdog::watched;

// A closure that has moved the position makes the result of a dropped seek obsolete.
#[test]
fn the_result_of_a_dropped_seek_is_forgotten_when_a_closure_may_move_the_position() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            for case in ["with_mut", "get_mut"] {
                let mut stream = Unblock::new(Cursor::new(pattern(100)));
                let (go, may_go) = mpsc::channel::<()>();
                let busy = aside::spawn_blocking(move || may_go.recv());
                assert!(poll_once(stream.seek(SeekFrom::Start(10))).is_pending());
                drop(go);
                busy.await.unwrap().unwrap_err();
                match case {
                    "with_mut" => stream.with_mut(|object| object.set_position(50)).await.unwrap(),
                    _ => stream.get_mut().await.unwrap().set_position(50),
                }
                assert_eq!(stream.seek(SeekFrom::Start(10)).await.unwrap(), 10, "{case}");
                let position = stream.with_mut(|object| object.position()).await.unwrap();
                assert_eq!(position, 10, "{case}");
            }
        });
    });
}

/// A writer whose destructor reports that it has begun, and waits.
struct SlowToDrop(mpsc::Sender<()>, mpsc::Receiver<()>);

impl Write for SlowToDrop {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SlowToDrop {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
        let _ = self.1.recv();
    }
}

// The close has flushed everything, so a flush has nothing to do.
#[test]
fn a_flush_after_a_dropped_close_succeeds() {
    watched(|| {
        aside::run(async {
            let (began, begins) = mpsc::channel();
            let (go, may_go) = mpsc::channel::<()>();
            let mut stream = Unblock::new(SlowToDrop(began, may_go));
            stream.write_all(b"text").await.unwrap();
            while begins.try_recv().is_err() {
                assert!(poll_once(stream.close()).is_pending());
                aside::yield_now().await;
            }
            stream.flush().await.unwrap();
            drop(go);
            stream.close().await.unwrap();
            stream.flush().await.unwrap();
        });
    });
}
