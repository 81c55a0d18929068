//! What a person wrote in a zone: it stays, and wins over what would be generated.

use super::current::CurrentZone;
use super::mark::source_of;
use super::wanted::Wanted;
use crate::dns::{Name, Rtype, name_from_wire, present_data, present_rtype};
use crate::finding::{Finding, Place, Severity};
use crate::zone::{Document, Line};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The records of a zone that are not the generator's, those of `$INCLUDE` and `$GENERATE` among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Persons {
    records: BTreeMap<(Name, u16), Vec<PersonRecord>>,
    /// Owners of NS below the apex and of DNAME: what lies below is not this zone's to say.
    cuts: BTreeSet<Name>,
    origin: Option<Name>,
}

#[derive(Debug, Clone)]
struct PersonRecord {
    data: Vec<u8>,
    place: Place,
}

impl Persons {
    /// Reads them off a zone that loads; a zone that does not has none here.
    pub(super) fn of(zone: &CurrentZone, document: &Document) -> Persons {
        let mut persons = Persons { origin: Some(zone.origin.clone()), ..Persons::default() };
        let Ok(loaded) = &zone.loaded else { return persons };
        let marked: BTreeSet<u32> = marked(document).map(|(index, _)| document.entries()[index].line).collect();
        for record in loaded.records.iter() {
            let Line { file, number } = record.line;
            if file == 0 && marked.contains(&number) {
                continue;
            }
            let Ok(owner) = name_from_wire(record.owner) else { continue };
            let path = loaded.files.get(usize::from(file)).unwrap_or(&zone.path);
            let place = Place { line: Some(number), ..Place::file(path) };
            let cut = record.rtype == Rtype::DNAME || (record.rtype == Rtype::NS && owner != zone.origin);
            if cut {
                persons.cuts.insert(owner.clone());
            }
            let entry = persons.records.entry((owner, record.rtype.to_int())).or_default();
            entry.push(PersonRecord { data: record.data.to_vec(), place });
        }
        persons
    }

    /// Where the person's record stands that wins over this one, where there is one.
    pub(super) fn wins_over(&self, wanted: &Wanted) -> Option<&Place> {
        let at = |owner: &Name, rtype: Rtype| {
            self.records.get(&(owner.clone(), rtype.to_int())).and_then(|records| records.first())
        };
        let same = at(&wanted.owner, wanted.rtype).or_else(|| at(&wanted.owner, Rtype::CNAME));
        let cut = || {
            let above = self.cuts.iter().find(|cut| wanted.owner != **cut && wanted.owner.ends_with(*cut))?;
            at(above, Rtype::NS).or_else(|| at(above, Rtype::DNAME))
        };
        same.or_else(cut).map(|record| &record.place)
    }

    /// True when the name has an address or an alias here.
    pub(super) fn decides(&self, name: &Name) -> bool {
        [Rtype::A, Rtype::AAAA, Rtype::CNAME].iter().any(|rtype| self.has(name, *rtype))
    }

    /// True when there is such a record.
    pub(super) fn has(&self, owner: &Name, rtype: Rtype) -> bool {
        self.records.contains_key(&(owner.clone(), rtype.to_int()))
    }

    /// The name that a person's alias at `name` leads to.
    pub(super) fn alias(&self, name: &Name) -> Option<(Name, &Place)> {
        let record = self.records.get(&(name.clone(), Rtype::CNAME.to_int()))?.first()?;
        Some((name_from_wire(&record.data).ok()?, &record.place))
    }

    /// True when there is any record beside SOA and NS of the apex.
    pub(super) fn any(&self) -> bool {
        let apex = |(owner, rtype): &(Name, u16)| {
            self.origin.as_ref() == Some(owner) && (*rtype == Rtype::SOA.to_int() || *rtype == Rtype::NS.to_int())
        };
        self.records.keys().any(|key| !apex(key))
    }

    /// The addresses that a person gave a name, with the place of the first.
    pub(super) fn addresses(&self, name: &Name) -> (Vec<IpAddr>, Option<&Place>) {
        let found = |rtype: Rtype| self.records.get(&(name.clone(), rtype.to_int())).into_iter().flatten();
        let v4 = found(Rtype::A).filter_map(|record| Some(IpAddr::from(*record.data.first_chunk::<4>()?)));
        let v6 = found(Rtype::AAAA).filter_map(|record| Some(IpAddr::from(*record.data.first_chunk::<16>()?)));
        let place = found(Rtype::A).chain(found(Rtype::AAAA)).next().map(|record| &record.place);
        (v4.chain(v6).collect(), place)
    }
}

/// The generator's own records: the index of their entry and their source.
pub(super) fn marked(document: &Document) -> impl Iterator<Item = (usize, &str)> {
    document.records().filter_map(|(index, _)| {
        let source = source_of(document.comment_of(&document.entries()[index])?)?;
        Some((index, source))
    })
}

/// OVERRIDDEN: a record that a person wrote keeps a generated one out.
pub(super) fn overridden(horizon: &str, wanted: &Wanted, place: &Place) -> Finding {
    let generated = format!("{} {}", present_rtype(wanted.rtype), present_data(wanted.rtype, &wanted.data));
    let what = format!("horizon `{horizon}`: a person's record stands in place of {generated} from {}", wanted.source);
    let remedy = "nothing to do; to follow the inventory again, remove the person's record";
    let finding = Finding::new("OVERRIDDEN", Severity::Info, wanted.owner.to_string(), what, remedy);
    wanted.place.iter().fold(finding.seen_at(place.clone()), |finding, place| finding.seen_at(place.clone()))
}
