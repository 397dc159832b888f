//! Spans of the crate `tracing`: each event says in which task, or in which job, it was logged.
//!
//! Run it with `cargo run --example tracing_spans --features tracing`. It prints the events of two
//! tasks that take turns. The second one also submits a job to the pool, whose span is inside the
//! span of the task.

use aside::{Runtime, gather, named, yield_now};
use tracing::{Level, info};

fn main() {
    tracing_subscriber::fmt().without_time().with_max_level(Level::INFO).init();

    let runtime = Runtime::builder().tracing().build();
    runtime.block_on(async {
        let reader = named("reader").spawn(async {
            info!("opens");
            yield_now().await;
            info!("reads");
        });
        let writer = named("writer").spawn(async {
            info!("submits a job");
            let job = named("checksum").spawn_blocking(|| info!("computes"));
            job.await.expect("the job ran");
            info!("writes");
        });
        for ended in gather([reader, writer]).await {
            ended.expect("no task panics");
        }
    });
}
