//! What is to happen on a connection, by its seed, which both ends know.

/// How a connection ends, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Both send all and end their writing, in any order, and read to the other's end.
    Whole,
    /// The client resets it when it has read so much.
    ClientResets(usize),
    /// The server resets it when it has read so much.
    ServerResets(usize),
    /// The client ends both directions when it has read so much.
    ClientShutsDown(usize),
    /// The client's future is dropped in the middle of whatever it does, after so many polls.
    ClientVanishes(usize),
    /// The server's future is.
    ServerVanishes(usize),
}

/// A connection, from beginning to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How many bytes the client sends, and the server.
    pub(crate) up: usize,
    pub(crate) down: usize,
    pub(crate) end: End,
    /// How much is read or written at a time.
    pub(crate) chunk: usize,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Plan {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut size = || match random.u8(..) {
            0..30 => 0,
            30..254 => random.usize(1..3000),
            // More than the system keeps for a connection that nobody reads.
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
        // In a hundred pieces at most.
        let chunk = random.usize(1..5000).max(up.max(down) / 100);
        Plan { seed, up, down, end, chunk }
    }

    /// What the client sends.
    pub(crate) fn upward(&self) -> Bytes {
        Bytes::new(self.seed, self.up)
    }

    /// What the server sends.
    pub(crate) fn downward(&self) -> Bytes {
        Bytes::new(!self.seed, self.down)
    }

    /// After how many bytes this end leaves, if it does so at a byte.
    pub(crate) fn client_leaves_after(&self) -> Option<usize> {
        match self.end {
            End::ClientResets(after) | End::ClientShutsDown(after) => Some(after),
            End::Whole | End::ServerResets(_) | End::ClientVanishes(_) | End::ServerVanishes(_) => {
                None
            }
        }
    }

    /// The same for the server.
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

/// The bytes of a seed, which nobody has to keep: the sender makes them, and the receiver makes
/// them again.
pub(crate) struct Bytes {
    seed: u64,
    at: usize,
    length: usize,
}

impl Bytes {
    pub(crate) fn new(seed: u64, length: usize) -> Bytes {
        // Neighbours among the seeds share no bytes.
        Bytes { seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), at: 0, length }
    }

    /// The byte at a place.
    fn byte(&self, at: usize) -> u8 {
        let mixed = (self.seed ^ at as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed >> 56) as u8
    }

    /// How many are still to come.
    pub(crate) fn left(&self) -> usize {
        self.length - self.at
    }

    /// How many have come.
    pub(crate) fn passed(&self) -> usize {
        self.at
    }

    /// Writes the next ones over a buffer's beginning, and gives that.
    pub(crate) fn peek<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        let length = buffer.len().min(self.left());
        for (place, byte) in buffer[..length].iter_mut().enumerate() {
            *byte = self.byte(self.at + place);
        }
        &buffer[..length]
    }

    /// Goes on by so many.
    pub(crate) fn pass(&mut self, length: usize) {
        self.at += length;
    }

    /// Asserts that these are the next ones, and goes on.
    pub(crate) fn assert_next(&mut self, received: &[u8]) {
        assert!(received.len() <= self.left(), "seed {}: more than was sent", self.seed);
        let right = |(place, &byte): (usize, &u8)| byte == self.byte(self.at + place);
        assert!(received.iter().enumerate().all(right), "seed {}: at {}", self.seed, self.at);
        self.at += received.len();
    }
}
