//! Notes in SQLite, whose calls block.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aside::Handle;
use aside::blocking::Lane;
use async_channel::{Receiver, Sender};
use rusqlite::Connection;

use crate::private_folder;

/// The maximum number of concurrent queries. Each uses a connection of its own.
const CONNECTIONS_MAX: usize = 4;
/// The maximum number of waiting queries. Further requests get an error at once, because an answer
/// that comes too late is worth nothing.
const QUEUE_MAX: usize = 256;

/// A database in a file, and the lane for its queries.
///
/// A `Pinned` state holds only one connection, but with a write-ahead log several connections can
/// read at the same time. The pool without a lane would run as many queries as there are requests,
/// each on a thread. A lane limits the running and the waiting queries, and still uses the threads
/// of the pool.
pub(crate) struct Notes {
    lane: Lane,
    store: Arc<Store>,
}

/// The reason why a query has no answer.
pub(crate) enum Failure {
    /// The queue is full.
    Busy,
    Broken(Box<dyn Error>),
}

impl Notes {
    /// Creates an empty database, in a private folder among the temporary files.
    pub(crate) async fn open() -> Result<Notes, Box<dyn Error>> {
        let pool = Handle::current().pool().clone();
        let lane = pool.lane("notes").running_max(CONNECTIONS_MAX).queue_max(QUEUE_MAX).build();
        let folder =
            aside::spawn_blocking(|| private_folder::create("aside-http-server")).await??;
        let (idle, next_idle) = async_channel::bounded(CONNECTIONS_MAX);
        let store = Store { folder, idle, next_idle };
        let notes = Notes { lane, store: Arc::new(store) };
        let made = notes.query(|db| {
            db.pragma_update(None, "journal_mode", "wal")?;
            db.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        });
        match made.await {
            Ok(()) => Ok(notes),
            Err(Failure::Busy) => Err("the queue is full before the first query".into()),
            Err(Failure::Broken(error)) => Err(error),
        }
    }

    /// Returns the last twenty notes, the newest first.
    pub(crate) async fn latest(&self) -> Result<Vec<String>, Failure> {
        self.query(|db| {
            let mut select =
                db.prepare_cached("SELECT text FROM notes ORDER BY id DESC LIMIT 20")?;
            let texts = select.query_map([], |row| row.get(0))?;
            texts.collect()
        })
        .await
    }

    /// Adds a note, and returns its number.
    pub(crate) async fn add(&self, text: String) -> Result<i64, Failure> {
        self.query(move |db| {
            db.prepare_cached("INSERT INTO notes (text) VALUES (?1)")?.insert([text])
        })
        .await
    }

    /// Runs a query on a thread of the pool.
    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = Arc::clone(&self.store);
        let job = self.lane.try_submit(move || store.query(query));
        match job {
            Ok(job) => match job.await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(Failure::Broken(error.into())),
                Err(error) => Err(Failure::Broken(error.into())),
            },
            Err(refused) if refused.is_full() => Err(Failure::Busy),
            Err(refused) => Err(Failure::Broken(refused.to_string().into())),
        }
    }
}

/// The part of the database that all jobs of the lane share.
struct Store {
    /// The folder of the database. It contains nothing else.
    folder: PathBuf,
    /// The idle connections. A connection is opened only if no connection is idle. The number of
    /// connections is therefore at most the maximum number of queries that have run at the same
    /// time.
    idle: Sender<Connection>,
    next_idle: Receiver<Connection>,
}

impl Store {
    fn query<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let db = match self.next_idle.try_recv() {
            Ok(db) => db,
            Err(_none_is_idle) => self.connect()?,
        };
        let answer = query(&db);
        // The channel has room, because the lane limits the running queries.
        drop(self.idle.try_send(db));
        answer
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open(self.folder.join("notes.sqlite"))?;
        // SQLite allows one writer at a time. The other writers wait.
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "synchronous", "normal")?;
        Ok(db)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Closing the last connection removes the write-ahead log.
        while let Ok(db) = self.next_idle.try_recv() {
            drop(db);
        }
        // The folder is this program's own. An error leaves a folder that only its user can read.
        let _left = fs::remove_dir_all(&self.folder);
    }
}
