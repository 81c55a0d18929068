//! The command line of `zonectl` as a whole: one table for parsing, help, completions and the man page.

use super::Look;
use super::Write;
use crate::cli::screen::Output;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  zonectl get app                                 records of a name, all horizons side by side
  zonectl explain app A --from 10.0.0.7           why this client gets this answer
  zonectl set app A 10.0.0.5 -m \"new guest\"       make this the address; says what changes
  zonectl undo 17                                 take a change back
  zonectl flow app --actual                       where a name leads, and where it should
  zonectl log --since 1d                          who changed what, and why
  zonectl check --config ./horizon.toml           would these files go live?

Names are relative to a zone unless they end in a dot: `app` is app.internal.example. if it exists.
`zonectl VERB --help` says more about each; `man zonectl` has a walk through editing.
Exit codes: 0 done, 1 error, 2 changes pending, 3 a check failed, 4 conflict, 5 brake.";

/// Looks inside a Horizon server and edits its records, or those of its files when none runs.
#[derive(Debug, Parser)]
#[command(name = "zonectl", version, after_help = EXAMPLES, disable_help_subcommand = true, subcommand_value_name = "COMMAND")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
    #[command(subcommand)]
    pub(in crate::cli) verb: Verb,
}

/// What every verb can be told.
#[derive(Debug, Args)]
pub(in crate::cli) struct Scope {
    /// The config file [default: ./horizon.toml, then /etc/horizon/horizon.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// The control socket of the server [default: `control` of the config file]
    #[arg(short, long, global = true, value_name = "SOCKET", conflicts_with = "config")]
    pub(in crate::cli) socket: Option<PathBuf>,
    /// Look at this horizon only; for an edit, the horizon that it is for
    #[arg(long, global = true, value_name = "NAME")]
    pub(in crate::cli) horizon: Option<String>,
    /// Form of the data on stdout
    #[arg(short, long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub(in crate::cli) output: Output,
    /// Answer from the files even when a server runs
    #[arg(long, global = true, conflicts_with = "socket")]
    pub(in crate::cli) offline: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    #[command(flatten)]
    Look(Look),
    #[command(flatten)]
    Write(Write),
}
