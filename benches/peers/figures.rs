//! What was measured: figures by name, for each scenario and server, a sample a round.

use crate::program::Program;
use std::collections::BTreeMap;

/// Figures of one round.
pub(crate) type Sample = BTreeMap<&'static str, f64>;

/// Names of figures, with their units.
pub(crate) mod figure {
    pub(crate) const CPU: &str = "us_per_query";
    pub(crate) const RATE: &str = "queries_per_second";
    pub(crate) const LOST: &str = "lost";
    pub(crate) const WRONG: &str = "wrong";
    pub(crate) const MIXED: &str = "mixed";
    /// CPU time by wall time: near 1, the server's core is the limit.
    pub(crate) const BUSY: &str = "busy";
    pub(crate) const P50: &str = "p50_us";
    pub(crate) const P99: &str = "p99_us";
    pub(crate) const P999: &str = "p999_us";
    pub(crate) const RESIDENT: &str = "resident_octets";
    pub(crate) const PROPORTIONAL: &str = "proportional_octets";
    pub(crate) const START: &str = "start_seconds";
    pub(crate) const DNSPERF_CPU: &str = "dnsperf_us_per_query";
    pub(crate) const DNSPERF_LOST: &str = "dnsperf_lost";
    /// Resident octets that kept answers added.
    pub(crate) const ADDED: &str = "added_octets";
    /// Resident octets that idle connections added.
    pub(crate) const IDLE: &str = "idle_octets";
    pub(crate) const PER_NAME: &str = "octets_per_name";
    pub(crate) const CHANGE_P50: &str = "change_p50_ms";
    pub(crate) const CHANGE_P99: &str = "change_p99_ms";
    /// From the command to its acknowledgement: on the disk and verified.
    pub(crate) const ACK_P50: &str = "acknowledged_p50_ms";
    pub(crate) const ACK_P99: &str = "acknowledged_p99_ms";
    pub(crate) const RELOAD: &str = "reload_ms";
    pub(crate) const P999_RATIO: &str = "p999_ratio";
    pub(crate) const RATE_RATIO: &str = "rate_ratio";
    pub(crate) const CPU_RATIO: &str = "cpu_ratio";
}

/// One server in one scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// By round.
    pub(crate) samples: BTreeMap<usize, Sample>,
    /// Why there is no figure, or what went wrong.
    pub(crate) notes: Vec<String>,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    all: BTreeMap<(&'static str, Program), Outcome>,
}

/// A figure over all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// Where the median of endlessly many would be found in 19 runs of 20, by the order of the values alone; none of fewer
    /// than six values.
    pub(crate) sure: Option<(f64, f64)>,
}

/// One server in one scenario.
pub(crate) type Subject = (&'static str, Program);

impl Spread {
    /// None of no value.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        // The sign test: of values on either side of the median, as many as of a coin's.
        let beyond = (values.len() as f64 - 1.96 * (values.len() as f64).sqrt()) / 2.0;
        let sure = (beyond >= 0.5).then(|| (values[beyond as usize], values[values.len() - 1 - beyond as usize]));
        Some(Spread { median, least, most, sure })
    }
}

/// Which is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

impl Results {
    pub(crate) fn add(&mut self, scenario: &'static str, program: Program, round: usize, sample: Sample) {
        self.all.entry((scenario, program)).or_default().samples.insert(round, sample);
    }

    /// Notes why something is missing or wrong, once.
    pub(crate) fn note(&mut self, scenario: &'static str, program: Program, note: String) {
        let notes = &mut self.all.entry((scenario, program)).or_default().notes;
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Notes what was wrong with an answer, unless one was noted before: one shows what to look for.
    pub(crate) fn note_fault(&mut self, scenario: &'static str, program: Program, fault: &str) {
        const FIRST: &str = "first fault: ";
        let notes = &mut self.all.entry((scenario, program)).or_default().notes;
        if !notes.iter().any(|note| note.starts_with(FIRST)) {
            notes.push(format!("{FIRST}{fault}"));
        }
    }

    pub(crate) fn outcome(&self, scenario: &'static str, program: Program) -> Option<&Outcome> {
        self.all.get(&(scenario, program))
    }

    /// Scenarios that have any outcome.
    pub(crate) fn has(&self, scenario: &str) -> bool {
        self.all.keys().any(|(known, _)| *known == scenario)
    }

    pub(crate) fn spread(&self, scenario: &'static str, program: Program, figure: &str) -> Option<Spread> {
        let samples = &self.outcome(scenario, program)?.samples;
        Spread::of(samples.values().filter_map(|sample| sample.get(figure).copied()).collect())
    }

    pub(crate) fn median(&self, scenario: &'static str, program: Program, figure: &str) -> Option<f64> {
        self.spread(scenario, program, figure).map(|spread| spread.median)
    }

    /// How often the other's figure this one's is: the median over the rounds in which both were measured, so that what
    /// slows the whole machine for a while weighs on both.
    pub(crate) fn ratio(&self, ours: Subject, theirs: Subject, figure: &str) -> Option<Spread> {
        let theirs = &self.outcome(theirs.0, theirs.1)?.samples;
        let ratios = self.outcome(ours.0, ours.1)?.samples.iter().filter_map(|(round, sample)| {
            let other = theirs.get(round)?.get(figure)?;
            Some(sample.get(figure)? / other)
        });
        Spread::of(ratios.collect())
    }

    /// The peer that this one does worst against, and the ratio.
    pub(crate) fn against_best(
        &self,
        scenario: &'static str,
        program: Program,
        figure: &str,
        better: Better,
    ) -> Option<(Program, Spread)> {
        let peers = crate::program::ALL.into_iter().filter(|program| program.is_peer());
        let ratios = peers.filter_map(|peer| Some((peer, self.ratio((scenario, program), (scenario, peer), figure)?)));
        match better {
            Better::Less => ratios.max_by(|a, b| a.1.median.total_cmp(&b.1.median)),
            Better::More => ratios.min_by(|a, b| a.1.median.total_cmp(&b.1.median)),
        }
    }

    /// The peer with the least median.
    pub(crate) fn least_peer(&self, scenario: &'static str, figure: &str) -> Option<(Program, f64)> {
        let peers = crate::program::ALL.into_iter().filter(|program| program.is_peer());
        let medians = peers.filter_map(|peer| Some((peer, self.median(scenario, peer, figure)?)));
        medians.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}
