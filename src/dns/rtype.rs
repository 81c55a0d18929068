//! The names of record types, both ways; any type also as `TYPE` and its number (RFC 3597 section 5).

use super::Rtype;

/// Mnemonics of the IANA registry, by number.
const MNEMONICS: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (3, "MD"),
    (4, "MF"),
    (5, "CNAME"),
    (6, "SOA"),
    (7, "MB"),
    (8, "MG"),
    (9, "MR"),
    (10, "NULL"),
    (11, "WKS"),
    (12, "PTR"),
    (13, "HINFO"),
    (14, "MINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (18, "AFSDB"),
    (19, "X25"),
    (20, "ISDN"),
    (21, "RT"),
    (22, "NSAP"),
    (23, "NSAP-PTR"),
    (24, "SIG"),
    (25, "KEY"),
    (26, "PX"),
    (27, "GPOS"),
    (28, "AAAA"),
    (29, "LOC"),
    (30, "NXT"),
    (31, "EID"),
    (32, "NIMLOC"),
    (33, "SRV"),
    (34, "ATMA"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (38, "A6"),
    (39, "DNAME"),
    (40, "SINK"),
    (41, "OPT"),
    (42, "APL"),
    (43, "DS"),
    (44, "SSHFP"),
    (45, "IPSECKEY"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (53, "SMIMEA"),
    (55, "HIP"),
    (56, "NINFO"),
    (57, "RKEY"),
    (58, "TALINK"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (66, "DSYNC"),
    (99, "SPF"),
    (100, "UINFO"),
    (101, "UID"),
    (102, "GID"),
    (103, "UNSPEC"),
    (104, "NID"),
    (105, "L32"),
    (106, "L64"),
    (107, "LP"),
    (108, "EUI48"),
    (109, "EUI64"),
    (128, "NXNAME"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (253, "MAILB"),
    (254, "MAILA"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
    (258, "AVC"),
    (259, "DOA"),
    (260, "AMTRELAY"),
    (261, "RESINFO"),
    (32768, "TA"),
    (32769, "DLV"),
];

/// Reads a record type: a mnemonic in any case, or `TYPE` and its number (RFC 3597 section 5).
pub fn parse_rtype(text: &[u8]) -> Option<Rtype> {
    // The types that fill most zones come first: this runs once a record.
    let common = match text {
        b"A" => Some(Rtype::A),
        b"AAAA" => Some(Rtype::AAAA),
        b"CNAME" => Some(Rtype::CNAME),
        b"NS" => Some(Rtype::NS),
        b"MX" => Some(Rtype::MX),
        b"TXT" => Some(Rtype::TXT),
        b"PTR" => Some(Rtype::PTR),
        b"SRV" => Some(Rtype::SRV),
        _ => None,
    };
    if common.is_some() {
        return common;
    }
    let known = MNEMONICS.iter().find(|(_, mnemonic)| text.eq_ignore_ascii_case(mnemonic.as_bytes()));
    if let Some(&(number, _)) = known {
        return Some(Rtype::from_int(number));
    }
    let digits = text.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case(b"TYPE")).map(|_| &text[4..])?;
    super::number::parse_number(digits, u32::from(u16::MAX)).map(|number| Rtype::from_int(number as u16))
}

/// Writes a record type: its mnemonic, or `TYPE` and its number.
pub fn present_rtype(rtype: Rtype) -> String {
    let number = rtype.to_int();
    match MNEMONICS.binary_search_by_key(&number, |&(number, _)| number) {
        Ok(index) => MNEMONICS[index].1.to_owned(),
        Err(_) => format!("TYPE{number}"),
    }
}

/// True for types that never stand in a zone: OPT, the query types and the meta types (RFC 6895 section 3.1).
pub fn is_meta(rtype: Rtype) -> bool {
    matches!(rtype.to_int(), 0 | 41 | 128..=255)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every type number is written as a word that is read back as the same number.
    #[test]
    fn every_type_is_written_and_read_back() {
        for number in 0..=u16::MAX {
            let text = present_rtype(Rtype::from_int(number));
            assert_eq!(parse_rtype(text.as_bytes()), Some(Rtype::from_int(number)), "{text}");
            assert_eq!(parse_rtype(text.to_lowercase().as_bytes()), Some(Rtype::from_int(number)), "{text}");
        }
        for wrong in [&b"TYPE"[..], b"TYPE65536", b"TYPEx", b"", b"TYPE-1", b"IN", b"XA"] {
            assert_eq!(parse_rtype(wrong), None);
        }
    }
}
