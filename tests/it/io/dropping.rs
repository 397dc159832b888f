//! Blocking streams: what is dropped with the stream, and on which thread.

use std::io::{self, Read, Write};
use std::sync::mpsc;

use aside::{Runtime, Unblock};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::io::reading::poll_once;
use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::watched;

/// An endless reader and writer that records its last write and its drop.
struct Recorded(mpsc::Sender<&'static str>, std::thread::ThreadId);

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send("written").unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let is_home = std::thread::current().id() == self.1;
        self.0.send(if is_home { "dropped here" } else { "dropped elsewhere" }).unwrap();
    }
}

// P92
#[test]
fn the_drop_of_a_stream_with_nothing_pending_drops_the_object() {
    watched(|| {
        let (events, event) = mpsc::channel();
        let home = std::thread::current().id();
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut flushed = Unblock::new(Recorded(events.clone(), home));
            flushed.write_all(b"text").await.unwrap();
            flushed.flush().await.unwrap();
            assert_eq!(event.try_recv(), Ok("written"));
            let mut read = Unblock::new(Recorded(events.clone(), home));
            read.read_exact(&mut [0; 8]).await.unwrap();
            let unused = Unblock::new(Recorded(events.clone(), home));
            // This job runs after the chunks that are read ahead. The next one keeps the only
            // worker busy.
            aside::spawn_blocking(|| ()).await.unwrap();
            let (go, may_go) = mpsc::channel::<()>();
            let busy = aside::spawn_blocking(move || may_go.recv());
            while poll_once(read.read(&mut [0; 100_000])).is_ready() {}
            for stream in [flushed, read, unused] {
                drop(stream);
                assert_eq!(event.try_recv(), Ok("dropped here"));
            }
            drop(go);
            busy.await.unwrap().unwrap_err();
        });
    });
}

// P92
#[test]
fn an_object_with_pending_writes_is_dropped_behind_the_last_of_them() {
    watched(|| {
        let (events, event) = mpsc::channel();
        let home = std::thread::current().id();
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let busy = aside::spawn_blocking(move || may_go.recv());
            let mut stream = Unblock::new(Recorded(events.clone(), home));
            stream.write_all(b"one").await.unwrap();
            stream.write_all(b"two").await.unwrap();
            drop(stream);
            let later = events.clone();
            let later = aside::spawn_blocking(move || later.send("the next job").unwrap());
            drop(go);
            busy.await.unwrap().unwrap_err();
            later.await.unwrap();
            let order: Vec<_> = event.try_iter().collect();
            assert_eq!(order, ["written", "written", "dropped elsewhere", "the next job"]);
        });
    });
}

#[test]
fn an_object_whose_destructor_panics_does_not_end_the_task_that_drops_it() {
    watched(|| {
        aside::run(async move {
            drop(Unblock::new(OnDrop::new(|| panic!("the destructor panics"))));
        });
    });
}
