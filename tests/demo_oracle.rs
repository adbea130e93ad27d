//! The whole line without a server, on the demo's world: extracts are packaged, received, sealed and counted under
//! consent, and every cell is the plain oracle's, person for person and family for family.

#![cfg(feature = "service")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use kobling::clock::{Day, Timestamp};
use kobling::consent::{
    Arrival, AsOf, ConsentRecord, GivenBy, Known, LegalBasis, Permission, Permits, Use, disclosable, fold,
};
use kobling::demo::consents::{ConsentFile, asked_at, write_consents, write_withdrawals};
use kobling::demo::oracle::{Asked, Leaving, Plain};
use kobling::demo::raw::write_extracts;
use kobling::demo::world::{PARTNERS, World, WorldSettings};
use kobling::disclosure::Rules;
use kobling::extract::consents::{Form, notice, read_consents};
use kobling::extract::{Decimal, Declared, Job, Package, Source, Unwatched, tokenise};
use kobling::id::{Identifier, LeadingZero};
use kobling::intake::{Receiver, Uploader, open};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::linkage::{Spine, Stated};
use kobling::name::PartnerId;
use kobling::programme::{BasisKind, Programme};
use kobling::question::{Ask, Plan, count, plan};
use kobling::secret::SeededRandom;
use kobling::snapshot::{SealInputs, Snapshot, StagedInput, seal};
use kobling::token::{Link, Linker, Tokeniser};
use kobling::vault::{FrameFile, Vault};

struct Line {
    programme: Programme,
    key: LinkageKey,
    service: ServiceKey,
    today: Day,
    spine: Spine,
    snapshot: Snapshot,
    /// Events by source and person number.
    events: BTreeMap<(u8, u32), Vec<Known>>,
}

impl Line {
    fn now(&self) -> Timestamp {
        Timestamp::at_start_of(self.today.plus(1))
    }

    fn person(&self, partner: &PartnerId, number: &str) -> Option<u32> {
        let id = Identifier::parse(number.as_bytes(), self.today, LeadingZero::Refuse);
        let Ok(id) = id else { panic!("no number") };
        let token = Tokeniser::new(&self.key, partner, partner).person(&id);
        self.spine.person(&Linker::new(&self.service, partner, partner).link(&token))
    }

    fn consents(&mut self, partner: &PartnerId, path: &Path) {
        let source = self.programme.source(partner).expect("a partner");
        for (link, event) in events(&self.programme, (&self.key, &self.service), partner, path, self.now()) {
            if let Some(person) = self.spine.person(&link) {
                self.events.entry((source, person)).or_default().push(event);
            }
        }
    }

    fn permits(&self, plan: &Plan) -> Vec<Permits> {
        let recipient = &self.programme.evaluators[0].id;
        let compile = |at: &usize| {
            let dataset = &self.programme.datasets[*at];
            let basis = dataset.basis(plan.purpose()).expect("the programme is checked");
            let mut builder = Permits::builder(plan.span());
            for source in dataset.partners.iter().copied() {
                if basis.kind != BasisKind::Consent {
                    builder = builder.open(source);
                    continue;
                }
                let asked =
                    Use { source, purpose: plan.purpose(), recipient, dataset: &dataset.id, longest: None };
                let of_source = self.events.iter().filter(|((of, _), _)| *of == source);
                let folded: BTreeMap<u32, Permission> = of_source
                    .map(|((_, person), events)| {
                        (*person, fold(events, &asked, AsOf::known_then(self.now())))
                    })
                    .collect();
                builder = builder.consent(source, &folded);
            }
            builder.build()
        };
        plan.datasets().iter().map(compile).collect()
    }
}

/// The events of a partner's list, as the service records them at a moment.
fn events(
    programme: &Programme,
    (key, service): (&LinkageKey, &ServiceKey),
    partner: &PartnerId,
    path: &Path,
    now: Timestamp,
) -> Vec<(Link, Known)> {
    let form = Form {
        purposes: vec![programme.purposes[0].id.clone()],
        recipients: vec![programme.evaluators[0].id.clone()],
        datasets: Vec::new(),
        notice: notice(programme, &programme.notices[0].id, "da").expect("there"),
        given_by: GivenBy::Person,
        recorded_by: "sagsbehandler 7".to_owned(),
        legal_basis: LegalBasis::ExplicitConsent,
    };
    let tokeniser = Tokeniser::new(key, partner, partner);
    let linker = Linker::new(service, partner, partner);
    let source = programme.source(partner).expect("a partner");
    let mut records = Vec::new();
    read_consents(&Source::File(path.to_owned()), &form, &tokeniser, now, 1000, |batch| {
        records.extend(batch);
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{partner}: {error}"));
    let known = |record: ConsentRecord| {
        (linker.link(&record.token().expect("a token")), Known::new(source, &record.event, now))
    };
    records.into_iter().map(known).collect()
}

/// Who may come in, where a dataset rests on consent alone.
fn arrival(
    programme: &Programme,
    said: &[(u8, Link, Known)],
    (source, dataset): (u8, usize),
    now: Timestamp,
) -> Option<Arc<Arrival>> {
    let of = &programme.datasets[dataset];
    let mut arrival = Arrival::default();
    let mut by_link: BTreeMap<Link, Vec<Known>> = BTreeMap::new();
    for (_, link, event) in said.iter().filter(|(of, ..)| *of == source) {
        by_link.entry(*link).or_default().push(event.clone());
    }
    for (link, events) in by_link {
        arrival.permit(link, disclosable(&events, source, of, AsOf::known_then(now)));
    }
    of.rests_on_consent_alone().then(|| Arc::new(arrival))
}

/// Records what was said, packages, receives and seals a world's extracts.
fn line(
    world: &World,
    folder: &Path,
    raw: &[kobling::demo::raw::RawFile],
    consents: &[ConsentFile],
    programme: Programme,
    today: Day,
) -> Line {
    let mut random = SeededRandom::from_number(world.settings.seed);
    let key = LinkageKey::generate(programme.id.clone(), &mut random);
    let service = ServiceKey::generate(&mut random);
    let vault = Vault::of(&service);
    let now = Timestamp::at_start_of(today);
    let said: Vec<(u8, Link, Known)> = (consents.iter())
        .flat_map(|file| {
            let source = programme.source(&file.partner).expect("a partner");
            let events = events(&programme, (&key, &service), &file.partner, &file.path, now);
            events.into_iter().map(move |(link, event)| (source, link, event))
        })
        .collect();
    let mut staged = Vec::new();
    for file in raw {
        let signing = SigningKey::generate(&mut random);
        let source = Source::File(file.path.clone());
        let job = Job {
            source: &source,
            declared: Declared::default(),
            mapping: None,
            programme: &programme,
            partner: &file.partner,
            dataset: &file.dataset,
            period: None,
            zero: LeadingZero::Refuse,
            decimal: Decimal::Comma,
            today,
        };
        let name = format!("{}-{}", file.partner, file.dataset);
        let out = folder.join(&name);
        tokenise(&job, &key, Some(&signing), None, (&out, now), &mut random, &mut Unwatched)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let package = Package::open(&out).expect("a package");
        let keys = [signing.verifying_key()];
        let uploader = Uploader { partner: &file.partner, keys: &keys };
        let signature = package.signature().expect("signed");
        let opened = open(&package.manifest_bytes, &signature, uploader, &programme, Some(key.id()));
        let (opened, _) = opened.unwrap_or_else(|error| panic!("{name}: {error}"));
        let opened = Arc::new(opened);
        let (source, dataset) = (opened.source, opened.dataset);
        let stated = Stated::of(&opened.manifest.kobling);
        let arrival = arrival(&programme, &said, (source, dataset), now);
        let receiver = Receiver::new(opened, &programme, &service, today, arrival, &[]);
        let mut receiver = receiver.unwrap_or_else(|error| panic!("{name}: {error}"));
        let path = folder.join(format!("{name}.staged"));
        let mut rows = FrameFile::create(&vault, &path, &format!("staged/{name}.staged")).expect("created");
        let data = std::fs::read(package.data_path()).expect("read");
        receiver.feed(&data, &mut rows).unwrap_or_else(|error| panic!("{name}: {error}"));
        let received = receiver.finish().unwrap_or_else(|error| panic!("{name}: {error}"));
        staged.push(StagedInput { path, rows: received.stored, source, dataset, stated });
    }
    let mut spine = Spine::default();
    let out = folder.join("snapshot");
    let inputs = SealInputs {
        vault: &vault,
        programme: &programme,
        staged: &staged,
        aliases: &[],
        id: 1,
        day: today,
        sealed_at: now,
        out: &out,
    };
    let report = seal(&inputs, &mut spine, &mut random).unwrap_or_else(|error| panic!("{error}"));
    let snapshot =
        Snapshot::load(&vault, &out, &programme, &report.sha256).unwrap_or_else(|error| panic!("{error}"));
    let mut events: BTreeMap<(u8, u32), Vec<Known>> = BTreeMap::new();
    for (source, link, event) in said {
        if let Some(person) = spine.person(&link) {
            events.entry((source, person)).or_default().push(event);
        }
    }
    Line { programme, key, service, today, spine, snapshot, events }
}

/// Every cell of an answer by its key: persons in the oracle's numbers, and families.
type Cells = BTreeMap<Vec<String>, (BTreeSet<u32>, usize)>;

fn compare(
    line: &Line,
    plain: &Plain<'_>,
    numbers: &BTreeMap<u32, u32>,
    question: &str,
    by: &[&str],
    population: &str,
) -> Cells {
    let of = |id: &&str| id.parse().expect("a name");
    let population = (!population.is_empty()).then(|| population.parse().expect("a name"));
    let ask = Ask {
        question: question.parse().expect("a name"),
        by: by.iter().map(of).collect(),
        period: "2022-Q1..2022-Q4".parse().expect("a period"),
        population: population.clone(),
    };
    let plan = plan(&line.programme, &ask, line.today, line.today, &Rules::standard());
    let plan = plan.unwrap_or_else(|error| panic!("{question} {by:?}: {error}"));
    let table = count(&plan, &line.snapshot, &line.permits(&plan)).unwrap_or_else(|error| panic!("{error}"));
    let wanted = plain.ask(&Asked {
        question: ask.question.clone(),
        by: ask.by.clone(),
        period: ask.period,
        population,
        moment: line.now(),
        snapshot: line.today,
    });
    let wanted = wanted.unwrap_or_else(|error| panic!("{error}"));
    let what = format!("{question} {by:?}");
    assert_eq!(table.columns, wanted.columns, "{what}");
    let own = |set: &kobling::disclosure::PersonSet| {
        set.iter().map(|person| numbers[&person]).collect::<BTreeSet<_>>()
    };
    assert_eq!(table.cells.len(), wanted.cells.len(), "{what}");
    for (cell, wanted) in table.cells.iter().zip(&wanted.cells) {
        assert_eq!(cell.key, wanted.key, "{what}");
        assert!(own(&cell.contributors) == wanted.contributors, "{what} {:?}: other persons", cell.key);
        assert_eq!(cell.families, wanted.families as u64, "{what} {:?}", cell.key);
    }
    assert!(own(&table.left_out) == wanted.left_out, "{what}: others are left out");
    assert_eq!(table.left_out_families, wanted.left_out_families as u64, "{what}");
    wanted.cells.into_iter().map(|cell| (cell.key, (cell.contributors, cell.families))).collect()
}

#[test]
fn every_cell_of_the_service_is_the_oracles() {
    let programme = Programme::parse(include_str!("../programmes/interventionsmodel.toml"));
    let programme = programme.unwrap_or_else(|error| panic!("{error}"));
    let today = Day::from_ymd(2026, 2, 3).expect("a day");
    let purpose = programme.purposes[0].id.clone();
    let world = World::generate(WorldSettings { persons: 3000, seed: 4, ..WorldSettings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let raw = write_extracts(&world, &programme, &folder.path().join("raw")).expect("written");
    let said =
        write_consents(&world, &programme, &purpose, today, &folder.path().join("raw")).expect("written");
    let mut plain =
        Plain::read(&programme, &raw, today, &[], Leaving::NoPermittedRowAtASource).expect("readable");
    let mut line = line(&world, folder.path(), &raw, &said, programme.clone(), today);
    for file in &said {
        plain.record_consents(&file.partner, &file.path).expect("readable");
    }
    plain.arrive(Timestamp::at_start_of(today));
    // The service's person numbers, as the oracle's.
    let mut numbers = BTreeMap::new();
    let police: PartnerId = PARTNERS[0].parse().expect("a name");
    for (text, number) in plain.identities() {
        let (partner, text) = text.split_once('/').unwrap_or((police.as_str(), text));
        let partner = partner.parse().expect("a name");
        // Of whom nothing was kept, the service has never heard.
        let Some(person) = line.person(&partner, text) else { continue };
        assert!(numbers.insert(person, number).is_none(), "two persons of the oracle are one");
    }
    assert_eq!(numbers.len(), line.snapshot.persons as usize);
    let all = |line: &Line, plain: &Plain<'_>| {
        [
            compare(line, plain, &numbers, "reach", &[], ""),
            compare(line, plain, &numbers, "reach", &["role", "partner"], ""),
            compare(line, plain, &numbers, "reach", &["municipality", "quarter", "role"], ""),
            compare(line, plain, &numbers, "reach", &["partner", "quarter"], "using"),
            compare(line, plain, &numbers, "funnel", &[], ""),
            compare(line, plain, &numbers, "funnel", &["role", "quarter"], ""),
            compare(line, plain, &numbers, "funnel", &["municipality"], "exposed"),
            compare(line, plain, &numbers, "overlap", &[], ""),
            compare(line, plain, &numbers, "overlap", &[], "exposed"),
        ]
    };
    let before = all(&line, &plain);
    let traced = &before[4][&vec!["traced".to_owned()]].0;
    assert!(traced.len() > 300, "{}", traced.len());
    // Twelve of those traced withdraw at the police, and nothing else changes.
    let number_of = |person: u32| {
        let number = world.number(person, 0).map(char::from).iter().collect::<String>();
        plain.person(&number, None)
    };
    let withdraw = asked_at(&world, &programme, &purpose, 0);
    let withdraw: Vec<u32> = withdraw
        .into_iter()
        .filter(|p| number_of(*p).is_some_and(|n| traced.contains(&n)))
        .take(12)
        .collect();
    let path = folder.path().join("withdrawals.csv");
    write_withdrawals(&world, 0, &withdraw, Timestamp::at_start_of(today), &path).expect("written");
    let gone: BTreeSet<u32> = withdraw.iter().filter_map(|person| number_of(*person)).collect();
    line.consents(&police, &path);
    plain.record_consents(&police, &path).expect("readable");
    let after = all(&line, &plain);
    assert_eq!(&after[4][&vec!["traced".to_owned()]].0, &(traced - &gone));
    assert_eq!(gone.len(), 12);
}
