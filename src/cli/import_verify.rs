//! `import dnsmasq --verify-against`: both servers are asked, and the replies compared.

use super::arguments::Dnsmasq;
use super::asker::ask_all;
use super::exit::Exit;
use super::exit::Failure;
use crate::config::Settings;
use crate::dns::Name;
use crate::dns::parse_name;
use crate::files;
use crate::import::Imported;
use crate::import::proof::Question;
use crate::import::proof::Reply;
use crate::import::proof::Tally;
use crate::import::proof::Why;
use crate::import::proof::judge;
use crate::query::Transport;
use crate::query::Verdict;
use crate::query::respond;
use crate::snapshot::Snapshot;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;

/// Names outside of most networks: large, small, with IPv6 only by some, and one that is not there. The reverse names are
/// private ones that no guest has.
const OUTSIDE: [&str; 6] = [
    "example.com",
    "www.example.org",
    "iana.org",
    "no-such-name.example.com",
    "251.250.255.10.in-addr.arpa",
    "251.250.31.172.in-addr.arpa",
];

/// Octets of a file of names.
const LARGEST: u64 = 16 << 20;
/// RCODE of a name that no zone of ours holds, where nothing is forwarded.
const REFUSED: u8 = 5;

/// Compares the old server with the import, or with the new server when one is named.
pub(super) fn verify(
    verb: &Dnsmasq,
    old: SocketAddr,
    imported: &Imported,
    memory: &Snapshot,
) -> Result<Tally, Failure> {
    let questions = imported.subject.questions(&outside(&verb.outside)?);
    let mut tally = Tally::default();
    let (questions, new) = match verb.new {
        Some(new) => {
            let replies = ask(new, &questions, "the new server")?;
            (questions, replies)
        }
        None => in_memory(memory, questions, &mut tally),
    };
    let old = ask(old, &questions, "the old server")?;
    for ((question, old), new) in questions.iter().zip(&old).zip(&new) {
        let differences = judge(&imported.subject, question, old.as_ref(), new.as_ref());
        tally.take(question, &differences, old.as_ref(), new.as_ref());
    }
    Ok(tally)
}

fn ask(server: SocketAddr, questions: &[Question], which: &str) -> Result<Vec<Option<Reply>>, Failure> {
    let octets: Vec<Vec<u8>> = questions.iter().map(|question| question.octets(0)).collect();
    let replies = ask_all(server, &octets)
        .map_err(|error| Failure::new(Exit::Error, format!("{which} at {server} cannot be asked: {error}")))?;
    Ok(replies.into_iter().map(|reply| Reply::read(&reply?)).collect())
}

/// What the import answers to a client of its horizon. A name that it holds in no zone would be forwarded, which is not
/// compared: it is left out.
fn in_memory(snapshot: &Snapshot, questions: Vec<Question>, tally: &mut Tally) -> (Vec<Question>, Vec<Option<Reply>>) {
    let client = client(&snapshot.settings);
    let mut buffer = vec![0; usize::from(u16::MAX)];
    let mut kept = Vec::with_capacity(questions.len());
    let mut replies = Vec::with_capacity(questions.len());
    for question in questions {
        let verdict = respond(snapshot, client, Transport::Stream, &question.octets(0), &mut buffer);
        let reply = if let Verdict::Reply(length) = verdict { Reply::read(&buffer[..length]) } else { None };
        // Also an alias of the import may lead to a name that would be forwarded.
        let refused = reply.as_ref().is_some_and(|reply| reply.rcode == REFUSED);
        if reply.is_none() || (question.why == Why::Outside && refused) {
            tally.skipped += 1;
            continue;
        }
        kept.push(question);
        replies.push(reply);
    }
    (kept, replies)
}

/// An address that the only horizon covers.
fn client(settings: &Settings) -> IpAddr {
    let prefixes = settings.horizons.iter().flat_map(|horizon| &horizon.clients);
    prefixes.map(|prefix| prefix.address()).next().unwrap_or(Ipv4Addr::LOCALHOST.into())
}

/// The names of `--outside`, or the usual ones.
fn outside(written: &[String]) -> Result<Vec<Name>, Failure> {
    let mut words: Vec<String> = Vec::new();
    for text in written {
        if Path::new(text).is_file() {
            let text = files::read_text(text, LARGEST).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
            let names = text.lines().filter_map(|line| line.split('#').next()).map(str::trim);
            words.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
        } else {
            words.extend(text.split(',').map(|name| name.trim().to_owned()));
        }
    }
    if written.is_empty() {
        words.extend(OUTSIDE.map(str::to_owned));
    }
    let read = |word: &String| {
        parse_name(&word.to_ascii_lowercase()).map_err(|error| {
            Failure::new(Exit::Error, format!("--outside: {error}; write names, or a file of them, one a line"))
        })
    };
    words.iter().map(read).collect()
}
