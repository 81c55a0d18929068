//! Who holds a port: what `/proc` tells, so that "address in use" comes with a name. Never fails; knows what it may read.

use super::protocol::Protocol;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Describes the program that holds `address`, such as "`dnsmasq` (pid 412)"; none when it cannot be seen, which is usual
/// for other users' programs unless one is root.
pub(super) fn holder(address: SocketAddr, protocol: Protocol) -> Option<String> {
    let tables = match protocol {
        Protocol::Udp => ["/proc/net/udp", "/proc/net/udp6"],
        Protocol::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
    };
    let inodes: Vec<String> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| inode(line, address)).collect::<Vec<_>>())
        .collect();
    owner(&inodes)
}

/// The inode of a socket that stands in the way of `address`: the same port, the same address or all addresses.
fn inode(line: &str, wanted: SocketAddr) -> Option<String> {
    let mut fields = line.split_whitespace();
    let (address, port) = fields.nth(1)?.split_once(':')?;
    if u16::from_str_radix(port, 16).ok()? != wanted.port() {
        return None;
    }
    let address = kernel_address(address)?;
    if address != wanted.ip() && !address.is_unspecified() && !wanted.ip().is_unspecified() {
        return None;
    }
    fields.nth(7).map(str::to_owned)
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

fn owner(inodes: &[String]) -> Option<String> {
    let links: Vec<String> =
        inodes.iter().filter(|inode| *inode != "0").map(|inode| format!("socket:[{inode}]")).collect();
    if links.is_empty() {
        return None;
    }
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name();
        let Some(pid) = pid.to_str().filter(|name| name.bytes().all(|octet| octet.is_ascii_digit())) else { continue };
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors.flatten().any(|descriptor| {
            fs::read_link(descriptor.path())
                .is_ok_and(|link| links.iter().any(|wanted| link.as_os_str() == wanted.as_str()))
        });
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("`{}` (pid {pid})", name.trim()));
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
        let pid = format!("(pid {})", std::process::id());
        let seen = holder(udp.local_addr().unwrap(), Protocol::Udp).unwrap();
        assert!(seen.ends_with(&pid), "{seen}");
        let seen = holder(tcp.local_addr().unwrap(), Protocol::Tcp).unwrap();
        assert!(seen.ends_with(&pid), "{seen}");
    }
}
