//! [`Proxy`]: a way to the broker, which listens on the loopback address alone.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use aside::net::{TcpListener, TcpStream};
use aside::{AbortOnDrop, race, spawn};
use event_listener::Event;
use futures_lite::AsyncWriteExt;

/// Forwards connections to the broker. While it is cut, bytes go nowhere and no end of a connection
/// is seen: to both sides, the other one is silent.
pub(crate) struct Proxy {
    address: SocketAddr,
    network: Rc<Network>,
    _accepting: AbortOnDrop<io::Result<()>>,
}

#[derive(Default)]
struct Network {
    is_cut: Cell<bool>,
    healed: Event,
}

impl Network {
    async fn until_whole(&self) {
        while self.is_cut.get() {
            let healed = self.healed.listen();
            healed.await;
        }
    }
}

impl Proxy {
    /// Listens on this address of this machine, on a free port.
    pub(crate) async fn start(machine: Ipv4Addr, broker: u16) -> Proxy {
        let listener = TcpListener::bind((machine, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Rc::new(Network::default());
        let accepting = spawn(accept(listener, broker, Rc::clone(&network))).abort_on_drop();
        Proxy { address, network, _accepting: accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cut(&self) {
        self.network.is_cut.set(true);
    }

    pub(crate) fn heal(&self) {
        self.network.is_cut.set(false);
        self.network.healed.notify(usize::MAX);
    }
}

async fn accept(listener: TcpListener, broker: u16, network: Rc<Network>) -> io::Result<()> {
    loop {
        let (near, _peer) = listener.accept().await?;
        let network = Rc::clone(&network);
        spawn(async move {
            network.until_whole().await;
            let far = TcpStream::connect(("127.0.0.1", broker)).await?;
            // The end of one direction ends the connection.
            race((forward(&near, &far, &network), forward(&far, &near, &network))).await
        })
        .detach();
    }
}

async fn forward(from: &TcpStream, mut to: &TcpStream, network: &Network) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = from.read(&mut buffer).await;
        network.until_whole().await;
        let length = length?;
        if length == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..length]).await?;
    }
}
