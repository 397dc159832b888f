//! Functions that can be called in another process by their names.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::encoding::{StackLimit, decode, encode_onto};
use super::function_call::Call;

/// A function with a name by which another process of the same program finds it.
///
/// Make the function a `static`, and pass it to [`init`](super::init).
///
/// ```
/// use aside::process_pool::Function;
///
/// fn digest(data: Vec<u8>) -> u64 {
///     data.iter().map(|&byte| u64::from(byte)).sum()
/// }
///
/// static DIGEST: Function<Vec<u8>, u64> = Function::new("digest", digest);
///
/// let call = DIGEST.call(vec![1, 2, 3]);
/// assert_eq!(call.name(), "digest");
/// ```
pub struct Function<A, R> {
    name: &'static str,
    body: fn(A) -> R,
}

/// A copy of the name and of the function's address.
impl<A, R> Clone for Function<A, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, R> Copy for Function<A, R> {}

impl<A, R> Function<A, R> {
    /// Makes a function with this name, which must be unique in the program. A function of several
    /// arguments takes them as a tuple.
    ///
    /// # Panics
    /// If the name has more than 65,535 bytes. In a `static` this is a compile-time error.
    pub const fn new(name: &'static str, body: fn(A) -> R) -> Function<A, R> {
        assert!(name.len() <= u16::MAX as usize, "the name of a function is too long");
        Function { name, body }
    }

    /// The name of the function.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Makes a call with these arguments, for an executor to run.
    pub fn call(&self, arguments: A) -> Call<A, R> {
        Call::new(self.name, arguments)
    }
}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The trait of functions that a worker runs on request. [`Function`] is the usual implementation.
pub trait Registered: Sync {
    /// The name by which requests find the function.
    fn name(&self) -> &str;

    /// Decodes the arguments, calls the function, and appends the encoded result to `reply`.
    ///
    /// # Errors
    /// [`BadArguments`](CallError::BadArguments) or [`BadResult`](CallError::BadResult).
    ///
    /// # Panics
    /// If the function panics.
    fn answer(&self, arguments: &[u8], reply: &mut Vec<u8>) -> Result<(), CallError>;
}

impl<A: DeserializeOwned, R: Serialize> Registered for Function<A, R> {
    fn name(&self) -> &str {
        self.name
    }

    fn answer(&self, arguments: &[u8], reply: &mut Vec<u8>) -> Result<(), CallError> {
        let arguments =
            decode(arguments, StackLimit::unknown()).map_err(CallError::BadArguments)?;
        let result = (self.body)(arguments);
        encode_onto(reply, &result, StackLimit::unknown()).map_err(CallError::BadResult)
    }
}

/// Finds a function by its name and calls it, as a worker does. Use it to send calls over a
/// transport of your own.
///
/// ```
/// use aside::process_pool::{Function, answer};
///
/// static DOUBLE: Function<u32, u32> = Function::new("double", |n| 2 * n);
///
/// // The caller encodes the arguments,
/// let call = DOUBLE.call(21);
/// let (name, arguments) = (call.name(), call.encode()?);
/// // another process calls the function,
/// let mut reply = Vec::new();
/// answer(&[&DOUBLE], name, &arguments, &mut reply)?;
/// // and the caller decodes the result.
/// assert_eq!(call.decode(&reply)?, 42);
/// # Ok::<(), aside::process_pool::CallError>(())
/// ```
///
/// # Errors
/// [`UnknownFunction`](CallError::UnknownFunction), and those of [`Registered::answer`].
///
/// # Panics
/// If the function panics.
pub fn answer(
    functions: &[&dyn Registered],
    name: &str,
    arguments: &[u8],
    reply: &mut Vec<u8>,
) -> Result<(), CallError> {
    match functions.iter().find(|function| function.name() == name) {
        Some(function) => function.answer(arguments, reply),
        None => Err(CallError::UnknownFunction(name.into())),
    }
}
