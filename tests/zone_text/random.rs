//! Random zones and random octets from a fixed seed.

/// xorshift64*: small, fast, the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    /// The seed may be any number.
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }

    /// One of these.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// An octet.
    pub(crate) fn octet(&mut self) -> u8 {
        self.below(256) as u8
    }
}

/// A valid zone of this many records or so, written as wildly as zone text allows.
pub(crate) fn zone(random: &mut Random, records: usize) -> Vec<u8> {
    let mut text =
        b"$TTL 1h\n@ IN SOA ns.example.org. h\\.m ( 1 ; serial\n 2h 3m 4w 5 )\n@ NS ns\nns A 192.0.2.53\n".to_vec();
    let mut origin_depth = 0;
    let mut may_inherit = false;
    for number in 0..records {
        let ending: &str = random.pick(&["\n", "\r\n", " ; comment \" ( \n", "\t\n", "\n\n", "\n; alone\n"]);
        match random.below(30) {
            0 if origin_depth < 3 => {
                text.extend(format!("$ORIGIN o{number}{ending}").into_bytes());
                origin_depth += 1;
                continue;
            }
            1 => {
                text.extend(format!("$ORIGIN example.org.{ending}").into_bytes());
                origin_depth = 0;
                continue;
            }
            2 => {
                text.extend(format!("$TTL {}{ending}", random.below(100_000)).into_bytes());
                continue;
            }
            3 => {
                let (from, step) = (random.below(50), 1 + random.below(9));
                let line =
                    format!("$GENERATE {from}-{}/{step} g{number}-${{0,4,x}} A 192.0.2.$", from + random.below(99));
                text.extend(format!("{line}{ending}").into_bytes());
                continue;
            }
            _ => {}
        }
        // A name has one type here, so that CNAME stands alone and TTLs do not mix within a set.
        let inherits = may_inherit && random.below(4) == 0;
        if inherits {
            text.extend_from_slice(random.pick(&["  ", "\t", " \t "]).as_bytes());
        } else {
            text.extend(owner(random, number).into_bytes());
            text.push(b' ');
        }
        let ttl = if inherits { String::new() } else { random.pick(&["", "60 ", "1h ", "2D3m "]).to_owned() };
        let class = random.pick(&["", "IN ", "in "]);
        text.extend(if random.below(2) == 0 { format!("{class}{ttl}") } else { format!("{ttl}{class}") }.into_bytes());
        let record = record(random, number, inherits);
        may_inherit = !record.starts_with("CNAME");
        text.extend(record.into_bytes());
        text.extend_from_slice(ending.as_bytes());
    }
    text
}

fn owner(random: &mut Random, number: usize) -> String {
    match random.below(5) {
        0 => format!("n{number}.example.org."),
        1 => format!("N{number}.Sub"),
        2 => format!("n\\046{number}"),
        4 => format!("n{number}\\032\\;x"),
        _ => format!("n{number}"),
    }
}

/// Type and data; each type at most once below an inherited owner, told apart by the number in the data.
fn record(random: &mut Random, number: usize, inherits: bool) -> String {
    if inherits {
        return format!("TYPE{} \\# 2 {number:04x}", 60_000 + number % 5_000);
    }
    let octet = random.below(256);
    let name: &str = random.pick(&["www", "mail.example.net.", "@", "A.b.C", ".", "x\\.y", "\\255\\000z"]);
    match random.below(26) {
        0 => format!("A ( 192.0.2.{octet} )"),
        1 => format!("AAAA 2001:db8::{octet:x}"),
        2 => format!("NS n{number}.example.net."),
        3 => format!("CNAME {name}"),
        4 => format!("PTR {name}"),
        5 => format!("MX {octet} {name}"),
        6 => format!("TXT \"a;b {octet}\" ( plain\n \"q\\\"q\" ) \\{octet:03}"),
        7 => format!("SRV 1 2 {octet} {name}"),
        8 => format!("NAPTR {octet} 1 u sip \"\" {name}"),
        9 => format!("CAA {octet} issue \"x{octet}\""),
        10 => format!("SSHFP 1 9 {octet:02x}aa ( bb\n cc )"),
        11 => format!("TLSA 3 1 1 {octet:02x}"),
        12 => format!("HTTPS {octet} {name} alpn=h2,h3 port=8{octet}"),
        13 => format!("DS {octet} 8 9 {octet:02x}00"),
        14 => format!("DNSKEY 256 3 13 AQ{}w", char::from(b'A' + (octet % 26) as u8)),
        15 => format!("RRSIG A 13 20 3600 20300101000000 1700000{octet:03} {octet} {name} AQIDBA=="),
        16 => format!("NSEC {name} A TYPE{} MX", 1 + octet),
        17 => format!("NSEC3PARAM 1 0 {octet} -"),
        18 => format!("LOC {} 2 3.{} N 5 W {octet}.25m 1m", octet % 90, octet % 10),
        19 => format!("URI 1 {octet} \"http://x/{octet}\""),
        20 => format!("EUI48 00-11-22-33-44-{octet:02x}"),
        21 => format!("APL !1:192.0.{octet}.0/24 2:2001:db8::/32"),
        22 => format!("RP {name} {name}"),
        23 => format!("HINFO \"c {octet}\" os"),
        24 => format!("CERT PKIX {octet} 8 AQIDBA=="),
        _ => format!("TYPE65{octet:03} \\# 1 {octet:02X}"),
    }
}
