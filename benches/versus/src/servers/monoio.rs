use std::io::Result;
use std::net;
use std::os::unix::net as unix;

use monoio::io::{AsyncReadRent, AsyncWriteRent, AsyncWriteRentExt};
use monoio::net::udp::UdpSocket;
use monoio::net::{TcpListener, TcpStream, UnixListener};

use super::{BLOCK, BUFFER, EchoTcp, Servers};
use crate::peers::{Driver, OnMonoio, Runtime};

impl<D: Driver> EchoTcp for OnMonoio<D> {
    fn echo_tcp(listener: net::TcpListener) {
        serve::<D, _>(listener, echo);
    }
}

impl<D: Driver> Servers for OnMonoio<D> {
    fn echo_unix(listener: unix::UnixListener) {
        let served: Result<()> = Self::block_on(async move {
            listener.set_nonblocking(true)?;
            let listener = UnixListener::from_std(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                monoio::spawn(echo(stream));
            }
        });
        served.expect("the listener accepts");
    }

    fn echo_udp(socket: net::UdpSocket) {
        let served: Result<()> = Self::block_on(async move {
            socket.set_nonblocking(true)?;
            let socket = UdpSocket::from_std(socket)?;
            let mut buffer = Vec::with_capacity(BUFFER);
            loop {
                let (received, filled) = socket.recv_from(buffer).await;
                let (_count, sender) = received?;
                let (sent, emptied) = socket.send_to(filled, sender).await;
                sent?;
                buffer = emptied;
                buffer.clear();
            }
        });
        served.expect("the socket receives and sends");
    }

    fn close(listener: net::TcpListener) {
        serve::<D, _>(listener, |mut stream| async move { stream.read(vec![0]).await.0.map(drop) });
    }

    fn discard(listener: net::TcpListener) {
        serve::<D, _>(listener, |mut stream| async move {
            let mut buffer = vec![0; BLOCK];
            loop {
                let (count, filled) = stream.read(buffer).await;
                if count? == 0 {
                    return Ok(());
                }
                buffer = filled;
            }
        });
    }
}

fn serve<D: Driver, F>(listener: net::TcpListener, connection: fn(TcpStream) -> F)
where
    F: Future<Output = Result<()>> + 'static,
{
    let served: Result<()> = OnMonoio::<D>::block_on(async move {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _address) = listener.accept().await?;
            monoio::spawn(connection(stream));
        }
    });
    served.expect("the listener accepts");
}

async fn echo(mut stream: impl AsyncReadRent + AsyncWriteRent) -> Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        let (count, filled) = stream.read(buffer).await;
        if count? == 0 {
            return Ok(());
        }
        let (written, emptied) = stream.write_all(filled).await;
        written?;
        buffer = emptied;
        buffer.clear();
    }
}
