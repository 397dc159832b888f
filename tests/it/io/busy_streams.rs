//! Blocking streams and files whose data is there, beside a neighbour: see `tasks/starvation.rs`.

use std::io::{self, Cursor, SeekFrom};

use aside::Unblock;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};

use crate::support::neighbour::{OPERATIONS_MAX, assert_fair, repeat};
use crate::support::watchdog::watched;

// P91
#[test]
fn readers_writers_and_iterators_yield() {
    watched(|| {
        assert_fair("a reader", OPERATIONS_MAX, |count| async move {
            let mut reader = Unblock::new(io::repeat(7));
            repeat(count, async || assert_eq!(reader.read(&mut [0; 1]).await.unwrap(), 1)).await;
        });
        assert_fair("an empty read", OPERATIONS_MAX, |count| async move {
            let mut reader = Unblock::new(io::repeat(7));
            repeat(count, async || assert_eq!(reader.read(&mut []).await.unwrap(), 0)).await;
        });
        assert_fair("lines", OPERATIONS_MAX, |count| async move {
            let mut lines = Unblock::new(io::repeat(b'\n')).lines();
            repeat(count, async || assert_eq!(lines.next().await.unwrap().unwrap(), "")).await;
        });
        assert_fair("a writer", OPERATIONS_MAX, |count| async move {
            let mut writer = Unblock::new(io::sink());
            repeat(count, async || assert_eq!(writer.write(&[1]).await.unwrap(), 1)).await;
        });
        assert_fair("an iterator", OPERATIONS_MAX, |count| async move {
            let mut numbers = Unblock::new(0_u64..);
            repeat(count, async || assert!(numbers.next().await.is_some())).await;
        });
        assert_fair("the end of an iterator", OPERATIONS_MAX, |count| async move {
            let mut nothing = Unblock::new(std::iter::empty::<u8>().chain(None));
            repeat(count, async || assert!(nothing.next().await.is_none())).await;
        });
        assert_fair("seek", OPERATIONS_MAX, |count| async move {
            let mut cursor = Unblock::new(Cursor::new(vec![0; 9]));
            let seek = async || assert_eq!(cursor.seek(SeekFrom::Start(1)).await.unwrap(), 1);
            repeat(count, seek).await;
        });
        assert_fair("get_mut", OPERATIONS_MAX, |count| async move {
            let mut object = Unblock::new(0);
            repeat(count, async || *object.get_mut().await.unwrap() += 1).await;
        });
        assert_fair("into_inner", OPERATIONS_MAX, |count| {
            repeat(count, async || assert_eq!(Unblock::new(5).into_inner().await.unwrap(), 5))
        });
        assert_fair("close", OPERATIONS_MAX, |count| async move {
            let mut closed = Unblock::new(io::sink());
            closed.close().await.unwrap();
            repeat(count, async || closed.close().await.unwrap()).await;
        });
    });
}

// P91: an error that every call returns yields, too.
#[test]
fn the_error_of_a_closed_stream_yields() {
    watched(|| {
        assert_fair("a closed stream", OPERATIONS_MAX, |count| async move {
            let mut closed = Unblock::new(Cursor::new(vec![0; 9]));
            closed.close().await.unwrap();
            repeat(count, async || closed.read(&mut [0; 1]).await.unwrap_err()).await;
        });
    });
}

// P91
#[cfg(feature = "fs")]
#[test]
fn files_in_the_cache_and_directories_yield() {
    use aside::fs::{self, File};

    watched(|| {
        let folder = std::env::temp_dir().join(format!("aside-busy-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        (0..300).for_each(|n| std::fs::write(folder.join(n.to_string()), [7; 4096]).unwrap());
        let path = folder.join("0");
        assert_fair("File::read", OPERATIONS_MAX, |count| async move {
            let mut file = File::open(path).await.unwrap();
            let read = async || {
                if file.read(&mut [0; 1]).await.unwrap() == 0 {
                    file.seek(SeekFrom::Start(0)).await.unwrap();
                }
            };
            repeat(count, read).await;
        });
        let path = folder.join("1");
        assert_fair("File::write", OPERATIONS_MAX, |count| async move {
            let mut file = File::create(path).await.unwrap();
            repeat(count, async || assert_eq!(file.write(&[1]).await.unwrap(), 1)).await;
        });
        let listed = folder.clone();
        assert_fair("read_dir", OPERATIONS_MAX, |count| async move {
            loop {
                let mut entries = fs::read_dir(&listed).await.unwrap();
                while let Some(entry) = entries.next().await {
                    entry.unwrap().file_type().await.unwrap();
                    count.set(count.get() + 1);
                }
            }
        });
        assert_fair("the type of an entry", OPERATIONS_MAX, |count| async move {
            let mut entries = fs::read_dir("/").await.unwrap();
            let entry = entries.next().await.unwrap().unwrap();
            repeat(count, async || entry.file_type().await.unwrap()).await;
        });
        std::fs::remove_dir_all(&folder).unwrap();
    });
}
