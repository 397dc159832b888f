//! An `AsyncFd`: its registration, the directions that are of interest, and operations on its
//! object.

use std::cell::Cell;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::task::Context;

use aside::Runtime;
use aside::net::{AsyncFd, Interest, Ready};
use futures_lite::future::{block_on, poll_once};

use crate::support::watchdog::{on_a_thread, watched};

/// A peer, and a stream in non-blocking mode.
fn pair() -> (StdStream, StdStream) {
    let (far, near) = StdStream::pair().unwrap();
    far.set_nonblocking(true).unwrap();
    near.set_nonblocking(true).unwrap();
    (far, near)
}

fn would_block<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

fn read(mut stream: &StdStream) -> io::Result<usize> {
    stream.read(&mut [0; 16])
}

/// Writes until the descriptor is full.
fn fill(mut stream: &StdStream) {
    while stream.write(&[0; 4096]).is_ok() {}
}

#[test]
fn an_object_that_is_not_registered_is_returned() {
    watched(|| {
        let (mut far, near) = pair();
        let (near, error) = AsyncFd::try_new(near).unwrap_err().into_parts();
        assert!(error.to_string().contains("runtime"), "{error}");
        far.write_all(b"abc").unwrap();
        assert_eq!(read(&near).unwrap(), 3);

        let runtime = Runtime::new();
        let handle = runtime.handle();
        runtime.block_on(async {
            // A file is always ready, so the system refuses it.
            let file = File::open("Cargo.toml").unwrap();
            let failed = AsyncFd::try_with_interest(file, Interest::READABLE).unwrap_err();
            assert!(std::error::Error::source(&failed).is_some());
            let (mut file, _) = failed.into_parts();
            assert!(file.read(&mut [0; 16]).unwrap() > 0);
        });
        drop(runtime);
        let returned = on_a_thread(move || {
            let (near, error) =
                AsyncFd::register(&handle, near, Interest::BOTH).unwrap_err().into_parts();
            assert!(aside::is_runtime_gone(&error), "{error:?}");
            near
        });
        assert!(would_block(read(&returned)));
    });
}

#[test]
fn a_handle_registers_a_descriptor_from_a_thread_without_a_runtime() {
    watched(|| {
        let runtime = Runtime::new();
        let (mut far, near) = pair();
        let near = AsyncFd::register(&runtime.handle(), near, Interest::READABLE).unwrap();
        let reads = runtime.handle().spawn(async move { near.read_with(read).await });
        far.write_all(b"ab").unwrap();
        assert_eq!(runtime.block_on(reads).unwrap().unwrap(), 2);
    });
}

#[test]
fn only_the_directions_of_interest_are_reported() {
    watched(|| {
        aside::run(async {
            let ((mut one, both), (mut two, reads), (mut three, writes)) = (pair(), pair(), pair());
            let both = AsyncFd::new(both).unwrap();
            let reads = AsyncFd::with_interest(reads, Interest::READABLE).unwrap();
            let writes = AsyncFd::with_interest(writes, Interest::WRITABLE).unwrap();
            for far in [&mut one, &mut two, &mut three] {
                far.write_all(b"x").unwrap();
            }
            drop(both.readable().await.unwrap());
            drop(reads.readable().await.unwrap());
            drop(writes.writable().await.unwrap());
            // One event has reported both directions of the first descriptor.
            assert!(both.ready(Interest::WRITABLE).await.unwrap().ready().is_writable());
            assert!(poll_once(reads.writable()).await.is_none());
            assert!(poll_once(writes.readable()).await.is_none());
        });
    });
}

#[test]
fn a_wait_for_both_directions_ends_with_either_of_them() {
    watched(|| {
        aside::run(async {
            let (mut far, near) = pair();
            let near = AsyncFd::new(near).unwrap();
            let ready = near.ready(Interest::READABLE | Interest::WRITABLE).await.unwrap().ready();
            assert!(ready.is_writable() && !ready.is_readable());

            fill(near.get_ref());
            let mut guard = near.ready(Interest::BOTH).await.unwrap();
            guard.try_io(|mut stream| stream.write(&[0])).unwrap_err();
            assert!(!guard.ready().is_writable());
            assert!(poll_once(near.ready(Interest::BOTH)).await.is_none());
            far.write_all(b"x").unwrap();
            let ready = near.ready(Interest::BOTH).await.unwrap().ready();
            assert!(ready.is_readable());

            // The peer reads all, so there is room again.
            while far.read(&mut [0; 4096]).is_ok() {}
            let written = near.async_io(Interest::WRITABLE, |mut stream| stream.write(b"abc"));
            assert_eq!(written.await.unwrap(), 3);
        });
    });
}

#[test]
fn a_try_that_would_block_clears_the_directions_of_its_interest_alone() {
    watched(|| {
        aside::run(async {
            let (mut far, near) = pair();
            let near = AsyncFd::new(near).unwrap();
            far.write_all(b"x").unwrap();
            drop(near.readable().await.unwrap());
            assert_eq!(near.try_io(Interest::READABLE, read).unwrap(), 1);
            // The report holds until an operation would have blocked.
            assert!(poll_once(near.readable()).await.is_some());
            assert!(would_block(near.try_io(Interest::READABLE, read)));
            assert!(poll_once(near.readable()).await.is_none());
            assert!(poll_once(near.writable()).await.is_some());
            assert!(would_block(near.try_io(Interest::BOTH, read)));
            assert!(poll_once(near.writable()).await.is_none());
        });
    });
}

#[test]
fn one_direction_of_a_guard_is_cleared() {
    watched(|| {
        aside::run(async {
            let (mut far, near) = pair();
            let near = AsyncFd::new(near).unwrap();
            far.write_all(b"x").unwrap();
            drop(near.readable().await.unwrap());
            let mut guard = near.ready(Interest::BOTH).await.unwrap();
            assert!(guard.ready().is_readable() && guard.ready().is_writable());
            guard.clear_ready_matching(Ready::READABLE);
            assert_eq!(guard.ready(), Ready::WRITABLE);
            assert!(poll_once(near.readable()).await.is_none());
            assert!(poll_once(near.writable()).await.is_some());
            guard.clear_ready_matching(Ready::WRITABLE);
            assert!(poll_once(near.writable()).await.is_none());
        });
    });
}

#[test]
fn an_awaited_operation_repeats_until_it_does_not_block_and_is_not_interrupted() {
    watched(|| {
        aside::run(async {
            let (mut far, near) = pair();
            let near = AsyncFd::new(near).unwrap();
            let calls = Cell::new(0);
            let operation = near.async_io(Interest::BOTH, |stream| {
                calls.set(calls.get() + 1);
                if calls.get() == 1 { Err(io::ErrorKind::Interrupted.into()) } else { read(stream) }
            });
            let mut operation = std::pin::pin!(operation);
            drop(near.writable().await.unwrap());
            assert!(poll_once(operation.as_mut()).await.is_none());
            far.write_all(b"abc").unwrap();
            assert_eq!(operation.await.unwrap(), 3);
            assert_eq!(calls.get(), 3);
        });
    });
}

#[test]
fn the_poll_forms_wait_for_events() {
    watched(|| {
        aside::run(async {
            let (mut far, near) = pair();
            let near = AsyncFd::new(near).unwrap();
            drop(near.writable().await.unwrap());
            let mut is_pending = true;
            let length = poll_fn(|cx| {
                let polled = near.poll_read_with(cx, read);
                if polled.is_pending() && std::mem::take(&mut is_pending) {
                    far.write_all(b"abc").unwrap();
                }
                polled
            });
            assert_eq!(length.await.unwrap(), 3);
            assert!(!is_pending, "the first poll found nothing");

            assert!(would_block(near.try_io(Interest::READABLE, read)));
            far.write_all(b"x").unwrap();
            let mut guard = poll_fn(|cx| near.poll_read_ready(cx)).await.unwrap();
            assert_eq!(guard.try_io(read).unwrap().unwrap(), 1);
            guard.try_io(read).unwrap_err();

            fill(near.get_ref());
            let mut one =
                |cx: &mut Context<'_>| near.poll_write_with(cx, |mut stream| stream.write(&[1]));
            assert!(poll_once(poll_fn(&mut one)).await.is_none());
            while far.read(&mut [0; 4096]).is_ok() {}
            let guard = poll_fn(|cx| near.poll_write_ready(cx)).await.unwrap();
            assert!(guard.ready().is_writable());
            assert_eq!(poll_fn(one).await.unwrap(), 1);
        });
    });
}

/// A reader that counts, so it needs to be borrowed exclusively.
struct CountingReader {
    stream: StdStream,
    reads: usize,
}

impl AsFd for CountingReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl CountingReader {
    fn read(&mut self) -> io::Result<usize> {
        self.reads += 1;
        read(&self.stream)
    }
}

#[test]
fn an_operation_may_borrow_the_object_exclusively() {
    watched(|| {
        aside::run(async {
            let (mut far, stream) = pair();
            let mut near = AsyncFd::new(CountingReader { stream, reads: 0 }).unwrap();
            assert!(near.writable_mut().await.unwrap().ready().is_writable());
            far.write_all(b"ab").unwrap();
            let mut guard = near.readable_mut().await.unwrap();
            assert_eq!(guard.try_io(CountingReader::read).unwrap().unwrap(), 2);
            guard.try_io(CountingReader::read).unwrap_err();
            assert_eq!(guard.get_inner().reads, 2);
            guard.get_inner_mut().reads = 7;
            drop(guard);
            assert!(poll_once(near.readable_mut()).await.is_none());
            assert!(would_block(near.try_io_mut(Interest::READABLE, CountingReader::read)));
            far.write_all(b"c").unwrap();
            let read = near.async_io_mut(Interest::READABLE, CountingReader::read);
            assert_eq!(read.await.unwrap(), 1);
            far.write_all(b"de").unwrap();
            assert_eq!(near.try_io_mut(Interest::BOTH, CountingReader::read).unwrap(), 2);
            assert!(would_block(near.try_io_mut(Interest::READABLE, CountingReader::read)));
            let polled = poll_once(poll_fn(|cx| near.poll_read_ready_mut(cx).map_ok(drop)));
            assert!(polled.await.is_none());
            let polled = poll_fn(|cx| {
                near.poll_write_ready_mut(cx).map_ok(|mut guard| guard.get_inner_mut().reads = 7)
            });
            polled.await.unwrap();
            near.get_mut().reads += 1;
            assert_eq!((near.get_ref().reads, near.into_inner().reads), (8, 8));
        });
    });
}

#[test]
fn every_form_fails_when_the_runtime_is_gone() {
    watched(|| {
        let runtime = Runtime::new();
        let (_far, near) = pair();
        let mut near = AsyncFd::register(&runtime.handle(), near, Interest::BOTH).unwrap();
        drop(runtime);
        let errors = block_on(async {
            [
                near.ready(Interest::BOTH).await.map(drop).unwrap_err(),
                near.ready_mut(Interest::WRITABLE).await.map(drop).unwrap_err(),
                poll_fn(|cx| near.poll_read_ready(cx).map_ok(drop)).await.unwrap_err(),
                poll_fn(|cx| near.poll_write_with(cx, |_| Ok(()))).await.unwrap_err(),
                near.async_io(Interest::READABLE, read).await.unwrap_err(),
                near.try_io(Interest::BOTH, read).unwrap_err(),
                poll_fn(|cx| near.poll_write_ready(cx).map_ok(drop)).await.unwrap_err(),
            ]
        });
        for error in errors {
            assert!(aside::is_runtime_gone(&error), "{error:?}");
        }
    });
}
