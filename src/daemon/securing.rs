//! Encrypted DNS as the server runs it: listeners and certificate follow the settings. What fails here is told and tried
//! again; the other transports serve without it.

use super::reload::tell;
use super::renewing::{Renewal, own_file, renew};
use crate::config::{Settings, Tls};
use crate::files::Stamp;
use crate::finding::{Finding, Severity};
use crate::transport::{BindError, CertificateOf, EncryptedListeners, Encryption, Identity, Listeners, Pair};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often a renewed certificate is looked for, and an address tried again that could not be listened on.
const AGAIN: Duration = Duration::from_secs(60);

/// Days before its end from which a certificate out of files is warned of.
const SOON: i64 = 7 * 24 * 3600;

/// The encrypted listeners and their certificate.
#[derive(Debug)]
pub(super) struct Securing {
    secured: Arc<Secured>,
    again: JoinHandle<()>,
    renewing: JoinHandle<()>,
}

/// What others may look at.
#[derive(Debug)]
pub(super) struct Secured(Mutex<Front>);

#[derive(Debug)]
struct Front {
    /// None once the server stops.
    listeners: Option<EncryptedListeners>,
    identity: Arc<Identity>,
    loaded: Vec<Loaded>,
    wanted: Wanted,
    /// What keeps certificates from being renewed, by name.
    not_renewed: BTreeMap<String, Finding>,
    troubles: Vec<Finding>,
}

/// What the settings want.
#[derive(Debug)]
struct Wanted {
    tls: Tls,
    /// The folder of certificates that the CA gave.
    state: PathBuf,
}

/// A certificate that is shown, how its files looked, and when it is valid, in seconds since 1970.
#[derive(Debug, Clone)]
struct Loaded {
    source: Source,
    stamps: [Option<Stamp>; 2],
    validity: Option<(i64, i64)>,
    pair: Pair,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    /// The name that it was ordered for; none for one out of the operator's files.
    name: Option<String>,
    certificate: PathBuf,
    key: PathBuf,
}

impl Securing {
    /// Opens what the settings ask for.
    pub(super) fn start(settings: &Settings, listeners: &Listeners, renewal: Renewal, runtime: &Handle) -> Self {
        let identity = Arc::new(Identity::default());
        let front = Front {
            listeners: Some(listeners.encrypted(Arc::clone(&identity))),
            identity,
            loaded: Vec::new(),
            wanted: Wanted::of(settings),
            not_renewed: BTreeMap::new(),
            troubles: Vec::new(),
        };
        let secured = Arc::new(Secured(Mutex::new(front)));
        secured.front().follow();
        for (encryption, address) in secured.addresses() {
            tracing::info!("DNS over {encryption} on {address}");
        }
        let again = runtime.spawn(try_again(Arc::clone(&secured)));
        let renewing = runtime.spawn(renew(Arc::clone(&secured), renewal));
        Securing { secured, again, renewing }
    }

    /// Listens as these settings say.
    pub(super) fn follow(&self, settings: &Settings) {
        let mut front = self.secured.front();
        front.wanted = Wanted::of(settings);
        front.follow();
    }

    /// What others may look at.
    pub(super) fn state(&self) -> &Arc<Secured> {
        &self.secured
    }

    /// Takes no more connections, and waits at most so long until those that are open have got what they asked for.
    pub(super) async fn stop(self, patience: Duration) {
        self.again.abort();
        self.renewing.abort();
        let listeners = self.secured.front().listeners.take();
        if let Some(listeners) = listeners {
            listeners.stop(patience).await;
        }
    }
}

impl Secured {
    /// What keeps clients from encrypted DNS, or soon will.
    pub(super) fn troubles(&self) -> Vec<Finding> {
        self.front().troubles.clone()
    }

    /// What is listened on.
    pub(super) fn addresses(&self) -> Vec<(Encryption, SocketAddr)> {
        self.front().listeners.as_ref().map(EncryptedListeners::addresses).unwrap_or_default()
    }

    /// The same as text, such as `tls 10.0.0.153:853`.
    pub(super) fn shown(&self) -> Vec<String> {
        let addresses = self.addresses().into_iter();
        addresses.map(|(how, address)| format!("{} {address}", how.to_string().to_ascii_lowercase())).collect()
    }

    /// Whether certificates come from the CA.
    pub(super) fn renews(&self) -> bool {
        self.front().wanted.tls.acme
    }

    /// The names that a certificate is to be ordered for now, each with the file to put it into: it is not there, or two
    /// thirds of its life are over.
    pub(super) fn due(&self, now: SystemTime) -> Vec<(String, PathBuf)> {
        let front = self.front();
        let now = since_1970(now);
        let is_due = |source: &Source| {
            let loaded = front.loaded.iter().find(|loaded| loaded.source == *source);
            let validity = loaded.and_then(|loaded| loaded.validity);
            validity.is_none_or(|(begins, ends)| now >= begins + (ends - begins) / 3 * 2)
        };
        let sources = front.wanted.sources().into_iter().filter(is_due);
        sources.filter_map(|source| Some((source.name?, source.certificate))).collect()
    }

    /// What came of an order: its certificate is shown from now on, or the finding is told until one is got.
    pub(super) fn renewed(&self, name: &str, fault: Option<Finding>) {
        let mut front = self.front();
        match fault {
            Some(finding) => drop(front.not_renewed.insert(name.to_owned(), finding)),
            None => drop(front.not_renewed.remove(name)),
        }
        front.follow();
    }

    fn front(&self) -> MutexGuard<'_, Front> {
        // Each part is whole whatever happened under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    fn of(settings: &Settings) -> Self {
        Wanted { tls: settings.tls.clone(), state: settings.acme.state.clone() }
    }

    fn sources(&self) -> Vec<Source> {
        if let Some((certificate, key)) = self.tls.certificate.clone() {
            return vec![Source { name: None, certificate, key }];
        }
        let names = self.tls.names.iter().filter(|_| self.tls.acme);
        let own = names.map(|name| {
            let name = name.to_string().trim_end_matches('.').to_ascii_lowercase();
            let file = own_file(&self.state, &name);
            Source { name: Some(name), certificate: file.clone(), key: file }
        });
        own.collect()
    }
}

impl Front {
    /// Certificate first: without one no handshake succeeds, and a closed port says more than a broken one.
    fn follow(&mut self) {
        let mut troubles = Vec::new();
        let wanted = wanted(&self.wanted.tls);
        if !wanted.is_empty() {
            self.follow_certificates(&mut troubles);
        }
        if self.wanted.tls.acme {
            troubles.extend(self.not_renewed.values().cloned());
        } else {
            self.not_renewed.clear();
        }
        let wanted = if self.identity.is_there() { wanted } else { Vec::new() };
        if let Some(listeners) = &mut self.listeners
            && let Err(errors) = listeners.follow(&wanted)
        {
            troubles.extend(errors.iter().map(|(encryption, error)| not_heard(*encryption, error)));
        }
        troubles.iter().filter(|trouble| !self.troubles.contains(trouble)).for_each(tell);
        self.troubles = troubles;
    }

    fn follow_certificates(&mut self, troubles: &mut Vec<Finding>) {
        let mut shown = Vec::new();
        let mut changed = false;
        for source in self.wanted.sources() {
            let stamps = [Stamp::of(&source.certificate), Stamp::of(&source.key)];
            let known = self.loaded.iter().find(|loaded| loaded.source == source);
            if let Some(known) = known.filter(|known| known.stamps == stamps) {
                shown.push(known.clone());
                continue;
            }
            if source.name.is_some() && stamps[0].is_none() && known.is_none() {
                // It has yet to be ordered.
                continue;
            }
            match Pair::read(&source.certificate, &source.key, CertificateOf::Dns) {
                Ok(pair) => {
                    if known.is_some() {
                        tracing::info!("{}: the new certificate is shown from now on", source.certificate.display());
                    }
                    changed = true;
                    shown.push(Loaded { source, stamps, validity: pair.validity(), pair });
                }
                Err(finding) => {
                    troubles.push(finding);
                    // The one before is shown on.
                    shown.extend(known.cloned());
                }
            }
        }
        if changed || (shown.len() != self.loaded.len() && !shown.is_empty()) {
            self.identity
                .show_each(shown.iter().map(|loaded| (loaded.source.name.clone(), loaded.pair.clone())).collect());
            self.loaded = shown;
        }
        for Loaded { source, validity, .. } in &self.loaded {
            troubles.extend(validity.and_then(|validity| judge(&source.certificate, validity, SystemTime::now())));
        }
    }
}

fn since_1970(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// What is wrong with a certificate by the clock. An expired one is shown all the same: a client that does not look is
/// served, and one that looks is told by its own program.
fn judge(file: &Path, (begins, ends): (i64, i64), now: SystemTime) -> Option<Finding> {
    let now = since_1970(now);
    let subject = file.display().to_string();
    let remedy = "renew the certificate of [tls], or see the clock of this machine; it looks again every minute";
    let finding = |code: &'static str, severity, what: String| {
        Some(Finding::new(code, severity, subject.clone(), what, remedy).tolerated())
    };
    match ends - now {
        left if left < 0 => {
            let what = format!("the certificate of encrypted DNS has expired, {} ago", span(-left));
            finding("CERTIFICATE_EXPIRED", Severity::Error, what)
        }
        _ if begins > now => {
            let what = format!("the certificate of encrypted DNS is not valid before {} from now", span(begins - now));
            finding("CERTIFICATE_EXPIRED", Severity::Error, what)
        }
        // Short-lived certificates are renewed late: those of a day are well with a third of it left.
        left if left < SOON.min((ends - begins) / 4) => {
            let what = format!("the certificate of encrypted DNS expires within {}", span(left));
            finding("CERTIFICATE_EXPIRES", Severity::Warning, what)
        }
        _ => None,
    }
}

/// Seconds as a person says them, in the unit that changes least often, so that a finding is told seldom.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "days"),
        7_200.. => (seconds / 3_600, "hours"),
        _ => return "two hours".to_owned(),
    };
    format!("{count} {unit}")
}

fn wanted(tls: &Tls) -> Vec<(Encryption, SocketAddr)> {
    let all = [
        (Encryption::Tls, &tls.listen_tls),
        (Encryption::Https, &tls.listen_https),
        (Encryption::Quic, &tls.listen_quic),
    ];
    all.into_iter().flat_map(|(encryption, listen)| listen.iter().map(move |address| (encryption, *address))).collect()
}

async fn try_again(secured: Arc<Secured>) {
    loop {
        sleep(AGAIN).await;
        let secured = Arc::clone(&secured);
        // Files are read.
        if tokio::task::spawn_blocking(move || secured.front().follow()).await.is_err() {
            return;
        }
    }
}

fn not_heard(encryption: Encryption, error: &BindError) -> Finding {
    let key = match encryption {
        Encryption::Tls => "listen_tls",
        Encryption::Https => "listen_https",
        Encryption::Quic => "listen_quic",
    };
    let what = format!("no DNS over {encryption}: {}", error.reason);
    let remedy = format!(
        "stop what holds the port or write another address in `{key}` of [tls]; ports below 1024 need CAP_NET_BIND_SERVICE; \
         it is tried again every minute"
    );
    Finding::new("TLS_LISTEN_FAILED", Severity::Error, error.address.to_string(), what, remedy).tolerated()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate is judged by its own life: what is soon for one of a year is normal for one of a day.
    #[test]
    fn a_certificate_is_judged_by_the_clock() {
        const DAY: i64 = 86_400;
        let now = 1_000 * DAY;
        let table = [
            ("well", -10 * DAY, 80 * DAY, None),
            ("soon", -360 * DAY, 5 * DAY, Some(("CERTIFICATE_EXPIRES", "expires within 5 days"))),
            ("a day's, in its last third", -DAY * 2 / 3, DAY / 3, None),
            ("a day's, in its last hour", -DAY + 3600, 3600, Some(("CERTIFICATE_EXPIRES", "within two hours"))),
            ("over", -90 * DAY, -3 * DAY, Some(("CERTIFICATE_EXPIRED", "has expired, 3 days ago"))),
            ("to come", DAY, 90 * DAY, Some(("CERTIFICATE_EXPIRED", "not valid before 24 hours from now"))),
        ];
        for (why, begins, ends, expected) in table {
            let at = UNIX_EPOCH + Duration::from_secs(now as u64);
            let finding = judge(Path::new("dns.crt"), (now + begins, now + ends), at);
            match (finding, expected) {
                (None, None) => {}
                (Some(finding), Some((code, words))) => {
                    assert!(finding.code == code && finding.what.contains(words), "{why}: {finding}");
                }
                (finding, _) => panic!("{why}: {finding:?}"),
            }
        }
    }
}
