use std::time::Duration;

fn main() {
    let size = aside::run(async {
        aside::sleep(Duration::from_millis(1)).await;
        aside::spawn_blocking(|| std::fs::metadata("Cargo.toml").map(|file| file.len())).await
    });
    println!("{size:?}");
}
