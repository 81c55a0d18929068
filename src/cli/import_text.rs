//! What `import dnsmasq` says: verdicts on lines, and the comparison.

use super::check::many;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::HEAD;
use super::style::WARN;
use super::style::painted;
use super::table::Table;
use crate::import::Stand;
use crate::import::Verdict;
use crate::import::proof::Class;
use crate::import::proof::Meaning;
use crate::import::proof::Tally;
use anstyle::Style;
use std::collections::BTreeMap;

/// Columns of a cell: a reason is one line.
const WIDEST: usize = 140;
/// Letters of a line that are shown.
const LINE: usize = 60;

/// The verdicts: each line that became nothing, and how many of each option were understood; with `wide` each line.
pub(super) fn verdicts(verdicts: &[Verdict], wide: bool) -> String {
    let mut table = Table::new(&["FROM", "LINE", "VERDICT", "WHAT"]).up_to(WIDEST);
    let mut groups: BTreeMap<(&str, &str), Vec<&Verdict>> = BTreeMap::new();
    let mut order: Vec<(&str, &str)> = Vec::new();
    for verdict in verdicts {
        if wide || verdict.stand != Stand::Understood {
            continue;
        }
        let key = (verdict.option, verdict.what.as_str());
        if !groups.contains_key(&key) {
            order.push(key);
        }
        groups.entry(key).or_default().push(verdict);
    }
    for key in order {
        let Some(group) = groups.get(&key) else { continue };
        let (Some(first), count) = (group.first(), group.len()) else { continue };
        let line = if count == 1 { plain(&first.text, LINE) } else { format!("{} ({count} lines)", first.option) };
        row(&mut table, first, line);
    }
    for stand in [Stand::Understood, Stand::Otherwise, Stand::Refused] {
        for verdict in verdicts.iter().filter(|verdict| verdict.stand == stand && (wide || stand != Stand::Understood))
        {
            row(&mut table, verdict, plain(&verdict.text, LINE));
        }
    }
    if table.is_empty() { String::new() } else { table.text() }
}

fn row(table: &mut Table, verdict: &Verdict, line: String) {
    let style = match verdict.stand {
        Stand::Understood => GOOD,
        Stand::Otherwise => DIM,
        Stand::Refused => WARN,
    };
    let none = Style::new();
    let from = plain(&verdict.origin.to_string(), WIDEST);
    table.row([(DIM, from), (none, line), (style, verdict.stand.to_string()), (none, plain(&verdict.what, WIDEST))]);
}

/// The comparison: each kind of difference with its reason, how often, and examples.
pub(super) fn tally(tally: &Tally, wide: bool) -> String {
    let mut text = painted(HEAD, &format!("{} compared: {} alike", many(tally.asked, "question"), tally.same)) + "\n";
    for class in &tally.classes {
        let (style, word) = match class.difference.meaning {
            Meaning::Fault => (BAD, "fault"),
            Meaning::Change => (WARN, "change"),
            Meaning::Expected => (GOOD, "expected fix"),
            Meaning::Unanswered => (DIM, "not compared"),
        };
        let head = painted(style, &format!("{word} {}", class.difference.code));
        text.push_str(&format!("{head}: {} ({})\n", class.difference.reason, many(class.count, "question")));
        examples(&mut text, class, wide);
    }
    if tally.skipped > 0 {
        let what = many(tally.skipped, "question");
        text.push_str(&painted(
            DIM,
            &format!(
                "not compared: {what} about names that are forwarded; `--new ADDRESS` compares a server that runs"
            ),
        ));
        text.push('\n');
    }
    text
}

fn examples(text: &mut String, class: &Class, wide: bool) {
    let most = match class.difference.meaning {
        Meaning::Fault => usize::MAX,
        _ if wide => usize::MAX,
        _ => 2,
    };
    for example in class.examples.iter().take(most) {
        let (old, new) = (plain(&example.old, WIDEST), plain(&example.new, WIDEST));
        text.push_str(&format!("  {}: {old} -> {new}\n", plain(&example.question, WIDEST)));
    }
}

/// A text of somebody else for a terminal: no control characters, not too long.
fn plain(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}
