//! Verbs of `zonectl acme`.

use super::Making;
use crate::config::Challenge;
use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
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
    /// Let ACME clients write challenges: make, list, revoke tokens
    Token {
        #[command(subcommand)]
        verb: TokenVerb,
    },
}

/// A challenge as ACME writes it.
fn challenge(text: &str) -> Result<Challenge, String> {
    let known = || Challenge::ALL.map(Challenge::name).join(", ");
    Challenge::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| format!("choose one of {}", known()))
}

/// Verbs about tokens.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenVerb {
    /// Make a token and show, once, its secret in ready text for the client
    #[command(after_help = "\
A token writes TXT values at `_acme-challenge.NAME` of its names, and nothing else. `*.NAME` stands for
NAME and all names below it, so that it fits wildcard certificates, too. Doors: rfc2136 (DNS updates
with TSIG on the DNS port), httpreq and acme-dns (HTTP on `listen` of [acme]). For acme-dns the CNAME
from the challenge to the account is made as an edit like any other; `--dry-run` shows it.

Examples:
  zonectl acme token create --for traefik --names 'app,*.apps'
  zonectl acme token create --for proxmox --names pve.internal.example. --allow-from 10.0.0.13
  zonectl acme token create --for cert-manager --door acme-dns --names k8s --dry-run
  zonectl acme token create --for lego --names app -o json | jq -r .secret")]
    Create(Box<TokenCreate>),
    /// Show the tokens: names, doors, scope, when they were last used; no secrets
    #[command(after_help = "\
Example:
  zonectl acme token list -o json | jq '.tokens[] | select(.last_used == null).name'")]
    List,
    /// Take a token away; it opens no door any more at once
    #[command(after_help = "\
Values that it wrote live on until they end. The CNAME of an acme-dns account stays: the command that
removes it is shown.

Example:
  zonectl acme token revoke traefik")]
    Revoke {
        /// Its name
        name: String,
    },
}

/// `acme token create`
#[derive(Debug, Args)]
pub(in crate::cli) struct TokenCreate {
    /// The client that the text is for
    #[arg(long = "for", value_name = "CLIENT", value_enum)]
    pub(in crate::cli) client: Client,
    /// The names whose challenges it writes, relative to a zone unless they end in a dot
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1, required = true)]
    pub(in crate::cli) names: Vec<String>,
    /// What it is called [default: the client, with a number when that is taken]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,
    /// The way in [default: the one that fits the client best]
    #[arg(long, value_enum, value_name = "DOOR")]
    pub(in crate::cli) door: Option<DoorName>,
    /// The horizons that see what it writes [default: all]
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1, conflicts_with = "horizon")]
    pub(in crate::cli) horizons: Vec<String>,
    /// Where its holder speaks from [default: anywhere]
    #[arg(long, value_name = "PREFIX", value_delimiter = ',', num_args = 1)]
    pub(in crate::cli) allow_from: Vec<String>,
    /// Record types that a key of DNS updates may write; all but TXT at the names themselves [default: TXT]
    #[arg(long, value_name = "TYPE", value_delimiter = ',', num_args = 1)]
    pub(in crate::cli) types: Vec<String>,
    /// Of a key of DNS updates: hmac-sha256, hmac-sha384 or hmac-sha512
    #[arg(long, value_name = "ALGORITHM")]
    pub(in crate::cli) algorithm: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) making: Making,
}

/// Clients that ready text is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Client {
    /// Traefik
    Traefik,
    /// lego
    Lego,
    /// certbot with its plugin dns-rfc2136
    Certbot,
    /// acme.sh
    #[value(name = "acme.sh")]
    AcmeSh,
    /// Proxmox VE
    Proxmox,
    /// cert-manager in Kubernetes
    CertManager,
    /// Caddy with a DNS plugin
    Caddy,
    /// knsupdate
    Knsupdate,
    /// nsupdate
    Nsupdate,
    /// Whatever speaks httpreq
    Httpreq,
    /// Whatever speaks acme-dns
    AcmeDns,
}

/// Ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DoorName {
    /// DNS updates with TSIG
    Rfc2136,
    /// `/present` and `/cleanup`
    Httpreq,
    /// `/update` of acme-dns
    AcmeDns,
}
