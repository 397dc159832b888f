//! Tracing context: a job that runs in the span of the task that submits it.
//!
//! A tracing library keeps the current span in a thread-local of the submitting thread, so a job on
//! a worker would run outside the span. `PoolBuilder::carry` captures the span when a job is
//! submitted, and enters it around the job.
//!
//! Run it with `cargo run --example tracing_context`. It prints the events of two requests, first
//! without and then with their spans.

use aside::blocking::Pool;
use aside::{Runtime, gather, spawn_blocking};
use tracing::{Instrument, Span, info, info_span};

fn main() {
    tracing_subscriber::fmt().without_time().with_target(false).with_thread_names(true).init();

    println!("a pool with the default settings:");
    serve(Pool::new());

    println!("\na pool that propagates the span:");
    let pool = Pool::builder().carry(|| {
        let span = Span::current();
        move |job: &mut dyn FnMut()| span.in_scope(job)
    });
    serve(pool.build());
}

fn serve(pool: Pool) {
    let runtime = Runtime::builder().pool(pool).build();
    runtime.block_on(async {
        let requests = ["ada", "grace"].map(|user| {
            let answer = async {
                spawn_blocking(|| info!("reads a file")).await.expect("the job ran");
            };
            answer.instrument(info_span!("request", user))
        });
        gather(requests).await;
    });
}
