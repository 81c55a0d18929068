//! Drafts: orders that a person collects to make them as one change.

use super::workshop::{Workshop, no_draft};
use crate::control::{Author, ChangeAnswer, DraftAnswer, DraftStep, Published, Refusal, settled};
use crate::edit::Order;

/// Takes one step with a person's draft; `plan` tells what orders come to.
pub(in crate::daemon) fn draft(
    workshop: &mut Workshop,
    published: &Published,
    by: &Author,
    step: DraftStep,
    plan: impl FnOnce(&mut Workshop, &[Order], &Author) -> Result<ChangeAnswer, Refusal>,
) -> Result<DraftAnswer, Refusal> {
    let open = workshop.draft(by)?;
    let orders = match step {
        DraftStep::Begin if open.is_some() => {
            let remedy = "go on with it, or drop it with `zonectl abort`";
            return Err(Refusal::new("DRAFT_OPEN", "a draft of yours is open already", remedy));
        }
        DraftStep::Begin => {
            workshop.save_draft(by, &[])?;
            Vec::new()
        }
        DraftStep::Show => open.ok_or_else(no_draft)?,
        DraftStep::Abort => {
            let orders = open.ok_or_else(no_draft)?;
            workshop.drop_draft(by)?;
            return Ok(DraftAnswer { orders, plan: None });
        }
        DraftStep::Add { orders } => {
            let all: Vec<Order> = open.ok_or_else(no_draft)?.into_iter().chain(orders).collect();
            // What cannot be planned is not added.
            let plan = plan(workshop, &all, by)?;
            // What it means now, it means at the commit: a relative name may be another one by then.
            let all = settled(published, &all)?;
            workshop.save_draft(by, &all)?;
            return Ok(DraftAnswer { orders: all, plan: Some(plan) });
        }
    };
    let plan = if orders.is_empty() { None } else { Some(plan(workshop, &orders, by)?) };
    Ok(DraftAnswer { orders, plan })
}
