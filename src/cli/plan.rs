//! `plan`, `apply`, `import`: zone files from elsewhere.

use super::arguments::Making;
use super::arguments::Scope;
use super::author::author;
use super::clock::date;
use super::exit::Exit;
use super::exit::Failure;
use super::make;
use super::make::Wish;
use super::plan_file::PlanFile;
use super::plan_text::is_empty;
use super::plan_text::plan_text;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::errand;
use super::span::now;
use super::zone_texts::origin_of;
use super::zone_texts::text;
use super::zone_texts::texts;
use crate::control::Errand;
use crate::control::TextAnswer;
use crate::edit::Order;
use crate::finding::Severity;
use std::path::Path;

/// The code of the refusal when a zone has no file.
const NO_ZONE: &str = "NO_ZONE";

/// Shows what zone files from elsewhere would change, and keeps the plan if told so.
pub(super) fn plan(scope: &Scope, file: &Path, out: Option<&Path>) -> Result<Exit, Failure> {
    let wish = Wish { orders: texts(scope, file)?, ..Wish::default() };
    let plan = make::plan(scope, &Making::default(), &wish)?;
    show(scope.output, &plan, |plan| plan_text(plan, scope.output == Output::Wide))?;
    let refused = plan.findings.iter().any(|finding| finding.severity == Severity::Error);
    let empty = is_empty(&plan);
    if let Some(out) = out.filter(|_| !refused) {
        PlanFile::new(author(), now(), wish.orders, plan).write(out)?;
        if !empty {
            hint(&format!("`zonectl apply {}` makes exactly this, or is refused", out.display()));
        }
    }
    if refused {
        say("this would be refused: correct what is named above");
        return Ok(Exit::CheckFailed);
    }
    if empty {
        say("nothing to change: it is so already");
    }
    Ok(if empty { Exit::Done } else { Exit::Pending })
}

/// Makes a plan that was kept, or zone files from elsewhere, true.
pub(super) fn apply(scope: &Scope, plan: Option<&Path>, file: Option<&Path>, making: &Making) -> Result<Exit, Failure> {
    let wish = match (plan, file) {
        (Some(path), _) => {
            let kept = PlanFile::read(path)?;
            say(&format!("planned by {} at {}", kept.by.user, date(kept.at)));
            Wish { orders: kept.orders, base: Some(kept.base), draft: false }
        }
        (None, Some(file)) => Wish { orders: texts(scope, file)?, ..Wish::default() },
        (None, None) => {
            return Err(Failure::new(
                Exit::Error,
                "apply what? name a file of `zonectl plan --out`, or zone files with `-f`",
            ));
        }
    };
    make::make(scope, making, &wish)
}

/// Makes a zone file of elsewhere the content of a zone.
pub(super) fn import(scope: &Scope, file: &Path, zone: Option<&str>, making: &Making) -> Result<Exit, Failure> {
    let zone = match zone {
        Some(zone) => zone.to_owned(),
        None => origin_of(file)?,
    };
    // A file that is not there is the nearest reason.
    let mut order = text(file, &zone, "")?;
    // Says which horizon is meant, or that several are.
    let question = Errand::Text { zone: zone.clone(), horizon: scope.horizon.clone(), after: None, at: None };
    let present: Result<TextAnswer, Failure> = errand(scope, question);
    let meant = match (present, &scope.horizon) {
        (Ok(present), _) => present.horizon,
        (Err(failure), Some(horizon)) if failure.code.as_deref() == Some(NO_ZONE) => horizon.clone(),
        (Err(failure), None) if failure.code.as_deref() == Some(NO_ZONE) => {
            let what = format!("no horizon has a zone {zone} yet; say in which one it begins with `--horizon NAME`");
            return Err(Failure::new(Exit::Error, what));
        }
        (Err(failure), _) => return Err(failure),
    };
    if let Order::Text { horizon, .. } = &mut order {
        *horizon = meant;
    }
    make::make(scope, making, &Wish { orders: vec![order], ..Wish::default() })
}
