use std::time::Duration;

fn main() {
    let (size, socket) = aside::run(async {
        let socket = aside::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        aside::sleep(Duration::from_millis(1)).await;
        let job = || std::fs::metadata("Cargo.toml").map(|file| file.len());
        (aside::spawn_blocking(job).await, socket.local_addr())
    });
    println!("{size:?} {socket:?}");
}
