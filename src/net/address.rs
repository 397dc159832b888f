//! Addresses as one writes them, and what a name stands for.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs};

use runtime_core::metadata::Metadata;

use crate::Handle;

/// What can be connected to or bound: an address, or a name that has to be looked up.
///
/// A host name that is looked up blocks, so that is a job on the runtime's pool; an address in
/// figures is none.
///
/// | type | example |
/// |---|---|
/// | `SocketAddr`, `SocketAddrV4`, `SocketAddrV6` | |
/// | `(IpAddr, u16)`, `(Ipv4Addr, u16)`, `(Ipv6Addr, u16)` | `(Ipv4Addr::LOCALHOST, 80)` |
/// | `&str`, `String`: host and port | `"localhost:80"`, `"127.0.0.1:80"`, `"[::1]:80"` |
/// | `(&str, u16)`, `(String, u16)` | `("localhost", 80)` |
/// | `&[SocketAddr]`: the first that works | |
pub trait Address: sealed::Sealed {
    #[doc(hidden)]
    fn target(self) -> Target;
}

/// What an address comes to.
#[doc(hidden)]
#[derive(Debug)]
pub enum Target {
    One(SocketAddr),
    Several(Vec<SocketAddr>),
    /// Host and port.
    Name(String),
    NameAndPort(String, u16),
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! addresses {
    ($($type:ty, $this:ident => $target:expr;)*) => {
        $(
            impl sealed::Sealed for $type {}
            impl Address for $type {
                fn target(self) -> Target {
                    let $this = self;
                    $target
                }
            }
        )*
    };
}

addresses! {
    SocketAddr, this => Target::One(this);
    SocketAddrV4, this => Target::One(this.into());
    SocketAddrV6, this => Target::One(this.into());
    (IpAddr, u16), this => Target::One(this.into());
    (Ipv4Addr, u16), this => Target::One(this.into());
    (Ipv6Addr, u16), this => Target::One(this.into());
    &[SocketAddr], this => Target::Several(this.to_vec());
    &str, this => match this.parse() {
        Ok(address) => Target::One(address),
        Err(_no_figures) => Target::Name(this.to_owned()),
    };
    &String, this => this.as_str().target();
    String, this => this.parse().map_or_else(|_no_figures| Target::Name(this), Target::One);
    (&str, u16), this => host_and_port(this.0, this.1);
    (String, u16), this => host_and_port(&this.0, this.1);
}

fn host_and_port(host: &str, port: u16) -> Target {
    match host.parse::<IpAddr>() {
        Ok(address) => Target::One(SocketAddr::new(address, port)),
        Err(_no_figures) => Target::NameAndPort(host.to_owned(), port),
    }
}

/// Looks a name up: the addresses that it stands for, in the order in which they are to be tried.
///
/// It is a job on the pool of the current runtime, in a lane of its own in which a few run at a
/// time, so that a name server that does not answer does not take all the threads. An address in
/// figures is no job.
///
/// ```
/// aside::run(async {
///     let addresses = aside::net::lookup_host(("localhost", 80)).await?;
///     assert!(addresses.iter().all(|address| address.ip().is_loopback()));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As the system gives them, and if the pool could not run the job. If there is no runtime on this
/// thread.
///
/// # Cancel safety
/// Safe: a look-up that has not begun is taken back, and one that has goes on and is forgotten.
#[track_caller]
pub fn lookup_host<A: Address>(address: A) -> impl Future<Output = io::Result<Vec<SocketAddr>>> {
    let metadata = Metadata::here();
    let target = address.target();
    async move {
        match target {
            Target::One(address) => Ok(vec![address]),
            Target::Several(addresses) => Ok(addresses),
            Target::Name(name) => look_up(metadata, name).await,
            Target::NameAndPort(host, port) => look_up(metadata, (host, port)).await,
        }
    }
}

async fn look_up<N>(metadata: Metadata, name: N) -> io::Result<Vec<SocketAddr>>
where
    N: ToSocketAddrs + Send + 'static,
{
    let handle = Handle::try_current().map_err(io::Error::other)?;
    let job = handle
        .submit(handle.dns(), metadata, (), move || name.to_socket_addrs().map(Iterator::collect));
    job.abort_on_drop().await.map_err(io::Error::other)?
}

/// Does something with each address until it succeeds. The last error is given back.
pub(super) async fn first<T, F>(
    addresses: impl Address,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut failed = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    for address in lookup_host(addresses).await? {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
