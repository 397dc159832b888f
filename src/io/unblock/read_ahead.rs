//! [`ReadAhead`]: the chunks that were requested from a reader, and those that have arrived.

use std::collections::VecDeque;
use std::io;

/// The size of the first chunk, in bytes.
const CHUNK_MIN: usize = 8 * 1024;
/// The size of the largest chunk, in bytes, unless the stream sets another one.
pub(super) const CHUNK_MAX: usize = 512 * 1024;

/// The maximum number of chunks that are requested, or have arrived and are not consumed.
const CHUNKS_MAX: usize = 3;

/// The chunks of a reader. The chunks themselves move between the task and the job. Their buffers
/// are used again as long as chunks come back full; a stream that waits for its reader or for its
/// source has no buffer but those of unread bytes.
pub(super) struct ReadAhead {
    /// The number of reads that were pushed and have not been answered.
    pub(super) pushed: usize,
    arrived: VecDeque<Arrived>,
    /// The size of the first chunk, and of the smallest one after a chunk that is not full.
    chunk_min: usize,
    chunk_size: usize,
    chunk_max: usize,
    /// The last chunk was filled, so more bytes are probably available at once.
    flows: bool,
    /// The last result of `poll_fill_buf`, bytes or the end, was not consumed.
    is_lent: bool,
    spares: Vec<Vec<u8>>,
}

/// The result of one read.
enum Arrived {
    /// A chunk; its unread bytes begin at the first index, and end before the second index.
    Bytes(Vec<u8>, usize, usize),
    End,
    Error(io::Error),
}

impl Default for ReadAhead {
    fn default() -> ReadAhead {
        ReadAhead {
            pushed: 0,
            arrived: VecDeque::new(),
            chunk_min: CHUNK_MIN,
            chunk_size: CHUNK_MIN,
            chunk_max: CHUNK_MAX,
            flows: false,
            is_lent: false,
            spares: Vec::new(),
        }
    }
}

impl ReadAhead {
    pub(super) fn on_read(&mut self, buffer: Vec<u8>, result: io::Result<usize>) {
        self.flows = matches!(result, Ok(filled) if filled == buffer.len());
        if self.flows {
            self.pushed -= 1;
            self.chunk_size = (2 * buffer.len()).min(self.chunk_max);
        } else {
            // The reads after this one were dropped.
            self.pushed = 0;
            self.spares = Vec::new();
            let filled = result.as_ref().map_or(0, |filled| filled.next_power_of_two());
            self.chunk_size = filled.clamp(self.chunk_min, self.chunk_size.max(self.chunk_min));
        }
        self.arrived.push_back(match result {
            Ok(0) => Arrived::End,
            Ok(filled) => {
                let filled = filled.min(buffer.len());
                Arrived::Bytes(without_rest(buffer, filled), 0, filled)
            }
            Err(error) => Arrived::Error(error),
        });
    }

    /// The number of bytes that have arrived and are unread.
    pub(super) fn unread(&self) -> usize {
        let unread = self.arrived.iter().map(|arrived| match arrived {
            Arrived::Bytes(_, from, to) => to - from,
            Arrived::End | Arrived::Error(_) => 0,
        });
        unread.sum()
    }

    /// Returns `true` if no read was pushed and nothing has arrived.
    pub(super) fn is_empty(&self) -> bool {
        self.pushed == 0 && self.arrived.is_empty()
    }

    /// Returns `true` if another chunk should be requested: the last chunk was filled, and there is
    /// room.
    pub(super) fn wants_more(&self) -> bool {
        self.flows && self.pushed + self.arrived.len() < CHUNKS_MAX
    }

    /// Drops the chunks that have arrived.
    pub(super) fn discard(&mut self) {
        self.arrived.clear();
        self.flows = false;
        self.is_lent = false;
        self.spares = Vec::new();
    }

    /// Sets the size of the first chunk, and the largest size.
    #[cfg(feature = "fs")]
    pub(super) fn set_chunk_sizes(&mut self, first: usize, max: usize) {
        self.chunk_min = first.min(max);
        self.chunk_size = self.chunk_min;
        self.chunk_max = max;
    }

    /// The largest size of a chunk.
    #[cfg(feature = "fs")]
    pub(super) fn chunk_max(&self) -> usize {
        self.chunk_max
    }

    /// Makes the unread bytes available to [`front`](ReadAhead::front), or consumes an end or an
    /// error. Returns `None` if nothing has arrived.
    pub(super) fn next_arrived(&mut self) -> Option<io::Result<()>> {
        match self.arrived.pop_front()? {
            bytes @ Arrived::Bytes(..) => {
                self.arrived.push_front(bytes);
                Some(Ok(()))
            }
            Arrived::End => Some(Ok(())),
            Arrived::Error(error) => Some(Err(error)),
        }
    }

    /// The unread bytes of the first chunk.
    pub(super) fn front(&self) -> &[u8] {
        match self.arrived.front() {
            Some(Arrived::Bytes(chunk, from, to)) => &chunk[*from..*to],
            Some(Arrived::End | Arrived::Error(_)) | None => &[],
        }
    }

    /// Records that [`front`](ReadAhead::front), which is empty at the end, is lent to the caller.
    pub(super) fn lend(&mut self) {
        self.is_lent = true;
    }

    /// Returns `true` if the front is still lent. The end is lent a second time only.
    pub(super) fn lend_again(&mut self) -> bool {
        let is_lent = self.is_lent;
        self.is_lent &= !self.front().is_empty();
        is_lent
    }

    /// Records that the caller has consumed what was lent, or does something else.
    pub(super) fn end_loan(&mut self) {
        self.is_lent = false;
    }

    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        let mut chunk = self.spares.pop().unwrap_or_default();
        chunk.resize(self.chunk_size, 0);
        chunk
    }

    /// Consumes bytes. Returns `true` if they were the last bytes of a chunk.
    pub(super) fn consume(&mut self, count: usize) -> bool {
        self.end_loan();
        let Some(Arrived::Bytes(_, from, to)) = self.arrived.front_mut() else {
            assert!(count == 0, "more bytes were consumed than were available");
            return false;
        };
        assert!(count <= *to - *from, "more bytes were consumed than were available");
        *from += count;
        if *from < *to {
            return false;
        }
        if let Some(Arrived::Bytes(chunk, ..)) = self.arrived.pop_front()
            && self.flows
        {
            self.spares.push(chunk);
        }
        true
    }
}

/// Frees the rest of a buffer that is mostly empty.
fn without_rest(mut buffer: Vec<u8>, filled: usize) -> Vec<u8> {
    if filled < buffer.len() / 2 {
        buffer.truncate(filled);
        buffer.shrink_to_fit();
    }
    buffer
}
