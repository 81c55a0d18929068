//! What the answers of all addresses of a name mean together.

use super::super::reach::{Gravity, ProbeReport, ProbeVerdict, Problem, Remedy};
use super::judge::{Judgement, Mark, judge};
use super::seen::{Answer, Program, Seen};
use crate::config::Challenge;

/// Sums up what was seen at each address. A CA takes the first address, the fastest, or each in turn: one that is dead is a
/// fault even where the others are well.
pub fn sum(name: &str, challenge: Challenge, expected: Option<Program>, all: &[Seen], expiring: bool) -> ProbeReport {
    let judged: Vec<(&Seen, Judgement)> =
        all.iter().map(|seen| (seen, judge(name, challenge, expected, seen))).collect();
    let good = judged.iter().filter(|(_, one)| one.mark == Mark::Good).count();
    let works = judged.iter().any(|(_, one)| one.mark != Mark::Bad);
    let verdict = match (good == judged.len() && good > 0, works) {
        (true, _) => ProbeVerdict::Reachable,
        (false, true) => ProbeVerdict::Degraded,
        (false, false) => ProbeVerdict::Unreachable,
    };
    let mut problems: Vec<Problem> = Vec::new();
    for (seen, one) in &judged {
        let Some(mut problem) = one.problem.clone() else { continue };
        if works && one.mark == Mark::Bad {
            // Others of its addresses work.
            problem.severity = problem.severity.min(Gravity::Warning);
            if seen.target.is_ipv6() {
                problem = dead_aaaa(name, seen, &problem);
            }
        }
        problems.push(problem);
    }
    problems.extend(disagreement(name, all));
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    let addresses = judged.iter().map(|(seen, one)| seen.facts(&one.outcome)).collect();
    ProbeReport { verdict, problems, addresses, expiring }
}

/// AAAA_DEAD: step-ca goes on to the IPv4 address, others take the first one and fail.
fn dead_aaaa(name: &str, seen: &Seen, problem: &Problem) -> Problem {
    let summary =
        format!("the IPv6 address {} of {name} answers no challenge, its IPv4 address does", seen.target.ip());
    let remedy = Remedy::new("remove the AAAA record, or have the program listen on it, too")
        .run(format!("zonectl rm {name}. AAAA {}", seen.target.ip()));
    Problem::new("AAAA_DEAD", Gravity::Warning, summary, remedy)
        .detailed(format!("{}: {}", problem.code, problem.summary))
}

/// ADDRESS_DISAGREES: two addresses of one name answer as different programs.
fn disagreement(name: &str, all: &[Seen]) -> Option<Problem> {
    let mut answers = all.iter().filter_map(|seen| match &seen.answer {
        Answer::Http(http) => Some((seen.target, http.status, http.program())),
        _ => None,
    });
    let first = answers.next()?;
    let other = answers.find(|other| (other.1, other.2) != (first.1, first.2))?;
    let summary = format!("the addresses of {name} answer differently");
    let words = |one: (std::net::SocketAddr, u16, Program)| format!("{}: {} of {}", one.0, one.1, one.2.words());
    let remedy = Remedy::new("keep the addresses that lead to the program which answers its challenges");
    let problem = Problem::new("ADDRESS_DISAGREES", Gravity::Warning, summary, remedy);
    Some(problem.detailed(format!("{}; {}", words(first), words(other))))
}

#[cfg(test)]
mod tests {
    use super::super::seen::{HttpSeen, Silence};
    use super::*;

    /// All well, some well, none well; and what is said of the dead ones.
    #[test]
    fn addresses_are_summed_up() {
        let seen = |address: &str, answer: Answer| Seen {
            target: address.parse().unwrap(),
            from: None,
            connected: None,
            answer,
        };
        let http = |status, server: Option<&str>| {
            Answer::Http(HttpSeen {
                asked: ("a.example".to_owned(), "/x".to_owned()),
                status,
                server: server.map(str::to_owned),
                body: Vec::new(),
                whole: true,
                location: None,
            })
        };
        let dead = || Answer::None(Silence::Dropped, "10.0.0.1:80 does not answer".to_owned());
        let (one, two, six) = ("10.0.0.1:80", "10.0.0.2:80", "[fd00::1]:80");
        let table = [
            ("one good", vec![seen(one, http(404, None))], ProbeVerdict::Reachable, ""),
            ("two good", vec![seen(one, http(404, None)), seen(two, http(404, None))], ProbeVerdict::Reachable, ""),
            ("one dead", vec![seen(one, dead())], ProbeVerdict::Unreachable, "error PORT_TIMEOUT"),
            (
                "one of two dead",
                vec![seen(one, dead()), seen(two, http(404, None))],
                ProbeVerdict::Degraded,
                "warning PORT_TIMEOUT",
            ),
            (
                "a dead IPv6 address",
                vec![seen(six, dead()), seen(two, http(404, None))],
                ProbeVerdict::Degraded,
                "warning AAAA_DEAD",
            ),
            (
                "both dead",
                vec![seen(six, dead()), seen(two, dead())],
                ProbeVerdict::Unreachable,
                "error PORT_TIMEOUT, error PORT_TIMEOUT",
            ),
            (
                "two programs",
                vec![seen(one, http(404, None)), seen(two, http(404, Some("nginx")))],
                ProbeVerdict::Reachable,
                "warning ADDRESS_DISAGREES",
            ),
            ("no address", vec![], ProbeVerdict::Unreachable, ""),
        ];
        for (why, all, verdict, problems) in table {
            let report = sum("a.example", Challenge::Http01, None, &all, false);
            let said: Vec<_> = report.problems.iter().map(|one| format!("{} {}", one.severity, one.code)).collect();
            assert_eq!((report.verdict, said.join(", ").as_str()), (verdict, problems), "{why}");
            assert_eq!(report.addresses.len(), all.len());
        }
    }
}
