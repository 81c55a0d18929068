//! Every bound beside its figure.

use crate::figures::{Better, Results, Spread, figure};
use crate::program::Program;

/// One bound and whether it is met.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) scenario: &'static str,
    pub(crate) bound: String,
    pub(crate) figure: String,
    /// None when there is nothing to compare with.
    pub(crate) met: Option<bool>,
    /// What the echo's figure would be, where the bound is about a peer's CPU: nothing that answers can be far below.
    pub(crate) floor: Option<f64>,
    /// How sure a ratio is; see [`Spread::sure`].
    pub(crate) sure: Option<(f64, f64)>,
}

/// All bounds of the scenarios that were run.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let bounds = Bounds { results };
    let mut all = Vec::new();
    for scenario in ["hits", "mix"] {
        all.push(bounds.by_echo(scenario, 1.20));
        all.push(bounds.by_peer(scenario, 0.75));
    }
    for scenario in ["wildcard", "delegation", "chain", "mail", "million"] {
        all.push(bounds.by_peer(scenario, 0.80));
    }
    // No more than hits: what is beyond is less than two runs of the same differ.
    all.push(bounds.by_plain("flood", 1.05));
    all.push(bounds.by_plain("edns", 1.10));
    all.push(bounds.by_plain("horizons", 1.10));
    all.push(bounds.by_best("tcp", "q/s", figure::RATE, 1.2, Better::More));
    all.push(bounds.plain("idle", figure::IDLE, "MB added", 1e-6, 100.0));
    all.push(bounds.plain("memory", figure::PER_NAME, "octets a name", 1.0, 120.0));
    all.push(bounds.below_peers("memory", figure::PER_NAME, "octets a name"));
    all.push(bounds.plain("start", figure::START, "s", 1.0, 1.5));
    all.push(bounds.below_peers("start", figure::START, "s"));
    all.push(bounds.plain("change", figure::CHANGE_P99, "ms p99", 1.0, 5.0));
    all.push(bounds.plain("reloads", figure::LOST, "lost", 1.0, 0.0));
    all.push(bounds.plain("reloads", figure::MIXED, "mixed", 1.0, 0.0));
    all.push(bounds.plain("reloads", figure::P999_RATIO, "x p99.9 without", 1.0, 2.0));
    all.push(bounds.at_least("workers", figure::RATE_RATIO, "x q/s of one", 1.0));
    all.push(bounds.plain("workers", figure::CPU_RATIO, "x CPU of one", 1.0, 1.10));
    for (peer, limit) in [(Program::Unbound, 0.75), (Program::Dnsmasq, 1.0)] {
        all.push(bounds.by("cached", "CPU", figure::CPU, peer, limit));
    }
    all.push(bounds.by_peer("misses", 0.5));
    all.push(bounds.plain("cached-memory", figure::ADDED, "MB added", 1e-6, 40.0));
    all.push(bounds.by("miss-latency", "p99", figure::P99, Program::Dnsmasq, 1.0));
    all.retain(|verdict| results.has(verdict.scenario));
    all
}

struct Bounds<'a> {
    results: &'a Results,
}

impl Bounds<'_> {
    fn ours(&self, scenario: &'static str, figure: &str) -> Option<f64> {
        self.results.median(scenario, Program::Horizon, figure)
    }

    fn by_echo(&self, scenario: &'static str, limit: f64) -> Verdict {
        self.by(scenario, "CPU", figure::CPU, Program::Echo, limit)
    }

    fn by_peer(&self, scenario: &'static str, limit: f64) -> Verdict {
        let echo = self.results.against_best(scenario, Program::Echo, figure::CPU, Better::Less);
        let verdict = self.by_best(scenario, "CPU", figure::CPU, limit, Better::Less);
        Verdict { floor: echo.map(|(_, ratio)| ratio.median), ..verdict }
    }

    /// Against the peer that we do worst against.
    fn by_best(&self, scenario: &'static str, what: &str, figure: &str, limit: f64, better: Better) -> Verdict {
        let worst = self.results.against_best(scenario, Program::Horizon, figure, better);
        let of = match worst {
            Some((peer, _)) => format!("best peer ({})", peer.name()),
            None => "best peer".to_owned(),
        };
        ratio(scenario, what, worst.map(|(_, ratio)| ratio), &of, limit, better)
    }

    /// Against one other.
    fn by(&self, scenario: &'static str, what: &str, figure: &str, other: Program, limit: f64) -> Verdict {
        let value = self.results.ratio((scenario, Program::Horizon), (scenario, other), figure);
        ratio(scenario, what, value, other.name(), limit, Better::Less)
    }

    /// Against our own plain hits.
    fn by_plain(&self, scenario: &'static str, limit: f64) -> Verdict {
        let value = self.results.ratio((scenario, Program::Horizon), ("hits", Program::Horizon), figure::CPU);
        ratio(scenario, "CPU", value, "plain hits", limit, Better::Less)
    }

    fn plain(&self, scenario: &'static str, name: &str, unit: &str, scale: f64, limit: f64) -> Verdict {
        let value = self.ours(scenario, name).map(|value| value * scale);
        Verdict {
            scenario,
            bound: format!("<= {limit} {unit}"),
            figure: value.map_or("-".to_owned(), |value| format!("{value:.2}")),
            met: value.map(|value| value <= limit),
            floor: None,
            sure: None,
        }
    }

    fn at_least(&self, scenario: &'static str, name: &str, unit: &str, limit: f64) -> Verdict {
        let spread = self.results.spread(scenario, Program::Horizon, name);
        let value = spread.map(|spread| spread.median);
        Verdict {
            scenario,
            bound: format!(">= {limit} {unit}"),
            figure: value.map_or("-".to_owned(), |value| format!("{value:.2}")),
            met: value.map(|value| value >= limit),
            floor: None,
            sure: spread.and_then(|spread| spread.sure),
        }
    }

    fn below_peers(&self, scenario: &'static str, name: &str, unit: &str) -> Verdict {
        let best = self.results.least_peer(scenario, name);
        let ours = self.ours(scenario, name);
        Verdict {
            scenario,
            bound: match best {
                Some((peer, value)) => format!("below every peer (least: {}, {value:.2} {unit})", peer.name()),
                None => "below every peer".to_owned(),
            },
            figure: ours.map_or("-".to_owned(), |value| format!("{value:.2}")),
            met: ours.zip(best).map(|(ours, (_, best))| ours < best),
            floor: None,
            sure: None,
        }
    }
}

fn ratio(scenario: &'static str, what: &str, ratio: Option<Spread>, of: &str, limit: f64, better: Better) -> Verdict {
    let value = ratio.map(|ratio| ratio.median);
    let sign = if better == Better::Less { "<=" } else { ">=" };
    Verdict {
        scenario,
        bound: format!("{what} {sign} {limit:.2} x {of}"),
        figure: value.map_or("-".to_owned(), |value| format!("{value:.2} x")),
        met: value.map(|value| if better == Better::Less { value <= limit } else { value >= limit }),
        floor: None,
        sure: ratio.and_then(|ratio| ratio.sure),
    }
}
