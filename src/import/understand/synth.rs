//! `synth-domain`: a name for each address of a range.

use super::domains::prefix_of;
use super::lines::Heard;
use crate::import::line::Origin;
use crate::import::line::Wrong;
use crate::import::model::Model;
use crate::import::model::range_of;
use crate::import::naming::joined;
use crate::import::naming::name_of;
use crate::import::value::Value;
use std::net::IpAddr;
use std::net::Ipv4Addr;

/// Addresses that are written out: two records each.
const MOST: u32 = 65_536;

/// `domain,first,last[,prefix[*]]`, `domain,network/length[,prefix[*]]`
pub(super) fn synth(value: &Value, origin: &Origin, model: &mut Model) -> Result<Heard, Wrong> {
    let parts = value.unquoted().split(',');
    let domain = name_of(&parts[0])?;
    let right = "write `synth-domain=DOMAIN,FIRST,LAST,PREFIX` or `synth-domain=DOMAIN,NETWORK/LENGTH,PREFIX`";
    let Some(network) = parts.get(1) else { return Err(Wrong::new(value.column(), "no range", right)) };
    let (first, last, prefix) = if network.text().contains('/') {
        let (first, last) = range_of(&prefix_of(network)?);
        (first, last, parts.get(2))
    } else {
        let read = |part: &Value| {
            part.text()
                .parse::<IpAddr>()
                .map_err(|_| Wrong::new(part.column(), format!("`{}` is not an address", part.text()), right))
        };
        let first = read(network)?;
        let last = parts.get(2).map_or(Ok(first), read)?;
        (first, last, parts.get(3))
    };
    let (IpAddr::V4(first), IpAddr::V4(last)) = (first, last) else {
        return Ok(Heard::Refused(
            "names for a range of IPv6 addresses would be too many records: write those that are used".to_owned(),
        ));
    };
    let (first, last) = (u32::from(first), u32::from(last));
    if first > last {
        return Err(Wrong::new(network.column(), "the range ends before it begins", right));
    }
    if last - first >= MOST {
        return Ok(Heard::Refused(format!("more than {MOST} addresses: write the ranges that are used")));
    }
    let prefix = prefix.map(Value::text).unwrap_or_default();
    for number in first..=last {
        let address = Ipv4Addr::from(number);
        let label = match prefix.strip_suffix('*') {
            Some(prefix) => format!("{prefix}{}", number - first),
            None => format!("{prefix}{}", address.to_string().replace('.', "-")),
        };
        let name = joined(&label, &domain).map_err(|what| Wrong::new(value.column(), what, "shorten it"))?;
        model.synthetic.push((name, address.into(), origin.clone()));
    }
    Ok(Heard::AsUsual)
}
