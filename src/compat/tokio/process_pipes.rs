//! The traits for the pipes of `process`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::translate_read;
use crate::compat::write_traits::translate_write;
use crate::process::{ChildStderr, ChildStdin, ChildStdout};

/// A shutdown closes the pipe, so the child reaches the end of its input.
impl AsyncWrite for ChildStdin {
    translate_write!(|this| this, true);
}

impl AsyncRead for ChildStdout {
    translate_read!();
}

impl AsyncRead for ChildStderr {
    translate_read!();
}
