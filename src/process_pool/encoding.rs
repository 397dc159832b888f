//! Values as bytes, and back.

use std::mem;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Appends a value to what is in `bytes`. If it fails, `bytes` is left empty.
pub(super) fn encode_onto<T: Serialize>(bytes: &mut Vec<u8>, value: &T) -> Result<(), Box<str>> {
    *bytes = postcard::to_extend(value, mem::take(bytes)).map_err(text)?;
    Ok(())
}

/// The value that these bytes are, all of them.
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
