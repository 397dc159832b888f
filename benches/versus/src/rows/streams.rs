//! A file that lies in the page cache, read through a stream from its beginning to its end.
//!
//! All read into a buffer of 64 KiB. The figure is nanoseconds for a KiB, so that it does not
//! depend on the size of the file: 1 GiB, or 32 MiB where the cell has little time.

use std::env;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use futures::io::{AsyncRead, AsyncReadExt};

use crate::peers::{Aside, Runtime, Smol, Tokio};
use crate::run::Run;

const BUFFER: usize = 64 * 1024;
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A file that is removed again.
struct Sample {
    path: PathBuf,
    size: usize,
}

impl Sample {
    fn make(run: &Run) -> Sample {
        let size = if run.budget < Duration::from_millis(200) { 32 * MIB } else { 1024 * MIB };
        let path = env::temp_dir().join(format!("aside-versus-{}", std::process::id()));
        let sample = Sample { path, size };
        let mut file = File::create(&sample.path).expect("a file can be made");
        let block: Vec<u8> = (0..MIB).map(|n| (n % 251) as u8).collect();
        for _ in 0..size / MIB {
            file.write_all(&block).expect("the file has room");
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

/// Reads to the end, and gives the number of bytes.
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

fn lap_after_lap<R: Runtime, F>(run: &Run, read: impl Fn(File) -> F) -> f64
where
    F: Future<Output = io::Result<usize>>,
{
    let sample = Sample::make(run);
    let mut laps = run.laps(sample.size / KIB);
    R::block_on(async {
        while laps.more() {
            let total = read(sample.open()).await.expect("the file can be read");
            assert_eq!(total, sample.size);
        }
    });
    laps.figure()
}

/// `aside::Unblock`.
pub(super) fn aside(run: &Run) -> f64 {
    lap_after_lap::<Aside, _>(run, |file| read_all(aside::Unblock::new(file)))
}

/// `blocking::Unblock`.
pub(super) fn smol(run: &Run) -> f64 {
    lap_after_lap::<Smol, _>(run, |file| read_all(blocking::Unblock::new(file)))
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

/// `std::fs::File`, in a thread.
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
