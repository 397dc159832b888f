//! A job that runs in its submitter's span: context that goes along to another thread.
//!
//! A tracing library keeps the current span in a thread-local, which stays behind when a closure
//! goes to a worker. A pool that is told to carry it puts it around every job.

use aside::blocking::Pool;
use aside::{Runtime, gather, spawn_blocking};
use tracing::{Instrument, Span, info, info_span};

fn main() {
    tracing_subscriber::fmt().without_time().with_target(false).with_thread_names(true).init();

    println!("a pool as it comes:");
    serve(Pool::new());

    println!("\na pool that carries the span along:");
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
                spawn_blocking(|| info!("reads a file")).await.expect("it ran");
            };
            answer.instrument(info_span!("request", user))
        });
        gather(requests).await;
    });
}
