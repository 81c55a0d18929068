//! Whether an address is one of this machine's.

use std::net::IpAddr;
use std::net::UdpSocket;

/// True when some interface has the address: the kernel lets a socket have no other one. (With `ip_nonlocal_bind` it lets
/// it have any; then every address counts as ours and nothing is taken for misdirected.)
pub(super) fn is_own(address: IpAddr) -> bool {
    !address.is_unspecified() && UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loopback is here, an address for documentation (RFC 5737) is not.
    #[test]
    fn own_addresses_are_known() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("192.0.2.1".parse().unwrap()));
        assert!(!is_own("0.0.0.0".parse().unwrap()));
    }
}
