//! Connections of one byte each.

use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::net::sockopt::set_socket_linger;

use super::Lap;

pub(super) struct Short {
    address: String,
    connections: Vec<Option<TcpStream>>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

pub(super) fn begin(address: &str, connections: usize) -> Result<Short> {
    Ok(Short {
        address: address.into(),
        connections: (0..connections).map(|_| None).collect(),
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        events: Vec::with_capacity(connections),
    })
}

impl Short {
    /// Connecting to this machine does not wait, because the listener's backlog has room for all
    /// connections.
    fn connect(&mut self, index: usize) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        // A connection closed with a reset leaves no port in TIME_WAIT.
        set_socket_linger(stream.as_fd(), Some(Duration::ZERO))?;
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::RDHUP)?;
        stream.write_all(b"1")?;
        self.connections[index] = Some(stream);
        Ok(())
    }
}

impl Lap for Short {
    fn run(&mut self, length: Duration) -> Result<usize> {
        let began = Instant::now();
        let mut in_flight = self.connections.len();
        (0..in_flight).try_for_each(|index| self.connect(index))?;
        let mut answered = 0;
        while in_flight > 0 {
            epoll::wait(&self.epoll, spare_capacity(&mut self.events), None)?;
            let is_over = began.elapsed() >= length;
            for event in std::mem::take(&mut self.events) {
                let index = event.data.u64() as usize;
                let stream = self.connections[index].take();
                let ended = stream.map(|mut stream| stream.read(&mut [0]));
                assert!(matches!(ended, Some(Ok(0))), "the server closes the connection");
                answered += 1;
                if is_over {
                    in_flight -= 1;
                } else {
                    self.connect(index)?;
                }
            }
            self.events.reserve(self.connections.len());
        }
        Ok(answered)
    }
}
