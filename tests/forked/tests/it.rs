//! P59: a runtime or a pool in a forked child returns errors and never hangs; one created in the
//! child works.
//!
//! Each test is a function that forks, one after the other in this process. The parent checks the
//! child's assertions by its exit status.
#![allow(clippy::unwrap_used)]

#[cfg(unix)]
mod unix;

#[cfg(unix)]
fn main() {
    unix::run();
}

#[cfg(not(unix))]
fn main() {}
