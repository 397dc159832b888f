//! Reads a file in the page cache through a stream from its beginning to its end, and a small file
//! by one call.
//!
//! The streams read into a buffer of 64 KiB. The figure is nanoseconds for a KiB, so that it does
//! not depend on the size of the file. The file has 1 GiB, or 32 MiB if the cell has little time.

use std::env;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use futures::io::{AsyncRead, AsyncReadExt};

use crate::peers::{Aside, Peer, Runtime, Smol, Tokio};
use crate::row::{Of, Row, Work};
use crate::run::Run;

/// The rows of files.
pub(super) fn rows() -> Vec<Row> {
    let peers = || {
        vec![
            (Peer::Aside, Work::Call(aside)),
            (Peer::Tokio, Work::Call(tokio)),
            (Peer::Smol, Work::Call(smol)),
        ]
    };
    let by_file = || {
        vec![
            (Peer::Aside, Work::Call(aside_file)),
            (Peer::Tokio, Work::Call(tokio)),
            (Peer::Smol, Work::Call(smol_file)),
        ]
    };
    let by_read = || {
        vec![
            (Peer::Aside, Work::Call(aside_small)),
            (Peer::Tokio, Work::Call(tokio_small)),
            (Peer::Smol, Work::Call(smol_small)),
        ]
    };
    vec![
        Row::new("file", "1 GiB of a file through a stream, per KiB", peers())
            .wall()
            .floor(1.0, Of::Best)
            .floor(1.15, Of::Limit)
            .limit(limit),
        Row::new("file-cpu", "the same, in processor time", peers())
            .floor(1.0, Of::Best)
            .limit(limit),
        Row::new("fs-file", "1 GiB by `fs::File`, per KiB", by_file())
            .wall()
            .floor(1.0, Of::Best)
            .limit(limit),
        Row::new("fs-file-cpu", "the same, in processor time", by_file())
            .floor(1.0, Of::Best)
            .limit(limit),
        Row::new("fs-read-one", "a file of 4 KiB by `fs::read`, one core", by_read())
            .on_one_core()
            .floor(1.0, Of::Best)
            .limit(limit_small),
        Row::new("fs-read-two", "a file of 4 KiB by `fs::read`, two cores", by_read())
            .floor(1.0, Of::Best)
            .limit(limit_small),
    ]
}

const BUFFER: usize = 64 * 1024;
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A file that is removed when it is dropped.
struct Sample {
    path: PathBuf,
    size: usize,
}

impl Sample {
    fn make(run: &Run) -> Sample {
        Sample::of(if run.budget < Duration::from_millis(200) { 32 * MIB } else { 1024 * MIB })
    }

    fn of(size: usize) -> Sample {
        let path = env::temp_dir().join(format!("aside-versus-{}", std::process::id()));
        let sample = Sample { path, size };
        let mut file = File::create(&sample.path).expect("a file can be made");
        let block: Vec<u8> = (0..MIB).map(|n| (n % 251) as u8).collect();
        for begin in (0..size).step_by(MIB) {
            file.write_all(&block[..MIB.min(size - begin)]).expect("the file has room");
        }
        sample
    }

    fn open(&self) -> File {
        File::open(&self.path).expect("the file was made")
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Reads to the end, and returns the number of bytes.
async fn read_all(mut stream: impl AsyncRead + Unpin) -> io::Result<usize> {
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(total),
            count => total += black_box(&buffer[..count]).len(),
        }
    }
}

fn lap_after_lap<R: Runtime, F>(run: &Run, read: impl Fn(File) -> F + 'static) -> f64
where
    F: Future<Output = io::Result<usize>> + 'static,
{
    let sample = Sample::make(run);
    let mut laps = run.laps(sample.size / KIB);
    R::block_on(async move {
        while laps.more() {
            let total = read(sample.open()).await.expect("the file can be read");
            assert_eq!(total, sample.size);
        }
        laps.figure()
    })
}

/// `aside::Unblock`.
pub(super) fn aside(run: &Run) -> f64 {
    lap_after_lap::<Aside, _>(run, |file| read_all(aside::Unblock::new(file)))
}

/// `blocking::Unblock`.
pub(super) fn smol(run: &Run) -> f64 {
    lap_after_lap::<Smol, _>(run, |file| read_all(blocking::Unblock::new(file)))
}

/// `aside::fs::File`.
pub(super) fn aside_file(run: &Run) -> f64 {
    lap_after_lap::<Aside, _>(run, |file| read_all(aside::fs::File::from_std(file)))
}

/// `async_fs::File`, which smol names `fs::File`.
pub(super) fn smol_file(run: &Run) -> f64 {
    lap_after_lap::<Smol, _>(run, |file| read_all(async_fs::File::from(file)))
}

/// `tokio::fs::File`, by tokio's own `read`.
pub(super) fn tokio(run: &Run) -> f64 {
    lap_after_lap::<Tokio, _>(run, |file| async {
        let mut file = tokio::fs::File::from_std(file);
        let mut buffer = vec![0; BUFFER];
        let mut total = 0;
        loop {
            match tokio::io::AsyncReadExt::read(&mut file, &mut buffer).await? {
                0 => return Ok(total),
                count => total += black_box(&buffer[..count]).len(),
            }
        }
    })
}

const SMALL: usize = 4 * KIB;

/// Reads a file of 4 KiB by one call, repeatedly.
fn small_by<R: Runtime, F>(run: &Run, read: impl Fn(PathBuf) -> F + 'static) -> f64
where
    F: Future<Output = io::Result<Vec<u8>>> + 'static,
{
    let sample = Sample::of(SMALL);
    let mut laps = run.laps(SMALL_READS);
    R::block_on(async move {
        while laps.more() {
            for _ in 0..SMALL_READS {
                let content = read(sample.path.clone()).await.expect("the file can be read");
                assert_eq!(black_box(content).len(), SMALL);
            }
        }
        laps.figure()
    })
}

const SMALL_READS: usize = 100;

/// `aside::fs::read`.
pub(super) fn aside_small(run: &Run) -> f64 {
    small_by::<Aside, _>(run, aside::fs::read)
}

/// `tokio::fs::read`.
pub(super) fn tokio_small(run: &Run) -> f64 {
    small_by::<Tokio, _>(run, tokio::fs::read)
}

/// `async_fs::read`.
pub(super) fn smol_small(run: &Run) -> f64 {
    small_by::<Smol, _>(run, async_fs::read)
}

/// The program of the column `limit`: `std::fs::read`, in the same thread.
pub(super) fn limit_small(run: &Run) -> f64 {
    let sample = Sample::of(SMALL);
    let mut laps = run.laps(SMALL_READS);
    while laps.more() {
        for _ in 0..SMALL_READS {
            let content = fs::read(&sample.path).expect("the file can be read");
            assert_eq!(black_box(content).len(), SMALL);
        }
    }
    laps.figure()
}

/// The program of the column `limit`: `std::fs::File`, in a thread.
pub(super) fn limit(run: &Run) -> f64 {
    let run = *run;
    let reader = thread::spawn(move || {
        let sample = Sample::make(&run);
        let mut laps = run.laps(sample.size / KIB);
        while laps.more() {
            let mut file = sample.open();
            let mut buffer = vec![0; BUFFER];
            let mut total = 0;
            loop {
                match file.read(&mut buffer).expect("the file can be read") {
                    0 => break,
                    count => total += black_box(&buffer[..count]).len(),
                }
            }
            assert_eq!(total, sample.size);
        }
        laps.figure()
    });
    reader.join().expect("the reader ends well")
}
