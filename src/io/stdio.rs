//! The standard streams, for async code.
//!
//! # The problem
//!
//! A read of stdin cannot be interrupted, and may last for ever. As a job of the runtime it would
//! keep the program from ending, and what it has read when its reader is gone would be lost.
//!
//! # The idea
//!
//! There is one stdin in a process, so there is one [`Unblock`] of it, on a thread that belongs to
//! no runtime and that nobody waits for at the exit. Every [`Stdin`] takes from the same buffer.
//!
//! ```
//! use std::time::Duration;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! aside::run(async {
//!     let mut answer = [0; 64];
//!     let mut stdin = aside::io::stdio::stdin();
//!     let asked = aside::timeout(Duration::from_millis(1), stdin.read(&mut answer));
//!     let text = if asked.await.is_ok() { "an answer\n" } else { "nobody answers\n" };
//!     let mut stdout = aside::io::stdio::stdout();
//!     stdout.write_all(text.as_bytes()).await?;
//!     stdout.flush().await
//! })?;
//! // If nobody answered, the read goes on; the program ends all the same.
//! # std::io::Result::Ok(())
//! ```
//!
//! # Limits
//!
//! What was read ahead here is not seen by [`std::io::stdin`], and what that has read is not seen
//! here: use one of the two.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_blocking::Pool;
use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::metadata::{Id, Metadata};
use runtime_core::sync::Mutex;

use crate::io::unblock::{JobSubmitter, Unblock};

/// The one stdin of the process.
///
/// *Shared by* all [`Stdin`]s. *Guarded by* its mutex. *Woken by*: news of the desk wakes all who
/// wait, and so does whoever puts the stream back when another has asked for it meanwhile.
struct Source {
    state: Mutex<State>,
}

static SOURCE: Source = Source { state: Mutex::new(State::NEW) };

struct State {
    /// Taken out while it is polled, so that no waker is touched under the lock.
    stream: Slot,
    /// Who waits, each once.
    waiting: Vec<(Id, Waker)>,
}

enum Slot {
    /// Nobody has read yet.
    New,
    Here(Box<Unblock<io::Stdin>>),
    /// Somebody polls it; whether another one has asked for it meanwhile.
    Lent {
        is_wanted: bool,
    },
}

impl State {
    const NEW: State = State { stream: Slot::New, waiting: Vec::new() };

    /// Remembers a waker, and returns the one that it replaces.
    fn wait(&mut self, id: Id, waker: Waker) -> Option<Waker> {
        match self.waiting.iter_mut().find(|(waiting, _)| *waiting == id) {
            Some((_, former)) => Some(std::mem::replace(former, waker)),
            None => {
                self.waiting.push((id, waker));
                None
            }
        }
    }
}

impl Source {
    /// The stream, or nothing if another thread polls it at this moment; then `id` is woken.
    fn borrow(&self, id: Id, waker: Waker) -> Option<Box<Unblock<io::Stdin>>> {
        let mut state = self.state.lock();
        let former = state.wait(id, waker);
        let stream = std::mem::replace(&mut state.stream, Slot::Lent { is_wanted: false });
        let borrowed = match stream {
            Slot::Here(stream) => Some(Some(stream)),
            Slot::New => Some(None),
            Slot::Lent { .. } => {
                state.stream = Slot::Lent { is_wanted: true };
                None
            }
        };
        drop(state);
        drop_catching(former);
        borrowed.map(|stream| stream.unwrap_or_else(|| Box::new(unblocked())))
    }

    fn give_back(&self, stream: Box<Unblock<io::Stdin>>) {
        let mut state = self.state.lock();
        let lent = std::mem::replace(&mut state.stream, Slot::Here(stream));
        drop(state);
        if matches!(lent, Slot::Lent { is_wanted: true }) {
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        let waiting = std::mem::take(&mut self.state.lock().waiting);
        waiting.into_iter().for_each(|(_, waker)| catch_panic(|| waker.wake()));
    }

    fn forget(&self, id: Id) {
        let mut state = self.state.lock();
        let place = state.waiting.iter().position(|(waiting, _)| *waiting == id);
        let waker = place.map(|place| state.waiting.swap_remove(place));
        drop(state);
        drop_catching(waker);
    }
}

/// On a pool of its own that is never shut down: nobody waits for it, at the exit or elsewhere.
fn unblocked() -> Unblock<io::Stdin> {
    let pool = Pool::builder().threads_max(1).thread_name("aside-stdin").build();
    Unblock::with_submitter(
        io::stdin(),
        JobSubmitter::without_runtime(&pool, Metadata::here().named("stdin")),
    )
}

/// Wakes everybody who waits for stdin: who reads it when it comes is not known.
struct Crowd;

impl Wake for Crowd {
    fn wake(self: Arc<Self>) {
        SOURCE.wake_all();
    }
}

/// The standard input. See [`stdin`].
pub struct Stdin {
    id: Id,
}

/// The standard input of the process.
///
/// It may be called anywhere and any number of times: all [`Stdin`]s read from one buffer, each
/// byte goes to one of them, and what one has not taken is for the next. No read of it keeps the
/// program, or a runtime, from ending, and no virtual clock waits for it.
///
/// # Cancel safety
/// A read that is given up loses no byte: it goes to whoever reads next.
#[track_caller]
pub fn stdin() -> Stdin {
    Stdin { id: Metadata::here().id() }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let waker = cx.waker().clone();
        let Some(mut stream) = SOURCE.borrow(self.id, waker) else { return Poll::Pending };
        let crowd = Waker::from(Arc::new(Crowd));
        let read = Pin::new(&mut *stream).poll_read(&mut Context::from_waker(&crowd), buffer);
        SOURCE.give_back(stream);
        if read.is_ready() {
            SOURCE.forget(self.id);
            // Whoever waits as well may find the rest of the chunk.
            SOURCE.wake_all();
        }
        read
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        SOURCE.forget(self.id);
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}

/// The standard output. See [`stdout`].
#[derive(Debug)]
pub struct Stdout(Unblock<io::Stdout>);

/// The standard error. See [`stderr`].
#[derive(Debug)]
pub struct Stderr(Unblock<io::Stderr>);

/// The standard output of the process, by the pool of the current runtime.
///
/// What was flushed has been written. What was accepted and not flushed is written as well before
/// [`run`](crate::run) returns, as it waits for the jobs on its pool; but an error of that is heard
/// by nobody. So `run` also waits for a pipe that nobody empties, as `println!` would. Two
/// [`Stdout`]s keep their own order each; flush one before the other writes.
///
/// # Panics
/// On a thread without a runtime.
#[track_caller]
pub fn stdout() -> Stdout {
    Stdout(Unblock::new(io::stdout()))
}

/// The standard error of the process, by the pool of the current runtime. As [`stdout`].
///
/// # Panics
/// On a thread without a runtime.
#[track_caller]
pub fn stderr() -> Stderr {
    Stderr(Unblock::new(io::stderr()))
}

macro_rules! writes_through {
    ($type:ty) => {
        impl AsyncWrite for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(cx, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(cx)
            }

            fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_close(cx)
            }
        }
    };
}

writes_through!(Stdout);
writes_through!(Stderr);
