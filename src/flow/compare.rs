//! One name in one horizon: what the inventory wants, what is answered, and what to say when they are not the same.

use super::known::{Known, Owner, Wish};
use super::model::State;
use super::path::{End, Path};
use super::seen::{SeenAddress, SeenName};
use crate::config::Route;
use crate::dns::Name;
use crate::finding::{Finding, Place, Severity};
use crate::inventory::{self, Published};
use std::net::IpAddr;

/// What a picture is drawn from.
pub(super) struct Sight<'a> {
    /// None when there is no inventory, or none that may be read.
    pub known: Option<&'a Known<'a>>,
    /// What is answered, and not what is wanted.
    pub actual: bool,
    /// With where each record comes from.
    pub sources: bool,
}

impl Sight<'_> {
    /// The way of a name that was asked in a horizon.
    pub(super) fn path(&self, horizon: &str, name: &Name, seen: &SeenName) -> Path {
        let wish = self.known.map_or(Wish::Unknown, |known| known.wish(horizon, name));
        let mut path = Path { name: seen.name.clone(), aliases: Vec::new(), ends: Vec::new(), findings: Vec::new() };
        match (self.known, wish) {
            (Some(known), Wish::Claimed(published)) if !self.actual => {
                path.ends = self.wanted(known, horizon, name, published, State::Plain);
            }
            (Some(known), Wish::Claimed(published)) => {
                path.aliases.clone_from(&seen.aliases);
                let seat = Seat { known, horizon, name };
                (path.ends, path.findings) = self.compared(&seat, published, seen);
            }
            (Some(_), Wish::Undecided) if !self.actual => {
                let mut end = End::new("undecided", State::Undecided);
                end.lines.push("no record is generated".to_owned());
                path.ends.push(end);
            }
            (Some(_), Wish::NotHere) if !self.actual => path.ends.push(not_here(seen)),
            (known, wish) => {
                path.aliases.clone_from(&seen.aliases);
                let own = |end: &SeenAddress| self.is_own(horizon, name, end);
                path.ends = self.answered(seen, own, |end| self.unclaimed(end, wish, own(end)));
                if let (Some(known), true) = (known, self.actual && !seen.addresses.iter().any(own)) {
                    path.findings.extend(Seat { known, horizon, name }.unwanted(wish, seen));
                }
            }
        }
        if path.ends.iter().any(|end| end.state == State::Undecided) {
            path.findings.extend(self.known.and_then(|known| known.open_claim(horizon, name)));
        }
        if let Some(finding) = path.findings.first() {
            let marked = |end: &&mut End| matches!(end.state, State::Fault | State::Undecided);
            for end in path.ends.iter_mut().filter(marked) {
                (*finding.code).clone_into(&mut end.label);
            }
        }
        path
    }

    /// The addresses of a claim with what stands behind them.
    fn wanted(&self, known: &Known<'_>, horizon: &str, name: &Name, published: &Published, state: State) -> Vec<End> {
        let ends = published.addresses.iter().map(|(address, origin)| {
            let mut end = known.claimed_end(horizon, name, published, *address);
            if state != State::Plain {
                end = dyed(end, state);
            }
            if self.sources {
                end.lines.push(format!("from {}", origin.label()));
            }
            end
        });
        ends.collect()
    }

    /// What is answered, each end as the closure leaves it.
    fn answered(
        &self,
        seen: &SeenName,
        own: impl Fn(&SeenAddress) -> bool,
        judge: impl Fn(&SeenAddress) -> State,
    ) -> Vec<End> {
        if seen.addresses.is_empty() {
            return vec![outcome(seen)];
        }
        let ends = seen.addresses.iter().map(|address| {
            let state = judge(address);
            let mut end = match self.known {
                Some(known) => known.end(address.address, state),
                None => End::new(address.address.to_string(), state),
            };
            if own(address) {
                end.endpoints.insert("Horizon itself, port 53".to_owned());
                "direct".clone_into(&mut end.route);
            }
            if self.sources || state == State::Fault {
                end.lines.extend(origin(address));
            }
            end
        });
        ends.collect()
    }

    /// How an address of a name is drawn that is not claimed here.
    fn unclaimed(&self, address: &SeenAddress, wish: Wish<'_>, own: bool) -> State {
        let by_hand = address.traced && address.source.is_none();
        match wish {
            Wish::NotHere if self.actual && !own => State::Fault,
            // A person's record decides where claims do not.
            Wish::Undecided if by_hand => State::Derived,
            Wish::Undecided => State::Undecided,
            _ if own || self.known.is_none() => State::Plain,
            Wish::Unknown if self.actual && address.source.is_some() => State::Fault,
            Wish::Unknown if self.actual && self.at_proxy(address.address) => State::Undecided,
            _ => State::Derived,
        }
    }

    /// True for this server's own name: the generator's, or `ns`, `ns1` .. with an address of this server.
    fn is_own(&self, horizon: &str, name: &Name, address: &SeenAddress) -> bool {
        let first = name.first().to_string().to_ascii_lowercase();
        let numbered =
            first.strip_prefix("ns").is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()));
        let here = || self.known.is_some_and(|known| known.serves_at(horizon, address.address));
        address.source.as_deref() == Some("horizon") || (numbered && here())
    }

    fn at_proxy(&self, address: IpAddr) -> bool {
        self.known.is_some_and(|known| matches!(known.owner(address), Owner::Guest(id) if known.is_proxy(id)))
    }

    /// Answers beside the claim: what is right, what is wrong, and what is missing.
    fn compared(&self, seat: &Seat<'_>, published: &Published, seen: &SeenName) -> (Vec<End>, Vec<Finding>) {
        let wanted = |address: &IpAddr| published.addresses.contains_key(address);
        let mut ends = Vec::new();
        for end in self.answered(seen, |_| false, |_| State::Fault) {
            match end.title.parse::<IpAddr>() {
                Ok(address) if wanted(&address) => {
                    let mut right = seat.known.claimed_end(seat.horizon, seat.name, published, address);
                    if self.sources {
                        right.lines.extend(seen.addresses.iter().find(|one| one.address == address).and_then(origin));
                    }
                    ends.push(right);
                }
                _ => ends.push(dyed(end, State::Fault)),
            }
        }
        let answered = |end: &End| seen.addresses.iter().any(|one| one.address.to_string() == end.title);
        let lacking: Vec<End> = self.wanted(seat.known, seat.horizon, seat.name, published, State::Missing);
        let lacking: Vec<End> = lacking.into_iter().filter(|end| !answered(end)).collect();
        let wrong: Vec<&SeenAddress> = seen.addresses.iter().filter(|one| !wanted(&one.address)).collect();
        let finding = match (wrong.first(), seen.addresses.is_empty()) {
            (Some(first), _) => Some(seat.elsewhere(published, seen, &wrong, first)),
            (None, true) => Some(seat.silent(published, seen)),
            (None, false) if !lacking.is_empty() => Some(seat.partly(published, seen)),
            _ => None,
        };
        for mut end in lacking {
            "wanted".clone_into(&mut end.label);
            ends.push(end);
        }
        (ends, finding.into_iter().collect())
    }
}

/// Where a name is looked at.
struct Seat<'a> {
    known: &'a Known<'a>,
    horizon: &'a str,
    name: &'a Name,
}

impl Seat<'_> {
    /// The name leads to an address that the inventory does not want for it.
    fn elsewhere(
        &self,
        published: &Published,
        seen: &SeenName,
        wrong: &[&SeenAddress],
        first: &SeenAddress,
    ) -> Finding {
        let Seat { known, horizon, name } = self;
        let addresses: Vec<IpAddr> = seen.addresses.iter().map(|one| one.address).collect();
        let public = known.claims.horizons.iter().any(|claims| claims.name == *horizon && claims.public);
        let ca = known.claims.ca.as_ref().filter(|ca| ca.name == **name && !public);
        let of_ca = ca.and_then(|ca| inventory::name_not_at_ca(ca, horizon, &addresses, known.inventory));
        let agent = published.addresses.values().any(|origin| origin.label().ends_with("portainer_agent_hostname"));
        let at_proxy = matches!(known.owner(first.address), Owner::Guest(id) if known.is_proxy(id));
        let to = wrong.iter().map(|one| self.told(one.address)).collect::<Vec<_>>().join(" and ");
        let what =
            format!("in horizon `{horizon}` the name leads to {to}, but the inventory wants {}", self.wants(published));
        let (code, severity) = match (&of_ca, agent && at_proxy) {
            (Some(_), _) => ("CA_NAME_NOT_AT_CA", Severity::Error),
            (None, true) => ("AGENT_AT_PROXY", Severity::Error),
            _ => ("LEADS_ELSEWHERE", Severity::Error),
        };
        let label = published.addresses.values().next().map_or("the inventory", |origin| origin.label());
        let mut causes = vec![match (&first.source, first.traced, seen.aliases.first()) {
            (_, false, _) => None,
            (Some(source), ..) => Some(format!("the record comes from {source}, and the zone was not generated since")),
            (None, true, Some(target)) => Some(format!("an alias to {target} that a person wrote goes before {label}")),
            (None, true, None) => Some(format!("a record that a person wrote goes before {label}")),
        }];
        causes.push(of_ca.and_then(|finding| finding.cause));
        causes.push((agent && at_proxy).then(|| "the agent speaks raw TCP, which no HTTP proxy passes on".to_owned()));
        causes.push(self.challenge().filter(|_| code == "LEADS_ELSEWHERE"));
        let finding = Finding::new(code, severity, seen.name.clone(), what, self.remedy(first, seen));
        finished(finding, causes, first.place.clone())
    }

    fn remedy(&self, first: &SeenAddress, seen: &SeenName) -> String {
        let Seat { known, horizon, name } = self;
        if first.source.is_some() {
            return "see `zonectl generate --plan` and `zonectl status`".to_owned();
        }
        let (rtype, data) = match (seen.aliases.first(), first.address) {
            (Some(target), _) => ("CNAME", target.clone()),
            (None, IpAddr::V4(v4)) => ("A", v4.to_string()),
            (None, IpAddr::V6(v6)) => ("AAAA", v6.to_string()),
        };
        let remove = format!("remove it: `zonectl rm {} {rtype} {data} --horizon {horizon}`", seen.name);
        let route = match known.owner(first.address) {
            Owner::Guest(id) if known.traefik().is_some_and(|traefik| traefik.id == *id) => "traefik",
            Owner::Guest(id) if known.gateway().is_some_and(|gateway| gateway.id == *id) => "gateway",
            _ => return format!("{remove}; or, if it is meant, correct the inventory"),
        };
        let is_ca = known.claims.ca.as_ref().is_some_and(|ca| ca.name == **name);
        if is_ca {
            return remove;
        }
        format!("{remove}; or, if it is meant, write `{horizon} = \"{route}\"` under [routes.name.\"{name}\"]")
    }

    /// The name has no address at all.
    fn silent(&self, published: &Published, seen: &SeenName) -> Finding {
        let Seat { horizon, .. } = self;
        let got = in_words(&seen.outcome);
        let what = format!("in horizon `{horizon}` there is {got}, but the inventory wants {}", self.wants(published));
        let remedy = "see `zonectl status` and `zonectl generate --plan`: the zone was not generated, or not loaded";
        let place = published.addresses.values().next().map(|origin| origin.place.clone());
        finished(Finding::new("NOT_ANSWERED", Severity::Error, seen.name.clone(), what, remedy), Vec::new(), place)
    }

    /// Some addresses are there and others are not.
    fn partly(&self, published: &Published, seen: &SeenName) -> Finding {
        let there = |address: &IpAddr| seen.addresses.iter().any(|one| one.address == *address);
        let lacking = published.addresses.keys().filter(|address| !there(address));
        let lacking = lacking.map(|address| self.told(*address)).collect::<Vec<_>>().join(" and ");
        let what = format!("in horizon `{}` the name does not lead to {lacking}, as the inventory wants", self.horizon);
        let remedy = "see `zonectl generate --plan`; a record that a person wrote goes before a generated one";
        let place = seen.addresses.first().and_then(|one| one.place.clone());
        finished(Finding::new("ADDRESS_MISSING", Severity::Warning, seen.name.clone(), what, remedy), Vec::new(), place)
    }

    /// The name has an address that nobody claims here.
    fn unwanted(&self, wish: Wish<'_>, seen: &SeenName) -> Option<Finding> {
        let Seat { horizon, name, .. } = self;
        let first = seen.addresses.first()?;
        let to = self.told(first.address);
        match (wish, &first.source) {
            (Wish::NotHere, source) => {
                let what =
                    format!("horizon `{horizon}` tells {to}, but the inventory publishes the name elsewhere only");
                let remedy = match source {
                    Some(_) => "see `zonectl generate --plan` and `zonectl status`".to_owned(),
                    None => format!(
                        "remove the record; or give the name a route for `{horizon}` under [routes.name.\"{name}\"]"
                    ),
                };
                let finding = Finding::new("NOT_MEANT_HERE", Severity::Warning, seen.name.clone(), what, remedy);
                let cause = (source.is_none() && first.traced).then(|| "a person wrote the record".to_owned());
                Some(finished(finding, vec![cause], first.place.clone()))
            }
            (Wish::Unknown, Some(source)) if source != "horizon" && self.known.inventory.complete => {
                let what =
                    format!("in horizon `{horizon}` the name leads to {to}, but {source} does not claim it any more");
                let remedy = "see `zonectl generate --plan` and `zonectl status`: the zone was not generated since";
                let finding = Finding::new("STALE_RECORD", Severity::Warning, seen.name.clone(), what, remedy);
                Some(finished(finding, Vec::new(), first.place.clone()))
            }
            (Wish::Unknown, None) if self.known.inventory.complete => {
                let at_proxy = |one: &&SeenAddress| matches!(self.known.owner(one.address), Owner::Guest(id) if self.known.is_proxy(id));
                let to = self.told(seen.addresses.iter().find(at_proxy)?.address);
                let what = format!(
                    "in horizon `{horizon}` the name leads to {to}, and no source of the inventory claims it: what it is passed on to, nobody says"
                );
                let remedy = "remove the record; or have the guest that is meant claim the name by `dns_records` or `traefik_service`";
                let finding = Finding::new("UNCLAIMED_AT_PROXY", Severity::Warning, seen.name.clone(), what, remedy);
                let causes = vec![first.traced.then(|| "a person wrote the record".to_owned()), self.challenge()];
                Some(finished(finding, causes, first.place.clone()))
            }
            _ => None,
        }
    }

    /// What an ACME order for the name comes to, where the CA looks.
    fn challenge(&self) -> Option<String> {
        let Seat { known, horizon, name } = self;
        let public = known.claims.horizons.iter().any(|claims| claims.name == *horizon && claims.public);
        let other = known.claims.ca.as_ref().is_some_and(|ca| ca.name != **name);
        (other && !public).then(|| "the CA's http-01 request for the name goes there, too".to_owned())
    }

    /// `10.0.0.12 (lxc/102 Traefik-Internal, Traefik)`
    fn told(&self, address: IpAddr) -> String {
        format!("{address} ({})", self.known.whose(address))
    }

    fn wants(&self, published: &Published) -> String {
        let route = match published.route {
            Route::Traefik => " by route `traefik`",
            Route::Gateway => " by route `gateway`",
            _ => "",
        };
        let addresses: Vec<String> = published.addresses.keys().map(|address| self.told(*address)).collect();
        addresses.join(" and ") + route
    }
}

fn finished(finding: Finding, causes: Vec<Option<String>>, place: Option<Place>) -> Finding {
    let causes: Vec<String> = causes.into_iter().flatten().collect();
    let finding = place.into_iter().fold(finding.tolerated(), Finding::seen_at);
    if causes.is_empty() { finding } else { finding.because(causes.join("; ")) }
}

/// The same end in another state, its guests with it.
fn dyed(mut end: End, state: State) -> End {
    end.state = state;
    end.hops.iter_mut().for_each(|hop| hop.state = state);
    end
}

/// Why a name has no address.
fn outcome(seen: &SeenName) -> End {
    let mut end = End::new(seen.outcome.clone(), State::Plain);
    end.lines.push(in_words(&seen.outcome).to_owned());
    end
}

fn not_here(seen: &SeenName) -> End {
    if seen.addresses.is_empty() && seen.aliases.is_empty() {
        let mut end = outcome(seen);
        end.lines.push("not published in this horizon".to_owned());
        return end;
    }
    let mut end = End::new("not published", State::Plain);
    end.lines.push("not published in this horizon, says the inventory".to_owned());
    end
}

fn in_words(outcome: &str) -> &'static str {
    match outcome {
        "NXDOMAIN" => "no such name",
        "NODATA" | "NOERROR" => "no address",
        "REFUSED" => "no answer: no zone here holds it",
        "REFERRAL" => "a referral to other servers",
        "ELSEWHERE" => "an alias that leads out of all zones",
        _ => "no answer",
    }
}

/// Where a record comes from, in a few words.
fn origin(address: &SeenAddress) -> Option<String> {
    if !address.traced {
        return None;
    }
    let place = address.place.as_ref().map_or_else(String::new, |place| {
        let file = place.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        place.line.map_or(format!(", {file}"), |line| format!(", {file}:{line}"))
    });
    Some(match &address.source {
        Some(source) => format!("from {source}"),
        None => format!("by hand{place}"),
    })
}
