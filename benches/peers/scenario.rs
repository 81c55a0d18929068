//! The scenarios: which zones, which questions, who takes part.

use crate::figures::Results;
use crate::program::Program;
use crate::world::{Kind, Special};

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) world: Kind,
    pub(crate) task: Task,
}

/// What is done with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Hits,
    Mix,
    Flood,
    Secure,
    Special(Special),
    Streams,
    Idle,
    /// Memory and start are those of the server before anything else was asked of it.
    Memory,
    Start,
    Change,
    Edits,
    Reloads,
    Workers,
    /// Of forwarders: memory of what is kept, before anything else is asked; then what is kept; then what is not.
    CachedMemory,
    Cached,
    Misses,
    MissLatency,
}

impl Task {
    /// Whether servers are compared by what a query costs them, side by side.
    pub(crate) fn is_compared(self) -> bool {
        use Task::{Cached, Flood, Hits, Misses, Mix, Secure, Special};
        matches!(self, Hits | Mix | Flood | Secure | Special(_) | Cached | Misses)
    }
}

/// Persistent connections in the TCP scenario.
pub(crate) const STREAMS: usize = 50;

/// Connections that do nothing.
pub(crate) const IDLE: usize = 10_000;

/// In the order they are run, those with all servers in turns before those with one alone; what changes the server comes last.
pub(crate) const ALL: [Scenario; 21] = [
    scenario("hits", "names that exist, 100,000-name zone", Kind::Names, Task::Hits),
    scenario("mix", "70 % hits, 15 % NODATA, 15 % missing names", Kind::Names, Task::Mix),
    scenario("flood", "random names that do not exist", Kind::Names, Task::Flood),
    scenario("edns", "hits with EDNS, DO and 1232 octets", Kind::Names, Task::Secure),
    scenario("tcp", "TCP, 50 persistent connections, 20 questions in each pipeline", Kind::Names, Task::Streams),
    scenario("idle", "10,000 idle TCP connections", Kind::Names, Task::Idle),
    scenario("workers", "two workers on two cores, by one worker on them", Kind::Names, Task::Workers),
    scenario("edits", "200 edits of single records in a 100,000-name zone", Kind::Names, Task::Edits),
    scenario("wildcard", "wildcard answers", Kind::Kinds, Task::Special(Special::Wildcard)),
    scenario("delegation", "delegations with glue", Kind::Kinds, Task::Special(Special::Delegation)),
    scenario("chain", "CNAME chains of 3", Kind::Kinds, Task::Special(Special::Chain)),
    scenario("mail", "MX with additional", Kind::Kinds, Task::Special(Special::Mail)),
    scenario("horizons", "5 horizons and 1,000 client prefixes", Kind::Horizons, Task::Hits),
    scenario("start", "start with 1,000,000 records, file to first answer", Kind::Million, Task::Start),
    scenario("million", "1,000,000 names, random", Kind::Million, Task::Hits),
    scenario("memory", "resident memory, 1,000,000 A records", Kind::Million, Task::Memory),
    scenario("change", "one record changed in the zone of 1,000,000", Kind::Million, Task::Change),
    scenario("cached-memory", "forwarder: memory that 100,000 kept answers add", Kind::Foreign, Task::CachedMemory),
    scenario("cached", "forwarder: 100,000 kept answers, random", Kind::Foreign, Task::Cached),
    scenario("misses", "forwarder: names that nobody asked before", Kind::Foreign, Task::Misses),
    scenario("miss-latency", "forwarder: such names at a steady 5,000 q/s", Kind::Foreign, Task::MissLatency),
];

/// Apart, because its zone is written anew while it runs.
pub(crate) const RELOADS: Scenario =
    scenario("reloads", "full reloads of a 100,000-name zone under saturating load", Kind::Pairs, Task::Reloads);

const fn scenario(name: &'static str, title: &'static str, world: Kind, task: Task) -> Scenario {
    Scenario { name, title, world, task }
}

/// All scenarios.
pub(crate) fn all() -> impl Iterator<Item = Scenario> {
    ALL.into_iter().chain([RELOADS])
}

impl Scenario {
    /// Why a server does not take part; none when it does.
    fn out(&self, program: Program) -> Option<&'static str> {
        let delegation = Task::Special(Special::Delegation);
        match (program, self.task) {
            (Program::Dnsmasq, _) if self.world == Kind::Million => {
                Some("did not start within 120 s with 1,000,000 hosts")
            }
            (Program::Echo | Program::Nsd | Program::Knot, _) if self.world.forwarded() => Some("does not forward"),
            (Program::Echo, Task::Hits | Task::Mix | Task::Flood | Task::Secure | Task::Special(_)) => None,
            (Program::Echo, _) => Some("the echo has no zones and no TCP"),
            (Program::Horizon, _) => None,
            (_, Task::Edits) => Some("its zone files are not edited by it"),
            (Program::Nsd | Program::Knot, Task::Hits) if self.world == Kind::Horizons => {
                Some("has no views: one answer for all clients")
            }
            (Program::Unbound, Task::Hits) if self.world == Kind::Horizons => {
                Some("its views hold single records, not zone files")
            }
            (Program::Dnsmasq, Task::Hits) if self.world == Kind::Horizons => Some("has no views"),
            (Program::Dnsmasq, task) if task == delegation => Some("has no delegations"),
            (Program::Dnsmasq, Task::Special(Special::Chain)) => {
                Some("did not start within 120 s with 30,000 cname lines")
            }
            (Program::Dnsmasq, Task::Streams | Task::Idle) => {
                Some("forks a process for each TCP connection, 20 at most")
            }
            (Program::Dnsmasq, Task::Workers) => Some("has one thread"),
            _ => None,
        }
    }

    /// False, with a note of the reason, when a server does not.
    pub(crate) fn takes_part(&self, program: Program, results: &mut Results) -> bool {
        let reason = program.absent().or_else(|| self.out(program).map(str::to_owned));
        reason.iter().for_each(|reason| results.note(self.name, program, format!("n/a: {reason}")));
        reason.is_none()
    }

    /// Whether dnsperf drives it too.
    pub(crate) fn by_dnsperf(&self) -> bool {
        self.world != Kind::Horizons && matches!(self.task, Task::Hits | Task::Mix | Task::Secure | Task::Special(_))
    }
}
