//! [`LoopExecutor`]: hyper's tasks on the loop.

use hyper::rt;

/// Spawns hyper's tasks. With HTTP/2, hyper spawns a task for each request that is served, and one
/// for each connection of a client.
///
/// The tasks run on the loop that the thread turns when hyper spawns them, which is the loop that
/// polls the connection. They need not be `Send`, so a service may hold an `Rc`.
///
/// # Panics
/// If hyper spawns on a thread that is not turning a loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopExecutor;

impl<F> rt::Executor<F> for LoopExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        crate::spawn(future).detach();
    }
}
