//! What a CA's errors mean, and which of them pass by themselves.

use super::super::leaf::printable;
use super::super::reach::{Gravity, Problem, Remedy};
use instant_acme::Error;

/// `urn:ietf:params:acme:error:` (RFC 8555 section 6.7).
const PREFIX: &str = "urn:ietf:params:acme:error:";

/// The error's own word, such as `connection`; none when it is not the CA's.
pub(super) fn word(error: &Error) -> Option<String> {
    let Error::Api(problem) = error else { return None };
    problem.r#type.as_deref().map(|urn| printable(urn.strip_prefix(PREFIX).unwrap_or(urn)))
}

/// True when the same challenge may be tried again: step-ca leaves it pending after these, whatever the reason was.
pub(super) fn passes(error: &Error) -> bool {
    matches!(word(error).as_deref(), Some("connection" | "dns" | "rejectedIdentifier" | "incorrectResponse"))
}

/// The CA has forgotten the account.
pub(super) fn is_unknown_account(error: &Error) -> bool {
    word(error).as_deref() == Some("accountDoesNotExist")
}

/// What went wrong while `doing`, which completes "the CA refused".
pub(super) fn problem(name: &str, doing: &str, error: &Error) -> Problem {
    let Error::Api(api) = error else {
        let text = printable(&error.to_string());
        // Our own connections say their code first.
        let (code, what) = match text.split_once(": ") {
            Some(("CA_DOWN", what)) => ("CA_DOWN", what),
            Some(("CA_UNTRUSTED", what)) => ("CA_UNTRUSTED", what),
            Some(("CA_LINK_HOST", what)) => ("CA_LINK_HOST", what),
            _ => ("ORDER_FAILED", text.as_str()),
        };
        let remedy = Remedy::new("see what else is wrong with the CA").run("zonectl doctor");
        return Problem::new(code, Gravity::Error, format!("the order for {name} ended while {doing}: {what}"), remedy);
    };
    let word = word(error).unwrap_or_else(|| "no type".to_owned());
    let detail = printable(api.detail.as_deref().unwrap_or("no detail"));
    let (code, remedy) = match word.as_str() {
        "externalAccountRequired" => (
            "EAB_REQUIRED",
            Remedy::new("let the provisioner give accounts without a key, or use another one for checks"),
        ),
        "rejectedIdentifier" if doing.contains("order") => (
            "POLICY_DENIED",
            Remedy::new("allow the name in the policy of the CA's provisioner")
                .run("step ca policy provisioner x509 view"),
        ),
        // step-ca says this for a refused connection, a wrong status, a name that does not exist, and a time-out.
        "connection" => (
            "CA_FAILED",
            Remedy::new("the CA does not say where it went: see in its guest")
                .run(format!("zonectl acme check {name} --here")),
        ),
        "dns" => ("CA_FAILED", Remedy::new("see whom the CA's guest asks").run("cat /etc/resolv.conf")),
        "caa" => (
            "CAA_FORBIDS",
            Remedy::new("let the CAA record of the name name this CA").run(format!("zonectl get {name}. CAA")),
        ),
        "rateLimited" => ("RATE_LIMITED", Remedy::new("wait; certificates are not to be ordered over and over")),
        _ => ("CA_FAILED", Remedy::new("see the CA's log").run("journalctl -u step-ca -n 50")),
    };
    let summary = format!("the CA refused {doing} for {name}: {word}");
    Problem::new(code, Gravity::Error, summary, remedy).detailed(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(kind: &str) -> Error {
        let json = format!(r#"{{"type":"{PREFIX}{kind}","detail":"no\nway"}}"#);
        Error::Api(serde_json::from_str(&json).unwrap())
    }

    /// Which errors pass, and what each is called.
    #[test]
    fn errors_have_classes() {
        let table = [
            ("connection", "the challenge", true, "CA_FAILED"),
            ("dns", "the challenge", true, "CA_FAILED"),
            ("rejectedIdentifier", "the challenge", true, "CA_FAILED"),
            ("rejectedIdentifier", "a new order", true, "POLICY_DENIED"),
            ("externalAccountRequired", "an account", false, "EAB_REQUIRED"),
            ("unauthorized", "the challenge", false, "CA_FAILED"),
            ("malformed", "a new order", false, "CA_FAILED"),
            ("caa", "the challenge", false, "CAA_FORBIDS"),
        ];
        for (kind, doing, expected, code) in table {
            let error = api(kind);
            assert_eq!(passes(&error), expected, "{kind}");
            let problem = problem("a.example", doing, &error);
            assert_eq!(problem.code, code, "{kind}");
            assert_eq!(problem.detail, "no?way", "what the CA writes is one line");
        }
        let ours = Error::Other("CA_LINK_HOST: the CA sends us to `x`".into());
        assert_eq!(problem("a.example", "a new order", &ours).code, "CA_LINK_HOST");
        assert!(!passes(&ours) && is_unknown_account(&api("accountDoesNotExist")));
    }
}
