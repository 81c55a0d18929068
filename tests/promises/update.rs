//! Any octets as a DNS update, rightly signed or not.

use super::message::settings;
use horizon_dns::dns::{Query, QueryError, Rcode, Rtype, is_at_or_below, parse_name, parse_rtype};
use horizon_dns::edit::Order;
use horizon_dns::plugin::acme::{ChallengeChange, Token, TokenKind, TsigAlgorithm};
use horizon_dns::snapshot::{Snapshot, ZoneSource, build};
use horizon_dns::update::{Checked, Plan, Standing, check_prerequisites, plan, read_signature, read_update};
use horizon_dns::zone::parse_zone;
use std::path::Path;
use std::sync::{Arc, OnceLock};

const ZONE: &[u8] = b"$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\n\
www A 192.0.2.2\nalias CNAME www\nmail MX 10 www\n* TXT \"covers what is missing\"\n_acme-challenge.www TXT \"a person's\"\n";

/// Reading never panics. What is taken has its sections whole, names and data within their limits; what is planned lies in the
/// zone and in the scope of the key; nobody guesses a MAC.
pub(crate) fn update(octets: &[u8]) {
    if let Some(signature) = read_signature(octets) {
        assert!(signature.start >= 12 && signature.start < octets.len(), "it begins behind the header");
        let plain = signature.stripped(octets);
        assert_eq!(plain.len(), signature.start, "the rest of the message stays");
        for algorithm in TsigAlgorithm::ALL {
            let checked = signature.check(&plain, algorithm, b"a secret that nobody has");
            assert_ne!(checked, Checked::Right, "{octets:02x?}");
        }
    }
    let frame = Query::read(octets);
    let read = match read_update(octets) {
        Ok(read) => read,
        Err(refused) => return assert_eq!(refused.rcode, Rcode::FORMERR, "{refused}"),
    };
    let entries = read.prerequisites.len() + read.updates.len();
    assert!(12 + entries * 11 <= octets.len(), "a record has eleven octets");
    if !matches!(frame, Err(QueryError::Update(_))) {
        return;
    }
    let (snapshot, key) = (snapshot(), key());
    let Some(standing) = Standing::new(snapshot, &read.zone, None) else { return };
    let codes = [
        Rcode::FORMERR,
        Rcode::NXDOMAIN,
        Rcode::REFUSED,
        Rcode::YXDOMAIN,
        Rcode::YXRRSET,
        Rcode::NXRRSET,
        Rcode::NOTZONE,
    ];
    if let Err(refused) = check_prerequisites(&standing, &read.prerequisites, key) {
        assert!(codes.contains(&refused.rcode), "{refused}");
    }
    match plan(&standing, &read, key) {
        Err(refused) => assert!(codes[..3].contains(&refused.rcode) || refused.rcode == Rcode::NOTZONE, "{refused}"),
        Ok(Plan::Values(changes)) => changes.iter().for_each(|change| {
            let (ChallengeChange::Add { owner, .. }
            | ChallengeChange::Remove { owner, .. }
            | ChallengeChange::RemoveAll { owner }) = change;
            assert!(key.may_write(owner, Rtype::TXT), "{owner} is out of scope");
        }),
        Ok(Plan::Records(orders)) => orders.iter().for_each(|order| {
            let (name, rtype) = match order {
                Order::Set { name, rtype, .. } | Order::Add { name, rtype, .. } => (name, rtype),
                Order::Remove { name, rtype: Some(rtype), .. } => (name, rtype),
                other => panic!("{other:?} is no edit of one set"),
            };
            let owner = parse_name(name).expect("a whole name");
            let rtype = parse_rtype(rtype.as_bytes()).expect("a type");
            assert!(key.may_write(&owner, rtype), "{owner} {rtype} is out of scope");
            assert!(is_at_or_below(owner.as_slice(), read.zone.as_slice()), "{owner} is not in the zone");
            let kept = owner == read.zone && matches!(rtype, Rtype::SOA | Rtype::NS);
            assert!(!kept, "SOA and NS of the apex stay");
        }),
    }
}

fn snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| {
        let origin = parse_name("example.org").expect("a name");
        let zone = parse_zone(ZONE, Path::new("fuzz.zone"), &origin).expect("the zone above is right");
        let source = ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(zone.records) };
        build(settings(), &[source], None).unwrap_or_else(|findings| panic!("{} findings", findings.len()))
    })
}

/// For the challenges of two names, and for some types of what lies below the zone.
fn key() -> &'static Token {
    static KEY: OnceLock<Token> = OnceLock::new();
    KEY.get_or_init(|| {
        let names = ["www.example.org", "*.example.org"].map(|name| parse_name(name).expect("a name"));
        let kind = TokenKind::Tsig { algorithm: TsigAlgorithm::HmacSha256, secret: vec![7; 32] };
        let mut token = Token::new("fuzz", kind, names.to_vec());
        token.types = vec![Rtype::TXT, Rtype::A, Rtype::CNAME, Rtype::MX, Rtype::NS];
        token
    })
}
