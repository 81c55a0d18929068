//! Numbers of the protocol that the query path decides by.

/// Response codes (RFC 6895 section 2.3).
pub(super) mod rcode {
    pub(in crate::query) const FORMERR: u16 = 1;
    pub(in crate::query) const SERVFAIL: u16 = 2;
    pub(in crate::query) const NOTIMP: u16 = 4;
    pub(in crate::query) const REFUSED: u16 = 5;
    pub(in crate::query) const BADVERS: u16 = 16;
}

/// Classes (RFC 6895 section 3.2).
pub(super) mod class {
    pub(in crate::query) const IN: u16 = 1;
    pub(in crate::query) const ANY: u16 = 255;
}

/// Types that only queries have, or that no zone holds (RFC 6895 section 3.1).
pub(super) mod qtype {
    pub(in crate::query) const OPT: u16 = 41;
    pub(in crate::query) const TKEY: u16 = 249;
    pub(in crate::query) const TSIG: u16 = 250;
    pub(in crate::query) const IXFR: u16 = 251;
    pub(in crate::query) const AXFR: u16 = 252;
    pub(in crate::query) const MAILB: u16 = 253;
    pub(in crate::query) const MAILA: u16 = 254;
}

/// INFO-CODEs of RFC 8914 section 5.2 and its registry.
pub(super) mod ede {
    pub(in crate::query) const OTHER: u16 = 0;
    pub(in crate::query) const PROHIBITED: u16 = 18;
    pub(in crate::query) const NOT_AUTHORITATIVE: u16 = 20;
    pub(in crate::query) const NOT_SUPPORTED: u16 = 21;
    pub(in crate::query) const SYNTHESIZED: u16 = 29;
}
