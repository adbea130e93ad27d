use std::sync::Arc;

use kobling::auth::{BearerToken, Principal};
use kobling::clock::{FixedClock, Timestamp};
use kobling::key::{LinkageKey, ServiceKey, SigningKey};
use kobling::secret::SystemRandom;

use super::*;

const PROGRAMMES: [&str; 2] = [
    include_str!("../../../../programmes/interventionsmodel.toml"),
    include_str!("../../../../programmes/effektinvestering.toml"),
];
const BOTH: [Language; 2] = [Language::Da, Language::En];

/// A service in a folder of its own, with a key and a principal or two.
struct Set {
    dir: tempfile::TempDir,
    service: Service,
    linkage: LinkageKey,
    tokens: Vec<BearerToken>,
}

fn set(text: &str) -> Set {
    let dir = tempfile::tempdir().expect("a folder");
    let random = &mut SystemRandom::new();
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let linkage = LinkageKey::generate(programme.id.clone(), random);
    let key = ServiceKey::generate(random);
    let data = dir.path().join("data");
    let now: Timestamp = "2026-03-01T09:00:00Z".parse().expect("an instant");
    key.save(&dir.path().join("service.key"), now).expect("saved");
    Service::initialise(&data, &programme, text, linkage.id(), &key, now).expect("made");
    let random = Box::new(SystemRandom::new());
    let service = Service::open(&data, key, Arc::new(FixedClock::new(now)), random).expect("opened");
    let first = &programme.partners[0].id;
    for _ in 0..2 {
        let public = SigningKey::generate(&mut SystemRandom::new()).verifying_key();
        service.enrol_key(&service.operator(), first, &public).expect("enrolled");
    }
    let keys = service.keys(first).expect("read");
    service.revoke_key(&service.operator(), first, &keys[0].key.fingerprint().to_string()).expect("revoked");
    let mut tokens = Vec::new();
    for (id, role, organisation) in [
        ("part-it", "partner", first.to_string()),
        ("analyse", "evaluator", programme.evaluators[0].id.to_string()),
        ("kontrol", "auditor", "rigsrevisionen".to_owned()),
        ("gammel", "steward", programme.steward.to_string()),
    ] {
        let principal = Principal {
            id: id.parse().expect("a name"),
            name: "Karla Kontakt".to_owned(),
            role: role.parse().expect("a role"),
            organisation: organisation.parse().expect("a name"),
            person: None,
        };
        tokens.push(service.add_principal(&principal).expect("added"));
    }
    service.revoke_principal(&"gammel".parse().expect("a name")).expect("revoked");
    Set { dir, service, linkage, tokens }
}

impl Set {
    fn statement(&self, language: Language) -> String {
        let chain = self.service.store().verify_chain().expect("read").expect("whole");
        let Ok(configuration) = Configuration::of(&self.service, chain.head) else { panic!("not read") };
        configuration.statement(language)
    }
}

/// The cells of every line of a table that begins with a cell.
fn rows<'a>(text: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let cells = |line: &'a str| -> Vec<&'a str> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim()).collect()
    };
    text.lines().filter(|line| line.starts_with('|')).map(cells).filter(|row| row[0] == first).collect()
}

/// What a line is, without its words.
fn shape(text: &str) -> Vec<String> {
    let of = |line: &str| match line {
        "" => String::new(),
        line if line.starts_with('#') => line.split(' ').next().unwrap_or_default().to_owned(),
        line if line.starts_with("- ") => "-".to_owned(),
        line if line.starts_with('|') => format!("table of {}", line.matches(" |").count()),
        _ => "text".to_owned(),
    };
    text.lines().map(of).collect()
}

#[test]
fn every_dataset_and_purpose_stands_with_its_basis() {
    for text in PROGRAMMES {
        let set = set(text);
        let programme = set.service.programme();
        for language in BOTH {
            let statement = set.statement(language);
            for dataset in &programme.datasets {
                let rows = rows(&statement, &format!("`{}`", dataset.id));
                let bases: Vec<_> = rows.iter().filter(|row| row.len() == 9).collect();
                assert_eq!(bases.len(), dataset.bases.len(), "{}", dataset.id);
                for (row, basis) in bases.iter().zip(&dataset.bases) {
                    assert_eq!(row[1], format!("`{}`", basis.purpose));
                    assert_eq!(row[3], page::plain(&basis.rests_on));
                    assert_eq!(row[4].contains("art. 9"), basis.special_categories, "{row:?}");
                    assert_eq!(row[4].contains("art. 10"), basis.offences, "{row:?}");
                    if let Some(days) = basis.disclosure_days {
                        assert!(row[5].starts_with(&format!("{days} ")), "{row:?}");
                    }
                    let purpose = programme.purpose(&basis.purpose).expect("known");
                    for recipient in &purpose.recipients {
                        assert!(row[8].contains(&format!("`{recipient}`")), "{row:?}");
                    }
                }
            }
            for notice in &programme.notices {
                let rows = rows(&statement, &format!("`{}`", notice.id));
                let own =
                    rows.iter().filter(|row| row[2] == notice.language && row[4].contains(&notice.sha256));
                assert_eq!(own.count(), 1, "{} {}", notice.id, notice.language);
            }
            let digest = Sha256Hex::from_bytes(programme.sha256).to_string();
            assert!(statement.contains(&digest) && statement.contains(&set.linkage.id().to_string()));
        }
    }
}

#[test]
fn a_follow_up_says_what_it_tells_whom() {
    let set = set(PROGRAMMES[0]);
    let statement = set.statement(Language::En);
    let told = rows(&statement, "`henvisning`");
    assert_eq!(told[0][2], "`koebenhavns-politi`, `frederiksberg`, `dragoer`, `taarnby`");
    assert_eq!((told[0][4], told[0][5], told[0][6]), ("7 days", "400", "2000"));
    let statuses: Vec<_> = told[1..].iter().map(|row| (row[1], row[2], row[3])).collect();
    assert_eq!(statuses[0], ("Contacted", "contacted", "`forloeb` (`trin`: Contacted)"));
    assert_eq!(statuses.len(), 4);
    assert!(told[1][4].contains("`mandecentret`"), "{told:?}");
}

#[test]
fn keys_principals_and_roles_stand_with_their_days() {
    let set = set(PROGRAMMES[1]);
    let statement = set.statement(Language::En);
    let keys = rows(&statement, "`havneby`").into_iter().filter(|row| row.len() == 4).collect::<Vec<_>>();
    assert_eq!(keys.iter().filter(|row| row[3] == "2026-03-01").count(), 1, "{keys:?}");
    assert_eq!(keys.len(), 2);
    assert!(rows(&statement, "`familiehuset`").iter().any(|row| row[1] == "none enrolled"));
    let steward = rows(&statement, "steward").into_iter().find(|row| row.len() == 5).expect("there");
    assert_eq!(steward[2..], ["`gammel`", "2026-03-01", "2026-03-01"]);
    // The municipality pays and hands over.
    assert!(rows(&statement, "`havneby`").contains(&vec!["`havneby`", "payer, partner"]), "{statement}");
    assert!(
        rows(&statement, "Auditors with access").contains(&vec!["Auditors with access", "`rigsrevisionen`"])
    );
}

#[test]
fn danish_and_english_have_the_same_parts() {
    for text in PROGRAMMES {
        let set = set(text);
        let [da, en] = BOTH.map(|language| set.statement(language));
        assert_eq!(shape(&da), shape(&en));
        for (da, en) in da.lines().zip(en.lines()) {
            let prose = !da.is_empty() && !da.starts_with('|') && !da.starts_with("- ");
            assert!(!prose || da != en, "not translated: {da}");
        }
    }
}

#[test]
fn no_secret_no_token_no_path_and_nobody_s_name() {
    for text in PROGRAMMES {
        let set = set(text);
        let mut secrets = vec![set.dir.path().display().to_string(), "Karla".to_owned()];
        for token in &set.tokens {
            let text = token.text("a test looks for it");
            secrets.push(text.trim_start_matches("kobling-token-1.").to_owned());
            secrets.push(token.hash().as_stored().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        let file = std::fs::read_to_string(set.dir.path().join("service.key")).expect("read");
        secrets.extend(
            file.lines().filter(|l| !l.starts_with('#')).flat_map(|l| l.split(':').map(str::to_owned)),
        );
        let path = set.dir.path().join("linkage.key");
        set.linkage.save(&path, set.service.now(), kobling::key::Example::Refuse).expect("saved");
        let file = std::fs::read_to_string(path).expect("read");
        secrets.extend(
            file.lines().filter(|l| !l.starts_with('#')).flat_map(|l| l.split(':').map(str::to_owned)),
        );
        assert!(secrets.iter().all(|secret| secret.len() > 4), "nothing to look for");
        for language in BOTH {
            let statement = set.statement(language);
            let found = secrets.iter().filter(|secret| statement.contains(secret.as_str())).count();
            assert_eq!(found, 0, "{statement}");
            assert!(!statement.contains("kobling-token-1") && !statement.contains("/tmp"));
        }
    }
}

#[test]
fn the_same_state_and_day_give_the_same_bytes() {
    let set = set(PROGRAMMES[0]);
    assert_eq!(set.statement(Language::Da), set.statement(Language::Da));
    assert!(set.statement(Language::Da).contains("Opgjort den: 2026-03-01\n"));
}

#[test]
fn a_name_in_the_programme_makes_no_cell_and_no_markup() {
    let text = PROGRAMMES[0].replacen("name = \"VIVE\"", "name = \"V|V\\n# <b>*E*\"", 1);
    let set = set(&text);
    let statement = set.statement(Language::En);
    assert!(statement.contains("| Evaluators | V\\|V \\# &lt;b&gt;\\*E\\* (`vive`) |"), "{statement}");
}

/// The draft's tables are those of the definitions: a basis that changes there changes here.
#[test]
fn the_impact_assessment_has_every_basis_of_both_programmes() {
    let page = include_str!("../../../../docs/da/konsekvensanalyse.md");
    for text in PROGRAMMES {
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let part =
            page.split("### ").find(|part| part.starts_with(&format!("Programmet `{}`", programme.id)));
        let part = part.expect("a table");
        let listed: Vec<_> = part.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(listed.len(), programme.datasets.iter().map(|dataset| dataset.bases.len()).sum::<usize>());
        for dataset in &programme.datasets {
            for basis in &dataset.bases {
                let kind = match basis.kind {
                    kobling::programme::BasisKind::Consent => "samtykke",
                    kobling::programme::BasisKind::Statistics => "statistik",
                    kobling::programme::BasisKind::Task => "myndighedsopgave",
                };
                let marks = [(basis.special_categories, "art. 9"), (basis.offences, "art. 10")];
                let marks: Vec<_> = marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark).collect();
                let marks = if marks.is_empty() { "–".to_owned() } else { marks.join(", ") };
                let row = format!("| `{}` | `{}` | {kind} | {marks} |", dataset.id, basis.purpose);
                assert!(listed.iter().any(|line| line.starts_with(&row)), "{row}");
            }
        }
    }
}
