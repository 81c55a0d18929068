//! The plot for the README: CPU a query by scenario and server, as multiples of the echo's.
//!
//! Written by hand, so that it is small and reads well on light and dark pages alike.

use crate::figures::{Results, figure};
use crate::program::{self, Program};
use crate::scenario;
use std::fmt::Write as _;

const COLUMNS: usize = 2;
const PANEL: f64 = 430.0;
const BAR: f64 = 17.0;
const LABEL: f64 = 72.0;
/// No bar is longer than so many echoes: one server that is far off must not make all others look alike.
const LONGEST: f64 = 8.0;
/// What is left for the number behind the longest bar.
const NUMBER: f64 = 56.0;
const GAP: f64 = 30.0;
const TOP: f64 = 64.0;
/// Between rows of panels.
const SPACE: f64 = 14.0;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#6e7b8a}\
.title{font-weight:600;font-size:13px}\
.head{font-weight:600;font-size:15px}\
.ours{fill:#d9622b}.peer{fill:#7a93b8}.echo{fill:#9aa3ad}\
text.ours{fill:#d9622b;font-weight:600}\
@media(prefers-color-scheme:dark){text{fill:#a9b4c0}text.ours{fill:#f0824f}.ours{fill:#f0824f}.peer{fill:#6f8fbf}.echo{fill:#6e7681}}";

/// The plot of the scenarios over UDP that were measured.
pub(crate) fn svg(results: &Results) -> String {
    let panels: Vec<_> = scenario::all()
        .filter(|scenario| results.median(scenario.name, Program::Echo, figure::CPU).is_some())
        .collect();
    let height = 24.0 + program::ALL.len() as f64 * BAR;
    let rows = panels.len().div_ceil(COLUMNS);
    let (wide, high) = (PANEL * COLUMNS as f64 + GAP, TOP + rows as f64 * (height + SPACE));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" role=\"img\">\
         <title>CPU a query, as a multiple of an echo's</title><style>{STYLE}</style>\n\
         <text class=\"head\" x=\"4\" y=\"22\">CPU a query, as a multiple of an echo's on the same machine</text>\
         <text x=\"4\" y=\"40\">one worker on one core, saturated over loopback; shorter is better</text>\n"
    );
    for (index, panel) in panels.iter().enumerate() {
        let x = (index % COLUMNS) as f64 * (PANEL + GAP);
        let y = TOP + (index / COLUMNS) as f64 * (height + SPACE);
        let _ = write!(
            text,
            "<g transform=\"translate({x} {y})\"><text class=\"title\" x=\"4\" y=\"12\">{}</text>",
            panel.title
        );
        let bars: Vec<_> = program::ALL
            .iter()
            .filter_map(|program| {
                let ratio = results.ratio((panel.name, *program), (panel.name, Program::Echo), figure::CPU)?.median;
                Some((*program, ratio))
            })
            .collect();
        let longest = bars.iter().map(|(_, value)| value.min(LONGEST)).fold(1.0, f64::max);
        for (at, (program, value)) in bars.iter().enumerate() {
            let class = match program {
                Program::Horizon => "ours",
                Program::Echo => "echo",
                _ => "peer",
            };
            let y = 22.0 + at as f64 * BAR;
            let length = value.min(LONGEST) / longest * (PANEL - LABEL - NUMBER);
            // What is cut off is not told to the hundredth, or it would not fit beside its bar.
            let number = if *value > LONGEST { format!("\u{bb} {value:.0}") } else { format!("{value:.2}") };
            let _ = write!(
                text,
                "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
                 <rect class=\"{class}\" x=\"{LABEL}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{}\" rx=\"2\"/>\
                 <text class=\"{class}\" x=\"{:.1}\" y=\"{}\">{number}</text>",
                LABEL - 6.0,
                y + 10.5,
                program.name(),
                BAR - 5.0,
                LABEL + length + 5.0,
                y + 10.5,
            );
        }
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    text
}
