//! `import`: a zone file, or the configuration of another server.

use super::Making;
use crate::config::Prefix;
use clap::Args;
use clap::Subcommand;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What is imported.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, subcommand_value_name = "SERVER")]
pub(in crate::cli) struct Import {
    #[command(subcommand)]
    pub(in crate::cli) server: Option<Server>,
    /// The zone file
    #[arg(required = true)]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The zone [default: the file's name without `.zone`]
    #[arg(long, value_name = "ZONE")]
    pub(in crate::cli) zone: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) making: Making,
}

/// A server whose configuration is read.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Server {
    /// Make config and zones of a dnsmasq configuration, and compare their answers with its own
    #[command(after_help = "\
Reads the files and all that they name; says what becomes of every line: understood, done otherwise,
or refused with what to do. Without `--out` nothing is written. Files that exist are not overwritten
(exit code 4) but with `--force`. A line that cannot be read ends in exit code 3 and writes nothing,
but with `--keep-going`. A zone file that is called dnsmasq is imported as ./dnsmasq.

`--verify-against` asks the old server and the new one for every imported name, for names below them
and for names that nobody has, and says what each difference means: an expected fix, a change, or a
fault (exit code 3). The new one is the import itself, in memory, or with `--new` a server that runs.

Examples:
  zonectl import dnsmasq /etc/dnsmasq.conf
  zonectl import dnsmasq /etc/dnsmasq.conf --out /etc/horizon --verify-against 127.0.0.1
  zonectl import dnsmasq copy/etc/dnsmasq.conf --root copy --listen 10.0.0.153 --clients 10.0.0.0/24
  zonectl import dnsmasq /etc/dnsmasq.conf --verify-against 10.0.0.2 --new 10.0.0.153 --outside names.txt")]
    Dnsmasq(Dnsmasq),
}

/// `import dnsmasq`
#[derive(Debug, Args)]
pub(in crate::cli) struct Dnsmasq {
    /// Configuration files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Write horizon.toml and zones/ into this folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Where the new server listens; once for each address [default: `listen-address` and `port`]
    #[arg(long, value_name = "IP[:PORT]", value_parser = server)]
    pub(in crate::cli) listen: Vec<SocketAddr>,
    /// The clients of the horizon; once for each prefix [default: the private networks]
    #[arg(long, value_name = "PREFIX", value_delimiter = ',', num_args = 1, value_parser = prefix)]
    pub(in crate::cli) clients: Vec<Prefix>,
    /// Read this in the place of /etc/hosts, which is not read by itself
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) hosts: Option<PathBuf>,
    /// Read this in the place of /etc/resolv.conf, which is not read by itself
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) resolv: Option<PathBuf>,
    /// Absolute paths in the files count from here: for a copy of another machine's files
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) root: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Write although lines could not be read; they are left out
    #[arg(long)]
    pub(in crate::cli) keep_going: bool,
    /// Ask the old server at this address, and compare
    #[arg(long, value_name = "IP[:PORT]", value_parser = server)]
    pub(in crate::cli) verify_against: Option<SocketAddr>,
    /// Compare it with the server at this address in the place of the import in memory
    #[arg(long, value_name = "IP[:PORT]", value_parser = server, requires = "verify_against")]
    pub(in crate::cli) new: Option<SocketAddr>,
    /// Names from elsewhere to compare, or a file of them, one a line; once for each
    #[arg(long, value_name = "NAME|FILE", requires = "verify_against")]
    pub(in crate::cli) outside: Vec<String>,
}

/// An address with or without a port.
fn server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let plain = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    plain.or_else(|_| text.parse()).map_err(|_| "write IP or IP:PORT, such as 10.0.0.153 or [::1]:53".to_owned())
}

/// A prefix; `any` is not one, for it is two.
fn prefix(text: &str) -> Result<Prefix, String> {
    text.trim().parse::<Prefix>().map_err(|error| error.to_string())
}
