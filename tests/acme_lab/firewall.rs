//! nftables in a guest: what is let in, and counters of what goes out.

use super::network::Network;
use std::io::Write;
use std::process::Stdio;

/// Rules in one guest; they go with its namespace.
pub(crate) struct Firewall<'a> {
    network: &'a Network,
    guest: &'a str,
}

impl<'a> Firewall<'a> {
    pub(crate) fn new(network: &'a Network, guest: &'a str) -> Firewall<'a> {
        Firewall { network, guest }
    }

    /// Loads rules in nftables' own language, in the place of those before.
    pub(crate) fn load(&self, rules: &str) {
        let mut nft = self.network.command(self.guest, "nft");
        let mut child = nft.args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("flush ruleset\n{rules}").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "nft: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Drops TCP to this port from this address.
    pub(crate) fn drop_tcp(&self, from: &str, port: u16) {
        self.load(&format!(
            "table inet lab {{ chain input {{ type filter hook input priority 0; ip saddr {from} tcp dport {port} drop;\n}}\n}}\n"
        ));
    }

    pub(crate) fn clear(&self) {
        self.load("");
    }

    /// Lets in what these rules of the inventory's JSON let in, and nothing else.
    pub(crate) fn load_inventory(&self, rules: &[&serde_json::Value]) {
        let mut text = String::from(
            "table inet lab {\nchain input { type filter hook input priority 0; policy drop;\niifname \"lo\" accept\nct state \
             established,related accept\nmeta l4proto icmp accept\n",
        );
        for rule in rules {
            let word = |key: &str| rule[key].as_str();
            assert_eq!((word("type"), word("action")), (Some("in"), Some("ACCEPT")), "{rule}: another kind of rule");
            let from = word("source").map_or_else(String::new, |source| format!("ip saddr {source} "));
            text.push_str(&format!("{from}{} dport {{ {} }} accept\n", word("proto").unwrap(), word("port").unwrap()));
        }
        self.load(&format!("{text}}}\n}}\n"));
    }

    /// Counts connections that this guest opens, TCP and UDP: each of `allowed` (an nftables match) by itself, the rest as `other`.
    pub(crate) fn count_openings(&self, allowed: &[(&str, &str)]) {
        let mut rules = String::from("table inet lab {\n");
        for (name, _) in allowed.iter().chain(&[("other", "")]) {
            rules.push_str(&format!("counter {name} {{ }}\n"));
        }
        rules.push_str("chain output { type filter hook output priority 0; policy accept;\n");
        rules.push_str("oifname \"lo\" accept\nmeta l4proto { icmp, ipv6-icmp } accept\nct state != new accept\n");
        for (name, matching) in allowed {
            rules.push_str(&format!("{matching} counter name {name} accept\n"));
        }
        rules.push_str("counter name other log prefix \"lab \" accept\n}\n}\n");
        self.load(&rules);
    }

    /// How many connections a counter of [`Firewall::count_openings`] saw.
    pub(crate) fn count(&self, counter: &str) -> u64 {
        let mut nft = self.network.command(self.guest, "nft");
        let output = nft.args(["-j", "list", "counter", "inet", "lab", counter]).output().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let counters = value["nftables"].as_array().unwrap();
        counters.iter().find_map(|entry| entry["counter"]["packets"].as_u64()).unwrap()
    }
}
