//! The standard streams, for async code.
//!
//! # The problem
//!
//! A read of stdin cannot be interrupted, and may last forever. A job of the runtime that reads
//! stdin would keep the program from exiting, and bytes that it reads after its reader was dropped
//! would be lost.
//!
//! # The idea
//!
//! A process has one stdin, so there is one [`Unblock`] of it, on a thread that belongs to no
//! runtime and does not keep the process from exiting. Every [`Stdin`] reads from the buffer of
//! this one `Unblock`.
//!
//! ```
//! use std::time::Duration;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! aside::run(async {
//!     let mut answer = [0; 64];
//!     let mut stdin = aside::io::stdio::stdin();
//!     let asked = aside::timeout(Duration::from_millis(1), stdin.read(&mut answer));
//!     let text = if asked.await.is_ok() { "an answer\n" } else { "no answer\n" };
//!     let mut stdout = aside::io::stdio::stdout();
//!     stdout.write_all(text.as_bytes()).await?;
//!     stdout.flush().await
//! })?;
//! // If there was no answer, the read is still under way; the program exits all the same.
//! # std::io::Result::Ok(())
//! ```
//!
//! # Limits
//!
//! [`std::io::stdin`] does not see bytes that were read ahead here, and this module does not see
//! bytes that std has buffered: use only one of the two.
//!
//! **An abandoned read of [`stdin`] takes the input of a child process.** If a read is dropped, by
//! a timeout for example, its thread still waits in the system's `read`. A read also takes up to 8
//! KiB, even if only a line was requested. This program loses none of these bytes, but a child that
//! inherits stdin (an editor, a pager, a shell, `sudo`) never gets them. There are three ways to
//! avoid it:
//!
//! - Start such children before the first read, or await every read before a child is started.
//! - Give the child a stdin of its own, `Stdio::null()` or a pipe.
//! - Read the terminal or pipe through `net::AsyncFd` instead, over a descriptor of its own:
//!   `/dev/tty`, or on Linux `/proc/self/fd/0`, opened with `O_NONBLOCK`. Such a read takes bytes
//!   only when it is polled, and takes no more than it returns.

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
/// *Shared by* all [`Stdin`]s. *Guarded by* its mutex. *Woken by*: an event of the stream wakes all
/// waiting readers. The reader that puts the stream back wakes them, too, if another reader has
/// requested the stream since it was taken.
struct SharedStdin {
    state: Mutex<StdinState>,
}

static STDIN: SharedStdin = SharedStdin { state: Mutex::new(StdinState::NEW) };

struct StdinState {
    /// Taken out while a reader polls it, so that no waker is used under the lock.
    stream: StdinStream,
    /// The wakers of the waiting readers, one for each.
    waiting: Vec<(Id, Waker)>,
}

enum StdinStream {
    /// There was no read yet.
    New,
    Available(Box<Unblock<io::Stdin>>),
    /// A reader has taken the stream, and polls it.
    Lent {
        /// Another reader has requested the stream since it was taken.
        is_requested: bool,
    },
}

impl StdinState {
    const NEW: StdinState = StdinState { stream: StdinStream::New, waiting: Vec::new() };

    /// Registers a reader's waker, and returns the reader's former waker.
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

impl SharedStdin {
    /// Registers the reader's waker, and takes the stream. Returns `None` if another reader is
    /// polling the stream; the reader `id` is then woken later.
    fn borrow(&self, id: Id, waker: Waker) -> Option<Box<Unblock<io::Stdin>>> {
        let mut state = self.state.lock();
        let former = state.wait(id, waker);
        let stream =
            std::mem::replace(&mut state.stream, StdinStream::Lent { is_requested: false });
        let borrowed = match stream {
            StdinStream::Available(stream) => Some(Some(stream)),
            StdinStream::New => Some(None),
            StdinStream::Lent { .. } => {
                state.stream = StdinStream::Lent { is_requested: true };
                None
            }
        };
        drop(state);
        drop_catching(former);
        borrowed.map(|stream| stream.unwrap_or_else(|| Box::new(unblock_stdin())))
    }

    fn give_back(&self, stream: Box<Unblock<io::Stdin>>) {
        let mut state = self.state.lock();
        let lent = std::mem::replace(&mut state.stream, StdinStream::Available(stream));
        drop(state);
        if matches!(lent, StdinStream::Lent { is_requested: true }) {
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

/// Unblocks stdin on a pool of its own that is never shut down, so that nothing waits for it.
fn unblock_stdin() -> Unblock<io::Stdin> {
    let pool = Pool::builder().threads_max(1).thread_name("aside-stdin").build();
    Unblock::with_submitter(
        io::stdin(),
        JobSubmitter::without_runtime(&pool, Metadata::here().named("stdin")),
    )
}

/// Wakes all waiting readers, because any of them may be the next to read.
struct WakeAllReaders;

impl Wake for WakeAllReaders {
    fn wake(self: Arc<Self>) {
        STDIN.wake_all();
    }
}

/// The standard input. See [`stdin`].
pub struct Stdin {
    id: Id,
}

/// The standard input of the process.
///
/// This function may be called anywhere and any number of times. All [`Stdin`]s read from one
/// buffer, and each byte is returned to one of them. A pending read does not keep the program or a
/// runtime from ending, and no virtual clock waits for it.
///
/// # Cancel safety
/// A dropped read loses no byte: the next read, of any [`Stdin`], returns its bytes.
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
        let Some(mut stream) = STDIN.borrow(self.id, waker) else { return Poll::Pending };
        let all_readers = Waker::from(Arc::new(WakeAllReaders));
        let read = Pin::new(&mut *stream).poll_read(&mut Context::from_waker(&all_readers), buffer);
        STDIN.give_back(stream);
        if read.is_ready() {
            STDIN.forget(self.id);
            // Another waiting reader may read the rest of the chunk.
            STDIN.wake_all();
        }
        read
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        STDIN.forget(self.id);
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

/// The standard output of the process, written by jobs on the current runtime's pool.
///
/// A flush is ready when all accepted bytes are written. Bytes that were accepted and not flushed
/// are written before [`run`](crate::run) returns, because `run` waits for the jobs on its pool.
/// Errors of these writes are lost: flush to receive them. Once a write has failed, every later
/// write, flush and close of this [`Stdout`] returns its error.
///
/// An output in non-blocking mode, which another process may have set on a shared pipe or terminal,
/// is written as in blocking mode: the job waits for room. If the output is a pipe that no process
/// reads, `run` therefore waits, as `println!` would. The order of bytes is kept only within one
/// [`Stdout`]: flush it before another one writes.
///
/// # Panics
/// On a thread without a runtime.
#[track_caller]
pub fn stdout() -> Stdout {
    Stdout(Unblock::new(io::stdout()))
}

/// The standard error of the process. Behaves like [`stdout`].
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

/// Pushes a last flush, because std's buffer keeps a line that has no end.
impl Drop for Stdout {
    fn drop(&mut self) {
        self.0.flush_before_drop();
    }
}
