//! Whom a guest asks: `resolv.conf`, and the order of sources in `nsswitch.conf`.

use super::super::acme::reach::{Gravity, Problem, Remedy};
use crate::dns::{Name, parse_name};
use crate::finding::Place;
use std::net::IpAddr;
use std::path::Path;

/// The C library reads no more (resolv.conf(5), MAXNS).
const MOST_SERVERS: usize = 3;

/// Judges a `resolv.conf`. `servers` are the addresses that this server is reached at; `captures` says whether a wildcard of
/// ours answers for made-up names below a domain.
pub fn judge_resolv(
    file: &Path,
    text: &str,
    machine: Option<&str>,
    servers: &[IpAddr],
    captures: &dyn Fn(&Name) -> bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut asked: Vec<(u32, IpAddr)> = Vec::new();
    let on = |remedy: Remedy| match machine {
        Some(machine) => remedy.on(machine),
        None => remedy,
    };
    for (index, line) in text.lines().enumerate().take(1_000) {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                // A zone index belongs to the interface (`fe80::1%eth0`).
                let word = words.next().unwrap_or_default().split('%').next().unwrap_or_default();
                asked.extend(word.parse().ok().map(|address: IpAddr| (number, address)));
            }
            Some("search" | "domain") => {
                for domain in
                    words.filter_map(|word| parse_name(word.trim_end_matches('.')).ok()).filter(|one| captures(one))
                {
                    let summary =
                        format!("a wildcard of ours answers for names that the search list makes below `{domain}`");
                    let remedy = on(Remedy::new(
                        "take the domain out of the search list, or write full names with a final dot; programs in Go try it \
                         for each name that does not exist",
                    ));
                    problems.push(
                        Problem::new("WILDCARD_SEARCH_CAPTURE", Gravity::Warning, summary, remedy)
                            .seen_at(Place::at(file, number, 1)),
                    );
                }
            }
            _ => {}
        }
    }
    asked.truncate(MOST_SERVERS);
    let ours = servers.first().map_or_else(|| "ADDRESS-OF-THIS-SERVER".to_owned(), ToString::to_string);
    // Without a line the C library asks this machine.
    let first_is_ours = asked.first().is_some_and(|(_, address)| servers.contains(address));
    if asked.is_empty() {
        let remedy = on(Remedy::new("write:").run(format!("echo 'nameserver {ours}' >> {}", file.display())));
        let summary = "no name server is named: the machine asks itself".to_owned();
        problems.push(Problem::new("RESOLV_EMPTY", Gravity::Error, summary, remedy).seen_at(Place::file(file)));
    }
    for (position, (number, address)) in asked.iter().enumerate().filter(|(_, (_, address))| !servers.contains(address))
    {
        let (gravity, summary) = match (position, first_is_ours) {
            (0, _) => {
                (Gravity::Error, format!("{address} is asked first, and not this server: it answers for our names"))
            }
            (_, true) => (
                Gravity::Warning,
                format!(
                    "{address} is asked when this server does not answer in time, and may say something else of our names"
                ),
            ),
            _ => continue,
        };
        let remedy = on(Remedy::new("delete the line, or whatever writes it (Proxmox, DHCP, systemd-resolved)"))
            .run(format!("sed -i '{number}s/.*/nameserver {ours}/' {}", file.display()));
        let remedy = if position == 0 {
            remedy
        } else {
            on(Remedy::new("delete the line").run(format!("sed -i '{number}d' {}", file.display())))
        };
        problems.push(Problem::new("RESOLV_BYPASS", gravity, summary, remedy).seen_at(Place::at(file, *number, 1)));
    }
    problems
}

/// Judges the line `hosts` of an `nsswitch.conf`: without `dns` nobody is asked.
pub fn judge_nsswitch(file: &Path, text: &str, machine: Option<&str>) -> Vec<Problem> {
    let lines = text
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index, line.split('#').next()?.strip_prefix("hosts:")?)));
    let Some((index, sources)) = lines.last() else { return Vec::new() };
    if sources.split_whitespace().any(|source| source == "dns" || source == "resolve") {
        return Vec::new();
    }
    let remedy = Remedy::new("write `hosts: files dns`");
    let remedy = match machine {
        Some(machine) => remedy.on(machine),
        None => remedy,
    };
    let summary = format!("no DNS is asked for names: `hosts:{}`", sources.trim_end());
    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
    vec![Problem::new("NSSWITCH_NO_DNS", Gravity::Error, summary, remedy).seen_at(Place::at(file, number, 1))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whom a guest asks, first and in need, and what its search list makes of names.
    #[test]
    fn other_servers_are_found() {
        let servers: Vec<IpAddr> = vec!["10.0.0.153".parse().unwrap(), "fd00::153".parse().unwrap()];
        let captures = |name: &Name| name.to_string() == "apps.example";
        let table = [
            ("nameserver 10.0.0.153\n", ""),
            ("nameserver fd00::153\nsearch internal.example\noptions ndots:1\n", ""),
            ("nameserver 8.8.8.8\nnameserver 10.0.0.153\n", "error RESOLV_BYPASS 1"),
            ("nameserver 10.0.0.153\nnameserver 8.8.8.8\n", "warning RESOLV_BYPASS 2"),
            ("nameserver 8.8.8.8\nnameserver 1.1.1.1\n", "error RESOLV_BYPASS 1"),
            ("nameserver 10.0.0.153\nnameserver 10.0.0.153\nnameserver 10.0.0.153\nnameserver 8.8.8.8\n", ""),
            ("; nameserver 10.0.0.153\n#nameserver 10.0.0.153\n", "error RESOLV_EMPTY 0"),
            ("", "error RESOLV_EMPTY 0"),
            ("nameserver 10.0.0.153\nsearch a.example apps.example\n", "warning WILDCARD_SEARCH_CAPTURE 2"),
            ("nameserver 127.0.0.53\n", "error RESOLV_BYPASS 1"),
        ];
        for (text, expected) in table {
            let problems = judge_resolv(Path::new("r"), text, None, &servers, &captures);
            let said: Vec<String> = problems
                .iter()
                .map(|one| format!("{} {} {}", one.severity, one.code, one.places[0].line.unwrap_or(0)))
                .collect();
            assert_eq!(said.join("; "), expected, "{text}");
        }
    }

    /// Without `dns` among the sources nobody is asked.
    #[test]
    fn sources_without_dns_are_found() {
        let table = [
            ("passwd: files\nhosts: files dns\n", false),
            ("hosts: dns\n", false),
            ("hosts: files resolve [!UNAVAIL=return] dns\n", false),
            ("hosts: files\n", true),
            ("hosts: files mymachines # dns\n", true),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(!judge_nsswitch(Path::new("n"), text, None).is_empty(), expected, "{text}");
        }
    }
}
