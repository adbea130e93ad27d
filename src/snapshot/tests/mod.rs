//! Tests of sealing and loading together: what both files below share.

mod erase;
mod join;
mod lazy;
mod limits;
mod refusals;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::clock::{Day, Timestamp};
use crate::extract::manifest::Sha256Hex;
use crate::intake::staged::{Frame, MISSING_CODE, MISSING_MEASURE, Value};
use crate::linkage::{Alias, Spine, Stated};
use crate::programme::{Column, Dataset, Measure, Precision, Programme, Role};
use crate::secret::SeededRandom;
use crate::token::Link;
use crate::vault::{FrameFile, FrameSink as _, Vault};

/// A row before it is staged: what the oracle works on. Links are small numbers, 0 for none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Raw {
    person: u8,
    related: u8,
    case: u8,
    staff: Vec<u8>,
    day: i32,
    codes: Vec<u8>,
    measures: Vec<i64>,
}

/// An upload of made-up rows.
#[derive(Clone, Debug)]
struct Upload {
    source: u8,
    dataset: usize,
    rows: Vec<Raw>,
}

fn person_link(n: u8) -> Link {
    let mut bytes = [n; 16];
    bytes[0] = n.wrapping_mul(101);
    Link::from_stored(bytes)
}

/// Cases are a partner's own: the same number at another partner is another link.
fn case_link(source: u8, n: u8) -> Link {
    let mut bytes = [n; 16];
    (bytes[0], bytes[1]) = (n.wrapping_mul(77), 100 + source);
    Link::from_stored(bytes)
}

/// Staff numbers are their issuer's, whoever sends them.
fn staff_link(issuer: u8, n: u8) -> Link {
    let mut bytes = [n; 16];
    (bytes[0], bytes[1]) = (n.wrapping_mul(53), 200 + issuer);
    Link::from_stored(bytes)
}

/// The partner whose staff numbers an upload carries.
fn issuer(programme: &Programme, upload: &Upload) -> u8 {
    let issuer = programme.datasets[upload.dataset].staff_issuer.as_ref();
    issuer.map_or(upload.source, |issuer| programme.source(issuer).expect("a partner"))
}

fn model() -> Programme {
    let text = include_str!("../../../programmes/interventionsmodel.toml");
    Programme::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn column(at: usize, role: Role) -> Column {
    let id = format!("c{at}").parse().expect("a name");
    Column {
        id,
        headers: Vec::new(),
        role,
        required: false,
        missing: Vec::new(),
        shareable: None,
        derive: None,
        precision: Precision::Day,
    }
}

/// A programme with the model's partners and codes, and datasets whose columns stand in any order.
fn programme() -> impl Strategy<Value = Programme> {
    let measure = || Role::Measure(Measure { unit: String::new(), decimals: 0, min: -9, max: 9 });
    let roles = (any::<[bool; 2]>(), 0usize..3, 0usize..3, 0usize..3).prop_flat_map(
        move |(has, staff, categories, measures)| {
            let mut roles = vec![Role::Person, Role::Date];
            let some = [Role::RelatedPerson, Role::Case].into_iter().zip(has);
            roles.extend(some.filter(|(_, has)| *has).map(|(role, _)| role));
            roles.extend((0..staff).map(|_| Role::Staff));
            roles.extend((0..categories).map(|list| Role::Category { list }));
            roles.extend((0..measures).map(|_| measure()));
            Just(roles).prop_shuffle()
        },
    );
    prop::collection::vec((roles, prop::option::of(0usize..9)), 1..4).prop_map(|datasets| {
        let mut programme = model();
        let template = programme.datasets[0].clone();
        let partners = programme.partners.clone();
        let dataset = |(at, (roles, issuer)): (usize, (Vec<Role>, Option<usize>))| Dataset {
            staff_issuer: issuer.map(|at| partners[at].id.clone()),
            id: format!("d{at}").parse().expect("a name"),
            partners: (0..9).collect(),
            columns: roles.into_iter().enumerate().map(|(at, role)| column(at, role)).collect(),
            ..template.clone()
        };
        programme.datasets = datasets.into_iter().enumerate().map(dataset).collect();
        programme
    })
}

fn uploads(programme: &Programme, persons: u8) -> impl Strategy<Value = Vec<Upload>> + use<> {
    let codes: Vec<u8> = vec![0, 1, MISSING_CODE];
    let row = (
        (0..persons, 0..persons, 0u8..8, prop::collection::vec(0u8..6, 3)),
        -400i32..400,
        prop::collection::vec(prop::sample::select(codes), 3),
        prop::collection::vec(prop_oneof![Just(MISSING_MEASURE), -9i64..10], 3),
    )
        .prop_map(|((person, related, case, staff), day, codes, measures)| Raw {
            person,
            related,
            case,
            staff,
            day,
            codes,
            measures,
        });
    let upload = (0u8..9, 0..programme.datasets.len(), prop::collection::vec(row, 0..25));
    prop::collection::vec(upload.prop_map(|(source, dataset, rows)| Upload { source, dataset, rows }), 0..7)
}

/// What of a row its dataset has columns for.
fn seen(dataset: &Dataset, raw: &Raw) -> Raw {
    let has = |role: &Role| dataset.columns.iter().any(|column| column.role == *role);
    let count = |role: fn(&Role) -> bool| dataset.columns.iter().filter(|column| role(&column.role)).count();
    Raw {
        related: if has(&Role::RelatedPerson) { raw.related } else { 0 },
        case: if has(&Role::Case) { raw.case } else { 0 },
        staff: raw.staff[..count(|role| *role == Role::Staff)].to_vec(),
        codes: raw.codes[..count(|role| matches!(role, Role::Category { .. }))].to_vec(),
        measures: raw.measures[..count(|role| matches!(role, Role::Measure(_)))].to_vec(),
        ..raw.clone()
    }
}

/// Who is withheld in a frame: the person of its first row, whoever is the related one of its last, and somebody whom no
/// row names.
fn withheld(rows: &[Raw]) -> impl Iterator<Item = u8> {
    let of = [rows.first().map_or(0, |row| row.person), rows.last().map_or(0, |row| row.related), 251];
    of.into_iter().filter(|n| *n != 0)
}

/// Stages an upload in frames of at most seven rows.
fn stage(vault: &Vault, dir: &Path, programme: &Programme, at: usize, upload: &Upload) -> StagedInput {
    let path = dir.join(format!("upload-{at}"));
    let mut file = FrameFile::create(vault, &path, &format!("staged/upload-{at}")).expect("created");
    for (index, rows) in (0..).zip(upload.rows.chunks(7)) {
        let mut frame = Frame::new(index, &[0; 32]);
        for row in rows {
            let (mut codes, mut measures, mut staff) =
                (row.codes.iter(), row.measures.iter(), row.staff.iter());
            for column in &programme.datasets[upload.dataset].columns {
                let link = |n: u8, link: Link| Value::Link((n != 0).then_some(link));
                frame.push(match column.role {
                    Role::Person => link(row.person, person_link(row.person)),
                    Role::RelatedPerson => link(row.related, person_link(row.related)),
                    Role::Case => link(row.case, case_link(upload.source, row.case)),
                    Role::Staff => {
                        let n = *staff.next().expect("enough");
                        link(n, staff_link(issuer(programme, upload), n))
                    }
                    Role::Date => Value::Day(Day::from_days(row.day)),
                    Role::Category { .. } => Value::Code(*codes.next().expect("enough")),
                    Role::Measure(_) => Value::Measure(*measures.next().expect("enough")),
                });
            }
            frame.end_row();
        }
        withheld(rows).for_each(|n| frame.withhold(person_link(n)));
        file.put(&frame.finish().0).expect("written");
    }
    let sent = upload.rows.len() as u64;
    let stated = Stated { packages: 1, read: sent, sent, ..Stated::default() };
    StagedInput { path, rows: stated.sent, source: upload.source, dataset: upload.dataset, stated }
}

/// A folder to seal in.
struct Bench {
    vault: Vault,
    dir: tempfile::TempDir,
    programme: Programme,
}

impl Bench {
    fn new(programme: Programme) -> Bench {
        Bench { vault: Vault::throwaway(), dir: tempfile::tempdir().expect("a folder"), programme }
    }

    fn stage(&self, uploads: &[Upload]) -> Vec<StagedInput> {
        uploads
            .iter()
            .enumerate()
            .map(|(at, upload)| stage(&self.vault, self.dir.path(), &self.programme, at, upload))
            .collect()
    }

    fn out(&self, id: u32) -> PathBuf {
        self.dir.path().join(id.to_string())
    }

    fn seal(
        &self,
        id: u32,
        staged: &[StagedInput],
        aliases: &[Alias],
        spine: &mut Spine,
        seed: u64,
    ) -> Result<SealReport, SealError> {
        self.seal_within(id, &SealLimits::default(), staged, aliases, spine, seed)
    }

    fn seal_within(
        &self,
        id: u32,
        limits: &SealLimits,
        staged: &[StagedInput],
        aliases: &[Alias],
        spine: &mut Spine,
        seed: u64,
    ) -> Result<SealReport, SealError> {
        let inputs = SealInputs {
            vault: &self.vault,
            programme: &self.programme,
            staged,
            aliases,
            id,
            day: Day::from_days(20_000),
            sealed_at: Timestamp::from_millis(1_728_000_000_000),
            out: &self.out(id),
        };
        seal_within(&inputs, limits, spine, &mut SeededRandom::from_number(seed), &mut |_| {})
    }

    fn load(&self, id: u32, sha256: &Sha256Hex) -> Result<Snapshot, LoadError> {
        Snapshot::load(&self.vault, &self.out(id), &self.programme, sha256)
    }
}
