//! A SQLite connection, which one thread at a time may use, shared by many tasks.
//!
//! The connection is opened on a thread of its own and stays there; tasks send it calls, which run
//! one at a time, in their order. So a call that does several things is a transaction that nobody
//! comes between, and no task ever waits for a lock. (It builds SQLite, so it needs a C compiler.)

use std::error::Error;
use std::time::Duration;

use aside::blocking::{CancelToken, Pinned};
use aside::{sleep, spawn, try_gather};
use rusqlite::Connection;

const TASKS: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    aside::run(async {
        // Opening may fail: the first `?` is for the thread, the second for SQLite.
        let nowhere = Pinned::try_open(|| Connection::open("no/such/folder/accounts.db")).await?;
        println!("opening it in no folder: {}", nowhere.expect_err("there is no such folder"));
        let accounts = Pinned::try_open(open).await??;

        // Many tasks insert at once.
        let inserts = (1..=TASKS).map(|id| {
            let accounts = accounts.clone();
            spawn(async move { accounts.call(move |db| insert(db, id)).await })
        });
        for inserted in try_gather(inserts.collect::<Vec<_>>()).await? {
            inserted??;
        }
        let (rows, total) = accounts.call(|db| sum(db)).await??;
        println!("{rows} accounts with {total} in all, inserted by as many tasks");

        // An error of SQLite is the result of its call, and the connection goes on.
        let twice = accounts.call(|db| insert(db, 7)).await?;
        println!("inserting 7 once more: {}", twice.expect_err("it is there"));

        // One call, one transaction: all of it, or, if it fails or panics, nothing.
        accounts.call(|db| transfer(db, 1, 2, 60)).await??;
        let poor = accounts.call(|db| transfer(db, 1, 2, 60)).await?;
        println!("moving 60 from 1 to 2 a second time: {}", poor.expect_err("it has 40"));
        let (rows, total) = accounts.call(|db| sum(db)).await??;
        println!("still {rows} accounts with {total} in all");

        // A query that would take hours is interrupted when nobody waits for it any more.
        let endless = accounts.call(|db| count_for_ever(db));
        sleep(Duration::from_millis(20)).await;
        endless.abort();
        println!("an endless query: {}", endless.await?.expect_err("it was interrupted"));

        // Every call has been run and the connection is closed when this is ready.
        accounts.close().await?;
        Ok(())
    })
}

fn open() -> rusqlite::Result<Connection> {
    let db = Connection::open_in_memory()?;
    db.execute_batch(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER CHECK (amount >= 0))",
    )?;
    Ok(db)
}

fn insert(db: &Connection, id: u32) -> rusqlite::Result<usize> {
    db.execute("INSERT INTO accounts VALUES (?1, 100)", [id])
}

fn sum(db: &Connection) -> rusqlite::Result<(u32, u32)> {
    db.query_row("SELECT count(*), sum(amount) FROM accounts", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

fn count_for_ever(db: &Connection) -> rusqlite::Result<i64> {
    let interrupt = db.get_interrupt_handle();
    let token = CancelToken::current().expect("this is a call");
    let _hook = token.on_cancel(move || interrupt.interrupt());
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT max(i) FROM n";
    db.query_row(endless, [], |row| row.get(0))
}

fn transfer(db: &mut Connection, from: u32, to: u32, amount: u32) -> rusqlite::Result<()> {
    // It is rolled back when it is dropped before its commit.
    let transaction = db.transaction()?;
    let add = "UPDATE accounts SET amount = amount + ?2 WHERE id = ?1";
    let take = "UPDATE accounts SET amount = amount - ?2 WHERE id = ?1";
    transaction.execute(add, [to, amount])?;
    transaction.execute(take, [from, amount])?;
    transaction.commit()
}
