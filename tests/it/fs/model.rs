//! `File` compared with its model: both perform the same random operations, and some are cancelled.

use std::fs as std_fs;
use std::io::{Read, Seek, SeekFrom};

use aside::fs::File;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::fs::functions::Folder;
use crate::io::reading::pattern;
use crate::support::watchdog::watched;

/// The model of a file: bytes and a position.
struct Model {
    bytes: Vec<u8>,
    place: usize,
}

impl Model {
    fn read(&mut self, length: usize) -> Vec<u8> {
        let from = self.place.min(self.bytes.len());
        let to = (from + length).min(self.bytes.len());
        self.place = self.place.max(to);
        self.bytes[from..to].to_vec()
    }

    fn write(&mut self, bytes: &[u8]) {
        let to = self.place + bytes.len();
        self.bytes.resize(self.bytes.len().max(to), 0);
        self.bytes[self.place..to].copy_from_slice(bytes);
        self.place = to;
    }
}

/// Polls a future at most this many times, one turn apart, and then drops it.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let cancelled = async {
        for _ in 0..polls {
            aside::yield_now().await;
        }
        None
    };
    futures_lite::future::or(async { Some(future.await) }, cancelled).await
}

/// Reads this many bytes, or up to the end, from the file and from its model.
async fn read_full(length: usize, file: &mut File, model: &mut Model) {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]).await.unwrap() {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    assert!(bytes == model.read(length), "other bytes were read");
}

/// Moves the file and its model to a random position. The file seeks in one of the three ways, or
/// after a cancelled seek.
async fn seek(random: &mut fastrand::Rng, file: &mut File, model: &mut Model) {
    let (end, here) = (model.bytes.len(), model.place);
    let place = random.usize(..end + 1_000);
    let to = match random.u8(..3) {
        0 => SeekFrom::Start(place as u64),
        1 => SeekFrom::Current(place as i64 - here as i64),
        _ => SeekFrom::End(place as i64 - end as i64),
    };
    // A cancelled seek may still be performed, but not after the next seek.
    let elsewhere = SeekFrom::Start(random.u64(..1_000));
    if random.bool() && at_most(random.usize(..3), file.seek(elsewhere)).await.is_none() {
        assert_eq!(file.seek(SeekFrom::Start(place as u64)).await.unwrap(), place as u64);
    } else {
        file.seek(SeekFrom::Start(here as u64)).await.unwrap();
        assert_eq!(file.seek(to).await.unwrap(), place as u64);
    }
    model.place = place;
}

/// Performs one operation, of random kind and size, on the file and on its model.
async fn step(random: &mut fastrand::Rng, file: &mut File, model: &mut Model) -> &'static str {
    let size = if random.u8(..8) == 0 { 200_000 } else { 2_000 };
    match random.u8(..14) {
        0..=2 => {
            read_full(random.usize(..size), file, model).await;
            "read"
        }
        3 | 4 => {
            let mut bytes = vec![0; random.usize(1..size)];
            // `None` means that the read was cancelled. A cancelled read consumes nothing, so the
            // model is unchanged.
            if let Some(count) = at_most(random.usize(..3), file.read(&mut bytes)).await {
                let count = count.unwrap();
                assert!(bytes[..count] == model.read(count), "other bytes were read");
            }
            "a read that may be cancelled"
        }
        5..=7 => {
            let mut bytes = vec![0; random.usize(..size)];
            random.fill(&mut bytes);
            file.write_all(&bytes).await.unwrap();
            model.write(&bytes);
            "write"
        }
        8 => {
            let mut bytes = vec![0; random.usize(1..size)];
            random.fill(&mut bytes);
            if let Some(count) = at_most(random.usize(..3), file.write(&bytes)).await {
                model.write(&bytes[..count.unwrap()]);
            }
            "a write that may be cancelled"
        }
        9 | 10 => {
            seek(random, file, model).await;
            "seek"
        }
        11 => {
            if random.bool() {
                let _ = at_most(random.usize(..3), file.flush()).await;
            }
            file.flush().await.unwrap();
            let length = model.bytes.len() as u64;
            assert_eq!(at_an_offset(random, file, model).await, length);
            "flush, and access at an offset"
        }
        12 => {
            let length = random.usize(..model.bytes.len() + 5_000);
            file.set_len(length as u64).await.unwrap();
            model.bytes.resize(length, 0);
            "set_len"
        }
        _ => {
            if random.bool() {
                let _ = at_most(random.usize(..3), file.metadata()).await;
            }
            assert_eq!(file.metadata().await.unwrap().len(), model.bytes.len() as u64);
            "metadata"
        }
    }
}

/// Reads and writes at offsets, independently of the position; returns the length of the file.
#[cfg(unix)]
async fn at_an_offset(random: &mut fastrand::Rng, file: &mut File, model: &mut Model) -> u64 {
    let offset = random.usize(..model.bytes.len() + 100);
    let length = random.usize(..3_000);
    let read = file.read_at(length, offset as u64).await.unwrap();
    let from = offset.min(model.bytes.len());
    assert!(read == model.bytes[from..(from + length).min(model.bytes.len())]);
    // Discards the data read ahead.
    assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), model.place as u64);
    if random.bool() && !model.bytes.is_empty() {
        let place = random.usize(..model.bytes.len());
        let bytes = [random.u8(..)];
        file.write_all_at(bytes, place as u64).await.unwrap();
        model.bytes[place] = bytes[0];
    }
    file.metadata().await.unwrap().len()
}

#[cfg(not(unix))]
async fn at_an_offset(_: &mut fastrand::Rng, file: &mut File, _: &mut Model) -> u64 {
    file.metadata().await.unwrap().len()
}

#[test]
fn a_file_behaves_as_its_model_although_operations_are_cancelled() {
    watched(|| {
        for seed in 0..12 {
            let folder = Folder::new();
            let mut random = fastrand::Rng::with_seed(seed);
            let mut model = Model { bytes: pattern(random.usize(..300_000)), place: 0 };
            std_fs::write(folder.at("file"), &model.bytes).unwrap();
            let (mut model, content) = aside::run(async {
                let path = folder.at("file");
                let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
                for number in 0..250 {
                    let name = step(&mut random, &mut file, &mut model).await;
                    let place = model.place as u64;
                    if number % 10 == 0 {
                        let ours = file.seek(SeekFrom::Current(0)).await.unwrap();
                        assert_eq!(ours, place, "seed {seed}, step {number}: {name}");
                    }
                }
                let mut same = file.into_std().await.unwrap();
                assert_eq!(same.stream_position().unwrap(), model.place as u64, "seed {seed}");
                let mut rest = Vec::new();
                same.read_to_end(&mut rest).unwrap();
                (model, rest)
            });
            let rest = model.read(usize::MAX / 2);
            assert!(content == rest, "seed {seed}: what is behind the place");
            assert!(std_fs::read(folder.at("file")).unwrap() == model.bytes, "seed {seed}");
        }
    });
}
