//! `stacks/*/phoenix.json`: the routers of the stacks that guests run.
//!
//! Which environment of a stack runs: the one that the guest's `docker_stacks` entry names; for an entry without one
//! `production`, else `prod`, else the only one there is. Other environments give no names: they run nowhere.

use super::firewall::read_rules;
use super::json::{At, Json};
use super::load::{Loaded, load};
use super::model::{GuestId, HostName, Inventory, Stack, StackUse};
use super::rule::read_rule;
use crate::finding::{Finding, Place, Severity};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn read_stacks(folder: &Path, inventory: &mut Inventory, findings: &mut Vec<Finding>) {
    let mut files: BTreeMap<String, Option<(PathBuf, Json)>> = BTreeMap::new();
    for name in folders(folder, findings) {
        let loaded = load_stack(folder, &name, findings);
        files.insert(name, loaded);
    }
    let uses: Vec<(GuestId, StackUse)> = inventory
        .guests
        .iter()
        .filter(|guest| !guest.template)
        .flat_map(|guest| guest.stacks.iter().map(|stack| (guest.id.clone(), stack.clone())))
        .collect();
    for (guest, stack) in uses {
        match files.get(&stack.name) {
            Some(Some((file, json))) => {
                let at = At { json, file, pointer: String::new() };
                inventory.stacks.extend(read_environment(&at, guest, &stack, findings));
            }
            // A finding says why it could not be read.
            Some(None) => {}
            None => findings.push(missing_stack(folder, &guest, &stack)),
        }
    }
}

/// The names of the folders below `stacks` that hold a `phoenix.json`, sorted.
fn folders(folder: &Path, findings: &mut Vec<Finding>) -> Vec<String> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            findings.push(unreadable(folder, &error));
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if entry.path().join("phoenix.json").exists() => {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
            Ok(_) => {}
            Err(error) => findings.push(unreadable(folder, &error)),
        }
    }
    names.sort_unstable();
    names
}

fn unreadable(folder: &Path, error: &std::io::Error) -> Finding {
    let remedy = "make it readable; until then the zones stay as they are";
    let what = format!("the folder cannot be read: {error}");
    Finding::new("FILE_UNREADABLE", Severity::Error, "stacks", what, remedy).seen_at(Place::file(folder))
}

fn load_stack(folder: &Path, name: &str, findings: &mut Vec<Finding>) -> Option<(PathBuf, Json)> {
    let file = folder.join(name).join("phoenix.json");
    match load(&file, findings) {
        Loaded::Json(json) => {
            let whole = At { json: &json, file: &file, pointer: String::new() };
            whole.entries(findings);
            Some((file, json))
        }
        Loaded::Missing | Loaded::Refused => None,
    }
}

fn missing_stack(folder: &Path, guest: &GuestId, stack: &StackUse) -> Finding {
    let name = &stack.name;
    let file = folder.join(name).join("phoenix.json");
    Finding::new(
        "STACK_MISSING",
        Severity::Warning,
        name,
        format!("{guest} runs this stack, but its `stacks/{name}/phoenix.json` is not there: it gives no names"),
        format!("put the file back, or take `{name}` out of `docker_stacks` of {guest}"),
    )
    .seen_at(stack.place.clone())
    .seen_at(Place::file(file))
}

fn read_environment(at: &At<'_>, guest: GuestId, stack: &StackUse, findings: &mut Vec<Finding>) -> Option<Stack> {
    let environments = at.key("environments")?;
    let entries = environments.entries(findings);
    let named = |wanted: &str| entries.iter().find(|(name, _)| *name == wanted);
    let found = match &stack.environment {
        Some(environment) => named(environment),
        None => {
            named("production").or_else(|| named("prod")).or_else(|| entries.first().filter(|_| entries.len() == 1))
        }
    };
    let Some((name, environment)) = found else {
        if !entries.is_empty() {
            let there: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
            findings.push(no_environment(&environments, &guest, stack, &there.join("`, `")));
        }
        return None;
    };
    environment.entries(findings);
    let mut hosts = Vec::new();
    let services = environment.key("services").map(|services| services.entries(findings)).unwrap_or_default();
    for (_, service) in services {
        service.entries(findings);
        for key in ["traefik_labels", "labels"] {
            if let Some(labels) = service.key(key) {
                read_labels(&labels, &mut hosts, findings);
            }
        }
    }
    let firewall = environment.key("firewall_rules").map(|list| read_rules(&list, findings)).unwrap_or_default();
    Some(Stack { name: stack.name.clone(), guest, environment: (*name).to_owned(), hosts, firewall })
}

fn no_environment(at: &At<'_>, guest: &GuestId, stack: &StackUse, there: &str) -> Finding {
    let name = &stack.name;
    let what = match &stack.environment {
        Some(environment) => format!("{guest} runs environment `{environment}`, but the stack has only `{there}`"),
        None => format!("{guest} runs this stack and names none of its environments `{there}`"),
    };
    let remedy = format!("write `{{\"name\": \"{name}\", \"environment\": \"...\"}}` in `docker_stacks` of {guest}");
    Finding::new("STACK_ENVIRONMENT", Severity::Warning, name, what, remedy)
        .seen_at(stack.place.clone())
        .seen_at(at.place())
}

/// Labels as `key=value` strings in an array, or as an object.
fn read_labels(at: &At<'_>, hosts: &mut Vec<HostName>, findings: &mut Vec<Finding>) {
    let mut labels: Vec<(&str, &str, At)> = Vec::new();
    if let Json::Object(_) = at.json {
        for (key, value) in at.entries(findings) {
            match value.json {
                Json::Text(text) => labels.push((key, text, value)),
                Json::Bool(false) => labels.push((key, "false", value)),
                _ if is_rule(key).is_some() => findings.push(value.wrong_type("a string")),
                _ => {}
            }
        }
    } else {
        for item in at.items(findings) {
            if let Some(text) = item.text(findings) {
                let (key, value) = text.split_once('=').unwrap_or((text, ""));
                labels.push((key.trim(), value.trim(), item));
            }
        }
    }
    let disabled = |(key, value, _): &(&str, &str, At)| {
        key.eq_ignore_ascii_case("traefik.enable") && value.eq_ignore_ascii_case("false")
    };
    if labels.iter().any(disabled) {
        return;
    }
    let from = hosts.len();
    let port = only_port(&labels);
    let tls = tls_routers(&labels);
    for (key, rule, place) in labels {
        if let Some(router) = is_rule(key) {
            read_router(router, rule, &place, hosts, findings);
        }
    }
    for host in &mut hosts[from..] {
        host.port.clone_from(&port);
        host.tls = tls.iter().any(|router| router.eq_ignore_ascii_case(&host.router));
    }
}

/// The port that `traefik.http.services.<s>.loadbalancer.server.port` names; none when several services name different ones.
fn only_port(labels: &[(&str, &str, At<'_>)]) -> Option<String> {
    let is_port = |key: &str| {
        let lower = key.to_ascii_lowercase();
        lower.starts_with("traefik.") && lower.contains(".services.") && lower.ends_with(".loadbalancer.server.port")
    };
    let mut ports: Vec<&str> = labels.iter().filter(|(key, ..)| is_port(key)).map(|(_, value, _)| *value).collect();
    ports.sort_unstable();
    ports.dedup();
    <[&str; 1]>::try_from(ports).ok().map(|[port]| port.to_owned())
}

/// Routers with a `tls` label that is not `false`, or with the entry point that Traefik's documents call `websecure`.
fn tls_routers(labels: &[(&str, &str, At<'_>)]) -> Vec<String> {
    let speaks = labels.iter().filter_map(|(key, value, _)| {
        let lower = key.to_ascii_lowercase();
        let rest =
            lower.strip_prefix("traefik.http.routers.").or_else(|| lower.strip_prefix("traefik.tcp.routers."))?;
        let (router, option) = rest.split_once('.')?;
        let tls = (option == "tls" && !value.eq_ignore_ascii_case("false")) || option.starts_with("tls.");
        let secure = option == "entrypoints" && value.split(',').any(|one| one.trim() == "websecure");
        (tls || secure).then(|| router.to_owned())
    });
    speaks.collect()
}

/// The router whose rule the label holds; Traefik reads labels in any case.
fn is_rule(label: &str) -> Option<&str> {
    let parts: Vec<&str> = label.split('.').collect();
    let [first, protocol, routers, router, rule] = parts[..] else { return None };
    let are = |word: &str, wanted: &[&str]| wanted.iter().any(|each| word.eq_ignore_ascii_case(each));
    let all = are(first, &["traefik"]) && are(protocol, &["http", "tcp"]) && are(routers, &["routers"]);
    (all && are(rule, &["rule"])).then_some(router)
}

fn read_router(router: &str, rule: &str, at: &At<'_>, hosts: &mut Vec<HostName>, findings: &mut Vec<Finding>) {
    let names = read_rule(rule);
    let warning = |code, what: String, remedy: &str| {
        Finding::new(code, Severity::Warning, router, what, remedy).seen_at(at.place())
    };
    for pattern in names.patterns {
        let what = format!("the rule matches the pattern `{pattern}`, whose names cannot be listed: no record");
        findings.push(warning(
            "HOST_REGEXP",
            what,
            "write the names with Host(`...`), or as `dns_records` of the guest",
        ));
    }
    for name in names.sni {
        let what = format!("HostSNI(`{name}`) routes raw TCP: no record leads clients to the HTTP proxy for it");
        findings.push(warning(
            "HOST_SNI",
            what,
            "write the name as `dns_records` of the guest that speaks the protocol",
        ));
    }
    if let Some(fault) = names.fault {
        let what = format!("the rule cannot be read to its end: {fault}");
        findings.push(warning("RULE_SYNTAX", what, "correct the rule; names before the fault are used"));
    }
    let place = at.place();
    hosts.extend(names.hosts.into_iter().map(|name| HostName {
        name,
        router: router.to_owned(),
        port: None,
        tls: false,
        place: place.clone(),
    }));
}
