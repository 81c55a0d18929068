//! Records that are written out: `host-record`, `cname`, `txt-record` and their kin. Where a name ends and data begins, and
//! in which order numbers stand, is dnsmasq's own.

use super::lines::Heard;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::is_meta;
use crate::dns::parse_data;
use crate::dns::present_data;
use crate::import::line::Origin;
use crate::import::line::Wrong;
use crate::import::model::Model;
use crate::import::naming::name_of;
use crate::import::value::Value;
use std::net::IpAddr;

/// `name,..,[address],[address][,TTL]`
pub(super) fn host(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let mut names = Vec::new();
    let (mut v4, mut v6, mut ttl) = (None, None, None);
    for part in value.split(',') {
        let text = part.text();
        if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
            ttl = Some(number::<u32>(&part, "a TTL in seconds")?);
            continue;
        }
        match text.parse::<IpAddr>() {
            // Of several addresses of a family the last one counts.
            Ok(address) if address.is_ipv4() => v4 = Some(address),
            Ok(address) => v6 = Some(address),
            Err(_) => names.push(name_of(&part)?),
        }
    }
    if names.is_empty() {
        return Err(Wrong::new(value.column(), "no name", "write `host-record=NAME,ADDRESS`"));
    }
    for address in [v4, v6].into_iter().flatten() {
        for name in &names {
            model.host(name, address, ttl, origin);
        }
    }
    if v4.is_none() && v6.is_none() {
        return Ok(Heard::Refused("no address: nothing is known of the name".to_owned()));
    }
    Ok(Heard::AsUsual)
}

/// `alias,[alias,..]target[,TTL]`
pub(super) fn cname(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let mut parts = value.split(',');
    let last = parts.last().map(Value::text).unwrap_or_default();
    let ttl = if parts.len() > 2 { last.parse::<u32>().ok() } else { None };
    if ttl.is_some() {
        parts.pop();
    }
    let Some(target) = parts.pop().filter(|_| !parts.is_empty()) else {
        return Err(Wrong::new(value.column(), "an alias and its target are needed", "write `cname=ALIAS,TARGET`"));
    };
    let target = name_of(&target)?;
    for part in parts {
        let alias = name_of(&part)?;
        if model.aliases.contains(&alias) {
            return Err(Wrong::new(part.column(), format!("a second `cname` of {alias}"), "keep one"));
        }
        if alias == target {
            return Err(Wrong::new(part.column(), format!("{alias} is its own alias"), "name another target"));
        }
        model.aliases.insert(alias.clone());
        model.push(alias, Rtype::CNAME, ttl, target.as_slice().to_vec(), origin);
    }
    Ok(Heard::AsUsual)
}

/// `name[,target[,preference]]`, the preference 1 unless written.
pub(super) fn mx(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    let name = name_of(&parts[0])?;
    let preference = parts.get(2).map_or(Ok(1), |part| number(part, "a preference, 0 to 65535"))?;
    match parts.get(1) {
        None => model.mx_open.push((name, preference, origin.clone())),
        Some(target) => model.push(name, Rtype::MX, None, mx_data(preference, &name_of(target)?), origin),
    }
    Ok(Heard::AsUsual)
}

/// MX data.
pub(in crate::import) fn mx_data(preference: u16, target: &Name) -> Vec<u8> {
    [&preference.to_be_bytes()[..], target.as_slice()].concat()
}

/// `target`: the last one counts.
pub(super) fn mx_target(value: &Value, model: &mut Model) -> Result<Heard, Wrong> {
    model.mx_target = Some(name_of(value)?);
    Ok(Heard::AsUsual)
}

/// `name[,target[,port[,priority[,weight]]]]`: not the order of zone files.
pub(super) fn srv(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    let mut name = name_of(&parts[0])?;
    // `_service._proto` alone is of the domain.
    if name.label_count() == 3
        && let Some(domain) = model.domain()
    {
        name = crate::import::naming::joined(&name.to_string(), domain)
            .map_err(|what| Wrong::new(value.column(), what, "shorten it"))?;
    }
    let target = match parts.get(1) {
        // No target says that there is no such service (RFC 2782).
        None => Name::root_bytes(),
        Some(part) => name_of(part)?,
    };
    let default =
        |at: usize, default: u16| parts.get(at).map_or(Ok(default), |part| number(part, "a number, 0 to 65535"));
    let (port, priority, weight) = (default(2, 1)?, default(3, 0)?, default(4, 0)?);
    let mut data: Vec<u8> = [priority, weight, port].iter().flat_map(|number| number.to_be_bytes()).collect();
    data.extend_from_slice(target.as_slice());
    model.push(name, Rtype::SRV, None, data, origin);
    Ok(Heard::AsUsual)
}

/// `name[,text..]`; a text of more than 255 octets is several strings.
pub(super) fn txt(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    let name = name_of(&parts[0])?;
    let mut data = Vec::new();
    for part in &parts[1..] {
        let text = part.text();
        let strings: Vec<&[u8]> = if text.is_empty() { vec![b""] } else { text.as_bytes().chunks(255).collect() };
        for string in strings {
            data.push(string.len() as u8);
            data.extend_from_slice(string);
        }
    }
    if parts.len() == 1 {
        data.push(0);
    }
    model.push(name, Rtype::TXT, None, data, origin);
    Ok(Heard::AsUsual)
}

/// `name[,target]`
pub(super) fn ptr(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    let name = name_of(&parts[0])?;
    let Some(target) = parts.get(1) else {
        return Ok(Heard::Refused("no target: a PTR record leads somewhere".to_owned()));
    };
    model.push(name, Rtype::PTR, None, name_of(target)?.as_slice().to_vec(), origin);
    Ok(Heard::AsUsual)
}

/// `name,order,preference,flags,service,regexp[,replacement]`
pub(super) fn naptr(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    if parts.len() < 6 {
        let right = "write `naptr-record=NAME,ORDER,PREFERENCE,FLAGS,SERVICE,REGEXP[,REPLACEMENT]`";
        return Err(Wrong::new(value.column(), "too few parts", right));
    }
    let name = name_of(&parts[0])?;
    let mut data = Vec::new();
    for part in &parts[1..3] {
        data.extend(number::<u16>(part, "a number, 0 to 65535")?.to_be_bytes());
    }
    for part in &parts[3..6] {
        string(part, &mut data)?;
    }
    match parts.get(6).filter(|part| !part.is_empty()) {
        None => data.push(0),
        Some(replacement) => data.extend_from_slice(name_of(replacement)?.as_slice()),
    }
    model.push(name, Rtype::NAPTR, None, data, origin);
    Ok(Heard::AsUsual)
}

/// `name,flags,tag,value`
pub(super) fn caa(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    let [name, flags, tag, rest @ ..] = parts.as_slice() else {
        return Err(Wrong::new(value.column(), "too few parts", "write `caa-record=NAME,FLAGS,TAG,VALUE`"));
    };
    let owner = name_of(name)?;
    let mut data = vec![number::<u8>(flags, "flags, 0 to 255")?];
    string(tag, &mut data)?;
    let text: Vec<String> = rest.iter().map(Value::text).collect();
    data.extend(text.join(",").bytes());
    model.push(owner, Rtype::CAA, None, checked(Rtype::CAA, data, tag)?, origin);
    Ok(Heard::AsUsual)
}

/// `name,type[,hex]`: any type by its number.
pub(super) fn any(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.split(',');
    let name = name_of(&parts[0])?;
    let missing = || Wrong::new(value.column(), "no type", "write `dns-rr=NAME,NUMBER,HEX`");
    let kind = parts.get(1).ok_or_else(missing)?;
    let rtype = Rtype::from_int(number(kind, "a type's number, 1 to 65535")?);
    if is_meta(rtype) || rtype == Rtype::SOA {
        let what = format!("{rtype} is no type of a record that may be written here");
        return Err(Wrong::new(kind.column(), what, "leave it out: SOA records are made by the server"));
    }
    let mut data = Vec::new();
    if let Some(hex) = parts.get(2) {
        let digits: Vec<u8> = hex.text().bytes().filter(|octet| !matches!(octet, b':' | b' ')).collect();
        for pair in digits.chunks(2) {
            let octet = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
            let Some(octet) = octet.and_then(|pair| u8::from_str_radix(pair, 16).ok()) else {
                return Err(Wrong::new(hex.column(), "not whole octets in hex", "write such as `01:23:ab`"));
            };
            data.push(octet);
        }
    }
    let data = checked(rtype, data, parts.get(2).unwrap_or(kind))?;
    model.push(name, rtype, None, data, origin);
    Ok(Heard::AsUsual)
}

/// Data that zone text can hold: for a type with a form, octets that are right for it.
fn checked(rtype: Rtype, data: Vec<u8>, part: &Value) -> Result<Vec<u8>, Wrong> {
    let text = present_data(rtype, &data);
    match parse_data(rtype, &text, &Name::root_bytes()) {
        Ok(back) if back == data => Ok(data),
        _ => Err(Wrong::new(part.column(), format!("these octets are no {rtype} data"), "correct them")),
    }
}

fn string(part: &Value, data: &mut Vec<u8>) -> Result<(), Wrong> {
    let text = part.text();
    let Ok(length) = u8::try_from(text.len()) else {
        return Err(Wrong::new(part.column(), "a text of more than 255 octets", "shorten it"));
    };
    data.push(length);
    data.extend(text.bytes());
    Ok(())
}

/// Reads a number, or says what is needed.
pub(super) fn number<T: std::str::FromStr>(part: &Value, needed: &str) -> Result<T, Wrong> {
    let text = part.text();
    let plain = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let read = text.parse().ok().filter(|_| plain);
    read.ok_or_else(|| Wrong::new(part.column(), format!("`{text}` is not {needed}"), "correct the number"))
}
