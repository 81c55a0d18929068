//! What the man pages say beyond the table of arguments: walk-throughs, exit codes, files.

/// A section of a man page: its title, then blocks.
pub(super) type Section = (&'static str, &'static [Block]);

/// A part of a section.
pub(super) enum Block {
    /// Running text.
    Text(&'static str),
    /// A heading inside the section.
    Head(&'static str),
    /// Lines as they are typed and shown.
    Lines(&'static str),
    /// A word and what it means.
    Item(&'static str, &'static str),
}

use Block::{Head, Item, Lines, Text};

/// How records are edited, from the first to a wrong one.
pub(super) const EDITING: Section = (
    "EDITING",
    &[
        Text(
            "Zone files are the single truth; every edit here is an edit of their text, and all that it need not touch stays \
             as it was, to the octet. Serials are raised by the server: never write one yourself. Each edit takes the same way: \
             the full name and what changes are shown, all checks of all horizons run on the result, it is written, served, and \
             asked for over the server's own socket; then its change id is printed. If anything fails on that way, nothing \
             has changed.",
        ),
        Head("A new printer, in both directions"),
        Text(
            "A name is relative to its zone unless it ends in a dot; a new one is written whole when there are several zones. \
             `--reverse` makes the address lead back to the name; say it again when the address changes, and the PTR record \
             follows.",
        ),
        Lines(
            "$ zonectl set printer.internal.example. A 10.0.0.60 --reverse -m \"printer in room 2\"\n\
             printer.internal.example. A in internal\n  + 300 10.0.0.60\n\
             60.0.0.10.in-addr.arpa. PTR in internal\n  + 300 printer.internal.example.\n\
             2 records change\n\
             change 17\n\
             verified on the wire, served after 4.2 ms\n\
             $ zonectl get printer\n\
             $ zonectl get 10.0.0.60",
        ),
        Head("A service moves to another guest"),
        Text(
            "`set` replaces the records of one type; `--if` makes it safe: if the record is another one by now, nothing happens \
             and the exit code is 4. With `--confirm` the change takes itself back unless you confirm it in time, so that you \
             cannot lock yourself out.",
        ),
        Lines(
            "$ zonectl set app A 10.0.0.6 --if \"A 10.0.0.5\" --confirm 5m -m \"app moves to guest 131\"\n\
             $ zonectl get app                     still well? then\n\
             $ zonectl confirm",
        ),
        Text(
            "A name that several horizons have needs `--horizon NAME` or `--all-horizons`; the choices are printed. \
             A record that came from the inventory is changed in the inventory. `set` puts a record of yours in its place, which \
             wins until you `rm` it.",
        ),
        Head("Back again"),
        Lines(
            "$ zonectl log --since 1d              who, when, what, why\n\
             $ zonectl undo 17                     exactly the records from before",
        ),
        Text(
            "An undo is a change like any other, with an id of its own. It is refused when a later change touches the same \
             records; the refusal names it.",
        ),
        Head("A wrong edit"),
        Text(
            "Errors refuse an edit and change nothing: a CNAME beside other data, a private address in a public horizon (exit \
             code 3), data that are none (exit code 1). Each line says what to do.",
        ),
        Lines(
            "$ zonectl set www.internal.example. CNAME nowhere\n\
             $ zonectl add app CNAME other         refused: app has an address\n\
             $ zonectl set app A 10.0.0.999        refused: no address",
        ),
        Text(
            "The first is only doubtful: it warns that the target does not exist. At a terminal you are asked; elsewhere say \
             `--yes`. `--dry-run` shows the plan of any edit and changes nothing.",
        ),
        Head("Several edits as one"),
        Lines(
            "$ zonectl begin\n\
             $ zonectl set app A 10.0.0.6\n\
             $ zonectl mv old-app archive\n\
             $ zonectl diff                        what it all comes to\n\
             $ zonectl commit -m \"app replaces old-app\"     or: zonectl abort",
        ),
        Head("Whole zone files"),
        Lines(
            "$ zonectl edit internal.example       in $EDITOR; apply, edit again or quit\n\
             $ zonectl import db.lab --zone lab.example --horizon internal    also a new zone\n\
             $ zonectl plan -f zones/ --out plan.json\n\
             $ zonectl apply plan.json             exactly that plan, or exit code 4\n\
             $ zonectl export internal.example --at 2026-11-01",
        ),
        Text(
            "Editing a zone file with any other program is as good: the server takes it up by itself and the history shows it. \
             When no server runs, all of this works on the files of the config file; only the look at the wire is left out.",
        ),
    ],
);

/// DNS that only client and server can read.
pub(super) const ENCRYPTED: Section = (
    "ENCRYPTED DNS",
    &[
        Text(
            "`listen_tls`, `listen_https` and `listen_quic` under [tls] make the server answer over TLS (RFC 7858), HTTPS (RFC 8484, \
             at `/dns-query`) and QUIC (RFC 9250), in every horizon as over UDP. The certificate is that of `certificate` and \
             `key`, two PEM files, which are read again when they change; or with `acme = true` the server orders one for each of \
             `names` from the CA of [acme] by dns-01, and again when two thirds of its life are over. A new certificate drops no \
             connection. Clients are told at `_dns.resolver.arpa` (RFC 9462) where to ask.",
        ),
        Lines(
            "$ zonectl status                                    where it is listened, and what is wrong\n\
             $ kdig @10.0.0.153 +tls-hostname=dns.example.com +tls-ca=root.pem +quic www.example.com",
        ),
        Text(
            "CERTIFICATE_UNUSABLE names the file that cannot be read or does not fit; CERTIFICATE_NOT_GOT says why the CA gave none, \
             which is tried again after 5 s, then later each time up to an hour; CERTIFICATE_EXPIRES and CERTIFICATE_EXPIRED say what \
             is late; TLS_LISTEN_FAILED names the address that cannot be had. UDP and TCP serve on meanwhile.",
        ),
    ],
);

/// What becomes of names that no zone holds.
pub(super) const FORWARDING: Section = (
    "FORWARDING",
    &[
        Text(
            "Clients of a horizon with `forward = true` may ask for names that no zone holds. What guards, lists of blocked names \
             or the cache know is answered at once; for all else an upstream is asked: those of the longest [[forward.domain]] \
             above the name, else `upstreams` of the horizon, else those of [forward]. Each horizon has its own answers. A \
             reload keeps them, but for names whose zone or upstream changed.",
        ),
        Lines(
            "$ zonectl explain www.example.com. A --from 10.0.0.7     who is asked and why, what is kept\n\
             $ zonectl cache show example.com --below\n\
             $ zonectl cache flush www.example.com\n\
             $ zonectl cache stats\n\
             $ zonectl status                      which upstream is up, how fast, what went wrong last",
        ),
        Text(
            "When no upstream answers, an answer that has ended stands in, with extended error 3 (RFC 8767); without one the \
             client gets SERVFAIL with an extended error that says what the upstreams did.",
        ),
    ],
);

/// Names, challenges and the CA.
pub(super) const CERTIFICATES: Section = (
    "CERTIFICATES",
    &[
        Text(
            "Every name that needs a certificate is looked at from where the CA sits: what it is told, which machine is meant, \
             whether firewalls let it through, whether values of dns-01 would be seen. This costs no traffic and is done at each \
             load. Probes, queries and requests of the CA, and certificates add to it: each state says how it is known.",
        ),
        Lines(
            "$ zonectl acme status                 names down, challenges across; exit code 3 when one would fail\n\
             $ zonectl acme explain traefik        told, meant, seen, wrong, to do\n\
             $ zonectl acme check app --as 10.0.0.10\n\
             $ zonectl acme check app.internal.example --here --dns 10.0.0.153    in the guest of the CA\n\
             $ zonectl acme ack traefik            what the CA did is settled",
        ),
        Text(
            "`gate` of [acme] decides what becomes of a change that breaks a challenge which could work before: `warn` asks for \
             `--yes`, `refuse` refuses edits and reloads with CHALLENGE_WAY_BREAKS and exit code 3, `off` looks at nothing. What \
             was broken before refuses nothing, so that it can be mended in steps, and a server that starts serves what there is. \
             Each challenge counts that applies to a name; `challenges` of [acme.name] leaves out those that its client never uses, \
             and `targets` names the machines that answer where the inventory does not know.",
        ),
        Text(
            "A state is contradicted when the CA failed, asked nothing, or came to the wrong machine although all is well here. No \
             probe of ours ends that: a challenge that goes valid does, or a query of the CA, or `zonectl acme ack`.",
        ),
    ],
);

/// What ACME clients leave here for a while.
pub(super) const ACME: Section = (
    "ACME CHALLENGES",
    &[
        Text(
            "A dns-01 challenge is a TXT value at `_acme-challenge.NAME`. The server keeps such values above its zones, in no zone \
             file: each is seen at once by the horizons that it is meant for, with a TTL of 10 s, and goes when its client removes \
             it, after an hour at the latest. A reload, a kill or a power loss takes none of them. At most 16 stand at one name, \
             and 10,000 in all; what is too much is refused with the reason.",
        ),
        Lines(
            "$ zonectl acme challenges             owner, horizons, age, time left\n\
             $ zonectl explain _acme-challenge.app TXT --from 10.0.0.10     what the CA would get",
        ),
        Text(
            "While NAME exists, or a wildcard stands for it, `_acme-challenge.NAME` is not said to be missing, and that there is no \
             value may be kept for 30 s at most. A CNAME at `_acme-challenge.NAME` is followed, so that the values may stand \
             elsewhere. They are kept in the folder `state` of [acme] (default: `.acme` in the zones directory); while it \
             cannot be written no value is taken, and `zonectl status` says why (CHALLENGES_NOT_KEPT).",
        ),
        Text(
            "Whether a CA can prove a name is known in steps. With `probe = \"on\"` under [acme], or under [acme.name] for one name, \
             each of its addresses is asked as a CA would ask, 80 for http-01 and 443 for tls-alpn-01, at most 30 times a minute in \
             all and inside `probe_allow` only; a value of dns-01 is written and read back; and the CA is looked at every five \
             minutes. Queries that come from the CA are seen whether probing is on or not: a value that waits for two minutes \
             without one is told (CA_NOT_ASKING).",
        ),
        Lines(
            "$ zonectl acme order app.internal.example.                             what the CA offers; nothing is signed\n\
             $ zonectl acme order app.internal.example. --challenge http-01         does the CA ask this server?\n\
             $ zonectl acme order app.internal.example. --canary                    all the way, by dns-01\n\
             $ zonectl doctor --root /var/lib/lxc/103/rootfs                        the network, and a guest's hosts file",
        ),
        Text(
            "Orders use an account of their own, kept for the owner alone as `account.json` in the folder `state`; they are made for \
             names of our own zones only, and to a CA only whose root is known by `roots` or `fingerprint`.",
        ),
        Text(
            "Clients write values by DNS updates (RFC 2136) signed with a TSIG key of hmac-sha256, -384 or -512, over UDP and TCP. \
             An update changes the horizons of its key, wherever it comes from, as a whole or not at all. A key that was made \
             for other types, too, edits zone files with them: checked as every edit, in the history under the key's name, and \
             refused where `zonectl` would ask first. SOA and NS of an apex stay. Queries that are signed are answered signed. \
             A signature is good once; what is refused is in the log with the reason and the remedy (TSIG_KEY_UNKNOWN, \
             TSIG_ALGORITHM, TSIG_SECRET_WRONG, TSIG_MAC_SHORT, CLOCK_SKEW), and counted by `zonectl status`.",
        ),
        Lines(
            "$ zonectl acme token create --for nsupdate --names app.internal.example --name app     prints the lines to use",
        ),
    ],
);

/// Who may write challenges, and the HTTP doors.
pub(super) const ACME_DOORS: Section = (
    "ACME CLIENTS",
    &[
        Text(
            "A token lets one client write the challenges of its names: by DNS updates with TSIG (rfc2136), or over HTTP on \
             `listen` of [acme], as httpreq (`/present`, `/cleanup`; acme.sh and Proxmox VE call it acmeproxy) or as acme-dns \
             (`/update`). `zonectl acme token create` prints, once, its secret in the text that the client wants.",
        ),
        Lines(
            "$ zonectl acme token create --for traefik --names 'app,*.apps'\n\
             $ zonectl acme token create --for proxmox --names pve --allow-from 10.0.0.13\n\
             $ zonectl acme token create --for cert-manager --door acme-dns --names k8s     makes the CNAME, too\n\
             $ zonectl acme token list\n\
             $ zonectl acme token revoke traefik",
        ),
        Text(
            "The values of an acme-dns account stand at UUID.auth.ZONE, where ZONE holds the first of its names, or in a zone that \
             is itself called auth, such as auth.internal.example. Tokens live in `tokens.json` in the folder `state` of [acme], \
             readable for the server alone: of passwords only a hash, of TSIG keys the key. A file that others can write opens no \
             door (TOKENS_OPEN).",
        ),
        Text(
            "With `certificate` and `key` under [acme] the doors speak HTTPS; a renewed pair is taken within a minute. `GET /health` \
             says 503 while values cannot be kept. `register = true` lets anybody make acme-dns accounts.",
        ),
        Text(
            "The same listener is a tripwire: a CA that fetches `/.well-known/acme-challenge/` from this host for a name that this \
             server tells it elsewhere does not use our answers, most often because of a line in its hosts file. HOSTS_BYPASS in \
             the log names the CA, the name and the line to look for. With `relay = true` the request is passed on to the address \
             that our zones tell, within `probe_allow`, so that the order succeeds meanwhile. Where nginx has port 80, let it \
             pass on that path, for the names that it answers no challenges of itself:",
        ),
        Lines(
            "location ^~ /.well-known/acme-challenge/ {\n    \
             proxy_pass http://127.0.0.1:8053;\n    \
             proxy_set_header Host $host;\n    \
             proxy_set_header X-Forwarded-For $remote_addr;\n\
             }",
        ),
        Text("The client's address is believed only of `trusted_proxies` (default: loopback)."),
    ],
);

/// What can be watched while the server answers.
pub(super) const WATCHING: Section = (
    "WATCHING",
    &[
        Text(
            "With `listen` in [web] the server shows itself over HTTP, for reading only: the status page at `/`, `/metrics` for \
             Prometheus, `/health`, `/ready`, and all that the page shows as JSON under `/api/v1/`, described by \
             `/api/v1/openapi.json`. There is no password: listen where only those come who may know names and clients. \
             Requests whose `Host` is neither an address, nor localhost, nor a name of the zones are refused.",
        ),
        Lines(
            "[web]\nlisten = [\"10.0.0.153:8080\"]\n\n[web.canary]                          # /ready asks for these; else for each zone's SOA\n\
             internal = \"ca.internal.example\"\n\n[log]\nqueries = \"sampled\"                   # off, sampled or full",
        ),
        Lines(
            "$ zonectl top                         pace, latency, names, clients, upstreams\n\
             $ zonectl tail --name internal.example --rcode NXDOMAIN",
        ),
        Text(
            "Nobody waits for those who watch. Queries, replies and RCODEs are counted one by one; latency, names, clients and \
             zones are taken from every batch of queries while there are fewer than 2,000 a second or somebody runs `top` or \
             `tail`, and from so many batches that it is 1,000 to 2,000 queries a second under load. What finds no room is left \
             out and counted.",
        ),
    ],
);

/// How to leave dnsmasq.
pub(super) const MOVING: Section = (
    "MOVING FROM DNSMASQ",
    &[
        Text(
            "`zonectl import dnsmasq` reads a configuration and all that it names, says what becomes of every line, and writes \
             horizon.toml and zones, in which each value says what line it came from. The old server goes on meanwhile, and is \
             asked for proof.",
        ),
        Text(
            "A domain that is forwarded inside of a local one becomes a [[forward.domain]] and is forwarded still. Where such a \
             domain has records of its own, a zone takes its place, and IMPORT_HELD says so.",
        ),
        Lines(
            "$ zonectl import dnsmasq /etc/dnsmasq.conf                 only told, nothing written\n\
             $ zonectl import dnsmasq /etc/dnsmasq.conf --out /etc/horizon --verify-against 127.0.0.1\n\
             $ horizond check --config /etc/horizon/horizon.toml\n\
             $ zonectl import dnsmasq /etc/dnsmasq.conf --verify-against 10.0.0.2 --new 10.0.0.153",
        ),
        Item("understood", "It became settings or records."),
        Item(
            "otherwise",
            "What the line is for is so here already, or done by another key or program, which is named.",
        ),
        Item("refused", "What the line is for is not done here; the reason says what to do."),
        Item(
            "expected fix",
            "A difference that dnsmasq owes: NXDOMAIN for a type that a name lacks, denials without SOA.",
        ),
        Item("change", "A difference that clients may notice, with its reason."),
        Item("fault", "The new server answers wrongly: exit code 3."),
    ],
);

/// What scripts rely on.
pub(super) const EXIT_CODES: Section = (
    "EXIT STATUS",
    &[
        Item("0", "What was asked is done, or was so already."),
        Item("1", "It could not be done; wrong arguments count."),
        Item("2", "Changes are pending: plan, --dry-run, generate --plan."),
        Item("3", "A check failed, a comparison found a fault, or a warning needs --yes; nothing was changed."),
        Item(
            "4",
            "Conflict: somebody else changed the same thing, holds the lock, or an --if does not hold; nothing was changed.",
        ),
        Item("5", "The brake: generate would remove so much that it wants --force."),
    ],
);

/// What scripts rely on at the server.
pub(super) const SERVER_EXIT_CODES: Section = (
    "EXIT STATUS",
    &[
        Item("0", "It was ended by a signal; `check` found no error."),
        Item("1", "It could not start, such as for an address that is taken; wrong arguments count."),
        Item("3", "`check` found an error."),
    ],
);

/// Where things are.
pub(super) const FILES: Section = (
    "FILES",
    &[
        Item("./horizon.toml, /etc/horizon/horizon.toml", "The config file, in the order it is looked for."),
        Item("zones/<horizon>/<origin>.zone", "The zone files, below `directory` of [zones]."),
        Item("/usr/share/doc/horizon/guide/", "The operator's guide, where the Debian package is installed."),
    ],
);

/// Variables that are heeded.
pub(super) const ENVIRONMENT: Section = (
    "ENVIRONMENT",
    &[
        Item("VISUAL, EDITOR", "The editor of `zonectl edit`."),
        Item("SUDO_USER, USER", "Who the history says has made a change."),
        Item("TZ", "The time zone of times that are shown and typed."),
        Item("NO_COLOR", "No colours, whatever the terminal."),
        Item("TMPDIR", "Where the copy is made that `zonectl edit` gives to the editor."),
    ],
);

/// Variables that the server heeds; all of them are a service manager's.
pub(super) const SERVICE: Section = (
    "ENVIRONMENT",
    &[
        Item(
            "NOTIFY_SOCKET",
            "Who is told when the server is ready, reloads and stops, and gets its sockets to keep (sd_notify(3)).",
        ),
        Item("WATCHDOG_USEC", "Within what time the server is to prove, by asking itself, that answers leave."),
        Item(
            "LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID",
            "Sockets that are open already, of a socket unit or of the process before. They are used for the addresses of \
             `listen` of [server]; others are told, and not read.",
        ),
    ],
);

/// Signals of the server.
pub(super) const SIGNALS: Section = (
    "SIGNALS",
    &[
        Item("SIGTERM, SIGINT", "End; the listeners close first, then what is being answered is finished."),
        Item("SIGHUP", "Read config, inventory and zones again, as `zonectl reload` does."),
    ],
);
