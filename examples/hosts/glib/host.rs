//! [`GlibHost`]: a runtime that the main loop of glib turns.
//!
//! glib calls the host in two cases, and the host turns the runtime without sleeping:
//!
//! - The runtime's descriptor is readable: a socket is ready, or another thread has woken a task,
//!   or a callback of glib has spawned one. The descriptor is a source of glib that stays.
//! - The deadline that the last turn has announced is reached, or that turn has left ready tasks.
//!   Each turn replaces the source for this case.
//!
//! glib calls one source at a time, and no source from within itself. A task may however run a
//! nested main loop, for a modal dialog. That loop may call the timer's source while the turn is
//! not over; `try_turn` refuses, and the turn adds a timer when it returns.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::time::Duration;

use aside::Runtime;
use glib::{ControlFlow, IOCondition, SourceId};

/// A runtime, and its two sources in the default main context of glib.
pub(crate) struct GlibHost {
    runtime: Runtime,
    /// Open as long as glib watches it.
    descriptor: OwnedFd,
    watch: RefCell<Option<SourceId>>,
    timer: RefCell<Option<SourceId>>,
}

impl GlibHost {
    /// Lets the main loop of the current thread turn the runtime.
    ///
    /// # Errors
    /// An error of the system, if it has no descriptors left.
    pub(crate) fn attach(runtime: Runtime) -> io::Result<Rc<GlibHost>> {
        let descriptor = runtime.descriptor()?;
        let (watch, timer) = (RefCell::default(), RefCell::default());
        let host = Rc::new(GlibHost { runtime, descriptor, watch, timer });
        let weak = Rc::downgrade(&host);
        let readable = move |_, _| turn(&weak);
        let fd = host.descriptor.as_raw_fd();
        let watch = glib::source::unix_fd_add_local(fd, IOCondition::IN, readable);
        host.watch.replace(Some(watch));
        // The runtime may have had a deadline, or ready tasks, before.
        host.set_timer();
        Ok(host)
    }

    /// Returns the runtime, to spawn tasks.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Removes the sources, and returns the runtime.
    ///
    /// # Panics
    /// If another owner of the host exists, for instance because a task calls this.
    pub(crate) fn detach(self: Rc<GlibHost>) -> Runtime {
        for source in [&self.watch, &self.timer] {
            if let Some(source) = source.take() {
                source.remove();
            }
        }
        Rc::into_inner(self).expect("the host has one owner").runtime
    }

    /// Replaces the timer by one for the next turn.
    fn set_timer(self: &Rc<GlibHost>) {
        if let Some(timer) = self.timer.take() {
            timer.remove();
        }
        let Some(wait) = self.runtime.next_turn().timeout() else { return };
        let weak = Rc::downgrade(self);
        let expired = move || {
            if let Some(host) = weak.upgrade() {
                // glib removes this source itself.
                host.timer.take();
            }
            turn(&weak);
        };
        let timer = match wait {
            // The idle priority: glib first calls what is due at other priorities, such as drawing.
            Duration::ZERO => glib::idle_add_local_once(expired),
            _ => glib::timeout_add_local_once(whole_milliseconds(wait), expired),
        };
        self.timer.replace(Some(timer));
    }
}

impl fmt::Debug for GlibHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlibHost").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// Turns the runtime once, without sleeping.
fn turn(host: &Weak<GlibHost>) -> ControlFlow {
    if let Some(host) = host.upgrade()
        && host.runtime.try_turn(Duration::ZERO).is_ok()
    {
        host.set_timer();
    }
    ControlFlow::Continue
}

/// Rounds up to the unit of glib: rounded down, the timer would expire before the deadline.
fn whole_milliseconds(wait: Duration) -> Duration {
    // glib stores 32 bits. A turn that is earlier than the deadline only sets the timer again.
    let most = u128::from(u32::MAX);
    Duration::from_millis(wait.as_nanos().div_ceil(1_000_000).min(most) as u64)
}
