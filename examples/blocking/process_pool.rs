//! A pool of worker processes, for functions that crash, hang or leak.
//!
//! Each failure ends one call, and the program continues. Aborting a call kills its worker, and the
//! pool starts another one.
//!
//! Run it with `cargo run --features process-pool --example process_pool`. It prints how each kind
//! of call ends.

use std::process::abort;
use std::time::Duration;

use aside::process_pool::{Function, ProcessPool, init};
use aside::{gather, run_in_executor, timeout};

static SUM: Function<(u64, u64), u64> = Function::new("sum", |(from, to)| (from..to).sum());
static CRASH: Function<(), ()> = Function::new("crash", |()| {
    eprintln!("about to abort");
    abort()
});
static PANIC: Function<u32, ()> = Function::new("panic", |n| panic!("{n} is the wrong number"));
static HANG: Function<(), ()> = Function::new("hang", |()| {
    loop {
        std::hint::spin_loop();
    }
});
static LEAK: Function<usize, u32> = Function::new("leak", |bytes| {
    Vec::<u8>::with_capacity(bytes).leak();
    std::process::id()
});

fn main() {
    // In a worker process this call runs jobs, and never returns.
    init(&[&SUM, &CRASH, &PANIC, &HANG, &LEAK]);

    let pool = ProcessPool::builder()
        .workers(2)
        .max_jobs_per_worker(3)
        .on_line(|line| {
            // Leaves out the indented lines, which are those of a backtrace.
            if !line.text.starts_with(' ') {
                println!("  a worker prints: {}", line.text);
            }
        })
        .build();
    aside::run(async {
        let parts = [(0, 1000), (1000, 2000), (2000, 3000)];
        let sums = gather(parts.map(|part| run_in_executor(&pool, SUM.call(part)))).await;
        let sum: u64 =
            sums.into_iter().map(|sum| sum.expect("the job ran").expect("the call returned")).sum();
        println!("three calls on two workers: {sum}");

        let crashed =
            run_in_executor(&pool, CRASH.call(())).await.expect("the job itself succeeds");
        let death =
            crashed.as_ref().expect_err("the call fails").worker_death().expect("the worker died");
        println!("a crash: {}", death.status.expect("the pool has reaped the worker"));

        let panicked = run_in_executor(&pool, PANIC.call(7)).await.expect_err("the call panics");
        println!("a panic: {}", panicked.is_panic());

        let hanging = run_in_executor(&pool, HANG.call(())).abort_on_drop();
        let given_up = timeout(Duration::from_millis(50), hanging).await;
        println!("a call that hangs: {}", given_up.expect_err("the call hangs"));

        let leaks =
            gather([1 << 20; 9].map(|bytes| run_in_executor(&pool, LEAK.call(bytes)))).await;
        let mut pids: Vec<u32> = leaks.into_iter().flatten().flatten().collect();
        pids.sort_unstable();
        pids.dedup();
        println!("nine calls that leak, three per worker: at least {} workers", pids.len().min(3));
    });
    drop(pool);
    println!("no worker process is left");
}
