//! Types that may be used in and after `std::panic::catch_unwind`: see the module of this name in
//! `runtime-core`.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::group::ScopedHandle;
use crate::handle::Handle;
use crate::observe::Counters;
use crate::runtime::{Builder, Runtime};
use crate::task::JoinSet;

impl UnwindSafe for Builder {}
impl RefUnwindSafe for Builder {}

impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl UnwindSafe for Counters {}
impl RefUnwindSafe for Counters {}

impl<T> UnwindSafe for ScopedHandle<T> {}
impl<T> RefUnwindSafe for ScopedHandle<T> {}

impl<T> UnwindSafe for JoinSet<T> {}
impl<T> RefUnwindSafe for JoinSet<T> {}

#[cfg(feature = "unblock")]
mod streams {
    use super::{RefUnwindSafe, UnwindSafe};
    use crate::io::stdio::Stdin;

    // An object whose command panics is dropped on its thread, and never seen again.
    impl<T: Send> UnwindSafe for crate::Unblock<T> {}
    impl<T: Send> RefUnwindSafe for crate::Unblock<T> {}

    impl UnwindSafe for Stdin {}
    impl RefUnwindSafe for Stdin {}
}

#[cfg(feature = "fs")]
mod files {
    use super::{RefUnwindSafe, UnwindSafe};
    use crate::fs::{File, ReadDir};

    impl UnwindSafe for File {}
    impl RefUnwindSafe for File {}

    impl UnwindSafe for ReadDir {}
    impl RefUnwindSafe for ReadDir {}
}

#[cfg(all(feature = "signal", unix))]
mod signals {
    use super::{RefUnwindSafe, UnwindSafe};
    use crate::signal::Signals;

    impl UnwindSafe for Signals {}
    impl RefUnwindSafe for Signals {}
}

#[cfg(all(feature = "process-pool", unix))]
mod process_pools {
    use super::{RefUnwindSafe, UnwindSafe};
    use crate::process_pool::ProcessPool;

    impl UnwindSafe for ProcessPool {}
    impl RefUnwindSafe for ProcessPool {}
}
