//! The names of Unix sockets: paths, abstract names, and the files that binding makes.

use std::io;
use std::path::{Path, PathBuf};

use aside::Runtime;
use aside::net::{UnixDatagram, UnixListener, UnixStream};

use crate::support::watchdog::{on_a_thread, watched};

/// Returns an unused path of this process.
fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("aside-names-{}-{name}", std::process::id()));
    let _may_be_missing = std::fs::remove_file(&path);
    path
}

/// A path whose file is removed when the path is dropped, as that of a temporary file.
struct Temporary(PathBuf);

impl AsRef<Path> for Temporary {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[cfg(target_os = "linux")]
mod abstract_names {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{self, SocketAddr};

    use super::*;

    /// Returns an unused abstract name of this process as a path, and without its NUL byte.
    fn name(name: &str) -> (String, Vec<u8>) {
        let name = format!("aside-names-{}-{name}", std::process::id());
        (format!("\0{name}"), name.into_bytes())
    }

    // P109.
    #[test]
    fn a_listener_has_an_abstract_name() {
        watched(|| {
            aside::run(async {
                let (path, name) = name("listener");
                let listener = UnixListener::bind(&path).unwrap();
                let bound = listener.local_addr().unwrap();
                assert_eq!(bound.as_abstract_name(), Some(&*name));
                let near = UnixStream::connect(&path).await.unwrap();
                assert_eq!(near.peer_addr().unwrap().as_abstract_name(), Some(&*name));
                let (far, _) = listener.accept().await.unwrap();
                assert_eq!(far.local_addr().unwrap().as_abstract_name(), Some(&*name));
                near.write(b"abc").await.unwrap();
                assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 3);
                let taken = UnixListener::bind(&path).unwrap_err();
                assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
                drop((listener, far));
                let refused = UnixStream::connect(&path).await.unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            });
        });
    }

    // P109.
    #[test]
    fn a_datagram_socket_has_an_abstract_name_and_sends_to_one() {
        watched(|| {
            aside::run(async {
                let ((here, here_name), (there, there_name)) = (name("here"), name("there"));
                let near = UnixDatagram::bind(&here).unwrap();
                let far = UnixDatagram::bind(&there).unwrap();
                assert_eq!(near.local_addr().unwrap().as_abstract_name(), Some(&*here_name));
                near.try_send_to(b"abc", &there).unwrap();
                let (length, from) = far.recv_from(&mut [0; 8]).await.unwrap();
                assert_eq!((length, from.as_abstract_name()), (3, Some(&*here_name)));
                near.connect(&there).unwrap();
                assert_eq!(near.peer_addr().unwrap().as_abstract_name(), Some(&*there_name));
                near.send(b"d").await.unwrap();
                assert_eq!(far.recv(&mut [0; 8]).await.unwrap(), 1);
            });
        });
    }

    #[cfg(feature = "peer-cred")]
    #[test]
    fn an_unconnected_peer_has_no_process() {
        watched(|| {
            aside::run(async {
                let (near, far) = UnixStream::pair().unwrap();
                let (near, far) = (near.peer_cred().unwrap(), far.peer_cred().unwrap());
                assert_eq!(near, far, "one process made both");
                assert_eq!(near.pid(), i32::try_from(std::process::id()).ok());
                let socket =
                    std::os::fd::OwnedFd::from(aside::net::UnixSocket::new_stream().unwrap());
                let lonely = UnixStream::try_from(socket).unwrap().peer_cred().unwrap();
                assert_eq!(lonely.pid(), None);
            });
        });
    }

    // P109.
    #[test]
    fn a_socket_of_std_with_an_abstract_name_can_be_registered() {
        watched(|| {
            aside::run(async {
                // A name may contain any bytes.
                let name = [b"\0\xff-", &*name("std").1].concat();
                let address = SocketAddr::from_abstract_name(&name).unwrap();
                let listener = net::UnixListener::bind_addr(&address).unwrap();
                let listener = UnixListener::from_std(listener).unwrap();
                let near = net::UnixStream::connect_addr(&address).unwrap();
                let near = UnixStream::from_std(near).unwrap();
                assert_eq!(near.peer_addr().unwrap().as_abstract_name(), Some(&*name));
                listener.accept().await.unwrap();
            });
        });
    }
}

// P109.
#[test]
fn a_nul_byte_inside_a_path_is_refused() {
    watched(|| {
        let shorter = path("shorter");
        let mut longer = shorter.clone().into_os_string();
        longer.push("\0longer");
        aside::run(async {
            let nearby = UnixDatagram::unbound().unwrap();
            let errors = [
                UnixListener::bind(&longer).map(drop),
                UnixStream::connect(&longer).await.map(drop),
                UnixDatagram::bind(&longer).map(drop),
                nearby.connect(&longer),
                nearby.try_send_to(b"x", &longer).map(drop),
            ];
            for error in errors {
                assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidInput);
            }
        });
        assert!(!shorter.exists());
    });
}

// P119.
#[test]
fn a_path_that_is_passed_by_value_lives_until_the_call_is_over() {
    watched(|| {
        let (listening, receiving, bound) = (path("value-1"), path("value-2"), path("value-3"));
        aside::run(async {
            let _listener = UnixListener::bind(&listening).unwrap();
            UnixStream::connect(Temporary(listening)).await.unwrap();
            let _receiver = UnixDatagram::bind(&receiving).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            sender.connect(&receiving).unwrap();
            sender.try_send_to(b"x", Temporary(receiving)).unwrap();
            let _bound = UnixDatagram::bind(&bound).unwrap();
            sender.connect(Temporary(bound)).unwrap();
        });
    });
}

// P123.
#[test]
fn binding_in_a_runtime_that_is_gone_leaves_no_file() {
    watched(|| {
        let (listening, receiving) = (path("gone-1"), path("gone-2"));
        // The loop of the first runtime never had a socket.
        for had_sockets in [false, true] {
            let runtime = Runtime::new();
            if had_sockets {
                runtime.block_on(async { UnixStream::pair().map(drop) }).unwrap();
            }
            let handle = runtime.handle();
            drop(runtime);
            let paths = (listening.clone(), receiving.clone());
            // Another thread, because this one still counts as the thread of the loop.
            on_a_thread(move || {
                handle.block_on(async {
                    UnixListener::bind(paths.0).unwrap_err();
                    UnixDatagram::bind(paths.1).unwrap_err();
                });
            });
            assert!(!listening.exists() && !receiving.exists());
        }
        // Nor without any runtime.
        UnixListener::bind(&listening).unwrap_err();
        UnixDatagram::bind(&receiving).unwrap_err();
        assert!(!listening.exists() && !receiving.exists());
    });
}
