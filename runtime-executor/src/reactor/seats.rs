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

    /// Who waits there; `None` after a [call](Seats::call).
    pub(super) fn get(&self, SeatId(index): SeatId) -> Option<&Waker> {
        self.seats[index].as_ref()
    }

    pub(super) fn replace(&mut self, SeatId(index): SeatId, waker: Waker) -> Option<Waker> {
        self.seats[index].replace(waker)
    }

    pub(super) fn remove(&mut self, SeatId(index): SeatId) -> Option<Waker> {
        self.vacant.push(index);
        self.seats[index].take()
    }

    /// Takes the first waker at or after a place, and says where to go on. The seat stays taken.
    pub(super) fn call(&mut self, from: usize) -> Option<(usize, Waker)> {
        let seats = self.seats.iter_mut().enumerate().skip(from);
        seats.filter_map(|(index, seat)| Some((index + 1, seat.take()?))).next()
    }
}
