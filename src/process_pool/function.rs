//! Functions that can be called in another process, by their names.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::encoding::{decode, encode_onto};
use super::function_call::Call;

/// A function with a name by which another process of the same program finds it.
///
/// Make it a `static`, and name it in [`init`](super::init).
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

impl<A, R> Function<A, R> {
    /// The function `body`, known as `name`. The name must be the only one of its kind in the
    /// program; several arguments are a tuple.
    ///
    /// # Panics
    /// If the name has more than 65,535 bytes; for a `static`, the compiler says so.
    pub const fn new(name: &'static str, body: fn(A) -> R) -> Function<A, R> {
        assert!(name.len() <= u16::MAX as usize, "the name of a function is too long");
        Function { name, body }
    }

    /// By which it is found.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A call of it with these arguments, for an executor of calls to carry out.
    pub fn call(&self, arguments: A) -> Call<A, R> {
        Call::new(self.name, arguments)
    }
}

impl<A, R> fmt::Debug for Function<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a worker can be asked for by name: mostly a [`Function`].
pub trait Registered: Sync {
    /// By which it is found.
    fn name(&self) -> &str;

    /// Decodes the arguments, calls, and appends the encoded result to `reply`.
    ///
    /// # Errors
    /// [`BadArguments`](CallError::BadArguments) or [`BadResult`](CallError::BadResult).
    ///
    /// # Panics
    /// If the function does.
    fn answer(&self, arguments: &[u8], reply: &mut Vec<u8>) -> Result<(), CallError>;
}

impl<A: DeserializeOwned, R: Serialize> Registered for Function<A, R> {
    fn name(&self) -> &str {
        self.name
    }

    fn answer(&self, arguments: &[u8], reply: &mut Vec<u8>) -> Result<(), CallError> {
        let arguments = decode(arguments).map_err(CallError::BadArguments)?;
        let result = (self.body)(arguments);
        encode_onto(reply, &result).map_err(CallError::BadResult)
    }
}

/// Finds a function by its name and has it answer: what a worker does, for whoever carries calls
/// to other places.
///
/// ```
/// use aside::process_pool::{Function, answer};
///
/// static DOUBLE: Function<u32, u32> = Function::new("double", |n| 2 * n);
///
/// // Here, where the call is made ...
/// let call = DOUBLE.call(21);
/// let (name, arguments) = (call.name(), call.encode()?);
/// // ... there, where it is carried out ...
/// let mut reply = Vec::new();
/// answer(&[&DOUBLE], name, &arguments, &mut reply)?;
/// // ... and here again.
/// assert_eq!(call.decode(&reply)?, 42);
/// # Ok::<(), aside::process_pool::CallError>(())
/// ```
///
/// # Errors
/// [`UnknownFunction`](CallError::UnknownFunction), and those of [`Registered::answer`].
///
/// # Panics
/// If the function does.
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
