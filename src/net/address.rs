//! Socket addresses in the forms in which programs have them, and the lookup of names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use runtime_core::budget;
use runtime_core::metadata::Metadata;

use crate::lookups::Lookups;
use crate::{Builder, Handle};

/// A value that stands for one or more socket addresses: an address, or a name to look up.
///
/// The lookup of a host name blocks, so it is a job on the runtime's pool. A numeric address needs
/// no job.
///
/// | type | example |
/// |---|---|
/// | `SocketAddr`, `SocketAddrV4`, `SocketAddrV6` | |
/// | `(IpAddr, u16)`, `(Ipv4Addr, u16)`, `(Ipv6Addr, u16)` | `(Ipv4Addr::LOCALHOST, 80)` |
/// | `str`, `String`: host and port | `"localhost:80"`, `"127.0.0.1:80"`, `"[::1]:80"` |
/// | `(&str, u16)`, `(String, u16)` | `("localhost", 80)` |
/// | `[SocketAddr]`, `[SocketAddr; N]`, `Vec<SocketAddr>`: the first one that works | |
/// | a reference to any of these types | `&address` |
pub trait ToSocketAddrs: sealed::Sealed {
    #[doc(hidden)]
    fn target(&self) -> SocketTarget;
}

/// The parsed form of an address.
#[doc(hidden)]
#[derive(Debug)]
pub enum SocketTarget {
    One(SocketAddr),
    Several(Vec<SocketAddr>),
    /// Host and port in one string.
    Name(String),
    NameAndPort(String, u16),
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! impl_to_socket_addrs {
    ($($type:ty, $this:ident => $target:expr;)*) => {
        $(
            impl sealed::Sealed for $type {}
            impl ToSocketAddrs for $type {
                fn target(&self) -> SocketTarget {
                    let $this = self;
                    $target
                }
            }
        )*
    };
}

impl_to_socket_addrs! {
    SocketAddr, this => SocketTarget::One(*this);
    SocketAddrV4, this => SocketTarget::One((*this).into());
    SocketAddrV6, this => SocketTarget::One((*this).into());
    (IpAddr, u16), this => SocketTarget::One((*this).into());
    (Ipv4Addr, u16), this => SocketTarget::One((*this).into());
    (Ipv6Addr, u16), this => SocketTarget::One((*this).into());
    [SocketAddr], this => SocketTarget::Several(this.to_vec());
    Vec<SocketAddr>, this => SocketTarget::Several(this.clone());
    str, this => match this.parse() {
        Ok(address) => SocketTarget::One(address),
        Err(_not_numeric) => SocketTarget::Name(this.to_owned()),
    };
    String, this => this.as_str().target();
    (&str, u16), this => host_and_port(this.0, this.1);
    (String, u16), this => host_and_port(&this.0, this.1);
}

impl<const N: usize> sealed::Sealed for [SocketAddr; N] {}
impl<const N: usize> ToSocketAddrs for [SocketAddr; N] {
    fn target(&self) -> SocketTarget {
        self.as_slice().target()
    }
}

impl<A: ToSocketAddrs + ?Sized> sealed::Sealed for &A {}
impl<A: ToSocketAddrs + ?Sized> ToSocketAddrs for &A {
    fn target(&self) -> SocketTarget {
        (**self).target()
    }
}

fn host_and_port(host: &str, port: u16) -> SocketTarget {
    match host.parse::<IpAddr>() {
        Ok(address) => SocketTarget::One(SocketAddr::new(address, port)),
        Err(_not_numeric) => SocketTarget::NameAndPort(host.to_owned(), port),
    }
}

/// Looks a name up, and returns its addresses in the order in which to try them.
///
/// The lookup is a job on the pool of the current runtime, in a lane of its own. The number of
/// lookups at a time [is limited](crate::Builder::lookups_max), so that a name server that does not
/// answer does not occupy every thread: of a pool with two or more threads, lookups leave at least
/// half to other jobs. A lookup whose future is dropped, for example by a timeout, does not count
/// against the limit. A numeric address needs no job.
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
/// Those of the operating system, and an error if the pool refuses the job or this thread has no
/// runtime.
///
/// # Cancel safety
/// Safe: a lookup that has not begun is cancelled. A lookup that runs occupies its thread until the
/// system returns, and its result is discarded.
#[doc(alias = "getaddrinfo")]
#[track_caller]
pub fn lookup_host<A: ToSocketAddrs>(
    address: A,
) -> impl Future<Output = io::Result<Vec<SocketAddr>>> {
    let metadata = Metadata::here();
    let target = address.target();
    resolve(metadata, target)
}

pub(super) async fn resolve(
    metadata: Metadata,
    target: SocketTarget,
) -> io::Result<Vec<SocketAddr>> {
    budget::consume().await;
    // Both forms of a name are one job, which is compiled once.
    let (host, port) = match target {
        SocketTarget::One(address) => return Ok(vec![address]),
        SocketTarget::Several(addresses) => return Ok(addresses),
        SocketTarget::Name(name) => (name, None),
        SocketTarget::NameAndPort(host, port) => (host, Some(port)),
    };
    let ask = move || {
        use std::net::ToSocketAddrs;
        match port {
            Some(port) => (host, port).to_socket_addrs(),
            None => host.to_socket_addrs(),
        }
        .map(Iterator::collect)
    };
    look_up(metadata, ask).await
}

async fn look_up(
    metadata: Metadata,
    ask: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> io::Result<Vec<SocketAddr>> {
    let handle = Handle::try_current().map_err(io::Error::other)?;
    let lookups = handle.lookups();
    let _place = lookups.place().await;
    let job = handle.submit(lookups.lane(handle.pool()), metadata, (), ask);
    job.abort_on_drop().await.map_err(io::Error::other)?
}

impl Builder {
    /// Sets the maximum number of names that [`lookup_host`] and the
    /// functions of [`net`](super) look up at a time; 32 by default, and at least 1.
    ///
    /// A lookup counts until its result is there or its future is dropped. A thread cannot be
    /// stopped while the system looks a name up, so the lookups of dropped futures may occupy three
    /// more threads of the pool for each of these lookups. In all, lookups occupy at most half of
    /// the pool's threads, or its only thread: in a small pool, fewer names are looked up at a time
    /// than this limit allows.
    #[must_use]
    pub fn lookups_max(mut self, lookups: usize) -> Builder {
        self.lookups = Lookups::new(lookups.max(1));
        self
    }
}

/// Returns the first address. An address without a name costs no job and no turn.
pub(super) async fn first(address: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    match address.target() {
        SocketTarget::One(address) => Ok(address),
        target => resolve(Metadata::here(), target).await?.first().copied().ok_or_else(no_address),
    }
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the name has no address")
}

/// Tries the addresses one by one until an attempt succeeds. If all attempts fail, the error of the
/// last attempt is returned.
pub(super) async fn try_each<T, F>(
    target: SocketTarget,
    mut attempt: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut failed = no_address();
    for address in resolve(Metadata::here(), target).await? {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests;
