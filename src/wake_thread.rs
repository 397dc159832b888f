//! The helper thread of a host that cannot watch a descriptor.
#![cfg_attr(not(all(feature = "net", unix)), allow(dead_code))]

use std::io;
use std::mem;

use runtime_blocking::Pool;
use runtime_core::fork::ForkCheck;
use runtime_core::sync::thread::JoinHandle;

/// A thread that unparks the loop when there are events of sockets.
///
/// # Drop
/// Stops the thread and waits for its end, at most for the end of a call of the hook. In a forked
/// child there is no such thread, and the drop does nothing.
pub(crate) struct WakeThread {
    stop: Box<dyn Fn()>,
    thread: Option<JoinHandle<()>>,
    process: ForkCheck,
}

impl WakeThread {
    /// Starts the thread, with the name and the signal mask of the pool's threads. `stop` ends
    /// `body`.
    pub(crate) fn start(
        pool: &Pool,
        body: impl FnOnce() + Send + 'static,
        stop: impl Fn() + 'static,
    ) -> io::Result<WakeThread> {
        let thread = Some(pool.start_helper("wake", body)?);
        Ok(WakeThread { stop: Box::new(stop), thread, process: ForkCheck::here() })
    }
}

impl Drop for WakeThread {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.process.check().is_err() {
            // The system may have given the memory of the missing thread to a new one.
            return mem::forget(thread);
        }
        (self.stop)();
        if let Some(thread) = thread {
            // The thread does not panic: it catches the panic of the hook.
            let _ended = thread.join();
        }
    }
}
