//! Lanes: jobs of different kinds share the threads of one pool without delaying each other.
//!
//! Forty slow name look-ups are submitted first, in a lane that runs at most four at a time. The
//! files that are read afterwards do not wait for the look-ups. Background jobs run last.
//!
//! Run it with `cargo run --example lanes`. It prints the sizes of three files, and then what each
//! lane runs, queues and has completed.

use std::thread;
use std::time::Duration;

use aside::blocking::{Pool, Priority};
use aside::{gather, run_in_executor};

fn main() {
    let pool = Pool::builder().threads_max(6).build();
    let names = pool.lane("names").running_max(4).build();
    let index = pool.lane("index").priority(Priority::Background).running_max(1).build();

    aside::run(async {
        let look_up = |_| run_in_executor(&names, || thread::sleep(Duration::from_millis(20)));
        let look_ups: Vec<_> = (0..40).map(look_up).collect();
        let indexing = run_in_executor(&index, || thread::sleep(Duration::from_millis(5)));

        let files = ["Cargo.toml", "README.md", "src/lib.rs"];
        let size = |path| move || std::fs::metadata(path).map_or(0, |file| file.len());
        let sizes = files.map(|path| run_in_executor(&pool, size(path)));
        for (path, size) in files.iter().zip(gather(sizes).await) {
            println!("{path} has {} bytes", size.expect("the job ran"));
        }
        println!("\nthe lanes when the files have been read:");
        print_lanes(&pool);

        gather(look_ups).await;
        indexing.await.expect("the job ran");
        println!("\nand when all jobs have been awaited:");
        print_lanes(&pool);
    });
}

fn print_lanes(pool: &Pool) {
    println!("{:>8} {:>8} {:>8} {:>10}", "lane", "running", "queued", "completed");
    for lane in pool.lanes() {
        println!("{:>8} {:>8} {:>8} {:>10}", lane.name, lane.running, lane.queued, lane.completed);
    }
}
