//! Promise: every key of `horizon.toml` reaches the settings, and what is not written has its documented default.

use horizon_dns::config;
use horizon_dns::config::Acme;
use horizon_dns::config::BlockAnswer;
use horizon_dns::config::Cache;
use horizon_dns::config::Challenge;
use horizon_dns::config::Dnssec;
use horizon_dns::config::Gate;
use horizon_dns::config::Host;
use horizon_dns::config::KindRoutes;
use horizon_dns::config::Policy;
use horizon_dns::config::Probing;
use horizon_dns::config::QueryLog;
use horizon_dns::config::Route;
use horizon_dns::config::Way;
use horizon_dns::config::Web;
use horizon_dns::dns::parse_name;
use horizon_dns::finding::Finding;
use std::path::Path;

/// Nothing that is written is lost, and relative paths count from the file's own folder.
#[test]
fn every_key_reaches_the_settings() {
    let settings = config::parse(include_str!("config/whole.toml"), "/etc/h/horizon.toml").unwrap();
    assert_eq!(settings.file, Path::new("/etc/h/horizon.toml"));
    let listen: Vec<_> = settings.server.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["10.0.0.153:53", "127.0.0.1:53", "[::1]:5300"]);
    assert_eq!(settings.server.workers, 3);
    assert_eq!(settings.server.control, Path::new("/etc/h/run/control.sock"));
    assert_eq!(settings.zones, Path::new("/etc/h/zones"));
    assert_eq!(settings.inventory.as_deref(), Some(Path::new("/etc/h/../phoenix")));

    let [internal, external] = settings.horizons.as_slice() else { panic!("{:?}", settings.horizons) };
    assert_eq!((internal.name.as_str(), internal.forward, internal.is_public()), ("internal", true, false));
    assert_eq!(internal.inherits.as_deref(), Some("external"));
    assert_eq!((external.name.as_str(), external.forward, external.is_public()), ("external", false, true));
    let any: Vec<_> = external.clients.iter().map(ToString::to_string).collect();
    assert_eq!(any, ["0.0.0.0/0", "::/0"]);
    assert_eq!(external.private_addresses, ["10.0.0.153/32".parse().unwrap()]);

    let rate = internal.rate.as_ref().unwrap();
    assert_eq!((rate.per_second, rate.slip, rate.exempt.len()), (50, 3, 1));
    assert!(external.rate.is_some(), "a public horizon is limited unless it says 0");

    assert_eq!((settings.forward.policy, settings.forward.upstreams.len()), (Policy::Fastest, 5));
    assert_eq!(settings.forward.domains[0].name, parse_name("corp.example").unwrap());

    let [default, back] = settings.forward.domains.as_slice() else { panic!("{:?}", settings.forward.domains) };
    assert_eq!((default.upstreams.len(), back.upstreams.len()), (1, 0), "`default` is no upstream of its own");
    let forward = &settings.forward;
    assert_eq!((forward.timeout, forward.per_upstream, forward.per_client), (500, 100, 10));
    assert_eq!(forward.bootstrap, ["9.9.9.9:53".parse().unwrap(), "[2620:fe::fe]:5353".parse().unwrap()]);
    assert_eq!(forward.roots.as_deref(), Some(Path::new("/etc/h/roots.pem")));
    assert_eq!((forward.dnssec, forward.dnssec_except.len()), (Dnssec::Validate, 1));
    let cache = Cache { size: 1 << 20, min_ttl: 5, max_ttl: 3600, max_negative_ttl: 60, stale: 0, prefetch: false };
    assert_eq!(forward.cache, cache);
    let guard = &forward.guard;
    assert!(guard.plain_names && !guard.rebind_protection && guard.rebind_loopback);
    let lengths = (guard.rebind_except.len(), guard.bogus_nxdomain.len(), guard.filter_aaaa.len());
    assert_eq!(lengths, (1, 2, 1));
    assert_eq!(internal.upstreams[0].way, Way::Plain("10.0.0.1:53".parse().unwrap()));
    let [block] = settings.blocks.as_slice() else { panic!("{:?}", settings.blocks) };
    assert_eq!((block.name.as_str(), block.refresh, block.answer), ("ads", 3600, BlockAnswer::Zero));
    assert_eq!(block.files, [Path::new("/etc/h/ads.txt")]);
    assert_eq!((block.urls.len(), block.allow.len(), block.horizons.as_slice()), (1, 1, &["internal".to_owned()][..]));

    let expected = KindRoutes { service: Route::Traefik, guest: Route::Direct, stack: Route::None };
    assert_eq!(settings.routes.horizons["internal"], expected, "a kind left out keeps the default");
    let expected = KindRoutes { service: Route::None, guest: Route::None, stack: Route::Gateway };
    assert_eq!(settings.routes.horizons["external"], expected, "the default of a public horizon");
    let name = &settings.routes.names[&parse_name("CA.internal.example").unwrap()];
    assert_eq!((name["internal"], name["external"]), (Route::Direct, Route::Gateway));

    assert_eq!(settings.acme.gate, Gate::Refuse);
    assert_eq!(settings.acme.roots.as_deref(), Some(Path::new("/etc/step-ca/ssl/certs/root_ca.crt")));
    let app = parse_name("app.example").unwrap();
    assert_eq!(settings.acme.names, std::slice::from_ref(&app));
    let Acme { fingerprint, ca_addresses, state, listen, certificate, trusted_proxies, .. } = &settings.acme;
    assert_eq!(fingerprint.as_deref(), Some(&*format!("aabb{:060}", 0)), "digits in lower case, no colons");
    assert_eq!((state.as_path(), listen.len()), (Path::new("/etc/h/state"), 2));
    assert_eq!(certificate.as_ref().unwrap().0, Path::new("/etc/h/own.crt"));
    assert_eq!((ca_addresses.len(), trusted_proxies.len()), (1, 1));
    assert!(settings.acme.register && settings.acme.relay);
    assert_eq!((settings.acme.probe, settings.acme.probe_allow.as_ref().unwrap().len()), (Probing::On, 1));
    let entry = &settings.acme.by_name[&app];
    assert_eq!((entry.probe, entry.targets.as_ref().unwrap().len()), (Some(Probing::Off), 1));
    assert_eq!(entry.challenges.as_deref(), Some(&[Challenge::Dns01, Challenge::Http01][..]));
    assert_eq!((settings.web.listen.len(), &settings.web.canaries["internal"]), (2, &app));
    assert_eq!(settings.query_log, QueryLog::Sampled);
}

/// One horizon is all that must be written.
#[test]
fn the_smallest_file_has_every_default() {
    let settings = config::parse("[[horizon]]\nname = 'lan'\nclients = ['10.0.0.0/8']\n", "horizon.toml").unwrap();
    assert_eq!(settings.server.listen, ["127.0.0.1:53".parse().unwrap()]);
    assert!(settings.server.workers >= 1, "0 is resolved to the number of cores");
    assert_eq!(settings.server.control, Path::new("/run/horizon/control.sock"));
    assert_eq!(settings.zones, Path::new("zones"));
    assert_eq!(settings.inventory, None);
    let expected = KindRoutes { service: Route::Direct, guest: Route::Direct, stack: Route::Traefik };
    assert_eq!(settings.routes.horizons["lan"], expected);
    assert_eq!((settings.acme.gate, settings.forward.policy), (Gate::Warn, Policy::Ordered));
    let acme = Acme { state: Path::new("zones/.acme").into(), ..Acme::default() };
    assert_eq!(settings.acme, acme, "nothing is listened on, nothing is probed");
    assert_eq!((settings.web, settings.query_log), (Web::default(), QueryLog::Off));
}

/// A file that cannot be read is said like an error in it, and becomes a finding that refuses the load.
#[test]
fn unreadable_files_are_said_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.toml");
    let shown = path.display().to_string();
    let said = |path: &Path| config::load(path).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();

    assert!(said(&path)[0].starts_with(&format!("{shown}: cannot be opened: No such file")), "{:?}", said(&path));
    assert!(said(folder.path())[0].contains(": not a plain file; "));
    std::fs::write(&path, b"# \xff\n").unwrap();
    assert_eq!(said(&path), [format!("{shown}:1:3: the text is not UTF-8; save the file as UTF-8")]);
    std::fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    assert!(said(&path)[0].contains(": larger than 4194304 octets; "), "100 MiB are not read");

    std::fs::write(&path, "[server]\nworker = 1\n[[horizon]]\nname = 'a'\nclients = ['any']\n").unwrap();
    let finding = Finding::from(config::load(&path).unwrap_err().remove(0));
    assert!(finding.refuses);
    let expected =
        format!("{shown}:2:1: error BAD_CONFIG h.toml: unknown key `worker` in [server]; did you mean `workers`?");
    assert_eq!(finding.to_string(), expected);
}

/// The file named wins; without one the working folder is searched, then the system's.
#[test]
fn a_named_file_is_taken_as_it_is() {
    let named = Path::new("elsewhere/h.toml");
    assert_eq!(config::find(Some(named)).unwrap(), named);
    assert_eq!(config::DEFAULT_FILES, ["horizon.toml", "/etc/horizon/horizon.toml"]);
}

/// Every way to write an upstream becomes the way it is reached.
#[test]
fn upstreams_are_read_as_they_are_reached() {
    let address = |text: &str| text.parse().unwrap();
    let https = |host: Host, port, path: &str, name: Option<&str>| Way::Https {
        host,
        port,
        path: path.to_owned(),
        name: name.map(str::to_owned),
    };
    let table = [
        ("8.8.8.8", Way::Plain(address("8.8.8.8:53"))),
        ("127.0.0.1:5353", Way::Plain(address("127.0.0.1:5353"))),
        ("2620:fe::fe", Way::Plain(address("[2620:fe::fe]:53"))),
        ("[2620:fe::fe]:54", Way::Plain(address("[2620:fe::fe]:54"))),
        ("tls://9.9.9.9#dns.quad9.net", Way::Tls { address: address("9.9.9.9:853"), name: "dns.quad9.net".into() }),
        ("tls://[::1]:8853#a.b", Way::Tls { address: address("[::1]:8853"), name: "a.b".into() }),
        ("https://9.9.9.9/dns-query", https(Host::Address("9.9.9.9".parse().unwrap()), 443, "/dns-query", None)),
        ("https://dns.example", https(Host::Name("dns.example".into()), 443, "/dns-query", None)),
        ("https://dns.example:444/q", https(Host::Name("dns.example".into()), 444, "/q", None)),
        ("https://[::1]:444/q#a.b", https(Host::Address("::1".parse().unwrap()), 444, "/q", Some("a.b"))),
    ];
    for (text, way) in table {
        let file = format!("[[horizon]]\nname = 'lan'\nclients = ['any']\n[forward]\nupstreams = ['{text}']\n");
        let settings = config::parse(&file, "horizon.toml").unwrap();
        assert_eq!(settings.forward.upstreams[0].way, way, "{text}");
        assert_eq!(settings.forward.upstreams[0].to_string(), text);
    }
}
