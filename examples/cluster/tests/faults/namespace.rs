//! [`Namespace`]: a network of its own for a host.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

/// A network namespace of Linux, joined to this machine's network by a pair of virtual interfaces.
/// Dropping it deletes it.
pub(crate) struct Namespace {
    /// The name of the namespace, and of the interface at this machine's end.
    name: String,
    network: [u8; 3],
}

impl Namespace {
    /// Makes a namespace. Returns `None` where this is not permitted, or the program `ip` is
    /// missing.
    pub(crate) fn new() -> Option<Namespace> {
        // The name of an interface has at most 15 bytes.
        let name = format!("cluster{:08x}", fastrand::u32(..));
        if !ip(&format!("netns add {name}")) {
            return None;
        }
        let network = [10, fastrand::u8(200..), fastrand::u8(..)];
        let made = Namespace { name, network };
        made.connect().then_some(made)
    }

    fn connect(&self) -> bool {
        let Namespace { name, network: [a, b, c] } = self;
        [
            format!("link add {name} type veth peer name eth0 netns {name}"),
            format!("address add {a}.{b}.{c}.1/30 dev {name}"),
            format!("link set dev {name} up"),
            format!("-netns {name} address add {a}.{b}.{c}.2/30 dev eth0"),
            format!("-netns {name} link set dev eth0 up"),
            format!("-netns {name} link set dev lo up"),
        ]
        .iter()
        .all(|command| ip(command))
    }

    /// The address of this machine, as seen from the namespace.
    pub(crate) fn machine(&self) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, 1)
    }

    /// A command that runs a program in the namespace, as the process of the command.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// From now on, packets are lost in both directions.
    pub(crate) fn cut(&self) {
        assert!(ip(&format!("link set dev {} down", self.name)));
    }

    pub(crate) fn heal(&self) {
        assert!(ip(&format!("link set dev {} up", self.name)));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The interfaces live as long as a process in the namespace does, unless they are deleted.
        let _no_interface = ip(&format!("link delete {}", self.name));
        let _deleted = ip(&format!("netns delete {}", self.name));
    }
}

/// Runs `ip` with these arguments. Returns whether it has succeeded.
fn ip(arguments: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments.split(' ')).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
