//! What goes over the connection between a pool and one of its workers.
//!
//! The connection is a pair of connected Unix sockets; the worker's end is its standard input when it
//! starts, and is moved away before anything of the program's runs. Standard output and standard
//! error are no part of it.
//!
//! Everything is a frame. Numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the kind |
//! | 4 | the length of what follows |
//! | so many | the body |
//!
//! | kind | from | body |
//! |---|---|---|
//! | 1 hello | both, the pool first | 8 bytes `aside-pp`, 2 the version, 4 the longest body |
//! | 2 call | pool | 2 bytes length of the name, the name, the arguments |
//! | 3 result | worker | the result |
//! | 4 panicked | worker | the message |
//! | 5 unknown function | worker | nothing |
//! | 6 bad arguments | worker | why |
//! | 7 bad result | worker | why |
//! | 8 result too big | worker | 8 bytes: how long it would have been |
//!
//! Arguments and results are in [postcard](https://docs.rs/postcard)'s format, texts are UTF-8.
//!
//! 1. The pool says hello, then the worker does. The pool's hello says which body is the longest
//!    that either may send.
//! 2. The pool calls, the worker answers once, and so on: at no time are there two calls on a connection.
//! 3. The pool shuts its sending side: the worker exits. If the pool closes the socket, which its
//!    death does too, the worker is killed by its own watcher, whatever it is doing.

use std::fmt;

/// The bytes before the body.
pub(super) const HEADER: usize = 5;

const MAGIC: &[u8; 8] = b"aside-pp";
/// Goes up with every change of what is written above.
const VERSION: u16 = 1;
/// The body of a hello.
pub(super) const HELLO_BODY: u32 = 14;
/// The longest text; what is longer is cut. Such a body is allowed whatever the limit is.
pub(super) const TEXT_MAX: u32 = 16 * 1024;

/// How much is asked of the socket at a time.
const CHUNK: usize = 16 * 1024;
/// A buffer that has grown beyond this is given back after the frame.
pub(super) const KEPT: usize = 1024 * 1024;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Hello = 1,
    Call = 2,
    Result = 3,
    Panicked = 4,
    UnknownFunction = 5,
    BadArguments = 6,
    BadResult = 7,
    ResultTooBig = 8,
}

impl FrameKind {
    const ALL: [FrameKind; 8] = [
        FrameKind::Hello,
        FrameKind::Call,
        FrameKind::Result,
        FrameKind::Panicked,
        FrameKind::UnknownFunction,
        FrameKind::BadArguments,
        FrameKind::BadResult,
        FrameKind::ResultTooBig,
    ];

    fn of(byte: u8) -> Option<FrameKind> {
        FrameKind::ALL.into_iter().find(|&kind| kind as u8 == byte)
    }
}

/// Why bytes are no frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    UnknownKind(u8),
    TooLong {
        bytes: u32,
        max: u32,
    },
    /// There is more after the frame, and only one was due.
    Trailing,
    NoHello,
    Version(u16),
    NoCall,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::UnknownKind(byte) => write!(f, "no frame is of kind {byte}"),
            FrameError::TooLong { bytes, max } => {
                write!(f, "a frame of {bytes} bytes, and {max} are allowed")
            }
            FrameError::Trailing => f.write_str("there is more than one frame"),
            FrameError::NoHello => f.write_str("it does not say hello"),
            FrameError::Version(version) => {
                write!(f, "it speaks version {version} of the protocol, not {VERSION}")
            }
            FrameError::NoCall => f.write_str("the call has no name"),
        }
    }
}

/// Begins a frame in `frame`, which is emptied: the body is to be appended, then [`finish`] called.
pub(super) fn begin(frame: &mut Vec<u8>, kind: FrameKind) {
    frame.clear();
    frame.extend([kind as u8, 0, 0, 0, 0]);
}

/// Writes the length of a frame whose body is complete, or says how long the body is if that is too
/// long.
pub(super) fn finish(frame: &mut [u8], body_max: u32) -> Result<(), u64> {
    let bytes = frame.len() - HEADER;
    let length = u32::try_from(bytes).ok().filter(|&length| length <= body_max);
    let length = length.ok_or(bytes as u64)?;
    frame[1..HEADER].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// A whole frame with a short body.
pub(super) fn short(kind: FrameKind, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + body.len());
    begin(&mut frame, kind);
    frame.extend(body);
    finish(&mut frame, u32::MAX).expect("a short body is shorter than 4 GiB");
    frame
}

/// A whole frame with a text, which is cut if it is too long.
pub(super) fn text(kind: FrameKind, text: &str) -> Vec<u8> {
    short(kind, &text.as_bytes()[..text.len().min(TEXT_MAX as usize)])
}

/// Step 1.
pub(super) fn hello(body_max: u32) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + HELLO_BODY as usize);
    begin(&mut frame, FrameKind::Hello);
    frame.extend(MAGIC);
    frame.extend(VERSION.to_le_bytes());
    frame.extend(body_max.to_le_bytes());
    finish(&mut frame, u32::MAX).expect("a hello has 14 bytes");
    frame
}

/// The longest body, out of the other side's hello.
pub(super) fn read_hello(kind: FrameKind, body: &[u8]) -> Result<u32, FrameError> {
    let body: &[u8; 14] = body.try_into().map_err(|_| FrameError::NoHello)?;
    let [magic @ .., v0, v1, m0, m1, m2, m3] = body;
    if kind != FrameKind::Hello || magic != MAGIC {
        return Err(FrameError::NoHello);
    }
    match u16::from_le_bytes([*v0, *v1]) {
        VERSION => Ok(u32::from_le_bytes([*m0, *m1, *m2, *m3])),
        version => Err(FrameError::Version(version)),
    }
}

/// Begins a call; the arguments are to be appended.
///
/// # Panics
/// If the name has more than 65,535 bytes.
pub(super) fn begin_call(frame: &mut Vec<u8>, name: &str) {
    begin(frame, FrameKind::Call);
    let length = u16::try_from(name.len()).expect("a function's name has at most 65,535 bytes");
    frame.extend(length.to_le_bytes());
    frame.extend(name.as_bytes());
}

/// Name and arguments of a call.
pub(super) fn read_call(kind: FrameKind, body: &[u8]) -> Result<(&str, &[u8]), FrameError> {
    let parts = || {
        let (length, rest) = body.split_first_chunk()?;
        let (name, arguments) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        Some((std::str::from_utf8(name).ok()?, arguments))
    };
    if kind == FrameKind::Call {
        parts().ok_or(FrameError::NoCall)
    } else {
        Err(FrameError::NoCall)
    }
}

/// Puts one frame together as its bytes come. It never reserves more than twice what has come, so a
/// length that is a lie costs nothing.
#[derive(Debug)]
pub(super) struct Assembler {
    /// Longer than what has come.
    buffer: Vec<u8>,
    filled: usize,
    body_max: u32,
}

impl Assembler {
    pub(super) fn new(body_max: u32) -> Assembler {
        Assembler { buffer: Vec::new(), filled: 0, body_max }
    }

    pub(super) fn allow(&mut self, body_max: u32) {
        self.body_max = body_max;
    }

    /// Where the next bytes are to be read to.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.buffer.len() == self.filled {
            self.buffer.resize((2 * self.filled).max(CHUNK), 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// So many have been read.
    pub(super) fn filled(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// The frame, once it is whole.
    pub(super) fn frame(&self) -> Result<Option<(FrameKind, &[u8])>, FrameError> {
        let Some((&[kind, l0, l1, l2, l3], rest)) =
            self.buffer[..self.filled].split_first_chunk::<HEADER>()
        else {
            return Ok(None);
        };
        let kind = FrameKind::of(kind).ok_or(FrameError::UnknownKind(kind))?;
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

    /// Ready for the next frame.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
        if self.buffer.len() > KEPT {
            self.buffer = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests;
