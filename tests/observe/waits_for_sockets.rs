//! The list of tasks shows the descriptors for which tasks wait, and their directions.

use std::os::fd::{AsRawFd, BorrowedFd};

use aside::net::{TcpListener, UnixDatagram, UnixStream};
use aside::{Handle, gather, named, yield_now};
use futures_lite::AsyncWriteExt;

use crate::task_lists::waits;
use crate::watchdog::watched;

fn number(socket: &impl std::os::fd::AsFd) -> i32 {
    let descriptor: BorrowedFd<'_> = socket.as_fd();
    descriptor.as_raw_fd()
}

#[test]
fn a_task_that_reads_writes_or_accepts_waits_for_its_socket() {
    watched(|| {
        aside::run(async {
            let (idle, _peer) = UnixStream::pair().unwrap();
            let (mut full, unread) = UnixStream::pair().unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let [of_idle, of_full] = [&idle, &full].map(number);
            let of_listener = number(&listener);
            named("reads").spawn(async move { idle.read(&mut [0]).await }).detach();
            let writes = named("writes").spawn(async move {
                loop {
                    full.write_all(&[0; 65536]).await?;
                }
                #[allow(unreachable_code)]
                std::io::Result::Ok(())
            });
            named("accepts").spawn(async move { listener.accept().await.map(drop) }).detach();
            for _ in 0..10 {
                yield_now().await;
            }
            let list = Handle::current().tasks().await.unwrap();
            assert_eq!(waits(&list, "reads"), [format!("socket {of_idle}, to read")]);
            assert_eq!(waits(&list, "writes"), [format!("socket {of_full}, to write")]);
            assert_eq!(waits(&list, "accepts"), [format!("socket {of_listener}, to read")]);
            drop(unread);
            assert!(writes.await.unwrap().is_err());
        });
    });
}

#[test]
fn tasks_that_share_a_socket_and_groups_of_sockets_are_shown() {
    watched(|| {
        aside::run(async {
            let (socket, _peer) = UnixDatagram::pair().unwrap();
            let (first, _first_peer) = UnixStream::pair().unwrap();
            let (second, _second_peer) = UnixStream::pair().unwrap();
            let [shared, of_first, of_second] = [number(&socket), number(&first), number(&second)];
            let socket = std::rc::Rc::new(socket);
            for name in ["one", "two"] {
                let socket = std::rc::Rc::clone(&socket);
                named(name).spawn(async move { socket.recv(&mut [0]).await }).detach();
            }
            let group = async move { gather((first.readable(), second.readable())).await };
            named("group").spawn(group).detach();
            yield_now().await;
            let list = Handle::current().tasks().await.unwrap();
            for name in ["one", "two"] {
                assert_eq!(waits(&list, name), [format!("socket {shared}, to read")]);
            }
            let mut descriptors = [of_first, of_second];
            descriptors.sort_unstable();
            let expected = descriptors.map(|number| format!("socket {number}, to read"));
            assert_eq!(waits(&list, "group"), expected);
        });
    });
}
