//! Where our own zones lead a client that asks for a name. Nobody is asked over the network.

use crate::answer::Rule;
use crate::dns::{Name, Rtype, name_from_wire};
use crate::query;
use crate::snapshot::Snapshot;
use domain::base::name::ToName;
use domain::base::{Message, ParsedName};
use domain::rdata::AllRecordData;
use std::net::IpAddr;

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The addresses, A before AAAA, each once.
    pub addresses: Vec<IpAddr>,
    /// The targets of aliases on the way, in order.
    pub aliases: Vec<Name>,
    /// True when a zone of the client's horizon has the name or a wildcard for it. Built-in zones, as that of `localhost`, do
    /// not count.
    pub exists: bool,
    /// True when the chain leaves our zones.
    pub leaves: bool,
}

/// Asks the snapshot for the addresses of `name` as `client` would.
pub fn told(snapshot: &Snapshot, client: IpAddr, name: &Name) -> Told {
    let mut told = Told::default();
    for rtype in [Rtype::A, Rtype::AAAA] {
        let explanation = query::explain_own(snapshot, client, name, rtype);
        let first = explanation.steps.first().map(|step| step.rule);
        let built_in = explanation.steps.first().is_some_and(|step| step.special);
        told.exists |=
            !built_in && first.is_some_and(|rule| !matches!(rule, Rule::NxDomain | Rule::NotOurs | Rule::Delegation));
        told.leaves |= explanation.steps.last().is_some_and(|step| step.rule == Rule::NotOurs);
        read(&explanation.reply, &mut told);
    }
    told
}

fn read(reply: &[u8], told: &mut Told) {
    let Ok(message) = Message::from_octets(reply) else { return };
    let Ok(answer) = message.answer() else { return };
    for record in answer.flatten() {
        let Ok(Some(record)) = record.to_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>() else { continue };
        match record.data() {
            AllRecordData::A(data) => add(&mut told.addresses, data.addr().into()),
            AllRecordData::Aaaa(data) => add(&mut told.addresses, data.addr().into()),
            AllRecordData::Cname(data) => {
                let target: domain::base::Name<Vec<u8>> = data.cname().to_name();
                if let Ok(target) = name_from_wire(target.as_slice()) {
                    add(&mut told.aliases, target);
                }
            }
            _ => {}
        }
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if !list.contains(&one) {
        list.push(one);
    }
}
