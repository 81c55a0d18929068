//! Which files are read, that none is overwritten, and that no line is passed over in silence.
#![allow(clippy::unwrap_used)]

mod import_lab;

use import_lab::Lab;

/// The suffix rules of `conf-dir`, as dnsmasq 2.90 has them, in the order of the names.
#[test]
fn conf_dir_reads_what_dnsmasq_reads() {
    let table = [
        ("conf-dir=d", "a.conf b.bak c.conf"),
        ("conf-dir=d,*.conf", "a.conf c.conf"),
        ("conf-dir=d,.bak", "a.conf c.conf"),
        ("conf-dir=d/,*", "a.conf b.bak c.conf"),
        ("conf-dir=d,*.conf,*.bak", "a.conf b.bak c.conf"),
        ("conf-file=d/c.conf\nconf-dir=d", "c.conf a.conf b.bak"),
    ];
    for (line, expected) in table {
        let lab = Lab::new();
        for name in ["c.conf", "a.conf", "b.bak", ".hidden.conf", "#auto.conf#", "old.conf~"] {
            lab.write(&format!("d/{name}"), &format!("txt-record=n.example,{name}\n"));
        }
        lab.write("d/folder/x.conf", "txt-record=n.example,folder\n");
        lab.write("dnsmasq.conf", &format!("no-hosts\nno-resolv\n{line}\n"));
        let ran = lab.zonectl("import dnsmasq dnsmasq.conf -o json");
        assert_eq!(ran.exit, 0, "{line}: {}", ran.stderr);
        let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let texts: Vec<&str> = answer["verdicts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|verdict| verdict["option"] == "txt-record")
            .map(|verdict| verdict["text"].as_str().unwrap().rsplit(',').next().unwrap())
            .collect();
        assert_eq!(texts.join(" "), expected, "{line}");
    }
}

/// A copy of another machine's files is read from where it lies.
#[test]
fn absolute_paths_count_from_the_root_that_is_given() {
    let lab = Lab::new();
    lab.write("copy/etc/dnsmasq.conf", "no-resolv\nconf-dir=/etc/dnsmasq.d,*.conf\naddn-hosts=/etc/more-hosts\n");
    lab.write("copy/etc/dnsmasq.d/a.conf", "local=/home.example/\n");
    lab.write("copy/etc/more-hosts", "10.0.0.1 a.home.example\n");
    lab.write("copy/etc/hosts", "127.0.0.1 localhost\n10.0.0.2 b.home.example b\n");
    let ran = lab.zonectl(
        "import dnsmasq copy/etc/dnsmasq.conf --root copy --hosts copy/etc/hosts --out out --listen 10.0.0.53",
    );
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    let zone = lab.read("out/zones/internal/home.example.zone");
    for record in ["imported from copy/etc/more-hosts:1", "imported from copy/etc/hosts:2", "10.0.0.53"] {
        assert!(zone.contains(record), "{record} is not in\n{zone}");
    }
    assert!(ran.stdout.contains("localhost") && lab.read("out/zones/internal/b.zone").contains("10.0.0.2"));
}

/// Everything that is wrong is told at once, with its place, and nothing is written; `--keep-going` leaves it out.
#[test]
fn all_errors_come_at_once() {
    let lab = Lab::new();
    lab.write("dnsmasq.conf", "no-hosts\nno-resolv\n  prot=53\nconf-file=more.conf\naddress=/a.example/nowhere\nconf-file=/missing.conf\nhost-record=a.example,10.0.0.1\n");
    lab.write("more.conf", "cname=one\ntxt-record=a.example,\"open\n");
    let ran = lab.zonectl("import dnsmasq dnsmasq.conf --out out");
    assert_eq!(ran.exit, 3, "{}", ran.stderr);
    for part in [
        "dnsmasq.conf:3:3: error IMPORT_LINE `prot=53`: `prot` is no option of dnsmasq",
        "more.conf:1:7: error IMPORT_LINE cname: an alias and its target are needed",
        "more.conf:2:22: error IMPORT_LINE",
        "dnsmasq.conf:5:20: error IMPORT_LINE address: `nowhere` is not an address",
        "dnsmasq.conf:6:1: error IMPORT_FILE /missing.conf",
        "nothing was written",
    ] {
        assert!(ran.stderr.contains(part), "{part} is not in\n{}", ran.stderr);
    }
    assert!(!lab.path().join("out").exists());
    let ran = lab.zonectl("import dnsmasq dnsmasq.conf --out out --keep-going");
    assert_eq!(ran.exit, 3);
    assert!(lab.read("out/zones/internal/a.example.zone").contains("10.0.0.1"), "{}", ran.stderr);
}

/// Nothing of yours is overwritten, and the same files come of the same lines.
#[test]
fn files_that_exist_stay_as_they_are() {
    let lab = Lab::new();
    lab.write("dnsmasq.conf", "no-hosts\nno-resolv\nlocal=/home.example/\naddress=/a.home.example/10.0.0.1\n");
    assert_eq!(lab.zonectl("import dnsmasq dnsmasq.conf --out out").exit, 0);
    let first = lab.read("out/zones/internal/home.example.zone");
    lab.write("out/horizon.toml", "# mine\n");
    let ran = lab.zonectl("import dnsmasq dnsmasq.conf --out out");
    assert_eq!(ran.exit, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("out/horizon.toml") && ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(lab.read("out/horizon.toml"), "# mine\n");
    assert_eq!(lab.zonectl("import dnsmasq dnsmasq.conf --out out --force").exit, 0);
    assert_eq!(lab.read("out/zones/internal/home.example.zone"), first);
    assert!(lab.read("out/horizon.toml").contains("127.0.0.1:53"));
}

/// The verb beside it: a zone file of that name is still a zone file.
#[test]
fn a_zone_file_called_dnsmasq_is_imported_by_its_path() {
    let lab = Lab::new();
    lab.write("horizon.toml", "[server]\nlisten = [\"127.0.0.1:0\"]\ncontrol = \"control.sock\"\n[[horizon]]\nname = \"internal\"\nclients = [\"127.0.0.0/8\"]\n");
    lab.write("dnsmasq", "$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n");
    let ran = lab.zonectl("import ./dnsmasq --zone home.example --horizon internal --dry-run");
    assert_eq!(ran.exit, 2, "{}{}", ran.stdout, ran.stderr);
    let ran = lab.zonectl("import dnsmasq");
    assert!(ran.exit == 1 && ran.stderr.contains("<PATH>"), "{}", ran.stderr);
}

/// A server that is not there is said to be not there.
#[test]
fn a_silent_server_is_told() {
    let lab = Lab::new();
    lab.write("dnsmasq.conf", "no-hosts\nno-resolv\nhost-record=a.example,10.0.0.1\n");
    let nobody = import_lab::free_address();
    let ran = lab.zonectl(&format!("import dnsmasq dnsmasq.conf --verify-against {nobody}"));
    assert_eq!(ran.exit, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("the old server at") && ran.stderr.contains("answers no question"), "{}", ran.stderr);
}
