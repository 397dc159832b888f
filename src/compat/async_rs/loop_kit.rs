//! [`LoopKit`]: the traits of `async-rs`, by a handle of a runtime.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use ::async_rs::traits::{Executor, Reactor, RuntimeKit};
use ::async_rs::util::Task;
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

use super::loop_sleep::{LoopSleep, LoopTicks};
use super::loop_stream::LoopStream;
use super::loop_task::LoopTask;
use crate::handle::Handle;
use crate::net::TcpStream;

/// Runs libraries that are written for `async-rs` on a runtime of this crate.
///
/// Cheap to clone. It does not keep the runtime alive.
#[derive(Clone, Debug)]
pub struct LoopKit {
    handle: Handle,
}

impl LoopKit {
    /// Makes a kit of the current runtime.
    ///
    /// # Panics
    /// On a thread without a runtime: use [`new`](LoopKit::new) there.
    #[track_caller]
    pub fn current() -> LoopKit {
        LoopKit::new(Handle::current())
    }

    /// Makes a kit of the runtime of a handle.
    pub fn new(handle: Handle) -> LoopKit {
        LoopKit { handle }
    }

    /// Returns the handle of the kit's runtime.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl RuntimeKit for LoopKit {}

impl Executor for LoopKit {
    type Task<T: Send + 'static> = LoopTask<T>;

    /// Drives the future on this thread, as [`Handle::block_on`] does.
    ///
    /// # Panics
    /// On the runtime's own thread, which would wait for itself.
    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.handle.block_on(future)
    }

    /// Spawns the future on the loop, from any thread.
    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<LoopTask<T>> {
        LoopTask::new(self.handle.spawn(future)).into()
    }

    /// Runs the closure on the runtime's pool.
    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        f: F,
    ) -> Task<LoopTask<T>> {
        LoopTask::new(self.handle.spawn_blocking(f)).into()
    }
}

impl Reactor for LoopKit {
    type TcpStream = TcpStream;
    type Sleep = LoopSleep;

    /// Puts the object in non-blocking mode and registers its descriptor with the loop.
    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        object: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        LoopStream::new(&self.handle, object)
    }

    /// Sleeps by the runtime's clock, from the call on. A small task on the loop sleeps in its
    /// place, so any thread may poll it.
    fn sleep(&self, duration: Duration) -> LoopSleep {
        LoopSleep::after(&self.handle, duration)
    }

    /// Ticks at once and then every `period`. Missed ticks are delivered in a burst, as by
    /// [`interval`](crate::interval).
    fn interval(&self, period: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        LoopTicks::new(&self.handle, period)
    }

    /// Connects on the loop. The stream sends without delay (`TCP_NODELAY`).
    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        let handle = self.handle.clone();
        async move {
            let connecting = async move {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(stream)
            };
            // Any executor may poll the outer future, and the inner one needs a current runtime.
            match handle.spawn(connecting).abort_on_drop().await {
                Ok(connected) => connected,
                Err(ended) if ended.is_panic() => ended.resume(),
                Err(ended) => Err(io::Error::other(ended)),
            }
        }
    }
}
