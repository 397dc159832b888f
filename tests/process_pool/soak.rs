//! Calls, panics, exits, kills and aborts in a random order.

use aside::process_pool::{CallError, ProcessPool};
use aside::{JoinError, JoinHandle, run_in_executor};
use std::os::unix::process::ExitStatusExt;

use crate::functions::{ECHO, EXIT, HANG, KILL_SELF, PANIC};
use crate::processes;

const JOBS: u32 = 2_000;
/// The seed of the order. Any other seed would do as well.
const SEED: u64 = 0x5eed;

enum Job {
    Echo(u32, JoinHandle<Result<u32, CallError>>),
    Panic(u32, JoinHandle<Result<(), CallError>>),
    Exit(i32, JoinHandle<Result<(), CallError>>),
    Kill(JoinHandle<Result<(), CallError>>),
    /// A call that never returns. It is aborted before it begins or while it runs.
    Hang(JoinHandle<Result<(), CallError>>),
}

/// Pseudo-random numbers: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (n ^ (n >> 31)) % bound
    }
}

fn submit(pool: &ProcessPool, n: u32, random: &mut Random) -> Job {
    match random.below(100) {
        0..80 => Job::Echo(n, run_in_executor(pool, ECHO.call(n))),
        80..86 => Job::Panic(n, run_in_executor(pool, PANIC.call(n.to_string()))),
        86..91 => Job::Exit(n as i32 % 100, run_in_executor(pool, EXIT.call(n as i32 % 100))),
        91..95 => Job::Kill(run_in_executor(pool, KILL_SELF.call(()))),
        _ => Job::Hang(run_in_executor(pool, HANG.call(()))),
    }
}

fn status(result: Result<Result<(), CallError>, JoinError>) -> std::process::ExitStatus {
    result.unwrap().unwrap_err().worker_death().expect("it killed itself").status.unwrap()
}

/// Aborts the jobs that never return, so that they do not occupy every worker.
fn abort_hanging<'jobs>(jobs: impl Iterator<Item = &'jobs Job>) {
    for job in jobs {
        if let Job::Hang(handle) = job {
            handle.abort();
        }
    }
}

async fn check_end(job: Job) {
    match job {
        Job::Echo(n, handle) => assert_eq!(handle.await.unwrap().unwrap(), n),
        Job::Panic(n, handle) => {
            let error = handle.await.unwrap_err();
            assert!(error.is_panic() && error.to_string().ends_with(&format!("it was said: {n}")));
        }
        Job::Exit(code, handle) => assert_eq!(status(handle.await).code(), Some(code)),
        Job::Kill(handle) => assert_eq!(status(handle.await).signal(), Some(9)),
        Job::Hang(handle) => match handle.await {
            Ok(result) => assert!(matches!(result, Err(CallError::Aborted))),
            Err(error) => assert!(error.is_cancelled()),
        },
    }
}

pub(crate) fn each_of_two_thousand_jobs_has_one_end() {
    let descriptors = processes::descriptors();
    let pool = ProcessPool::builder().workers(4).max_jobs_per_worker(17).on_line(|_| ()).build();
    let mut random = Random(SEED);
    aside::run(async {
        let mut checked = 0;
        let mut waiting = Vec::new();
        for n in 0..JOBS {
            waiting.push(submit(&pool, n, &mut random));
            while waiting.len() > random.below(40) as usize {
                let job = waiting.swap_remove(random.below(waiting.len() as u64) as usize);
                abort_hanging(waiting.iter().chain([&job]));
                check_end(job).await;
                checked += 1;
            }
        }
        abort_hanging(waiting.iter());
        for job in waiting {
            check_end(job).await;
            checked += 1;
        }
        assert_eq!(checked, JOBS);
        assert_eq!(pool.stats().queued, 0);
    });
    drop(pool);
    assert_eq!(processes::descriptors(), descriptors, "the descriptors of every worker are closed");
}
