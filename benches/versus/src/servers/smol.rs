use std::io::Result;
use std::net;
use std::os::unix::net as unix;

use async_net::unix::UnixListener;
use async_net::{TcpListener, TcpStream, UdpSocket};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{BLOCK, BUFFER, EchoTcp, Servers};
use crate::peers::{Runtime, Smol};

impl EchoTcp for Smol {
    fn echo_tcp(listener: net::TcpListener) {
        serve(listener, echo);
    }
}

impl Servers for Smol {
    fn echo_unix(listener: unix::UnixListener) {
        let served: Result<()> = Smol::block_on(async move {
            let listener = UnixListener::try_from(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                Smol::spawn(echo(stream)).detach();
            }
        });
        served.expect("the listener accepts");
    }

    fn echo_udp(socket: net::UdpSocket) {
        let served: Result<()> = Smol::block_on(async move {
            let socket = UdpSocket::try_from(socket)?;
            let mut buffer = [0; BUFFER];
            loop {
                let (count, sender) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&buffer[..count], sender).await?;
            }
        });
        served.expect("the socket receives and sends");
    }

    fn close(listener: net::TcpListener) {
        serve(listener, |mut stream| async move { stream.read(&mut [0]).await.map(drop) });
    }

    fn discard(listener: net::TcpListener) {
        serve(listener, |mut stream| async move {
            let mut buffer = vec![0; BLOCK];
            while stream.read(&mut buffer).await? > 0 {}
            Ok(())
        });
    }
}

fn serve<F>(listener: net::TcpListener, connection: fn(TcpStream) -> F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let served: Result<()> = Smol::block_on(async move {
        let listener = TcpListener::try_from(listener)?;
        loop {
            let (stream, _address) = listener.accept().await?;
            Smol::spawn(connection(stream)).detach();
        }
    });
    served.expect("the listener accepts");
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}
