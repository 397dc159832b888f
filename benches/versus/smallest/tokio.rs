use std::time::Duration;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let size = runtime.block_on(async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let job = || std::fs::metadata("Cargo.toml").map(|file| file.len());
        tokio::task::spawn_blocking(job).await
    });
    println!("{size:?}");
}
