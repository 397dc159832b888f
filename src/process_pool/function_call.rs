//! [`Call`]: a description of a function call, which an executor carries out.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::encoding::{StackLimit, decode, encode_onto};

/// A call of a function: the function's name and the arguments. [`Function::call`] makes it.
///
/// It does nothing by itself: pass it to [`run_in_executor`](crate::run_in_executor).
///
/// [`Function::call`]: super::Function::call
#[must_use = "a call does nothing until an executor carries it out"]
pub struct Call<A, R> {
    function: &'static str,
    arguments: A,
    result: PhantomData<fn() -> R>,
}

impl<A, R> Call<A, R> {
    pub(super) fn new(function: &'static str, arguments: A) -> Call<A, R> {
        Call { function, arguments, result: PhantomData }
    }

    /// The name of the function.
    pub fn name(&self) -> &'static str {
        self.function
    }

    /// Encodes the arguments.
    ///
    /// # Errors
    /// [`BadArguments`](CallError::BadArguments) if they cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, CallError>
    where
        A: Serialize,
    {
        let mut bytes = Vec::new();
        self.encode_onto(&mut bytes, StackLimit::unknown())?;
        Ok(bytes)
    }

    /// Decodes the result.
    ///
    /// # Errors
    /// [`BadResult`](CallError::BadResult) if the bytes cannot be decoded as an `R`.
    pub fn decode(&self, bytes: &[u8]) -> Result<R, CallError>
    where
        R: DeserializeOwned,
    {
        self.decode_within(bytes, StackLimit::unknown())
    }

    pub(super) fn decode_within(&self, bytes: &[u8], stack: StackLimit) -> Result<R, CallError>
    where
        R: DeserializeOwned,
    {
        decode(bytes, stack).map_err(CallError::BadResult)
    }

    pub(super) fn encode_onto(
        &self,
        bytes: &mut Vec<u8>,
        stack: StackLimit,
    ) -> Result<(), CallError>
    where
        A: Serialize,
    {
        encode_onto(bytes, &self.arguments, stack).map_err(CallError::BadArguments)
    }
}

/// Shows the function's name only.
impl<A, R> fmt::Debug for Call<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("function", &self.function).finish_non_exhaustive()
    }
}
