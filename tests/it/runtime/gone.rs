//! P124: the errors that report the end of the runtime can be recognised.

use std::error::Error;
use std::io;
use std::sync::mpsc;

use aside::blocking::Shutdown;
use aside::{Runtime, RuntimeGoneError, is_runtime_gone, spawn_blocking};
use futures_lite::future::block_on;

#[cfg(any(feature = "fs", all(feature = "net", unix)))]
use crate::support::watchdog::on_a_thread;
use crate::support::watchdog::watched;

#[track_caller]
fn assert_gone<T>(result: Result<T, impl Error + 'static>) {
    let error = result.err().expect("an error");
    assert!(is_runtime_gone(&error), "{error:?}");
}

/// The handle of a runtime that has ended.
fn gone() -> aside::Handle {
    Runtime::new().handle()
}

// P124.
#[test]
fn a_task_or_job_that_is_spawned_too_late_says_so() {
    watched(|| {
        let handle = gone();
        let task = block_on(handle.spawn(async {})).unwrap_err();
        assert!(task.is_cancelled() && is_runtime_gone(&task));
        assert!(task.source().unwrap().is::<RuntimeGoneError>());
        assert_gone(block_on(handle.spawn_with(|| async {})));
        let job = block_on(handle.spawn_blocking(|| ())).unwrap_err();
        assert!(job.is_refused() && is_runtime_gone(&job));
        assert!(is_runtime_gone(&io::Error::other(job)));
        assert_gone(handle.pool().submit(|| ()).map_err(|refused| refused.map(drop)));
    });
}

// P124.
#[test]
fn a_job_that_a_shutdown_cancels_says_so_and_an_aborted_job_does_not() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let (release, released) = mpsc::channel::<()>();
        let handle = runtime.handle();
        let (begin, has_begun) = mpsc::channel();
        let running = handle.spawn_blocking(move || {
            begin.send(()).unwrap();
            released.recv()
        });
        has_begun.recv().unwrap();
        let (queued, aborted) = (handle.spawn_blocking(|| ()), handle.spawn_blocking(|| ()));
        aborted.abort();
        runtime.shutdown(Shutdown::Leave);
        let queued = block_on(queued).unwrap_err();
        assert!(queued.is_cancelled() && is_runtime_gone(&queued));
        let aborted = block_on(aborted).unwrap_err();
        assert!(aborted.is_cancelled() && !is_runtime_gone(&aborted));
        drop(release);
        block_on(running).unwrap().unwrap_err();
    });
}

// P124.
#[test]
fn other_errors_are_not_taken_for_the_end_of_a_runtime() {
    watched(|| {
        let no_runtime = aside::Handle::try_current().unwrap_err();
        assert!(!is_runtime_gone(&no_runtime));
        assert!(!is_runtime_gone(&io::Error::other(no_runtime)));
        assert!(!is_runtime_gone(&io::Error::from(io::ErrorKind::BrokenPipe)));
        let panicked = aside::run(async { spawn_blocking(|| panic!("a test")).await });
        assert!(!is_runtime_gone(&io::Error::other(panicked.unwrap_err())));
    });
}

#[cfg(feature = "fs")]
// P124.
#[test]
fn an_operation_of_fs_says_so() {
    watched(|| {
        let handle = gone();
        on_a_thread(move || {
            handle.block_on(async {
                assert_gone(aside::fs::read("/").await);
                assert_gone(aside::fs::create_dir("/a/b/c").await);
                assert_gone(aside::fs::File::open("/").await);
                assert_gone(aside::fs::read_dir("/").await);
            });
        });
    });
}

#[cfg(feature = "unblock")]
// P124.
#[test]
fn an_unblocked_stream_says_so() {
    use futures_lite::AsyncReadExt;

    watched(|| {
        let runtime = Runtime::new();
        let mut stream = runtime.block_on(async { aside::Unblock::new(io::empty()) });
        drop(runtime);
        assert_gone(block_on(stream.read(&mut [0; 8])));
    });
}

#[cfg(all(feature = "net", unix))]
mod sockets {
    use std::thread;

    use aside::net::lookup_host;
    use aside::net::{AsyncFd, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};

    use super::*;

    // P124.
    #[test]
    fn a_socket_says_so_however_it_is_used() {
        watched(|| {
            let runtime = Runtime::new();
            let (listener, near, _far) = runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let (near, far) = UnixStream::pair().unwrap();
                (listener, near, far)
            });
            let waiting = thread::spawn(move || block_on(near.read(&mut [0; 8])).map(|_| near));
            drop(runtime);
            assert_gone(waiting.join().unwrap());
            assert_gone(block_on(listener.accept()));
        });
    }

    // P124.
    #[test]
    fn a_socket_that_is_made_too_late_says_so() {
        watched(|| {
            let handle = gone();
            let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = address.local_addr().unwrap();
            on_a_thread(move || {
                handle.block_on(async {
                    assert_gone(TcpListener::bind("127.0.0.1:0").await);
                    assert_gone(UdpSocket::bind("127.0.0.1:0").await);
                    assert_gone(UnixListener::bind("/nothing/is/here"));
                    assert_gone(UnixStream::pair());
                    assert_gone(AsyncFd::new(std::os::unix::net::UnixStream::pair().unwrap().0));
                    assert_gone(lookup_host(("localhost", 1)).await);
                    // The listener is closed, so either reason may be the first.
                    let _gone_or_refused = TcpStream::connect(address).await.unwrap_err();
                });
            });
        });
    }

    #[cfg(feature = "signal")]
    // P124.
    #[test]
    fn a_signal_that_is_awaited_too_late_says_so() {
        use aside::signal::{Signal, Signals, ctrl_c};

        watched(|| {
            let handle = gone();
            on_a_thread(move || {
                handle.block_on(async {
                    assert_gone(Signals::new([Signal::WINCH]));
                    let mut interrupt = ctrl_c();
                    assert_gone((&mut interrupt).await);
                    assert_gone(interrupt.await);
                });
            });
        });
    }
}
