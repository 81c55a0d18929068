//! Options that become a setting, and those that become nothing.

use super::domains::prefix_of;
use super::lines::Heard;
use super::records::number;
use crate::import::line::Origin;
use crate::import::line::Wrong;
use crate::import::model::Model;
use crate::import::naming::name_of;
use crate::import::option::Known;
use crate::import::settings::Section;
use crate::import::settings::quoted;
use crate::import::value::Value;
use std::net::IpAddr;

/// The greatest `min_ttl` and `max_ttl` of [forward.cache], in seconds; dnsmasq caps the first one so, too.
const GREATEST_MIN_TTL: u32 = 3600;
const GREATEST_TTL: u32 = 7 * 86_400;
const LONGEST_STALE: u32 = 30 * 86_400;
/// Octets that an answer takes on the average, and how many fit into the default of 64 MiB.
const ANSWER: u64 = 512;
const DEFAULT_ANSWERS: u64 = (64 << 20) / ANSWER;

/// Takes an option that concerns no single name.
pub(super) fn switch(known: &Known, value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let settings = &mut model.settings;
    let mut set = |section, key, toml: &str| settings.set(section, key, toml, origin);
    match known.name {
        "strict-order" => set(Section::Forward, "policy", "\"ordered\""),
        "all-servers" => set(Section::Forward, "policy", "\"parallel\""),
        "domain-needed" => set(Section::Guard, "plain_names", "false"),
        "stop-dns-rebind" => set(Section::Guard, "rebind_protection", "true"),
        "rebind-localhost-ok" => set(Section::Guard, "rebind_loopback", "true"),
        "no-negcache" => set(Section::Cache, "max_negative_ttl", "0"),
        "dnssec" => set(Section::Forward, "dnssec", "\"validate\""),
        "dnssec-debug" => set(Section::Forward, "dnssec", "\"log\""),
        "expand-hosts" => model.expand_hosts = true,
        "filter-AAAA" => {
            settings.add(Section::Guard, "filter_aaaa", quoted("."), origin);
        }
        "bogus-nxdomain" => {
            let prefix = prefix_of(&value.unquoted())?;
            settings.add(Section::Guard, "bogus_nxdomain", quoted(&prefix.to_string()), origin);
        }
        "listen-address" => return listen(value, origin, model),
        "port" => {
            let port = number::<u16>(value, "a port, 0 to 65535")?;
            if port == 0 {
                return Ok(Heard::Refused("this dnsmasq answers no questions at all".to_owned()));
            }
            model.port = Some((port, origin.clone()));
        }
        "local-ttl" => model.local_ttl = Some((number(value, "a TTL in seconds")?, origin.clone())),
        "max-ttl" | "max-cache-ttl" => {
            let seconds = number::<u32>(value, "a TTL in seconds")?.min(GREATEST_TTL);
            let before =
                settings.value(Section::Cache, "max_ttl").and_then(|text| text.parse().ok()).unwrap_or(u32::MAX);
            if seconds < before {
                settings.set(Section::Cache, "max_ttl", seconds.to_string(), origin);
            }
        }
        "min-cache-ttl" => {
            let seconds = number::<u32>(value, "a TTL in seconds")?.min(GREATEST_MIN_TTL);
            settings.set(Section::Cache, "min_ttl", seconds.to_string(), origin);
        }
        "use-stale-cache" => {
            let seconds = if value.is_empty() { 86_400 } else { number::<u32>(value, "a time in seconds")? };
            // dnsmasq means for ever by 0.
            let seconds = if seconds == 0 { LONGEST_STALE } else { seconds.min(LONGEST_STALE) };
            settings.set(Section::Cache, "stale", seconds.to_string(), origin);
        }
        "cache-size" => return cache_size(value, origin, model),
        "dns-forward-max" => {
            let most = number::<u32>(value, "a number of questions")?.clamp(1, 100_000);
            settings.set(Section::Forward, "per_upstream", most.to_string(), origin);
        }
        "fast-dns-retry" => {
            let first = value.split(',').remove(0);
            let delay = if first.is_empty() { 1000 } else { number::<u32>(&first, "a time in milliseconds")? };
            settings.set(Section::Forward, "timeout", delay.clamp(50, 10_000).to_string(), origin);
        }
        "trust-anchor" => return trust_anchor(value),
        _ => {}
    }
    Ok(Heard::AsUsual)
}

fn listen(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    for part in value.split(',') {
        let text = part.text();
        let address: IpAddr = text.parse().map_err(|_| {
            Wrong::new(part.column(), format!("`{text}` is not an address"), "write an address of this machine")
        })?;
        if model.listen.iter().all(|(known, _)| *known != address) {
            model.listen.push((address, origin.clone()));
        }
    }
    Ok(Heard::AsUsual)
}

fn cache_size(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let names = if value.is_empty() { 150 } else { number::<u64>(value, "a number of names")? };
    if names == 0 {
        model.settings.set(Section::Cache, "size", "0", origin);
    } else if names > DEFAULT_ANSWERS {
        let octets = names.min(5_000_000) * ANSWER;
        model.settings.set(Section::Cache, "size", octets.to_string(), origin);
    } else {
        return Ok(Heard::Otherwise(format!(
            "`size` of [forward.cache] counts octets; its 64 MiB hold some {DEFAULT_ANSWERS} answers"
        )));
    }
    Ok(Heard::AsUsual)
}

fn trust_anchor(value: &Value) -> Result<Heard, Wrong> {
    let first = value.split(',').remove(0);
    if first.text() == "." {
        return Ok(Heard::AsUsual);
    }
    let name = name_of(&first)?;
    Ok(Heard::Refused(format!(
        "there is no anchor but that of the root: {name} is validated from there, or not at all"
    )))
}
