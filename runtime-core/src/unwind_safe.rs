//! Types that may be used in and after `std::panic::catch_unwind`.
//!
//! The compiler cannot infer this for types with locks, cells or foreign code in them. It holds,
//! because foreign code runs under no lock and during no borrow: its panic leaves each of these
//! values as if the operation had not begun, or as if it had ended.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::abort_handle::AbortHandle;
use crate::join::JoinHandle;
use crate::join_error::JoinError;

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl UnwindSafe for JoinError {}
impl RefUnwindSafe for JoinError {}
