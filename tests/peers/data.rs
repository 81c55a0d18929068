//! Record data of many types, as octets: plain ones, and those that hold a name.

use super::Random;
use horizon_dns::dns::Rtype;

/// A type without a format of its own (RFC 3597), to be carried as octets.
pub(crate) const PRIVATE: Rtype = Rtype::from_int(65_280);

/// Types that a node may hold beside others and whose data holds no name.
pub(crate) const PLAIN: [Rtype; 12] = [
    Rtype::A,
    Rtype::A,
    Rtype::AAAA,
    Rtype::TXT,
    Rtype::TXT,
    Rtype::HINFO,
    Rtype::CAA,
    Rtype::SSHFP,
    Rtype::TLSA,
    Rtype::URI,
    Rtype::from_int(99),
    PRIVATE,
];

/// Types whose data holds a name.
pub(crate) const NAMED: [Rtype; 9] =
    [Rtype::MX, Rtype::MX, Rtype::SRV, Rtype::PTR, Rtype::NAPTR, Rtype::RP, Rtype::AFSDB, Rtype::KX, Rtype::HTTPS];

/// Random data of a type of [`PLAIN`].
pub(crate) fn plain(rtype: Rtype, random: &mut Random) -> Vec<u8> {
    let octet = random.below(250) as u8;
    match rtype {
        Rtype::A => vec![192, 0, 2, octet],
        Rtype::AAAA => vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, octet],
        Rtype::HINFO => vec![3, b'C', b'p', octet, 2, b'O', b's'],
        Rtype::CAA => [&[0, 5][..], b"issueca.example"].concat(),
        Rtype::SSHFP => [&[1, 1][..], &[octet; 20]].concat(),
        Rtype::TLSA => [&[3, 1, 1][..], &[octet; 32]].concat(),
        Rtype::URI => [&[0, octet, 0, 1][..], b"https://u.example/"].concat(),
        PRIVATE => vec![octet; 1 + random.below(9)],
        Rtype::DS => [&[octet, octet, 8, 2][..], &[octet; 32]].concat(),
        _ => {
            let length = 1 + random.below(40);
            let mut text = vec![length as u8];
            text.extend((0..length).map(|_| random.below(256) as u8));
            text
        }
    }
}

/// Data of a type of [`NAMED`], or of NS, CNAME and DNAME, that holds `name`.
pub(crate) fn named(rtype: Rtype, name: &[u8], random: &mut Random) -> Vec<u8> {
    let octet = random.below(250) as u8;
    let before: &[u8] = match rtype {
        Rtype::MX | Rtype::AFSDB | Rtype::KX | Rtype::HTTPS => &[0, octet],
        Rtype::SRV => &[0, 1, 0, octet, 1, 187],
        Rtype::NAPTR => &[0, 1, 0, octet, 1, b'u', 3, b'E', b'2', b'U', 0],
        Rtype::RP => &[4, b'R', b'o', b'o', b't', 0],
        _ => &[],
    };
    [before, name].concat()
}

/// Data of an SOA record; its last field is the negative TTL.
pub(crate) fn soa(apex: &[u8], serial: u32, minimum: u32) -> Vec<u8> {
    let mut data = [b"\x02Ns", apex, b"\x0ahostmaster", apex].concat();
    for number in [serial, 3600, 600, 86_400, minimum] {
        data.extend(number.to_be_bytes());
    }
    data
}
