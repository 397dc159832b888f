//! One SQLite connection, shared by many tasks.
//!
//! The connection is opened on a thread of its own and stays there. Tasks send it calls, which run
//! one at a time, in order. No other call therefore runs between the statements of a call, and no
//! task waits for a lock.
//!
//! Run it with `cargo run --package interop --example pinned_sqlite`; building SQLite needs a C
//! compiler. It prints the results of inserts, transfers, and an interrupted query.

use std::error::Error;
use std::time::Duration;

use aside::blocking::{CancelToken, Pinned};
use aside::{sleep, spawn, try_gather};
use rusqlite::Connection;

const TASKS: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    aside::run(async {
        // Opening may fail. The first `?` handles an error of the thread, the second one an error
        // of SQLite.
        let nowhere = Pinned::try_open(|| Connection::open("no/such/folder/accounts.db")).await?;
        println!(
            "opening a database in a missing folder: {}",
            nowhere.expect_err("the folder does not exist")
        );
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
        println!("{rows} accounts with {total} in all, inserted by {TASKS} tasks");

        // An error of SQLite is the result of its call, and the connection stays usable.
        let twice = accounts.call(|db| insert(db, 7)).await?;
        println!("inserting account 7 again: {}", twice.expect_err("account 7 exists"));

        // One call is one transaction: if it fails or panics, nothing has changed.
        accounts.call(|db| transfer(db, 1, 2, 60)).await??;
        let poor = accounts.call(|db| transfer(db, 1, 2, 60)).await?;
        println!("moving 60 from 1 to 2 a second time: {}", poor.expect_err("account 1 has 40"));
        let (rows, total) = accounts.call(|db| sum(db)).await??;
        println!("still {rows} accounts with {total} in all");

        // Aborting a call interrupts its query, which would never end.
        let endless = accounts.call(|db| count_for_ever(db));
        sleep(Duration::from_millis(20)).await;
        endless.abort();
        println!("an endless query: {}", endless.await?.expect_err("the query was interrupted"));

        // `close` resolves when every call has run and the connection is closed.
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
    let token = CancelToken::current().expect("a call has a token");
    let _hook = token.on_cancel(move || interrupt.interrupt());
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                   SELECT max(i) FROM n";
    db.query_row(endless, [], |row| row.get(0))
}

fn transfer(db: &mut Connection, from: u32, to: u32, amount: u32) -> rusqlite::Result<()> {
    // Dropping a transaction before its commit rolls it back.
    let transaction = db.transaction()?;
    let add = "UPDATE accounts SET amount = amount + ?2 WHERE id = ?1";
    let take = "UPDATE accounts SET amount = amount - ?2 WHERE id = ?1";
    transaction.execute(add, [to, amount])?;
    transaction.execute(take, [from, amount])?;
    transaction.commit()
}
