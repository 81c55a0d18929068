//! Verbs of `zonectl acme`.

use super::Making;
use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;

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
    /// Let ACME clients write challenges: make, list, revoke tokens
    Token {
        #[command(subcommand)]
        verb: TokenVerb,
    },
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
