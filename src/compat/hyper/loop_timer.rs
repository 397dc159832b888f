//! [`LoopTimer`]: the runtime's clock for hyper.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt;
use runtime_executor::{sleep, sleep_until};

/// The timer for hyper's timeouts. It follows the clock of the runtime that drives the connection,
/// which is the system's clock or a virtual clock.
///
/// # Panics
/// If one of its sleeps is polled on a thread without a runtime: [`sleep`](crate::sleep()) panics
/// there, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopTimer;

impl rt::Timer for LoopTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HyperSleep(sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(HyperSleep(sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        crate::time::now()
    }

    /// Resets a sleep of this timer in place, without a new box. Replaces a sleep of another timer.
    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep>() {
            Some(mut own) => own.set(HyperSleep(sleep_until(deadline))),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// A newtype is needed, because neither hyper's trait nor the sleep is defined in this package.
struct HyperSleep(runtime_executor::Sleep);

impl rt::Sleep for HyperSleep {}

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}
