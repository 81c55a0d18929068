//! What is acknowledged survives, what is refused changes nothing, and all of it has an end.

use super::ChallengeChange;
use super::ChallengeError;
use super::Challenges;
use super::LIFE;
use super::LiveChallenge;
use super::MOST_OF_OWNER;
use super::MOST_VALUES;
use super::Scope;
use crate::dns::Name;
use crate::dns::name_from_wire;
use crate::dns::parse_name;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::SystemTime;

fn name(text: &str) -> Name {
    parse_name(text).unwrap()
}

fn opened(state: &Path) -> Challenges {
    let (challenges, findings) = Challenges::open(state, Arc::default()).unwrap();
    assert_eq!(findings, []);
    challenges
}

fn add(owner: &str, value: &str) -> ChallengeChange {
    ChallengeChange::Add { owner: name(owner), value: value.into(), scope: Scope::default() }
}

/// `OWNER VALUE [HORIZON,..]` of each, in the order of owners and writes.
fn shown(challenges: &Challenges) -> Vec<String> {
    let shown = |one: LiveChallenge| {
        let value = String::from_utf8_lossy(&one.value).into_owned();
        let horizons = one.horizons.map_or(String::new(), |horizons| format!(" {}", horizons.join(",")));
        format!("{} {value}{horizons}", one.owner)
    };
    challenges.live().into_iter().map(shown).collect()
}

/// What the engine is told, as [`shown`] without the horizons.
fn laid(challenges: &Challenges) -> Vec<String> {
    let values = challenges.overlay.values();
    let mut laid: Vec<_> = values
        .iter()
        .flat_map(|(owner, set)| set.values.iter().map(move |value| (owner, &value.data)))
        .map(|(owner, data)| {
            assert_eq!(usize::from(data[0]), data.len() - 1);
            format!("{} {}", name_from_wire(owner).unwrap(), String::from_utf8_lossy(&data[1..]))
        })
        .collect();
    laid.sort();
    laid
}

/// Writes come one after the other, each whole; what they say is what is laid over the zones, and what a start reads.
#[test]
fn writes_are_whole_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let challenges = opened(&state);
    assert_eq!(challenges.withdraw(&name("a.example"), None).unwrap(), 0);
    assert!(!state.exists(), "nothing is made before something is written");
    let inside = Scope { horizons: Some(vec!["in".to_owned()]) };
    let outside = Scope { horizons: Some(vec!["out".to_owned()]) };
    let a = name("_acme-challenge.A.example");
    challenges.present(&a, b"one", &inside).unwrap();
    challenges.present(&a, b"one", &outside).unwrap();
    challenges.present(&a, b"two", &inside).unwrap();
    challenges.present(&name("_ACME-challenge.a.example"), b"two", &Scope::default()).unwrap();
    challenges.present(&name("x\\.y\\200.example"), b"", &Scope::default()).unwrap();
    assert_eq!(shown(&challenges)[1..], ["_acme-challenge.a.example one in,out", "_acme-challenge.a.example two"]);
    assert_eq!(challenges.count(), 3);
    assert_eq!(challenges.withdraw(&a, Some(b"three")).unwrap(), 0);
    assert_eq!(challenges.withdraw(&name("nix.example"), None).unwrap(), 0);
    // An update as lego sends it: the whole RRset goes, and one value comes.
    challenges
        .apply(&[ChallengeChange::RemoveAll { owner: a.clone() }, add("_acme-challenge.a.example", "new")])
        .unwrap();
    challenges.apply(&[add("b.example", "1"), add("b.example", "2"), add("c.example", "3")]).unwrap();
    assert_eq!(challenges.withdraw(&name("B.example"), Some(b"1")).unwrap(), 1);
    let expected = ["_acme-challenge.a.example new", "b.example 2", "c.example 3", "x\\.y\\200.example "];
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(shown(&challenges)), expected);
    assert_eq!(laid(&challenges), expected);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&state), mode(&state.join("challenges"))), (0o700, 0o600));
    drop(challenges);
    let again = opened(&state);
    assert_eq!(
        (sorted(shown(&again)), laid(&again)),
        (expected.map(str::to_owned).to_vec(), expected.map(str::to_owned).to_vec())
    );
    assert_eq!(mode(&state.join("challenges")), 0o600, "written anew with the same rights");
    assert_eq!(again.withdraw(&name("b.example"), None).unwrap(), 1);
    assert_eq!(again.count(), 3);
}

/// One value too many, or too long, and nothing of the write is taken.
#[test]
fn limits_hold_and_refuse_the_whole_write() {
    let folder = tempfile::tempdir().unwrap();
    let challenges = opened(&folder.path().join("state"));
    let full: Vec<_> = (0..MOST_OF_OWNER).map(|number| add("full.example", &number.to_string())).collect();
    challenges.apply(&full).unwrap();
    challenges.apply(&full).unwrap();
    let refused = |changes: &[ChallengeChange]| challenges.apply(changes).unwrap_err().to_string();
    let more = refused(&[add("other.example", "x"), add("full.example", "more")]);
    assert!(more.starts_with("full.example has 16 values already") && more.contains("remove old ones"), "{more}");
    let long = refused(&[add("other.example", "x"), add("long.example", &"x".repeat(256))]);
    assert!(long.starts_with("a value of 256 octets at long.example is longer than the 255"), "{long}");
    assert_eq!(challenges.count(), MOST_OF_OWNER);
    // Room that the same write makes counts.
    let instead =
        [ChallengeChange::Remove { owner: name("full.example"), value: b"0".to_vec() }, add("full.example", "more")];
    challenges.apply(&instead).unwrap();
    let rest: Vec<_> = (0..MOST_VALUES - MOST_OF_OWNER).map(|number| add(&format!("n{number}.example"), "x")).collect();
    challenges.apply(&rest).unwrap();
    let over = refused(&[add("one.example", "x")]);
    assert!(over.starts_with("10000 challenge values are live"), "{over}");
    challenges.apply(&[ChallengeChange::RemoveAll { owner: name("n0.example") }, add("one.example", "x")]).unwrap();
    assert_eq!((challenges.count(), laid(&challenges).len()), (MOST_VALUES, MOST_VALUES));
}

/// A value ends after its time, here and for a server that starts later; a value that is written again lives on.
#[test]
fn values_end() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let challenges = opened(&state);
    let now = SystemTime::now();
    let (long_ago, lately) = (now - LIFE, now - Duration::from_secs(1800));
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    challenges.on_change(move |owners| log.lock().unwrap().extend(owners.iter().map(|owner| owner.len())));
    challenges.write(&[add("a.example", "old"), add("b.example", "again")], long_ago).unwrap();
    challenges.write(&[add("a.example", "new"), add("b.example", "again")], lately).unwrap();
    challenges.write(&[add("gone.example", "old")], long_ago).unwrap();
    fs::copy(state.join("challenges"), folder.path().join("before")).unwrap();
    let until = challenges.live()[1].until.duration_since(now).unwrap();
    assert!((1799..=1800).contains(&until.as_secs()), "{until:?}");
    assert_eq!(challenges.expire(now), 2);
    assert_eq!(challenges.expire(now), 0);
    assert_eq!(laid(&challenges), ["a.example new", "b.example again"]);
    assert_eq!(*told.lock().unwrap(), [11, 11, 11, 11, 14, 11, 14], "each write tells its owners, and so does an end");
    assert_eq!(challenges.expire(now + LIFE), 2);
    assert!(challenges.overlay.is_empty());
    drop(challenges);
    let later = folder.path().join("later");
    fs::create_dir(&later).unwrap();
    fs::rename(folder.path().join("before"), later.join("challenges")).unwrap();
    assert_eq!(shown(&opened(&later)), ["a.example new", "b.example again"]);
    // A clock that went back lets nothing live longer than an hour from now.
    let ahead = opened(&folder.path().join("ahead"));
    ahead.write(&[add("a.example", "x")], now + Duration::from_secs(900_000)).unwrap();
    drop(ahead);
    let back = opened(&folder.path().join("ahead"));
    assert!(back.live()[0].until <= SystemTime::now() + LIFE);
    back.write(&[add("b.example", "x")], SystemTime::now() + Duration::from_secs(900_000)).unwrap();
    let now = SystemTime::now();
    assert_eq!(back.expire(now), 0);
    assert!(back.live().iter().all(|one| one.until <= now + LIFE) && back.count() == 2);
}

/// Where a full table or owner holds values that have ended, they make room.
#[test]
fn what_has_ended_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let challenges = opened(&folder.path().join("state"));
    let full: Vec<_> = (0..MOST_OF_OWNER).map(|number| add("full.example", &number.to_string())).collect();
    challenges.write(&full, SystemTime::now() - LIFE).unwrap();
    challenges.apply(&[add("full.example", "new")]).unwrap();
    assert_eq!(laid(&challenges), ["full.example new"]);
}

/// Whatever part of the journal a crash leaves, a start reads a state that once was, and loses no line before the torn one.
#[test]
fn a_torn_tail_takes_nothing_else_with_it() {
    // In memory where that can be: it is opened a thousand times, and each time it is written anew and flushed.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
    let state = folder.path().join("state");
    let challenges = opened(&state);
    let journal = state.join("challenges");
    let mut states = vec![(0, Vec::new())];
    let steps: [&[ChallengeChange]; 5] = [
        &[add("a.example", "1")],
        &[add("a.example", "2"), add("b.example", "3")],
        &[ChallengeChange::Remove { owner: name("a.example"), value: b"1".to_vec() }],
        &[ChallengeChange::RemoveAll { owner: name("b.example") }, add("c.example", "4")],
        &[add("d.example", "5")],
    ];
    for step in steps {
        challenges.apply(step).unwrap();
        states.push((fs::metadata(&journal).unwrap().len() as usize, shown(&challenges)));
    }
    drop(challenges);
    let whole = fs::read(&journal).unwrap();
    for length in 0..=whole.len() {
        let expected = &states.iter().rfind(|(end, _)| *end <= length).unwrap().1;
        let mut holes = whole.clone();
        holes[length..].fill(0);
        for octets in [&whole[..length], &holes] {
            fs::write(&journal, octets).unwrap();
            assert_eq!(shown(&opened(&state)), *expected, "cut at {length}");
        }
    }
}

/// Damage in the middle costs the damaged line and is told; garbage is no panic.
#[test]
fn damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let challenges = opened(&state);
    for owner in ["a.example", "b.example", "c.example"] {
        challenges.apply(&[add(owner, "1")]).unwrap();
    }
    drop(challenges);
    let journal = state.join("challenges");
    let mut octets = fs::read(&journal).unwrap();
    let second = octets.iter().position(|octet| *octet == b'\n').unwrap() + 30;
    octets[second] ^= 1;
    fs::write(&journal, &octets).unwrap();
    let (challenges, findings) = Challenges::open(&state, Arc::default()).unwrap();
    assert_eq!(shown(&challenges), ["a.example 1", "c.example 1"]);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].to_string().contains("CHALLENGES_DAMAGED") && findings[0].what.contains("line 2 first"));
    drop(challenges);
    let mut seed = 1u64;
    for length in 0..200 {
        let garbage: Vec<u8> = (0..length)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as u8
            })
            .collect();
        fs::write(&journal, garbage).unwrap();
        let (challenges, _) = Challenges::open(&state, Arc::default()).unwrap();
        assert_eq!(challenges.count(), 0);
    }
}

/// A folder that cannot be used is a finding and refuses each write with the reason; once it is mended, writes go on, with
/// what was there before.
#[test]
fn a_folder_that_cannot_be_used_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let before = opened(&state);
    before.apply(&[add("a.example", "kept")]).unwrap();
    drop(before);
    let aside = folder.path().join("aside");
    fs::rename(&state, &aside).unwrap();
    fs::write(&state, "a file where the folder should be").unwrap();
    let (challenges, findings) = Challenges::open_or_wait(&state, Arc::default());
    assert_eq!(findings[0].code, "CHALLENGES_NOT_KEPT");
    assert!(findings[0].to_string().contains("`state` of [acme]"), "{}", findings[0]);
    let refused = challenges.present(&name("b.example"), b"x", &Scope::default()).unwrap_err();
    assert!(refused.to_string().starts_with("challenge values cannot be kept: cannot"), "{refused}");
    assert!(challenges.trouble().is_some() && challenges.overlay.is_empty());
    fs::remove_file(&state).unwrap();
    fs::rename(&aside, &state).unwrap();
    challenges.mend();
    assert_eq!(challenges.trouble(), None);
    assert_eq!(laid(&challenges), ["a.example kept"]);
    challenges.present(&name("b.example"), b"x", &Scope::default()).unwrap();
    assert_eq!(laid(&challenges), ["a.example kept", "b.example x"]);
}

/// A write that the disk refuses is not seen, nor is it after a restart; those after it are taken again.
#[test]
fn a_write_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let challenges = opened(&state);
    challenges.apply(&[add("a.example", "1")]).unwrap();
    challenges.lock().journal.as_mut().unwrap().refuse_writes();
    let refused = challenges.apply(&[add("a.example", "2")]).unwrap_err();
    assert!(matches!(refused, ChallengeError::NotKept(_)), "{refused}");
    assert!(challenges.trouble().is_some());
    assert_eq!(laid(&challenges), ["a.example 1"]);
    challenges.apply(&[add("a.example", "3")]).unwrap();
    assert_eq!(laid(&challenges), ["a.example 1", "a.example 3"]);
    drop(challenges);
    assert_eq!(laid(&opened(&state)), ["a.example 1", "a.example 3"]);
}

/// Two servers never write into one journal.
#[test]
fn a_journal_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let first = opened(&state);
    first.apply(&[add("a.example", "1")]).unwrap();
    let (second, findings) = Challenges::open_or_wait(&state, Arc::default());
    assert!(findings[0].what.contains("is locked by process"), "{}", findings[0]);
    assert!(second.apply(&[add("a.example", "2")]).is_err());
    drop(first);
    second.apply(&[add("a.example", "2")]).unwrap();
    assert_eq!(laid(&second), ["a.example 1", "a.example 2"]);
}

/// However long a server runs, the journal holds little more than what lives.
#[test]
fn the_journal_stays_short() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let challenges = opened(&state);
    let value = "x".repeat(200);
    let many: Vec<_> = (0..MOST_VALUES).map(|number| add(&format!("n{number}.example"), &value)).collect();
    challenges.apply(&many).unwrap();
    challenges.apply(&many.iter().map(remove_all).collect::<Vec<_>>()).unwrap();
    let mut longest = 0;
    for _ in 0..12 {
        challenges.apply(&many[..4000]).unwrap();
        challenges.apply(&many[..4000].iter().map(remove_all).collect::<Vec<_>>()).unwrap();
        challenges.apply(&[add("last.example", "1")]).unwrap();
        longest = longest.max(fs::metadata(state.join("challenges")).unwrap().len());
    }
    assert!(longest < 16 << 20, "{longest}");
    drop(challenges);
    assert_eq!(shown(&opened(&state)), ["last.example 1"]);
    assert!(fs::metadata(state.join("challenges")).unwrap().len() < 200);
}

fn remove_all(change: &ChallengeChange) -> ChallengeChange {
    let ChallengeChange::Add { owner, .. } = change else { panic!("{change:?}") };
    ChallengeChange::RemoveAll { owner: owner.clone() }
}

/// Another folder in the settings takes over what lives, and what it held itself.
#[test]
fn values_follow_to_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let held = opened(&two);
    held.apply(&[add("a.example", "theirs"), add("b.example", "held")]).unwrap();
    drop(held);
    let challenges = opened(&one);
    challenges.apply(&[add("a.example", "ours")]).unwrap();
    challenges.follow(&one).unwrap();
    challenges.follow(&two).unwrap();
    challenges.apply(&[add("c.example", "new")]).unwrap();
    let expected = ["a.example ours", "b.example held", "c.example new"];
    assert_eq!(laid(&challenges), expected);
    drop(challenges);
    assert_eq!(laid(&opened(&two)), expected);
    assert_eq!(laid(&opened(&one)), ["a.example ours"]);
}

/// Names where values are expected are in the overlay with and without values, and go when nobody expects any.
#[test]
fn expected_names_stay_without_values() {
    let folder = tempfile::tempdir().unwrap();
    let challenges = opened(&folder.path().join("state"));
    let seen = || {
        let values = challenges.overlay.values();
        let mut seen: Vec<_> = values
            .iter()
            .map(|(owner, set)| (name_from_wire(owner).unwrap().to_string(), set.values.len(), set.expected))
            .collect();
        seen.sort();
        seen
    };
    let is = |owner: &str, count, expected| (owner.to_owned(), count, expected);
    challenges.apply(&[add("b.example", "1")]).unwrap();
    challenges.expect(&[name("A.example"), name("b.example")]);
    assert_eq!(seen(), [is("a.example", 0, true), is("b.example", 1, true)]);
    challenges.apply(&[add("a.example", "1"), ChallengeChange::RemoveAll { owner: name("b.example") }]).unwrap();
    assert_eq!(seen(), [is("a.example", 1, true), is("b.example", 0, true)]);
    assert_eq!(challenges.expire(SystemTime::now() + LIFE), 1);
    assert_eq!(seen(), [is("a.example", 0, true), is("b.example", 0, true)]);
    challenges.apply(&[add("a.example", "1")]).unwrap();
    challenges.expect(&[name("c.example")]);
    assert_eq!(seen(), [is("a.example", 1, false), is("c.example", 0, true)]);
    assert_eq!(challenges.count(), 1, "they count for nothing");
}
