//! The race between the addresses of a peer.
//!
//! A name often has several addresses, and some of them may not answer: the system gives up such a
//! connect only after minutes. So the attempts overlap, as RFC 8305 ("Happy Eyeballs") describes:
//!
//! - H1. Addresses of the two families alternate, beginning with the family of the first address.
//!   Within a family they keep their order.
//! - H2. The first attempt begins at once. The next one begins when an attempt has failed, or when
//!   [`ATTEMPT_DELAY`] has passed since the last one began.
//! - H3. The first attempt that succeeds ends the race. The other attempts are dropped.
//! - H4. When all attempts have failed, the error lists them. Its kind is that of the most telling
//!   attempt.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use runtime_core::abort_on_drop::AbortOnDrop;
use runtime_executor::{Handle, sleep_remotely};

/// The time that an attempt has before the next one begins, as RFC 8305 recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Returns the result of the first attempt that succeeds. See the head of this file. The time is
/// that of the loop of `handle`.
pub(super) async fn race_addresses<T, F>(
    handle: &Handle,
    addresses: Vec<SocketAddr>,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    match addresses[..] {
        [] => Err(io::Error::new(ErrorKind::InvalidInput, "the name has no address")),
        [address] => attempt(address).await,
        [..] => {
            let mut race = AddressRace::new(alternate(addresses));
            poll_fn(|cx| race.poll(cx, handle, &mut attempt)).await
        }
    }
}

/// H1.
fn alternate(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let is_v6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_v6_first);
    let mut alternating = VecDeque::new();
    while !first.is_empty() || !second.is_empty() {
        alternating.extend(first.pop_front());
        alternating.extend(second.pop_front());
    }
    alternating
}

struct AddressRace<F> {
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, Pin<Box<F>>)>,
    failed: Vec<(SocketAddr, io::Error)>,
    /// The sleep before the next attempt. It is a task of the loop, because the race may be polled
    /// on any thread. If the loop closes, the sleep ends.
    delay: Option<AbortOnDrop<()>>,
}

impl<F> AddressRace<F> {
    fn new(waiting: VecDeque<SocketAddr>) -> AddressRace<F> {
        AddressRace { waiting, running: Vec::new(), failed: Vec::new(), delay: None }
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        handle: &Handle,
        attempt: &mut impl FnMut(SocketAddr) -> F,
    ) -> Poll<io::Result<T>>
    where
        F: Future<Output = io::Result<T>>,
    {
        loop {
            let failed_before = self.failed.len();
            if let Some(done) = self.poll_running(cx) {
                return Poll::Ready(Ok(done));
            }
            let has_failed = self.failed.len() > failed_before;
            let is_due = has_failed || self.running.is_empty() || self.is_delay_over(cx, handle);
            if !is_due {
                return Poll::Pending;
            }
            match self.waiting.pop_front() {
                Some(address) => {
                    self.running.push((address, Box::pin(attempt(address))));
                    self.delay = None;
                }
                None if self.running.is_empty() => {
                    let attempts = mem::take(&mut self.failed);
                    return Poll::Ready(Err(AttemptsFailed { attempts }.into()));
                }
                None => return Poll::Pending,
            }
        }
    }

    /// Polls all attempts. Returns the result of the first one that has succeeded.
    fn poll_running<T>(&mut self, cx: &mut Context<'_>) -> Option<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut next = 0;
        while let Some((address, attempt)) = self.running.get_mut(next) {
            match attempt.as_mut().poll(cx) {
                Poll::Pending => next += 1,
                Poll::Ready(Ok(done)) => return Some(done),
                Poll::Ready(Err(error)) => {
                    self.failed.push((*address, error));
                    drop(self.running.remove(next));
                }
            }
        }
        None
    }

    /// H2. Returns false if there is no further address.
    fn is_delay_over(&mut self, cx: &mut Context<'_>, handle: &Handle) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let delay = self
            .delay
            .get_or_insert_with(|| sleep_remotely(handle, handle.clock().now() + ATTEMPT_DELAY));
        Pin::new(delay).poll(cx).is_ready()
    }
}

/// H4. The attempts of a race, in the order of their failures. There is at least one.
#[derive(Debug)]
struct AttemptsFailed {
    attempts: Vec<(SocketAddr, io::Error)>,
}

impl AttemptsFailed {
    /// Returns the error of the last attempt that reached a network. The others had no route from
    /// this host, as an IPv6 address on a host without IPv6.
    fn most_telling(&self) -> &io::Error {
        let errors = || self.attempts.iter().rev().map(|(_, error)| error);
        let telling = errors().find(|error| !has_no_route(error)).or_else(|| errors().next());
        telling.expect("a race has an attempt")
    }
}

fn has_no_route(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable)
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

impl fmt::Display for AttemptsFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address accepted the connection")?;
        self.attempts.iter().try_for_each(|(address, error)| write!(f, "; {address}: {error}"))
    }
}

impl Error for AttemptsFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.most_telling())
    }
}

impl From<AttemptsFailed> for io::Error {
    fn from(failed: AttemptsFailed) -> io::Error {
        io::Error::new(failed.most_telling().kind(), failed)
    }
}

#[cfg(test)]
mod tests;
