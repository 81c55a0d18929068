//! What the data of each type is made of: one table that both the scanner and the printer follow.

use super::Rtype;

/// One field of record data: its form in text and on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// One octet, decimal.
    U8,
    /// Two octets, decimal.
    U16,
    /// Four octets, decimal.
    U32,
    /// Four octets, seconds with units.
    Seconds,
    /// Four octets, a date or seconds since 1970 (RFC 4034 section 3.2).
    Time,
    /// A domain name, not compressed.
    Name,
    /// Four octets, dotted quad.
    Ip4,
    /// Sixteen octets (RFC 4291 section 2.2).
    Ip6,
    /// One character-string (RFC 1035 section 3.3).
    String,
    /// One character-string or more, to the end.
    Strings,
    /// The rest of the data as one string without a length: the CAA value (RFC 8659 section 4.1.1), the URI target.
    Text,
    /// One character-string of ASCII letters and digits: the CAA tag.
    Tag,
    /// Base 16 to the end.
    Hex,
    /// Base 64 to the end.
    Base64,
    /// A salt with its length: base 16, or `-` (RFC 5155 section 3.3).
    Salt,
    /// A hash with its length, base 32 (RFC 5155 section 3.3).
    Hash,
    /// A record type by its name.
    Type,
    /// A set of record types (RFC 4034 section 4.1.2).
    Types,
    /// A set of record types that may be empty.
    MaybeTypes,
    /// A DNSSEC algorithm: a number or a mnemonic (RFC 4034 appendix A.1).
    Algorithm,
    /// A DS digest type: a number or a mnemonic.
    DigestType,
    /// A certificate type: a number or a mnemonic (RFC 4398 section 2.1).
    CertificateType,
    /// Octets as pairs of hex digits with `-` between: EUI48 6, EUI64 8 (RFC 7043).
    Eui(u8),
    /// Eight octets as four groups of hex digits with `:` between (RFC 6742 section 2.1.2).
    Node,
    /// Position on Earth (RFC 1876).
    Location,
    /// Address prefixes (RFC 3123).
    Prefixes,
    /// Service parameters (RFC 9460 section 2).
    Parameters,
    /// Host identity, key and rendezvous servers (RFC 8005).
    HostIdentity,
}

type Fields = &'static [(Field, &'static str)];

/// The fields of a type with what each is called, or `None` when the type has only the form of RFC 3597.
pub(super) fn fields(rtype: Rtype) -> Option<Fields> {
    use Field::*;
    Some(match rtype.to_int() {
        1 => &[(Ip4, "address")],
        2 => &[(Name, "name server")],
        5 => &[(Name, "canonical name")],
        7..=9 => &[(Name, "mailbox name")],
        12 | 23 => &[(Name, "name")],
        39 => &[(Name, "target")],
        6 => &[
            (Name, "primary server"),
            (Name, "mailbox"),
            (U32, "serial"),
            (Seconds, "refresh"),
            (Seconds, "retry"),
            (Seconds, "expire"),
            (Seconds, "minimum"),
        ],
        13 => &[(String, "CPU"), (String, "operating system")],
        14 => &[(Name, "mailbox"), (Name, "error mailbox")],
        15 => &[(U16, "preference"), (Name, "mail server")],
        16 | 56 | 99 | 258 | 261 => &[(Strings, "text")],
        17 => &[(Name, "mailbox"), (Name, "text name")],
        18 => &[(U16, "subtype"), (Name, "host")],
        21 => &[(U16, "preference"), (Name, "host")],
        26 => &[(U16, "preference"), (Name, "RFC 822 name"), (Name, "X.400 name")],
        28 => &[(Ip6, "address")],
        29 => &[(Location, "location")],
        33 => &[(U16, "priority"), (U16, "weight"), (U16, "port"), (Name, "target")],
        35 => &[
            (U16, "order"),
            (U16, "preference"),
            (String, "flags"),
            (String, "services"),
            (String, "regular expression"),
            (Name, "replacement"),
        ],
        36 => &[(U16, "preference"), (Name, "exchanger")],
        37 => &[(CertificateType, "type"), (U16, "key tag"), (Algorithm, "algorithm"), (Base64, "certificate")],
        42 => &[(Prefixes, "prefix")],
        43 | 59 | 32768 | 32769 => {
            &[(U16, "key tag"), (Algorithm, "algorithm"), (DigestType, "digest type"), (Hex, "digest")]
        }
        44 => &[(U8, "algorithm"), (U8, "fingerprint type"), (Hex, "fingerprint")],
        46 | 24 => &[
            (Type, "type covered"),
            (Algorithm, "algorithm"),
            (U8, "labels"),
            (U32, "original TTL"),
            (Time, "expiration"),
            (Time, "inception"),
            (U16, "key tag"),
            (Name, "signer"),
            (Base64, "signature"),
        ],
        47 => &[(Name, "next name"), (Types, "type")],
        25 | 48 | 57 | 60 => &[(U16, "flags"), (U8, "protocol"), (Algorithm, "algorithm"), (Base64, "key")],
        49 | 61 => &[(Base64, "data")],
        50 => &[
            (U8, "hash algorithm"),
            (U8, "flags"),
            (U16, "iterations"),
            (Salt, "salt"),
            (Hash, "next hashed owner"),
            (MaybeTypes, "type"),
        ],
        51 => &[(U8, "hash algorithm"), (U8, "flags"), (U16, "iterations"), (Salt, "salt")],
        52 | 53 => &[(U8, "usage"), (U8, "selector"), (U8, "matching type"), (Hex, "association data")],
        55 => &[(HostIdentity, "host identity")],
        58 => &[(Name, "previous name"), (Name, "next name")],
        62 => &[(U32, "SOA serial"), (U16, "flags"), (MaybeTypes, "type")],
        63 => &[(U32, "serial"), (U8, "scheme"), (U8, "hash algorithm"), (Hex, "digest")],
        64 | 65 => &[(U16, "priority"), (Name, "target"), (Parameters, "parameter")],
        104 => &[(U16, "preference"), (Node, "node identifier")],
        105 => &[(U16, "preference"), (Ip4, "locator")],
        106 => &[(U16, "preference"), (Node, "locator")],
        107 => &[(U16, "preference"), (Name, "name")],
        108 => &[(Eui(6), "address")],
        109 => &[(Eui(8), "address")],
        256 => &[(U16, "priority"), (U16, "weight"), (Text, "target")],
        257 => &[(U8, "flags"), (Tag, "tag"), (Text, "value")],
        _ => return None,
    })
}

/// Mnemonics of numbers in data: the first of a number is the usual one; they are read, and numbers are written.
pub(super) const ALGORITHMS: &[(u32, &str)] = &[
    (1, "RSAMD5"),
    (2, "DH"),
    (3, "DSA"),
    (5, "RSASHA1"),
    (6, "DSA-NSEC3-SHA1"),
    (6, "NSEC3DSA"),
    (7, "RSASHA1-NSEC3-SHA1"),
    (7, "NSEC3RSASHA1"),
    (8, "RSASHA256"),
    (10, "RSASHA512"),
    (12, "ECC-GOST"),
    (12, "ECCGOST"),
    (13, "ECDSAP256SHA256"),
    (14, "ECDSAP384SHA384"),
    (15, "ED25519"),
    (16, "ED448"),
    (252, "INDIRECT"),
    (253, "PRIVATEDNS"),
    (254, "PRIVATEOID"),
];

/// DS digest types.
pub(super) const DIGEST_TYPES: &[(u32, &str)] =
    &[(1, "SHA-1"), (1, "SHA1"), (2, "SHA-256"), (2, "SHA256"), (3, "GOST"), (4, "SHA-384"), (4, "SHA384")];

/// CERT types (RFC 4398 section 2.1).
pub(super) const CERTIFICATE_TYPES: &[(u32, &str)] = &[
    (1, "PKIX"),
    (2, "SPKI"),
    (3, "PGP"),
    (4, "IPKIX"),
    (5, "ISPKI"),
    (6, "IPGP"),
    (7, "ACPKIX"),
    (8, "IACPKIX"),
    (253, "URI"),
    (254, "OID"),
];

/// The length that a digest must have, where its type fixes one: DS (RFC 4509, 6605), SSHFP (RFC 4255, 6594),
/// ZONEMD (RFC 8976 section 2.2.4).
pub(super) fn digest_len(rtype: Rtype, kind: u8) -> Option<usize> {
    match (rtype.to_int(), kind) {
        (43 | 59 | 32768 | 32769, 1) | (44, 1) => Some(20),
        (43 | 59 | 32768 | 32769, 2 | 3) | (44, 2) => Some(32),
        (43 | 59 | 32768 | 32769, 4) | (63, 1) => Some(48),
        (63, 2) => Some(64),
        _ => None,
    }
}
