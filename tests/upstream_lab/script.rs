//! What an upstream does to which name.

use super::asked::Asked;

/// One thing that an upstream does after it was asked; nothing at all is a dead one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// Lets so many milliseconds pass.
    Wait(u64),
    /// Replies, as [`super::say`] reads the line.
    Say(&'static str),
    /// Replies wrongly.
    Wrong(Twist, &'static str),
    /// These octets behind the ID of the query.
    Octets(&'static [u8]),
    /// So many A records, 11.x.x.x.
    Addresses(u32),
    /// TXT records of 250 octets, so many.
    Texts(u16),
    /// Ends the connection, if there is one.
    Close,
}

/// What is wrong with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    /// Another ID.
    Id,
    /// Another name in the question.
    Question,
    /// Another type in the question.
    Type,
    /// The case of the question's letters turned round.
    Case,
    /// The question lower-cased, as by servers that do not keep the case.
    Lower,
    /// No question section.
    NoQuestion,
    /// QR is 0.
    Query,
    /// Another opcode.
    Opcode,
    /// Sent from another port.
    Port,
    /// Sent from another address.
    Address,
    /// As much as it is, whatever the query allows over UDP.
    Oversized,
    /// Only the first so many octets.
    Cut(usize),
    /// The first bit of the first record's TTL set.
    Ttl,
    /// So many records more said to be in the answer than there are.
    Count(u16),
}

/// Rules by name. The longest name wins; without any, addresses are given to A and no data to other types.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    /// With its last dot; it and what is below it.
    name: String,
    stream: bool,
    /// What is done to the first query, the second and so on; the last for all that follow.
    turns: Vec<Vec<Act>>,
    asked: usize,
}

impl Script {
    /// Adds what is done at and below a name, over both transports, each time.
    pub(crate) fn on(self, name: &str, acts: &[Act]) -> Self {
        self.turns(name, false, &[acts]).turns(name, true, &[acts])
    }

    /// Adds what is done over one transport: the first time, the second and so on; the last for all that follow.
    pub(crate) fn turns(mut self, name: &str, stream: bool, turns: &[&[Act]]) -> Self {
        let name = if name.ends_with('.') { name.to_owned() } else { format!("{name}.") };
        self.rules.retain(|rule| (&rule.name, rule.stream) != (&name, stream));
        self.rules.push(Rule { name, stream, turns: turns.iter().map(|acts| acts.to_vec()).collect(), asked: 0 });
        self
    }

    /// What is done now; counts that it was.
    pub(super) fn next(&mut self, asked: &Asked) -> Vec<Act> {
        let matches = |rule: &&mut Rule| rule.stream == asked.stream && at_or_below(&asked.name, &rule.name);
        match self.rules.iter_mut().filter(matches).max_by_key(|rule| rule.name.len()) {
            Some(rule) => {
                let turn = rule.asked.min(rule.turns.len() - 1);
                rule.asked += 1;
                rule.turns[turn].clone()
            }
            None => vec![Act::Say("?")],
        }
    }
}

/// Both with their last dot.
pub(super) fn at_or_below(name: &str, above: &str) -> bool {
    above == "." || name == above || name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}
