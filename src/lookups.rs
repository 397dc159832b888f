//! The limits of name lookups.
//!
//! A lookup cannot be stopped. Its thread is busy until the system's resolver returns, which takes
//! up to half a minute if no server answers. Two limits keep such lookups from stopping all others:
//!
//! - *Places*: a lookup that is awaited has a place while it runs. A lookup whose future is dropped
//!   gives its place back at once, although its thread is still busy.
//! - *Threads*: a lane of the pool runs at most [`THREADS_PER_PLACE`] times as many lookups as
//!   there are places. The others belong to futures that were dropped. In addition, the lane runs
//!   no more lookups than half of the pool's threads, or one.
//!
//! Lookups that wait for a place are served in order:
//!
//! - L1. A lookup takes a free place. If there is none, it queues a request with its waker. So a
//!   place is free only if no request waits.
//! - L2. A place that is given back is granted to the first request that waits, whose task is
//!   woken. If no request waits, the place becomes free.
//! - L3. A lookup that is dropped while it waits removes its request. If a place was granted to it
//!   in the meantime, the place is given back, as in L2.
//!
//! All steps are taken under one lock. Wakers are cloned, woken and dropped outside it, because
//! they are foreign code.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use runtime_blocking::{Lane, Pool};
use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::sync::{Mutex, OnceLock};

/// The default number of places.
const LOOKUPS_MAX: usize = 32;

/// The number of threads per place that lookups may occupy, awaited or not. With the default number
/// of places, lookups leave three quarters of the 512 threads of a default pool to other jobs.
const THREADS_PER_PLACE: usize = 4;

/// The lookups of one runtime.
pub(crate) struct Lookups {
    places_max: usize,
    /// *Guarded by* its mutex. *Woken by* the places that are given back.
    state: Mutex<PlacesState>,
    /// The lane of the pool, made for the first lookup.
    lane: OnceLock<Lane>,
}

struct PlacesState {
    free: usize,
    /// The waiting lookups with their tickets, which increase.
    requests: VecDeque<(u64, PlaceRequest)>,
    next_ticket: u64,
}

impl PlacesState {
    fn find(&self, ticket: u64) -> Option<usize> {
        self.requests.binary_search_by_key(&ticket, |(other, _)| *other).ok()
    }

    fn remove(&mut self, ticket: u64) -> Option<PlaceRequest> {
        let index = self.find(ticket)?;
        self.requests.remove(index).map(|(_, request)| request)
    }
}

enum PlaceRequest {
    Waiting(Waker),
    Granted,
}

impl Default for Lookups {
    fn default() -> Lookups {
        Lookups::new(LOOKUPS_MAX)
    }
}

impl Lookups {
    pub(crate) fn new(places_max: usize) -> Lookups {
        let state = PlacesState { free: places_max, requests: VecDeque::new(), next_ticket: 0 };
        Lookups { places_max, state: Mutex::new(state), lane: OnceLock::new() }
    }

    /// Returns the lane of the lookups.
    pub(crate) fn lane(&self, pool: &Pool) -> &Lane {
        self.lane.get_or_init(|| {
            let threads = self.places_max.saturating_mul(THREADS_PER_PLACE);
            let threads = threads.min(pool.threads_max() / 2).max(1);
            pool.lane("dns").running_max(threads).build()
        })
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    /// Safe: L3.
    pub(crate) fn place(&self) -> TakePlace<'_> {
        TakePlace { lookups: self, ticket: None }
    }

    /// L2.
    fn give_back(&self) {
        let mut state = self.state.lock();
        let waiting = state.requests.iter_mut().find_map(|(_, request)| {
            match mem::replace(request, PlaceRequest::Granted) {
                PlaceRequest::Waiting(waker) => Some(waker),
                PlaceRequest::Granted => None,
            }
        });
        if waiting.is_none() {
            state.free += 1;
        }
        drop(state);
        if let Some(waker) = waiting {
            catch_panic(|| waker.wake());
        }
    }
}

/// The future of a place.
pub(crate) struct TakePlace<'a> {
    lookups: &'a Lookups,
    /// The ticket of the request, if this lookup has one.
    ticket: Option<u64>,
}

impl<'a> Future for TakePlace<'a> {
    type Output = LookupPlace<'a>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LookupPlace<'a>> {
        let waker = cx.waker().clone();
        let lookups = self.lookups;
        let mut state = lookups.state.lock();
        let index = self.ticket.and_then(|ticket| state.find(ticket));
        let has_place = match index {
            Some(index) => matches!(state.requests[index].1, PlaceRequest::Granted),
            None => state.free > 0,
        };
        if has_place {
            match self.ticket.take() {
                Some(ticket) => drop(state.remove(ticket)),
                None => state.free -= 1,
            }
            drop(state);
            drop_catching(waker);
            return Poll::Ready(LookupPlace { lookups });
        }
        let former = match index {
            Some(index) => {
                let request = &mut state.requests[index].1;
                Some(mem::replace(request, PlaceRequest::Waiting(waker)))
            }
            None => {
                let ticket = state.next_ticket;
                state.next_ticket += 1;
                state.requests.push_back((ticket, PlaceRequest::Waiting(waker)));
                self.ticket = Some(ticket);
                None
            }
        };
        drop(state);
        drop_catching(former);
        Poll::Pending
    }
}

/// L3.
impl Drop for TakePlace<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let request = self.lookups.state.lock().remove(ticket);
        match request {
            Some(PlaceRequest::Granted) => self.lookups.give_back(),
            waiting => drop_catching(waiting),
        }
    }
}

/// A place. Dropping it gives it back.
pub(crate) struct LookupPlace<'a> {
    lookups: &'a Lookups,
}

impl Drop for LookupPlace<'_> {
    fn drop(&mut self) {
        self.lookups.give_back();
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").field("places_max", &self.places_max).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
