//! The zones, and how each is signed, or spoiled.

/// How a zone is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    /// Arguments of `ldns-signzone`.
    pub(crate) with: &'static [&'static str],
    /// What is changed after it was signed.
    pub(crate) spoil: Option<(&'static str, &'static str)>,
    /// What the zone above says of its keys.
    pub(crate) above: Above,
}

/// What stands at a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Above {
    /// The key of the zone.
    Key,
    /// The key of nobody.
    OtherKey,
}

const PLAIN: Signed = Signed { with: &[], spoil: None, above: Above::Key };

/// A zone: its apex, its own records beside SOA and NS, and how it is signed; none is not signed.
pub(crate) const ZONES: [(&str, &str, Option<Signed>); 13] = [
    (
        "secure.",
        "www A 192.0.2.1\n*.wild A 192.0.2.2\na.b.c TXT x\nalias CNAME www\nwildalias CNAME x.wild\nnowhere CNAME missing\n\
         hashed CNAME www.hashed.\nplain CNAME www.plain.\nbad CNAME www.bad.\nd DNAME hashed.\nUPPER DNAME Hashed.\n\
         island NS a.nic.\n",
        Some(PLAIN),
    ),
    (
        "hashed.",
        "www A 192.0.2.1\n*.wild A 192.0.2.2\na.b.c TXT x\nisland NS a.nic.\n",
        Some(Signed { with: &["-n"], ..PLAIN }),
    ),
    ("often.", "www A 192.0.2.1\nisland NS a.nic.\n", Some(Signed { with: &["-n", "-t", "150"], ..PLAIN })),
    ("optout.", "www A 192.0.2.1\nisland NS a.nic.\n", Some(Signed { with: &["-n", "-p"], ..PLAIN })),
    ("bad.", "www A 192.0.2.1\ngood A 192.0.2.2\n", Some(Signed { spoil: Some(("192.0.2.1", "192.0.2.66")), ..PLAIN })),
    ("old.", "www A 192.0.2.1\n", Some(Signed { with: &["-i", "20200101", "-e", "20200201"], ..PLAIN })),
    ("early.", "www A 192.0.2.1\n", Some(Signed { with: &["-i", "20800101", "-e", "20810101"], ..PLAIN })),
    ("wrong.", "www A 192.0.2.1\n", Some(Signed { above: Above::OtherKey, ..PLAIN })),
    ("island.secure.", "www A 192.0.2.1\n", None),
    ("island.hashed.", "www A 192.0.2.1\n", None),
    ("island.often.", "www A 192.0.2.1\n", None),
    ("plain.", "www A 192.0.2.1\n", None),
    ("stripped.", "www A 192.0.2.1\n", None),
];

/// Zones that are not signed although the zone above has a key for them.
pub(crate) const STRIPPED: [&str; 1] = ["stripped."];
