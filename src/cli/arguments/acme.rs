//! Verbs of `zonectl acme`.

use crate::config::Challenge;
use clap::Subcommand;
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
