//! Verbs of `zonectl` that look, and those that order a load.

use super::Acme;
use crate::cli::flow::Picture;
use crate::cli::span::Moment;
use clap::Subcommand;
use clap_complete::Shell;
use std::net::IpAddr;
use std::path::PathBuf;

/// Verbs that change nothing but generated zones.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Look {
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
wildcard, alias, dname, delegation, overlay, no-data, empty-non-terminal, no-name, none), then the
records with file, line and origin. For a name that no zone holds, in a horizon that forwards: which
upstreams are asked and why, and what the cache holds. Nobody is asked for it.

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
    /// Show what two horizons see differently, what zone files or the past differ in, or what your draft changes
    #[command(after_help = "\
Between horizons, inherited names count as the horizon's own. With --files, `-` is what is served
and `+` what the zone files say: exit code 2 when they differ, 3 when a file cannot be loaded. With
--since, `-` is how the zones were right after that change or at that time, and `+` how they are
now. SOA serials do not count. With none of these the draft that `zonectl begin` opened is shown.

Examples:
  zonectl diff internal external
  zonectl diff --files           what a reload would change
  zonectl diff --since 17        what changed after change 17
  zonectl diff --since 1d --zone internal.example. --horizon internal
  zonectl diff                   what `zonectl commit` would do")]
    Diff {
        /// One horizon
        #[arg(requires = "right")]
        left: Option<String>,
        /// The other one
        right: Option<String>,
        /// Compare what is served with the zone files
        #[arg(long, conflicts_with_all = ["left", "since"])]
        files: bool,
        /// Compare with how the zones were: a change's id, a span such as 1d, or a date
        #[arg(long, value_name = "ID|TIME", conflicts_with = "left")]
        since: Option<Moment>,
        /// Compare this zone only
        #[arg(long, value_name = "ZONE", conflicts_with = "left")]
        zone: Option<String>,
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
    /// Look into what is kept of upstreams' answers, or forget it
    Cache {
        #[command(subcommand)]
        verb: CacheVerb,
    },
    /// See what ACME clients do here
    Acme {
        #[command(subcommand)]
        verb: Acme,
    },
    /// Examine the network: the CA, certificates as served, who reaches whom, guests' own files; exit code 3 on a fault
    #[command(after_help = "\
Asks the CA for its health, directory, roots, provisioners and clock; asks Traefik and the gateway
for the certificates that they serve; tries the connections that such a network needs, as far as
they start on this machine, beside what the inventory's firewall rules promise; and looks into
files of guests for lines that pass this server by. No name is looked up anywhere but in our own
zones. Each problem comes with what to do.

Examples:
  zonectl doctor
  zonectl doctor --root /var/lib/lxc/103/rootfs      the files of a guest
  zonectl doctor --hosts /mnt/ca/etc/hosts -o json | jq '.rows[].problems[]'
  zonectl doctor --here                              the files of this machine")]
    Doctor {
        /// Look into these hosts files
        #[arg(long, value_name = "FILE", num_args = 1..)]
        hosts: Vec<PathBuf>,
        /// Look into these files that are a guest's resolv.conf
        #[arg(long, value_name = "FILE", num_args = 1..)]
        resolv: Vec<PathBuf>,
        /// Look into etc/hosts, etc/resolv.conf and etc/nsswitch.conf below these folders
        #[arg(long, value_name = "DIR", num_args = 1..)]
        root: Vec<PathBuf>,
        /// Look into those of this machine
        #[arg(long)]
        here: bool,
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
    /// Watch what goes on: queries a second, RCODEs, latency, the most frequent names and clients, upstreams
    #[command(after_help = "\
Names, clients and latency count every query while this runs, as far as the server can write them
down without waiting; the figures of the last minute are exact. On a terminal the screen is kept
fresh until Ctrl-C; elsewhere each look is a block of lines.

Examples:
  zonectl top
  zonectl top --count 1 -o json | jq .pace.latency.p99")]
    Top {
        /// Seconds between two looks
        #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
        interval: u64,
        /// End after so many looks [default: go on]
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
    },
    /// Show queries as they are answered, one line each, until Ctrl-C
    #[command(after_help = "\
time, client, transport, horizon, name, type, RCODE, octets, time taken. Nobody waits for this: what
comes faster than it can be shown is left out, and how much is said at the end. Conditions narrow.

Examples:
  zonectl tail --client 10.0.0.12
  zonectl tail --name internal.example --rcode NXDOMAIN
  zonectl tail -o json | jq -r .name")]
    Tail {
        /// Only of this client or prefix
        #[arg(long, value_name = "IP|PREFIX")]
        client: Option<String>,
        /// Only for this whole name and those below it
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Only with this RCODE
        #[arg(long, value_name = "RCODE")]
        rcode: Option<String>,
    },
    /// Write a completion script for a shell to stdout
    #[command(after_help = "\
Example:
  zonectl completions bash > /etc/bash_completion.d/zonectl")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the man pages of both programs, made of the same table as this help
    #[command(after_help = "\
Examples:
  zonectl man --out /usr/local/share/man/man1      zonectl.1 and horizond.8
  zonectl man | man -l -                           read zonectl(1) now")]
    Man {
        /// Write the pages into this folder [default: zonectl(1) to stdout]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Verbs about horizons.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HorizonVerb {
    /// Show the horizon of a client and the prefix that decided
    #[command(after_help = "\
Example:
  zonectl horizon match 10.0.0.7")]
    Match {
        /// The client's address
        address: IpAddr,
    },
}

/// Verbs about the cache.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CacheVerb {
    /// Show kept answers with the seconds that are left and how often they helped
    #[command(after_help = "\
A name is a whole one here, with or without its final dot. Seconds below 0: the answer has ended
and is kept for when no upstream answers.

Examples:
  zonectl cache show www.example.com
  zonectl cache show example.com --below --horizon internal
  zonectl cache show --limit 100000 -o json | jq '[.entries[].octets] | add'")]
    Show {
        /// The name [default: all names]
        name: Option<String>,
        /// The names below it, too
        #[arg(long, requires = "name")]
        below: bool,
        /// This type only
        #[arg(long = "type", value_name = "TYPE")]
        rtype: Option<String>,
        /// So many answers at most
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
    },
    /// Forget kept answers, so that upstreams are asked again
    #[command(after_help = "\
Examples:
  zonectl cache flush www.example.com
  zonectl cache flush example.com --below
  zonectl cache flush --all --horizon internal")]
    Flush {
        /// The name
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        name: Option<String>,
        /// The names below it, too
        #[arg(long, requires = "name")]
        below: bool,
        /// Every name
        #[arg(long)]
        all: bool,
    },
    /// Show how much is kept and how often it helped
    #[command(after_help = "\
Example:
  zonectl cache stats -o json | jq '.hits / (.hits + .misses)'")]
    Stats,
}
