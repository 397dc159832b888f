//! Errors: their messages, and their conversion to `io::Error`.

use std::error::Error;
use std::future::pending;
use std::io;
use std::time::Duration;

use aside::blocking::{Cancelled, Pool, Shutdown, check_cancelled};
use aside::{JoinError, Runtime, spawn, spawn_blocking, timeout};
use futures_channel::oneshot;

use crate::support::watchdog::watched;

/// The text that `main` prints of an error that it returns.
fn printed_by_main(error: impl Error + 'static) -> String {
    format!("{:?}", Box::<dyn Error>::from(error))
}

#[test]
fn the_error_of_a_task_without_a_name_has_its_number_and_its_location() {
    watched(|| {
        aside::run(async {
            let task = spawn(async { panic!("no luck") });
            let line = line!() - 1;
            let (id, error) = (task.id(), task.await.unwrap_err());
            assert_eq!(error.id(), id);
            let text = error.to_string();
            let expected = format!("#{id} (spawned at tests/it/tasks/errors.rs:{line}:");
            assert!(text.starts_with(&expected), "{text}");
            assert!(text.ends_with(") panicked: no luck"), "{text}");
            assert_eq!(error.into_panic().downcast_ref(), Some(&"no luck"));
        });
    });
}

#[test]
fn main_prints_the_message_of_an_error_that_it_returns() {
    watched(|| {
        aside::run(async {
            let task = spawn(pending::<()>());
            task.abort();
            let cancelled = task.await.unwrap_err();
            assert_eq!(format!("{cancelled:?}"), cancelled.to_string());
            assert!(printed_by_main(cancelled).ends_with("was cancelled"));
            let elapsed = timeout(Duration::ZERO, pending::<()>()).await.unwrap_err();
            assert_eq!(printed_by_main(elapsed), elapsed.to_string());
        });
        let gone = Runtime::new().handle().spawn(async {});
        let gone = futures_lite::future::block_on(gone).unwrap_err();
        let source = gone.source().unwrap();
        assert_eq!(format!("{source:?}"), source.to_string());
        let without = aside::Handle::try_current().unwrap_err();
        assert_eq!(format!("{without:?}"), without.to_string());
        let pool = Pool::new();
        pool.shutdown(Shutdown::Leave);
        let refused = pool.try_submit(|| ()).unwrap_err();
        assert_eq!(format!("{refused:?}"), refused.to_string());
    });
}

#[test]
fn a_join_error_as_an_io_error_keeps_its_cause() {
    watched(|| {
        let runtime = Runtime::new();
        let reading = |task: aside::JoinHandle<()>| async move {
            task.await?;
            Ok::<_, io::Error>(())
        };
        let task = runtime.spawn(async { panic!("no luck") });
        let id = task.id();
        let error = runtime.block_on(reading(task)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Other);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<JoinError>()).unwrap();
        assert!(inner.is_panic());
        assert_eq!(inner.id(), id);
        let handle = runtime.handle();
        drop(runtime);
        let late = futures_lite::future::block_on(reading(handle.spawn(async {})));
        assert!(aside::is_runtime_gone(&late.unwrap_err()));
    });
}

#[test]
fn a_cancelled_job_as_an_io_error_is_not_tried_again() {
    /// Never ends, unless the job is aborted.
    struct Endless(Option<oneshot::Sender<()>>);
    impl io::Read for Endless {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            check_cancelled()?;
            if let Some(begin) = self.0.take() {
                begin.send(()).unwrap();
            }
            std::thread::yield_now();
            Ok(bytes.len().min(1))
        }
    }
    watched(|| {
        aside::run(async {
            let (begin, begun) = oneshot::channel();
            let job = spawn_blocking(move || io::copy(&mut Endless(Some(begin)), &mut io::sink()));
            begun.await.unwrap();
            job.abort();
            let error = job.await.unwrap().unwrap_err();
            assert_ne!(error.kind(), io::ErrorKind::Interrupted);
            assert!(error.get_ref().is_some_and(|inner| inner.is::<Cancelled>()));
        });
    });
}
