//! The free memory of the machine, made ready before each cell.
//!
//! In a virtual machine the first touch of a page may cost twenty microseconds, because the host
//! must supply the page. The host takes free pages back after some time. So the first cell of a row
//! would pay for the pages of all cells after it.

use std::hint::black_box;

/// More than most cells use at a time.
const BYTES: usize = 256 << 20;
const PAGE: usize = 4096;

/// Touches pages and gives them back to the system, which hands them to the next process.
pub(crate) fn touch_pages() {
    let mut bytes = vec![0_u8; BYTES];
    bytes.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
    black_box(&bytes);
}
