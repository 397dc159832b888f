//! Servers written directly on epoll. Each serves one purpose only.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::io::{Errno, Result};
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};

use super::{BLOCK, BUFFER, EchoTcp, Http, Servers};

const EVENTS_MAX: usize = 1_024;
const LISTENER: u64 = u64::MAX;

/// A loop with edge-triggered epoll and the system calls of the sockets, and nothing else.
#[derive(Debug)]
pub struct BareEpoll;

/// The state of a connection after its event.
enum Next {
    Wait,
    Close,
}

impl EchoTcp for BareEpoll {
    fn echo_tcp(listener: TcpListener) {
        serve(listener.into(), echo());
    }
}

impl Servers for BareEpoll {
    fn echo_unix(listener: UnixListener) {
        serve(listener.into(), echo());
    }

    fn echo_udp(socket: UdpSocket) {
        socket.set_nonblocking(true).expect("the socket is open");
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("there is an epoll");
        let once = epoll::EventFlags::IN | epoll::EventFlags::ET;
        let added = epoll::add(&epoll, &socket, epoll::EventData::new_u64(0), once);
        added.expect("the socket is open");
        let mut buffer = [0; BUFFER];
        let mut events: Vec<epoll::Event> = Vec::with_capacity(1);
        loop {
            events.clear();
            epoll::wait(&epoll, spare_capacity(&mut events), None).expect("the loop goes on");
            while let Ok((count, sender)) = socket.recv_from(&mut buffer) {
                socket.send_to(&buffer[..count], sender).expect("the socket sends");
            }
        }
    }

    fn close(listener: TcpListener) {
        serve(listener.into(), |socket| match receive(socket, &mut [0]) {
            Err(Errno::AGAIN) => Ok(Next::Wait),
            result => result.map(|_count| Next::Close),
        });
    }

    fn discard(listener: TcpListener) {
        let mut buffer = vec![0; BLOCK];
        serve(listener.into(), move |socket| {
            loop {
                match receive(socket, &mut buffer) {
                    Ok(0) => return Ok(Next::Close),
                    Ok(_count) => {}
                    Err(Errno::AGAIN) => return Ok(Next::Wait),
                    Err(error) => return Err(error),
                }
            }
        });
    }
}

/// The same bytes as hyper's answer. This server implements nothing else of HTTP.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\
    date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nhello, world";

impl Http for BareEpoll {
    fn hello(listener: TcpListener) {
        let mut buffer = [0; BUFFER];
        serve(listener.into(), move |socket| match receive(socket, &mut buffer) {
            Ok(0) => Ok(Next::Close),
            Ok(_request) => send(socket, ANSWER, SendFlags::NOSIGNAL).map(|_sent| Next::Wait),
            Err(Errno::AGAIN) => Ok(Next::Wait),
            Err(error) => Err(error),
        });
    }
}

fn echo() -> impl FnMut(&OwnedFd) -> Result<Next> {
    let mut buffer = [0; BUFFER];
    move |socket| match receive(socket, &mut buffer) {
        Ok(0) => Ok(Next::Close),
        // A request is shorter than the buffer, so this read has received all of it.
        Ok(count) => send(socket, &buffer[..count], SendFlags::NOSIGNAL).map(|_sent| Next::Wait),
        Err(Errno::AGAIN) => Ok(Next::Wait),
        Err(error) => Err(error),
    }
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> Result<usize> {
    recv(socket, buffer, RecvFlags::empty()).map(|(count, _length)| count)
}

/// Runs the loop. It calls `on_ready` for an accepted connection before it registers the
/// connection.
fn serve(listener: OwnedFd, on_ready: impl FnMut(&OwnedFd) -> Result<Next>) {
    let ended = turn_forever(listener, on_ready);
    ended.expect("the loop goes on");
}

fn turn_forever(
    listener: OwnedFd,
    mut on_ready: impl FnMut(&OwnedFd) -> Result<Next>,
) -> Result<()> {
    let mut connections = Connections::new()?;
    let epoll = &connections.epoll;
    epoll::add(epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let mut events: Vec<epoll::Event> = Vec::with_capacity(EVENTS_MAX);
    loop {
        epoll::wait(&connections.epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
                let connection = accept_with(&listener, flags)?;
                if let Next::Wait = on_ready(&connection)? {
                    connections.add(connection)?;
                }
            } else {
                let index = event.data.u64() as usize;
                let next = connections.sockets[index].as_ref().map(&mut on_ready);
                if let Some(Ok(Next::Close) | Err(_)) = next {
                    connections.close(index);
                }
            }
        }
    }
}

struct Connections {
    epoll: OwnedFd,
    sockets: Vec<Option<OwnedFd>>,
    vacant: Vec<usize>,
}

impl Connections {
    fn new() -> Result<Connections> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Connections { epoll, sockets: Vec::new(), vacant: Vec::new() })
    }

    fn add(&mut self, socket: OwnedFd) -> Result<()> {
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.sockets.push(None);
            self.sockets.len() - 1
        });
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        self.sockets[index] = Some(socket);
        Ok(())
    }

    fn close(&mut self, index: usize) {
        self.sockets[index] = None;
        self.vacant.push(index);
    }
}
