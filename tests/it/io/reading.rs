//! Blocking streams: reading, and the rules for all operations. `writing.rs` tests writing, seeking
//! and iterators.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aside::blocking::{Pool, Shutdown};
use aside::time::Clock;
use aside::{JoinError, Runtime, Unblock};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::watched;

/// A reader that the test controls, and that counts its calls.
struct Script {
    steps: VecDeque<Step>,
    calls: Arc<AtomicUsize>,
}

enum Step {
    Give(Vec<u8>),
    Fail(&'static str),
    Panic,
    /// Waits for a message, or until the channel's sender is dropped.
    Wait(mpsc::Receiver<()>),
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        loop {
            match self.steps.pop_front() {
                Some(Step::Give(bytes)) => {
                    let count = bytes.len().min(buffer.len());
                    buffer[..count].copy_from_slice(&bytes[..count]);
                    if count < bytes.len() {
                        self.steps.push_front(Step::Give(bytes[count..].to_vec()));
                    }
                    return Ok(count);
                }
                Some(Step::Fail(message)) => return Err(io::Error::other(message)),
                Some(Step::Panic) => panic!("the reader panicked"),
                Some(Step::Wait(message)) => _ = message.recv(),
                None => return Ok(0),
            }
        }
    }
}

fn script(steps: impl IntoIterator<Item = Step>) -> (Script, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    (Script { steps: steps.into_iter().collect(), calls: Arc::clone(&calls) }, calls)
}

/// Returns bytes of which neighbours differ, so that a byte in a wrong place is found.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

/// Polls once with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A file that is removed when it is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(content: &[u8]) -> Scratch {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::SeqCst);
        let name = format!("aside-it-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Scratch(path)
    }

    pub(crate) fn open(&self) -> File {
        File::options().read(true).write(true).open(&self.0).unwrap()
    }

    pub(crate) fn read(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

// ---- reading ----

#[test]
fn a_file_is_read_completely_with_any_buffer_size() {
    watched(|| {
        let content = pattern(3_000_000);
        let file = Scratch::new(&content);
        aside::run(async {
            for size in [1_000, 8_192, 100_000, 1 << 20] {
                let mut stream = Unblock::new(file.open());
                let mut buffer = vec![0; size];
                let mut read = Vec::new();
                loop {
                    match stream.read(&mut buffer).await.unwrap() {
                        0 => break,
                        count => read.extend_from_slice(&buffer[..count]),
                    }
                }
                assert!(read == content, "with a buffer of {size}");
                assert_eq!(stream.read(&mut buffer).await.unwrap(), 0, "the end stays the end");
            }
        });
    });
}

#[test]
fn lines_are_read_from_borrowed_chunks() {
    watched(|| {
        let text: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
        aside::run(async move {
            let mut lines = Unblock::new(Cursor::new(text)).lines();
            let mut n = 0;
            while let Some(line) = lines.next().await {
                assert_eq!(line.unwrap(), format!("line {n}"));
                n += 1;
            }
            assert_eq!(n, 20_000);
        });
    });
}

#[test]
fn errors_arrive_in_order_and_reading_continues_after_them() {
    watched(|| {
        let full = pattern(8 * 1024);
        let (reader, calls) = script([
            Step::Give(full.clone()),
            Step::Fail("first"),
            Step::Give(b"behind".to_vec()),
            Step::Fail("second"),
        ]);
        aside::run(async {
            let mut stream = Unblock::new(reader);
            let mut got = vec![0; full.len()];
            stream.read_exact(&mut got).await.unwrap();
            assert!(got == full);
            let mut buffer = [0; 100];
            assert_eq!(stream.read(&mut buffer).await.unwrap_err().to_string(), "first");
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 6);
            assert_eq!(&buffer[..6], b"behind");
            assert_eq!(stream.read(&mut buffer).await.unwrap_err().to_string(), "second");
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
        });
        assert_eq!(calls.load(Ordering::SeqCst), 5, "no call without demand");
    });
}

// P51, promise 4
#[test]
fn a_panic_of_the_reader_is_an_error_after_the_data_it_has_read() {
    watched(|| {
        let full = pattern(8 * 1024);
        let (reader, _) = script([Step::Give(full.clone()), Step::Panic]);
        aside::run(async {
            let mut stream = Unblock::new(reader);
            let mut got = vec![0; full.len()];
            stream.read_exact(&mut got).await.unwrap();
            assert!(got == full);
            let mut buffer = [0; 8];
            let error = stream.read(&mut buffer).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Other);
            assert!(error.to_string().ends_with("panicked: the reader panicked"), "{error}");
            let inner = error.get_ref().unwrap().downcast_ref::<JoinError>().unwrap();
            assert!(inner.is_panic());
            for _ in 0..3 {
                let error = stream.read(&mut buffer).await.unwrap_err();
                assert!(error.to_string().contains("is lost"), "{error}");
            }
            assert!(stream.with_mut(|_| ()).await.is_err());
            assert!(stream.into_inner().await.is_err());
        });
    });
}

/// Reads are cancelled at any time: each byte arrives once, in order.
#[test]
fn cancelled_reads_lose_nothing() {
    watched(|| {
        for seed in 0..40 {
            let mut random = fastrand::Rng::with_seed(seed);
            let content = pattern(random.usize(1..400_000));
            let mut rest = &content[..];
            let mut steps = Vec::new();
            while !rest.is_empty() {
                let (step, after) = rest.split_at(random.usize(1..=rest.len().min(60_000)));
                steps.push(Step::Give(step.to_vec()));
                rest = after;
            }
            let (reader, _) = script(steps);
            let read = aside::run(async {
                let mut stream = Unblock::new(reader);
                let mut read = Vec::new();
                let mut buffer = vec![0; 50_000];
                let mut polls_left = 0;
                loop {
                    let size = random.usize(1..buffer.len());
                    let attempt = futures_lite::future::or(
                        async { Some(stream.read(&mut buffer[..size]).await) },
                        async {
                            for _ in 0..polls_left {
                                aside::yield_now().await;
                            }
                            None
                        },
                    );
                    match attempt.await {
                        Some(Ok(0)) => return read,
                        Some(Ok(count)) => read.extend_from_slice(&buffer[..count]),
                        Some(Err(error)) => panic!("{error}"),
                        None => {}
                    }
                    polls_left = random.usize(0..4);
                }
            });
            assert!(read == content, "seed {seed}");
        }
    });
}

#[test]
fn a_slow_reader_is_read_only_on_demand() {
    watched(|| {
        let (reader, calls) = script([
            Step::Give(b"one".to_vec()),
            Step::Give(b"two".to_vec()),
            Step::Give(b"three".to_vec()),
        ]);
        let runtime = Runtime::new();
        runtime.block_on(async {
            let mut stream = Unblock::new(reader);
            let mut buffer = [0; 100];
            for (call, word) in [b"one", b"two"].iter().enumerate() {
                assert_eq!(stream.read(&mut buffer).await.unwrap(), 3);
                assert_eq!(&buffer[..3], *word);
                // Waits until the job has ended: another read by the job would change the count.
                stream.get_mut().await.unwrap();
                assert_eq!(calls.load(Ordering::SeqCst), call + 1);
            }
        });
    });
}

/// The reader is endless, and the consumer lets the stream read ahead as far as it can.
#[test]
fn read_ahead_is_bounded_for_a_slow_reader() {
    watched(|| {
        struct Endless(Arc<AtomicUsize>);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.fetch_add(buffer.len(), Ordering::SeqCst);
                Ok(buffer.len())
            }
        }
        let given = Arc::new(AtomicUsize::new(0));
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut stream = Unblock::new(Endless(Arc::clone(&given)));
            let mut buffer = vec![0; 16 * 1024];
            let mut taken = 0;
            for _ in 0..500 {
                taken += stream.read(&mut buffer).await.unwrap();
                // When this job has run, the only worker is free, so the read-ahead is complete.
                aside::spawn_blocking(|| ()).await.unwrap();
                let ahead = given.load(Ordering::SeqCst) - taken;
                assert!(ahead <= 4 * 512 * 1024, "{ahead} bytes ahead");
            }
        });
    });
}

#[test]
fn an_idle_stream_holds_no_thread() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let mut streams = Vec::new();
            for _ in 0..10 {
                let mut stream = Unblock::new(io::repeat(7));
                let mut buffer = [0; 10];
                stream.read_exact(&mut buffer).await.unwrap();
                streams.push(stream);
            }
            // This job runs on the only worker, so no stream occupies it.
            assert_eq!(aside::spawn_blocking(|| 1).await.unwrap(), 1);
        });
    });
}

#[test]
fn a_stream_dropped_during_a_read_drops_its_object_after_the_read() {
    watched(|| {
        let (go, may_go) = mpsc::channel();
        let (dropped, drops) = mpsc::channel();
        let (reader, calls) = script([Step::Wait(may_go), Step::Give(b"late".to_vec())]);
        struct Guarded<R, F: FnOnce()>(R, OnDrop<F>);
        impl<R: Read, F: FnOnce()> Read for Guarded<R, F> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(buffer)
            }
        }
        aside::run(async move {
            let guarded = Guarded(reader, OnDrop::new(move || dropped.send(()).unwrap()));
            let mut stream = Unblock::new(guarded);
            assert!(poll_once(stream.read(&mut [0; 4])).is_pending());
            while calls.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            drop(stream);
            assert!(drops.try_recv().is_err(), "the job has it");
            go.send(()).unwrap();
            aside::spawn_blocking(move || drops.recv().unwrap()).await.unwrap();
        });
    });
}

#[test]
fn a_pool_without_a_runtime_serves_a_stream_on_any_executor() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).build();
        let content = pattern(1_000_000);
        let mut stream = Unblock::on(&pool, Cursor::new(content.clone()));
        let mut read = Vec::new();
        futures_lite::future::block_on(stream.read_to_end(&mut read)).unwrap();
        assert!(read == content);
        drop(stream);
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
    });
}

// P48
#[test]
fn a_pool_shut_down_during_a_stream_is_an_error_and_the_object_can_be_recovered() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).build();
        aside::run(async {
            let mut stream = Unblock::on(&pool, Cursor::new(pattern(4 << 20)));
            let mut buffer = vec![0; 100_000];
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
            let mut writer = Unblock::on(&pool, Vec::new());
            writer.write_all(b"before").await.unwrap();
            writer.flush().await.unwrap();
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
            let mut after = 0;
            let error = loop {
                match stream.read(&mut buffer).await {
                    Ok(count) => after += count,
                    Err(error) => break error,
                }
            };
            assert!(after < 4 << 20);
            let inner = error.get_ref().unwrap().downcast_ref::<JoinError>().unwrap();
            assert!(inner.is_refused(), "{inner}");
            assert!(stream.read(&mut buffer).await.is_err(), "and it stays one");
            assert!(stream.into_inner().await.is_ok());
            writer.write_all(b"behind").await.unwrap();
            assert!(writer.flush().await.is_err());
        });
    });
}

#[test]
fn a_shutdown_that_leaves_wakes_the_reader_of_a_cancelled_job_with_an_error() {
    watched(|| {
        let pool = Pool::builder().threads_max(1).build();
        let (go, may_go) = mpsc::channel::<()>();
        let (began, beginning) = mpsc::channel();
        let busy = pool.submit(move || {
            began.send(()).unwrap();
            may_go.recv()
        });
        busy.unwrap().detach();
        beginning.recv().unwrap();
        let closing = pool.clone();
        aside::run(async move {
            let mut stream = Unblock::on(&pool, Cursor::new(b"text".to_vec()));
            let mut buffer = [0; 4];
            let shutdown = async {
                aside::yield_now().await;
                assert_eq!(closing.shutdown(Shutdown::Leave).cancelled.len(), 1);
            };
            let (read, ()) = aside::gather((stream.read(&mut buffer), shutdown)).await;
            let error = read.unwrap_err();
            let inner = error.get_ref().unwrap().downcast_ref::<JoinError>().unwrap();
            assert!(inner.is_cancelled(), "{inner}");
            go.send(()).unwrap();
        });
    });
}

// P60
#[test]
fn a_virtual_clock_stands_still_during_a_read() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (go, may_go) = mpsc::channel();
            let (reader, _) = script([Step::Wait(may_go), Step::Give(b"text".to_vec())]);
            let mut stream = Unblock::new(reader);
            let began = aside::time::now();
            let sender = aside::spawn_blocking(move || go.send(()).unwrap());
            let mut buffer = [0; 4];
            let read = aside::timeout(Duration::from_millis(1), stream.read(&mut buffer));
            assert_eq!(read.await.unwrap().unwrap(), 4);
            assert_eq!(aside::time::now(), began);
            sender.await.unwrap();
        });
    });
}
