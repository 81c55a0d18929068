//! A change from its plan to its id: shown, judged, asked about where there is something to ask, made.

use super::arguments::Making;
use super::arguments::Scope;
use super::author::author;
use super::check::many;
use super::clock::date;
use super::exit::Exit;
use super::exit::Failure;
use super::plan_text::is_empty;
use super::plan_text::plan_text;
use super::prompt;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::errand;
use super::style::GOOD;
use super::style::painted;
use crate::control::ChangeAnswer;
use crate::control::ChangeRequest;
use crate::control::Errand;
use crate::edit::Order;
use crate::finding::Severity;

/// What is to be changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    pub(super) orders: Vec<Order>,
    /// The orders of the draft come first.
    pub(super) draft: bool,
    /// The state that it was decided on.
    pub(super) base: Option<String>,
}

/// Plans a change, shows the plan, and makes it if nothing stands against it.
pub(super) fn make(scope: &Scope, making: &Making, wish: &Wish) -> Result<Exit, Failure> {
    let plan = plan(scope, making, wish)?;
    tell(&plan, scope.output);
    if let Some(exit) = stop(scope, making, &plan)? {
        return Ok(exit);
    }
    commit(scope, making, wish, &plan)
}

/// What a change would do.
///
/// # Errors
/// What stands against it, such as a state that is no longer the wish's base.
pub(super) fn plan(scope: &Scope, making: &Making, wish: &Wish) -> Result<ChangeAnswer, Failure> {
    errand(scope, Errand::Change(request(making, wish, wish.base.clone(), true)))
}

/// Shows a plan on stderr: it is talk before the deed.
pub(super) fn tell(plan: &ChangeAnswer, output: Output) {
    let text = plan_text(plan, output == Output::Wide);
    if !text.is_empty() {
        say(text.trim_end());
    }
}

/// Why a plan is not made, as an exit code: nothing to do, only asked for, or not allowed.
pub(super) fn stop(scope: &Scope, making: &Making, plan: &ChangeAnswer) -> Result<Option<Exit>, Failure> {
    if is_empty(plan) {
        say("nothing to change: it is so already");
        show(scope.output, plan, |_| String::new())?;
        return Ok(Some(Exit::Done));
    }
    if plan.findings.iter().any(|finding| finding.severity == Severity::Error) {
        say("refused: correct what is named above; nothing was changed");
        show(scope.output, plan, |_| String::new())?;
        return Ok(Some(Exit::CheckFailed));
    }
    if making.dry_run {
        say("nothing was changed: this was only the plan");
        show(scope.output, plan, |_| String::new())?;
        return Ok(Some(Exit::Pending));
    }
    let warnings = plan.findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    if warnings == 0 || making.yes {
        return Ok(None);
    }
    let warnings = many(warnings, "new warning");
    if prompt::somebody_there() {
        if prompt::yes(&format!("{warnings}; apply?")) {
            return Ok(None);
        }
        say("nothing was changed");
        return Ok(Some(Exit::CheckFailed));
    }
    say(&format!("refused: {warnings}; nothing was changed"));
    hint("with `--yes` it is changed all the same");
    show(scope.output, plan, |_| String::new())?;
    Ok(Some(Exit::CheckFailed))
}

/// Makes what was planned, on the very state that it was planned on.
pub(super) fn commit(scope: &Scope, making: &Making, wish: &Wish, plan: &ChangeAnswer) -> Result<Exit, Failure> {
    let mut request = request(making, wish, Some(plan.base.clone()), false);
    // Whoever gets here has seen the warnings and said yes.
    request.yes = true;
    let answer: ChangeAnswer = errand(scope, Errand::Change(request))?;
    show(scope.output, &answer, |answer| answer.id.map_or(String::new(), |id| format!("change {id}\n")))?;
    let Some(id) = answer.id else {
        say("nothing to change: it is so already");
        return Ok(Exit::Done);
    };
    let served = answer.served_after.map_or(String::new(), |micros| format!(", served after {}", milliseconds(micros)));
    match (answer.verified, answer.served_after) {
        (true, _) => say(&format!("{}{served}", painted(GOOD, "verified on the wire"))),
        (false, Some(_)) => say("written; clients get what they got before, so nothing was asked for on the wire"),
        (false, None) => say("no server runs: written to the files, not verified on the wire"),
    }
    if let Some(at) = answer.reverts_at {
        let by_whom = if answer.served_after.is_some() { "" } else { ", by the server once it runs," };
        say(&format!("it is taken back at {}{by_whom} unless you say `zonectl confirm {id}`", date(at)));
    }
    Ok(Exit::Done)
}

/// What is asked of the one who edits.
pub(super) fn request(making: &Making, wish: &Wish, base: Option<String>, dry: bool) -> ChangeRequest {
    ChangeRequest {
        orders: wish.orders.clone(),
        draft: wish.draft,
        dry,
        yes: making.yes,
        by: author(),
        reason: making.message.clone(),
        confirm: making.confirm.map(u64::from),
        base,
    }
}

fn milliseconds(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}
