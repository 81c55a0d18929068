//! A planned or made change as text: `+` and `-` lines of each RRset, what the checks say, and whom it touches.

use super::check::line;
use super::check::many;
use super::span::last;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::HEAD;
use super::style::painted;
use crate::control::ChangeAnswer;
use crate::control::FileShown;
use crate::control::Impact;
use crate::control::SetChange;
use crate::finding::Severity;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write;

/// RRsets and names that are shown unless all are asked for.
const SETS: usize = 100;
const NAMES: usize = 10;

/// The whole plan, its lines complete.
pub(super) fn plan_text(answer: &ChangeAnswer, wide: bool) -> String {
    let mut text = String::new();
    let sets = names_first(&answer.sets);
    let (sets, more) = cut(&sets, SETS, wide);
    sets.iter().for_each(|set| push_set(&mut text, set, wide));
    push_more(&mut text, more, "record set");
    // What changes no record, such as a comment, is in no set.
    if wide || answer.sets.is_empty() {
        answer.files.iter().for_each(|file| push_file(&mut text, file));
    }
    let told = answer.findings.iter().filter(|finding| wide || finding.severity > Severity::Info);
    told.for_each(|finding| text.push_str(&line(finding)));
    if !is_empty(answer) {
        text.push_str(&sentence(answer));
        text.push('\n');
    }
    if let Some(impact) = &answer.impact {
        push_names(&mut text, impact, wide);
    }
    text
}

/// Reverse records stand behind the names that they follow.
fn names_first(sets: &[SetChange]) -> Vec<&SetChange> {
    let (pointers, names): (Vec<_>, Vec<_>) = sets.iter().partition(|set| set.rtype == "PTR");
    names.into_iter().chain(pointers).collect()
}

/// True when it changes nothing at all.
pub(super) fn is_empty(answer: &ChangeAnswer) -> bool {
    answer.sets.is_empty() && answer.files.is_empty()
}

/// One change in a few words, for a line of the log.
pub(super) fn summary(sets: &[SetChange]) -> String {
    match names_first(sets).as_slice() {
        [] => "comments or layout only".to_owned(),
        [one] => set_summary(one),
        [first, rest @ ..] => format!("{}; {} more", set_summary(first), rest.len()),
    }
}

/// `app.x. A: 10.0.0.5 -> 10.0.0.6`
fn set_summary(set: &SetChange) -> String {
    let head = format!("{} {}", plain(&set.name), set.rtype);
    let data = |records: &[String]| {
        let data: Vec<&str> =
            records.iter().map(|record| record.split_once(' ').map_or(record.as_str(), |(_, data)| data)).collect();
        plain(&data.join(", "))
    };
    match (set.before.is_empty(), set.after.is_empty()) {
        (true, _) => format!("{head}: + {}", data(&set.after)),
        (_, true) => format!("{head}: - {}", data(&set.before)),
        _ if data(&set.before) == data(&set.after) => format!("{head}: other TTL"),
        _ => format!("{head}: {} -> {}", data(&set.before), data(&set.after)),
    }
}

/// `3 records change; 41 names asked in the last hour get another answer, 2 of them become NXDOMAIN`
fn sentence(answer: &ChangeAnswer) -> String {
    let records: usize = answer.sets.iter().map(changed_records).sum();
    let mut text = match records {
        0 => "no record changes".to_owned(),
        1 => "1 record changes".to_owned(),
        _ => format!("{records} records change"),
    };
    let Some(impact) = &answer.impact else { return text };
    let span = last(impact.seconds);
    let names: BTreeSet<_> = impact.differ.iter().map(|name| (&name.horizon, &name.name)).collect();
    let gone = impact.differ.iter().filter(|name| name.after == "NXDOMAIN" && name.before != "NXDOMAIN");
    let gone: BTreeSet<_> = gone.map(|name| (&name.horizon, &name.name)).collect();
    // Writing into a string does not fail.
    let _ = match (impact.known, names.len()) {
        (0, _) => write!(text, "; nobody asked anything in {span}"),
        (1, 0) => write!(text, "; the only question of {span} gets the same answer"),
        (known, 0) => {
            let questions = many(known, "question");
            write!(text, "; none of the {questions} of {span} gets another answer")
        }
        (_, 1) => write!(text, "; 1 name asked in {span} gets another answer"),
        (_, names) => write!(text, "; {names} names asked in {span} get another answer"),
    };
    let _ = match (gone.len(), names.len()) {
        (0, _) => Ok(()),
        (1, 1) => write!(text, " and becomes NXDOMAIN"),
        (1, _) => write!(text, ", 1 of them becomes NXDOMAIN"),
        (gone, names) if gone == names => write!(text, " and become NXDOMAIN"),
        (gone, _) => write!(text, ", {gone} of them become NXDOMAIN"),
    };
    text
}

/// A record whose data or TTL is another one counts once, not as one that goes and one that comes.
fn changed_records(set: &SetChange) -> usize {
    let (gone, new) = differing(set);
    gone.len().max(new.len())
}

fn differing(set: &SetChange) -> (Vec<&String>, Vec<&String>) {
    let only = |these: &'_ Vec<String>, those: &[String]| -> Vec<usize> {
        (0..these.len()).filter(|at| !those.contains(&these[*at])).collect()
    };
    let gone = only(&set.before, &set.after).into_iter().map(|at| &set.before[at]).collect();
    let new = only(&set.after, &set.before).into_iter().map(|at| &set.after[at]).collect();
    (gone, new)
}

/// One RRset with all that changes in it, its lines complete.
pub(super) fn set_lines(set: &SetChange) -> String {
    let mut text = String::new();
    push_set(&mut text, set, false);
    text
}

fn push_set(text: &mut String, set: &SetChange, wide: bool) {
    let head = format!("{} {}", plain(&set.name), set.rtype);
    let _ = write!(text, "{} in {}", painted(HEAD, &head), set.horizon);
    if let Some(source) = &set.overrides {
        let _ = write!(
            text,
            " {}",
            painted(DIM, &format!("(takes the place of the generated one from {})", plain(source)))
        );
    }
    text.push('\n');
    let (gone, new) = differing(set);
    for record in &set.before {
        if gone.contains(&record) {
            let _ = writeln!(text, "{}", painted(BAD, &format!("  - {}", plain(record))));
        } else if wide {
            let _ = writeln!(text, "    {}", plain(record));
        }
    }
    for record in new {
        let _ = writeln!(text, "{}", painted(GOOD, &format!("  + {}", plain(record))));
    }
}

pub(super) fn push_file(text: &mut String, file: &FileShown) {
    let _ = writeln!(text, "{}", painted(HEAD, &file.file));
    for line in file.diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            _ => DIM,
        };
        let _ = writeln!(text, "{}", painted(style, &plain(line)));
    }
}

/// The names with other answers, those that are gone first.
fn push_names(text: &mut String, impact: &Impact, wide: bool) {
    let mut names: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for one in &impact.differ {
        let change = match one.before == one.after {
            true => "other records".to_owned(),
            false => format!("{} -> {}", one.before, one.after),
        };
        let kept = one.after != "NXDOMAIN" || one.before == "NXDOMAIN";
        names.entry((kept, &one.name, &one.horizon, change)).or_default().push(&one.rtype);
    }
    let names: Vec<_> = names.into_iter().collect();
    let (shown, more) = cut(&names, NAMES, wide);
    for ((kept, name, horizon, change), types) in shown {
        let style = if *kept { DIM } else { BAD };
        let row = format!("  {} {} in {horizon}: {change}", plain(name), types.join(", "));
        let _ = writeln!(text, "{}", painted(style, &row));
    }
    push_more(text, more, "name");
}

fn cut<T>(all: &[T], most: usize, wide: bool) -> (&[T], usize) {
    let shown = if wide { all.len() } else { all.len().min(most) };
    (&all[..shown], all.len() - shown)
}

fn push_more(text: &mut String, more: usize, what: &str) {
    if more > 0 {
        let _ = writeln!(text, "{}", painted(DIM, &format!("  and {} more; `-o wide` shows all", many(more, what))));
    }
}

/// Zone text may hold anything; a terminal must not be told to do something by it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::ImpactName;
    use crate::finding::Finding;

    fn set(name: &str, before: &[&str], after: &[&str]) -> SetChange {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        SetChange {
            horizon: "internal".to_owned(),
            zone: "x.".to_owned(),
            name: name.to_owned(),
            rtype: "A".to_owned(),
            before: texts(before),
            after: texts(after),
            overrides: None,
        }
    }

    fn answer(sets: Vec<SetChange>) -> ChangeAnswer {
        ChangeAnswer {
            id: None,
            base: "b".to_owned(),
            sets,
            files: Vec::new(),
            findings: Vec::new(),
            impact: None,
            verified: false,
            reverts_at: None,
            served_after: None,
        }
    }

    fn text(answer: &ChangeAnswer, wide: bool) -> String {
        anstream::adapter::strip_str(&plan_text(answer, wide)).to_string()
    }

    fn asked(name: &str, before: &str, after: &str) -> ImpactName {
        let [horizon, name, rtype, before, after] = ["internal", name, "A", before, after].map(str::to_owned);
        ImpactName { horizon, name, rtype, before, after }
    }

    /// Every record that goes or comes has a line, and so has what the checks say; what stays shows only when wide.
    #[test]
    fn a_plan_shows_each_record() {
        let mut answer = answer(vec![
            set("app.x.", &["60 10.0.0.5", "60 10.0.0.6"], &["60 10.0.0.6", "60 10.0.0.7"]),
            set("new.x.", &[], &["300 10.0.0.8"]),
        ]);
        answer.sets[1].overrides = Some("lxc/103 name".to_owned());
        let finding = Finding::new("LOW_TTL", Severity::Warning, "app.x.", "a TTL of 0", "set one");
        answer.findings.push(finding.clone());
        let expected = "\
app.x. A in internal
  - 60 10.0.0.5
  + 60 10.0.0.7
new.x. A in internal (takes the place of the generated one from lxc/103 name)
  + 300 10.0.0.8
warning LOW_TTL app.x.: a TTL of 0; set one
2 records change
";
        assert_eq!(text(&answer, false), expected);
        assert_eq!(text(&answer, true), expected.replace("  + 60 10.0.0.7", "    60 10.0.0.6\n  + 60 10.0.0.7"));
    }

    /// A change of comments shows the lines of the file; nothing at all shows nothing.
    #[test]
    fn a_change_of_no_record_shows_the_file() {
        let mut answer = answer(Vec::new());
        assert_eq!(text(&answer, false), "");
        answer.files.push(FileShown { file: "x.zone".to_owned(), diff: "-; old\n+; new\x1b[2J\n".to_owned() });
        assert_eq!(text(&answer, false), "x.zone\n-; old\n+; new?[2J\nno record changes\n");
        assert!(!is_empty(&answer));
    }

    /// The sentence about real questions is right for none, one and many, and the lost names come first.
    #[test]
    fn the_impact_is_told_in_a_sentence() {
        type Case<'a> = (&'a str, usize, &'a [(&'a str, &'a str, &'a str)], &'a str);
        let table: [Case<'_>; 5] = [
            ("nothing known", 0, &[], "1 record changes; nobody asked anything in the last hour"),
            ("none", 7, &[], "1 record changes; none of the 7 questions of the last hour gets another answer"),
            (
                "one",
                7,
                &[("a.", "NOERROR", "NOERROR")],
                "1 record changes; 1 name asked in the last hour gets another answer\n  a. A in internal: other records",
            ),
            (
                "one, lost",
                7,
                &[("a.", "NOERROR", "NXDOMAIN")],
                "1 record changes; 1 name asked in the last hour gets another answer and becomes NXDOMAIN\n  \
                 a. A in internal: NOERROR -> NXDOMAIN",
            ),
            (
                "two, one lost",
                7,
                &[("a.", "NOERROR", "NODATA"), ("b.", "NOERROR", "NXDOMAIN")],
                "1 record changes; 2 names asked in the last hour get another answer, 1 of them becomes NXDOMAIN\n  \
                 b. A in internal: NOERROR -> NXDOMAIN\n  a. A in internal: NOERROR -> NODATA",
            ),
        ];
        for (why, known, names, expected) in table {
            let differ = names.iter().map(|(name, before, after)| asked(name, before, after)).collect();
            let mut answer = answer(vec![set("a.", &["60 10.0.0.5"], &["60 10.0.0.6"])]);
            answer.impact = Some(Impact { seconds: 3600, known, differ });
            let text = text(&answer, false);
            assert!(text.ends_with(&format!("{expected}\n")), "{why}: {text}");
        }
        let differ = (0..25).map(|number| asked(&format!("n{number:02}."), "NOERROR", "NXDOMAIN")).collect();
        let mut many = answer(vec![set("a.", &[], &["60 10.0.0.6"])]);
        many.impact = Some(Impact { seconds: 900, known: 99, differ });
        let short = text(&many, false);
        assert!(short.contains("25 names asked in the last 15 minutes get another answer and become NXDOMAIN"));
        assert!(short.ends_with("n09. A in internal: NOERROR -> NXDOMAIN\n  and 15 names more; `-o wide` shows all\n"));
        assert!(text(&many, true).ends_with("n24. A in internal: NOERROR -> NXDOMAIN\n"));
    }

    /// The log has a line for each change.
    #[test]
    fn changes_are_summed_up() {
        let table: [(&[&str], &[&str], &str); 4] = [
            (&[], &["60 10.0.0.5", "60 10.0.0.6"], "app.x. A: + 10.0.0.5, 10.0.0.6"),
            (&["60 10.0.0.5"], &[], "app.x. A: - 10.0.0.5"),
            (&["60 10.0.0.5"], &["60 10.0.0.6"], "app.x. A: 10.0.0.5 -> 10.0.0.6"),
            (&["60 10.0.0.5"], &["300 10.0.0.5"], "app.x. A: other TTL"),
        ];
        for (before, after, expected) in table {
            assert_eq!(summary(&[set("app.x.", before, after)]), expected);
        }
        let mut two = [set("a.", &[], &["1 x"]), set("b.", &[], &["1 x"])];
        assert_eq!(summary(&two), "a. A: + x; 1 more");
        two[0].rtype = "PTR".to_owned();
        assert_eq!(summary(&two), "b. A: + x; 1 more", "names before what leads back to them");
        assert_eq!(summary(&[]), "comments or layout only");
    }
}
