use std::time::Duration;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (size, socket) = runtime.block_on(async {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let job = || std::fs::metadata("Cargo.toml").map(|file| file.len());
        (tokio::task::spawn_blocking(job).await, socket.local_addr())
    });
    println!("{size:?} {socket:?}");
}
