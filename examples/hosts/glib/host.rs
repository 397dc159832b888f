//! [`GlibHost`]: a runtime that the main loop of glib turns.
//!
//! glib calls the host in two cases, and the host turns the runtime without sleeping:
//!
//! - The runtime's descriptor is readable: a socket is ready, or another thread has woken a task,
//!   or a callback of glib has spawned one. The descriptor is a source of glib that stays.
//! - The deadline that the last turn has announced is reached, or that turn has left ready tasks.
//!   Each turn replaces the source for this case.
//!
//! A task may run a nested main loop, for a modal dialog. That loop may call both sources while the
//! turn of the task is not over. `try_turn` then refuses, and the source removes itself: the
//! descriptor would stay readable, and the nested loop would not sleep. The turn adds the sources
//! again when it returns.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
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
        // The runtime may have had a deadline, or ready tasks, before.
        host.set_sources();
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

    /// Turns the runtime once, without sleeping. Returns false inside a turn.
    fn turn(self: &Rc<GlibHost>) -> bool {
        let has_turned = self.runtime.try_turn(Duration::ZERO).is_ok();
        if has_turned {
            self.set_sources();
        }
        has_turned
    }

    /// Watches the descriptor, unless it is watched, and replaces the timer by one for the next
    /// turn.
    fn set_sources(self: &Rc<GlibHost>) {
        if self.watch.borrow().is_none() {
            self.watch.replace(Some(self.watch_descriptor()));
        }
        if let Some(timer) = self.timer.take() {
            timer.remove();
        }
        self.timer.replace(self.runtime.next_turn().timeout().map(|wait| self.start_timer(wait)));
    }

    fn watch_descriptor(self: &Rc<GlibHost>) -> SourceId {
        let weak = Rc::downgrade(self);
        let readable = move |_, _| {
            let Some(host) = weak.upgrade() else { return ControlFlow::Break };
            if host.turn() {
                return ControlFlow::Continue;
            }
            host.watch.take();
            ControlFlow::Break
        };
        glib::source::unix_fd_add_local(self.descriptor.as_raw_fd(), IOCondition::IN, readable)
    }

    fn start_timer(self: &Rc<GlibHost>, wait: Duration) -> SourceId {
        let weak = Rc::downgrade(self);
        let expired = move || {
            let Some(host) = weak.upgrade() else { return };
            // glib removes this source itself.
            host.timer.take();
            host.turn();
        };
        match wait {
            // The idle priority: glib first calls what is due at other priorities, such as drawing.
            Duration::ZERO => glib::idle_add_local_once(expired),
            _ => glib::timeout_add_local_once(whole_milliseconds(wait), expired),
        }
    }
}

impl fmt::Debug for GlibHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlibHost").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// Rounds up to the unit of glib: rounded down, the timer would expire before the deadline.
fn whole_milliseconds(wait: Duration) -> Duration {
    // glib stores 32 bits. A turn that is earlier than the deadline only sets the timer again.
    let most = u128::from(u32::MAX);
    Duration::from_millis(wait.as_nanos().div_ceil(1_000_000).min(most) as u64)
}
