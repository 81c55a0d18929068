//! A server that forwards to scripted upstreams, on files in a folder of its own.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::reload_lab::Lab;
use crate::upstream_lab::{Client, Query, Script, Upstream, show};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// The name below which the tests ask; public, so that no guard keeps it here.
pub(crate) const OUTSIDE: &str = "example.net";

/// `horizon.toml` of a server whose clients on loopback may use the forwarder. `more` follows the keys of `[forward]`.
pub(crate) fn config(upstreams: &[SocketAddr], more: &str) -> String {
    let quoted: Vec<_> = upstreams.iter().map(|address| format!("\"{address}\"")).collect();
    let mut text = crate::reload_lab::CONFIG.to_owned();
    write!(text, "forward = true\n\n[forward]\nupstreams = [{}]\n{more}\n", quoted.join(", ")).unwrap();
    text
}

/// The server and its upstreams.
pub(crate) struct Forwarding {
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) lab: Lab,
}

impl Forwarding {
    /// Starts an upstream for each script, and a server that asks them in this order.
    pub(crate) fn start(scripts: Vec<Script>, more: &str) -> Self {
        let upstreams: Vec<_> = scripts.into_iter().map(Upstream::start).collect();
        let addresses: Vec<_> = upstreams.iter().map(|upstream| upstream.address).collect();
        let zone = crate::reload_lab::zone(1, "10.0.0.1");
        let lab = Lab::start(&config(&addresses, more), &[("internal/example.org.zone", &zone)]);
        Forwarding { upstreams, lab }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.lab.address())
    }

    /// Asks `NAME TYPE` over UDP.
    pub(crate) fn ask(&self, question: &str) -> String {
        self.client().ask(question)
    }

    /// Asks `NAME TYPE` over TCP.
    pub(crate) fn ask_tcp(&self, question: &str) -> String {
        show(&self.client().tcp(&Query::new(question)))
    }
}

/// A reply as [`show`] shows it, without what differs from run to run: TTLs that have counted down by a few seconds are as
/// they were at first, and of an extended error only the code is left.
pub(crate) fn steady(shown: &str) -> String {
    let (line, error) = shown.split_once(" ! ").map_or((shown, None), |(line, error)| (line, Some(error)));
    let words = line.split(' ').map(|word| match word.parse::<u32>() {
        Ok(ttl @ 290..300) => (ttl.max(300)).to_string(),
        _ => word.to_owned(),
    });
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some(code) = error.and_then(|error| error.split(' ').next()) {
        write!(line, " ! {code}").unwrap();
    }
    line
}
