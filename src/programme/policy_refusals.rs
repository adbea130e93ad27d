//! Each refusal of policy once (purposes, notices, bases, delays, follow-ups): the field it names, and the line it points
//! at.

use super::*;
use crate::limits;

const REFERRALS: &str = include_str!("../../tests/fixtures/referrals.toml");

/// Expects a finding at `field` that says `words`, on a line that holds `line`; of the whole file where `line` is empty.
#[track_caller]
fn finds(text: &str, field: &str, line: &str, words: &str) {
    let Err(ProgrammeError(problems)) = Programme::parse(text) else { panic!("{field}: let through") };
    let found = problems.iter().any(|problem| {
        let there = problem.line.checked_sub(1).and_then(|at| text.lines().nth(at));
        let placed = there.map_or(line.is_empty(), |there| !line.is_empty() && there.contains(line));
        problem.field == field && problem.message.contains(words) && placed
    });
    assert!(found, "wanted {field} at {line}: {words}; got {problems:#?}");
}

/// Replaces `from` (first time it stands), and expects a finding.
#[track_caller]
fn refuses(from: &str, to: &str, field: &str, line: &str, words: &str) {
    assert!(REFERRALS.contains(from), "{from} is not there");
    finds(&REFERRALS.replacen(from, to, 1), field, line, words);
}

#[test]
fn the_referrals_are_sound_and_say_all_of_it() {
    let programme = Programme::parse(REFERRALS).unwrap_or_else(|error| panic!("{error}"));
    let policy = &programme.consent;
    assert_eq!((policy.erasure_days, policy.lapsed_days, policy.own_consent_age), (14, 60, 16));
    let (_, advice) = programme.dataset(&"raadgivning".parse().expect("a name")).expect("there");
    assert_eq!(advice.retention_days, Some(1825));
    assert_eq!((advice.bases[0].disclosure_days, advice.bases[0].use_days), (Some(300), Some(700)));
    assert_eq!((advice.bases[1].disclosure_days, advice.bases[1].use_days), (Some(200), None));
    assert!(advice.rests_on_consent_alone() && !programme.datasets[0].rests_on_consent_alone());
    assert_eq!(programme.notices[1].purposes, vec!["feedback".parse().expect("a name")]);
    let followup = &programme.followups[0];
    assert_eq!((followup.referring(), followup.showing()), (vec![0], vec![1]));
}

#[test]
fn what_is_left_out_has_its_default() {
    let bare = REFERRALS.replacen("erasure_days = 14\nlapsed_days = 60\nown_consent_age = 16\n", "", 1);
    let bare = bare.replacen("recipients = [\"institut\"]\n", "", 1);
    let bare = bare.replacen("purposes = [\"evaluation\"]\n", "", 1);
    assert_eq!(bare.lines().count() + 5, REFERRALS.lines().count());
    let programme = Programme::parse(&bare).unwrap_or_else(|error| panic!("{error}"));
    let policy = &programme.consent;
    assert_eq!((policy.erasure_days, policy.lapsed_days, policy.own_consent_age), (30, 90, 15));
    // For all who ask, never for a partner by silence; of all purposes.
    let recipients: Vec<_> = programme.purposes[0].recipients.iter().map(ToString::to_string).collect();
    assert_eq!(recipients, ["fond", "institut"]);
    assert_eq!(programme.notices[0].purposes.len(), 2);
}

#[test]
fn delays_and_ages_have_bounds() {
    for (field, from, wrong, words) in [
        ("erasure_days", "14", ["0", "91"], "1 to 90 days"),
        ("lapsed_days", "60", ["367", "4000"], "0 to 366 days"),
        ("own_consent_age", "16", ["9", "19"], "10 to 18"),
    ] {
        for value in wrong {
            let (from, to) = (format!("{field} = {from}"), format!("{field} = {value}"));
            refuses(&from, &to, &format!("consent.{field}"), &to, words);
        }
    }
    for (field, from) in
        [("retention_days", "1825"), ("basis.disclosure_days", "300"), ("basis.use_days", "700")]
    {
        let name = field.trim_start_matches("basis.");
        for value in ["0", "36526"] {
            let (from, to) = (format!("{name} = {from}"), format!("{name} = {value}"));
            refuses(&from, &to, &format!("dataset.raadgivning.{field}"), &to, "1 to 36525 days");
        }
    }
    // A quarter of 92 days and 30 closing days: 122 would erase rows on the day on which they may first be asked about.
    let field = "dataset.raadgivning.retention_days";
    refuses("retention_days = 1825", "retention_days = 122", field, "", "more than 122 days");
    let enough = REFERRALS.replacen("retention_days = 1825", "retention_days = 123", 1);
    assert!(Programme::parse(&enough).is_ok());
}

#[test]
fn a_purpose_is_for_somebody_of_the_programme() {
    let (from, field) = ("recipients = [\"by\"]", "purpose.feedback.recipients");
    refuses(from, "recipients = [\"nabo\"]", field, "nabo", "no evaluator, payer or partner");
    // The operator and the custodian are nobody's recipients.
    refuses(from, "recipients = [\"drift\"]", field, "drift", "no evaluator, payer or partner");
    refuses(from, "recipients = []", field, "id = \"feedback\"", "name a recipient");
    refuses("id = \"feedback\"", "id = \"evaluation\"", "purpose", "id = \"evaluation\"", "twice");
    let field = "question.way.purpose";
    refuses("recipients = [\"institut\"]", "recipients = [\"fond\"]", field, "", "nobody who may ask it");
    refuses("recipients = [\"institut\"]", "recipients = [\"by\"]", field, "", "nobody who may ask it");
}

#[test]
fn a_notice_has_a_text_in_a_language_and_tells_of_purposes_there_are() {
    refuses("language = \"da\"", "language = \"de\"", "notice.language", "de", "da or en");
    let text = "text = \"Vi beder om dit samtykke til evaluering.\"";
    refuses(text, "text = \" \"", "notice.ja-tak.text", "id = \"ja-tak\"", "text that is shown");
    let from = "purposes = [\"feedback\"]";
    refuses(from, "purposes = [\"billing\"]", "notice.svar.purposes", "billing", "no purpose");
    // The same id is another text in another version or language alone.
    let twice = "id = \"ja-tak\"\nversion = 1\nlanguage = \"da\"\ntext";
    refuses("id = \"svar\"\nversion = 1\nlanguage = \"da\"\ntext", twice, "notice", "ja-tak", "twice");
    for other in [twice.replace("version = 1", "version = 2"), twice.replace("\"da\"", "\"en\"")] {
        let text = REFERRALS.replacen("id = \"svar\"\nversion = 1\nlanguage = \"da\"\ntext", &other, 1);
        assert!(Programme::parse(&text).is_ok());
    }
    // Nobody could say yes to feedback.
    refuses(from, "purposes = [\"evaluation\"]", "purpose.feedback", "", "no notice tells of it");
}

#[test]
fn statistics_feed_statistics_alone() {
    let field = "dataset.folketal.basis";
    let basis = "purpose = \"evaluation\"\nkind = \"statistics\"";
    let other = "purpose = \"feedback\"\nkind = \"statistics\"";
    refuses(basis, other, field, "purpose = \"feedback\"", "not marked `statistical = true`");
    let second = "purpose = \"feedback\"\nkind = \"task\"\nrests_on = \"x\"\n\n[[dataset.basis]]\n";
    let second = format!("{second}{basis}");
    refuses(basis, &second, field, "id = \"folketal\"", "carries no other basis");
}

#[test]
fn a_basis_rules_out_what_it_forbids() {
    let field = "dataset.henvist.basis.forbids";
    let from = "rests_on = \"retssikkerhedsloven § 43\"\n";
    let forbids = |what: &str| format!("{from}forbids = [\"{what}\"]\n");
    refuses(from, &forbids("feedback"), field, "forbids", "the basis for evaluation forbids this use");
    refuses(from, &forbids("billing"), field, "forbids", "no purpose");
}

#[test]
fn a_dataset_s_rows_are_of_one_kind_and_name_their_law() {
    let field = "dataset.raadgivning.basis";
    let words = "mark all bases alike";
    let line = "purpose = \"feedback\"";
    refuses("use_days = 700\noffences = true", "use_days = 700", field, line, words);
    let special = "use_days = 700\noffences = true\nspecial_categories = true";
    refuses("use_days = 700\noffences = true", special, field, line, words);
    let law = "rests_on = \"databeskyttelsesloven § 10\"";
    let field = "dataset.folketal.basis.rests_on";
    refuses(law, "rests_on = \"  \"", field, "purpose = \"evaluation\"", "article or section");
}

#[test]
fn only_a_consent_runs_out_and_one_on_offences_within_a_year() {
    let law = "rests_on = \"retssikkerhedsloven § 43\"";
    for name in ["disclosure_days", "use_days"] {
        let field = format!("dataset.henvist.basis.{name}");
        refuses(law, &format!("{law}\n{name} = 10"), &field, name, "only a consent");
    }
    let field = "dataset.raadgivning.basis.disclosure_days";
    let line = "purpose = \"evaluation\"";
    refuses("disclosure_days = 300\n", "", field, line, "holds for a year");
    refuses("disclosure_days = 300\n", "disclosure_days = 366\n", field, line, "holds for a year");
    let longest = REFERRALS.replacen("disclosure_days = 300\n", "disclosure_days = 365\n", 1);
    assert!(Programme::parse(&longest).is_ok());
}

#[test]
fn only_codes_that_a_follow_up_tells_of_are_shared() {
    let field = "dataset.raadgivning.column.trin.shareable";
    let from = "shareable = [\"startet\", \"slut\"]";
    refuses(from, "shareable = [\"borte\"]", field, "shareable", "no code of this list");
    refuses(from, "shareable = []", field, "id = \"trin\"", "name the codes");
    let more = "shareable = [\"startet\", \"slut\", \"skjult\"]";
    refuses(from, more, field, "", "no follow-up tells of");
    let person = "id = \"klient\"\nrole = \"person\"\nshareable = [\"startet\"]";
    let field = "dataset.raadgivning.column.klient.shareable";
    refuses("id = \"klient\"\nrole = \"person\"", person, field, "klient", "only codes of a category");
}

#[test]
fn a_follow_up_is_about_one_person_and_within_bounds() {
    let from = "purpose = \"feedback\"\nreferrals";
    let (field, line) = ("followup.svar.purpose", "purpose = ");
    refuses(from, "purpose = \"evaluation\"\nreferrals", field, line, "may not be statistical");
    refuses(from, "purpose = \"billing\"\nreferrals", field, line, "no purpose");
    for (name, from, wrong, words) in [
        ("delay_days", "7", ["0", "91"], "1 to 90"),
        ("new_per_30_days", "40", ["0", "100001"], "1 to 100000"),
        ("lookups_per_day", "200", ["0", "100001"], "1 to 100000"),
    ] {
        for value in wrong {
            let (from, to) = (format!("{name} = {from}"), format!("{name} = {value}"));
            refuses(&from, &to, &format!("followup.svar.{name}"), &to, words);
        }
    }
    let whole = &REFERRALS[REFERRALS.find("[[followup]]").expect("there")..];
    let twice = format!("{REFERRALS}\n{whole}");
    finds(&twice, "followup", "id = \"svar\"", "twice");
}

#[test]
fn referrals_are_those_of_a_recipient_on_a_basis_for_it() {
    let field = "followup.svar.referrals";
    let from = "referrals = [{ dataset = \"henvist\" }]";
    let line = "id = \"svar\"";
    let of = |dataset: &str| format!("referrals = [{{ dataset = \"{dataset}\" }}]");
    refuses(from, &of("raadgivning"), field, line, "no partner that hands over raadgivning");
    refuses(from, &of("udland"), field, "referrals", "no dataset");
    refuses(from, "referrals = []", field, line, "1 to 64 events");
    let measured = "referrals = [{ dataset = \"henvist\", measure = \"dato\" }]";
    refuses(from, measured, field, "measure", "nothing is summed");
    refuses(from, &of("folketal"), field, line, "folketal has no basis for feedback");
    let basis = "purpose = \"evaluation\"\nkind = \"statistics\"";
    let statistics = REFERRALS.replacen(basis, "purpose = \"feedback\"\nkind = \"statistics\"", 1);
    finds(&statistics.replacen(from, &of("folketal"), 1), field, line, "may never feed follow-up");
}

#[test]
fn a_status_is_told_of_those_who_said_yes_and_of_marked_codes() {
    let field = "followup.svar.status.i-gang";
    let line = "id = \"i-gang\"";
    let from = "means = \"started\"\nevents = [{ dataset = \"raadgivning\", column = \"trin\", codes = [\"startet\"] }]";
    let events = |events: &str| format!("means = \"started\"\nevents = [{events}]");
    refuses(
        from,
        &events("{ dataset = \"henvist\" }"),
        field,
        line,
        "needs consent as its basis for feedback",
    );
    // All rows of a dataset, or a code that is for evaluation alone.
    refuses(from, &events("{ dataset = \"raadgivning\" }"), field, line, "does not mark these codes");
    let hidden = "{ dataset = \"raadgivning\", column = \"trin\", codes = [\"startet\", \"skjult\"] }";
    refuses(from, &events(hidden), field, line, "does not mark these codes");
    refuses(from, &events(""), field, line, "1 to 64 events");
    refuses("id = \"faerdig\"", "id = \"i-gang\"", "followup.svar", line, "twice");
    refuses("means = \"started\"", "means = \"happy\"", "syntax", "happy", "unknown variant");
    let first = REFERRALS.find("[[followup.status]]").expect("there");
    let field = "followup.svar.status";
    finds(&REFERRALS[..first], field, "id = \"svar\"", "1 to 64 statuses");
    let mut many = REFERRALS[..first].to_owned();
    for at in 0..=limits::MAX_QUESTION_PARTS {
        many +=
            &format!("[[followup.status]]\nid = \"s{at}\"\ntitle = {{ da = \"\", en = \"\" }}\n{from}\n\n");
    }
    finds(&many, field, "id = \"svar\"", "1 to 64 statuses");
}

#[test]
fn the_page_names_every_field_of_policy() {
    let page = include_str!("../../docs/PROGRAMME.md");
    let section = page.split("## ").find(|section| section.starts_with("Policy")).expect("there");
    for (part, fields) in [
        ("[[purpose]]", vec!["id", "title", "recipients", "statistical"]),
        ("[[notice]]", vec!["id", "version", "language", "text", "purposes"]),
        ("[[dataset]]", vec!["retention_days"]),
        (
            "[[dataset.basis]]",
            vec![
                "purpose",
                "kind",
                "rests_on",
                "special_categories",
                "offences",
                "disclosure_days",
                "use_days",
                "forbids",
            ],
        ),
        ("[[dataset.column]]", vec!["shareable"]),
        ("[consent]", vec!["erasure_days", "lapsed_days", "own_consent_age"]),
        ("[[followup]]", vec!["purpose", "referrals", "delay_days", "new_per_30_days", "lookups_per_day"]),
        ("[[followup.status]]", vec!["id", "title", "means", "events"]),
    ] {
        let row = section.lines().find(|line| line.starts_with(&format!("| `{part}`"))).expect(part);
        for field in fields {
            let named = [format!("`{field}`"), format!("`{field} =")].iter().any(|form| row.contains(form));
            assert!(named, "{part}: {field}");
        }
    }
    // What the page says is left out unsaid has the default that the code has.
    for default in ["`erasure_days` (30)", "`lapsed_days` (90)", "`own_consent_age` (15)"] {
        assert!(section.contains(default), "{default}");
    }
}

#[test]
fn the_persons_of_packages_have_bounds() {
    let programme = Programme::parse(REFERRALS).unwrap_or_else(|error| panic!("{error}"));
    let (at, _) = programme.dataset(&"raadgivning".parse().expect("a name")).expect("there");
    let source = programme.source(&"raad".parse().expect("a name")).expect("there");
    let supply = programme.supply(at, source).expect("stated");
    assert_eq!((supply.population, supply.least_persons, supply.few_birth_dates), (5000, Some(30), false));
    assert!(programme.supply(0, source).is_none() && programme.supply(at, source + 1).is_none());

    let least = "dataset.raadgivning.supply.least_persons";
    refuses(
        "least_persons = 30",
        "least_persons = 7",
        least,
        "least_persons",
        "not below rule R1's least persons, 8",
    );
    let population = "dataset.raadgivning.supply.population";
    for wrong in ["population = 29", "population = 12000001"] {
        refuses("population = 5000", wrong, population, "population", "30 to 12000000 persons");
    }
    let bare = REFERRALS.replacen("least_persons = 30\n", "", 1);
    let strict = bare.replacen("[consent]", "[disclosure]\npersons = 6000\n\n[consent]", 1);
    finds(&strict, population, "population", "6000 to");
    assert!(Programme::parse(&bare).is_ok());

    let stated = "partner = \"raad\"\npopulation";
    let field = "dataset.raadgivning.supply.partner";
    refuses(
        stated,
        "partner = \"by\"\npopulation",
        field,
        "partner = \"by\"",
        "does not hand this dataset over",
    );
    refuses(stated, "partner = \"nobody\"\npopulation", field, "nobody", "no partner has the id");
    let twice = "[[dataset.supply]]\npartner = \"raad\"\npopulation = 900\n\n[[dataset.supply]]\npartner = \"raad\"\npopulation";
    let once = "[[dataset.supply]]\npartner = \"raad\"\npopulation";
    refuses(once, twice, "dataset.raadgivning.supply", "partner = \"raad\"", "defined twice");
}
