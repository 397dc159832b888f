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

use super::film;
use super::filmed::{Access, Filmed, FilmedKind};
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
            filmed: Filmed,
        }

        impl $name {
            /// An atomic that holds `value`.
            pub fn new(value: $value) -> $name {
                $name {
                    word: loom::sync::atomic::$name::new(value),
                    loads: loom::sync::atomic::AtomicBool::new(false),
                    filmed: Filmed::new(FilmedKind::of(stringify!($value)), value as u64),
                }
            }

            /// An atomic whose operations are not shown in films.
            #[allow(dead_code, reason = "not every type of atomic has an inner one")]
            pub(super) fn inner(value: $value) -> $name {
                let filmed = Filmed::new(FilmedKind::Inner, value as u64);
                $name { filmed, ..$name::new(value) }
            }

            /// Consumes the atomic and returns its value.
            pub fn into_inner(self) -> $value {
                self.word.into_inner()
            }

            /// Returns the value, or an earlier one.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let mutation = mutation::here();
                let order = mutation.map_or(order, |mutation| weakened(mutation, order));
                // ORDERING: Relaxed. loom must only see the access; the module's page says why.
                self.loads.fetch_or(true, Relaxed);
                let value = self.word.load(order);
                self.filmed.note_read(Access { verb: "load", order, mutation }, value as u64);
                value
            }

            /// Writes the value.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let mutation = mutation::here();
                if mutation == Some(Mutation::Lose) {
                    film::note_lost("store", None);
                    return;
                }
                let order = match mutation {
                    None | Some(Mutation::Split) => order,
                    Some(mutation) => weakened(mutation, order),
                };
                self.word.store(value, order);
                let access = Access { verb: "store", order, mutation };
                self.filmed.note_write(access, self.filmed.latest(), value as u64);
            }

            /// Writes the value and returns the former value.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                let whole = |order| self.word.swap(value, order);
                self.modify("swap", order, whole, |_| value)
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
                let exchanged = |found| if found == current { new } else { found };
                let mutation = mutation::here();
                let found = match mutation {
                    Some(Mutation::Split) => self.split(success, exchanged),
                    Some(Mutation::Lose) => self.only_read("compare_exchange", success),
                    weakening => {
                        let (success, failure) = match weakening {
                            Some(kind) => (weakened(kind, success), weakened(kind, failure)),
                            None => (success, failure),
                        };
                        let result = self.word.compare_exchange(current, new, success, failure);
                        let access = |order| Access { verb: "compare_exchange", order, mutation };
                        match result {
                            Ok(found) => {
                                self.filmed.note_write(access(success), found as u64, new as u64);
                            }
                            Err(found) => self.filmed.note_read(access(failure), found as u64),
                        }
                        return result;
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
                    let whole = |order| self.word.$method(operand, order);
                    self.modify(stringify!($method), order, whole, |found| $apply(found, operand))
                }
            )*

            /// Performs a read-modify-write, or the mutation of one. `whole` performs it with an
            /// ordering, and `apply` computes the value that it writes.
            #[track_caller]
            fn modify(
                &self,
                verb: &'static str,
                order: Ordering,
                whole: impl FnOnce(Ordering) -> $value,
                apply: impl Fn($value) -> $value,
            ) -> $value {
                let mutation = mutation::here();
                let order = match mutation {
                    None => order,
                    Some(Mutation::Split) => return self.split(order, apply),
                    Some(Mutation::Lose) => return self.only_read(verb, order),
                    Some(mutation) => weakened(mutation, order),
                };
                let found = whole(order);
                let access = Access { verb, order, mutation };
                self.filmed.note_write(access, found as u64, apply(found) as u64);
                found
            }

            /// Performs a read-modify-write as a load and a later store.
            #[track_caller]
            fn split(&self, order: Ordering, apply: impl Fn($value) -> $value) -> $value {
                let access = |verb, order| {
                    Access { verb, order, mutation: Some(Mutation::Split) }
                };
                self.loads.fetch_or(true, Relaxed);
                let found = self.word.load(of_load(order));
                self.filmed.note_read(access("load", of_load(order)), found as u64);
                self.word.store(apply(found), of_store(order));
                let before = self.filmed.latest();
                self.filmed.note_write(
                    access("store", of_store(order)), before, apply(found) as u64,
                );
                found
            }

            /// Performs the load of a read-modify-write that a mutation omits.
            #[track_caller]
            fn only_read(&self, verb: &'static str, order: Ordering) -> $value {
                let order = of_load(order);
                let found = self.word.load(order);
                let mutation = Some(Mutation::Lose);
                self.filmed.note_read(Access { verb, order, mutation }, found as u64);
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
atomic!(AtomicU32, u32,
    fetch_add: u32::wrapping_add,
    fetch_sub: u32::wrapping_sub,
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
