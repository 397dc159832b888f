//! Encoding values as bytes, and decoding them.

use std::mem;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Appends the encoded value to `bytes`. On an error `bytes` is left empty.
pub(super) fn encode_onto<T: Serialize>(bytes: &mut Vec<u8>, value: &T) -> Result<(), Box<str>> {
    *bytes = postcard::to_extend(value, mem::take(bytes)).map_err(text)?;
    Ok(())
}

/// Decodes a value from all of these bytes.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<str>> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_value, rest)) => Err(format!("{} bytes are left over", rest.len()).into()),
        Err(error) => Err(text(error)),
    }
}

fn text(error: postcard::Error) -> Box<str> {
    error.to_string().into()
}
