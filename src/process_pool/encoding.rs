//! Encoding values as bytes, and decoding them, within a part of the thread's stack.
//!
//! serde encodes and decodes a recursive type by recursion, and postcard's format has no limit of
//! depth. A thread that overflows its stack aborts the process, which no code can prevent
//! afterwards. The depth that fits depends on the type and on the compiler, so no number of levels
//! would be right. Instead, each byte that is written or read checks how far the stack has grown.
//! Every level of a value that ends takes at least one byte: the byte that says whether another
//! level follows. The check is therefore made at every level.
//!
//! A value may have at most [`FREE_ELEMENTS`](super::element_limit::FREE_ELEMENTS) more elements
//! than bytes, so that bytes of a false length do not keep a thread busy for ever.

use std::cell::Cell;
use std::mem;

use postcard::de_flavors::{Flavor as Source, Slice};
use postcard::ser_flavors::Flavor as Destination;
use postcard::{Deserializer, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::element_limit::{ElementLimit, Limited};

/// The largest part of the stack that is left for the frames of one level and for the error.
const RESERVE_MAX: usize = 256 * 1024;

/// The part of the current thread's stack that encoding and decoding may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct StackLimit {
    /// An address near the beginning of the stack.
    base: usize,
    bytes_max: usize,
}

impl StackLimit {
    /// No limit, for threads whose stack is not known.
    pub(super) fn unknown() -> StackLimit {
        StackLimit { base: 0, bytes_max: usize::MAX }
    }

    /// The limit of the current thread, whose stack has `stack_bytes` bytes. The caller is near the
    /// beginning of the stack.
    pub(super) fn of_thread(stack_bytes: usize) -> StackLimit {
        let bytes_max = stack_bytes - RESERVE_MAX.min(stack_bytes / 2);
        StackLimit { base: address(), bytes_max }
    }

    #[inline]
    fn is_exceeded(self) -> bool {
        address().abs_diff(self.base) > self.bytes_max
    }

    fn text(self) -> Box<str> {
        format!("it is nested too deeply for {} bytes of stack", self.bytes_max).into()
    }
}

/// An address in the current frame of the stack.
#[inline]
fn address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

/// Appends the encoded value to `bytes`. On an error `bytes` is left empty.
pub(super) fn encode_onto<T: Serialize>(
    bytes: &mut Vec<u8>,
    value: &T,
    stack: StackLimit,
) -> std::result::Result<(), Box<str>> {
    let check = StackCheck::new(stack);
    let output = CheckedOutput { bytes: mem::take(bytes), stack: &check };
    match postcard::serialize_with_flavor(value, output) {
        Ok(encoded) => *bytes = encoded,
        Err(_) if check.has_failed.get() => return Err(stack.text()),
        Err(error) => return Err(text(error)),
    }
    Ok(())
}

/// Decodes a value from all of these bytes.
pub(super) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    stack: StackLimit,
) -> std::result::Result<T, Box<str>> {
    let check = StackCheck::new(stack);
    let input = CheckedInput { bytes: Slice::new(bytes), stack: &check };
    let mut decoder = Deserializer::from_flavor(input);
    let limit = ElementLimit::for_bytes(bytes.len());
    let value = T::deserialize(Limited::new(&mut decoder, &limit));
    match value.and_then(|value| Ok((value, decoder.finalize()?))) {
        Ok((value, [])) => Ok(value),
        Ok((_value, rest)) => Err(format!("{} bytes are left over", rest.len()).into()),
        Err(_) if check.has_failed.get() => Err(stack.text()),
        Err(_) if limit.is_exceeded() => Err("it has too many elements that take no bytes".into()),
        Err(error) => Err(text(error)),
    }
}

fn text(error: Error) -> Box<str> {
    error.to_string().into()
}

/// The check of the stack during one encoding or decoding.
struct StackCheck {
    stack: StackLimit,
    has_failed: Cell<bool>,
}

impl StackCheck {
    fn new(stack: StackLimit) -> StackCheck {
        StackCheck { stack, has_failed: Cell::new(false) }
    }

    /// Returns `error`, which stops postcard, if the stack has grown beyond its limit.
    #[inline]
    fn check(&self, error: Error) -> Result<()> {
        if self.stack.is_exceeded() {
            self.has_failed.set(true);
            return Err(error);
        }
        Ok(())
    }
}

/// Encoded bytes. Each byte that is added checks the stack.
struct CheckedOutput<'call> {
    bytes: Vec<u8>,
    stack: &'call StackCheck,
}

impl Destination for CheckedOutput<'_> {
    type Output = Vec<u8>;

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.stack.check(Error::SerializeBufferFull)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, byte: u8) -> Result<()> {
        self.stack.check(Error::SerializeBufferFull)?;
        self.bytes.push(byte);
        Ok(())
    }

    fn finalize(self) -> Result<Vec<u8>> {
        Ok(self.bytes)
    }
}

/// Bytes to decode. Each read checks the stack.
struct CheckedInput<'call> {
    bytes: Slice<'call>,
    stack: &'call StackCheck,
}

impl<'call> Source<'call> for CheckedInput<'call> {
    type Remainder = &'call [u8];
    type Source = &'call [u8];

    #[inline]
    fn pop(&mut self) -> Result<u8> {
        self.stack.check(Error::DeserializeUnexpectedEnd)?;
        self.bytes.pop()
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.bytes.size_hint()
    }

    #[inline]
    fn try_take_n(&mut self, bytes: usize) -> Result<&'call [u8]> {
        self.stack.check(Error::DeserializeUnexpectedEnd)?;
        self.bytes.try_take_n(bytes)
    }

    fn finalize(self) -> Result<&'call [u8]> {
        self.bytes.finalize()
    }
}

#[cfg(test)]
mod tests;
