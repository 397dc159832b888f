//! The default action of a signal comes back after the signal has arrived once.
//!
//! The kernel keeps one action for each signal of a process, so the state below belongs to the
//! process, too. A signal has its default action unless a receiver waits for its first arrival:
//!
//! - D1. A receiver begins to wait. The default action is off.
//! - D2. The signal arrives. Its handler may not lock, so it sets a flag, which turns the default
//!   action on for the next arrival, even if no loop runs any more.
//! - D3. A receiver has received the signal, or is dropped. If no other receiver waits, the default
//!   action is on.
//!
//! signal-hook calls the actions of a signal in the order of their registration. The action that
//! checks the flag is registered before the action that sets it, so no arrival does both.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem;
use std::sync::Arc;

use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::AtomicBool;
use signal_hook::low_level::unregister;
use signal_hook::{SigId, flag};

/// The signals whose default action this module turns on and off, by number.
///
/// *Shared by* all threads that make, use and drop receivers; signal handlers do not lock it.
static SIGNALS: Mutex<BTreeMap<i32, DefaultAction>> = Mutex::new(BTreeMap::new());

/// The default action of one signal.
#[derive(Default)]
struct DefaultAction {
    /// The number of receivers that wait for the first arrival.
    waiting: usize,
    /// The current actions of the handler: check the flag, and set it.
    actions: Vec<SigId>,
}

impl DefaultAction {
    /// D1. The flag of D2 is a new one, so an arrival that an earlier receiver is still to take
    /// does not count for this one.
    fn begin(&mut self, signal: i32) -> io::Result<()> {
        let flag = Arc::new(AtomicBool::new(false));
        let check = flag::register_conditional_default(signal, Arc::clone(&flag))?;
        let set = flag::register(signal, flag)?;
        self.replace(vec![check, set]);
        self.waiting += 1;
        Ok(())
    }

    /// D3.
    fn end(&mut self, signal: i32) {
        self.waiting -= 1;
        if self.waiting > 0 {
            return;
        }
        let flag = Arc::new(AtomicBool::new(true));
        // The signal was registered in D1, so this registration does not fail.
        if let Ok(check) = flag::register_conditional_default(signal, flag) {
            self.replace(vec![check]);
        }
    }

    fn replace(&mut self, actions: Vec<SigId>) {
        for old in mem::replace(&mut self.actions, actions) {
            unregister(old);
        }
    }
}

/// The signals of a receiver that have not arrived yet. When a signal is removed, or this value is
/// dropped, the default action comes back (D3).
#[derive(Debug, Default)]
pub(super) struct FirstArrivals(BTreeSet<i32>);

impl FirstArrivals {
    /// D1 for each of these signals.
    pub(super) fn of(signals: impl Iterator<Item = i32>) -> io::Result<FirstArrivals> {
        let mut arrivals = FirstArrivals::default();
        for signal in signals.collect::<BTreeSet<i32>>() {
            SIGNALS.lock().entry(signal).or_default().begin(signal)?;
            arrivals.0.insert(signal);
        }
        Ok(arrivals)
    }

    /// D3 for a signal that was received.
    pub(super) fn remove(&mut self, signal: i32) {
        if self.0.remove(&signal) {
            end(signal);
        }
    }
}

impl Drop for FirstArrivals {
    fn drop(&mut self) {
        mem::take(&mut self.0).into_iter().for_each(end);
    }
}

fn end(signal: i32) {
    if let Some(action) = SIGNALS.lock().get_mut(&signal) {
        action.end(signal);
    }
}
