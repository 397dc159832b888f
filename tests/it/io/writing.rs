//! Blocking streams: writing, seeking, and iterators. `reading.rs` tests reading.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};

use aside::{Runtime, Unblock};
use futures_io::AsyncWrite;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};
use runtime_core::sync::Mutex;

use crate::io::reading::{Scratch, pattern, poll_once};
use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{panic_message, watched};

/// A writer that records its calls.
#[derive(Clone, Default)]
struct Sink {
    written: Arc<Mutex<Vec<u8>>>,
    flushes: Arc<AtomicUsize>,
    /// The number of the call that fails. Writes and flushes are counted together, from 1.
    fails: Option<usize>,
    calls: Arc<AtomicUsize>,
}

impl Sink {
    fn call(&self) -> io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.fails == Some(call) {
            Err(io::Error::other(format!("call {call}")))
        } else {
            Ok(())
        }
    }

    fn written(&self) -> Vec<u8> {
        self.written.lock().clone()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call()?;
        self.written.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call()?;
        self.flushes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn flushed_data_has_been_written_in_order() {
    watched(|| {
        let content = pattern(5_000_000);
        let sink = Sink::default();
        aside::run(async {
            let mut stream = Unblock::new(sink.clone());
            let mut random = fastrand::Rng::with_seed(1);
            let mut rest = &content[..];
            while !rest.is_empty() {
                let (part, after) = rest.split_at(random.usize(1..=rest.len().min(300_000)));
                stream.write_all(part).await.unwrap();
                if random.u8(..) < 50 {
                    stream.flush().await.unwrap();
                    assert_eq!(sink.written().len(), content.len() - after.len());
                }
                rest = after;
            }
            stream.flush().await.unwrap();
            assert!(sink.written() == content);
            let flushes = sink.flushes.load(Ordering::SeqCst);
            stream.close().await.unwrap();
            assert_eq!(sink.flushes.load(Ordering::SeqCst), flushes + 1, "a close flushes");
        });
    });
}

// P94
#[test]
fn the_error_of_a_failed_write_stays_and_nothing_is_written_behind_it() {
    watched(|| {
        let sink = Sink { fails: Some(2), ..Sink::default() };
        // The only worker is busy, so all three writes are accepted before the first one runs.
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let busy = aside::spawn_blocking(move || may_go.recv());
            let mut stream = Unblock::new(sink.clone());
            for word in ["one", "two", "three"] {
                stream.write_all(word.as_bytes()).await.unwrap();
            }
            go.send(()).unwrap();
            busy.await.unwrap().unwrap();
            assert_eq!(stream.flush().await.unwrap_err().to_string(), "call 2");
            assert_eq!(sink.written(), b"one", "what was accepted behind it is dropped");
            for _ in 0..2 {
                assert_eq!(stream.flush().await.unwrap_err().to_string(), "call 2");
                assert_eq!(stream.write(b"four").await.unwrap_err().to_string(), "call 2");
                assert_eq!(stream.close().await.unwrap_err().to_string(), "call 2");
            }
            // The object is not lost, and accepts the fourth call of a new stream.
            let object = stream.into_inner().await.unwrap();
            let mut stream = Unblock::new(object);
            stream.write_all(b"four").await.unwrap();
            stream.close().await.unwrap();
            assert_eq!(sink.written(), b"onefour");
        });
    });
}

// P94
#[test]
fn a_failed_write_is_also_reported_by_the_next_write() {
    watched(|| {
        let sink = Sink { fails: Some(1), ..Sink::default() };
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut stream = Unblock::new(sink.clone());
            stream.write_all(b"lost").await.unwrap();
            // This job runs on the only worker, after the write.
            aside::spawn_blocking(|| ()).await.unwrap();
            assert_eq!(stream.write_all(b"next").await.unwrap_err().to_string(), "call 1");
            assert_eq!(stream.write_all(b"next").await.unwrap_err().to_string(), "call 1");
            drop(stream);
        });
        drop(runtime);
        assert!(sink.written().is_empty());
    });
}

// P94: an object that reads and writes, such as a socket, can still be read.
#[test]
fn an_object_with_two_directions_is_read_after_a_failed_write() {
    watched(|| {
        struct HalfOpen(io::Cursor<&'static [u8]>);
        impl Read for HalfOpen {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(buffer)
            }
        }
        impl Write for HalfOpen {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        aside::run(async {
            let mut stream = Unblock::new(HalfOpen(io::Cursor::new(b"the last answer")));
            stream.write_all(b"question").await.unwrap();
            for _ in 0..2 {
                let error = stream.flush().await.unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "the last answer");
            assert!(stream.flush().await.is_err());
        });
    });
}

// P94
#[test]
fn the_error_of_a_cancelled_flush_is_reported_by_the_next_flush() {
    watched(|| {
        let sink = Sink { fails: Some(2), ..Sink::default() };
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let busy = aside::spawn_blocking(move || may_go.recv());
            let mut stream = Unblock::new(sink.clone());
            stream.write_all(b"text").await.unwrap();
            assert!(poll_once(stream.flush()).is_pending());
            go.send(()).unwrap();
            busy.await.unwrap().unwrap();
            // The cancelled flush fails before this closure runs. Its error is kept for the next
            // operation that can report it.
            stream.with_mut(|_| ()).await.ok();
            let told = stream.flush().await;
            assert_eq!(told.unwrap_err().to_string(), "call 2");
            assert_eq!(stream.flush().await.unwrap_err().to_string(), "call 2");
        });
    });
}

#[test]
fn a_cancelled_flush_does_not_cover_later_writes() {
    watched(|| {
        let sink = Sink::default();
        aside::run(async {
            let mut stream = Unblock::new(sink.clone());
            stream.write_all(b"one").await.unwrap();
            drop(poll_once(stream.flush()));
            stream.write_all(b"two").await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(sink.written(), b"onetwo");
            assert_eq!(sink.flushes.load(Ordering::SeqCst), 2);
        });
    });
}

// P62
#[test]
fn accepted_data_is_written_when_the_stream_is_dropped_and_the_runtime_ends() {
    watched(|| {
        for size in [1, 1_000, 700_000] {
            let content = pattern(size);
            let sink = Sink::default();
            let given = content.clone();
            let writer = sink.clone();
            aside::run(async move {
                let mut stream = Unblock::new(writer);
                stream.write_all(&given).await.unwrap();
            });
            assert!(sink.written() == content, "{size} bytes");
        }
    });
}

#[test]
fn a_blocked_writer_makes_its_callers_wait() {
    watched(|| {
        struct Stuck(mpsc::Receiver<()>);
        impl Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (go, may_go) = mpsc::channel();
        aside::run(async move {
            let mut stream = Unblock::new(Stuck(may_go));
            let block = vec![0; 100_000];
            let mut accepted = 0;
            let mut cx = Context::from_waker(Waker::noop());
            while let Poll::Ready(count) = Pin::new(&mut stream).poll_write(&mut cx, &block) {
                accepted += count.unwrap();
                assert!(accepted <= 2 << 20, "{accepted} bytes are accepted and not written");
            }
            assert!(accepted >= 100_000);
            drop(go);
            stream.flush().await.unwrap();
        });
    });
}

#[test]
fn close_drops_the_object_on_the_pool_and_later_operations_fail() {
    watched(|| {
        let (dropped, drops) = mpsc::channel();
        struct Guarded<F: FnOnce()>(Sink, #[allow(dead_code)] OnDrop<F>);
        impl<F: FnOnce()> Write for Guarded<F> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                self.0.flush()
            }
        }
        let sink = Sink::default();
        aside::run(async {
            let home = std::thread::current().id();
            let guard =
                OnDrop::new(move || dropped.send(std::thread::current().id() != home).unwrap());
            let mut stream = Unblock::new(Guarded(sink.clone(), guard));
            stream.write_all(b"text").await.unwrap();
            stream.close().await.unwrap();
            assert!(drops.try_recv().unwrap(), "the object is dropped, elsewhere");
            assert_eq!(sink.written(), b"text");
            stream.close().await.unwrap();
            stream.flush().await.unwrap();
            let error = stream.write_all(b"more").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotConnected);
            assert!(stream.get_mut().await.is_err());
        });
    });
}

#[test]
fn the_object_is_accessible_after_all_earlier_operations() {
    watched(|| {
        aside::run(async {
            let mut stream = Unblock::new(Vec::new());
            stream.write_all(b"one").await.unwrap();
            assert_eq!(stream.get_mut().await.unwrap(), b"one");
            stream.write_all(b"two").await.unwrap();
            let length = stream.with_mut(|written| {
                written.push(b'!');
                written.len()
            });
            assert_eq!(length.await.unwrap(), 7);
            stream.write_all(b"three").await.unwrap();
            assert_eq!(stream.into_inner().await.unwrap(), b"onetwo!three");
        });
    });
}

// ---- seeking ----

/// A file, and a stream over an equal file, receive the same calls and return the same results.
#[test]
fn a_stream_over_a_file_does_what_the_file_would() {
    watched(|| {
        for seed in 0..30 {
            let content = pattern(600_000);
            let (plain, streamed) = (Scratch::new(&content), Scratch::new(&content));
            let mut random = fastrand::Rng::with_seed(seed);
            aside::run(async {
                let mut file = plain.open();
                let mut stream = Unblock::new(streamed.open());
                for _ in 0..60 {
                    let place = match random.u8(..3) {
                        0 => SeekFrom::Start(random.u64(..700_000)),
                        1 => SeekFrom::Current(random.i64(-1_000..1_000)),
                        _ => SeekFrom::End(-random.i64(..600_000)),
                    };
                    let (ours, theirs) = (stream.seek(place).await, file.seek(place));
                    assert_eq!(ours.ok(), theirs.ok(), "seed {seed}: {place:?}");
                    // A failed seek leaves the positions of the file and of the stream unchanged.
                    let here = SeekFrom::Current(0);
                    assert_eq!(stream.seek(here).await.unwrap(), file.seek(here).unwrap());
                    let mut bytes = vec![0; random.usize(1..100_000)];
                    if random.bool() {
                        let count = read_full(&mut file, &mut bytes);
                        let mut ours = vec![0; count];
                        stream.read_exact(&mut ours).await.unwrap();
                        assert!(ours == bytes[..count], "seed {seed}");
                    } else {
                        random.fill(&mut bytes);
                        file.write_all(&bytes).unwrap();
                        stream.write_all(&bytes).await.unwrap();
                    }
                }
                stream.flush().await.unwrap();
                assert!(plain.read() == streamed.read(), "seed {seed}");
            });
        }
    });
}

fn read_full(file: &mut impl Read, bytes: &mut [u8]) -> usize {
    let mut count = 0;
    while count < bytes.len() {
        match file.read(&mut bytes[count..]).unwrap() {
            0 => break,
            more => count += more,
        }
    }
    count
}

#[test]
fn a_write_before_unread_bytes_fails_and_changes_nothing() {
    watched(|| {
        let content = pattern(100_000);
        let file = Scratch::new(&content);
        aside::run(async {
            let mut stream = Unblock::new(file.open());
            stream.read_exact(&mut [0; 10]).await.unwrap();
            let error = stream.write_all(b"wrong").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(file.read() == content);
            let mut next = [0; 5];
            stream.read_exact(&mut next).await.unwrap();
            assert_eq!(next, content[10..15], "the bytes are still there");
            assert_eq!(stream.seek(SeekFrom::Current(0)).await.unwrap(), 15);
            stream.write_all(b"right").await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(file.read()[15..20], *b"right");
            assert_eq!(file.read()[..15], content[..15]);
        });
    });
}

#[test]
fn a_cancelled_seek_does_not_answer_the_next_one() {
    watched(|| {
        let file = Scratch::new(&pattern(1_000));
        aside::run(async {
            let mut stream = Unblock::new(file.open());
            for _ in 0..50 {
                drop(poll_once(stream.seek(SeekFrom::Start(7))));
                assert_eq!(stream.seek(SeekFrom::Start(9)).await.unwrap(), 9);
                drop(poll_once(stream.seek(SeekFrom::Start(20))));
                let mut byte = [0];
                stream.read_exact(&mut byte).await.unwrap();
                assert!([9, 20].contains(&byte[0]), "{byte:?}");
                assert_eq!(stream.seek(SeekFrom::Start(20)).await.unwrap(), 20);
            }
        });
    });
}

// ---- iterators ----

#[test]
fn an_iterator_is_a_stream_with_the_same_end() {
    watched(|| {
        aside::run(async {
            for length in [0, 1, 31, 32, 33, 1_000] {
                let items: Vec<String> = (0..length).map(|n| n.to_string()).collect();
                let mut stream = Unblock::new(items.clone().into_iter());
                let mut collected = Vec::new();
                while let Some(item) = stream.next().await {
                    collected.push(item);
                }
                assert_eq!(collected, items);
            }
        });
    });
}

#[test]
fn the_panic_of_an_iterator_follows_its_items_and_ends_the_stream() {
    watched(|| {
        let runtime = Runtime::new();
        let mut stream = runtime.block_on(async {
            let items = (0..).map(|n| if n == 40 { panic!("item {n}") } else { n });
            let mut stream = Unblock::new(items);
            for n in 0..40 {
                assert_eq!(stream.next().await, Some(n));
            }
            stream
        });
        let message = panic_message(|| _ = runtime.block_on(stream.next()));
        assert_eq!(message, "item 40");
        assert_eq!(runtime.block_on(stream.next()), None);
    });
}

#[test]
fn at_most_32_items_are_pulled_ahead() {
    watched(|| {
        let pulled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&pulled);
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut stream = Unblock::new((0..).inspect(move |_: &usize| {
                count.fetch_add(1, Ordering::SeqCst);
            }));
            for taken in 1..200 {
                stream.next().await.unwrap();
                // This job runs on the only worker, after all items have been pulled.
                aside::spawn_blocking(|| ()).await.unwrap();
                assert!(pulled.load(Ordering::SeqCst) <= taken + 32);
            }
            let at_the_end = stream.into_inner().await.unwrap().next().unwrap();
            assert_eq!(at_the_end, pulled.load(Ordering::SeqCst) - 1);
        });
    });
}
