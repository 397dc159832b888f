use std::io::Result;
use std::net;

use safina::net::{TcpListener, TcpStream};

use super::{BUFFER, EchoTcp};
use crate::peers::{Runtime, Safina};

impl EchoTcp for Safina {
    /// safina has no reactor: a task that waits for a socket tries again every 25 ms.
    fn echo_tcp(listener: net::TcpListener) {
        let served: Result<()> = Safina::block_on(async move {
            let listener = TcpListener::new(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                drop(Safina::spawn(echo(stream)));
            }
        });
        served.expect("the listener accepts");
    }
}

async fn echo(mut stream: TcpStream) -> Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}
