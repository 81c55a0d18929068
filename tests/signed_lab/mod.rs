//! A small world of signed zones with a root of its own: signed by Debian's ldns, served by Debian's Knot.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod asker;
mod server;
mod zones;

pub(crate) use asker::Knot;
pub(crate) use asker::Whim;
pub(crate) use server::Server;

use horizon_dns::config;
use horizon_dns::counters::Counters;
use horizon_dns::counters::Worker;
use horizon_dns::dns::Name;
use horizon_dns::dns::parse_name;
use horizon_dns::dns::parse_rtype;
use horizon_dns::forward::Validator;
use horizon_dns::forward::Validity;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The server, and a validator that trusts its root.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) runtime: Runtime,
    pub(crate) validator: Validator,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = Server::start();
        let validator =
            Validator::trusting(runtime.handle().clone(), Counters::new(1).worker(), &server.root_key).unwrap();
        World { server, runtime, validator }
    }

    /// A validator that trusts the root, too, and counts there.
    pub(crate) fn validator_with(&self, counters: Arc<Worker>) -> Validator {
        Validator::trusting(self.runtime.handle().clone(), counters, &self.server.root_key).unwrap()
    }

    /// What the validator finds for the answer to `name type`, with these lines in `[forward]`.
    pub(crate) fn examine(&self, question: &str, lines: &str, whim: Whim) -> String {
        let (name, rtype) = read_question(question);
        let text = format!("[[horizon]]\nname = \"lan\"\nclients = [\"any\"]\nforward = true\n[forward]\n{lines}\n");
        let forward = config::parse(&text, Path::new("horizon.toml")).unwrap().forward;
        let knot = Knot { address: self.server.address, whim };
        self.runtime.block_on(async {
            let reply = knot.resolve(name.as_slice(), rtype).await;
            let lower = name.as_slice().to_ascii_lowercase();
            words(self.validator.examine(&forward, &lower, rtype, &reply, Arc::new(knot.clone())).await)
        })
    }
}

/// `name type`
pub(crate) fn read_question(text: &str) -> (Name, u16) {
    let (name, rtype) = text.split_once(' ').unwrap();
    (parse_name(name).unwrap(), parse_rtype(rtype.as_bytes()).unwrap().to_int())
}

fn words(validity: Validity) -> String {
    match validity {
        Validity::Secure => "secure".to_owned(),
        Validity::Insecure => "insecure".to_owned(),
        Validity::Bogus(note) => format!("bogus {}: {}", note.code, note.text()),
        Validity::Indeterminate(note) => format!("indeterminate {}: {}", note.code, note.text()),
    }
}
