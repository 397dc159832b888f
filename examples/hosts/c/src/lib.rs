//! A C interface of aside: blocking calls and timers in the event loop of a C program.
//!
//! `aside.h` is the documentation for C. The program in `founding.c` waits for its own descriptors
//! and for that of the runtime, and turns the runtime. The program in `check.c` tests the promises
//! of the header.
//!
//! The two borders are files of their own, and all unsafe code is in them: [`exports`] has the
//! functions that C calls, and [`callback`] calls the functions of C. Runtimes and operations are
//! numbers for C, so that no number that C passes in can break memory safety ([`registry`]). No
//! panic crosses a border ([`failure`]).

pub mod callback;
pub mod exports;
pub mod failure;
pub mod hosted;
pub mod registry;
