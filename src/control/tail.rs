//! `tail`: queries as they are answered, one line of JSON for each heap of them, until the other side ends it.

use super::Desk;
use super::Refusal;
use super::Reply;
use super::answer::to_value;
use super::incoming::PATIENCE;
use super::traffic::QueryShown;
use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::Rcode;
use crate::dns::is_at_or_below;
use crate::dns::parse_name;
use serde::Deserialize;
use serde::Serialize;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

/// One heap of queries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TailAnswer {
    /// In about the order of their replies.
    pub queries: Vec<QueryShown>,
    /// Queries since the heap before that came faster than they could be shown; whether they were wanted is not known.
    pub left_out: u64,
}

/// Which queries are wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    client: Option<Prefix>,
    name: Option<Name>,
    rcode: Option<String>,
    horizon: Option<String>,
}

/// A word now and then, so that either side sees when the other is gone.
const SILENCE: Duration = Duration::from_secs(5);

impl Wanted {
    /// Reads what is asked for: a client or prefix, a whole name and what is below it, an RCODE, a horizon.
    ///
    /// # Errors
    /// `BAD_CLIENT`, `BAD_NAME`, `BAD_RCODE`, `UNKNOWN_HORIZON`.
    pub(super) fn read(
        desk: &Desk,
        client: Option<&str>,
        name: Option<&str>,
        rcode: Option<&str>,
        horizon: Option<&str>,
    ) -> Result<Self, Refusal> {
        let client = client.map(|text| {
            let alone = text.parse::<IpAddr>().ok().map(|ip| Prefix::new(ip, if ip.is_ipv4() { 32 } else { 128 }));
            alone.or_else(|| text.parse().ok()).ok_or_else(|| {
                let what = format!("`{text}` is no client");
                Refusal::new("BAD_CLIENT", what, "write an address or a prefix such as `10.0.0.0/24`")
            })
        });
        let name = name.map(|text| {
            parse_name(text).map_err(|error| {
                Refusal::new("BAD_NAME", format!("`{text}` is no name: {error}"), "write a whole name")
            })
        });
        let rcode = rcode.map(|text| {
            let known = (0..16u8).map(|code| Rcode::masked_from_int(code).to_string());
            known.into_iter().find(|known| known.eq_ignore_ascii_case(text)).ok_or_else(|| {
                let what = format!("`{text}` is no RCODE");
                Refusal::new("BAD_RCODE", what, "write one such as NOERROR, NXDOMAIN, SERVFAIL or REFUSED")
            })
        });
        if let Some(horizon) = horizon {
            super::known_horizon(&desk.published.load().snapshot, horizon)?;
        }
        let horizon = horizon.map(str::to_owned);
        Ok(Wanted { client: client.transpose()?, name: name.transpose()?, rcode: rcode.transpose()?, horizon })
    }

    fn fits(&self, one: &QueryShown) -> bool {
        self.client.is_none_or(|prefix| prefix.contains(one.client))
            && self.rcode.as_ref().is_none_or(|rcode| *rcode == one.rcode)
            && self.horizon.as_ref().is_none_or(|horizon| one.horizon.as_ref() == Some(horizon))
            && self.name.as_ref().is_none_or(|name| {
                let asked = parse_name(&one.name);
                asked.is_ok_and(|asked| is_at_or_below(asked.as_slice(), name.as_slice()))
            })
    }
}

/// Sends queries until the other side is gone, or takes too long to read.
///
/// # Errors
/// The connection broke.
pub(super) async fn tail(
    read: &mut BufReader<OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
    wanted: &Wanted,
    desk: &Desk,
) -> io::Result<()> {
    let (mut queries, _listening) = desk.traffic.queries();
    let mut lost = desk.traffic.lost();
    loop {
        let mut answer = TailAnswer::default();
        tokio::select! {
            // Whatever comes, or the end: this connection is for looking only.
            _ = read.fill_buf() => return Ok(()),
            heap = timeout(SILENCE, queries.recv()) => match heap {
                Ok(Ok(heap)) => answer.queries = heap.iter().filter(|one| wanted.fits(one)).cloned().collect(),
                Ok(Err(RecvError::Lagged(heaps))) => answer.left_out = heaps,
                Ok(Err(RecvError::Closed)) => return Ok(()),
                Err(_) => {}
            },
        }
        let now = desk.traffic.lost();
        answer.left_out += now.saturating_sub(lost);
        lost = now;
        let mut octets = serde_json::to_vec(&Reply::new(to_value(&answer)))?;
        octets.push(b'\n');
        timeout(PATIENCE, write.write_all(&octets)).await??;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(client: &str, name: &str, rcode: &str) -> QueryShown {
        QueryShown {
            at: 0,
            client: client.parse().unwrap(),
            horizon: Some("lan".into()),
            name: name.into(),
            rtype: "A".into(),
            rcode: rcode.into(),
            transport: "udp".into(),
            octets: 1,
            micros: 1,
        }
    }

    /// Each condition narrows; a name means what is below it, too.
    #[test]
    fn conditions_narrow() {
        let none = || Wanted { client: None, name: None, rcode: None, horizon: None };
        let one = query("10.0.0.7", "a.App.example.", "NXDOMAIN");
        let name = |text| Some(parse_name(text).unwrap());
        let table = [
            (none(), true),
            (Wanted { client: Some("10.0.0.0/24".parse().unwrap()), ..none() }, true),
            (Wanted { client: Some("10.0.1.0/24".parse().unwrap()), ..none() }, false),
            (Wanted { name: name("app.example"), ..none() }, true),
            (Wanted { name: name("pp.example"), ..none() }, false),
            (Wanted { rcode: Some("NOERROR".into()), ..none() }, false),
            (Wanted { horizon: Some("wan".into()), ..none() }, false),
        ];
        for (wanted, fits) in table {
            assert_eq!(wanted.fits(&one), fits, "{wanted:?}");
        }
    }
}
