//! P59: a runtime or a pool that was created before a fork returns errors in the child and never
//! hangs. A new runtime or pool that is created in the child works.
//!
//! Each test is a function that forks. The tests run one after the other in this process. The
//! child's exit status shows the parent whether the child's assertions held.
#![allow(clippy::unwrap_used)]

#[cfg(unix)]
mod unix;

#[cfg(unix)]
fn main() {
    unix::run();
}

#[cfg(not(unix))]
fn main() {}
