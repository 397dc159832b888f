//! The descriptors that sockets need, and a lack of descriptors. The test counts and limits the
//! descriptors of its process, so it is one test in a process of its own.
#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::cell::Cell;
use std::net;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;
use std::time::Duration;

use aside::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use aside::{Runtime, gather, sleep, spawn, spawn_blocking, timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::watchdog::watched;

/// Returns the name of the object behind each descriptor of this process.
fn descriptors() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets.map(|target| target.to_string_lossy().into_owned()).collect()
}

fn count(kind: &str) -> usize {
    descriptors().iter().filter(|target| target.contains(kind)).count()
}

#[test]
fn a_loop_needs_few_descriptors_and_their_lack_is_an_error_of_one_request() {
    watched(|| {
        a_runtime_without_sockets_has_no_wake_descriptor();
        a_child_inherits_none();
        all_memory_is_freed();
        a_selector_that_cannot_be_created_is_an_error_and_can_be_created_later();
        a_listener_without_descriptors_does_not_spin_and_continues_when_there_are_some();
        a_unix_listener_without_descriptors_does_not_spin_either();
        a_socket_that_cannot_be_created_is_an_error_of_its_caller();
    });
}

/// P89
fn a_runtime_without_sockets_has_no_wake_descriptor() {
    let before = descriptors().len();
    let runtime = Runtime::new();
    runtime.block_on(async {
        let jobs = gather([spawn_blocking(|| ()), spawn_blocking(|| ())]).await;
        assert!(jobs.iter().all(Result::is_ok));
        sleep(Duration::from_millis(1)).await;
    });
    assert_eq!((descriptors().len(), count("eventpoll")), (before, 0));
    runtime.block_on(async {
        drop(TcpListener::bind("127.0.0.1:0").await.unwrap());
    });
    assert!(count("eventpoll") > 0, "the first one opens it");
}

/// P69
fn a_child_inherits_none() {
    let runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_far, _) = listener.accept().await.unwrap();
        assert!(count("socket") >= 3 && count("eventpoll") > 0);
        let script = "ls -l /proc/self/fd | grep -c -e socket: -e event";
        let counted = std::process::Command::new("sh").args(["-c", script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&counted.stdout), "0\n");
    });
}

fn all_memory_is_freed() {
    let before = descriptors().len();
    let runtime = Runtime::new();
    let handle = runtime.handle();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..20 {
            let near = TcpStream::connect(address).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            spawn(async move { far.read(&mut [0]).await }).detach();
            spawn(async move { near.read(&mut [0]).await }).detach();
        }
    });
    assert_eq!(descriptors().len(), before + 40 + KERNEL);
    drop(runtime);
    assert_eq!(descriptors().len(), before, "a handle that is kept keeps none: {handle:?}");
}

/// The number of descriptors that a loop needs for itself.
const KERNEL: usize = 3;

/// Allows this process this many more descriptors than it has. The system limits the numbers of
/// descriptors, and the kernel assigns the lowest free number.
fn allow(more: usize) -> Rlimit {
    let taken = |number: &u64| std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok();
    let first_refused = (0..).filter(|number| !taken(number)).nth(more).unwrap();
    let former = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(first_refused), maximum: former.maximum };
    setrlimit(Resource::Nofile, limit).unwrap();
    former
}

/// If a part of the selector cannot be created, the other parts are closed.
fn a_selector_that_cannot_be_created_is_an_error_and_can_be_created_later() {
    let runtime = Runtime::new();
    let socket = net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for more in 0..KERNEL {
        let again = socket.try_clone().unwrap();
        let before = descriptors().len();
        let former = allow(more);
        let error = runtime.block_on(async { UdpSocket::from_std(again).unwrap_err() });
        setrlimit(Resource::Nofile, former).unwrap();
        assert_eq!(error.raw_os_error(), Some(libc_emfile()));
        assert_eq!(descriptors().len(), before - 1, "with {more} descriptors");
        // The loop sleeps and wakes up as before.
        let job = runtime.handle().spawn_blocking(|| ());
        runtime.block_on(async { job.await.unwrap() });
    }
    runtime.block_on(async {
        let socket = UdpSocket::from_std(socket).unwrap();
        socket.send_to(b"x", socket.local_addr().unwrap()).await.unwrap();
        assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 1);
    });
}

fn libc_emfile() -> i32 {
    rustix::io::Errno::MFILE.raw_os_error()
}

/// P64, P65: the server accepts again after every error. While descriptors are exhausted, the
/// number of errors is bounded. When other connections end, the waiting connections are accepted.
fn a_listener_without_descriptors_does_not_spin_and_continues_when_there_are_some() {
    let runtime = Runtime::new();
    let errors = Rc::new(Cell::new(0));
    let (accepted, counted) = (Rc::new(Cell::new(0)), Rc::clone(&errors));
    let (listener, clients) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..4).map(|_| net::TcpStream::connect(address).unwrap()).collect();
        (listener, clients)
    });
    let former = allow(2);
    runtime.block_on(async {
        let taken = Rc::clone(&accepted);
        let server = spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        taken.set(taken.get() + 1);
                        // The task ends when its client disconnects.
                        spawn(async move { stream.read(&mut [0]).await }).detach();
                    }
                    Err(error) => {
                        assert_eq!(error.raw_os_error(), Some(libc_emfile()));
                        counted.set(counted.get() + 1);
                    }
                }
            }
        });
        sleep(Duration::from_millis(200)).await;
        assert_eq!(accepted.get(), 2);
        assert!((1..=20).contains(&errors.get()), "{} errors in 0.2 s", errors.get());
        drop(clients);
        // The accepted connections end, and free descriptors for the connections in the backlog.
        while accepted.get() < 4 {
            sleep(Duration::from_millis(5)).await;
        }
        server.abort();
    });
    setrlimit(Resource::Nofile, former).unwrap();
}

/// P64
fn a_unix_listener_without_descriptors_does_not_spin_either() {
    let runtime = Runtime::new();
    let path = std::env::temp_dir().join(format!("aside-{}-lack", std::process::id()));
    let listener = runtime.block_on(async { UnixListener::bind(&path).unwrap() });
    let clients = [(); 3].map(|()| StdUnixStream::connect(&path).unwrap());
    let former = allow(0);
    runtime.block_on(async {
        // The tasks run while `accept` delays the error.
        let others = spawn(sleep(Duration::from_millis(1)));
        for _ in 0..3 {
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc_emfile()));
        }
        assert!(others.is_finished());
    });
    setrlimit(Resource::Nofile, former).unwrap();
    runtime.block_on(async {
        for _ in &clients {
            listener.accept().await.unwrap();
        }
        assert!(timeout(Duration::from_millis(1), listener.accept()).await.is_err());
    });
    std::fs::remove_file(path).unwrap();
}

/// Other sockets are unaffected: an open connection continues, and new sockets can be created when
/// descriptors are free again.
fn a_socket_that_cannot_be_created_is_an_error_of_its_caller() {
    let runtime = Runtime::new();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let near = TcpStream::connect(address).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let before = descriptors().len();
        let former = allow(0);
        let errors = [
            TcpStream::connect(address).await.unwrap_err(),
            TcpListener::bind("127.0.0.1:0").await.unwrap_err(),
            UdpSocket::bind("127.0.0.1:0").await.unwrap_err(),
            UnixStream::pair().unwrap_err(),
            UnixStream::connect("/no/such/path").await.unwrap_err(),
            UnixDatagram::unbound().unwrap_err(),
        ];
        for round in 0..10 {
            near.write(&[round]).await.unwrap();
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 1);
        }
        // A pair needs two descriptors, so one free descriptor does not suffice.
        setrlimit(Resource::Nofile, former).unwrap();
        let _former = allow(1);
        let error = UnixStream::pair().unwrap_err();
        let near = near.into_std().unwrap();
        let copy = near.try_clone().unwrap();
        assert!(near.try_clone().is_err());
        setrlimit(Resource::Nofile, former).unwrap();
        for error in errors.into_iter().chain([error]) {
            assert_eq!(error.raw_os_error(), Some(libc_emfile()), "{error}");
        }
        drop(copy);
        assert_eq!(descriptors().len(), before);
        drop(TcpStream::connect(address).await.unwrap());
    });
}
