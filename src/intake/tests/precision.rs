//! Days that are finer than the programme lets leave.

use super::*;
use crate::programme::Precision;

fn declared(precision: Precision) -> Programme {
    let day = "role = \"date\"\n";
    let text = PROGRAMME.replace(day, &format!("{day}precision = \"{}\"\n", precision.word()));
    Programme::parse(&text).unwrap_or_else(|e| panic!("{e}"))
}

/// What becomes of a package with one row of a day.
fn sent(precision: Precision, day: Day) -> Result<(), IntakeRefusal> {
    let programme = declared(precision);
    let fields = [token("cpr", 1), String::new(), token("case", 3), String::new(), day.to_string()];
    let data = format!("{HEADER}{},in,,\n", fields.join(",")).into_bytes();
    let mut manifest = manifest(std::slice::from_ref(&data));
    manifest.resources[0].schema = Schema::of(&programme.datasets[0]);
    let bytes = serde_json::to_vec(&manifest).expect("JSON");
    let key = signing_key();
    let uploader = Uploader { partner: &"b".parse().expect("a name"), keys: &[key.verifying_key()] };
    let (opened, _) = open(&bytes, &key.sign(SIGNATURE_CONTEXT, &bytes), uploader, &programme, None)?;
    let mut receiver = Receiver::new(Arc::new(opened), &programme, &service_key(), today(), None, &[])?;
    let mut staged = Vec::new();
    receiver.feed(&data, &mut staged).map_err(refused)?;
    receiver.finish().map(|_| ())
}

proptest! {
    /// A day is taken exactly when it is one that its precision lets leave, and the refusal names line, column and block
    /// by place, never the day.
    #[test]
    fn only_coarse_days_come_in(days in 0i32..240) {
        let day = Day::from_ymd(2022, 4, 1).expect("a day").plus(days);
        let date: jiff::civil::Date = day.to_string().parse().expect("a date");
        let monday = date.weekday() == jiff::civil::Weekday::Monday;
        let begins = date.day() == 1 && [1, 4, 7, 10].contains(&date.month());
        for (precision, taken) in [
            (Precision::Day, true),
            (Precision::Week, monday || begins),
            (Precision::Month, date.day() == 1),
        ] {
            match sent(precision, day) {
                Ok(()) => prop_assert!(taken, "{precision:?} {day}"),
                Err(refusal) => {
                    prop_assert!(!taken, "{precision:?} {day}: {refusal}");
                    prop_assert_eq!(refusal.code(), "row-precision");
                    let said = format!("{refusal} {}", refusal.advice());
                    prop_assert!(said.contains("line 2") && said.contains("column day"), "{}", said);
                    prop_assert!(!said.contains(&day.to_string()), "{}", said);
                }
            }
        }
    }
}

/// Attack: a tool that declares days of its own choice in the manifest.
#[test]
fn a_manifest_cannot_declare_another_precision() {
    let programme = declared(Precision::Month);
    let data = format!("{HEADER}{},,{},,2022-05-17,in,,\n", token("cpr", 1), token("case", 3)).into_bytes();
    let manifest = manifest(&[data]);
    let bytes = serde_json::to_vec(&manifest).expect("JSON");
    let key = signing_key();
    let uploader = Uploader { partner: &"b".parse().expect("a name"), keys: &[key.verifying_key()] };
    let refusal = open(&bytes, &key.sign(SIGNATURE_CONTEXT, &bytes), uploader, &programme, None).err();
    assert_eq!(refusal.map(|refusal| refusal.code()), Some("columns"));
}
