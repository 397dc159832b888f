//! Requests and answers over connections that stay open.

use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self, UnixStream};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::{HELLO, Lap, Load, PER_ADDRESS};

/// The size of the read buffer. No answer is longer.
const BUFFER: usize = 16 * 1024;
const EVENTS_MAX: usize = 1_024;

pub(super) struct Exchange {
    request: &'static [u8],
    /// The number of bytes of an answer.
    answer: usize,
    connections: Vec<Connection>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
}

struct Connection {
    socket: OwnedFd,
    /// The number of bytes of the answer that have arrived.
    received: usize,
}

/// Makes the connections one after the other. Each one sends a request and receives the answer
/// before the next one is made, so that the listener's backlog is never full.
pub(super) fn connect(
    load: Load,
    address: &str,
    connections: usize,
    request: &'static [u8],
) -> Result<Exchange> {
    let mut exchange = Exchange {
        request,
        answer: 0,
        connections: Vec::with_capacity(connections),
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        events: Vec::with_capacity(EVENTS_MAX),
        buffer: vec![0; BUFFER],
    };
    for index in 0..connections {
        let socket = open(load, address, index)?;
        send(&socket, request, SendFlags::empty())?;
        exchange.answer = match load {
            Load::Http => exchange.receive_until_hello(&socket)?,
            Load::Tcp | Load::Unix | Load::Udp | Load::Short | Load::Bulk => {
                exchange.receive_all(&socket, request.len())?
            }
        };
        exchange.add(socket)?;
    }
    Ok(exchange)
}

fn open(load: Load, address: &str, index: usize) -> Result<OwnedFd> {
    Ok(match load {
        Load::Unix => {
            let address = net::SocketAddr::from_abstract_name(address)?;
            UnixStream::connect_addr(&address)?.into()
        }
        Load::Udp => {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(address)?;
            socket.into()
        }
        Load::Tcp | Load::Http | Load::Short | Load::Bulk => {
            let stream = TcpStream::connect(address_of(address, index)?)?;
            stream.set_nodelay(true)?;
            stream.into()
        }
    })
}

/// Returns the server's address for this connection.
fn address_of(address: &str, index: usize) -> Result<SocketAddrV4> {
    let mut address: SocketAddrV4 = address.parse().map_err(Error::other)?;
    let offset = (index / PER_ADDRESS) as u32;
    address.set_ip(Ipv4Addr::from_bits(address.ip().to_bits() + offset));
    Ok(address)
}

impl Exchange {
    fn add(&mut self, socket: OwnedFd) -> Result<()> {
        let index = epoll::EventData::new_u64(self.connections.len() as u64);
        epoll::add(&self.epoll, &socket, index, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        self.connections.push(Connection { socket, received: 0 });
        Ok(())
    }

    fn receive_all(&mut self, socket: &OwnedFd, length: usize) -> Result<usize> {
        let mut received = 0;
        while received < length {
            received += self.receive(socket, received)?;
        }
        Ok(length)
    }

    /// The heads of all answers have the same length, so all answers have this length.
    fn receive_until_hello(&mut self, socket: &OwnedFd) -> Result<usize> {
        let mut received = 0;
        while !self.buffer[..received].ends_with(HELLO.as_bytes()) {
            received += self.receive(socket, received)?;
        }
        Ok(received)
    }

    fn receive(&mut self, socket: &OwnedFd, from: usize) -> Result<usize> {
        match recv(socket, &mut self.buffer[from..], RecvFlags::empty())? {
            (0, _) => Err(Error::new(ErrorKind::UnexpectedEof, "the server has hung up")),
            (count, _) => Ok(count),
        }
    }
}

impl Lap for Exchange {
    fn run(&mut self, length: Duration) -> Result<usize> {
        let began = Instant::now();
        for connection in &self.connections {
            send(&connection.socket, self.request, SendFlags::empty())?;
        }
        let mut in_flight = self.connections.len();
        let mut answered = 0;
        while in_flight > 0 {
            epoll::wait(&self.epoll, spare_capacity(&mut self.events), None)?;
            let is_over = began.elapsed() >= length;
            for event in self.events.drain(..) {
                let connection = &mut self.connections[event.data.u64() as usize];
                let (count, _) =
                    recv(&connection.socket, &mut self.buffer[..], RecvFlags::DONTWAIT)?;
                connection.received += count;
                if count > 0 && connection.received < self.answer {
                    continue;
                }
                connection.received = 0;
                answered += 1;
                if is_over {
                    in_flight -= 1;
                } else {
                    send(&connection.socket, self.request, SendFlags::empty())?;
                }
            }
        }
        Ok(answered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_go_to_several_addresses() {
        let at = |index| address_of("127.0.0.1:7", index).expect("it is an address").to_string();
        let last = PER_ADDRESS - 1;
        assert_eq!([0, last, PER_ADDRESS].map(at), ["127.0.0.1:7", "127.0.0.1:7", "127.0.0.2:7"]);
        assert!(address_of("nowhere", 0).is_err());
    }
}
