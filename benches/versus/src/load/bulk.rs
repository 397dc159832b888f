//! A bulk transfer over one connection.

use std::io::{Read, Result, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::Lap;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const BLOCK: usize = 64 * KIB;
/// The number of bytes sent in one lap. A lap shorter than 200 ms sends [`SHORT_LAP`] instead.
const LAP: usize = 1024 * MIB;
const SHORT_LAP: usize = 32 * MIB;

pub(super) struct Bulk {
    address: String,
}

pub(super) fn begin(address: &str) -> Result<Bulk> {
    Ok(Bulk { address: address.into() })
}

impl Lap for Bulk {
    /// The lap ends when the server has read all bytes and has closed its side of the connection.
    fn run(&mut self, length: Duration) -> Result<usize> {
        let size = if length < Duration::from_millis(200) { SHORT_LAP } else { LAP };
        let mut stream = TcpStream::connect(&self.address)?;
        let block = vec![7; BLOCK];
        for _ in 0..size / BLOCK {
            stream.write_all(&block)?;
        }
        stream.shutdown(Shutdown::Write)?;
        let left = stream.read(&mut [0])?;
        assert_eq!(left, 0, "the server reads, and sends nothing");
        Ok(size / KIB)
    }
}
