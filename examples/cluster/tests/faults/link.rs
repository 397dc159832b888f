//! [`Link`]: a network between a host and the broker that can be cut.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::namespace::Namespace;
use crate::processes::PROGRAM;
use crate::proxy::Proxy;

/// The way of one host to the broker.
///
/// The host is in a network namespace, and its interface is taken down. Where no namespace can be
/// made, the host is an ordinary process, and the proxy stops forwarding. In either case no end of
/// a connection is seen: to both sides, the other one is silent.
pub(crate) struct Link {
    proxy: Proxy,
    namespace: Option<Namespace>,
}

impl Link {
    /// Makes a link. The proxy runs on the current loop.
    pub(crate) async fn new(broker: u16) -> Link {
        let namespace = Namespace::new();
        let machine = namespace.as_ref().map_or(Ipv4Addr::LOCALHOST, Namespace::machine);
        let proxy = Proxy::start(machine, broker).await;
        println!(
            "  a host in {}",
            match &namespace {
                Some(_) => "a network namespace",
                None => "this network, which a proxy cuts",
            }
        );
        Link { proxy, namespace }
    }

    /// The address of the broker for the host. A peer that is silent for two heartbeats is lost.
    pub(crate) fn address(&self) -> String {
        format!("amqp://{}?heartbeat=5", self.proxy.address())
    }

    /// A command that runs the program of the host.
    pub(crate) fn command(&self) -> Command {
        match &self.namespace {
            Some(namespace) => namespace.command(PROGRAM),
            None => Command::new(PROGRAM),
        }
    }

    pub(crate) fn cut(&self) {
        match &self.namespace {
            Some(namespace) => namespace.cut(),
            None => self.proxy.cut(),
        }
    }

    pub(crate) fn heal(&self) {
        match &self.namespace {
            Some(namespace) => namespace.heal(),
            None => self.proxy.heal(),
        }
    }
}
