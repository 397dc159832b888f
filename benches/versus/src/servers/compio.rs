use std::io::Result;
use std::net;
use std::os::unix::net as unix;

use compio::BufResult;
use compio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream, UdpSocket, UnixListener};

use super::{BLOCK, BUFFER, EchoTcp, Servers};
use crate::peers::Compio;

impl EchoTcp for Compio {
    fn echo_tcp(listener: net::TcpListener) {
        serve(listener, echo);
    }
}

impl Servers for Compio {
    fn echo_unix(listener: unix::UnixListener) {
        let served: Result<()> = Compio::block_on(async {
            let listener = UnixListener::from_std(listener)?;
            loop {
                let (stream, _address) = listener.accept().await?;
                compio::runtime::spawn(echo(stream)).detach();
            }
        });
        served.expect("the listener accepts");
    }

    fn echo_udp(socket: net::UdpSocket) {
        let served: Result<()> = Compio::block_on(async {
            let socket = UdpSocket::from_std(socket)?;
            let mut buffer = Vec::with_capacity(BUFFER);
            loop {
                let BufResult(received, filled) = socket.recv_from(buffer).await;
                let (_count, sender) = received?;
                let BufResult(sent, emptied) = socket.send_to(filled, sender).await;
                sent?;
                buffer = emptied;
                buffer.clear();
            }
        });
        served.expect("the socket receives and sends");
    }

    fn close(listener: net::TcpListener) {
        serve(listener, |mut stream| async move {
            stream.read(Vec::with_capacity(1)).await.0.map(drop)
        });
    }

    fn discard(listener: net::TcpListener) {
        serve(listener, |mut stream| async move {
            let mut buffer = vec![0; BLOCK];
            loop {
                let BufResult(count, filled) = stream.read(buffer).await;
                if count? == 0 {
                    return Ok(());
                }
                buffer = filled;
            }
        });
    }
}

fn serve<F>(listener: net::TcpListener, connection: impl Fn(TcpStream) -> F)
where
    F: Future<Output = Result<()>> + 'static,
{
    let served: Result<()> = Compio::block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _address) = listener.accept().await?;
            compio::runtime::spawn(connection(stream)).detach();
        }
    });
    served.expect("the listener accepts");
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite) -> Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        let BufResult(count, filled) = stream.read(buffer).await;
        if count? == 0 {
            return Ok(());
        }
        let BufResult(written, emptied) = stream.write_all(filled).await;
        written?;
        buffer = emptied;
        buffer.clear();
    }
}
