//! The memory of a queued job, as the pages on performance state it.
//!
//! The counting allocator serves the whole process, so the test is a binary of its own.
#![allow(clippy::unwrap_used)]

#[path = "it/support/allocations.rs"]
#[allow(dead_code)]
mod allocations;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::hint::black_box;
use std::sync::mpsc;

use aside::Runtime;

use crate::allocations::live;

/// The number of queued jobs, chosen so that the queue, which doubles, is full.
const QUEUED: usize = 1 << 14;
/// The allocation of a job, and its entry in the queue. The handle is not included.
#[cfg(target_pointer_width = "64")]
const BYTES: usize = 104 + 16;

/// The closure of each job captures one word and returns nothing.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_queued_job_takes_one_allocation_and_two_words_of_the_queue() {
    watchdog::watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let (open, gate) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let blocked = runtime.handle().spawn_blocking(move || {
            begun.send(()).unwrap();
            gate.recv().unwrap();
        });
        begins.recv().unwrap();
        let mut jobs = Vec::with_capacity(QUEUED);
        let before = live();
        for number in 0..QUEUED {
            jobs.push(runtime.handle().spawn_blocking(move || _ = black_box(number)));
        }
        let bytes = (live() - before) as f64 / QUEUED as f64;
        assert!(bytes.round() as usize == BYTES, "{bytes} bytes for each of {QUEUED} jobs");
        open.send(()).unwrap();
        runtime.block_on(async move {
            blocked.await.unwrap();
            for job in jobs {
                job.await.unwrap();
            }
        });
    });
}
