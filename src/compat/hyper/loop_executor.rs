//! The loop, as hyper's executor.

use hyper::rt;

/// Spawns what hyper spawns: for HTTP/2, a task for each request that is served, and for each
/// connection of a client.
///
/// The tasks are of the loop that the thread turns when hyper spawns them, which is the one that
/// polls the connection. They need not be `Send`, so a service may hold an `Rc`.
///
/// # Panics
/// When hyper spawns on a thread that is not turning a loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> rt::Executor<F> for Executor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        crate::spawn(future).detach();
    }
}
