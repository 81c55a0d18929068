//! The problems that a CA can have, each with what to do.

use super::super::dial::{ChainFault, DialError};
use super::super::reach::{Gravity, Problem, Remedy};
use super::CaPlace;

/// CA_DOWN: no answer.
pub(super) fn down(place: &CaPlace, error: &DialError) -> Problem {
    let summary = format!("the CA at {} cannot be asked: {error}", place.url);
    let remedy = Remedy::new(format!(
        "start the CA, and let port {} through to it in the firewall, for this server and for its clients",
        place.port
    ))
    .run("systemctl status step-ca")
    .run(format!("curl -k https://{}/health", place.authority()));
    problem("CA_DOWN", Gravity::Error, summary, format!("its address is known from {}", place.source), remedy)
}

/// CA_DOWN: it says so itself.
pub(super) fn unhealthy(place: &CaPlace, said: &str) -> Problem {
    let summary = format!("the CA at {} says that it is not well", place.url);
    let remedy = Remedy::new("see the CA's log; ACME needs its database").run("journalctl -u step-ca -n 50");
    problem("CA_DOWN", Gravity::Error, summary, said, remedy)
}

/// DIRECTORY_BAD: the URL leads to something else.
pub(super) fn directory(place: &CaPlace, said: String) -> Problem {
    let summary = format!("no ACME directory is at {}", place.url);
    let remedy = Remedy::new(
        "correct `directory` under [acme], and see that no proxy in between answers for the CA: \
         step-ca has it at `/acme/PROVISIONER/directory`",
    )
    .run(format!("curl -k {}", place.url));
    problem("DIRECTORY_BAD", Gravity::Error, summary, said, remedy)
}

/// CA_LINK_HOST: the directory leads elsewhere.
pub(super) fn link_host(place: &CaPlace, key: &str, host: &str) -> Problem {
    let summary = format!("the CA's directory leads to `{host}` for {key}, and not to `{}`", place.authority());
    let remedy = Remedy::new(
        "step-ca builds its links of the request's Host: have the proxy in between pass Host on as it came, or call the CA \
         without one",
    );
    problem("CA_LINK_HOST", Gravity::Error, summary, format!("asked with Host {}", place.authority()), remedy)
}

/// CA_UNTRUSTED: its certificate is not good enough.
pub(super) fn untrusted(place: &CaPlace, fault: &ChainFault, roots_file: Option<&str>, names: &[String]) -> Problem {
    let file = roots_file.unwrap_or("`fingerprint`");
    let (what, remedy) = match fault {
        ChainFault::Untrusted => (
            format!("leads to none of the roots in {file}"),
            Remedy::new("take the root from the CA's guest, where it cannot have been exchanged on the way")
                .run("step ca root root_ca.crt")
                .run("step certificate fingerprint root_ca.crt"),
        ),
        ChainFault::Expired => (
            "has expired".to_owned(),
            Remedy::new("restart the CA: it makes its own certificate anew; else see its clock")
                .run("systemctl restart step-ca"),
        ),
        ChainFault::NotYet => {
            ("is not valid yet".to_owned(), Remedy::new("set the clocks of both machines right").run("timedatectl"))
        }
        ChainFault::OtherName => (
            format!("is for {}, not for `{}`", names.join(", "), place.host),
            Remedy::new(format!("add `{}` to `dnsNames` in the CA's ca.json and restart it", place.host)),
        ),
        ChainFault::Unreadable => ("cannot be read".to_owned(), Remedy::new("see what answers there")),
        ChainFault::Other(why) => (format!("is bad: {why}"), Remedy::new("see what answers there")),
    };
    let summary = format!("the certificate of the CA at {} {what}", place.url);
    problem("CA_UNTRUSTED", Gravity::Error, summary, "", remedy)
}

/// CA_ROOT_DIFFERS: it hands out other roots than those that are trusted here.
pub(super) fn root_differs(place: &CaPlace, served: &[String], trusted: &[String]) -> Problem {
    let summary = format!("the CA at {} hands out another root than the one that is trusted here", place.url);
    let detail = format!("it hands out {}; trusted is {}", served.join(", "), trusted.join(", "));
    let remedy = Remedy::new(
        "if the CA was set up anew: bring its new root to this server and to every client, `roots` and `fingerprint` under [acme] \
         included; if not, somebody else answers for it",
    )
    .run("step ca root root_ca.crt --force")
    .run("step certificate fingerprint root_ca.crt");
    problem("CA_ROOT_DIFFERS", Gravity::Error, summary, detail, remedy)
}

/// CA_UNPINNED: nothing is known that its certificate could be held against.
pub(super) fn unpinned(place: &CaPlace, offered: &[String]) -> Problem {
    let summary = format!("nothing says which root the CA at {} must have", place.url);
    let remedy = match offered.first() {
        Some(root) => Remedy::new("if this is its root, write under [acme]:").run(format!("fingerprint = \"{root}\"")),
        None => Remedy::new("write `roots` or `fingerprint` under [acme]"),
    };
    problem("CA_UNPINNED", Gravity::Warning, summary, "its certificate was not checked", remedy)
}

/// PROVISIONER_MISSING: the directory's provisioner is not there.
pub(super) fn provisioner(place: &CaPlace, name: &str, others: &[String]) -> Problem {
    let summary = format!("the CA at {} has no ACME provisioner `{name}`", place.url);
    let detail = match others {
        [] => "it has none of type ACME".to_owned(),
        several => format!("it has {}", several.join(", ")),
    };
    let remedy = match others {
        [] => Remedy::new("add one in the CA's guest and restart it; it needs a database, too")
            .run(format!("step ca provisioner add {name} --type ACME")),
        several => Remedy::new("correct the path of `directory` under [acme] and in the clients").run(format!(
            "directory = \"https://{}/acme/{}/directory\"",
            place.authority(),
            several[0]
        )),
    };
    problem("PROVISIONER_MISSING", Gravity::Error, summary, detail, remedy)
}

/// EAB_REQUIRED: clients without a key of the CA's get no account.
pub(super) fn external_account(place: &CaPlace) -> Problem {
    let summary =
        format!("the CA at {} gives accounts only to clients that it gave a key (RFC 8555 section 7.3.4)", place.url);
    let remedy =
        Remedy::new("give each client its key id and HMAC key").run("step ca acme eab add PROVISIONER REFERENCE");
    problem("EAB_REQUIRED", Gravity::Warning, summary, "", remedy)
}

/// CHALLENGE_DISABLED: a challenge that names are to use is not offered.
pub(super) fn disabled(place: &CaPlace, provisioner: &str, challenge: &str, offered: &[String]) -> Problem {
    let summary = format!("the provisioner `{provisioner}` of {} does not offer {challenge}", place.url);
    let remedy = Remedy::new("let it, or have the names use another one (`challenges` under [acme.name])")
        .run(format!("step ca provisioner update {provisioner} --challenge {challenge}"));
    problem("CHALLENGE_DISABLED", Gravity::Error, summary, format!("it offers {}", offered.join(", ")), remedy)
}

/// LEAF_SHORTER_THAN_RENEWAL: clients with their usual times renew too late.
pub(super) fn short_lived(place: &CaPlace, seconds: u64) -> Problem {
    let hours = seconds / 3600;
    let summary = format!("certificates of the CA at {} live {hours} hours", place.url);
    let detail =
        "Traefik takes 2160 hours for granted and looks once a day only: such a certificate may end between two looks";
    let remedy = Remedy::new("tell each client the real time; for Traefik, in its resolver")
        .run(format!("certificatesDuration: {}", hours.max(1)));
    problem("LEAF_SHORTER_THAN_RENEWAL", Gravity::Info, summary, detail, remedy)
}

/// CLOCK_SKEW: TSIG allows 300 seconds (RFC 8945 section 10), and certificates are dated by the CA's clock.
pub(super) fn clock(place: &CaPlace, skew: i64) -> Problem {
    let way = if skew > 0 { "ahead of" } else { "behind" };
    let seconds = skew.unsigned_abs();
    let gravity = if seconds > 300 { Gravity::Error } else { Gravity::Warning };
    let summary = format!("the clock of the CA at {} is {seconds} seconds {way} ours", place.url);
    let remedy = Remedy::new("set the clocks of both machines right").run("timedatectl set-ntp true");
    problem("CLOCK_SKEW", gravity, summary, "signed updates allow 300 seconds", remedy)
}

/// CA_LATE: its own certificate is near its end.
pub(super) fn late(place: &CaPlace, left: u64) -> Problem {
    let summary =
        format!("the certificate of the CA at {} ends in {} hours and was not renewed", place.url, left / 3600);
    let remedy = Remedy::new("restart the CA: it makes its own certificate anew").run("systemctl restart step-ca");
    problem("CA_LATE", Gravity::Warning, summary, "", remedy)
}

fn problem(
    code: &'static str,
    gravity: Gravity,
    summary: String,
    detail: impl Into<String>,
    remedy: Remedy,
) -> Problem {
    Problem::new(code, gravity, summary, remedy).detailed(detail)
}
