//! Whatever is changed and undone, in whatever order that is allowed: the octets are the right ones.

use super::lab::{Lab, bare, commit, raised, undo};
use super::{NewChange, NewText, Store, StoreError, UndoError};
use std::collections::BTreeMap;
use std::fs;

/// xorshift64*: small, fast, the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

const FILES: [&str; 3] = ["in/a.zone", "in/b.zone", "out/a.zone"];

/// Another text: some lines fewer, more or different; sometimes the file comes or goes, or the SOA moves or changes.
fn mutated(random: &mut Random, text: Option<&[u8]>) -> Option<Vec<u8>> {
    if random.below(25) == 0 {
        return text.is_none().then(|| b"@ SOA ns h 1 1 2 3 4\nx A 1\n".to_vec());
    }
    let text = raised(text.unwrap_or_default().to_vec());
    let mut lines: Vec<Vec<u8>> = text.split_inclusive(|octet| *octet == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..1 + random.below(3) {
        let at = random.below(lines.len() + 1);
        // Few different lines, so that equal ones meet.
        let new = format!("x{} A {}\n", random.below(3), random.below(3)).into_bytes();
        match random.below(6) {
            0 | 1 => lines.insert(at, new),
            2 | 3 if at < lines.len() => drop(lines.remove(at)),
            4 if at < lines.len() => lines[at] = new,
            5 if random.below(8) == 0 => lines.insert(at, b"@ SOA ns h 77 1 2 3 4\n".to_vec()),
            _ => {}
        }
    }
    let mut text = lines.concat();
    if random.below(12) == 0 && text.ends_with(b"\n") {
        text.pop();
    }
    Some(text)
}

fn now(lab: &Lab) -> Vec<Option<Vec<u8>>> {
    FILES.iter().map(|file| fs::read(lab.path(file)).ok()).collect()
}

/// The lines of each file after undoing in any allowed order, and each text in between, are those of a plain model: the
/// list of texts. At the end everything is undone, and each file is what it was, serial apart.
#[test]
fn everything_undone_is_the_beginning() {
    let mut refused = 0;
    let mut undone_out_of_order = 0;
    for seed in 0..32 {
        let random = &mut Random::new(seed);
        let lab = Lab::new();
        let soa = "$TTL 60\n@ SOA ns h ( 1\n 2 3 4 5 )\n";
        lab.write(FILES[0], &format!("{soa}x0 A 0\nx1 A 1\nx0 A 0\nx2 A 2\n"));
        lab.write(FILES[1], soa);
        let mut store = lab.open();
        for file in FILES {
            store.notice(&lab.path(file), fs::read(lab.path(file)).ok().as_deref()).unwrap();
        }
        let mut made_beside = Vec::new();
        let first: Vec<_> = now(&lab).iter().map(|text| bare(text.as_deref())).collect();
        // What was on the disk after each id.
        let mut texts = BTreeMap::from([(0, now(&lab))]);
        let newest = |store: &Store| store.changes().next().map_or(0, |head| head.id);
        for _ in 0..30 {
            if random.below(20) == 0 {
                drop(store);
                store = lab.open();
            }
            match random.below(10) {
                0..=4 => {
                    let mut changed = Vec::new();
                    for file in FILES {
                        let before = fs::read(lab.path(file)).ok();
                        if random.below(2) == 0 {
                            let after = mutated(random, before.as_deref());
                            changed.push(NewText { path: lab.path(file), before, after });
                        }
                    }
                    let _ = store.commit(NewChange::default(), changed);
                }
                5 => {
                    let file = FILES[random.below(3)];
                    // The history of a file that somebody made beside the store begins with that.
                    if matches!(store.text_after(&lab.path(file), 0), Err(StoreError::BeforeHistory { .. })) {
                        made_beside.push(file);
                    }
                    match mutated(random, fs::read(lab.path(file)).ok().as_deref()) {
                        Some(text) => fs::write(lab.path(file), text).unwrap(),
                        None => drop(fs::remove_file(lab.path(file))),
                    }
                    store.notice(&lab.path(file), fs::read(lab.path(file)).ok().as_deref()).unwrap();
                }
                6 if newest(&store) > 0 => {
                    let id = newest(&store);
                    if commit(&mut store, &[(FILES[0], Some("taken back\n"))]).is_ok() {
                        store.take_back(newest(&store)).unwrap();
                        assert_eq!(now(&lab), texts[&id], "seed {seed}");
                        texts.insert(newest(&store), now(&lab));
                    }
                }
                _ => {
                    let id = 1 + random.below(newest(&store) as usize) as u64;
                    match store.undo(id) {
                        Ok(texts) if !texts.is_empty() => {
                            undone_out_of_order += usize::from(id != newest(&store));
                            undo(&mut store, id);
                        }
                        Ok(_) => {}
                        Err(UndoError::Later { later, .. }) => {
                            refused += 1;
                            assert!(!later.is_empty() && later.iter().all(|later| *later > id), "{later:?} for {id}");
                        }
                        Err(UndoError::Store { error, .. }) => panic!("seed {seed}: {error}"),
                        Err(_) => {}
                    }
                }
            }
            texts.insert(newest(&store), now(&lab));
        }
        // Every second one: each look back reads all changes since.
        for (id, texts) in texts.iter().skip(seed as usize % 2).step_by(2) {
            for (file, text) in FILES.iter().zip(texts) {
                match store.text_after(&lab.path(file), *id) {
                    Ok(told) => assert_eq!(&told, text, "seed {seed}: {file} after {id}"),
                    Err(StoreError::BeforeHistory { .. }) => assert_eq!(text, &None, "seed {seed}: {file} after {id}"),
                    Err(error) => panic!("seed {seed}: {file} after {id}: {error}"),
                }
            }
        }
        let all: Vec<u64> = store.changes().map(|head| head.id).collect();
        for id in all {
            let head = store.head(id).unwrap();
            if head.taken_back || head.undone_by.is_some() {
                continue;
            }
            // Only what made a difference can be undone; that only serials changed is none.
            match store.undo(id) {
                Ok(texts) if texts.is_empty() => {}
                Ok(_) => drop(undo(&mut store, id)),
                Err(error) => panic!("seed {seed}: the newest can always be undone: {error}"),
            }
        }
        for ((file, last), first) in FILES.iter().zip(now(&lab)).zip(first) {
            assert!(
                made_beside.contains(file) || bare(last.as_deref()) == first,
                "seed {seed}: {file}: {last:?} is not {first:?}"
            );
        }
    }
    assert!(refused > 50 && undone_out_of_order > 50, "{refused} refused, {undone_out_of_order} out of order");
}
