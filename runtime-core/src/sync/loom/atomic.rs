//! Atomics that loom sees, and that mutation can break.
//!
//! A load is two steps for loom: a read-modify-write of a word of its own, then the load. loom
//! remembers only the last access to each object, and takes loads for independent of each other.
//! So where one thread loads, and another loads and then writes, its own load hides the race of
//! its write with the other's load, and half of the executions are never tried (loom#166,
//! loom#392). The word beside makes loads dependent on each other, and nothing is hidden; being
//! relaxed it orders nothing.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

pub use std::sync::atomic::Ordering;

use super::mutation::{self, Kind};

/// What a mutant leaves of the ordering of an operation; `Split` and `Lose` leave nothing to ask.
fn weakened(kind: Kind, order: Ordering) -> Ordering {
    match kind {
        Kind::Relaxed | Kind::Split | Kind::Lose => Relaxed,
        Kind::Acquire => of_load(order),
        Kind::Release => of_store(order),
    }
}

/// What is left of an ordering for the load of a split read-modify-write.
fn of_load(order: Ordering) -> Ordering {
    match order {
        Acquire | AcqRel | SeqCst => Acquire,
        _ => Relaxed,
    }
}

/// What is left of an ordering for its store.
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

            /// The value; the atomic is gone.
            pub fn into_inner(self) -> $value {
                self.word.into_inner()
            }

            /// Reads the value, or one that it had before.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let order = mutation::here().map_or(order, |kind| weakened(kind, order));
                // ORDERING: Relaxed. It is there to be seen by loom, as told above.
                self.loads.fetch_or(true, Relaxed);
                self.word.load(order)
            }

            /// Writes the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                match mutation::here() {
                    None | Some(Kind::Split) => self.word.store(value, order),
                    Some(Kind::Lose) => {}
                    Some(kind) => self.word.store(value, weakened(kind, order)),
                }
            }

            /// Writes the value and returns the one before.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                match mutation::here() {
                    None => self.word.swap(value, order),
                    Some(Kind::Split) => self.split(order, |_| value),
                    Some(Kind::Lose) => self.word.load(of_load(order)),
                    Some(kind) => self.word.swap(value, weakened(kind, order)),
                }
            }

            /// Writes `new` if the value is `current`; returns the one before.
            ///
            /// # Errors
            /// The value, if it is another.
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
                    Some(Kind::Split) => {
                        self.split(success, |found| if found == current { new } else { found })
                    }
                    Some(Kind::Lose) => self.word.load(of_load(success)),
                    Some(kind) => {
                        let (success, failure) = (weakened(kind, success), weakened(kind, failure));
                        return self.word.compare_exchange(current, new, success, failure);
                    }
                };
                if found == current { Ok(found) } else { Err(found) }
            }

            /// As [`compare_exchange`](Self::compare_exchange): in a model it does not fail for
            /// no reason.
            ///
            /// # Errors
            /// The value, if it is another.
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

            /// Loads, and writes what `update` makes of it, again until nobody came between.
            ///
            /// # Errors
            /// The value, if `update` makes nothing of it.
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
                /// Changes the value as its name says and returns the one before.
                #[track_caller]
                pub fn $method(&self, operand: $value, order: Ordering) -> $value {
                    match mutation::here() {
                        None => self.word.$method(operand, order),
                        Some(Kind::Split) => self.split(order, |found| $apply(found, operand)),
                        Some(Kind::Lose) => self.word.load(of_load(order)),
                        Some(kind) => self.word.$method(operand, weakened(kind, order)),
                    }
                }
            )*

            /// A read-modify-write torn in two.
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
