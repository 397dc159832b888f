//! [`Stdin`]: all readers of the one standard input.

use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_io::{AsyncBufRead, AsyncRead};
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
            Some((_, former)) => Some(mem::replace(former, waker)),
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
        let stream = mem::replace(&mut state.stream, StdinStream::Lent { is_requested: false });
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
        let lent = mem::replace(&mut state.stream, StdinStream::Available(stream));
        drop(state);
        if matches!(lent, StdinStream::Lent { is_requested: true }) {
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        let waiting = mem::take(&mut self.state.lock().waiting);
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
    let pool = Pool::builder().threads_max(1).choose_cores(false).thread_name("aside-stdin");
    Unblock::with_submitter(
        io::stdin(),
        JobSubmitter::without_runtime(&pool.build(), Metadata::here().named("stdin")),
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
    /// The stream, between a `fill_buf` that has returned bytes and the `consume` of these bytes.
    ///
    /// *Shared by* nothing: the lock is never contended. The lock only makes `Stdin` `Sync`.
    filled: Mutex<Option<Box<Unblock<io::Stdin>>>>,
    /// The last `fill_buf` has returned the end, which the next one repeats: some libraries poll
    /// twice, and panic if the second poll is not ready.
    repeats_end: bool,
    #[cfg_attr(not(unix), expect(dead_code, reason = "for the descriptor"))]
    pub(super) std: io::Stdin,
}

/// The standard input of the process.
///
/// This function may be called anywhere and any number of times. All [`Stdin`]s read from one
/// buffer, and each byte is returned to one of them. A pending read does not keep the program or a
/// runtime from ending, and no virtual clock waits for it.
///
/// It implements [`AsyncBufRead`], so lines are read without another buffer:
///
/// ```
/// use aside::io::stdio::stdin;
/// use futures_lite::{AsyncBufReadExt, StreamExt};
///
/// aside::run(async {
///     let mut name = String::new();
///     stdin().read_line(&mut name).await?;
///     // Another `Stdin` continues with the next line.
///     let mut lines = stdin().lines();
///     while let Some(line) = lines.next().await {
///         println!("{}: {}", name.trim_end(), line?);
///     }
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// Between a `fill_buf` that has returned bytes and the next `consume`, all other [`Stdin`]s wait,
/// as they do for the lock of [`std::io::stdin`]. The operations on lines do not keep them waiting.
///
/// # Cancel safety
/// A dropped read loses no byte: the next read, of any [`Stdin`], returns its bytes. (A dropped
/// `read_line` of a library may lose the bytes that the library has consumed.)
#[track_caller]
pub fn stdin() -> Stdin {
    Stdin {
        id: Metadata::here().id(),
        filled: Mutex::new(None),
        repeats_end: false,
        std: io::stdin(),
    }
}

impl Stdin {
    /// Registers the waker, and takes the stream. Returns `None` if another reader has the stream;
    /// this reader is then woken later.
    fn borrow(&mut self, cx: &mut Context<'_>) -> Option<Box<Unblock<io::Stdin>>> {
        let waker = cx.waker().clone();
        match self.filled.get_mut().take() {
            Some(stream) => {
                let former = STDIN.state.lock().wait(self.id, waker);
                drop_catching(former);
                Some(stream)
            }
            None => STDIN.borrow(self.id, waker),
        }
    }

    /// Ends a read that has returned: another waiting reader may read the rest of the chunk.
    fn finish(&self) {
        STDIN.forget(self.id);
        STDIN.wake_all();
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.repeats_end = false;
        let Some(mut stream) = self.borrow(cx) else { return Poll::Pending };
        let all_readers = Waker::from(Arc::new(WakeAllReaders));
        let read = Pin::new(&mut *stream).poll_read(&mut Context::from_waker(&all_readers), buffer);
        STDIN.give_back(stream);
        if read.is_ready() {
            self.finish();
        }
        read
    }
}

/// Lends the bytes of the one buffer, so that nothing is copied.
///
/// # Cancel safety
/// The same as for [`AsyncRead`]. Dropping the [`Stdin`] consumes nothing.
impl AsyncBufRead for Stdin {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stdin = Pin::into_inner(self);
        if mem::take(&mut stdin.repeats_end) {
            return Poll::Ready(Ok(&[]));
        }
        if stdin.filled.get_mut().is_none() {
            let Some(mut stream) = stdin.borrow(cx) else { return Poll::Pending };
            let all_readers = Waker::from(Arc::new(WakeAllReaders));
            let mut cx = Context::from_waker(&all_readers);
            match Pin::new(&mut *stream).poll_fill_buf(&mut cx).map_ok(<[u8]>::is_empty) {
                Poll::Ready(Ok(false)) => {
                    STDIN.forget(stdin.id);
                    *stdin.filled.get_mut() = Some(stream);
                }
                polled => {
                    stdin.repeats_end = matches!(polled, Poll::Ready(Ok(true)));
                    stream.end_loan();
                    STDIN.give_back(stream);
                    if polled.is_ready() {
                        stdin.finish();
                    }
                    return polled.map_ok(|_end| &[][..]);
                }
            }
        }
        let filled = stdin.filled.get_mut().as_deref();
        Poll::Ready(Ok(filled.map_or(&[], Unblock::filled)))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.repeats_end = false;
        let Some(stream) = self.filled.get_mut() else {
            assert!(count == 0, "more bytes were consumed than were available");
            return;
        };
        Pin::new(&mut **stream).consume(count);
        if let Some(stream) = self.filled.get_mut().take() {
            STDIN.give_back(stream);
            self.finish();
        }
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        if let Some(stream) = self.filled.get_mut().take() {
            STDIN.give_back(stream);
        }
        STDIN.forget(self.id);
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}
