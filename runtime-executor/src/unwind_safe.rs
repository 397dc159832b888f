//! Types that may be used in and after `std::panic::catch_unwind`: see the module of this name in
//! `runtime-core`.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::{EventLoop, Handle};

impl UnwindSafe for EventLoop {}
impl RefUnwindSafe for EventLoop {}

impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

#[cfg(all(feature = "net", unix))]
impl UnwindSafe for crate::reactor::Registration {}
#[cfg(all(feature = "net", unix))]
impl RefUnwindSafe for crate::reactor::Registration {}
