//! The numbered steps of a task's life, as an observer sees them.
//!
//! The crate docs number the steps: 1 spawned, 2 polled, 3 pending, 4 woken, 5 ended. A wake calls
//! no method of the observer. It is visible only as the next poll.
//!
//! Run it with `cargo run --example observer`. It prints one line per step, and the number of
//! polls.

use std::time::Instant;

use aside::observe::{Both, Counters, Observer};
use aside::{JoinError, Metadata, Runtime, named, spawn_blocking, yield_now};

/// Prints a line for each step. The future given to `block_on` is shown as a task without a name.
struct Narrator;

fn name(task: &Metadata) -> &str {
    task.name().unwrap_or("block_on")
}

impl Observer for Narrator {
    fn task_spawned(&self, task: &Metadata) {
        println!("1    {:<9} is spawned at line {}", name(task), task.location().line());
    }

    fn poll_started(&self, task: &Metadata) {
        println!("2    {:<9} is polled", name(task));
    }

    fn poll_ended(&self, task: &Metadata) {
        println!("3|5  {:<9} returns from the poll", name(task));
    }

    fn task_ended(&self, task: &Metadata) {
        println!("5    {:<9} has ended: its future is dropped, its result is stored", name(task));
    }

    fn parked(&self, deadline: Option<Instant>) {
        let until = if deadline.is_some() { "a deadline or a wake" } else { "a wake" };
        println!("     the loop sleeps until {until}");
    }

    fn unparked(&self) {
        println!("4    the loop is awake");
    }
}

async fn copy() -> u64 {
    println!("       copy: yields; the task wakes itself, so the loop does not sleep");
    yield_now().await;
    println!("       copy: awaits a job on the pool; the worker wakes the task");
    spawn_blocking(|| 42).await.unwrap_or(0)
}

fn main() -> Result<(), JoinError> {
    let counters = Counters::default();
    let runtime = Runtime::builder().observer(Both(Narrator, counters.clone())).build();
    let answer = runtime.block_on(async { named("copy").spawn(copy()).await })?;
    let (polls, sleeps) = (counters.polls(), counters.parks());
    println!("the answer is {answer}, after {polls} polls and {sleeps} sleep of the loop");
    Ok(())
}
