//! The command line of `zonectl`: one table for parsing, help and completions.

use super::flow::Picture;
use super::screen::Output;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap_complete::Shell;
use std::net::IpAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  zonectl get app                                 records of a name, all horizons side by side
  zonectl explain app A --from 10.0.0.7           why this client gets this answer
  zonectl horizon match 10.0.0.7                  which horizon a client is in
  zonectl diff internal external                  what the two see differently
  zonectl flow app --actual                       where a name leads, and where it should
  zonectl check --config ./horizon.toml           would these files go live?

Names are relative to a zone unless they end in a dot: `app` is app.internal.example. if it exists.
Exit codes: 0 done, 1 error, 2 changes pending, 3 a check failed, 4 conflict, 5 brake.";

/// Looks inside a Horizon server, or into its files when none runs.
#[derive(Debug, Parser)]
#[command(name = "zonectl", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What every verb can be told.
#[derive(Debug, Args)]
pub(super) struct Scope {
    /// The config file [default: ./horizon.toml, then /etc/horizon/horizon.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The control socket of the server [default: `control` of the config file]
    #[arg(short, long, global = true, value_name = "SOCKET", conflicts_with = "config")]
    pub(super) socket: Option<PathBuf>,
    /// Look at this horizon only
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) horizon: Option<String>,
    /// Form of the data on stdout
    #[arg(short, long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub(super) output: Output,
    /// Answer from the files even when a server runs
    #[arg(long, global = true, conflicts_with = "socket")]
    pub(super) offline: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Check config, inventory and zone files without changing anything; exit code 3 when something in them is an error
    #[command(after_help = "\
Runs the very load that the server runs and stops before anything changes. All faults come at
once, one line each: `file:line:column: severity CODE subject: what happened; what to do`.

Examples:
  zonectl check --config ./horizon.toml
  zonectl check -o json | jq '.findings[] | select(.severity == \"error\")'")]
    Check,
    /// Generate the zones of all horizons out of the inventory
    #[command(after_help = "\
Only records with the generator's mark are touched; what a person wrote stays and wins. A running
server does the same by itself when the inventory changes. A change that removes more than 30 % of
a zone's generated records, and at least 10, stops with exit code 5 unless it is forced.

Examples:
  zonectl generate --plan        what would change; exit code 2 when something would
  zonectl generate
  zonectl generate --force       let the brake go")]
    Generate {
        /// Show what would change and change nothing
        #[arg(long)]
        plan: bool,
        /// Go on where the brake would stop
        #[arg(long)]
        force: bool,
    },
    /// Show the records of a name, all horizons side by side
    #[command(after_help = "\
Each horizon is asked the way its clients ask it. With a TYPE the whole answer is shown, aliases
followed; without one all records of the name itself. An address means its reverse name.

Examples:
  zonectl get app
  zonectl get www.internal.example. AAAA -o wide
  zonectl get 10.0.0.12 --horizon internal
  zonectl get app -o json | jq -r '.horizons[].records[].data'")]
    Get {
        /// The name, relative to a zone unless it ends in a dot; or an address
        name: String,
        /// The record type [default: all]
        #[arg(value_name = "TYPE")]
        rtype: Option<String>,
    },
    /// Explain why a client gets the answer it gets
    #[command(after_help = "\
Shows the client's horizon and the prefix that decided, then zone and rule of each step (exact,
wildcard, alias, dname, delegation, no-data, empty-non-terminal, no-name, none), then the records
with file, line and origin.

Examples:
  zonectl explain app A --from 10.0.0.7
  zonectl explain ca.internal.example. AAAA --from 192.0.2.1 -o json")]
    Explain {
        /// The name, relative to a zone unless it ends in a dot
        name: String,
        /// The record type
        #[arg(value_name = "TYPE")]
        rtype: String,
        /// The client's address
        #[arg(long, value_name = "IP")]
        from: IpAddr,
    },
    /// Ask about horizons
    Horizon {
        #[command(subcommand)]
        verb: HorizonVerb,
    },
    /// Show what clients of two horizons see differently
    #[command(after_help = "\
Inherited names count as the horizon's own; SOA serials do not count.

Example:
  zonectl diff internal external")]
    Diff {
        /// One horizon
        left: String,
        /// The other one
        right: String,
    },
    /// Draw which clients reach which guest for a name: client, horizon, address, guest, next hop by route
    #[command(after_help = "\
Without --actual the picture shows what the inventory and [routes] want; with it, what is answered
now, and what is not wanted is marked with a finding: exit code 3 when one of them is an error.
Without a NAME all names are drawn, those with the same way together. Without an inventory the
records are drawn. `-o json` gives the picture as boxes and arrows.

Examples:
  zonectl flow ca.internal.example.
  zonectl flow app --actual
  zonectl flow --out network.svg
  zonectl flow --format mermaid --horizon internal")]
    Flow {
        /// The name, relative to a zone unless it ends in a dot [default: all names]
        name: Option<String>,
        /// How it is drawn [default: by the ending of --out, else text]
        #[arg(long, value_enum)]
        format: Option<Picture>,
        /// Write it to this file in the place of stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Draw what is answered now, and mark what is not wanted
        #[arg(long)]
        actual: bool,
    },
    /// Have the server read config, inventory and zones again
    #[command(after_help = "\
The server does so by itself when a file changes. Files with a fault change nothing: the state
before serves on.

Example:
  zonectl reload --wait      exit code 0 when the files serve now, 3 when they were refused")]
    Reload {
        /// Wait until the files serve or are refused, and say which
        #[arg(long)]
        wait: bool,
    },
    /// Show how the server is; exit code 1 when it does not serve what the files say
    #[command(after_help = "\
Examples:
  zonectl status
  zonectl status -o json | jq .healthy")]
    Status,
    /// Write a completion script for a shell to stdout
    #[command(after_help = "\
Example:
  zonectl completions bash > /etc/bash_completion.d/zonectl")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Verbs about horizons.
#[derive(Debug, Subcommand)]
pub(super) enum HorizonVerb {
    /// Show the horizon of a client and the prefix that decided
    #[command(after_help = "\
Example:
  zonectl horizon match 10.0.0.7")]
    Match {
        /// The client's address
        address: IpAddr,
    },
}
