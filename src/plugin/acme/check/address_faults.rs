//! What all faults of a name's addresses say: the very command that mends it, and where it is written.

use super::addresses::Look;
use super::asking::Heard;
use super::seat::Seat;
use crate::answer::Rule;
use crate::dns::{Name, Rtype, present_name};
use crate::plugin::acme::reach::{Gravity, Problem, Remedy};
use std::net::IpAddr;

/// A name with what was heard of it.
pub(super) struct Meant<'m, 'l, 'g> {
    pub(super) look: &'m Look<'l, 'g>,
    pub(super) horizon: &'m str,
    pub(super) heard: &'m Heard,
}

impl Meant<'_, '_, '_> {
    /// The command that leads the name where it should.
    pub(super) fn set_command(&self) -> String {
        self.set_command_for(self.look.name)
    }

    /// The same for a name of its chain. A word to fill in stands where nobody knows the address.
    pub(super) fn set_command_for(&self, name: &Name) -> String {
        let name = present_name(name.as_slice());
        let expected = self.look.expected.map(|expected| &expected.addresses);
        let mut addresses = expected.into_iter().flatten().peekable();
        let six = addresses.peek().is_some_and(|first| first.is_ipv6());
        let same: Vec<String> = addresses.filter(|one| one.is_ipv6() == six).map(ToString::to_string).collect();
        let data = if same.is_empty() { "ADDRESS".to_owned() } else { same.join(" ") };
        format!("zonectl set {name} {} {data} --horizon {}", if six { "AAAA" } else { "A" }, self.horizon)
    }

    /// The remedy with the commands that lead the name where it should; an alias goes first, nothing stands beside it
    /// (RFC 1034 section 3.6.2).
    pub(super) fn mended(&self, remedy: Remedy) -> Remedy {
        let alias = self.heard.steps.first().is_some_and(|step| step.rule == Rule::Alias);
        let name = present_name(self.look.name.as_slice());
        let remedy = match alias {
            true => remedy.run(format!("zonectl rm {name} CNAME --all --horizon {}", self.horizon)),
            false => remedy,
        };
        remedy.run(self.set_command())
    }

    /// The problem with the place where the record is written.
    pub(super) fn placed(&self, problem: Problem, owner: &Name, rtype: Rtype) -> Problem {
        match self.look.ground.place(self.horizon, owner, rtype) {
            Some(place) => problem.seen_at(place),
            None => problem,
        }
    }

    /// PUBLIC_ADDRESS_INTERNAL_NAME: a name of a private zone leads out of the house.
    pub(super) fn public_address(&self, told: &[IpAddr]) -> Option<Problem> {
        let address = *told.iter().find(|address| is_public(**address))?;
        let private = self.look.known.is_some_and(|known| known.is_private(self.look.name));
        // RFC 9476 and ICANN's reservation: such names are nobody's on the Internet.
        let reserved = present_name(self.look.name.as_slice()).trim_end_matches('.').ends_with(".internal");
        if !private && !reserved {
            return None;
        }
        let name = present_name(self.look.name.as_slice());
        let summary =
            format!("{name} is a name of a private zone and leads the CA to {address}, an address of the Internet");
        let remedy = self.mended(Remedy::new("lead it to the machine inside"));
        let problem = Problem::new("PUBLIC_ADDRESS_INTERNAL_NAME", Gravity::Warning, summary, remedy);
        Some(self.placed(problem, self.look.name, if address.is_ipv4() { Rtype::A } else { Rtype::AAAA }))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64;
            let inside = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified();
            !(inside || shared || v4.is_documentation() || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            let documentation = v6.segments()[0] == 0x2001 && v6.segments()[1] == 0xdb8;
            let inside = v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified();
            !(inside || documentation || v6.is_multicast())
        }
    }
}

/// WRONG_HORIZON: no horizon has the CA's address among its clients, so each of its questions is refused.
pub(super) fn no_horizon(seat: &Seat) -> Problem {
    let Some(ca) = seat.addresses.first() else {
        let remedy = Remedy::new("write its address as `ca_addresses` under [acme]");
        return Problem::new("WRONG_HORIZON", Gravity::Error, "nobody says where the CA asks from", remedy);
    };
    let length = if ca.is_ipv4() { 32 } else { 128 };
    let summary = format!("no horizon has the CA {ca} among its clients: each of its questions is refused");
    let remedy =
        Remedy::new(format!("write `\"{ca}/{length}\"` among the `clients` of the [[horizon]] that it belongs to"));
    Problem::new("WRONG_HORIZON", Gravity::Error, summary, remedy)
}
