//! Which children of a group were woken: a tree of words that costs what was woken, never n.
//!
//! ```text
//!  root        [A.............11]       A = ATTENDED: the group is being polled
//!                             ||
//!               +-------------+|        one bit per word below: that word is not empty
//!               v              v
//!  level 1  [......1..]  [.........1]   only in groups of more than 63 * 64
//!                  |               |
//!                  v               v
//!  level 0  [...1..1.]     [1......]    one bit per child: it was woken
//! ```
//!
//! A group of at most 63 has nothing but the root, whose bits are then the children's. Each level
//! has one 64th of the words of the one below, so that 10,000 children need three words to be
//! marked, and a quarter of a million no more. (A bit for a line of eight words saves a level and
//! was measured: the looks at the other seven words cost what the level did.)
//!
//! # The protocol
//!
//! A child's waker, on any thread:
//! 1. sets its bit in its word of level 0. If the word was not empty it is done: who made it
//!    non-empty goes on for both.
//! 2. Else it sets the word's bit one level up, and so on to the root, by the same rule.
//! 3. If it found the root zero (nothing woken, nobody attending), it wakes the awaiting task, by
//!    the task's waker of the time when the child's waker was made. If the group has let go of
//!    that, it takes a reference to the present one from its lock and, after the lock is released,
//!    wakes by it.
//!
//! The poll of the group, one at a time:
//! 4. registers the awaiting task's waker, unless the last poll had the same ([`register`]).
//! 5. Swaps the root for ATTENDED alone ([`attend`]).
//! 6. Goes down: for every bit it took it swaps the word below for zero. What it takes in level 0
//!    are the children to poll ([`Visit::next`]).
//! 7. Clears ATTENDED. If a bit is left in the root, something was woken behind its back, and the
//!    caller must wake its own task, once ([`leave`]).
//!
//! [`register`]: WokenSet::register
//! [`attend`]: WokenSet::attend
//! [`leave`]: WokenSet::leave
//!
//! # The rule that holds
//!
//! For every non-empty word, exactly one of three is true: the waker that made it non-empty is
//! between its two steps and will set the bit one level up; or that bit is set; or the poll has
//! taken the bit and will come to the word. An empty word has no bit above it: the bit is set once
//! each time the word is filled, by whom filled it, and the poll takes first the bit and then the
//! word. So every bit that a visit takes leads to a child. For the root: the task has been woken,
//! or will be by whom found it zero, or the poll is attending and looks again when it leaves.
//!
//! # The races it survives
//!
//! - *A wake between 5 and 6*, into a word not yet swapped: step 1 finds it non-empty and stops,
//!   step 6 takes both bits. Into a word already swapped: step 2 climbs up to a root that is
//!   ATTENDED, and step 7 finds the bit.
//! - *A child that wakes itself while polled*: its word was swapped, so its bit waits for the next
//!   poll. It costs one RMW (the first of its word one more per level) and wakes nobody; step 7
//!   wakes the task once for all of them. No child is polled twice by one visit.
//! - *A slow waker between 1 and 2*: until it has stepped up, no poll comes to its word, and others
//!   that wake into the word stop there and rely on it.
//! - *A slow waker between 2 and 3*, overtaken by a poll: it wakes the task once too often.
//! - *A waker that finds the one before last*, alive or in the lock, because step 4 has not come
//!   yet: its bit precedes step 5, which takes it. A waker that comes after step 7 finds the new
//!   one, because step 7 publishes what step 4 did: that the old one is gone, and the new one in
//!   the lock.
//! - *A redundant wake*, at any level: it is an RMW all the same, on the word that the poll swaps
//!   later, so what was written before the wake is visible to the child's poll.
//! - *A waker kept for ever*: [`WokenSet::retire`] takes the task's waker out of the lock, and a
//!   child's waker has but a weak reference to it, so that step 3 finds none.
//!
//! Wakers are foreign code: the task's is cloned, woken and dropped outside the lock, in which it
//! lies in an `Arc` so that step 3 need not clone it. If it panics, the words are as the steps
//! above left them and the next poll goes on from there.

use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicU64, Ordering};

/// The root's bit that says: the group is being polled, leave the task alone.
const ATTENDED: u64 = 1 << 63;

/// Levels below the root: enough for 63 * 64^4 children, a thousand million.
const LEVELS_MAX: usize = 4;

/// Which children of a group were woken since they were last looked at.
///
/// *Shared by* the wakers of the children and the poll of the group. *Guarded by* nothing but RMWs,
/// except the waker of the awaiting task, which has a lock. *Woken by* the first wake of an
/// unattended set.
///
/// `BITS` is how many bits of a word are used: a small number lets a model have several levels with
/// a handful of children.
pub(crate) struct WokenSet<const BITS: usize = 64> {
    /// The words below the root, level 0 first. None for a group that fits into the root.
    levels: Box<[Box<[AtomicU64]>]>,
    /// One bit per word of the highest level, or per child if there is none; and ATTENDED.
    root: AtomicU64,
    /// The awaiting task's waker; none before the first poll and after the end.
    parent: Mutex<Option<Arc<Waker>>>,
}

/// What the poll of a group does after it has left the set.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterVisit {
    /// Nothing was woken meanwhile: whoever is next wakes the task.
    Sleep,
    /// Something was woken meanwhile, and nobody else will say so: wake the task now.
    WakeAgain,
}

impl<const BITS: usize> WokenSet<BITS> {
    /// How many bits of the root are used: one is ATTENDED.
    const ROOT_BITS: usize = if BITS < 63 { BITS } else { 63 };

    /// A set of the children `0..capacity`, none of them woken.
    ///
    /// # Panics
    ///
    /// If the capacity needs more than four levels below the root: `63 * 64.pow(4)` at full width.
    pub(crate) fn new(capacity: usize) -> Self {
        const { assert!(2 <= BITS && BITS <= 64, "a tree forks, a word has 64 bits") };
        let mut levels = Vec::new();
        let mut bits = capacity;
        while bits > Self::ROOT_BITS {
            let words = bits.div_ceil(BITS);
            levels.push((0..words).map(|_| AtomicU64::new(0)).collect());
            bits = words;
        }
        assert!(levels.len() <= LEVELS_MAX, "a group of {capacity} futures is too large");
        Self { levels: levels.into(), root: AtomicU64::new(0), parent: Mutex::new(None) }
    }

    /// Marks a child as woken, and wakes the awaiting task if nobody else will (steps 1 to 3): by
    /// the waker that the child knows, if the group still has it.
    ///
    /// # Panics
    ///
    /// If the child is outside the capacity, or the task's waker panics.
    pub(crate) fn wake_by(&self, child: usize, known: &Weak<Waker>) {
        let mut index = child;
        for words in &self.levels {
            let (word, bit) = (index / BITS, index % BITS);
            // ORDERING: AcqRel. Release pairs with the swap in `Visit::descend`: the poll sees what
            // was written before the wake, also if the bit was set already, because an RMW carries
            // the release sequence on. Acquire pairs with the same swap: who finds the word empty
            // after a visit took it must step up after that visit's swap one level up, or that swap
            // would take the mark of a word it has already been to.
            if words[word].fetch_or(1 << bit, Ordering::AcqRel) != 0 {
                return;
            }
            index = word;
        }
        assert!(index < Self::ROOT_BITS, "child {child} is outside the woken set");
        // ORDERING: AcqRel. Release pairs with the swap in `attend`, which must find below what
        // the bit promises. Acquire pairs with the `fetch_and` in `leave`: who finds the root zero
        // looks for the task's waker after the poll registered it, not before.
        if self.root.fetch_or(1 << index, Ordering::AcqRel) == 0 {
            let parent = known.upgrade().or_else(|| self.parent.lock().clone());
            if let Some(parent) = parent {
                parent.wake_by_ref();
            }
        }
    }

    /// Leaves the awaiting task's waker where the children's wakers find it (step 4).
    ///
    /// To be called by the poll only, before [`attend`](Self::attend), and whenever the waker of
    /// the awaiting task has changed.
    ///
    /// # Panics
    ///
    /// If this drops the waker before it, and that panics.
    pub(crate) fn register(&self, parent: &Arc<Waker>) {
        let before = self.parent.lock().replace(Arc::clone(parent));
        drop(before);
    }

    /// Begins a visit: takes what was woken so far, and keeps wakers from waking the task until
    /// [`leave`](Self::leave) (step 5).
    ///
    /// The visit is a new one, or the last one of this set. If that did not come to its end, what
    /// it had taken is not lost, and is yielded first.
    pub(crate) fn attend(&self, visit: &mut Visit<BITS>) {
        // ORDERING: AcqRel. Acquire pairs with `wake_by`'s `fetch_or` of the root: the words below
        // are swapped after the marks that this bit promises, and in a group of one word the
        // child's poll sees what was written before the wake. Release is not needed, a waker that
        // reads ATTENDED does nothing more; it is the rule for words that several threads write.
        let root = self.root.swap(ATTENDED, Ordering::AcqRel);
        visit.path[self.levels.len()].bits |= root & !ATTENDED;
    }

    /// Ends a visit, and says whether the task must be woken again (step 7).
    pub(crate) fn leave(&self) -> AfterVisit {
        // ORDERING: AcqRel. Release pairs with the `fetch_or` of the waker that next finds the
        // root zero, and must then find the registered waker in the lock. Acquire is not needed,
        // the data are taken by the next visit's swaps; it is the rule, as above.
        match self.root.fetch_and(!ATTENDED, Ordering::AcqRel) & !ATTENDED {
            0 => AfterVisit::Sleep,
            _ => AfterVisit::WakeAgain,
        }
    }

    /// Ends the group: later wakes wake nobody, and the task's waker is dropped.
    ///
    /// # Panics
    ///
    /// If the waker's `drop` panics.
    pub(crate) fn retire(&self) {
        let parent = self.parent.lock().take();
        drop(parent);
    }

    /// The waker of one child. It lives as long as anybody keeps it, and so does the set.
    ///
    /// `known` is the task's waker that is registered now: so long as it is, and nobody but the
    /// set and its owner keeps it alive, a wake need not look for it in the lock.
    pub(crate) fn child_waker(self: &Arc<Self>, child: usize, known: Weak<Waker>) -> Waker {
        Waker::from(Arc::new(ChildWaker { set: Arc::clone(self), child, known }))
    }
}

impl<const BITS: usize> fmt::Debug for WokenSet<BITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WokenSet").field("levels", &(self.levels.len() + 1)).finish_non_exhaustive()
    }
}

/// One poll's walk through a [`WokenSet`] (step 6): yields each child that was woken, once, lowest
/// first.
///
/// It does not borrow the set, so that a group of several sets can walk them in turn; the set is
/// given to every call, and must always be the same.
#[derive(Debug, Default)]
pub(crate) struct Visit<const BITS: usize = 64> {
    /// What is left of the word taken last on each level; the root is the last in use.
    path: [Taken; LEVELS_MAX + 1],
}

/// A word that the visit swapped for zero.
#[derive(Debug, Default)]
struct Taken {
    /// Which word of its level.
    word: usize,
    /// The bits not yet walked.
    bits: u64,
}

impl<const BITS: usize> Visit<BITS> {
    /// The next child that was woken, or `None` at the end of the visit.
    #[inline]
    pub(crate) fn next(&mut self, set: &WokenSet<BITS>) -> Option<usize> {
        while self.path[0].bits == 0 {
            self.descend(set)?;
        }
        Some(self.path[0].pop::<BITS>())
    }

    /// Takes words downwards from the lowest level that has bits left; `None` if none has.
    fn descend(&mut self, set: &WokenSet<BITS>) -> Option<()> {
        let top = (1..=set.levels.len()).find(|&level| self.path[level].bits != 0)?;
        for level in (0..top).rev() {
            let word = self.path[level + 1].pop::<BITS>();
            // ORDERING: AcqRel. Acquire pairs with `wake_by`'s `fetch_or` of this word: the child's
            // poll sees what was written before every wake it answers. Release pairs with the same:
            // who finds the word empty steps up after the swap that brought the visit here.
            let bits = set.levels[level][word].swap(0, Ordering::AcqRel);
            debug_assert!(bits != 0, "a word is promised only when it is not empty");
            self.path[level] = Taken { word, bits };
        }
        Some(())
    }
}

impl Taken {
    /// Removes the lowest bit, and says what it stands for on the level below.
    #[inline]
    fn pop<const BITS: usize>(&mut self) -> usize {
        let bit = self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        self.word * BITS + bit
    }
}

/// What a child's [`Waker`] is made of.
struct ChildWaker<const BITS: usize> {
    set: Arc<WokenSet<BITS>>,
    child: usize,
    /// Gone when the group is awaited by another task, or has ended.
    known: Weak<Waker>,
}

impl<const BITS: usize> Wake for ChildWaker<BITS> {
    fn wake(self: Arc<Self>) {
        self.set.wake_by(self.child, &self.known);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set.wake_by(self.child, &self.known);
    }
}
