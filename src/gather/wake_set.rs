//! [`WakeSet`]: which children of a group were woken, as a tree of atomic words.
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
//! In a group of at most 63 children, the root has one bit per child, and there are no other words.
//! Each level has one 64th as many words as the level below. In a group of a quarter of a million
//! children, a wake therefore sets at most three bits. (With one bit per cache line of eight words,
//! the tree would have one level less. But according to a measurement, reading the other seven
//! words costs as much as that level.)
//!
//! # The protocol
//!
//! A child's waker, on any thread:
//! - G1. It sets the child's bit in a word of level 0. If the word was not empty, the child's waker
//!   is done: the waker that made the word non-empty continues for both.
//! - G2. Otherwise it sets the bit that stands for the word, one level up, and continues by the
//!   same rule up to the root.
//! - G3. If the root was zero (no child was woken, and no poll is under way), it takes a reference
//!   to the waker of the awaiting task under the lock, releases the lock, and then wakes the task.
//!
//! The poll of the group, one at a time:
//! - G4. It registers the awaiting task's waker, unless the last poll registered the same waker
//!   ([`register`]).
//! - G5. It takes all bits of the root, and leaves ATTENDED alone there ([`attend`]).
//! - G6. It descends: for every bit that it took, it takes the word one level down that the bit
//!   stands for, and leaves zero there. The bits taken from level 0 are the children to poll
//!   ([`Visit::next`]).
//! - G7. It clears ATTENDED. If any other bit of the root is set, a child was woken after the poll
//!   had passed it, and the caller must wake its own task, once ([`leave`]).
//!
//! [`register`]: WakeSet::register
//! [`attend`]: WakeSet::attend
//! [`leave`]: WakeSet::leave
//!
//! # The invariant
//!
//! For every non-empty word below the root, exactly one of three statements holds:
//! - The waker that made the word non-empty will set the word's bit one level up.
//! - That bit is set.
//! - The poll has taken that bit, and will take the word.
//!
//! The bit that stands for an empty word is not set: a waker sets the bit once each time the word
//! becomes non-empty, and the poll takes the bit before it takes the word. So every bit that a
//! visit takes leads to a child.
//!
//! For a non-empty root, one of three statements holds:
//! - The task has been woken.
//! - The waker that found the root zero will wake the task.
//! - The poll is under way, and will check the root again in G7.
//!
//! # The races
//!
//! A slow waker A has set its bit in G1, but not the bit above. B wakes into the same word:
//!
//! ```text
//!     waker A             waker B              poll                         word    root
//!     G1: empty: go on                                                      {a}     {}
//!                         G1: not empty: done                               {a,b}   {}
//!                                              G5, G6: no bit, no child     {a,b}   {ATTENDED}
//!                                              G7: no bit: sleeps           {a,b}   {}
//!     G2: sets the bit                                                      {a,b}   {word}
//!     G3: was zero: wakes the task                                          {a,b}   {word}
//!                                              G5, G6: polls a and b        {}      {ATTENDED}
//! ```
//!
//! - *A wake between G5 and G6.* If the poll has taken the bit that stands for the child's word,
//!   and has not taken the word yet, G1 finds the word non-empty and stops. G6 then takes the
//!   child's bit with the word. Otherwise G2 sets bits up to a root that is ATTENDED, and G7 finds
//!   the bit in the root.
//! - *A child that wakes itself while it is polled.* Its word was swapped, so its bit waits for the
//!   next poll. The wake costs one RMW (the first wake in a word costs one more per level) and
//!   wakes no task. G7 wakes the task once for all such wakes. No visit polls a child twice.
//! - *A waker between G2 and G3, overtaken by a poll.* The waker wakes the task once more than
//!   necessary.
//! - *A child's waker that finds the task's former waker in the lock*, because G4 has not happened
//!   yet. The child's waker has set its bit before G5, so G5 takes the bit. A child's waker that
//!   sets its bit after G7 finds the task's new waker in the lock, because G7 publishes G4. A
//!   child's waker keeps no reference to the task's waker of its own. It would save the lock, but
//!   the child's waker could not know whether that waker is still the present one.
//! - *A redundant wake*, at any level, is still an RMW on the word that the poll swaps later.
//!   Writes before the wake are therefore visible to the child's poll.
//! - *A waker that is kept for ever.* [`WakeSet::retire`] takes the task's waker out of the lock.
//!   G3 then finds no waker.
//!
//! Wakers are foreign code, so the task's waker is cloned, woken and dropped outside the lock. The
//! lock holds the task's waker in an `Arc`, so that G3 need not clone the waker itself. If the
//! task's waker panics, the words stay as the steps above left them, and the next poll continues
//! from there.

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicU64, Ordering};

/// The root's bit that is set while the group is being polled. As long as it is set, wakers do not
/// wake the task.
const ATTENDED: u64 = 1 << 63;

/// The maximum number of levels below the root: enough for 63 * 64^4 (about 10^9) children.
const LEVELS_MAX: usize = 4;

/// Records which children of a group were woken since the last visit.
///
/// *Shared by* the wakers of the children and the poll of the group. *Guarded by* RMWs alone,
/// except the waker of the awaiting task, which has a lock. *Woken by*: the first wake of a child
/// wakes the task, unless the group is being polled.
///
/// `BITS` is the number of bits of a word that are used. With a small `BITS`, a model has several
/// levels for only a few children.
pub(crate) struct WakeSet<const BITS: usize = 64> {
    /// The words below the root, level 0 first. Empty for a group that fits into the root.
    levels: Box<[Box<[AtomicU64]>]>,
    /// One bit per word of the highest level, or per child if there are no levels; and ATTENDED.
    root: AtomicU64,
    /// The awaiting task's waker. `None` before the first poll and after the end.
    parent: Mutex<Option<Arc<Waker>>>,
}

/// Says what the poll of a group must do after it has left the set.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterVisit {
    /// Nothing: no child was woken during the visit, and the next wake will wake the task.
    Sleep,
    /// Wake the task now: a child was woken during the visit, and the child's waker did not wake
    /// the task.
    WakeAgain,
}

impl<const BITS: usize> WakeSet<BITS> {
    /// The number of the root's bits that stand for a child or a word. ATTENDED is one more bit.
    const ROOT_BITS: usize = if BITS < 63 { BITS } else { 63 };

    /// Makes a set of the children `0..capacity`, none of them woken.
    ///
    /// # Panics
    ///
    /// If the capacity needs more than four levels below the root. At full width, four levels
    /// suffice for `63 * 64.pow(4)` children.
    pub(crate) fn new(capacity: usize) -> Self {
        const { assert!(2 <= BITS && BITS <= 64, "a word must have 2 to 64 bits") };
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

    /// Marks a child as woken, and wakes the awaiting task if no other waker will (steps G1 to G3).
    ///
    /// # Panics
    ///
    /// If the child is outside the capacity, or the task's waker panics.
    pub(crate) fn wake_by(&self, child: usize) {
        let mut index = child;
        for words in &self.levels {
            let (word, bit) = (index / BITS, index % BITS);
            // ORDERING: AcqRel. Release pairs with the swap in `Visit::descend`: the poll sees the
            // writes before the wake, even if the bit was set already, because an RMW continues the
            // release sequence. Acquire pairs with the same swap: a waker that finds the word
            // empty, because a visit took it, must set the bit above after that visit's swap one
            // level up. Otherwise the swap one level up would take a bit whose word the visit has
            // already passed.
            if words[word].fetch_or(1 << bit, Ordering::AcqRel) != 0 {
                return;
            }
            index = word;
        }
        assert!(index < Self::ROOT_BITS, "child {child} is outside the wake set");
        // ORDERING: AcqRel. Release pairs with the swap in `attend`, after which the poll must find
        // the bits below. Acquire pairs with the `fetch_and` in `leave`: if a child's waker finds
        // the root zero, the poll has already registered the task's waker, and the child's waker
        // reads that one.
        if self.root.fetch_or(1 << index, Ordering::AcqRel) == 0 {
            let parent = self.parent.lock().clone();
            if let Some(parent) = parent {
                parent.wake_by_ref();
            }
        }
    }

    /// Stores the awaiting task's waker for the children's wakers (step G4).
    ///
    /// Only the poll calls this, before [`attend`](Self::attend), whenever the waker of the
    /// awaiting task has changed.
    ///
    /// # Panics
    ///
    /// If the destructor of the former waker panics.
    pub(crate) fn register(&self, parent: &Arc<Waker>) {
        let before = self.parent.lock().replace(Arc::clone(parent));
        drop(before);
    }

    /// Begins a visit: takes all bits of the root, and keeps wakers from waking the task until
    /// [`leave`](Self::leave) (step G5).
    ///
    /// `visit` is new, or the previous visit of this set. If the previous visit did not finish, its
    /// remaining children come first.
    pub(crate) fn attend(&self, visit: &mut Visit<BITS>) {
        // ORDERING: AcqRel. Acquire pairs with `wake_by`'s `fetch_or` of the root: the words below
        // are swapped after their bits were set, and in a group of one word the child's poll sees
        // the writes before the wake. Release is not needed, as a waker that reads ATTENDED does
        // nothing more; AcqRel is the rule for words that several threads write.
        let root = self.root.swap(ATTENDED, Ordering::AcqRel);
        visit.path[self.levels.len()].bits |= root & !ATTENDED;
    }

    /// Ends a visit, and says whether the task must be woken again (step G7).
    pub(crate) fn leave(&self) -> AfterVisit {
        // ORDERING: AcqRel. Release pairs with the `fetch_or` of the waker that next finds the root
        // zero, and must then find the registered waker in the lock. Acquire is not needed, as the
        // next visit's swaps acquire the data; AcqRel is the rule, as above.
        match self.root.fetch_and(!ATTENDED, Ordering::AcqRel) & !ATTENDED {
            0 => AfterVisit::Sleep,
            _ => AfterVisit::WakeAgain,
        }
    }

    /// Ends the group: later wakes wake no task, and the task's waker is dropped.
    ///
    /// # Panics
    ///
    /// If the destructor of the waker panics.
    pub(crate) fn retire(&self) {
        let parent = self.parent.lock().take();
        drop(parent);
    }

    /// Makes the waker of one child. The child's waker keeps the set alive.
    pub(crate) fn child_waker(self: &Arc<Self>, child: usize) -> Waker {
        Waker::from(Arc::new(ChildWaker { set: Arc::clone(self), child }))
    }
}

impl<const BITS: usize> fmt::Debug for WakeSet<BITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeSet").field("levels", &(self.levels.len() + 1)).finish_non_exhaustive()
    }
}

/// One poll's traversal of a [`WakeSet`] (step G6): yields each child that was woken, once, lowest
/// first.
///
/// A visit does not borrow the set, so that a group of several sets can visit them in turn. Every
/// call takes the set as an argument, which must always be the same set.
#[derive(Debug, Default)]
pub(crate) struct Visit<const BITS: usize = 64> {
    /// For each level, the word that was taken last. The last entry in use belongs to the root.
    path: [TakenWord; LEVELS_MAX + 1],
}

/// The bits of a word that the visit has swapped for zero.
#[derive(Debug, Default)]
struct TakenWord {
    /// The index of the word in its level.
    word: usize,
    /// The bits not yet visited.
    bits: u64,
}

impl<const BITS: usize> Visit<BITS> {
    /// Returns the next child that was woken, or `None` at the end of the visit.
    #[inline]
    pub(crate) fn next(&mut self, set: &WakeSet<BITS>) -> Option<usize> {
        while self.path[0].bits == 0 {
            self.descend(set)?;
        }
        Some(self.path[0].pop::<BITS>())
    }

    /// Starts at the lowest level that has bits left, and takes one word of each level below it.
    /// Returns `None` if no level has bits left.
    fn descend(&mut self, set: &WakeSet<BITS>) -> Option<()> {
        let top = (1..=set.levels.len()).find(|&level| self.path[level].bits != 0)?;
        for level in (0..top).rev() {
            let word = self.path[level + 1].pop::<BITS>();
            // ORDERING: AcqRel. Acquire pairs with `wake_by`'s `fetch_or` of this word: the child's
            // poll sees the writes before every wake that it answers. Release pairs with the same
            // `fetch_or`: a waker that finds the word empty sets the bit above after the swap that
            // led here.
            let bits = set.levels[level][word].swap(0, Ordering::AcqRel);
            debug_assert!(bits != 0, "the bit above is set only when the word is not empty");
            self.path[level] = TakenWord { word, bits };
        }
        Some(())
    }
}

impl TakenWord {
    /// Removes the lowest bit, and returns the index of the word or child that it stands for.
    #[inline]
    fn pop<const BITS: usize>(&mut self) -> usize {
        let bit = self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        self.word * BITS + bit
    }
}

/// The contents of a child's [`Waker`].
struct ChildWaker<const BITS: usize> {
    set: Arc<WakeSet<BITS>>,
    child: usize,
}

impl<const BITS: usize> Wake for ChildWaker<BITS> {
    fn wake(self: Arc<Self>) {
        self.set.wake_by(self.child);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set.wake_by(self.child);
    }
}
