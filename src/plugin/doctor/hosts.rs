//! Lines of a hosts file that answer for our names in our place.

use super::super::acme::reach::{Gravity, Problem, Remedy};
use super::hosts_line::{HostsLine, hosts_lines};
use crate::dns::{Name, parse_name};
use crate::finding::Place;
use std::net::IpAddr;
use std::path::Path;

/// Problems of one file that are told; more say nothing new.
const MOST: usize = 64;

/// Judges a hosts file. `told` gives what this server says of a name of its own zones to the guest whose file it is; none for
/// names that are not ours. `machine` is where commands are to be run.
pub fn judge_hosts(
    file: &Path,
    text: &str,
    machine: Option<&str>,
    told: &dyn Fn(&Name) -> Option<Vec<IpAddr>>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for line in hosts_lines(text) {
        for name in &line.names {
            let Some(ours) = parse_name(name.trim_end_matches('.')).ok().and_then(|name| told(&name)) else { continue };
            // Debian gives each machine its own name so.
            if line.address.is_loopback() && !ours.is_empty() && line.number < 8 && is_own(text, name) {
                continue;
            }
            if problems.len() < MOST {
                problems.push(judge_line(file, &line, name, &ours, machine));
            }
        }
    }
    problems
}

fn judge_line(file: &Path, line: &HostsLine, name: &str, ours: &[IpAddr], machine: Option<&str>) -> Problem {
    let address = line.address;
    let same = ours.contains(&address);
    let listed = match ours {
        [] => "no address".to_owned(),
        several => several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let (code, gravity, summary) = match same {
        false => (
            "HOSTS_BYPASS",
            Gravity::Fatal,
            format!("a hosts line sends `{name}` to {address}, and this server says {listed}"),
        ),
        true => (
            "HOSTS_COPY",
            Gravity::Warning,
            format!("a hosts line repeats what this server says of `{name}`, and goes on saying it when that changes"),
        ),
    };
    let what = if line.names.len() == 1 { "delete the line" } else { "take the name out of the line" };
    let remedy = Remedy::new(format!("{what}; no program needs a restart for it")).run(line.removal(name, file));
    let remedy = match machine {
        Some(machine) => remedy.on(machine),
        None => remedy,
    };
    Problem::new(code, gravity, summary, remedy)
        .detailed(format!("the line is `{}`", line.text.trim()))
        .seen_at(Place::at(file, line.number, 1))
}

/// Whether a name is the machine's own as far as its loopback lines tell: `127.0.1.1 full short`.
fn is_own(text: &str, name: &str) -> bool {
    let short = name.split('.').next().unwrap_or(name);
    hosts_lines(text).any(|line| line.address == IpAddr::from([127, 0, 1, 1]) && line.has(name) && line.has(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line that answers for a name of ours is named with its place; all others are left in peace.
    #[test]
    fn lines_that_pass_us_by_are_found() {
        let told = |name: &Name| match name.to_string().to_ascii_lowercase().as_str() {
            "traefik.internal.example" => Some(vec!["10.0.0.12".parse().unwrap()]),
            "gone.internal.example" => Some(Vec::new()),
            "me.internal.example" => Some(vec!["10.0.0.10".parse().unwrap()]),
            _ => None,
        };
        let table = [
            (
                "10.0.0.153 traefik.internal.example",
                "HOSTS_BYPASS 1 `traefik.internal.example` to 10.0.0.153, and this server says 10.0.0.12",
            ),
            (
                "\n\n10.0.0.153\ttraefik.internal.example traefik # added in haste",
                "HOSTS_BYPASS 3 `traefik.internal.example` to 10.0.0.153, and this server says 10.0.0.12",
            ),
            (
                "10.0.0.153 www.example.com Traefik.Internal.Example.",
                "HOSTS_BYPASS 1 `Traefik.Internal.Example.` to 10.0.0.153, and this server says 10.0.0.12",
            ),
            (
                "10.0.0.153 gone.internal.example",
                "HOSTS_BYPASS 1 `gone.internal.example` to 10.0.0.153, and this server says no address",
            ),
            ("10.0.0.12 traefik.internal.example", "HOSTS_COPY 1"),
            ("#10.0.0.153 traefik.internal.example", ""),
            ("127.0.0.1 localhost\n127.0.1.1 me.internal.example me", ""),
            (
                "127.0.0.1 traefik.internal.example",
                "HOSTS_BYPASS 1 `traefik.internal.example` to 127.0.0.1, and this server says 10.0.0.12",
            ),
            ("8.8.8.8 dns.google", ""),
            ("traefik.internal.example 10.0.0.153", ""),
            ("::1 ip6-localhost", ""),
            ("\u{0}\u{1}", ""),
        ];
        for (text, expected) in table {
            let problems = judge_hosts(Path::new("etc/hosts"), text, Some("lxc/103"), &told);
            let said: Vec<String> = problems
                .iter()
                .map(|one| {
                    let line = one.places[0].line.unwrap();
                    let command = if text.contains("www") || text.contains(" traefik ") { "s/" } else { "d'" };
                    assert!(one.remedy.commands[0].contains(&format!("'{line}{command}")), "{:?}", one.remedy.commands);
                    match one.summary.strip_prefix("a hosts line sends ") {
                        Some(rest) => format!("{} {line} {rest}", one.code),
                        None => format!("{} {line}", one.code),
                    }
                })
                .collect();
            assert_eq!(said.join("; "), expected, "{text}");
        }
        let flood = "10.0.0.153 traefik.internal.example\n".repeat(10_000);
        assert_eq!(judge_hosts(Path::new("h"), &flood, None, &told).len(), MOST);
    }
}
