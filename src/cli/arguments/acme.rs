//! Verbs of `zonectl acme`.

use crate::config::Challenge;
use clap::Subcommand;
use std::net::IpAddr;
use std::path::PathBuf;

/// Verbs about ACME.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Acme {
    /// Show the challenge values that live now, and how long they will
    #[command(after_help = "\
Values are written by ACME clients through the server's doors and stand above the zones, in no zone
file. Of each only the first characters are shown.

Examples:
  zonectl acme challenges
  zonectl acme challenges --horizon internal -o json | jq '.challenges[].owner'")]
    Challenges,
    /// Show whether each name that needs a certificate can get one, by which challenge, and how that is known
    #[command(after_help = "\
Names come from the inventory's certificate manifest, from Traefik's routers with TLS, and from `names`
of [acme]. Each is seen from where the CA sits. States: verified (the CA issued), reachable and
degraded (a probe met the server), plausible (nothing speaks against it), unknown, blocked (our own
zones, config or firewalls make it impossible), unreachable (a probe failed), contradicted (we say it
works, and the CA failed or went elsewhere). Exit code 3 when some challenge that applies is blocked,
unreachable or contradicted: a client that uses only one of them says so as `challenges` of
[acme.name]. Without a server only the files speak.

Examples:
  zonectl acme status
  zonectl acme status traefik -o json | jq '.names[].challenges[] | {challenge, state, evidence}'")]
    Status {
        /// Only this name, whole or its first labels
        name: Option<String>,
    },
    /// Check names anew: what zones, config and firewalls say, or, in the CA's guest, what its system says beside the DNS
    #[command(after_help = "\
Without `--here` nothing is asked over the network. With it, run it in the guest of the CA: it asks the
system's resolver, which obeys the hosts file, and then a DNS server, and names the line of the
hosts file that stands in between. It needs neither server nor config there. Exit code 3 when
something is wrong.

Examples:
  zonectl acme check traefik
  zonectl acme check --all --as 10.0.0.10
  zonectl acme check traefik.internal.example --here --dns 10.0.0.153")]
    Check {
        /// The names; any that our zones hold
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// Every name that needs a certificate
        #[arg(long, conflicts_with = "names")]
        all: bool,
        /// As if the CA asked from this address
        #[arg(long = "as", value_name = "IP", conflicts_with = "here")]
        asker: Option<IpAddr>,
        /// Ask the resolver of this machine, and a DNS server beside it
        #[arg(long)]
        here: bool,
        /// That DNS server, on port 53 [default: the first one of /etc/resolv.conf]
        #[arg(long, value_name = "IP[:PORT]", requires = "here")]
        dns: Option<String>,
    },
    /// Explain a name's challenges: what the CA is told, what is meant, what was seen, what is wrong and what to do
    #[command(after_help = "\
Examples:
  zonectl acme explain traefik
  zonectl acme explain traefik.internal.example -o json | jq '.names[0].challenges[].problems'")]
    Explain {
        /// The name, whole or its first labels
        name: String,
    },
    /// Say that what the CA was seen to do is settled: contradicted challenges are checked anew
    #[command(after_help = "\
Only the CA's side ends a contradiction by itself: a challenge that goes valid, or a query of the CA
for the name. This is for when neither will come soon.

Example:
  zonectl acme ack traefik")]
    Ack {
        /// The name, whole or its first labels
        name: String,
    },
    /// Rehearse an order at the CA, or go all the way to a certificate that nobody keeps
    #[command(after_help = "\
A rehearsal asks for an order with an account of its own, shows the challenges that the CA offers,
and leaves it. With --challenge it starts that challenge although nobody answers it, and says
whether the CA asked this server meanwhile: a CA that does not ask goes by a hosts file or another
resolver. With --canary the server proves the name by dns-01 itself. Only names of our own zones
are ordered for. Exit code 3 when something is wrong.

Examples:
  zonectl acme order app.internal.example
  zonectl acme order app.internal.example --challenge http-01
  zonectl acme order app.internal.example --canary
  zonectl acme order '*.apps.internal.example' --canary --out ./certificates")]
    Order {
        /// The full name
        name: String,
        /// Start this challenge and see where the CA goes
        #[arg(long, value_name = "TYPE", value_parser = challenge, conflicts_with = "canary")]
        challenge: Option<Challenge>,
        /// Order a certificate by dns-01, look at it and throw it away
        #[arg(long)]
        canary: bool,
        /// Keep the certificate and its key in this folder
        #[arg(long, value_name = "DIR", requires = "canary")]
        out: Option<PathBuf>,
    },
}

/// A challenge as ACME writes it.
fn challenge(text: &str) -> Result<Challenge, String> {
    let known = || Challenge::ALL.map(Challenge::name).join(", ");
    Challenge::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| format!("choose one of {}", known()))
}
