//! Promise: every ACME client that Debian has gets its certificate by dns-01 through Horizon, from either CA, through every door
//! that it knows; and what is not allowed is refused in words that name what is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acme_lab;

use acme_lab::{CaddyCa, Certbot, DIRECTORY, HTTP, LISTEN, Lego, Outcome, Token, World, wait_until};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// One CA, and names of which nobody else orders at the same time: lego removes all values of a name before it writes its own.
struct Seat<'a> {
    world: &'a World,
    ca: &'static str,
    directory: &'a str,
    root: &'a Path,
    /// A name, the apex of its zone, one that is an alias for the challenge of `name`, and one that only a wildcard covers.
    name: &'a str,
    apex: &'a str,
    delegated: &'a str,
    covered: &'a str,
    /// One that only a wildcard covers, too, and whose challenge is the account's.
    account: &'a str,
}

/// The credentials of each door.
struct Keys {
    tsig: Token,
    /// For `name` only, so that the delegated one needs the alias.
    narrow: Token,
    http: Token,
    account: Token,
}

/// The rows of clients and doors, one after the other; each is a whole order.
fn orders(seat: &Seat<'_>, keys: &Keys) -> Vec<String> {
    let Seat { world, name, apex, delegated, covered, account: with_account, .. } = *seat;
    let lego = |names: &[&str]| Lego::new(world, names).at(seat.directory, seat.root);
    let wildcard = format!("*.{apex}");
    let (tsig, narrow, http, account) = (&keys.tsig, &keys.narrow, &keys.http, &keys.account);
    let nsupdate = world.nsupdate("nsupdate", apex, &tsig.user, &tsig.secret);
    let knsupdate = world.nsupdate("knsupdate", apex, &tsig.user, &tsig.secret);
    let acme_proxy = world.acme_proxy(&http.user, &http.secret);
    let subdomain = account.subdomain.as_deref().unwrap();
    let acme_dns = world.acme_dns(&account.user, &account.secret, subdomain);
    let algorithm = "hmac-sha256";
    let certbot = |names: &[&str]| {
        Certbot::new(world, names).at(seat.directory, seat.root).rfc2136(&tsig.user, &tsig.secret, algorithm)
    };
    let by_key = |names: &[&str], key: &Token| lego(names).rfc2136(&key.user, &key.secret, algorithm).order();
    type Row<'a> = (&'static str, Vec<&'a str>, Box<dyn Fn(&[&str]) -> Outcome + 'a>);
    let rows: Vec<Row<'_>> = vec![
        ("lego rfc2136", vec![name], Box::new(|names| by_key(names, tsig))),
        ("lego rfc2136, apex and wildcard", vec![apex, &wildcard], Box::new(|names| by_key(names, tsig))),
        ("lego rfc2136, delegated", vec![delegated], Box::new(|names| by_key(names, narrow))),
        ("lego rfc2136, covered by a wildcard", vec![covered], Box::new(|names| by_key(names, tsig))),
        ("certbot rfc2136", vec![name], Box::new(certbot)),
        ("certbot rfc2136, apex and wildcard", vec![apex, &wildcard], Box::new(certbot)),
        ("nsupdate rfc2136", vec![name], Box::new(|names| lego(names).script(&nsupdate).order())),
        ("knsupdate rfc2136", vec![name], Box::new(|names| lego(names).script(&knsupdate).order())),
        ("lego httpreq", vec![name], Box::new(|names| lego(names).httpreq(HTTP, &http.user, &http.secret).order())),
        (
            "lego httpreq, apex and wildcard",
            vec![apex, &wildcard],
            Box::new(|names| lego(names).httpreq(HTTP, &http.user, &http.secret).order()),
        ),
        ("acme.sh's requests, httpreq", vec![name], Box::new(|names| lego(names).script(&acme_proxy).order())),
        ("acme.sh's requests, acme-dns", vec![with_account], Box::new(|names| lego(names).script(&acme_dns).order())),
    ];
    let issued = rows.into_iter().map(|(row, names, order)| {
        let outcome = order(&names);
        let took = outcome.took;
        println!(
            "{}: {row}: {:.1} s {}",
            seat.ca,
            took.as_secs_f64(),
            if outcome.certificate.is_some() { "" } else { "FAILED" }
        );
        match outcome.certificate {
            Some(_) => {
                outcome.expect_names(seat.root, &names);
                String::new()
            }
            None => format!("{}: {row}: {}", seat.ca, outcome.said),
        }
    });
    issued.filter(|fault| !fault.is_empty()).collect()
}

/// Every row of clients and doors from both authorities at once.
#[test]
fn every_client_gets_its_certificate_through_every_door() {
    let Some(world) = World::new(LISTEN) else { return };
    let caddy = CaddyCa::start(&world);
    let (inside, public) = ("internal.thinkheads.ai", "phoenix.thinkheads.ai");
    for zone in [inside, public] {
        let covering = format!("*.apps.{zone}.");
        world.edit(&["set", &covering, "A", "10.0.0.12", "--horizon", "internal"]);
    }
    let names: Vec<[String; 5]> = [(inside, "traefik", "ollama"), (public, "app", "www")]
        .into_iter()
        .map(|(zone, name, delegated)| {
            let [name, delegated] = [name, delegated].map(|label| format!("{label}.{zone}"));
            let (from, to) = (format!("_acme-challenge.{delegated}."), format!("_acme-challenge.{name}."));
            world.edit(&["set", &from, "CNAME", &to, "--horizon", "internal"]);
            [name, zone.to_owned(), delegated, format!("blog.apps.{zone}"), format!("shop.apps.{zone}")]
        })
        .collect();
    let keys: Vec<Keys> = names
        .iter()
        .map(|[name, apex, _, _, account]| {
            let short = apex.split('.').next().unwrap();
            let wide = format!("{apex},*.{apex}");
            Keys {
                tsig: world.token("lego", &format!("{short}-lego"), &wide, &[]),
                narrow: world.token("lego", &format!("{short}-narrow"), name, &[]),
                http: world.token("httpreq", &format!("{short}-http"), &wide, &[]),
                account: world.token("acme-dns", &format!("{short}-account"), account, &["--horizons", "internal"]),
            }
        })
        .collect();
    let seats = [("step-ca", DIRECTORY, world.authority.root.as_path()), ("caddy", CaddyCa::DIRECTORY, &caddy.root)];
    let seats: Vec<Seat<'_>> = seats
        .into_iter()
        .zip(&names)
        .map(|((ca, directory, root), [name, apex, delegated, covered, account])| Seat {
            world: &world,
            ca,
            directory,
            root,
            name,
            apex,
            delegated,
            covered,
            account,
        })
        .collect();
    let faults: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = seats.iter().zip(&keys).map(|(seat, keys)| scope.spawn(|| orders(seat, keys))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for [name, apex, ..] in &names {
        for owner in [name, apex] {
            let left = world.ask("103", &format!("_acme-challenge.{owner} TXT"));
            assert_eq!(left, "NOERROR", "nothing is left behind at {owner}");
        }
    }
}

/// Sends an update for one value and says how it was answered: the TSIG error when there is one, else the RCODE. Its words: key,
/// secret, algorithm, name, seconds to add to the clock.
const UPDATE: &str = r#"
import sys, time, dns.query, dns.rcode, dns.tsig, dns.tsigkeyring, dns.update
key, secret, algorithm, name, offset = sys.argv[1:]
clock = time.time
time.time = lambda: clock() + int(offset)
zone = "internal.thinkheads.ai."
update = dns.update.Update(zone)
update.add("_acme-challenge." + name + ".", 60, "TXT", "x")
if secret:
    update.use_tsig(dns.tsigkeyring.from_text({key: secret}), key, algorithm=algorithm)
errors = {dns.tsig.PeerBadSignature: "BADSIG", dns.tsig.PeerBadKey: "BADKEY", dns.tsig.PeerBadTime: "BADTIME"}
try:
    reply = dns.query.tcp(update, "10.0.0.153", timeout=5)
    print(dns.rcode.to_text(reply.rcode()))
except tuple(errors) as error:
    print(errors[type(error)])
"#;

/// A wrong secret, a name out of scope, a clock an hour off, an algorithm of the past, no signature: each is told apart.
#[test]
fn what_is_not_allowed_is_refused_by_its_name() {
    let Some(world) = World::new("") else { return };
    let name = "traefik.internal.thinkheads.ai";
    let key = world.token("nsupdate", "traefik", name, &[]);
    let other = "b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldCBvdGhlciE=";
    // dnspython signs with the clock that it is told, and knows the algorithms of the past.
    let program = world.write("update.py", UPDATE);
    let table = [
        ("the key itself", key.secret.as_str(), "hmac-sha256", name, 0, "NOERROR"),
        ("a wrong secret", other, "hmac-sha256", name, 0, "BADSIG"),
        ("a name out of scope", &key.secret, "hmac-sha256", "ollama.internal.thinkheads.ai", 0, "REFUSED"),
        ("a clock an hour behind", &key.secret, "hmac-sha256", name, -3600, "BADTIME"),
        ("a clock an hour ahead", &key.secret, "hmac-sha256", name, 3600, "BADTIME"),
        ("sha1", &key.secret, "hmac-sha1", name, 0, "BADKEY"),
        ("md5", &key.secret, "HMAC-MD5.SIG-ALG.REG.INT", name, 0, "BADKEY"),
        ("no signature", "", "", name, 0, "REFUSED"),
    ];
    for (why, secret, algorithm, owner, offset, expected) in table {
        let words = [&program.display().to_string(), &key.user, secret, algorithm, owner, &offset.to_string()];
        let ran = world.run("102", "/usr/bin/python3", &words.map(AsRef::as_ref));
        assert_eq!(ran.stdout.trim(), expected, "{why}: {}", ran.stderr);
    }
    assert_eq!(world.ask("103", &format!("_acme-challenge.{name} TXT")), "NOERROR \"x\"");
    assert_eq!(world.ask("103", "_acme-challenge.ollama.internal.thinkheads.ai TXT"), "NOERROR");
}

/// Two orders for one name at once, by clients that add and remove only their own value, and one for another name: all issue.
#[test]
fn orders_at_once_do_not_disturb_each_other() {
    let Some(world) = World::new(LISTEN) else { return };
    let (name, second) = ("traefik.internal.thinkheads.ai", "qdrant.internal.thinkheads.ai");
    let http = world.token("httpreq", "both", &format!("{name},{second}"), &[]);
    let tsig = world.token("certbot", "bot", &format!("{name},{second}"), &[]);
    let first = Lego::new(&world, &[name]).httpreq(HTTP, &http.user, &http.secret);
    let other = Lego::new(&world, &[second]).httpreq(HTTP, &http.user, &http.secret);
    let again = Lego::new(&world, &[name]).httpreq(HTTP, &http.user, &http.secret);
    let running = [first.start(), other.start(), again.start()];
    let certbot = Certbot::new(&world, &[name]).rfc2136(&tsig.user, &tsig.secret, "hmac-sha256");
    certbot.expect_names(&world.authority.root, &[name]);
    for ((lego, process), name) in [first, other, again].iter().zip(running).zip([name, second, name]) {
        lego.finish(process).expect_names(&world.authority.root, &[name]);
    }
}

/// What was acknowledged is there after a kill -9, before the CA looks: the order issues.
#[test]
fn a_challenge_outlives_the_server_that_took_it() {
    let Some(world) = World::new(LISTEN) else { return };
    let name = "traefik.internal.thinkheads.ai";
    let key = world.token("nsupdate", "traefik", name, &[]);
    let update = world.nsupdate("nsupdate", "internal.thinkheads.ai", &key.user, &key.secret);
    let (presented, go_on) = (world.path("presented"), world.path("go-on"));
    // lego looks only after its script has ended, so the script waits until the server is another.
    let text = format!(
        "{} \"$@\"\ntest \"$1\" = present || exit 0\ntouch {}\nwhile ! test -e {}; do sleep 0.05; done\n",
        update.display(),
        presented.display(),
        go_on.display()
    );
    let script = world.script("killed.sh", &text);
    let lego = Lego::new(&world, &[name]).script(&script);
    let order = lego.start();
    wait_until("the challenge is presented", Duration::from_secs(30), || presented.exists());
    let before = world.ask("103", &format!("_acme-challenge.{name} TXT"));
    assert!(before.starts_with("NOERROR \""), "{before}");
    world.kill_horizon();
    world.start_horizon();
    assert_eq!(world.ask("103", &format!("_acme-challenge.{name} TXT")), before, "the same value, after kill -9");
    fs::write(go_on, "").unwrap();
    lego.finish(order).expect_names(&world.authority.root, &[name]);
}
