//! What an answer to tls-alpn-01 means. No challenge runs as a rule, so that an alert may be the good answer.

use super::super::reach::{Gravity, Remedy};
use super::judge::{Judgement, problem};
use super::seen::AlpnSeen;
use std::net::SocketAddr;

/// Alerts of TLS (RFC 8446 section 6).
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;
const NO_APPLICATION_PROTOCOL: u8 = 120;

pub(super) fn judge_alpn(name: &str, target: SocketAddr, seen: &AlpnSeen) -> Judgement {
    if seen.no_tls {
        let summary = format!("{target} speaks no TLS, and tls-alpn-01 for {name} needs it");
        let remedy = Remedy::new("have TLS served on port 443, or use http-01 or dns-01");
        return Judgement::bad("no TLS", problem("NOT_TLS", Gravity::Error, summary, "", remedy));
    }
    match seen.alert {
        // Traefik, whose list of protocols has acme-tls/1, and which has no challenge for the name now.
        Some(UNRECOGNIZED_NAME) => return Judgement::good("ready: knows acme-tls/1 and no challenge for the name"),
        Some(INTERNAL_ERROR) => return Judgement::good("plausible: alert 80, as Caddy says without a challenge"),
        Some(NO_APPLICATION_PROTOCOL) => {
            let summary = format!("{target} knows no acme-tls/1, so that tls-alpn-01 for {name} cannot work there");
            let remedy = Remedy::new(
                "have port 443 of the name lead to the ACME client itself (nginx and others in between end it), or use http-01 \
                 or dns-01",
            );
            let problem = problem("ALPN_UNSUPPORTED", Gravity::Error, summary, "alert 120", remedy);
            return Judgement::bad("no acme-tls/1", problem);
        }
        Some(alert) => {
            let summary = format!("{target} refuses the handshake of tls-alpn-01 for {name}");
            let remedy = Remedy::new("see the log of the program there")
                .run(format!("openssl s_client -connect {target} -servername {name} -alpn acme-tls/1"));
            let detail = format!("alert {alert}");
            return Judgement::bad(detail.clone(), problem("TLS_ALERT", Gravity::Error, summary, detail, remedy));
        }
        None => {}
    }
    match (seen.protocol.as_deref(), seen.acme_identifier) {
        (Some("acme-tls/1"), true) => Judgement::good("a challenge is running there"),
        (Some("acme-tls/1"), false) => {
            let summary = format!("{target} agrees on acme-tls/1 for {name} and shows an ordinary certificate");
            let remedy =
                Remedy::new("nothing, if its client answers challenges when they run; else use another challenge");
            let problem = problem("ALPN_NO_CHALLENGE", Gravity::Info, summary, seen.names.join(", "), remedy);
            Judgement::faulty("acme-tls/1, without a challenge", problem)
        }
        (_, true) => Judgement::good("a challenge is running there"),
        (_, false) => {
            let summary = format!("TLS for {name} ends at {target} in a program that does not look at ALPN");
            let remedy = Remedy::new(
                "have port 443 of the name lead to the ACME client itself, passed through without being ended, or use http-01 \
                 or dns-01",
            );
            let detail = format!("it shows a certificate for {}", seen.names.join(", "));
            let problem = problem("ALPN_TERMINATED_UPSTREAM", Gravity::Error, summary, detail, remedy);
            Judgement::bad("ignores ALPN", problem)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::Mark;
    use super::*;

    /// Each fingerprint has its verdict.
    #[test]
    fn handshakes_are_judged() {
        let alert = |alert| AlpnSeen { alert: Some(alert), ..AlpnSeen::default() };
        let shown = |protocol: Option<&str>, acme_identifier| AlpnSeen {
            protocol: protocol.map(str::to_owned),
            names: vec!["a.example".to_owned()],
            acme_identifier,
            ..AlpnSeen::default()
        };
        let table = [
            ("Traefik without a challenge", alert(112), Mark::Good, ""),
            ("Caddy without a challenge", alert(80), Mark::Good, ""),
            ("nginx", alert(120), Mark::Bad, "ALPN_UNSUPPORTED"),
            ("no common ciphers", alert(40), Mark::Bad, "TLS_ALERT"),
            ("an old TLS", alert(70), Mark::Bad, "TLS_ALERT"),
            ("openssl s_server", shown(None, false), Mark::Bad, "ALPN_TERMINATED_UPSTREAM"),
            ("a challenge", shown(Some("acme-tls/1"), true), Mark::Good, ""),
            ("a protocol without a challenge", shown(Some("acme-tls/1"), false), Mark::Faulty, "ALPN_NO_CHALLENGE"),
            ("plain HTTP", AlpnSeen { no_tls: true, ..AlpnSeen::default() }, Mark::Bad, "NOT_TLS"),
        ];
        for (why, seen, mark, code) in table {
            let judgement = judge_alpn("a.example", "10.0.0.1:443".parse().unwrap(), &seen);
            let found = judgement.problem.as_ref().map_or("", |problem| &problem.code);
            assert_eq!((judgement.mark, found), (mark, code), "{why}");
        }
    }
}
