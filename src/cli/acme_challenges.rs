//! `acme challenges`: the values that live now.

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::show;
use super::seat::ask;
use super::style::DIM;
use super::style::MAIN;
use super::table::Table;
use crate::control::ChallengesAnswer;
use crate::control::Request;
use anstyle::Style;

/// Shows them, those that go first at the top.
pub(super) fn challenges(scope: &Scope) -> Result<Exit, Failure> {
    let mut answer: ChallengesAnswer = ask(scope, &Request::AcmeChallenges)?;
    if let Some(only) = &scope.horizon {
        answer.challenges.retain(|one| one.horizons.as_ref().is_none_or(|horizons| horizons.contains(only)));
    }
    show(scope.output, &answer, text)?;
    if answer.challenges.is_empty() {
        hint("no challenge value lives; clients write one for each order and remove it afterwards");
    }
    Ok(Exit::Done)
}

fn text(answer: &ChallengesAnswer) -> String {
    let mut table = Table::new(&["NAME", "VALUE", "HORIZONS", "AGE", "LEFT"]);
    for one in &answer.challenges {
        let plain = |text: String| (Style::new(), text);
        table.row([
            (MAIN, one.owner.clone()),
            plain(format!("{}...", one.begins)),
            plain(one.horizons.as_ref().map_or_else(|| "all".to_owned(), |horizons| horizons.join(", "))),
            (DIM, format!("{} s", one.age)),
            (DIM, format!("{} s", one.left)),
        ]);
    }
    if table.is_empty() { String::new() } else { table.text() }
}
