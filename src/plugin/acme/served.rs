//! The certificate that is really served at an address: for whom, by whom, for how long, and what is wrong with it.

use super::dial::{ChainFault, DialError, Handshake, Roots, connect, dial_limits, secure};
use super::leaf::Leaf;
use super::reach::{Gravity, Problem, Remedy};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::SystemTime;

/// A certificate as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Who was called.
    pub address: SocketAddr,
    /// The name that was asked for.
    pub name: String,
    /// The certificate; none when there was no session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Leaf>,
    /// Whether it leads to the roots that are trusted; none when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<bool>,
    /// Days that are left, less than one as 0; none when its time is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<u64>,
    /// What is wrong, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl Served {
    /// True when it is near its end or past it.
    pub fn is_expiring(&self, now: SystemTime) -> bool {
        self.leaf.as_ref().is_some_and(|leaf| leaf.is_late(now))
    }
}

/// Asks `address` for the certificate of `name`, in 7 seconds at most, and judges it by `roots`.
pub async fn served(address: SocketAddr, name: &str, roots: Option<&Roots>) -> Served {
    let name = name.trim_end_matches('.');
    let mut served =
        Served { address, name: name.to_owned(), leaf: None, trusted: None, days_left: None, problems: Vec::new() };
    let (_, limit) = dial_limits();
    let made = async {
        let (stream, _) = connect(address).await?;
        secure(stream, Handshake { address, name, protocols: &[], proof: true, limit }).await
    };
    match made.await {
        Err(error) => served.problems.push(no_session(address, name, &error)),
        Ok((_, shown)) => {
            let now = SystemTime::now();
            served.leaf = shown.chain.first().and_then(|leaf| Leaf::read(leaf));
            served.days_left = served.leaf.as_ref().and_then(|leaf| leaf.left(now)).map(|left| left.as_secs() / 86400);
            let fault = match roots {
                Some(roots) => roots.fault(&shown.chain, name),
                None => by_itself(served.leaf.as_ref(), name, now),
            };
            served.trusted = roots.map(|_| !matches!(fault, Some(ChainFault::Untrusted)));
            let late = served.is_expiring(now);
            if let Some(fault) = fault {
                served.problems.push(faulty(address, name, &fault, served.leaf.as_ref()));
            } else if late {
                served.problems.push(not_renewed(address, name, served.leaf.as_ref(), now));
            }
        }
    }
    served
}

/// Without roots, names and times can be judged.
fn by_itself(leaf: Option<&Leaf>, name: &str, now: SystemTime) -> Option<ChainFault> {
    let Some(leaf) = leaf else { return Some(ChainFault::Unreadable) };
    if leaf.left(now).is_none() {
        return Some(ChainFault::Expired);
    }
    if leaf.not_before > super::leaf::seconds(now) {
        return Some(ChainFault::NotYet);
    }
    (!leaf.names.iter().any(|own| covers(own, name))).then_some(ChainFault::OtherName)
}

/// A name of a certificate covers a name: itself, or one label in the place of `*` (RFC 6125 section 6.4.3).
fn covers(own: &str, name: &str) -> bool {
    let rest = own.strip_prefix("*.").zip(name.split_once('.'));
    own.eq_ignore_ascii_case(name) || rest.is_some_and(|(own, (_, rest))| own.eq_ignore_ascii_case(rest))
}

fn no_session(address: SocketAddr, name: &str, error: &DialError) -> Problem {
    let summary = format!("no certificate of {name} is served: {error}");
    let (code, remedy) = match error {
        DialError::Refused(_) => (
            "PORT_CLOSED",
            Remedy::new("start the program that serves it").run(format!("ss -ltnp 'sport = :{}'", address.port())),
        ),
        DialError::Silent { .. } | DialError::Unreachable { .. } => (
            "PORT_TIMEOUT",
            Remedy::new(format!("let port {} of {} through in its firewall", address.port(), address.ip())),
        ),
        DialError::NotTls(_) => ("NOT_TLS", Remedy::new(format!("have TLS served on port {}", address.port()))),
        DialError::Alert { .. } => {
            ("TLS_ALERT", Remedy::new("give the program there a certificate for the name; its log says what it lacks"))
        }
        DialError::Tls { .. } | DialError::Slow { .. } | DialError::Http { .. } => {
            ("TLS_FAILED", Remedy::new("see the log of the program there"))
        }
    };
    let remedy = remedy.run(format!("openssl s_client -connect {address} -servername {name}"));
    Problem::new(code, Gravity::Error, summary, remedy)
}

fn faulty(address: SocketAddr, name: &str, fault: &ChainFault, leaf: Option<&Leaf>) -> Problem {
    let names = leaf.map(|leaf| leaf.names.join(", ")).unwrap_or_default();
    let issuer = leaf.map(|leaf| leaf.issuer.clone()).unwrap_or_default();
    let renew =
        || Remedy::new("have its client renew it, and see why it did not").run(format!("zonectl acme explain {name}"));
    let (code, what, remedy) = match fault {
        ChainFault::Untrusted => (
            "CERT_UNTRUSTED",
            format!("leads to none of the CA's roots; its issuer is {issuer}"),
            Remedy::new("have it issued by the CA; where this is Traefik's own default, its order fails")
                .run(format!("zonectl acme explain {name}")),
        ),
        ChainFault::Expired => ("CERT_EXPIRED", "has expired".to_owned(), renew()),
        ChainFault::NotYet => (
            "CERT_NOT_YET",
            "is not valid yet".to_owned(),
            Remedy::new("set the clocks of both machines right").run("timedatectl"),
        ),
        ChainFault::OtherName => (
            "CERT_WRONG_NAME",
            format!("is for {names}"),
            Remedy::new(format!("have one issued for {name} there, or have the name lead to the machine that has it")),
        ),
        ChainFault::Unreadable => ("CERT_UNREADABLE", "cannot be read".to_owned(), renew()),
        ChainFault::Other(why) => ("CERT_BAD", format!("is bad: {why}"), renew()),
    };
    Problem::new(code, Gravity::Error, format!("the certificate that {address} serves for {name} {what}"), remedy)
}

fn not_renewed(address: SocketAddr, name: &str, leaf: Option<&Leaf>, now: SystemTime) -> Problem {
    let left = leaf.and_then(|leaf| leaf.left(now)).unwrap_or_default();
    let summary = format!("the certificate that {address} serves for {name} was not renewed in time");
    let remedy = Remedy::new("see why its client does not renew it").run(format!("zonectl acme explain {name}"));
    let life = leaf.map(Leaf::lifetime).unwrap_or_default();
    let detail = format!("{} of {} hours are left", left.as_secs() / 3600, life.as_secs() / 3600);
    Problem::new("CERT_NOT_RENEWED", Gravity::Warning, summary, remedy).detailed(detail)
}

#[cfg(test)]
mod tests {
    use super::super::authority_lab::{Authority, Site};
    use super::*;

    /// Each fault of a served certificate by its code; without roots, names and times are judged all the same.
    #[tokio::test]
    async fn served_certificates_are_judged() {
        let (authority, other) = (Authority::new(), Authority::new());
        let (own, foreign) = (authority.roots(), other.roots());
        let table = [
            ("well", vec!["a.b.example"], (-10, 90), Some(&own), "", Some(true)),
            ("a wildcard", vec!["*.b.example"], (-10, 90), Some(&own), "", Some(true)),
            ("without roots", vec!["a.b.example"], (-10, 90), None, "", None),
            ("another CA's", vec!["a.b.example"], (-10, 90), Some(&foreign), "CERT_UNTRUSTED", Some(false)),
            ("for another name", vec!["b.example"], (-10, 90), Some(&own), "CERT_WRONG_NAME", Some(true)),
            ("for another name, without roots", vec!["*.a.b.example"], (-10, 90), None, "CERT_WRONG_NAME", None),
            ("over", vec!["a.b.example"], (-90, -10), Some(&own), "CERT_EXPIRED", Some(true)),
            ("over, without roots", vec!["a.b.example"], (-90, -10), None, "CERT_EXPIRED", None),
            ("not yet", vec!["a.b.example"], (10, 90), None, "CERT_NOT_YET", None),
            ("not renewed", vec!["a.b.example"], (-90, 2), Some(&own), "CERT_NOT_RENEWED", Some(true)),
        ];
        for (why, names, days, roots, code, trusted) in table {
            let site = Site::start(authority.issue(&names, days), &[]).await;
            let served = served(site.address, "a.b.example.", roots).await;
            let found: Vec<&str> = served.problems.iter().map(|problem| problem.code.as_ref()).collect();
            let expected = if code.is_empty() { vec![] } else { vec![code] };
            assert_eq!((found, served.trusted), (expected, trusted), "{why}: {:?}", served.problems);
            assert!(served.leaf.is_some());
        }
    }

    /// A name covers itself, and a wildcard one label.
    #[test]
    fn names_cover_names() {
        let table = [
            ("a.example", "a.example", true),
            ("A.example", "a.EXAMPLE", true),
            ("*.example", "a.example", true),
            ("*.example", "example", false),
            ("*.example", "a.b.example", false),
            ("a.example", "b.example", false),
        ];
        for (own, name, expected) in table {
            assert_eq!(covers(own, name), expected, "{own} {name}");
        }
    }
}
