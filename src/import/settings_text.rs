//! The text of `horizon.toml`, in which each value says what line it came from.

use super::line::Origin;
use super::model::Model;
use super::option::Stand;
use super::places::Places;
use super::settings::Section;
use super::settings::Setting;
use super::settings::quoted;
use super::verdict::Verdict;
use super::zone_text::plain;
use std::fmt::Write;

const SECTIONS: [(Section, &str); 6] = [
    (Section::Server, "[server]"),
    (Section::Zones, "[zones]"),
    (Section::Horizon, "[[horizon]]"),
    (Section::Forward, "[forward]"),
    (Section::Cache, "[forward.cache]"),
    (Section::Guard, "[forward.guard]"),
];

/// The whole file; what a section of the forwarder says is left out when nothing is forwarded.
pub(super) fn text(model: &Model, places: &Places, verdicts: &[Verdict], files: &[String]) -> String {
    let mut text = String::from("# Made by `zonectl import dnsmasq` of:\n");
    for file in files {
        push(&mut text, &format!("#   {}", plain(file)));
    }
    push(&mut text, "# Behind each value stands the line it came from. The file is yours to change.");
    for (section, head) in SECTIONS {
        let keys: Vec<&Setting> = model.settings.of(section).collect();
        let forwarding = matches!(section, Section::Forward | Section::Cache | Section::Guard);
        if keys.is_empty() || (forwarding && !model.forwards()) {
            continue;
        }
        push(&mut text, &format!("\n{head}"));
        for setting in keys {
            key(&mut text, setting);
        }
    }
    if model.forwards() {
        domains(&mut text, model, places);
    }
    blocks(&mut text, model);
    left_out(&mut text, verdicts);
    text
}

fn key(text: &mut String, setting: &Setting) {
    let comment = |why: &str| if why.is_empty() { String::new() } else { format!("  # {}", plain(why)) };
    if !setting.list {
        for (value, why) in setting.values.iter().take(1) {
            push(text, &format!("{} = {value}{}", setting.key, comment(why)));
        }
        return;
    }
    push(text, &format!("{} = [", setting.key));
    for (value, why) in &setting.values {
        push(text, &format!("    {value},{}", comment(why)));
    }
    push(text, "]");
}

/// `[[forward.domain]]`, save those in whose place a zone is.
fn domains(text: &mut String, model: &Model, places: &Places) {
    for domain in places.forwarded() {
        let Some(rules) = model.rules.get(domain) else { continue };
        let mut upstreams: Vec<&(String, Origin)> = Vec::new();
        for (server, origin) in rules.iter().flat_map(|rule| rule.upstreams.iter().map(|pair| (&pair.0, pair))) {
            if upstreams.iter().all(|(known, _)| known != server) {
                upstreams.push(origin);
            }
        }
        let default = rules.iter().find_map(|rule| rule.default.as_ref());
        let values: Vec<(String, String)> = match default {
            Some(origin) => vec![(quoted("default"), origin.to_string())],
            None => upstreams.iter().map(|(server, origin)| (quoted(server), origin.to_string())).collect(),
        };
        if values.is_empty() {
            continue;
        }
        push(text, "\n[[forward.domain]]");
        push(text, &format!("name = {}", quoted(&domain.to_string())));
        key(text, &Setting { section: Section::Forward, key: "upstreams", values, list: true });
    }
}

/// `[[block]]`
fn blocks(text: &mut String, model: &Model) {
    for list in model.blocks.files() {
        push(text, &format!("\n[[block]]\nname = {}", quoted(list.name)));
        push(text, &format!("files = [{}]", quoted(&list.path)));
        push(text, &format!("answer = {}", quoted(list.answer)));
        if !list.allow.is_empty() {
            let names: Vec<String> = list.allow.iter().map(|name| quoted(&name.to_string())).collect();
            push(text, &format!("allow = [{}]  # forwarded by a domain of their own", names.join(", ")));
        }
    }
}

/// Lines that became no setting and no record, so that nobody looks for them in vain.
fn left_out(text: &mut String, verdicts: &[Verdict]) {
    for (stand, head) in [(Stand::Refused, "Refused:"), (Stand::Otherwise, "Done otherwise:")] {
        let mut lines = verdicts.iter().filter(|verdict| verdict.stand == stand).peekable();
        if lines.peek().is_some() {
            push(text, &format!("\n# {head}"));
        }
        for verdict in lines {
            let line: String = verdict.text.chars().take(80).collect();
            push(
                text,
                &format!("#   {} `{}`: {}", plain(&verdict.origin.to_string()), plain(&line), plain(&verdict.what)),
            );
        }
    }
}

fn push(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}
