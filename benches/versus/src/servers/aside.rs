use std::io::Result;
use std::net;
use std::os::unix::net as unix;

use aside::net::{TcpListener, TcpStream, UdpSocket, UnixListener};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{BLOCK, BUFFER, EchoTcp, Servers};
use crate::peers::Aside;

impl EchoTcp for Aside {
    fn echo_tcp(listener: net::TcpListener) {
        serve(listener, echo);
    }
}

impl Servers for Aside {
    fn echo_unix(listener: unix::UnixListener) {
        let served: Result<()> = aside::run(async {
            let listener = UnixListener::from_std(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                aside::spawn(echo(stream)).detach();
            }
        });
        served.expect("the listener accepts");
    }

    fn echo_udp(socket: net::UdpSocket) {
        let served: Result<()> = aside::run(async {
            let socket = UdpSocket::from_std(socket)?;
            let mut buffer = [0; BUFFER];
            loop {
                let (count, sender) = socket.recv_from(&mut buffer).await?;
                socket.send_to(&buffer[..count], sender).await?;
            }
        });
        served.expect("the socket receives and sends");
    }

    fn close(listener: net::TcpListener) {
        serve(listener, |stream| async move { stream.read(&mut [0]).await.map(drop) });
    }

    fn discard(listener: net::TcpListener) {
        serve(listener, |stream| async move {
            let mut buffer = vec![0; BLOCK];
            while stream.read(&mut buffer).await? > 0 {}
            Ok(())
        });
    }
}

fn serve<F>(listener: net::TcpListener, connection: impl Fn(TcpStream) -> F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let served: Result<()> = aside::run(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _address) = listener.accept().await?;
            aside::spawn(connection(stream)).detach();
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
