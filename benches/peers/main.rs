//! Horizon beside every peer: the same zones and the same load, in rounds. See `benches/README.md`.

mod asking;
mod bound;
mod change;
mod dnsperf;
mod echo;
mod figures;
mod forwarded;
mod forwarders;
mod histogram;
mod json;
mod kernel;
mod load;
mod measure;
mod options;
mod paced;
mod plot;
mod process;
mod program;
mod scenario;
mod streams;
mod table;
mod turns;
mod usage;
mod world;

use figures::Results;
use measure::Cores;
use options::{Options, USAGE, Wish};
use std::env;
use std::fs;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == echo::ECHO).is_some() {
        return echo::serve(arguments.next());
    }
    let options = match Options::read(arguments) {
        Ok(Wish::Run(options)) => options,
        Ok(Wish::List) => {
            print!("{}", table::list());
            return ExitCode::SUCCESS;
        }
        Ok(Wish::Help) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{wrong}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    kernel::watch_interrupts();
    kernel::raise_open_files();
    let cores = cores();
    // Threads and generated files of this program stay away from the server's core.
    kernel::stay_on(&cores.load)?;
    let folder = tempfile::Builder::new().prefix("horizon-peers").tempdir()?;
    let mut results = Results::default();
    measure::all(options, &cores, folder.path(), &mut results)?;
    print!("{}", table::figures(&results, options));
    let verdicts = bound::verdicts(&results);
    print!("{}", table::bounds(&verdicts));
    if let Some(path) = &options.json {
        fs::write(path, json::text(&results, &verdicts, options))?;
    }
    if let Some(path) = &options.svg {
        fs::write(path, plot::svg(&results))?;
    }
    Ok(())
}

/// The server on the first core, the load on the last.
fn cores() -> Cores {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let two = if count > 1 { vec![0, 1] } else { vec![0] };
    Cores { server: vec![0], load: vec![count - 1], two }
}
