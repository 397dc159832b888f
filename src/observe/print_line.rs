//! Lines on stderr.

use std::fmt;
use std::io::{self, Write};

/// Prints a line on stderr. If stderr cannot be written, the line is lost.
pub(crate) fn print_line(text: fmt::Arguments<'_>) {
    let _lost = writeln!(io::stderr(), "aside: {text}");
}
