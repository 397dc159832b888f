//! Wakers and values that misbehave on purpose: wakers of other executors, and destructors that
//! panic.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use cooked_waker::{IntoWaker, WakeRef};

type Reaction = Box<dyn Fn() + Send + Sync>;

/// A waker that behaves like a waker of another executor. It counts its uses, and calls a closure
/// when it is cloned, woken or dropped.
#[derive(Default)]
pub(crate) struct Foreign {
    on_clone: Option<Reaction>,
    on_wake: Option<Reaction>,
    on_drop: Option<Reaction>,
}

impl Foreign {
    pub(crate) fn on_clone(self, reaction: impl Fn() + Send + Sync + 'static) -> Foreign {
        Foreign { on_clone: Some(Box::new(reaction)), ..self }
    }

    pub(crate) fn on_wake(self, reaction: impl Fn() + Send + Sync + 'static) -> Foreign {
        Foreign { on_wake: Some(Box::new(reaction)), ..self }
    }

    pub(crate) fn on_drop(self, reaction: impl Fn() + Send + Sync + 'static) -> Foreign {
        Foreign { on_drop: Some(Box::new(reaction)), ..self }
    }

    pub(crate) fn waker(self) -> (Waker, Arc<Counts>) {
        let counts = Arc::new(Counts::default());
        let reference = Reference { conduct: Arc::new(self), counts: Arc::clone(&counts) };
        (Box::new(reference).into_waker(), counts)
    }
}

/// The number of uses of a [`Foreign`] waker.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    clones: AtomicUsize,
    wakes: AtomicUsize,
    drops: AtomicUsize,
}

impl Counts {
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }

    /// The number of live references, including the first one.
    pub(crate) fn references(&self) -> usize {
        1 + self.clones.load(Ordering::SeqCst) - self.drops.load(Ordering::SeqCst)
    }
}

struct Reference {
    conduct: Arc<Foreign>,
    counts: Arc<Counts>,
}

fn react(reaction: &Option<Reaction>) {
    if let Some(reaction) = reaction {
        reaction();
    }
}

impl Clone for Reference {
    fn clone(&self) -> Reference {
        react(&self.conduct.on_clone);
        self.counts.clones.fetch_add(1, Ordering::SeqCst);
        Reference { conduct: Arc::clone(&self.conduct), counts: Arc::clone(&self.counts) }
    }
}

impl WakeRef for Reference {
    fn wake_by_ref(&self) {
        self.counts.wakes.fetch_add(1, Ordering::SeqCst);
        react(&self.conduct.on_wake);
    }
}

impl cooked_waker::Wake for Reference {}

impl Drop for Reference {
    fn drop(&mut self) {
        self.counts.drops.fetch_add(1, Ordering::SeqCst);
        react(&self.conduct.on_drop);
    }
}

/// A guard that calls a closure when it is dropped.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) fn new(f: F) -> OnDrop<F> {
        OnDrop(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for OnDrop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop")
    }
}

/// A value that panics when it is dropped.
#[derive(Debug)]
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb was dropped");
    }
}

/// A value that panics when it is dropped. The payload of this panic panics when it is dropped,
/// too.
#[derive(Debug)]
pub(crate) struct ChainBomb;

impl Drop for ChainBomb {
    fn drop(&mut self) {
        std::panic::panic_any(Bomb);
    }
}
