//! dns-01 proven in small: a value is written the way clients write one, asked for as each horizon would ask, and taken away.

use super::super::reach::{Gravity, ProbeReport, ProbeVerdict, Problem, Remedy};
use super::super::{Challenges, Scope};
use crate::dns::{Name, Rtype, parse_name};
use crate::query;
use crate::snapshot::Snapshot;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::base::name::ToName;
use domain::base::{Message, ParsedName};
use domain::rdata::AllRecordData;
use std::net::IpAddr;

/// The owner of the value of a name's dns-01 challenge (RFC 8555 section 8.4): `_acme-challenge.NAME`, or the last name of the
/// aliases that begin there, as `client` is told them. A wildcard's is that of its base. None when the name is too long.
pub fn challenge_owner(snapshot: &Snapshot, client: IpAddr, name: &str) -> Option<Name> {
    let base = name.strip_prefix("*.").unwrap_or(name);
    let owner = parse_name(&format!("_acme-challenge.{base}")).ok()?;
    let aliases = ask(snapshot, client, &owner).1;
    Some(aliases.last().cloned().unwrap_or(owner))
}

/// Writes a random value for `name`, asks for it as `client`, which is an address of the CA's horizon, and takes it away.
/// Blocks while the disk is written. No packet is sent.
pub fn read_back(snapshot: &Snapshot, challenges: &Challenges, client: IpAddr, name: &str) -> ProbeReport {
    let verdict = match write_and_ask(snapshot, challenges, client, name) {
        Ok(()) => return report(ProbeVerdict::Reachable, None),
        Err(problem) => problem,
    };
    report(ProbeVerdict::Unreachable, Some(verdict))
}

fn write_and_ask(snapshot: &Snapshot, challenges: &Challenges, client: IpAddr, name: &str) -> Result<(), Problem> {
    let first = parse_name(&format!("_acme-challenge.{}", name.strip_prefix("*.").unwrap_or(name)));
    let owner = challenge_owner(snapshot, client, name);
    let (Ok(first), Some(owner)) = (first, owner) else {
        return Err(unseen(name, "the name is too long for a challenge"));
    };
    let value = value();
    challenges
        .present(&owner, value.as_bytes(), &Scope::default())
        .map_err(|error| not_written(name, &error.to_string()))?;
    let seen = ask(snapshot, client, &first).0.iter().any(|text| text == value.as_bytes());
    let withdrawn = challenges.withdraw(&owner, Some(value.as_bytes()));
    if let Err(error) = withdrawn {
        tracing::warn!("the value of a check of {name} stays until it ends by itself: {error}");
    }
    match seen {
        true => Ok(()),
        false => Err(unseen(name, &format!("asked for {first} TXT as {client}; written at {owner}"))),
    }
}

fn report(verdict: ProbeVerdict, problem: Option<Problem>) -> ProbeReport {
    ProbeReport { verdict, problems: problem.into_iter().collect(), addresses: Vec::new(), expiring: false }
}

fn not_written(name: &str, why: &str) -> Problem {
    let summary = format!("no challenge value can be written for {name}: {why}");
    let remedy = Remedy::new("let the server write into `state` of [acme]");
    Problem::new("TXT_NOT_WRITTEN", Gravity::Error, summary, remedy)
}

fn unseen(name: &str, detail: &str) -> Problem {
    let summary = format!("a challenge value for {name} is not answered to the CA");
    let remedy = Remedy::new("have the zone of the name, or of its alias's target, in the CA's horizon")
        .run(format!("zonectl explain _acme-challenge.{name}. TXT --from CA"));
    Problem::new("TXT_NOT_SEEN", Gravity::Error, summary, remedy).detailed(detail)
}

/// As long as a real one: base64 of 32 octets.
fn value() -> String {
    let mut octets = [0; 32];
    // Without randomness it is still a value that no CA waits for.
    let _ = getrandom::fill(&mut octets);
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

/// The texts that a client is answered, and the targets of aliases on the way.
fn ask(snapshot: &Snapshot, client: IpAddr, owner: &Name) -> (Vec<Vec<u8>>, Vec<Name>) {
    let explanation = query::explain_own(snapshot, client, owner, Rtype::TXT);
    let (mut texts, mut aliases) = (Vec::new(), Vec::new());
    let Ok(message) = Message::from_octets(&*explanation.reply) else { return (texts, aliases) };
    let Ok(answer) = message.answer() else { return (texts, aliases) };
    for record in answer.flatten() {
        let Ok(Some(record)) = record.to_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>() else { continue };
        match record.data() {
            AllRecordData::Txt(data) => texts.push(data.text()),
            AllRecordData::Cname(data) => {
                let target: domain::base::Name<Vec<u8>> = data.cname().to_name();
                aliases.extend(crate::dns::name_from_wire(target.as_slice()).ok());
            }
            _ => {}
        }
    }
    (texts, aliases)
}

#[cfg(test)]
mod tests {
    use super::super::lab::snapshot;
    use super::*;
    use std::sync::Arc;

    /// A value is seen in the horizon that has the name, also behind an alias, and nothing is left behind.
    #[test]
    fn values_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = snapshot("[acme]\n");
        let (challenges, _) = Challenges::open(folder.path(), Arc::clone(&snapshot.overlay)).unwrap();
        let (inside, outside): (IpAddr, IpAddr) = ("10.0.0.10".parse().unwrap(), "198.51.100.1".parse().unwrap());
        let table = [
            ("app.example.org", inside, ""),
            ("*.apps.example.org", inside, ""),
            ("example.org", inside, ""),
            ("moved.example.org", inside, ""),
            ("app.example.org", outside, "TXT_NOT_SEEN"),
            ("www.example.com", inside, "TXT_NOT_SEEN"),
        ];
        for (name, client, code) in table {
            let report = read_back(&snapshot, &challenges, client, name);
            let found = report.problems.first().map_or("", |problem| &problem.code);
            assert_eq!(found, code, "{name} as {client}: {:?}", report.problems);
            assert_eq!(report.verdict == ProbeVerdict::Reachable, code.is_empty());
            assert_eq!(challenges.count(), 0, "nothing is left of {name}");
        }
        let owner = challenge_owner(&snapshot, inside, "moved.example.org").unwrap();
        assert_eq!(owner.to_string(), "x.acme.example.org");
    }
}
