//! The frames that a pool and one of its workers exchange.
//!
//! The connection is a pair of connected Unix sockets. A worker starts with its end of the
//! connection as standard input. It moves this end to another descriptor before it runs any code of
//! the program. Standard output and standard error carry no frames.
//!
//! Every message is a frame. Numbers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | the kind |
//! | 4 | the length of the body |
//! | length | the body |
//!
//! | kind | sender | body |
//! |---|---|---|
//! | 1 hello | both, the pool first | 8 bytes `aside-pp`, 2 the version, 4 the longest body |
//! | 2 call | pool | 2 bytes length of the name, the name, the arguments |
//! | 3 result | worker | the result |
//! | 4 panicked | worker | the panic message |
//! | 5 unknown function | worker | empty |
//! | 6 bad arguments | worker | the reason |
//! | 7 bad result | worker | the reason |
//! | 8 result too big | worker | 8 bytes: the length of the result |
//!
//! Arguments and results are in [postcard](https://docs.rs/postcard)'s format; texts are UTF-8.
//!
//! - C1. The pool sends a hello, then the worker does. The pool's hello contains the length of the
//!   longest body that either side may send.
//! - C2. The pool sends a call, the worker sends one reply, and so on. No two calls are under way
//!   on one connection at the same time.
//! - C3. The pool shuts down its sending side, and the worker exits. If the pool closes the socket,
//!   for example because its process dies, the worker's watcher thread kills the worker at once.

use std::fmt;

/// The length of a header: kind and length.
pub(super) const HEADER: usize = 5;

const MAGIC: &[u8; 8] = b"aside-pp";
/// Incremented with every change of the protocol.
const VERSION: u16 = 1;
/// The length of a hello's body.
pub(super) const HELLO_BODY: u32 = 14;
/// The length of the longest text. Longer texts are cut. A body of this length is allowed, however
/// small the limit on bodies is.
pub(super) const TEXT_MAX: u32 = 16 * 1024;

/// The number of bytes requested from the socket by one read.
const CHUNK: usize = 16 * 1024;
/// The maximum capacity of a buffer that is kept after its frame. A larger buffer is freed.
pub(super) const KEPT: usize = 1024 * 1024;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameTag {
    Hello = 1,
    Call = 2,
    Result = 3,
    Panicked = 4,
    UnknownFunction = 5,
    BadArguments = 6,
    BadResult = 7,
    ResultTooBig = 8,
}

impl FrameTag {
    const ALL: [FrameTag; 8] = [
        FrameTag::Hello,
        FrameTag::Call,
        FrameTag::Result,
        FrameTag::Panicked,
        FrameTag::UnknownFunction,
        FrameTag::BadArguments,
        FrameTag::BadResult,
        FrameTag::ResultTooBig,
    ];

    fn from_byte(byte: u8) -> Option<FrameTag> {
        FrameTag::ALL.into_iter().find(|&kind| kind as u8 == byte)
    }
}

/// The reason why bytes are not a valid frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    UnknownKind(u8),
    TooLong {
        bytes: u32,
        max: u32,
    },
    /// Bytes follow the frame, although only one frame was expected.
    Trailing,
    NoHello,
    Version(u16),
    NoCall,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::UnknownKind(byte) => write!(f, "no frame has kind {byte}"),
            FrameError::TooLong { bytes, max } => {
                write!(f, "a frame of {bytes} bytes, where {max} are allowed")
            }
            FrameError::Trailing => f.write_str("bytes follow the frame"),
            FrameError::NoHello => f.write_str("the first frame is no hello"),
            FrameError::Version(version) => {
                write!(f, "the other side uses version {version} of the protocol, not {VERSION}")
            }
            FrameError::NoCall => f.write_str("the call has no name"),
        }
    }
}

/// Clears `frame` and begins a frame in it. The caller appends the body and calls [`finish`].
pub(super) fn begin(frame: &mut Vec<u8>, kind: FrameTag) {
    frame.clear();
    frame.extend([kind as u8, 0, 0, 0, 0]);
}

/// Writes the length of the complete body into the header.
///
/// # Errors
/// The length of the body, if it exceeds `body_max`.
pub(super) fn finish(frame: &mut [u8], body_max: u32) -> Result<(), u64> {
    let bytes = frame.len() - HEADER;
    let length = u32::try_from(bytes).ok().filter(|&length| length <= body_max);
    let length = length.ok_or(bytes as u64)?;
    frame[1..HEADER].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Makes a frame with a short body.
pub(super) fn short(kind: FrameTag, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + body.len());
    begin(&mut frame, kind);
    frame.extend(body);
    finish(&mut frame, u32::MAX).expect("a short body is shorter than 4 GiB");
    frame
}

/// Makes a frame with a text, which is cut at [`TEXT_MAX`] bytes.
pub(super) fn text(kind: FrameTag, text: &str) -> Vec<u8> {
    short(kind, &text.as_bytes()[..text.len().min(TEXT_MAX as usize)])
}

/// Makes the hello of step C1.
pub(super) fn hello(body_max: u32) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + HELLO_BODY as usize);
    begin(&mut frame, FrameTag::Hello);
    frame.extend(MAGIC);
    frame.extend(VERSION.to_le_bytes());
    frame.extend(body_max.to_le_bytes());
    finish(&mut frame, u32::MAX).expect("a hello has 14 bytes");
    frame
}

/// Reads the length of the longest body from the other side's hello.
pub(super) fn read_hello(kind: FrameTag, body: &[u8]) -> Result<u32, FrameError> {
    let body: &[u8; 14] = body.try_into().map_err(|_| FrameError::NoHello)?;
    let [magic @ .., v0, v1, m0, m1, m2, m3] = body;
    if kind != FrameTag::Hello || magic != MAGIC {
        return Err(FrameError::NoHello);
    }
    match u16::from_le_bytes([*v0, *v1]) {
        VERSION => Ok(u32::from_le_bytes([*m0, *m1, *m2, *m3])),
        version => Err(FrameError::Version(version)),
    }
}

/// Begins a call in `frame`. The caller appends the arguments and calls [`finish`].
///
/// # Panics
/// If the name has more than 65,535 bytes.
pub(super) fn begin_call(frame: &mut Vec<u8>, name: &str) {
    begin(frame, FrameTag::Call);
    let length = u16::try_from(name.len()).expect("a function's name has at most 65,535 bytes");
    frame.extend(length.to_le_bytes());
    frame.extend(name.as_bytes());
}

/// Splits a call into name and arguments.
pub(super) fn read_call(kind: FrameTag, body: &[u8]) -> Result<(&str, &[u8]), FrameError> {
    let parts = || {
        let (length, rest) = body.split_first_chunk()?;
        let (name, arguments) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        Some((std::str::from_utf8(name).ok()?, arguments))
    };
    if kind == FrameTag::Call { parts().ok_or(FrameError::NoCall) } else { Err(FrameError::NoCall) }
}

/// Assembles one frame from the bytes received. The buffer is never longer than one [`CHUNK`], or
/// twice the received bytes, so a false length in a header allocates nothing.
#[derive(Debug)]
pub(super) struct FrameAssembler {
    /// Received bytes, and room for more.
    buffer: Vec<u8>,
    /// The number of received bytes.
    filled: usize,
    body_max: u32,
}

impl FrameAssembler {
    pub(super) fn new(body_max: u32) -> FrameAssembler {
        FrameAssembler { buffer: Vec::new(), filled: 0, body_max }
    }

    /// Sets the length of the longest body.
    pub(super) fn allow(&mut self, body_max: u32) {
        self.body_max = body_max;
    }

    /// Returns room for the next bytes.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.buffer.len() == self.filled {
            self.buffer.resize((2 * self.filled).max(CHUNK), 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Records that `bytes` bytes have been read into the [`room`](FrameAssembler::room).
    pub(super) fn filled(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// Returns the frame once it is complete.
    ///
    /// # Errors
    /// An error, if the bytes received are not a valid frame.
    pub(super) fn frame(&self) -> Result<Option<(FrameTag, &[u8])>, FrameError> {
        let Some((&[kind, l0, l1, l2, l3], rest)) =
            self.buffer[..self.filled].split_first_chunk::<HEADER>()
        else {
            return Ok(None);
        };
        let kind = FrameTag::from_byte(kind).ok_or(FrameError::UnknownKind(kind))?;
        let bytes = u32::from_le_bytes([l0, l1, l2, l3]);
        if bytes > self.body_max {
            return Err(FrameError::TooLong { bytes, max: self.body_max });
        }
        match rest.len().cmp(&(bytes as usize)) {
            std::cmp::Ordering::Less => Ok(None),
            std::cmp::Ordering::Equal => Ok(Some((kind, rest))),
            std::cmp::Ordering::Greater => Err(FrameError::Trailing),
        }
    }

    /// Discards the frame, to receive the next one.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
        if self.buffer.len() > KEPT {
            self.buffer = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests;
