//! Atomics that loom sees and that a mutation can weaken.
//!
//! Each load performs two steps that loom sees: a read-modify-write of a second word, and the load
//! itself. The reason is that loom remembers only the last access to each object, and treats loads
//! as independent of each other. Suppose one thread loads, and another thread loads and then
//! writes. The second thread's own load then hides that its write races with the first thread's
//! load. So half of the executions are never tried (loom#166, loom#392). The second word makes
//! loads dependent on each other, so no race is hidden. The access to it is Relaxed and orders
//! nothing.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

pub use std::sync::atomic::Ordering;

use super::mutation::{self, Mutation};

/// The ordering that an operation has under a mutation. Under `Split` and `Lose`, only loads use
/// this ordering.
fn weakened(mutation: Mutation, order: Ordering) -> Ordering {
    match mutation {
        Mutation::Relaxed | Mutation::Split | Mutation::Lose => Relaxed,
        Mutation::Acquire => of_load(order),
        Mutation::Release => of_store(order),
    }
}

/// The part of an ordering that the load of a split read-modify-write keeps.
fn of_load(order: Ordering) -> Ordering {
    match order {
        Acquire | AcqRel | SeqCst => Acquire,
        _ => Relaxed,
    }
}

/// The part of an ordering that the store of a split read-modify-write keeps.
fn of_store(order: Ordering) -> Ordering {
    match order {
        Release | AcqRel | SeqCst => Release,
        _ => Relaxed,
    }
}

macro_rules! atomic {
    ($name:ident, $value:ty, $($method:ident: $apply:expr,)*) => {
        #[doc = concat!("std's `", stringify!($name), "`, as loom sees it.")]
        #[derive(Debug)]
        pub struct $name {
            word: loom::sync::atomic::$name,
            loads: loom::sync::atomic::AtomicBool,
        }

        impl $name {
            /// An atomic that holds `value`.
            pub fn new(value: $value) -> $name {
                $name {
                    word: loom::sync::atomic::$name::new(value),
                    loads: loom::sync::atomic::AtomicBool::new(false),
                }
            }

            /// Consumes the atomic and returns its value.
            pub fn into_inner(self) -> $value {
                self.word.into_inner()
            }

            /// Returns the value, or an earlier one.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let order = mutation::here().map_or(order, |mutation| weakened(mutation, order));
                // ORDERING: Relaxed. loom must only see the access; the module's page says why.
                self.loads.fetch_or(true, Relaxed);
                self.word.load(order)
            }

            /// Writes the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                match mutation::here() {
                    None | Some(Mutation::Split) => self.word.store(value, order),
                    Some(Mutation::Lose) => {}
                    Some(mutation) => self.word.store(value, weakened(mutation, order)),
                }
            }

            /// Writes the value and returns the former value.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                match mutation::here() {
                    None => self.word.swap(value, order),
                    Some(Mutation::Split) => self.split(order, |_| value),
                    Some(Mutation::Lose) => self.word.load(of_load(order)),
                    Some(mutation) => self.word.swap(value, weakened(mutation, order)),
                }
            }

            /// Writes `new` if the value is `current`, and returns the former value.
            ///
            /// # Errors
            /// The value, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let found = match mutation::here() {
                    None => return self.word.compare_exchange(current, new, success, failure),
                    Some(Mutation::Split) => {
                        self.split(success, |found| if found == current { new } else { found })
                    }
                    Some(Mutation::Lose) => self.word.load(of_load(success)),
                    Some(mutation) => {
                        let success = weakened(mutation, success);
                        let failure = weakened(mutation, failure);
                        return self.word.compare_exchange(current, new, success, failure);
                    }
                };
                if found == current { Ok(found) } else { Err(found) }
            }

            /// The same as [`compare_exchange`](Self::compare_exchange): in a model, neither fails
            /// spuriously.
            ///
            /// # Errors
            /// The value, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// Loads, and writes the value that `update` returns; repeats if another thread wrote
            /// in between.
            ///
            /// # Errors
            /// Returns the value, if `update` returns `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut found = self.load(failure);
                while let Some(new) = update(found) {
                    match self.compare_exchange(found, new, success, failure) {
                        Ok(before) => return Ok(before),
                        Err(other) => found = other,
                    }
                }
                Err(found)
            }

            $(
                /// Applies the operation that the name states, and returns the former value.
                #[track_caller]
                pub fn $method(&self, operand: $value, order: Ordering) -> $value {
                    match mutation::here() {
                        None => self.word.$method(operand, order),
                        Some(Mutation::Split) => self.split(order, |found| $apply(found, operand)),
                        Some(Mutation::Lose) => self.word.load(of_load(order)),
                        Some(mutation) => self.word.$method(operand, weakened(mutation, order)),
                    }
                }
            )*

            /// Performs a read-modify-write as a load and a later store.
            fn split(&self, order: Ordering, apply: impl Fn($value) -> $value) -> $value {
                self.loads.fetch_or(true, Relaxed);
                let found = self.word.load(of_load(order));
                self.word.store(apply(found), of_store(order));
                found
            }
        }

        impl Default for $name {
            fn default() -> $name {
                $name::new(<$value>::default())
            }
        }
    };
}

atomic!(AtomicBool, bool,
    fetch_and: |a, b| a & b,
    fetch_or: |a, b| a | b,
    fetch_xor: |a, b| a ^ b,
);
atomic!(AtomicU8, u8,
    fetch_and: |a, b| a & b,
    fetch_or: |a, b| a | b,
    fetch_xor: |a, b| a ^ b,
);
atomic!(AtomicU64, u64,
    fetch_add: u64::wrapping_add,
    fetch_sub: u64::wrapping_sub,
    fetch_and: |a, b| a & b,
    fetch_or: |a, b| a | b,
    fetch_xor: |a, b| a ^ b,
    fetch_max: u64::max,
    fetch_min: u64::min,
);
atomic!(AtomicUsize, usize,
    fetch_add: usize::wrapping_add,
    fetch_sub: usize::wrapping_sub,
    fetch_and: |a, b| a & b,
    fetch_or: |a, b| a | b,
    fetch_xor: |a, b| a ^ b,
    fetch_max: usize::max,
    fetch_min: usize::min,
);
