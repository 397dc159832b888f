//! Orders that are due, and for which no job is to be had.
//!
//! A pool may refuse every job: it is shut down, or can start no thread. As long as the task is
//! there it is told, and decides. When it has gone, and the object lies on the desk with orders, a
//! desk that *keeps* them carries them out where its last reference goes: at the task's, if the job
//! that it called at last was refused too, or at the job's, if that is dropped unrun later.

use std::collections::VecDeque;
use std::mem;

use runtime_core::catch_panic::{catch_panic, drop_catching};

use super::{Desk, Object, Order, Summons, Then, Urgency};

/// What becomes of orders that are due if no job was ever to be had for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They are dropped.
    Drops,
    /// Who drops the desk carries them out.
    Keeps,
}

impl<T, R> Desk<T, R> {
    /// As [`rouse`](Desk::rouse), by a task that is leaving and will not hear that it was left.
    pub(crate) fn rouse_at_last(&self) -> Summons {
        let mut state = self.state.lock();
        state.object = match mem::replace(&mut state.object, Object::Away) {
            Object::Stranded(object) => Object::Home(object),
            before @ (Object::Home(_)
            | Object::Called(_)
            | Object::Away
            | Object::Lent
            | Object::Lost) => before,
        };
        state.call()
    }

    pub(crate) fn has_orders(&self) -> bool {
        !self.state.lock().orders.is_empty()
    }
}

/// Nobody else has a reference, so no lock is taken; and nobody is left to hear a reply, or that an
/// order has panicked.
impl<T, R> Drop for Desk<T, R> {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if self.keeping == Keeping::Drops || state.orders.is_empty() {
            return;
        }
        drop_catching(state.take_ahead());
        let orders = mem::take(&mut state.orders);
        match mem::replace(&mut state.object, Object::Lost) {
            Object::Home(object) | Object::Stranded(object) | Object::Called(object) => {
                catch_panic(|| carry_out(object, orders));
            }
            Object::Away | Object::Lent | Object::Lost => drop_catching(orders),
        }
    }
}

/// Carries out all of them, up to one that drops those behind it.
fn carry_out<T, R>(mut object: T, orders: VecDeque<(Urgency, Order<T, R>)>) {
    for (_, order) in orders {
        let (_reply, then) = order(&mut object);
        if then == Then::DropAll {
            return;
        }
    }
}
