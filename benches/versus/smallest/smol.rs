use std::time::Duration;

fn main() {
    let (size, socket) = smol::block_on(async {
        let socket = smol::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        smol::Timer::after(Duration::from_millis(1)).await;
        let job = || std::fs::metadata("Cargo.toml").map(|file| file.len());
        (smol::unblock(job).await, socket.local_addr())
    });
    println!("{size:?} {socket:?}");
}
