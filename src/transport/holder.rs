//! Who holds a port: what `/proc` tells, so that "address in use" comes with a name. Never fails; knows what it may read.

use super::protocol::Protocol;
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Who has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A process that could be looked into.
    Program {
        /// As the kernel shows it: at most 15 octets.
        name: String,
        /// Its process id.
        pid: u32,
    },
    /// Some process of this user, by name or number: all that is seen of others' processes unless one is root.
    User(String),
}

impl Holder {
    /// True for a program of this name, or one whose user has it, as users of services do.
    pub fn is_called(&self, wanted: &str) -> bool {
        match self {
            Holder::Program { name, .. } | Holder::User(name) => name.starts_with(wanted),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Program { name, pid } => write!(f, "`{name}` (pid {pid})"),
            Holder::User(name) => write!(f, "a program of the user `{name}`"),
        }
    }
}

/// Tells who holds `address`; none when it cannot be seen at all.
pub(super) fn holder(address: SocketAddr, protocol: Protocol) -> Option<Holder> {
    let tables = match protocol {
        Protocol::Udp => ["/proc/self/net/udp", "/proc/self/net/udp6"],
        Protocol::Tcp => ["/proc/self/net/tcp", "/proc/self/net/tcp6"],
    };
    let found: Vec<Found> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| found(line, address)).collect::<Vec<_>>())
        .collect();
    let user = || found.first().map(|found| Holder::User(user_name(&found.user)));
    owner(&found).or_else(user)
}

/// A socket in the kernel's table.
struct Found {
    inode: String,
    /// The number of the user who has opened it.
    user: String,
}

/// A socket that stands in the way of `address`: the same port, the same address or all addresses.
fn found(line: &str, wanted: SocketAddr) -> Option<Found> {
    let mut fields = line.split_whitespace();
    let (address, port) = fields.nth(1)?.split_once(':')?;
    if u16::from_str_radix(port, 16).ok()? != wanted.port() {
        return None;
    }
    let address = kernel_address(address)?;
    if address != wanted.ip() && !address.is_unspecified() && !wanted.ip().is_unspecified() {
        return None;
    }
    let user = fields.nth(5)?.to_owned();
    Some(Found { inode: fields.nth(1)?.to_owned(), user })
}

/// The name of a user in `/etc/passwd`; the number where it has none.
fn user_name(number: &str) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let named = line.into_iter().find(|fields| fields.get(2) == Some(&number));
    named.and_then(|fields| fields.first().map(|name| (*name).to_owned())).unwrap_or_else(|| number.to_owned())
}

/// Addresses stand in these tables as words of the machine's own octet order.
fn kernel_address(hex: &str) -> Option<IpAddr> {
    let mut octets = Vec::with_capacity(16);
    for at in (0..hex.len()).step_by(8) {
        octets.extend(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    if let Ok(four) = <[u8; 4]>::try_from(octets.as_slice()) {
        return Some(IpAddr::V4(Ipv4Addr::from(four)));
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| IpAddr::V6(Ipv6Addr::from(sixteen)).to_canonical())
}

fn owner(found: &[Found]) -> Option<Holder> {
    let inodes = found.iter().map(|found| &found.inode).filter(|inode| *inode != "0");
    let links: Vec<String> = inodes.map(|inode| format!("socket:[{inode}]")).collect();
    if links.is_empty() {
        return None;
    }
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name();
        let Some(pid) = pid.to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors.flatten().any(|descriptor| {
            fs::read_link(descriptor.path())
                .is_ok_and(|link| links.iter().any(|wanted| link.as_os_str() == wanted.as_str()))
        });
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(Holder::Program { name: name.trim().to_owned(), pid });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    /// The program that holds a port is named: here this test itself.
    #[test]
    fn the_holder_of_a_port_is_named() {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = TcpListener::bind("[::1]:0").unwrap();
        let pid = std::process::id();
        for (address, protocol) in
            [(udp.local_addr().unwrap(), Protocol::Udp), (tcp.local_addr().unwrap(), Protocol::Tcp)]
        {
            let seen = holder(address, protocol);
            assert!(matches!(seen, Some(Holder::Program { pid: shown, .. }) if shown == pid), "{seen:?}");
        }
    }

    /// Without a look into the process, its user is named out of the kernel's table; other ports are nobody's.
    #[test]
    fn the_user_of_a_holder_is_named() {
        let line =
            "  412: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   0        0 1184 2 0 0";
        let seen = found(line, "127.0.0.53:53".parse().unwrap()).unwrap();
        assert_eq!((seen.inode.as_str(), seen.user.as_str()), ("1184", "0"));
        assert_eq!(user_name(&seen.user), "root");
        assert_eq!(user_name("4294967294"), "4294967294");
        assert!(found(line, "127.0.0.54:53".parse().unwrap()).is_none());
        assert!(found(line, "127.0.0.53:54".parse().unwrap()).is_none());
    }
}
