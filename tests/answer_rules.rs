//! The rules by which a zone answers, one line a fact.

mod ask;

use ask::{ask, ask_as, query, reply, settings, show, snapshot, source};
use horizon_dns::query::Transport;
use horizon_dns::snapshot::build;

const SOA: &str = "60 SOA ns.example. hostmaster.example. 1 3600 600 86400 60";

fn check(zones: &[(&str, &str)], table: &[(&str, &str, &str)]) {
    let snapshot = snapshot(zones);
    for (why, question, expected) in table {
        let expected = expected.replace("SOA!", &format!("| example. {SOA}"));
        assert_eq!(ask(&snapshot, question), expected, "{why}: {question}");
    }
}

/// Names, empty non-terminals and wildcards (RFC 1034 section 4.3.2, RFC 4592 sections 2.2 and 3.3.1).
#[test]
fn names_exist_or_not_as_the_rfcs_say() {
    let zone = "www A 192.0.2.1\nwww A 192.0.2.2\na.b.dyn TXT x\n*.dyn A 192.0.2.9\n*.dyn MX 5 mail\nmail A 192.0.2.3\n\
                _x.*.star A 192.0.2.4\nMiXeD A 192.0.2.5";
    check(
        &[("example", zone)],
        &[
            (
                "all records of the set",
                "www.example A",
                "NOERROR aa; www.example. 300 A 192.0.2.1; www.example. 300 A 192.0.2.2",
            ),
            ("another type: NODATA", "www.example AAAA", "NOERROR aaSOA!"),
            ("no such name", "nix.example A", "NXDOMAIN aaSOA!"),
            ("below an existing name", "x.www.example A", "NXDOMAIN aaSOA!"),
            ("the wildcard stands in", "q.dyn.example A", "NOERROR aa; q.dyn.example. 300 A 192.0.2.9"),
            ("at any depth", "p.q.dyn.example A", "NOERROR aa; p.q.dyn.example. 300 A 192.0.2.9"),
            ("the wildcard lacks the type", "q.dyn.example TXT", "NOERROR aaSOA!"),
            ("an empty non-terminal exists", "b.dyn.example A", "NOERROR aaSOA!"),
            ("and is the closest encloser", "c.b.dyn.example A", "NXDOMAIN aaSOA!"),
            ("the wildcard's own name", "*.dyn.example A", "NOERROR aa; *.dyn.example. 300 A 192.0.2.9"),
            ("an empty wildcard covers", "q.star.example A", "NOERROR aaSOA!"),
            ("case does not matter", "mixed.EXAMPLE A", "NOERROR aa; mixed.EXAMPLE. 300 A 192.0.2.5"),
            (
                "targets bring their addresses",
                "q.dyn.example MX",
                "NOERROR aa; q.dyn.example. 300 MX 5 mail.example.+ mail.example. 300 A 192.0.2.3",
            ),
            (
                "SOA at the apex",
                "example SOA",
                "NOERROR aa; example. 3600 SOA ns.example. hostmaster.example. 1 3600 600 86400 60",
            ),
            ("NS at the apex", "example NS", "NOERROR aa; example. 300 NS ns.elsewhere.example."),
            (
                "one RRset for ANY",
                "www.example ANY",
                "NOERROR aa; www.example. 300 A 192.0.2.1; www.example. 300 A 192.0.2.2",
            ),
            ("no zone of ours", "example.com A", "REFUSED"),
            ("the root is not ours", ". NS", "REFUSED"),
            ("transfers are refused", "example AXFR", "REFUSED"),
        ],
    );
}

/// Aliases are followed within one answer, the last name decides the RCODE (RFC 6604 section 3).
#[test]
fn aliases_are_followed() {
    let zone = "a CNAME b\nb CNAME c\nc A 192.0.2.1\nk CNAME c\nk KEY 257 3 13 AQIDBA==\nsame MX 1 out\nsame MX 1 OUT\n\
                pref MX 65 out\npref MX 97 out\nnx CNAME nix\nnd CNAME mail\nmail TXT x\nl1 CNAME l2\nl2 CNAME l1\n\
                me CNAME me\nout CNAME www.example.com.\nother CNAME www.second.\n*.w CNAME c\nins CNAME x.sub\n\
                sub NS ns.sub\nns.sub A 192.0.2.53";
    check(
        &[("example", zone), ("second", "www A 192.0.2.8")],
        &[
            (
                "a chain",
                "a.example A",
                "NOERROR aa; a.example. 300 CNAME b.example.; b.example. 300 CNAME c.example.; c.example. 300 A 192.0.2.1",
            ),
            (
                "a KEY may stand beside an alias (RFC 4035 section 2.5)",
                "k.example KEY",
                "NOERROR aa; k.example. 300 KEY 257 3 13 AQIDBA==",
            ),
            ("and leaves it one", "k.example TXT", "NOERROR aa; k.example. 300 CNAME c.example.SOA!"),
            ("no KEY: the alias", "b.example KEY", "NOERROR aa; b.example. 300 CNAME c.example.SOA!"),
            (
                "one record, whatever the case of its target",
                "same.example MX",
                "NOERROR aa; same.example. 300 MX 1 out.example.",
            ),
            (
                "a number is no name",
                "pref.example MX",
                "NOERROR aa; pref.example. 300 MX 65 out.example.; pref.example. 300 MX 97 out.example.",
            ),
            ("the alias itself", "a.example CNAME", "NOERROR aa; a.example. 300 CNAME b.example."),
            ("to a missing name", "nx.example A", "NXDOMAIN aa; nx.example. 300 CNAME nix.example.SOA!"),
            ("to a name without the type", "nd.example A", "NOERROR aa; nd.example. 300 CNAME mail.example.SOA!"),
            (
                "a loop ends",
                "l1.example A",
                "NOERROR aa; l1.example. 300 CNAME l2.example.; l2.example. 300 CNAME l1.example.",
            ),
            ("a loop of one", "me.example A", "NOERROR aa; me.example. 300 CNAME me.example."),
            ("out of our zones", "out.example A", "NOERROR aa; out.example. 300 CNAME www.example.com."),
            (
                "into another zone",
                "other.example A",
                "NOERROR aa; other.example. 300 CNAME www.second.; www.second. 300 A 192.0.2.8",
            ),
            (
                "from a wildcard",
                "q.w.example A",
                "NOERROR aa; q.w.example. 300 CNAME c.example.; c.example. 300 A 192.0.2.1",
            ),
            (
                "below a zone cut",
                "ins.example A",
                "NOERROR aa; ins.example. 300 CNAME x.sub.example.| sub.example. 300 NS ns.sub.example.+ ns.sub.example. 300 A 192.0.2.53",
            ),
        ],
    );
}

/// Zone cuts refer with glue; what lies below them is not authoritative (RFC 1034 section 4.2.1, RFC 4035 section 3.1.4.1).
#[test]
fn delegations_refer() {
    let zone = "sub NS ns.sub\nsub NS ns.example.com.\nns.sub A 192.0.2.53\nns.sub AAAA 2001:db8::53\ndeep.sub TXT hidden\n\
                inner.sub NS ns.inner.sub\nns.inner.sub A 192.0.2.99\n\
                sub DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\nbare NS ns.other";
    let referral = "| sub.example. 300 NS ns.sub.example.| sub.example. 300 NS ns.example.com.\
                    + ns.sub.example. 300 A 192.0.2.53+ ns.sub.example. 300 AAAA 2001:db8::53";
    let cut = format!("NOERROR{referral}");
    let ds = "NOERROR aa; sub.example. 300 DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000";
    check(
        &[("example", zone)],
        &[
            ("at the cut", "sub.example A", &cut),
            ("below the cut", "x.y.sub.example A", &cut),
            ("data that is hidden", "deep.sub.example TXT", &cut),
            ("the glue itself", "ns.sub.example A", &cut),
            ("below an inner cut: the outer one counts", "q.inner.sub.example A", &cut),
            ("NS at the cut is not authoritative", "sub.example NS", &cut),
            ("DS belongs to the parent", "sub.example DS", ds),
            ("no DS: NODATA of the parent", "bare.example DS", "NOERROR aaSOA!"),
            ("no glue to give", "bare.example A", "NOERROR| bare.example. 300 NS ns.other.example."),
        ],
    );
}

/// A DNAME moves what lies below it, not itself (RFC 6672).
#[test]
fn dnames_redirect() {
    let label = "x".repeat(63);
    let long = format!("{label}.{label}.{label}");
    let zone = format!(
        "d DNAME target\nd TXT own\nhidden.d A 192.0.2.66\nwww.target A 192.0.2.1\nloop DNAME loop\ngrow DNAME a.grow\nx DNAME y\nf.y CNAME gg.x\nlong DNAME {long}.example.\n"
    );
    let overflow = format!("{label}.long.example A");
    let overflow_reply = format!("YXDOMAIN aa; long.example. 300 DNAME {long}.example.");
    check(
        &[("example", &zone)],
        &[
            (
                "below it",
                "www.d.example A",
                "NOERROR aa; d.example. 300 DNAME target.example.; www.d.example. 300 CNAME www.target.example.; www.target.example. 300 A 192.0.2.1",
            ),
            (
                "what the zone has below it is hidden",
                "hidden.d.example A",
                "NXDOMAIN aa; d.example. 300 DNAME target.example.; hidden.d.example. 300 CNAME hidden.target.example.SOA!",
            ),
            ("its own types", "d.example TXT", "NOERROR aa; d.example. 300 TXT \"own\""),
            ("itself by type", "d.example DNAME", "NOERROR aa; d.example. 300 DNAME target.example."),
            ("itself without the type", "d.example A", "NOERROR aaSOA!"),
            (
                "one that leads below itself is followed once, not until the name overflows",
                "w.grow.example A",
                "NOERROR aa; grow.example. 300 DNAME a.grow.example.; w.grow.example. 300 CNAME w.a.grow.example.",
            ),
            (
                "one that the chain comes by twice stands in the answer once",
                "f.x.example A",
                "NXDOMAIN aa; x.example. 300 DNAME y.example.; f.x.example. 300 CNAME f.y.example.; f.y.example. 300 CNAME gg.x.example.; gg.x.example. 300 CNAME gg.y.example.SOA!",
            ),
            ("a name that grows too long", &overflow, &overflow_reply),
        ],
    );
}

/// The zone nearest above the name answers; DS at its apex comes from the zone above (RFC 4035 section 3.1.4.1).
#[test]
fn the_nearest_zone_answers() {
    let parent = "child NS ns.child\nns.child A 192.0.2.1\nchild DS 7 8 1 0000000000000000000000000000000000000000\n";
    let snapshot = snapshot(&[("example", parent), ("child.example", "www A 192.0.2.2")]);
    let table = [
        ("the child answers", "www.child.example A", "NOERROR aa; www.child.example. 300 A 192.0.2.2"),
        (
            "DS is the parent's",
            "child.example DS",
            "NOERROR aa; child.example. 300 DS 7 8 1 0000000000000000000000000000000000000000",
        ),
    ];
    for (why, question, expected) in table {
        assert_eq!(ask(&snapshot, question), expected, "{why}: {question}");
    }
}

/// Special-use names are answered here, each with an SOA in negative answers, unless a zone of the operator is there.
#[test]
fn special_names_never_leave() {
    let snapshot = snapshot(&[("0.0.10.in-addr.arpa", "5 PTR www.example."), ("local", "printer A 192.0.2.7")]);
    let denied = |rcode: &str, origin: &str| {
        format!("{rcode} aa| {origin}. 10800 SOA {origin}. nobody.invalid. 1 3600 1200 604800 10800")
    };
    let table = [
        ("RFC 6761", "localhost A", "NOERROR aa; localhost. 10800 A 127.0.0.1".to_owned()),
        ("and below", "x.localhost AAAA", "NOERROR aa; x.localhost. 10800 AAAA ::1".to_owned()),
        ("no other type", "localhost MX", denied("NOERROR", "localhost")),
        ("RFC 6761", "www.test A", denied("NXDOMAIN", "test")),
        ("RFC 7686", "x.onion A", denied("NXDOMAIN", "onion")),
        ("RFC 8375", "nas.home.arpa A", denied("NXDOMAIN", "home.arpa")),
        ("RFC 9462", "_dns.resolver.arpa SVCB", denied("NOERROR", "resolver.arpa")),
        ("RFC 6303", "9.9.9.10.in-addr.arpa PTR", denied("NXDOMAIN", "10.in-addr.arpa")),
        ("RFC 7793", "1.2.99.100.in-addr.arpa PTR", denied("NXDOMAIN", "99.100.in-addr.arpa")),
        (
            "the operator's reverse zone",
            "5.0.0.10.in-addr.arpa PTR",
            "NOERROR aa; 5.0.0.10.in-addr.arpa. 300 PTR www.example.".to_owned(),
        ),
        (
            "the operator's own zone replaces it",
            "printer.local A",
            "NOERROR aa; printer.local. 300 A 192.0.2.7".to_owned(),
        ),
    ];
    for (why, question, expected) in table {
        assert_eq!(ask(&snapshot, question), expected, "{why}: {question}");
    }
}

/// The longest client prefix chooses; what a horizon owns hides all types of that name in the one it inherits from.
#[test]
fn horizons_see_their_own_names() {
    let settings = settings(&[
        ("inside", &["10.0.0.0/8"], Some("outside")),
        ("traefik", &["10.0.0.12/32"], None),
        ("outside", &["0.0.0.0/0", "::/0"], None),
    ]);
    let zones = [
        source("inside", "example", "app A 10.0.0.5\nx.deep A 10.0.0.6"),
        source("outside", "example", "app A 192.0.2.5\napp AAAA 2001:db8::5\nonly A 192.0.2.6\ndeep TXT outer"),
        source("outside", "second", "www A 192.0.2.7"),
        source("inside", "a.third", "own A 10.0.0.7"),
        source("outside", "third", "b.a A 192.0.2.8\nown.a TXT hidden"),
        source("inside", "fourth", "own.sub A 10.0.0.8"),
        source("outside", "sub.fourth", "own TXT hidden\nother TXT seen"),
    ];
    let snapshot = build(&settings, &zones, None).unwrap();
    let nodata =
        |origin: &str| format!("NOERROR aa| {origin}. 60 SOA ns.{origin}. hostmaster.{origin}. 1 3600 600 86400 60");
    let table = [
        ("the inner address", "10.1.1.1", "app.example A", "NOERROR aa; app.example. 300 A 10.0.0.5".to_owned()),
        ("the name is owned: no outer type shows", "10.1.1.1", "app.example AAAA", nodata("example")),
        (
            "a name that is not owned",
            "10.1.1.1",
            "only.example A",
            "NOERROR aa; only.example. 300 A 192.0.2.6".to_owned(),
        ),
        (
            "an empty non-terminal owns nothing",
            "10.1.1.1",
            "deep.example TXT",
            "NOERROR aa; deep.example. 300 TXT \"outer\"".to_owned(),
        ),
        ("a zone that is not owned", "10.1.1.1", "www.second A", "NOERROR aa; www.second. 300 A 192.0.2.7".to_owned()),
        ("the outer address", "198.51.100.1", "app.example A", "NOERROR aa; app.example. 300 A 192.0.2.5".to_owned()),
        (
            "a v4-mapped client is the IPv4 client",
            "::ffff:10.1.1.1",
            "app.example A",
            "NOERROR aa; app.example. 300 A 10.0.0.5".to_owned(),
        ),
        ("the most specific prefix, without inheritance", "10.0.0.12", "app.example A", "REFUSED".to_owned()),
        ("out of a zone above", "10.1.1.1", "b.a.third A", "NOERROR aa; b.a.third. 300 A 192.0.2.8".to_owned()),
        ("hidden there too", "10.1.1.1", "own.a.third TXT", nodata("a.third")),
        (
            "an own name below an outer zone",
            "10.1.1.1",
            "own.sub.fourth A",
            "NOERROR aa; own.sub.fourth. 300 A 10.0.0.8".to_owned(),
        ),
        (
            "which keeps its other names",
            "10.1.1.1",
            "other.sub.fourth TXT",
            "NOERROR aa; other.sub.fourth. 300 TXT \"seen\"".to_owned(),
        ),
    ];
    for (why, client, question, expected) in table {
        assert_eq!(ask_as(&snapshot, client, question), expected, "{why}: {question} from {client}");
    }
}

/// An RRset goes whole or not at all, and TC says so (RFC 2181 section 9); 512 octets without EDNS, 1232 at most with it.
#[test]
fn replies_are_cut_at_rrsets() {
    let big: String = (0..70).map(|n| format!("big A 192.0.2.{n}\nhuge TXT {}\n", "x".repeat(200))).collect();
    let needed = "sub NS ns.sub\n".to_owned() + &(0..40).map(|n| format!("ns.sub A 192.0.2.{n}\n")).collect::<String>();
    let snapshot = snapshot(&[("example", &format!("{big}{needed}mid TXT {}\n", "y ".repeat(300)))]);
    let udp = |question: &str, size: Option<u16>| {
        let (name, rtype) = question.split_once(' ').unwrap();
        let mut octets = query(name, rtype);
        if let Some(size) = size {
            octets[11] = 1;
            octets.extend([0, 0, 41]);
            octets.extend(size.to_be_bytes());
            octets.extend([0; 6]);
        }
        reply(&snapshot, "192.0.2.77", Transport::Udp, &octets)
    };
    assert_eq!(show(&udp("big.example A", None)), "NOERROR aa tc", "1,120 octets do not fit 512");
    assert!(show(&udp("big.example A", Some(4096))).starts_with("NOERROR aa; big"), "they fit 1232");
    assert_eq!(show(&udp("mid.example TXT", Some(513))), "NOERROR aa tc", "600 octets do not fit 513");
    assert_eq!(
        show(&udp("x.sub.example A", None)),
        "NOERROR tc| sub.example. 300 NS ns.sub.example.",
        "RFC 9471: needed glue"
    );
    assert!(udp("big.example A", Some(65_535)).len() <= 1232);
    assert_eq!(udp("www.example A", Some(4096)).len(), 12 + 17 + 11 + 50, "the OPT record always goes out");
}

/// What is no query of class IN gets the right RCODE, or nothing (RFC 1035, RFC 6891 section 6.1.3, RFC 9619).
#[test]
fn odd_messages_get_the_right_rcode() {
    let snapshot = snapshot(&[("example", "www A 192.0.2.1")]);
    let plain = query("www.example", "A");
    let change = |at: usize, value: u8| {
        let mut octets = plain.clone();
        octets[at] = value;
        octets
    };
    let badvers = [&change(11, 1)[..], &[0, 0, 41, 4, 0, 0, 1, 0, 0, 0, 0]].concat();
    let class_at = plain.len() - 1;
    type Seen = Option<(u8, u8)>;
    let table: Vec<(&str, Vec<u8>, Seen)> = vec![
        ("a response", change(2, 0x80), None),
        ("eleven octets", plain[..11].to_vec(), None),
        ("a question cut short", plain[..20].to_vec(), Some((1, 0))),
        ("no question", change(5, 0), Some((1, 0))),
        ("two questions", change(5, 2), Some((1, 0))),
        ("a NOTIFY", change(2, 0x20), Some((4, 1))),
        ("an UPDATE that nobody signed", change(2, 0x28), Some((5, 1))),
        ("class ANY: as IN", change(class_at, 255), Some((0, 1))),
        ("class CHAOS", change(class_at, 3), Some((5, 1))),
        ("EDNS version 1: BADVERS, of which the header holds four bits", badvers, Some((0, 1))),
    ];
    for (why, octets, expected) in table {
        let reply = reply(&snapshot, "192.0.2.77", Transport::Udp, &octets);
        let seen = (!reply.is_empty()).then(|| (reply[3] & 0x0F, reply[5]));
        assert_eq!(seen, expected, "{why}");
        let any_class = query_class(&octets) == 255;
        assert!(!any_class || reply[2] & 0x04 != 0 && reply[7] == 1, "{why}: data, authoritative");
        assert!(reply.is_empty() || reply[..2] == [0x12, 0x34] && reply[2] & 0x80 != 0, "{why}: ID and QR");
    }
}

/// QCLASS of a query without additional records; 0 when it is too short for a question.
fn query_class(octets: &[u8]) -> u16 {
    let class = octets.len().checked_sub(2).filter(|_| octets.len() == query("www.example", "A").len());
    class.map_or(0, |at| u16::from_be_bytes([octets[at], octets[at + 1]]))
}

/// A referral carries the glue of each of its servers, however many there are (RFC 9471 section 3.1).
#[test]
fn referrals_carry_all_glue() {
    let mut zone = String::new();
    for number in 0..70 {
        zone.push_str(&format!("sub NS n{number}.sub\nn{number}.sub A 192.0.2.{number}\n"));
    }
    let snapshot = snapshot(&[("example", &zone)]);
    let line = ask(&snapshot, "x.sub.example A");
    assert!(line.starts_with("NOERROR|"), "{line}");
    for number in 0..70 {
        let glue = format!("n{number}.sub.example. 300 A 192.0.2.{number}");
        assert_eq!(line.matches(&format!("{glue}+")).count() + usize::from(line.ends_with(&glue)), 1, "{glue}: {line}");
    }
    let cut = show(&reply(&snapshot, "192.0.2.77", Transport::Udp, &query("x.sub.example", "A")));
    assert!(cut.starts_with("NOERROR tc"), "{cut}");
}
