//! P59: what is left of a runtime and of a pool in a forked child says so, and never hangs; what is
//! made in the child works.
//!
//! Each test is a function that forks, one after the other in this process. What is asserted in
//! the child is asserted in the parent by the child's exit.
#![allow(clippy::unwrap_used)]

#[cfg(unix)]
mod unix;

#[cfg(unix)]
fn main() {
    unix::run();
}

#[cfg(not(unix))]
fn main() {}
