//! The sync facade in a model: the same names, built from [loom](https://docs.rs/loom)'s types.
//!
//! loom runs a closure again and again. Each run tries another interleaving of the closure's
//! threads, or another choice of the values that loads may read, until all have been tried. The
//! threads of a model are coroutines on one thread of the system. Data that loom does not have to
//! see (the contents of a channel's slot, the list of sleeping threads) is therefore kept behind a
//! std mutex. This mutex has no contention and orders nothing. No thread holds it during an
//! operation that loom sees, because another coroutine may run there.
//!
//! The model side has four parts that the native side lacks, for use by models alone:
//!
//! - [`explore()`] runs a model, and a [`Witness`](explore::Witness) counts what happened in it;
//! - [`injector`] lets time pass, wakes sleeping threads spuriously, and refuses to start threads;
//! - `mutation` breaks one operation of the source. The result is a mutant, on which the model must
//!   fail;
//! - `film` notes the operations of an execution, and writes those of a failing one to a file.
//!
//! The model side differs from the native side as follows.
//!
//! - It has fewer methods. Code that calls the missing methods cannot be part of a model.
//! - An atomic, a mutex or a channel is made inside a model: none can be a `static`.
//! - A panic in a thread ends the whole model; `join` does not return it. After a panic under a
//!   mutex, the next lock of that mutex panics.
//! - Compare-exchanges do not fail spuriously, and `SeqCst` is no stronger than `AcqRel`.
//! - A thread-local made by `thread_local_const!` cannot be accessed from another thread-local's
//!   destructor, because loom destroys all thread-locals of a thread at once. No thread-local that
//!   a model uses has a destructor that does this.
#![allow(clippy::disallowed_types, reason = "std's mutexes hold here what loom must not see")]

pub mod atomic;
pub mod channel;
mod execution;
pub mod explore;
mod film;
mod filmed;
pub mod injector;
mod mutation;
mod mutex;
mod slot;
pub mod thread;

pub use explore::explore;
#[doc(hidden)]
pub use loom::thread_local;
pub use mutex::{Mutex, MutexGuard, lock_unless};
