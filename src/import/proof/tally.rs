//! All differences of a comparison, grouped.

use super::judge::Difference;
use super::judge::Meaning;
use super::question::Question;
use super::reply::Reply;
use serde::Serialize;
use std::collections::BTreeMap;

/// Questions that are kept as examples of one kind of difference; faults are all kept up to a bound.
const EXAMPLES: usize = 5;
const FAULTS: usize = 1_000;

/// A comparison as a whole.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Questions that both servers were asked.
    pub asked: usize,
    /// Questions that both answered alike.
    pub same: usize,
    /// Names outside of the import that were not compared, for the import forwards nothing by itself yet.
    pub skipped: usize,
    /// The differences, worst first.
    pub classes: Vec<Class>,
}

/// One kind of difference.
#[derive(Debug, Serialize)]
pub struct Class {
    /// What it is.
    #[serde(flatten)]
    pub difference: Difference,
    /// How many questions showed it.
    pub count: usize,
    /// Some of them; of faults all.
    pub examples: Vec<Example>,
}

/// A question that showed a difference.
#[derive(Debug, Serialize)]
pub struct Example {
    /// Name and type.
    pub question: String,
    /// What the old server said.
    pub old: String,
    /// What the new one said.
    pub new: String,
}

impl Tally {
    /// Takes in what one question showed.
    pub fn take(&mut self, question: &Question, differences: &[Difference], old: Option<&Reply>, new: Option<&Reply>) {
        self.asked += 1;
        if differences.is_empty() {
            self.same += 1;
        }
        for difference in differences {
            let class = match self.classes.iter().position(|class| class.difference == *difference) {
                Some(at) => &mut self.classes[at],
                None => {
                    self.classes.push(Class { difference: *difference, count: 0, examples: Vec::new() });
                    self.classes.sort_by_key(|class| class.difference);
                    let Some(class) = self.classes.iter_mut().find(|class| class.difference == *difference) else {
                        continue;
                    };
                    class
                }
            };
            class.count += 1;
            let most = if difference.meaning == Meaning::Fault { FAULTS } else { EXAMPLES };
            if class.examples.len() < most {
                let shown = |reply: Option<&Reply>| reply.map_or_else(|| "no answer".to_owned(), Reply::shown);
                class.examples.push(Example { question: question.to_string(), old: shown(old), new: shown(new) });
            }
        }
    }

    /// How many questions showed a difference of each meaning.
    pub fn counts(&self) -> BTreeMap<Meaning, usize> {
        let mut counts = BTreeMap::new();
        for class in &self.classes {
            *counts.entry(class.difference.meaning).or_insert(0) += class.count;
        }
        counts
    }

    /// True when something is wrong.
    pub fn has_fault(&self) -> bool {
        self.classes.iter().any(|class| class.difference.meaning == Meaning::Fault)
    }
}
