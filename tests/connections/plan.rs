//! The plan of a connection. It is derived from a seed that both ends of the connection know.

/// The way in which a connection ends, and the side that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Both ends send everything, shut down writing in any order, and read to the end.
    Whole,
    /// The client resets the connection after reading this many bytes.
    ClientResets(usize),
    /// The server resets the connection after reading this many bytes.
    ServerResets(usize),
    /// The client shuts down both directions after reading this many bytes.
    ClientShutsDown(usize),
    /// The client's future is dropped after this many polls.
    ClientVanishes(usize),
    /// The server's future is dropped after this many polls.
    ServerVanishes(usize),
}

/// The plan of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// The number of bytes that the client sends.
    pub(crate) up: usize,
    /// The number of bytes that the server sends.
    pub(crate) down: usize,
    pub(crate) end: End,
    /// The number of bytes per read or write.
    pub(crate) chunk: usize,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Plan {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut size = || match random.u8(..) {
            0..30 => 0,
            30..254 => random.usize(1..3000),
            // Some of these sizes exceed what the kernel buffers for a connection without a reader.
            254.. => random.usize(3000..400_000),
        };
        let (up, down) = (size(), size());
        let end = match random.u8(0..16) {
            0 => End::ClientResets(random.usize(0..=down)),
            1 => End::ServerResets(random.usize(0..=up)),
            2 => End::ClientShutsDown(random.usize(0..=down)),
            3 => End::ClientVanishes(random.usize(1..8)),
            4 => End::ServerVanishes(random.usize(1..8)),
            _ => End::Whole,
        };
        // This size divides the data into at most about a hundred chunks.
        let chunk = random.usize(1..5000).max(up.max(down) / 100);
        Plan { seed, up, down, end, chunk }
    }

    /// Returns the bytes that the client sends.
    pub(crate) fn upward(&self) -> Bytes {
        Bytes::new(self.seed, self.up)
    }

    /// Returns the bytes that the server sends.
    pub(crate) fn downward(&self) -> Bytes {
        Bytes::new(!self.seed, self.down)
    }

    /// Returns the number of bytes that the client reads before it leaves, or `None` if the plan
    /// has no such number.
    pub(crate) fn client_leaves_after(&self) -> Option<usize> {
        match self.end {
            End::ClientResets(after) | End::ClientShutsDown(after) => Some(after),
            End::Whole | End::ServerResets(_) | End::ClientVanishes(_) | End::ServerVanishes(_) => {
                None
            }
        }
    }

    /// Returns the number of bytes that the server reads before it leaves, or `None` if the plan
    /// has no such number.
    pub(crate) fn server_leaves_after(&self) -> Option<usize> {
        match self.end {
            End::ServerResets(after) => Some(after),
            End::Whole
            | End::ClientResets(_)
            | End::ClientShutsDown(_)
            | End::ClientVanishes(_)
            | End::ServerVanishes(_) => None,
        }
    }
}

/// Pseudo-random bytes of a seed. Both the sender and the receiver generate them, so neither end
/// stores them.
pub(crate) struct Bytes {
    seed: u64,
    at: usize,
    length: usize,
}

impl Bytes {
    pub(crate) fn new(seed: u64, length: usize) -> Bytes {
        // Neighbouring seeds give unrelated bytes.
        Bytes { seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), at: 0, length }
    }

    /// Returns the byte at a position.
    fn byte(&self, at: usize) -> u8 {
        let mixed = (self.seed ^ at as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed >> 56) as u8
    }

    /// Returns the number of remaining bytes.
    pub(crate) fn left(&self) -> usize {
        self.length - self.at
    }

    /// Returns the number of bytes that have been passed.
    pub(crate) fn passed(&self) -> usize {
        self.at
    }

    /// Writes the next bytes to the beginning of a buffer, and returns that part.
    pub(crate) fn peek<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        let length = buffer.len().min(self.left());
        for (place, byte) in buffer[..length].iter_mut().enumerate() {
            *byte = self.byte(self.at + place);
        }
        &buffer[..length]
    }

    /// Advances by this many bytes.
    pub(crate) fn pass(&mut self, length: usize) {
        self.at += length;
    }

    /// Asserts that these are the next bytes, and advances.
    pub(crate) fn assert_next(&mut self, received: &[u8]) {
        assert!(received.len() <= self.left(), "seed {}: more than was sent", self.seed);
        let right = |(place, &byte): (usize, &u8)| byte == self.byte(self.at + place);
        assert!(received.iter().enumerate().all(right), "seed {}: at {}", self.seed, self.at);
        self.at += received.len();
    }
}
