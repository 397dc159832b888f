//! The tasks that wait for one direction of a source. A plain value.

use std::task::Waker;

use runtime_core::catch_panic::drop_catching;
use runtime_core::slab::{Key, Slab};

/// The place in which a waiting task stores its waker.
#[derive(Debug)]
pub(super) enum WaiterSlot {
    /// The one slot for polls that own no slot, such as those of `AsyncRead`. It keeps the waker of
    /// the last poll, as the contract of std's `Future::poll` says.
    Shared,
    /// A slot of the task's own; `None` until the task stores a waker. The slot must be
    /// [released](Waiters::release).
    Own(Option<Key>),
}

/// The wakers of the waiting tasks.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    shared: Option<Waker>,
    /// Boxed, because it is rarely used, so that a source occupies as few cache lines as possible.
    own: Option<Box<Slab<Waker>>>,
}

impl Waiters {
    /// Stores a waker, and returns the waker that it replaces.
    #[inline]
    pub(super) fn store(&mut self, slot: &mut WaiterSlot, waker: Waker) -> Option<Waker> {
        match slot {
            WaiterSlot::Shared => self.shared.replace(waker),
            WaiterSlot::Own(Some(key)) => {
                let own = self.own();
                let former = own.take(*key);
                own.put(*key, waker);
                former
            }
            WaiterSlot::Own(own @ None) => {
                *own = Some(self.own().insert(waker));
                None
            }
        }
    }

    /// Releases a task's own slot, and returns the waker in it.
    pub(super) fn release(&mut self, key: Key) -> Option<Waker> {
        self.own().remove(key)
    }

    /// Moves all wakers to `woken`. The tasks keep their slots.
    #[inline]
    pub(super) fn take_wakers(&mut self, woken: &mut Vec<Waker>) {
        if let Some(waker) = self.shared.take() {
            woken.push(waker);
        }
        if let Some(own) = &mut self.own {
            let mut from = 0;
            while let Some(key) = own.key_from(from) {
                woken.extend(own.take(key));
                from = key.index() + 1;
            }
        }
    }

    /// Visits all wakers, under the lock of the source.
    pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut Waker)) {
        self.shared.iter_mut().for_each(&mut *visit);
        let Some(own) = &mut self.own else { return };
        let mut from = 0;
        while let Some(key) = own.key_from(from) {
            own.get_mut(key).into_iter().for_each(&mut *visit);
            from = key.index() + 1;
        }
    }

    fn own(&mut self) -> &mut Slab<Waker> {
        self.own.get_or_insert_default()
    }
}

impl Drop for Waiters {
    /// A task that polled and then stopped waiting has left its waker in the shared slot. The
    /// wakers are dropped one by one: if one drop ran two destructors that panic, the process would
    /// abort.
    fn drop(&mut self) {
        let mut left = Vec::new();
        self.take_wakers(&mut left);
        left.into_iter().for_each(drop_catching);
    }
}
