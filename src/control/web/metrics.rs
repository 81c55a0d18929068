//! `GET /metrics`: all numbers at one moment, as Prometheus reads them.

use super::acme::expiry;
use super::metrics_text::{Families, Labels};
use crate::control::Desk;
use crate::control::cache::cache_stats;
use crate::control::traffic::rcode_word;
use crate::control::{Health, Published};
use crate::counters::{BOUNDS, Carried, Event, bound};
use crate::dns::present_name;
use crate::finding::Severity;
use crate::plugin::acme::Standings;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the numbers are taken from.
#[derive(Debug)]
struct Taken {
    published: Arc<Published>,
    health: Health,
    standings: Standings,
    zones: Vec<(Labels, u64)>,
    lost: u64,
}

/// Names whose certificates are told; a collector should not have to keep more series.
const MOST_CERTIFICATES: usize = 2000;

/// The text, whole.
pub fn metrics(desk: &Desk) -> String {
    let row = |row: crate::control::ZoneQueries| (vec![("horizon", row.horizon), ("zone", row.zone)], row.queries);
    let taken = Taken {
        published: desk.published.load_full(),
        health: (desk.health)(),
        standings: desk.reaches.standings(),
        zones: desk.traffic.zones().into_iter().map(row).collect(),
        lost: desk.traffic.lost(),
    };
    let mut registry = Registry::with_prefix("horizon");
    registry.register_collector(Box::new(taken));
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = encode(&mut text, &registry);
    text
}

impl Collector for Taken {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::new(encoder);
        self.server(&mut families)?;
        self.answering(&mut families)?;
        self.loading(&mut families)?;
        self.zones(&mut families)?;
        self.forwarding(&mut families)?;
        self.certificates(&mut families)
    }
}

impl Taken {
    fn server(&self, families: &mut Families<'_>) -> fmt::Result {
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        families.gauges("build_info", "The version that runs; always 1.", None, [(version, 1.0)])?;
        let started = seconds(self.health.started);
        families.gauges("start_time", "When the server started, since 1970.", Some(&Unit::Seconds), one(started))
    }

    fn answering(&self, families: &mut Families<'_>) -> fmt::Result {
        let totals = &self.health.totals;
        let queries = Carried::ALL.map(|carried| (transport(carried), totals.of(carried.asked())));
        families.counters("queries", "Messages received.", queries)?;
        let places = &self.published.snapshot.places;
        let mut replies = Vec::new();
        for carried in Carried::ALL {
            for (place, row) in totals.by_horizon[carried as usize].iter().enumerate() {
                for (rcode, count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
                    let mut labels = transport(carried);
                    labels.push(("horizon", places.get(place).cloned().unwrap_or_else(|| "none".to_owned())));
                    labels.push(("rcode", rcode_word(rcode)));
                    replies.push((labels, *count));
                }
            }
        }
        families.counters(
            "replies",
            "Replies sent, by the horizon of the client; none when it was not looked for.",
            replies,
        )?;
        let buckets: Vec<(f64, u64)> = (0..=BOUNDS)
            .map(|at| (if at == BOUNDS { f64::MAX } else { bound(at) as f64 / 1e6 }, totals.times.buckets[at]))
            .collect();
        let help = "From the arrival of a query to its reply, in the batches that were looked at: all, under load 1,000 to 2,000 a second.";
        families.histogram("reply_latency", help, &Unit::Seconds, totals.times.sum as f64 / 1e6, &buckets)?;
        let help = "Queries of each zone, estimated under load: those that were looked at stand for the others.";
        families.counters("zone_queries_estimated", help, self.zones.iter().cloned())?;
        families.counters("looks_lost", "Queries that were to be looked at and found no room.", plain(self.lost))?;
        for (name, help, event) in EVENTS {
            families.counters(name, help, plain(totals.of(event)))?;
        }
        Ok(())
    }

    fn loading(&self, families: &mut Families<'_>) -> fmt::Result {
        let health = &self.health;
        let result = |word: &str, event| (vec![("result", word.to_owned())], health.totals.of(event));
        let rows = [result("live", Event::ReloadsOk), result("refused", Event::ReloadsFailed)];
        families.counters("reloads", "Loads after the first.", rows)?;
        let live = f64::from(u8::from(health.last_reload.live));
        families.gauges("last_reload_live", "1 when what the files say is served, else 0.", None, one(live))?;
        let help = "When the state that serves went live, since 1970.";
        let since = Some(&Unit::Seconds);
        families.gauges("last_reload_success_timestamp", help, since, one(seconds(health.live_since)))?;
        let help = "When files were last loaded, live or not, since 1970.";
        families.gauges("last_reload_timestamp", help, since, one(seconds(health.last_reload.at)))?;
        let severities = [Severity::Error, Severity::Warning, Severity::Info];
        let findings = severities.map(|severity| {
            let count = health.last_reload.findings.iter().filter(|finding| finding.severity == severity).count();
            (vec![("severity", severity.to_string())], count as f64)
        });
        families.gauges("findings", "What the checks found at the last load.", None, findings)
    }

    fn zones(&self, families: &mut Families<'_>) -> fmt::Result {
        let zones = || {
            self.published.snapshot.views.iter().flat_map(|view| {
                view.zones.iter().map(|seen| {
                    let origin = present_name(seen.zone.origin().as_slice());
                    (vec![("horizon", view.name.clone()), ("zone", origin)], &seen.zone)
                })
            })
        };
        let rows = zones().map(|(labels, zone)| (labels, zone.records() as f64));
        families.gauges("zone_records", "Records of a zone as a horizon sees it.", None, rows)?;
        let rows = zones().map(|(labels, zone)| (labels, f64::from(zone.serial())));
        families.gauges("zone_serial", "The SOA serial.", None, rows)
    }

    fn forwarding(&self, families: &mut Families<'_>) -> fmt::Result {
        let cache = cache_stats(&self.published);
        families.gauges("cache_entries", "Answers that are kept.", None, one(cache.entries as f64))?;
        let size = [("used", cache.octets), ("most", cache.size)];
        let size = size.map(|(word, octets)| (vec![("kind", word.to_owned())], octets as f64));
        families.gauges("cache_size", "What the cache takes, and may take.", Some(&Unit::Bytes), size)?;
        let looks = [("hit", cache.hits), ("miss", cache.misses)];
        let looks = looks.map(|(word, count)| (vec![("result", word.to_owned())], count));
        families.counters("cache_lookups", "Questions that were looked for in the cache.", looks)?;
        families.counters("cache_evictions", "Answers that went early to make room.", plain(cache.evicted))?;
        let upstreams = || self.health.upstreams.iter().map(|one| (vec![("upstream", one.text.clone())], one));
        let rows = upstreams().map(|(labels, one)| (labels, f64::from(u8::from(one.up && !one.loops))));
        families.gauges(
            "upstream_up",
            "1 when an upstream is asked, 0 when it is down or leads back here.",
            None,
            rows,
        )?;
        let rows = upstreams().filter_map(|(labels, one)| Some((labels, one.srtt?.as_secs_f64())));
        families.gauges("upstream_rtt", "Smoothed round-trip time.", Some(&Unit::Seconds), rows)?;
        let rows = upstreams().map(|(labels, one)| (labels, one.asked));
        families.counters("upstream_questions", "Questions sent, repeated ones each time.", rows)?;
        let outcomes = upstreams().flat_map(|(labels, one)| {
            let counts = [
                ("answered", one.answered),
                ("timeout", one.timeouts),
                ("servfail", one.servfail),
                ("refused", one.refused),
                ("useless", one.useless),
                ("unmatched", one.unmatched),
            ];
            counts.map(|(word, count)| ([&labels[..], &[("outcome", word.to_owned())]].concat(), count))
        });
        families.counters("upstream_outcomes", "What came of questions to an upstream.", outcomes)?;
        let lists = self.published.snapshot.plan.blocked().states();
        let rows = lists.into_iter().map(|list| (vec![("list", list.name)], list.answered));
        families.counters("blocked", "Questions that a list of blocked names answered.", rows)
    }

    fn certificates(&self, families: &mut Families<'_>) -> fmt::Result {
        let mut states: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
        for reach in &self.standings.reaches {
            *states.entry((reach.key.challenge.name(), reach.state.word())).or_default() += 1;
            if let Some(end) = expiry(reach) {
                let known = ends.entry(&reach.key.name).or_default();
                *known = end.max(*known);
            }
        }
        let rows = states.into_iter().map(|((challenge, state), count)| {
            (vec![("challenge", challenge.to_owned()), ("state", state.to_owned())], count as f64)
        });
        families.gauges("acme_ways", "Names by challenge and by what is known of it.", None, rows)?;
        let now = seconds(SystemTime::now());
        let mut ends: Vec<_> = ends.into_iter().collect();
        ends.sort_unstable_by_key(|(_, end)| *end);
        ends.truncate(MOST_CERTIFICATES);
        let rows = ends.into_iter().map(|(name, end)| (vec![("name", name.to_owned())], end as f64 - now));
        let help = "Time that the certificate has left that a name got last; those that end first are told.";
        families.gauges("certificate_remaining", help, Some(&Unit::Seconds), rows)?;
        let live = self.health.challenges as f64;
        families.gauges("acme_challenge_values", "Challenge values of ACME clients that live.", None, one(live))
    }
}

/// Further counters: the name, what it counts, the event.
const EVENTS: [(&str, &str, Event); 32] = [
    (
        "queries_dropped_by_kernel",
        "Messages that the kernel dropped: the socket's queue was full.",
        Event::DroppedByKernel,
    ),
    ("queries_dropped", "Messages that were not answered: no query, or too short.", Event::Dropped),
    ("replies_truncated", "Replies with the TC bit.", Event::Truncated),
    ("replies_not_sent", "Replies that the system did not take.", Event::SendFailed),
    ("replies_rate_dropped", "Replies beyond a rate limit that were not sent.", Event::RateDropped),
    ("replies_rate_slipped", "Replies beyond a rate limit that were sent empty with TC.", Event::RateSlipped),
    ("questions_not_forwarded", "Questions that found no place in the forwarder's queue.", Event::NotForwarded),
    ("signed_not_taken", "Signed messages that found no place in their queue.", Event::SignedNotTaken),
    ("signatures_bad", "Messages whose signature was wrong.", Event::SignatureBad),
    ("updates_made", "DNS updates that were made.", Event::UpdateMade),
    ("updates_refused", "DNS updates that were not made.", Event::UpdateRefused),
    ("tcp_connections_accepted", "TCP connections that were taken.", Event::TcpAccepted),
    ("tcp_connections_refused", "TCP connections beyond a cap.", Event::TcpRefused),
    ("tcp_connections_closed_idle", "TCP connections that were closed because they were idle.", Event::TcpClosedIdle),
    ("tcp_connections_closed_slow", "TCP connections that were closed because they were slow.", Event::TcpClosedSlow),
    (
        "tcp_accept_pauses",
        "Times that no TCP connection could be taken for want of descriptors.",
        Event::TcpAcceptPaused,
    ),
    ("secure_connections_accepted", "Encrypted connections whose handshake was done.", Event::SecureAccepted),
    ("secure_connections_refused", "Encrypted connections beyond a cap.", Event::SecureRefused),
    ("handshakes_failed", "TLS and QUIC handshakes that failed or took too long.", Event::HandshakeFailed),
    ("quic_retries", "QUIC clients that had to show where they are.", Event::QuicRetry),
    ("protocol_broken", "Requests against the rules of DNS over HTTPS or QUIC.", Event::ProtocolBroken),
    ("upstream_asked", "Questions to upstreams in all.", Event::UpstreamAsked),
    ("upstream_timeouts", "Questions to upstreams that were not answered in time.", Event::UpstreamTimeout),
    ("upstream_unmatched", "Messages from upstreams that fit no question.", Event::UpstreamUnmatched),
    ("forward_merged", "Clients that waited for a question that was under way.", Event::ForwardMerged),
    ("forward_failed", "Clients that were told that no upstream could answer.", Event::ForwardFailed),
    ("forward_stale", "Clients that got an answer that had ended.", Event::ForwardStale),
    ("forward_refused", "Clients beyond a limit on waiting questions.", Event::ForwardRefused),
    ("upstream_useless", "Answers of upstreams that were of no use.", Event::UpstreamUseless),
    ("answers_secure", "Validated answers that are secure.", Event::AnswerSecure),
    ("answers_bogus", "Validated answers that are bogus.", Event::AnswerBogus),
    ("answers_indeterminate", "Answers that could not be validated.", Event::AnswerIndeterminate),
];

fn transport(carried: Carried) -> Labels {
    vec![("transport", carried.word().to_owned())]
}

fn one(value: f64) -> [(Labels, f64); 1] {
    [(Vec::new(), value)]
}

fn plain(count: u64) -> [(Labels, u64); 1] {
    [(Vec::new(), count)]
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is counted is shown: as a counter of its own, by transport, or by the outcome of reloads.
    #[test]
    fn every_event_is_a_metric() {
        let by_outcome = [Event::ReloadsOk, Event::ReloadsFailed];
        for event in Event::ALL {
            let own = EVENTS.iter().filter(|(_, _, one)| *one == event).count();
            let by_transport = Carried::ALL.into_iter().filter(|carried| carried.asked() == event).count();
            let outcome = by_outcome.iter().filter(|one| **one == event).count();
            assert_eq!(own + by_transport + outcome, 1, "{event:?}");
        }
    }
}
