//! What an answer to http-01 means. The token was made up, so that 404 is the good answer.

use super::super::reach::{Gravity, Remedy};
use super::Hop;
use super::judge::{Judgement, problem};
use super::seen::{HttpSeen, Program};
use std::net::SocketAddr;

pub(super) fn judge_http(name: &str, expected: Option<Program>, target: SocketAddr, seen: &HttpSeen) -> Judgement {
    let program = seen.program();
    if is_https_port(seen) {
        let summary = format!("{target} wants TLS on port 80 for {name}");
        let remedy = Remedy::new("have plain HTTP served on port 80; http-01 never begins with TLS");
        let detail = format!("it answers plain HTTP with {}", seen.status);
        return Judgement::bad("TLS on port 80", problem("HTTPS_ON_80", Gravity::Error, summary, detail, remedy));
    }
    if let Some(hop) = seen.hop() {
        return judge_hop(name, target, &hop);
    }
    let traefik = |program| matches!(program, Program::TraefikHandler | Program::GoRouter);
    if let Some(expected) = expected
        && expected != program
        && !(traefik(expected) && traefik(program))
        && program != Program::Other
    {
        let summary = format!(
            "{} answers at {target} for {name}, and not {}: the wrong machine",
            program.words(),
            expected.words()
        );
        let detail = format!("status {}, Server {}", seen.status, seen.server.as_deref().unwrap_or("not sent"));
        let remedy = Remedy::new("have the name lead to the machine that answers its challenges")
            .run(format!("zonectl explain {name}. A --from CA"))
            .run(format!("zonectl set {name}. A ADDRESS"));
        let outcome = format!("{}, the wrong program", program.words());
        return Judgement::bad(outcome, problem("WRONG_SERVER", Gravity::Error, summary, detail, remedy));
    }
    match seen.status {
        404 if program == Program::GoRouter && expected.is_none_or(traefik) => {
            let summary = format!("the router at {target} answers for {name}, and no handler of challenges before it");
            let remedy = Remedy::new(
                "where this is Traefik: name the entry point of port 80 in `httpChallenge.entryPoint` of its resolver, or use \
                 another challenge",
            );
            let detail = "`404 page not found`; its handler of challenges answers 404 without a body";
            Judgement::faulty(program.words(), problem("HTTP_STATUS", Gravity::Warning, summary, detail, remedy))
        }
        404 => Judgement::good(match program {
            Program::Other => "404, as it should for an unknown token".to_owned(),
            program => program.words().to_owned(),
        }),
        200..=299 => {
            let summary = format!("{target} answers {} for {name} and a token that nobody made", seen.status);
            let remedy = Remedy::new(
                "see that what serves every path there leaves `/.well-known/acme-challenge/` to the ACME client",
            );
            let outcome = format!("{} for any token", seen.status);
            Judgement::faulty(outcome, problem("HTTP_STATUS", Gravity::Warning, summary, "a catch-all", remedy))
        }
        status => {
            let summary = format!("{target} answers {status} for the challenges of {name}");
            let remedy = Remedy::new(
                "let `/.well-known/acme-challenge/` through without a login, a block list or an upstream that is down",
            )
            .run(format!("curl -i -H 'Host: {name}' http://{target}/.well-known/acme-challenge/x"));
            let detail = format!("the answer is of {}", program.words());
            Judgement::bad(status.to_string(), problem("HTTP_STATUS", Gravity::Error, summary, detail, remedy))
        }
    }
}

fn judge_hop(name: &str, target: SocketAddr, hop: &Hop) -> Judgement {
    let remedy = Remedy::new("leave `/.well-known/acme-challenge/` out of the redirect");
    match hop {
        Hop::Fine { host, https } => {
            let to = if *https { format!("https://{host}") } else { format!("http://{host}") };
            let summary = format!("{target} sends the CA on to {to} for {name}");
            let detail = "CAs follow, and whatever answers there must have the token";
            Judgement::faulty("redirects", problem("REDIRECTS", Gravity::Info, summary, detail, remedy))
        }
        Hop::Loop => {
            let summary = format!("{target} sends the CA in a circle for {name}");
            let problem = problem("REDIRECT_LOOP", Gravity::Error, summary, "to the URL that was asked for", remedy);
            Judgement::bad("a loop", problem)
        }
        Hop::Bad { why } => {
            let summary = format!("{target} sends the CA where it cannot find the token of {name}");
            Judgement::bad("a bad redirect", problem("REDIRECT_BAD", Gravity::Error, summary, why.clone(), remedy))
        }
    }
}

/// What nginx (its own 497) and Go say to plain HTTP on a port for TLS.
fn is_https_port(seen: &HttpSeen) -> bool {
    let says = |text: &[u8]| seen.body.windows(text.len()).any(|part| part == text);
    seen.status == 400
        && (says(b"plain HTTP request was sent to HTTPS port") || says(b"HTTP request to an HTTPS server"))
}

#[cfg(test)]
mod tests {
    use super::super::judge::Mark;
    use super::*;

    /// Each fingerprint has its verdict.
    #[test]
    fn answers_are_judged() {
        let path = "/.well-known/acme-challenge/zonectl-x";
        let traefik = Some(Program::TraefikHandler);
        type Case<'a> = (&'a str, Option<Program>, u16, &'a str, &'a str, &'a str, Mark, &'a str);
        let table: [Case<'_>; 20] = [
            ("Traefik's handler", traefik, 404, "", "", "", Mark::Good, ""),
            ("nobody said who is meant", None, 404, "", "", "", Mark::Good, ""),
            ("Traefik's router", traefik, 404, "", "404 page not found\n", "", Mark::Faulty, "HTTP_STATUS"),
            ("nginx where Traefik is meant", traefik, 404, "nginx/1.22.1", "<html>", "", Mark::Bad, "WRONG_SERVER"),
            ("Caddy where Traefik is meant", traefik, 404, "Caddy", "", "", Mark::Bad, "WRONG_SERVER"),
            ("an nginx that hides", traefik, 404, "gateway", "", "", Mark::Good, ""),
            ("nginx where nginx is meant", Some(Program::Nginx), 404, "nginx", "<html>", "", Mark::Good, ""),
            ("Traefik where nginx is meant", Some(Program::Nginx), 404, "", "", "", Mark::Bad, "WRONG_SERVER"),
            ("nginx, nobody said", None, 404, "nginx", "<html>", "", Mark::Good, ""),
            ("a catch-all", None, 200, "", "<html>app", "", Mark::Faulty, "HTTP_STATUS"),
            ("a login", None, 401, "", "", "", Mark::Bad, "HTTP_STATUS"),
            ("forbidden", None, 403, "Apache/2.4", "", "", Mark::Bad, "HTTP_STATUS"),
            ("an upstream is down", None, 502, "nginx", "", "", Mark::Bad, "HTTP_STATUS"),
            (
                "nginx's own 497",
                None,
                400,
                "nginx",
                "The plain HTTP request was sent to HTTPS port",
                "",
                Mark::Bad,
                "HTTPS_ON_80",
            ),
            (
                "Go on a TLS port",
                None,
                400,
                "",
                "Client sent an HTTP request to an HTTPS server.\n",
                "",
                Mark::Bad,
                "HTTPS_ON_80",
            ),
            (
                "to TLS",
                traefik,
                301,
                "",
                "",
                "https://a.example/.well-known/acme-challenge/zonectl-x",
                Mark::Faulty,
                "REDIRECTS",
            ),
            (
                "in a circle",
                None,
                302,
                "",
                "",
                "http://a.example/.well-known/acme-challenge/zonectl-x",
                Mark::Bad,
                "REDIRECT_LOOP",
            ),
            ("without the token", None, 302, "", "", "https://a.example/", Mark::Bad, "REDIRECT_BAD"),
            ("to another port", None, 302, "", "", "http://a.example:81/zonectl-x", Mark::Bad, "REDIRECT_BAD"),
            ("a redirect to nowhere", None, 302, "", "", "", Mark::Bad, "HTTP_STATUS"),
        ];
        for (why, expected, status, server, body, location, mark, code) in table {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let seen = HttpSeen {
                asked: ("a.example".to_owned(), path.to_owned()),
                status,
                server: text(server),
                body: body.as_bytes().to_vec(),
                whole: true,
                location: text(location),
            };
            let judgement = judge_http("a.example", expected, "10.0.0.1:80".parse().unwrap(), &seen);
            let found = judgement.problem.as_ref().map_or("", |problem| &problem.code);
            assert_eq!((judgement.mark, found), (mark, code), "{why}: {judgement:?}");
        }
    }
}
