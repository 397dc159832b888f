//! An async main function, by the attribute `main` and its options.
//!
//! The attribute makes a runtime with four threads for blocking calls, runs `main` on it, and
//! shuts the runtime down. The program counts the lines of three manifests, each in a blocking
//! call, and an error ends the program with a message.
//!
//! Run it with `cargo run --features macros --example main_attribute`.

use std::error::Error;
use std::fs;

use aside::{gather, spawn_blocking};

const MANIFESTS: [&str; 3] = ["Cargo.toml", "macros/Cargo.toml", "runtime-core/Cargo.toml"];

async fn lines_of(path: &'static str) -> Result<usize, Box<dyn Error>> {
    let text = spawn_blocking(move || fs::read_to_string(path)).await??;
    Ok(text.lines().count())
}

#[aside::main(threads_max = 4, thread_name = "reader")]
async fn main() -> Result<(), Box<dyn Error>> {
    for (path, lines) in MANIFESTS.iter().zip(gather(MANIFESTS.map(lines_of)).await) {
        println!("{path}: {} lines", lines?);
    }
    let thread = spawn_blocking(|| std::thread::current().name().map(str::to_owned)).await?;
    println!("the calls ran on threads such as {}", thread.unwrap_or_default());
    Ok(())
}
