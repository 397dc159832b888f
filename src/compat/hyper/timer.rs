//! The loop's clock, as hyper's timer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;
use runtime_executor::{sleep, sleep_until};

/// The timer that hyper's time limits need: it follows the clock of the runtime that drives the
/// connection, be that the system's or a virtual one.
///
/// # Panics
/// As [`sleep`](crate::sleep()): when its sleeps are polled on a thread without a runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleep(sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        crate::time::now()
    }

    /// Sets the sleep anew in the box that it has. (One of another timer's is replaced.)
    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(mut own) => own.set(Sleep(sleep_until(deadline))),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// hyper's trait is not ours, and neither is the package of the sleep.
struct Sleep(runtime_executor::Sleep);

impl rt::Sleep for Sleep {}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}
