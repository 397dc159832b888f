//! Seats for several who wait for one direction of one source. A plain value.

use std::task::Waker;

/// Names a seat until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeatId(usize);

/// Seats in the order in which they were first taken. A removed one is taken again first.
#[derive(Debug, Default)]
pub(super) struct Seats {
    seats: Vec<Option<Waker>>,
    vacant: Vec<usize>,
}

impl Seats {
    pub(super) fn add(&mut self, waker: Waker) -> SeatId {
        if let Some(index) = self.vacant.pop() {
            self.seats[index] = Some(waker);
            SeatId(index)
        } else {
            self.seats.push(Some(waker));
            SeatId(self.seats.len() - 1)
        }
    }

    pub(super) fn replace(&mut self, SeatId(index): SeatId, waker: Waker) -> Option<Waker> {
        self.seats[index].replace(waker)
    }

    pub(super) fn remove(&mut self, SeatId(index): SeatId) -> Option<Waker> {
        self.vacant.push(index);
        self.seats[index].take()
    }

    /// Takes all wakers. The seats stay taken.
    pub(super) fn call(&mut self, called: &mut Vec<Waker>) {
        called.extend(self.seats.iter_mut().filter_map(Option::take));
    }
}
