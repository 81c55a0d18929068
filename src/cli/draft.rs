//! `begin`, `diff` without horizons, `commit`, `abort`: several edits as one change.

use super::arguments::Making;
use super::arguments::Scope;
use super::author::author;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::make::Wish;
use super::make::make;
use super::make::tell;
use super::plan_text::plan_text;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::errand;
use crate::control::DraftAnswer;
use crate::control::DraftStep;
use crate::control::Errand;
use crate::edit::Order;

/// The code of the refusal when there is no draft.
const NO_DRAFT: &str = "NO_DRAFT";

/// This person's draft, if one is open.
pub(super) fn open(scope: &Scope) -> Result<Option<DraftAnswer>, Failure> {
    match step(scope, DraftStep::Show) {
        Ok(draft) => Ok(Some(draft)),
        Err(failure) if failure.code.as_deref() == Some(NO_DRAFT) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Adds an edit to the open draft and shows what all of it comes to.
pub(super) fn add(scope: &Scope, making: &Making, order: Order) -> Result<Exit, Failure> {
    let draft = step(scope, DraftStep::Add { orders: vec![order] })?;
    if let Some(plan) = &draft.plan {
        tell(plan, scope.output);
    }
    show(scope.output, &draft, |_| String::new())?;
    say(&format!("added to your draft, which has {}; nothing was changed yet", many(draft.orders.len(), "edit")));
    if making.message.is_some() || making.confirm.is_some() {
        hint("say `--message` and `--confirm` with `zonectl commit`");
    }
    hint("`zonectl commit` makes it one change, `zonectl abort` drops it");
    Ok(Exit::Done)
}

/// Opens a draft.
pub(super) fn begin(scope: &Scope) -> Result<Exit, Failure> {
    let draft = step(scope, DraftStep::Begin)?;
    show(scope.output, &draft, |_| String::new())?;
    say("your set, add, rm and mv now wait in a draft");
    hint("`zonectl diff` shows it, `zonectl commit` makes it one change, `zonectl abort` drops it");
    Ok(Exit::Done)
}

/// Shows what the open draft changes.
pub(super) fn draft_diff(scope: &Scope) -> Result<Exit, Failure> {
    let Some(draft) = open(scope)? else {
        let line = "no draft is open; `zonectl begin` opens one, `zonectl diff LEFT RIGHT` compares horizons";
        return Err(Failure::new(Exit::Error, line));
    };
    let wide = scope.output == Output::Wide;
    show(scope.output, &draft, |draft| draft.plan.as_ref().map_or(String::new(), |plan| plan_text(plan, wide)))?;
    match draft.orders.len() {
        0 => say("your draft is empty: `zonectl set`, `add`, `rm` and `mv` add to it"),
        edits => say(&format!("your draft has {}", many(edits, "edit"))),
    }
    Ok(Exit::Done)
}

/// Makes the draft a change.
pub(super) fn commit(scope: &Scope, making: &Making) -> Result<Exit, Failure> {
    let exit = make(scope, making, &Wish { draft: true, ..Wish::default() })?;
    if exit != Exit::Done {
        hint("your draft is as it was: `zonectl diff` shows it, `zonectl abort` drops it");
    } else if open(scope)?.is_some() {
        // Nothing was to be changed, so no change has closed it.
        step(scope, DraftStep::Abort)?;
        say("your draft is closed");
    }
    Ok(exit)
}

/// Drops the draft.
pub(super) fn abort(scope: &Scope) -> Result<Exit, Failure> {
    let draft = step(scope, DraftStep::Abort)?;
    show(scope.output, &draft, |_| String::new())?;
    say(&format!("dropped your draft with {}; nothing was changed", many(draft.orders.len(), "edit")));
    Ok(Exit::Done)
}

fn step(scope: &Scope, step: DraftStep) -> Result<DraftAnswer, Failure> {
    errand(scope, Errand::Draft { by: author(), step })
}
