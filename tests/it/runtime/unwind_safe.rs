//! P121: public handles may be used in and after `catch_unwind`. User code that panics runs under
//! no lock of theirs and leaves none of them half changed.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use aside::blocking::{CancelToken, Lane, Pinned, Pool};
use aside::observe::Counters;
use aside::time::{Clock, Interval, Sleep, Timeout};
use aside::{AbortOnDrop, Builder, Handle, JoinError, JoinHandle, Metadata, Runtime};

fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

/// A type that is not unwind-safe itself, behind a handle that is.
type Unsafe = Rc<std::cell::Cell<fn()>>;

#[test]
fn a_runtime_its_handles_and_its_pool_are_unwind_safe() {
    is_unwind_safe::<Runtime>();
    is_unwind_safe::<Builder>();
    is_unwind_safe::<Handle>();
    is_unwind_safe::<JoinHandle<Unsafe>>();
    is_unwind_safe::<AbortOnDrop<Unsafe>>();
    is_unwind_safe::<JoinError>();
    is_unwind_safe::<Metadata>();
    is_unwind_safe::<Clock>();
    is_unwind_safe::<Sleep>();
    is_unwind_safe::<Interval>();
    is_unwind_safe::<Timeout<std::future::Ready<()>>>();
    is_unwind_safe::<aside::ShutdownReport>();
    is_unwind_safe::<Pool>();
    is_unwind_safe::<Lane>();
    is_unwind_safe::<CancelToken>();
    is_unwind_safe::<Pinned<Unsafe>>();
    is_unwind_safe::<Counters>();
    is_unwind_safe::<aside::group::ScopedHandle<Unsafe>>();
}

#[cfg(feature = "unblock")]
#[test]
fn blocking_streams_are_unwind_safe() {
    is_unwind_safe::<aside::Unblock<std::fs::File>>();
    is_unwind_safe::<aside::io::stdio::Stdin>();
    is_unwind_safe::<aside::io::stdio::Stdout>();
}

#[cfg(feature = "fs")]
#[test]
fn files_are_unwind_safe() {
    is_unwind_safe::<aside::fs::File>();
    is_unwind_safe::<aside::fs::DirEntry>();
    is_unwind_safe::<aside::fs::ReadDir>();
}

#[cfg(all(feature = "net", unix))]
#[test]
fn sockets_are_unwind_safe() {
    is_unwind_safe::<aside::net::TcpStream>();
    is_unwind_safe::<aside::net::TcpListener>();
    is_unwind_safe::<aside::net::UdpSocket>();
    is_unwind_safe::<aside::net::UnixStream>();
    is_unwind_safe::<aside::net::UnixListener>();
    is_unwind_safe::<aside::net::UnixDatagram>();
    is_unwind_safe::<aside::net::AsyncFd<std::os::fd::OwnedFd>>();
}

#[cfg(all(feature = "process", feature = "signal", unix))]
#[test]
fn children_and_signals_are_unwind_safe() {
    is_unwind_safe::<aside::process::Child>();
    is_unwind_safe::<aside::process::ChildStdin>();
    is_unwind_safe::<aside::process::ChildStdout>();
    is_unwind_safe::<aside::process::ChildStderr>();
    is_unwind_safe::<aside::signal::Signals>();
}

#[cfg(feature = "process-pool")]
#[test]
fn process_pools_are_unwind_safe() {
    is_unwind_safe::<aside::process_pool::ProcessPool>();
}
