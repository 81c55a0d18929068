//! Verbs of `zonectl` that change zone files, or tell what changed.

use super::Import;
use crate::cli::span::Moment;
use crate::cli::span::seconds;
use crate::cli::span::some_seconds;
use clap::Args;
use clap::Subcommand;
use std::path::PathBuf;

/// Verbs that change zone files, or tell what changed.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Write {
    #[command(flatten)]
    Records(Records),
    #[command(flatten)]
    Whole(Whole),
    #[command(flatten)]
    History(History),
}

/// What every change can be told.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct Making {
    /// Why; the history keeps it
    #[arg(short, long, value_name = "TEXT")]
    pub(in crate::cli) message: Option<String>,
    /// Go on where the checks warn of something new
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Show the plan and change nothing; exit code 2 when something would change
    #[arg(short = 'n', long)]
    pub(in crate::cli) dry_run: bool,
    /// Take the change back by itself after this time, such as 5m, unless `zonectl confirm` comes before
    #[arg(long, value_name = "TIME", value_parser = some_seconds)]
    pub(in crate::cli) confirm: Option<u32>,
}

/// Which horizons, when the name alone does not say it.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct Everywhere {
    /// Change every horizon that holds the name, or, for a new name, its zone
    #[arg(long)]
    pub(in crate::cli) all_horizons: bool,
}

/// Compare and set.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct Condition {
    /// Only if these are the name's records of the type now: "A 10.0.0.5", or "A none"; once for each record
    #[arg(long = "if", value_name = "TYPE DATA")]
    pub(in crate::cli) condition: Vec<String>,
}

/// Verbs that edit single records. While a draft is open they add to it.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Records {
    /// Make these the records of a name and type
    #[command(after_help = "\
Replaces what is there. Addresses and other single words make one record each. Data are plain
arguments: a TXT record needs no quotes but the shell's, and is split at 255 octets by itself.

Examples:
  zonectl set app A 10.0.0.5 --ttl 60 -m \"moved to vm 131\"
  zonectl set app A 10.0.0.6 --if \"A 10.0.0.5\"       only if it is 10.0.0.5 now; else exit code 4
  zonectl set printer.internal.example. A 10.0.0.60 --reverse
  zonectl set @ TXT \"v=spf1 -all\" --horizon external
  zonectl set www A 10.0.0.12 --all-horizons --confirm 5m")]
    Set {
        /// The name, relative to a zone unless it ends in a dot; `@` is the zone itself, an address its reverse name
        name: String,
        /// The record type
        #[arg(value_name = "TYPE")]
        rtype: String,
        /// The data as plain arguments
        #[arg(required = true, value_name = "DATA", allow_negative_numbers = true)]
        data: Vec<String>,
        /// In seconds, or with a unit as in 1h or 5m [default: that of the present records, or the zone's]
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        ttl: Option<u32>,
        /// Make the PTR record of each address follow
        #[arg(long, visible_alias = "ptr")]
        reverse: bool,
        #[command(flatten)]
        everywhere: Everywhere,
        #[command(flatten)]
        condition: Condition,
        #[command(flatten)]
        making: Making,
    },
    /// Add a record to those that are there
    #[command(after_help = "\
Examples:
  zonectl add app A 10.0.0.6                        a second address
  zonectl add @ MX 10 mail --horizon internal
  zonectl add printer.internal.example. A 10.0.0.60 --reverse --if \"A none\"")]
    Add {
        /// The name, relative to a zone unless it ends in a dot; `@` is the zone itself, an address its reverse name
        name: String,
        /// The record type
        #[arg(value_name = "TYPE")]
        rtype: String,
        /// The data as plain arguments
        #[arg(required = true, value_name = "DATA", allow_negative_numbers = true)]
        data: Vec<String>,
        /// In seconds, or with a unit as in 1h or 5m; also for the records that are there [default: theirs, or the zone's]
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        ttl: Option<u32>,
        /// Make the PTR record of each address follow
        #[arg(long, visible_alias = "ptr")]
        reverse: bool,
        #[command(flatten)]
        everywhere: Everywhere,
        #[command(flatten)]
        condition: Condition,
        #[command(flatten)]
        making: Making,
    },
    /// Remove one record; a whole type or name only with --all
    #[command(after_help = "\
Examples:
  zonectl rm app A 10.0.0.6
  zonectl rm app A --all                            all addresses
  zonectl rm old --all --reverse                    the whole name, with what leads back to it")]
    Rm {
        /// The name, relative to a zone unless it ends in a dot
        name: String,
        /// The record type
        #[arg(value_name = "TYPE")]
        rtype: Option<String>,
        /// The data of the record
        #[arg(value_name = "DATA", allow_negative_numbers = true)]
        data: Vec<String>,
        /// All records of the type, or of the name
        #[arg(long, conflicts_with = "data")]
        all: bool,
        /// Remove the PTR record of each address that goes, too
        #[arg(long, visible_alias = "ptr")]
        reverse: bool,
        #[command(flatten)]
        everywhere: Everywhere,
        #[command(flatten)]
        condition: Condition,
        #[command(flatten)]
        making: Making,
    },
    /// Give the records of a name to another name of the same zone
    #[command(after_help = "\
The PTR records of the horizon that lead to the old name lead to the new one afterwards.

Examples:
  zonectl mv printer laser
  zonectl mv app shop --keep-cname                  the old name becomes an alias of the new one")]
    Mv {
        /// The name as it is
        #[arg(value_name = "OLD")]
        from: String,
        /// The new one, relative to the same zone unless it ends in a dot
        #[arg(value_name = "NEW")]
        to: String,
        /// Leave a CNAME from the old name to the new one
        #[arg(long)]
        keep_cname: bool,
        #[command(flatten)]
        everywhere: Everywhere,
        #[command(flatten)]
        making: Making,
    },
}

/// Verbs about whole zone files, and several edits as one.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Whole {
    /// Edit a zone file with $VISUAL or $EDITOR; nothing changes before you have seen the plan
    #[command(after_help = "\
The editor gets a copy. Then the plan is shown, and you apply it, edit again or quit; what you
wrote stays in the copy when you quit, and its path is told. A change that somebody else made
meanwhile is never overwritten: exit code 4.

Examples:
  zonectl edit internal.example
  EDITOR=nano zonectl edit internal.example --horizon internal -m \"tidy up\"")]
    Edit {
        /// The zone
        zone: String,
        #[command(flatten)]
        making: Making,
    },
    /// Show what zone files from elsewhere would change; exit code 0 nothing, 2 something, 3 what would be refused
    #[command(after_help = "\
A file is called after its zone, such as internal.example.zone, and lies in a folder that is
called after its horizon, unless `--horizon` says it. A folder holds such folders; zones that are
not in it stay as they are.

Examples:
  zonectl plan -f zones/ --out plan.json
  zonectl apply plan.json                           exactly that, or exit code 4")]
    Plan {
        /// A zone file, or a folder of HORIZON/ORIGIN.zone
        #[arg(short, long = "file", value_name = "FILE|DIR", required = true)]
        file: PathBuf,
        /// Keep the plan in this file for `zonectl apply`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make a plan of `zonectl plan` true, or zone files from elsewhere
    #[command(after_help = "\
A plan is refused with exit code 4 when the zone files changed since it was made.

Examples:
  zonectl apply plan.json -m \"as reviewed\"
  zonectl apply -f zones/ --confirm 5m")]
    Apply {
        /// What `zonectl plan --out` wrote
        #[arg(conflicts_with = "file")]
        plan: Option<PathBuf>,
        /// A zone file, or a folder of HORIZON/ORIGIN.zone
        #[arg(short, long, value_name = "FILE|DIR")]
        file: Option<PathBuf>,
        #[command(flatten)]
        making: Making,
    },
    /// Make a zone file of another server the content of a zone; `import dnsmasq` takes a whole configuration
    #[command(after_help = "\
Shows what changes as `apply -f` does. A zone that the horizon does not have yet begins with the file,
which then needs a SOA and a NS record, and `--horizon`.

Examples:
  zonectl import internal.example.zone --dry-run
  zonectl import db.internal --zone internal.example --horizon internal
  zonectl import dnsmasq --help                     for the configuration of a dnsmasq")]
    Import(Box<Import>),
    /// Write the text of a zone to stdout, also as it was
    #[command(after_help = "\
Examples:
  zonectl export internal.example --horizon internal
  zonectl export internal.example --at 17           right after change 17
  zonectl export internal.example --at 2026-11-01 --out before.zone")]
    Export {
        /// The zone
        zone: String,
        /// A change's id, a time such as 2026-11-01 or "2026-11-01 12:30", or how long ago, such as 2h
        #[arg(long, value_name = "TIME|ID")]
        at: Option<Moment>,
        /// Write into this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Open a draft: set, add, rm and mv of yours then wait in it for `zonectl commit`
    #[command(after_help = "\
Example:
  zonectl begin
  zonectl set app A 10.0.0.6
  zonectl rm old --all
  zonectl diff
  zonectl commit -m \"app replaces old\"")]
    Begin,
    /// Make all edits of your draft one change: all of them or none
    #[command(after_help = "\
Example:
  zonectl commit -m \"app replaces old\"")]
    Commit {
        #[command(flatten)]
        making: Making,
    },
    /// Drop your draft
    Abort,
}

/// Verbs about changes that were made.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum History {
    /// Keep a change that was made with --confirm
    #[command(after_help = "\
Examples:
  zonectl confirm
  zonectl confirm 17")]
    Confirm {
        /// The change [default: the one that waits]
        id: Option<u64>,
    },
    /// Show who changed what, when and why, newest first
    #[command(after_help = "\
Examples:
  zonectl log --since 1d
  zonectl log --zone internal.example -o wide       with every record
  zonectl log --since 17 -o json")]
    Log {
        /// Only changes of this zone
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
        /// Only changes since then: 1d, 2026-11-01, "2026-11-01 12:30", or since change 17
        #[arg(long, value_name = "TIME|ID")]
        since: Option<Moment>,
    },
    /// Take a change back: exactly the records that were there before
    #[command(after_help = "\
Refused when a later change touches the same records; take that back first. An undo is a change
itself, and can be undone.

Examples:
  zonectl undo 17
  zonectl undo 17 --dry-run")]
    Undo {
        /// The change's id, as `zonectl log` shows it
        id: u64,
        #[command(flatten)]
        making: Making,
    },
}
