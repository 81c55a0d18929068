//! A plan that is kept in a file, to be made later or by somebody else.

use super::exit::Exit;
use super::exit::Failure;
use crate::control::Author;
use crate::control::ChangeAnswer;
use crate::edit::Order;
use crate::files;
use serde::Deserialize;
use serde::Serialize;
use std::path::Path;

/// The form of the file; raised when a field changes its meaning.
const FORM: u32 = 1;
/// Octets; the texts of whole zones are in it.
const LARGEST: u64 = 256 << 20;

/// What a plan file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlanFile {
    /// [`FORM`].
    form: u32,
    /// Who planned it.
    pub(super) by: Author,
    /// Seconds since 1970 UTC.
    pub(super) at: u64,
    /// The state of the zone files that it was planned on: it is refused on any other.
    pub(super) base: String,
    /// What is to be done.
    pub(super) orders: Vec<Order>,
    /// What was shown.
    pub(super) plan: ChangeAnswer,
}

impl PlanFile {
    pub(super) fn new(by: Author, at: u64, orders: Vec<Order>, plan: ChangeAnswer) -> Self {
        PlanFile { form: FORM, by, at, base: plan.base.clone(), orders, plan }
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Failure::new(Exit::Error, format!("the plan has no JSON form: {error}")))?;
        text.push(b'\n');
        files::replace(path, &text).map_err(|error| Failure::new(Exit::Error, error.to_string()))
    }

    /// # Errors
    /// It cannot be read, or is no plan of this program.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_text(path, LARGEST).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
        let remedy = "write one with `zonectl plan -f .. --out FILE`";
        let bad = |what: String| Failure::new(Exit::Error, format!("{}: {what}; {remedy}", path.display()));
        let plan: PlanFile = serde_json::from_str(&text).map_err(|error| bad(format!("no plan: {error}")))?;
        if plan.form != FORM {
            return Err(bad(format!("a plan of form {}, and this zonectl knows form {FORM}", plan.form)));
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Place;

    /// What is written is what is read; anything else is refused by name.
    #[test]
    fn a_plan_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        let orders = vec![
            Order::Text {
                zone: "x".into(),
                horizon: "internal".into(),
                text: "; \"ä\"\n".into(),
                was: Some("m".into()),
            },
            Order::Set {
                name: "app".into(),
                rtype: "TXT".into(),
                data: vec!["a b".into()],
                ttl: Some(60),
                place: Place::Horizon("internal".into()),
                condition: vec!["A none".into()],
                reverse: true,
            },
            Order::Move { from: "a".into(), to: "b".into(), keep_cname: true, place: Place::All },
            Order::Undo { id: 7 },
        ];
        let answer: ChangeAnswer =
            serde_json::from_str(r#"{"base":"b1","sets":[],"files":[{"file":"f","diff":"+x\n"}],"findings":[]}"#)
                .unwrap();
        let by = Author { user: "u".into(), host: "h".into() };
        let plan = PlanFile::new(by, 1_795_176_292, orders, answer);
        plan.write(&path).unwrap();
        assert_eq!(PlanFile::read(&path).unwrap(), plan);
        assert_eq!(plan.base, "b1");

        let text = std::fs::read_to_string(&path).unwrap();
        for (other, part) in [(text.replace("\"form\": 1", "\"form\": 2"), "form 2"), ("{}".to_owned(), "no plan")] {
            std::fs::write(&path, other).unwrap();
            let failure = PlanFile::read(&path).unwrap_err();
            assert!(failure.lines[0].contains(part) && failure.lines[0].contains("plan.json"), "{failure:?}");
        }
    }
}
