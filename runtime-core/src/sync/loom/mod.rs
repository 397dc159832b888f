//! The facade in a model: the same names over [loom](https://docs.rs/loom)'s parts.
//!
//! loom runs a closure again and again, each time with another interleaving of its threads and
//! another choice of what each load may read, until none is left. All threads of a model are
//! coroutines on one thread of the system, so what is kept outside loom's sight (the contents of a
//! channel's slot, who sleeps) can be plain data behind a std mutex: it never contends, and it
//! orders nothing. Such a mutex is never held across an operation that loom sees, because there
//! another coroutine may take over.
//!
//! What the model side has beyond the native one, for models alone:
//!
//! - [`explore()`] runs a model, and the [`Witness`](explore::Witness) counts what it saw;
//! - [`injector`] lets time pass, wakes sleepers for no reason, and refuses to start threads;
//! - `mutation` breaks one operation of the shipped source, for a mutant that must fail.
//!
//! Where this side differs from the native one:
//!
//! - It has fewer methods. What does not compile here is not modelled.
//! - An atomic, a mutex or a channel is made inside a model: none can be a `static`.
//! - A panic in a thread ends the whole model instead of waiting in its join handle, and a panic
//!   under a mutex makes the next lock panic.
//! - Compare-exchanges do not fail spuriously, and `SeqCst` means no more than `AcqRel`.
//! - A thread-local made by `thread_local_const!` cannot be reached from another thread-local's
//!   destructor (loom ends them all at once, and `with` panics). No local of the facade's has one.
#![allow(clippy::disallowed_types, reason = "std's mutexes hold here what loom must not see")]

pub mod atomic;
pub mod channel;
pub mod explore;
pub mod injector;
mod mutation;
mod mutex;
pub mod thread;

pub use explore::explore;
pub use mutex::{Mutex, MutexGuard, lock_unless};

#[doc(hidden)]
pub use loom::thread_local as model_thread_local;

/// Declares a thread-local value of a model thread: the same declaration as on the native side.
#[macro_export]
#[doc(hidden)]
macro_rules! thread_local_const {
    ($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $init:expr) => {
        $crate::sync::model_thread_local! {
            $(#[$attr])*
            $vis static $name: ::std::mem::ManuallyDrop<$type> =
                ::std::mem::ManuallyDrop::new($init)
        }
    };
}
pub use crate::thread_local_const;
