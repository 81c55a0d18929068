//! What goes over the control socket: one JSON object a line, to the server at most [`LARGEST_REQUEST`] octets, or
//! [`LARGEST_ERRAND`] for a line that begins as an errand does.
//!
//! `{"version":1,"verb":"get","name":"app","type":"A"}` is answered by `{"version":1,"answer":{..}}` or
//! `{"version":1,"refusal":{"code":"..","what":"..","remedy":".."}}`. A connection may carry several, one after the other.

use super::Errand;
use super::Refusal;
use super::TokenStep;
use crate::plugin::acme::order::Order;
use crate::plugin::acme::reach::Problem;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use std::net::IpAddr;

/// Raised when a message changes its meaning; new fields do not count.
pub const VERSION: u32 = 1;

/// Octets of a request line, its end not counted.
pub const LARGEST_REQUEST: usize = 64 << 10;

/// Octets of an errand's line, its end not counted: whole zone files may be in it. Only one line at a time may be this long.
pub const LARGEST_ERRAND: usize = 64 << 20;

/// How a line begins that may be longer than [`LARGEST_REQUEST`].
pub(super) const ERRAND_BEGINS: &[u8] = br#"{"version":1,"verb":"errand","#;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Request {
    /// The records of a name in all horizons, or in one.
    Get {
        /// As typed: relative to a zone unless it ends in a dot; an address means its reverse name.
        name: String,
        /// A type; all types when there is none.
        #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
        rtype: Option<String>,
        /// Only this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
    },
    /// Why a client gets the answer it gets.
    Explain {
        /// As in `Get`.
        name: String,
        /// The type asked for.
        #[serde(rename = "type")]
        rtype: String,
        /// The client.
        from: IpAddr,
    },
    /// The horizon of a client.
    HorizonMatch {
        /// The client.
        address: IpAddr,
    },
    /// The records that differ between two horizons.
    Diff {
        /// One horizon.
        left: String,
        /// The other one.
        right: String,
    },
    /// The zones that serve, each with a mark of its records, and one zone's records.
    Records {
        /// Only this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
        /// Only the zone with this apex, its records with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
    /// Where names lead in each horizon.
    Flow {
        /// As in `Get`; every name that leads somewhere when there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        names: Vec<String>,
        /// Only this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
    },
    /// What is kept of upstreams' answers.
    CacheShow {
        /// A whole name; all names when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// And the names below it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        below: bool,
        /// Only this type.
        #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
        rtype: Option<String>,
        /// Only of this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
        /// So many at most.
        limit: usize,
    },
    /// Forgets what is kept of upstreams' answers.
    CacheFlush {
        /// A whole name; all names when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// And the names below it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        below: bool,
        /// Only of this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
    },
    /// How much is kept of upstreams' answers, and how often it helped.
    CacheStats,
    /// The challenge values that live now.
    AcmeChallenges,
    /// What is known of each name's challenges.
    AcmeStatus {
        /// Only this name; whole, or its first labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// What the static checks say of names, whoever wants certificates for them.
    AcmeCheck {
        /// As in `Get`; all names that need a certificate when there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        names: Vec<String>,
        /// As if the CA asked from here.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        asker: Option<IpAddr>,
    },
    /// A person's word that what contradicts us about a name is settled.
    AcmeAck {
        /// As in `AcmeStatus`.
        name: String,
        /// Who says so.
        by: String,
    },
    /// What was seen of a name in the CA's guest.
    AcmeHere {
        /// As in `AcmeStatus`.
        name: String,
        /// What the system's resolver says there.
        system: Vec<IpAddr>,
        /// What this server tells it.
        told: Vec<IpAddr>,
        /// What stands in between.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        problems: Vec<Problem>,
    },
    /// An order of our own at the CA.
    AcmeOrder {
        /// What is ordered.
        order: Order,
    },
    /// Who may write challenge values: lists, makes or takes away tokens.
    AcmeTokens(TokenStep),
    /// What the server runs with and how it is.
    Status,
    /// What goes on now; every query counts for the next ten seconds.
    Top,
    /// Queries as they are answered: replies come until the connection ends.
    Tail {
        /// Only of this client or prefix.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
        /// Only for this whole name and names below it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Only with this RCODE.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rcode: Option<String>,
        /// Only of this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
    },
    /// Reads config, inventory and zones again.
    Reload {
        /// True: the reply comes when the new state serves or was refused.
        wait: bool,
    },
    /// Something for the one who edits; it waits for its turn.
    Errand(Errand),
}

/// A request with the version of the protocol.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Versioned {
    pub(super) version: u32,
    #[serde(flatten)]
    pub(super) request: Request,
}

/// What the server says to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// [`VERSION`] of the server.
    pub version: u32,
    /// The answer, in the shape that belongs to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

impl Reply {
    /// The reply that carries an outcome.
    pub(super) fn new(outcome: Result<Value, Refusal>) -> Self {
        let (answer, refusal) = match outcome {
            Ok(answer) => (Some(answer), None),
            Err(refusal) => (None, Some(refusal)),
        };
        Reply { version: VERSION, answer, refusal }
    }
}

/// Reads a request line.
///
/// # Errors
/// `BAD_REQUEST` for what is no request, `OTHER_VERSION` for one of another version.
pub(super) fn read_request(line: &[u8]) -> Result<Request, Refusal> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let remedy = "use the zonectl of this server's version";
    let bad = |error: serde_json::Error| Refusal::new("BAD_REQUEST", format!("not a request: {error}"), remedy);
    let Version { version } = serde_json::from_slice(line).map_err(bad)?;
    if version != VERSION {
        let what = format!("a request of version {version}; this server speaks version {VERSION}");
        return Err(Refusal::new("OTHER_VERSION", what, remedy));
    }
    let versioned: Versioned = serde_json::from_slice(line).map_err(bad)?;
    Ok(versioned.request)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wire form is what scripts may write by hand.
    #[test]
    fn requests_have_a_stable_form() {
        let table = [
            (r#"{"version":1,"verb":"status"}"#, Request::Status),
            (r#"{"version":1,"verb":"acme-challenges"}"#, Request::AcmeChallenges),
            (r#"{"version":1,"verb":"acme-status"}"#, Request::AcmeStatus { name: None }),
            (
                r#"{"version":1,"verb":"acme-check","names":["app"],"as":"10.0.0.10"}"#,
                Request::AcmeCheck { names: vec!["app".into()], asker: "10.0.0.10".parse().ok() },
            ),
            (
                r#"{"version":1,"verb":"acme-tokens","step":"revoke","name":"traefik"}"#,
                Request::AcmeTokens(TokenStep::Revoke { name: "traefik".into() }),
            ),
            (r#"{"version":1,"verb":"top"}"#, Request::Top),
            (
                r#"{"version":1,"verb":"tail","rcode":"NXDOMAIN"}"#,
                Request::Tail { client: None, name: None, rcode: Some("NXDOMAIN".into()), horizon: None },
            ),
            (r#"{"version":1,"verb":"reload","wait":true}"#, Request::Reload { wait: true }),
            (
                r#"{"version":1,"verb":"acme-order","order":{"name":"app.example","canary":true,"keep":false}}"#,
                Request::AcmeOrder {
                    order: Order { name: "app.example".into(), challenge: None, canary: true, keep: false },
                },
            ),
            (
                r#"{"version":1,"verb":"get","name":"app","type":"A"}"#,
                Request::Get { name: "app".into(), rtype: Some("A".into()), horizon: None },
            ),
            (
                r#"{"version":1,"verb":"horizon-match","address":"10.0.0.7"}"#,
                Request::HorizonMatch { address: "10.0.0.7".parse().unwrap() },
            ),
            (
                r#"{"version":1,"verb":"cache-flush","name":"example.com","below":true}"#,
                Request::CacheFlush { name: Some("example.com".into()), below: true, horizon: None },
            ),
            (
                r#"{"version":1,"verb":"errand","errand":"confirm","id":7}"#,
                Request::Errand(Errand::Confirm { id: Some(7) }),
            ),
        ];
        for (line, request) in table {
            assert_eq!(read_request(line.as_bytes()).unwrap(), request, "{line}");
            let written = serde_json::to_string(&Versioned { version: VERSION, request }).unwrap();
            assert_eq!(written, line);
            let errand = matches!(read_request(line.as_bytes()), Ok(Request::Errand(_)));
            assert_eq!(line.as_bytes().starts_with(ERRAND_BEGINS), errand, "{line}");
        }
    }

    /// Whatever is no request gets a code and a reason.
    #[test]
    fn what_is_no_request_is_refused_with_a_reason() {
        let table: [(&[u8], &str); 6] = [
            (b"", "BAD_REQUEST"),
            (b"\xff\xfe", "BAD_REQUEST"),
            (b"[1]", "BAD_REQUEST"),
            (br#"{"version":1,"verb":"format-disk"}"#, "BAD_REQUEST"),
            (br#"{"version":2,"verb":"status"}"#, "OTHER_VERSION"),
            (br#"{"version":1,"verb":"horizon-match","address":"ten"}"#, "BAD_REQUEST"),
        ];
        for (line, code) in table {
            assert_eq!(read_request(line).unwrap_err().code, code, "{}", String::from_utf8_lossy(line));
        }
    }
}
