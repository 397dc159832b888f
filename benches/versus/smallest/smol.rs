use std::time::Duration;

fn main() {
    let size = smol::block_on(async {
        smol::Timer::after(Duration::from_millis(1)).await;
        smol::unblock(|| std::fs::metadata("Cargo.toml").map(|file| file.len())).await
    });
    println!("{size:?}");
}
