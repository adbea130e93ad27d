//! The demo's files through the partner's own tools: what was put wrong on purpose is what they find, and of identities
//! and free text nothing leaves.

#![cfg(feature = "service")]

use kobling::clock::{Day, Timestamp};
use kobling::consent::{EventKind, GivenBy, LegalBasis};
use kobling::demo::consents::write_consents;
use kobling::demo::needles;
use kobling::demo::oracle::{Leaving, Plain};
use kobling::demo::raw::{RawFile, write_extracts};
use kobling::demo::search::{NeedleKind, Search};
use kobling::demo::world::{World, WorldSettings};
use kobling::extract::consents::{Form, notice, read_consents};
use kobling::extract::{Decimal, Declared, Job, Source, Unwatched, tokenise};
use kobling::id::LeadingZero;
use kobling::key::LinkageKey;
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use kobling::token::Tokeniser;

struct Demo {
    programme: Programme,
    key: LinkageKey,
    world: World,
    today: Day,
    folder: tempfile::TempDir,
    files: Vec<RawFile>,
}

impl Demo {
    fn new() -> Demo {
        let programme = Programme::parse(include_str!("../programmes/interventionsmodel.toml"));
        let programme = programme.unwrap_or_else(|error| panic!("{error}"));
        let key = LinkageKey::from_bytes(programme.id.clone(), &mut [7; 32]);
        let world = World::generate(WorldSettings { persons: 3000, ..WorldSettings::default() });
        let folder = tempfile::tempdir().expect("a folder");
        let files = write_extracts(&world, &programme, &folder.path().join("raw")).expect("written");
        let today = Day::from_ymd(2026, 2, 3).expect("a day");
        Demo { programme, key, world, today, folder, files }
    }

    fn now(&self) -> Timestamp {
        Timestamp::at_start_of(self.today)
    }

    /// Packages every extract; rows read and rejected of each.
    fn packages(&self, zero: LeadingZero) -> Vec<(u64, u64)> {
        let mut counts = Vec::new();
        for file in &self.files {
            let source = Source::File(file.path.clone());
            let job = Job {
                source: &source,
                declared: Declared::default(),
                mapping: None,
                programme: &self.programme,
                partner: &file.partner,
                dataset: &file.dataset,
                period: None,
                zero,
                decimal: Decimal::Comma,
                today: self.today,
            };
            let out = self.folder.path().join(format!("packages-{zero:?}"));
            std::fs::create_dir_all(&out).expect("made");
            let out = out.join(format!("{}-{}", file.partner, file.dataset));
            let random = &mut SeededRandom::from_number(11);
            let made = tokenise(&job, &self.key, None, None, (&out, self.now()), random, &mut Unwatched);
            let (report, _) =
                made.unwrap_or_else(|error| panic!("{} {}: {error}", file.partner, file.dataset));
            assert!(report.rows.duplicates >= file.faults.duplicates, "{}", file.partner);
            counts.push((report.rows.read, report.rows.rejected));
        }
        counts
    }
}

#[test]
fn the_tool_the_maker_and_the_oracle_agree_on_every_bad_row() {
    let demo = Demo::new();
    let made: Vec<_> = demo.files.iter().map(|f| (f.rows, f.faults.rejected())).collect();
    assert_eq!(demo.packages(LeadingZero::Refuse), made);
    let repaired: Vec<_> =
        demo.files.iter().map(|f| (f.rows, f.faults.rejected() - f.faults.nine_digits)).collect();
    assert_eq!(demo.packages(LeadingZero::Repair), repaired);
    let partners: Vec<_> = demo.programme.partners.iter().map(|p| p.id.clone()).collect();
    for (repairing, wanted) in [(&[] as &[_], made), (&partners, repaired)] {
        let plain =
            Plain::read(&demo.programme, &demo.files, demo.today, repairing, Leaving::AnyForbiddenRow);
        let plain = plain.expect("readable");
        for (file, (_, rejected)) in demo.files.iter().zip(wanted) {
            let source = demo.programme.source(&file.partner).expect("a partner");
            let dataset = demo.programme.dataset(&file.dataset).expect("a dataset").0;
            assert_eq!(plain.rejected()[&(source, dataset)], rejected, "{} {}", file.partner, file.dataset);
        }
    }
}

#[test]
fn no_number_and_no_free_text_leaves_in_a_package() {
    let demo = Demo::new();
    demo.packages(LeadingZero::Refuse);
    let mut needles = needles::numbers(&demo.world);
    needles.extend(needles::words());
    needles.extend(needles::tokens(&demo.world, &demo.key, demo.today).expect("sound numbers"));
    let search = Search::new(needles);
    search.prove(demo.folder.path()).expect("it finds what is planted");
    let raw = search.folder(&demo.folder.path().join("raw")).expect("read").found;
    assert!(
        raw.iter().any(|f| f.kind == NeedleKind::Number) && raw.iter().any(|f| f.kind == NeedleKind::Word)
    );
    let found = search.folder(&demo.folder.path().join("packages-Refuse")).expect("read").found;
    assert!(found.len() > 3000, "packages hold tokens");
    let others: Vec<_> = found.iter().filter(|f| f.kind != NeedleKind::TokenText).collect();
    assert!(others.is_empty(), "{:?}", &others[..others.len().min(5)]);
}

#[test]
fn the_partners_tool_takes_every_consent_file() {
    let demo = Demo::new();
    let purpose = demo.programme.purposes[0].id.clone();
    let folder = demo.folder.path().join("raw");
    let files = write_consents(&demo.world, &demo.programme, &purpose, demo.today, &folder).expect("written");
    for file in files {
        let form = Form {
            purposes: vec![purpose.clone()],
            recipients: vec![demo.programme.evaluators[0].id.clone()],
            datasets: Vec::new(),
            notice: notice(&demo.programme, &demo.programme.notices[0].id, "da").expect("there"),
            given_by: GivenBy::Person,
            recorded_by: "sagsbehandler 7".to_owned(),
            legal_basis: LegalBasis::ExplicitConsent,
        };
        let tokeniser = Tokeniser::new(&demo.key, &file.partner, &file.partner);
        let mut said = [0; 3];
        let taken = read_consents(&Source::File(file.path), &form, &tokeniser, demo.now(), 1000, |records| {
            for record in records {
                let kinds = [EventKind::Given, EventKind::Refused, EventKind::Withdrawn];
                let at = kinds.iter().position(|kind| *kind == record.event.kind);
                said[at.expect("one of three")] += 1;
            }
            Ok(())
        });
        assert_eq!(taken.unwrap_or_else(|error| panic!("{}: {error}", file.partner)), file.events);
        let (given, refused, withdrawn) = (
            file.said.given
                + file.said.windowed
                + file.said.lapsed
                + file.said.withdrawn
                + 2 * file.said.again,
            file.said.refused,
            file.said.withdrawn + file.said.again,
        );
        assert_eq!(said, [given, refused, withdrawn]);
    }
}
