use std::io::Result;
use std::net;
use std::os::unix::net as unix;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};

use super::{BLOCK, BUFFER, EchoTcp, Servers};
use crate::peers::{Form, OnTokio, Runtime};

impl<F: Form> EchoTcp for OnTokio<F> {
    fn echo_tcp(listener: net::TcpListener) {
        serve::<F, _>(listener, echo);
    }
}

impl<F: Form> Servers for OnTokio<F> {
    fn echo_unix(listener: unix::UnixListener) {
        let served: Result<()> = Self::block_on(async move {
            listener.set_nonblocking(true)?;
            let listener = UnixListener::from_std(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                F::spawn(echo(stream));
            }
        });
        served.expect("the listener accepts");
    }

    fn echo_udp(socket: net::UdpSocket) {
        let served: Result<()> = Self::block_on(async move {
            socket.set_nonblocking(true)?;
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
        serve::<F, _>(listener, |mut stream| async move { stream.read(&mut [0]).await.map(drop) });
    }

    fn discard(listener: net::TcpListener) {
        serve::<F, _>(listener, |mut stream| async move {
            let mut buffer = vec![0; BLOCK];
            while stream.read(&mut buffer).await? > 0 {}
            Ok(())
        });
    }
}

fn serve<F: Form, C>(listener: net::TcpListener, connection: fn(TcpStream) -> C)
where
    C: Future<Output = Result<()>> + Send + 'static,
{
    let served: Result<()> = OnTokio::<F>::block_on(async move {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _address) = listener.accept().await?;
            F::spawn(connection(stream));
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
