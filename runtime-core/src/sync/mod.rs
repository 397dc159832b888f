//! The sync facade: the one module from which threads, mutexes, atomics and channels are taken.
//!
//! In a build, these are the types of parking_lot, crossbeam-channel and std, re-exported by
//! `native`. Under `--cfg runtime_loom` they are the models of these types in the module `loom`,
//! built from [loom](https://docs.rs/loom)'s types. All other source is the same in a build and in
//! a model, so the models check the source that ships. Two rules make sure of it:
//!
//! - the native side contains no logic, except for `wide_atomic`, on processors that lack 64-bit
//!   atomics, and
//! - the model side is never stronger than the types it stands for. Its channel orders a send
//!   before the receive of the same message, and nothing else. Its timed waits expire whenever an
//!   injector lets time pass. Its threads may wake spuriously or fail to start.
//!
//! `Arc` is std's on both sides. loom sees no ordering through the reference count, so a model can
//! only be stricter than the machine.

pub mod counter;
#[cfg(all(not(runtime_loom), any(test, not(target_has_atomic = "64"))))]
// Where the processor has 64-bit atomics, only its tests use the module.
#[cfg_attr(target_has_atomic = "64", allow(unreachable_pub))]
mod wide_atomic;

/// A cell that is written once and then only read, so loom need not see it.
pub use std::sync::OnceLock;

#[cfg(not(runtime_loom))]
mod native;
#[cfg(not(runtime_loom))]
pub use self::native::*;

#[cfg(runtime_loom)]
mod loom;
#[cfg(runtime_loom)]
pub use self::loom::*;

/// Declares a thread-local value that is made by a constant expression and never destroyed.
///
/// The value can therefore be accessed while other thread-locals of the thread are destroyed. A
/// value that is stored in it must be taken out before the thread ends, or it is leaked.
#[cfg(not(runtime_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        ::std::thread_local! {
            $(#[$attr])*
            $vis static $name: ::std::mem::ManuallyDrop<$type> =
                const { ::std::mem::ManuallyDrop::new($init) };
        }
    };
}

/// Declares a thread-local value of a model's threads.
#[cfg(runtime_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        $crate::sync::thread_local! {
            $(#[$attr])*
            $vis static $name: ::std::mem::ManuallyDrop<$type> =
                ::std::mem::ManuallyDrop::new($init)
        }
    };
}

pub use crate::thread_local_const;
