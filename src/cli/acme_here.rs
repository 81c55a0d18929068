//! `acme check --here`: in the CA's guest, what its system says beside what a DNS server says, and the line that stands in
//! between. Needs neither server nor config.

use super::acme_status::problem_text;
use super::arguments::Scope;
use super::asker::ask_all;
use super::exit::Exit;
use super::exit::Failure;
use super::guest_files::GuestFiles;
use super::screen::say;
use super::screen::show;
use super::seat::answer;
use super::seat::ask;
use super::style::BAD;
use super::style::GOOD;
use super::style::HEAD;
use super::style::MAIN;
use super::style::painted;
use super::table::Table;
use crate::control::AcmeAnswer;
use crate::control::Request;
use crate::dns::Rtype;
use crate::dns::parse_name;
use crate::plugin::acme::check::addresses_in;
use crate::plugin::acme::reach::Gravity;
use crate::plugin::acme::reach::Problem;
use crate::plugin::acme::reach::Remedy;
use anstyle::Style;
use serde::Serialize;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::path::Path;

/// What `acme check --here -o json` says.
#[derive(Debug, Serialize)]
struct HereAnswer {
    /// The DNS server that was asked.
    dns: SocketAddr,
    /// One for each name.
    names: Vec<HereName>,
}

#[derive(Debug, Serialize)]
struct HereName {
    /// As asked for.
    name: String,
    /// What the system's resolver says, hosts file and all.
    system: Vec<IpAddr>,
    /// What the DNS server says.
    told: Vec<IpAddr>,
    /// What stands in between.
    problems: Vec<Problem>,
}

/// Compares, says what differs, and tells the server if `--socket` names one.
pub(super) fn here(scope: &Scope, names: &[String], all: bool, dns: Option<&str>) -> Result<Exit, Failure> {
    let names = if all { wanted(scope)? } else { whole(names)? };
    let files = GuestFiles::read(Path::new("/"));
    let dns = match dns {
        Some(text) => server(text)?,
        None => files.nameservers.first().map(|(address, _)| SocketAddr::new(*address, DNS)).ok_or_else(|| {
            Failure::new(Exit::Error, "/etc/resolv.conf names no server: say which to ask with `--dns IP`")
        })?,
    };
    let told = told(dns, &names)?;
    let mut found = Vec::with_capacity(names.len());
    for (name, told) in names.into_iter().zip(told) {
        let system = system(&name);
        let problems = compare(&name, &system, &told, dns, &files);
        found.push(HereName { name, system, told, problems });
    }
    if scope.socket.is_some() {
        for one in &found {
            report(scope, one);
        }
    }
    let answer = HereAnswer { dns, names: found };
    show(scope.output, &answer, text)?;
    let wrong = answer.names.iter().any(|one| one.problems.iter().any(Problem::stops));
    Ok(if wrong { Exit::CheckFailed } else { Exit::Done })
}

const DNS: u16 = 53;

/// The names of the config or the server; wildcards are looked up by nobody.
fn wanted(scope: &Scope) -> Result<Vec<String>, Failure> {
    let found: AcmeAnswer = answer(scope, &Request::AcmeStatus { name: None })?;
    let names = found.names.into_iter().map(|one| one.name);
    Ok(names.filter(|name| !name.starts_with("*.")).collect())
}

/// Names are whole here: no zone tells what a relative one means.
fn whole(names: &[String]) -> Result<Vec<String>, Failure> {
    let read = names.iter().map(|text| {
        let name = parse_name(text).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
        Ok(name.to_string().to_ascii_lowercase())
    });
    read.collect()
}

fn server(text: &str) -> Result<SocketAddr, Failure> {
    let plain = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DNS));
    let bad =
        |_| Failure::new(Exit::Error, format!("`{text}` is no address of a DNS server: write such as 10.0.0.153"));
    plain.or_else(|_| text.parse()).map_err(bad)
}

/// What getaddrinfo says: the way that CAs in C and, but for the cgo-less ones, in Go take; the hosts file goes first.
fn system(name: &str) -> Vec<IpAddr> {
    let found = (name, 80).to_socket_addrs().map(|all| all.map(|one| one.ip().to_canonical()).collect());
    let mut found: Vec<IpAddr> = found.unwrap_or_default();
    found.sort();
    found.dedup();
    found
}

/// A and AAAA of each name by the DNS server.
fn told(dns: SocketAddr, names: &[String]) -> Result<Vec<Vec<IpAddr>>, Failure> {
    let types = [Rtype::A, Rtype::AAAA];
    let questions: Vec<Vec<u8>> = names
        .iter()
        .flat_map(|name| {
            types.map(|rtype| parse_name(name).map(|name| question(name.as_slice(), rtype)).unwrap_or_default())
        })
        .collect();
    let failed = |error| Failure::new(Exit::Error, format!("{dns} does not answer: {error}; is it the DNS server?"));
    let replies = ask_all(dns, &questions).map_err(failed)?;
    let of_pair = |pair: &[Option<Vec<u8>>]| {
        let mut found: Vec<IpAddr> =
            pair.iter().flatten().flat_map(|reply| addresses_in(reply)).map(|(address, _)| address).collect();
        found.sort();
        found.dedup();
        found
    };
    Ok(replies.chunks(types.len()).map(of_pair).collect())
}

/// A question with RD (RFC 1035 section 4.1).
fn question(name: &[u8], rtype: Rtype) -> Vec<u8> {
    let mut octets = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    octets.extend_from_slice(name);
    octets.extend(rtype.to_int().to_be_bytes());
    octets.extend([0, 1]);
    octets
}

fn compare(name: &str, system: &[IpAddr], told: &[IpAddr], dns: SocketAddr, files: &GuestFiles) -> Vec<Problem> {
    let mut problems = Vec::new();
    let shown = |addresses: &[IpAddr]| match addresses {
        [] => "no address".to_owned(),
        several => several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let lines: Vec<_> = files.lines_for(name).filter(|line| !told.contains(&line.address)).collect();
    for line in &lines {
        let summary = format!("the hosts file sends {name} to {}, and the DNS says {}", line.address, shown(told));
        let remedy = Remedy::new(
            "delete the name from that line; the CA needs no restart, and `--resolver` of step-ca does not help",
        )
        .run(files.removal(line, name));
        let problem = Problem::new("HOSTS_BYPASS", Gravity::Fatal, summary, remedy).seen_at(files.place_of(line));
        problems.push(problem.because(format!("the line: {}", line.text.trim())));
    }
    let differs = !system.is_empty() && system.iter().any(|address| !told.contains(address));
    let bent = differs || (system.is_empty() && !told.is_empty());
    if bent && lines.is_empty() {
        let summary = format!("this system says {} for {name}, and the DNS says {}", shown(system), shown(told));
        let remedy =
            Remedy::new("see which source answers: another resolver, a search list, a module of nsswitch.conf")
                .run(format!("getent ahosts {name}"))
                .run("grep ^hosts: /etc/nsswitch.conf".to_owned());
        problems.push(Problem::new("CA_NOT_ASKING", Gravity::Error, summary, remedy));
    }
    if told.is_empty() {
        let summary = format!("{dns} has no address for {name}");
        let remedy = Remedy::new("see what it says, and why").run(format!("zonectl acme check {name}"));
        problems.push(Problem::new("NO_ADDRESS", Gravity::Error, summary, remedy));
    }
    let other = files.nameservers.iter().find(|(address, _)| *address != dns.ip());
    if let Some((address, place)) = other {
        let summary = format!("resolv.conf also names {address}, which may say something else than {}", dns.ip());
        let remedy = Remedy::new(format!("leave only `nameserver {}` in it", dns.ip()));
        problems.push(Problem::new("CA_NOT_ASKING", Gravity::Warning, summary, remedy).seen_at(place.clone()));
    }
    if let Some((list, place)) = &files.search {
        let summary = format!("a name that does not exist is searched in {list}, too, where a wildcard may catch it");
        let remedy = Remedy::new("start step-ca with `--acme-strict-fqdn`, or take the search list out");
        problems.push(Problem::new("WILDCARD_SEARCH_CAPTURE", Gravity::Info, summary, remedy).seen_at(place.clone()));
    }
    problems
}

fn text(answer: &HereAnswer) -> String {
    let mut table = Table::new(&["NAME", "THIS SYSTEM", "DNS", ""]);
    let list = |addresses: &[IpAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    for one in &answer.names {
        let worst = one.problems.iter().find(|problem| problem.stops());
        let verdict = worst.map_or((GOOD, "agrees".to_owned()), |problem| (BAD, problem.code.to_string()));
        table.row([
            (MAIN, one.name.clone()),
            (Style::new(), list(&one.system)),
            (Style::new(), list(&one.told)),
            verdict,
        ]);
    }
    let mut text = format!("{}  {}\n\n{}", painted(HEAD, "DNS server"), answer.dns, table.text());
    for one in &answer.names {
        for problem in &one.problems {
            text.push_str(&format!("\n{}: {}", painted(HEAD, &one.name), problem_text(problem, "")));
        }
    }
    text
}

/// The board of the server hears it: agreement ends a contradiction.
fn report(scope: &Scope, one: &HereName) {
    let request = Request::AcmeHere {
        name: one.name.clone(),
        system: one.system.clone(),
        told: one.told.clone(),
        problems: one.problems.iter().filter(|problem| problem.stops()).cloned().collect(),
    };
    if let Err(failure) = ask::<AcmeAnswer>(scope, &request) {
        say(&format!("the server was not told of {}: {}", one.name, failure.lines.join("; ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(hosts: &str, resolv: &str) -> GuestFiles {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("etc")).unwrap();
        std::fs::write(folder.path().join("etc/hosts"), hosts).unwrap();
        std::fs::write(folder.path().join("etc/resolv.conf"), resolv).unwrap();
        GuestFiles::read(folder.path())
    }

    fn codes(hosts: &str, resolv: &str, system: &[&str], told: &[&str]) -> Vec<String> {
        let read = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let dns = "10.0.0.153:53".parse().unwrap();
        let found = compare("traefik.internal.example", &read(system), &read(told), dns, &files(hosts, resolv));
        found.iter().map(|problem| format!("{} {}", problem.severity, problem.code)).collect()
    }

    /// The line of the hosts file is named, and nothing is said of what agrees.
    #[test]
    fn what_stands_between_the_ca_and_the_dns_is_named() {
        let stale =
            "127.0.0.1 localhost\n# 10.0.0.9 traefik.internal.example\n10.0.0.153\tca Traefik.internal.example # old\n";
        let ours = "nameserver 10.0.0.153\n";
        let (gateway, meant): (&[&str], &[&str]) = (&["10.0.0.153"], &["10.0.0.12"]);
        type Words<'a> = &'a [&'a str];
        let table: [(&str, &str, &str, Words<'_>, Words<'_>, Words<'_>); 7] = [
            ("all agree", "", ours, meant, meant, &[]),
            ("a stale line", stale, ours, gateway, meant, &["fatal HOSTS_BYPASS"]),
            ("a line that says the same", "10.0.0.12 traefik.internal.example\n", ours, meant, meant, &[]),
            ("another resolver answers", "", ours, gateway, meant, &["error CA_NOT_ASKING"]),
            ("the system knows nothing", "", ours, &[], meant, &["error CA_NOT_ASKING"]),
            ("nobody knows anything", "", ours, &[], &[], &["error NO_ADDRESS"]),
            (
                "another server, and a search list",
                "",
                "search a.example\nnameserver 8.8.8.8\n",
                meant,
                meant,
                &["warning CA_NOT_ASKING", "info WILDCARD_SEARCH_CAPTURE"],
            ),
        ];
        for (why, hosts, resolv, system, told, expected) in table {
            assert_eq!(codes(hosts, resolv, system, told), expected, "{why}");
        }
        let read = files(stale, ours);
        let told = ["10.0.0.12".parse().unwrap()];
        let found = compare("traefik.internal.example", &told, &told, "10.0.0.153:53".parse().unwrap(), &read);
        assert_eq!(found[0].places[0].line, Some(3));
    }

    /// The command takes away the name, and no other one of its line.
    #[test]
    fn the_line_is_mended_by_its_command() {
        let name = "traefik.internal.example";
        let table = [
            ("127.0.0.1 localhost\n10.0.0.153 traefik.internal.example\n", "127.0.0.1 localhost\n"),
            ("10.0.0.153 ca Traefik.internal.example. b # old\n", "10.0.0.153 ca b # old\n"),
            (
                "10.0.0.153 xtraefik.internal.example traefik.internal.example\n",
                "10.0.0.153 xtraefik.internal.example\n",
            ),
        ];
        for (hosts, expected) in table {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("etc/hosts");
            std::fs::create_dir(folder.path().join("etc")).unwrap();
            std::fs::write(&file, hosts).unwrap();
            let told = ["10.0.0.12".parse().unwrap()];
            let dns = "10.0.0.153:53".parse().unwrap();
            let found = compare(name, &told, &told, dns, &GuestFiles::read(folder.path()));
            let command = &found[0].remedy.commands[0];
            assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success(), "{command}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), expected, "{command}");
        }
    }
}
