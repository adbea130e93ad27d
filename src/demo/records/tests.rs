use std::collections::BTreeSet;

use super::super::pen::Value;
use super::super::raw::DATASETS;
use super::super::world::{World, WorldSettings};
use super::*;
use crate::programme::Role;

fn programmes() -> [(Programme, Cast, &'static [&'static str]); 2] {
    let read = |text: &str| Programme::parse(text).expect("sound");
    let early = read(include_str!("../../../programmes/interventionsmodel.toml"));
    let families = read(include_str!("../../../programmes/effektinvestering.toml"));
    let world = World::generate(WorldSettings { persons: 2000, ..WorldSettings::default() });
    let cast = Cast::families(200, 3, &families);
    [(early, Cast::of_world(&world), &DATASETS), (families, cast, &[])]
}

#[test]
fn every_dataset_of_both_programmes_has_sound_rows_at_each_of_its_partners() {
    for (programme, cast, but) in programmes() {
        let sheets = sheets(&cast, &programme, but);
        let others = programme.datasets.iter().filter(|d| !but.contains(&d.id.as_str()));
        assert_eq!(sheets.len(), others.map(|d| d.partners.len()).sum::<usize>());
        for sheet in &sheets {
            let dataset = &programme.datasets[sheet.dataset];
            let (what, partner) = (&dataset.id, &programme.partners[sheet.partner].id);
            assert!(dataset.partners.iter().any(|p| usize::from(*p) == sheet.partner));
            assert!(!sheet.entries.is_empty(), "{what} of {partner} is empty");
            for entry in &sheet.entries {
                assert!(cast.first <= entry.day && entry.day <= cast.last, "{what}");
                for (column, value) in dataset.columns.iter().zip(&entry.values) {
                    let sound = match (&column.role, value) {
                        (Role::Person, _) => entry.person.is_some() || !column.required,
                        (Role::Category { list }, Value::Code(code)) => {
                            usize::from(*code) < programme.code_lists[*list].codes.len()
                        }
                        (Role::Measure(m), Value::Number(number)) => (m.min..=m.max).contains(number),
                        (Role::Staff, Value::Staff(number)) => *number > 0,
                        (Role::Category { .. } | Role::Measure(_) | Role::Staff, _) => !column.required,
                        _ => true,
                    };
                    assert!(sound, "{what} of {partner}, {}", column.id);
                }
            }
        }
        let again = super::sheets(&cast, &programme, but);
        assert!(sheets.iter().zip(&again).all(|(a, b)| a.entries == b.entries));
    }
}

#[test]
fn assessments_come_in_order_and_what_is_held_was_planned() {
    for (programme, cast, but) in programmes() {
        for sheet in sheets(&cast, &programme, but) {
            let dataset = &programme.datasets[sheet.dataset];
            let place = |id: &str| dataset.columns.iter().position(|column| column.id.as_str() == id);
            if let Some((planned, held)) = place("planlagt").zip(place("afholdt")) {
                for entry in &sheet.entries {
                    let (Value::Number(planned), Value::Number(held)) =
                        (entry.values[planned], entry.values[held])
                    else {
                        panic!("both are there")
                    };
                    assert!(held <= planned);
                }
            }
            let Some(moment) = place("tidspunkt") else { continue };
            let mut last = std::collections::HashMap::new();
            for entry in &sheet.entries {
                let Value::Code(code) = entry.values[moment] else { panic!("a moment") };
                let before = last.insert(entry.person, (code, entry.day));
                assert!(before.is_none_or(|(earlier, _)| earlier < code), "{}", dataset.id);
            }
        }
    }
}

#[test]
fn families_share_a_case_and_trained_staff_assess() {
    for (programme, cast, but) in programmes() {
        let sheets = sheets(&cast, &programme, but);
        let staff = |dataset: &str| {
            let of = sheets.iter().filter(|s| programme.datasets[s.dataset].id.as_str() == dataset);
            let issuer = |s: &Sheet| {
                let issuer = programme.datasets[s.dataset].staff_issuer.as_ref();
                issuer.and_then(|i| programme.source(i)).map_or(s.partner, usize::from)
            };
            let numbers = of.flat_map(|s| s.entries.iter().map(move |entry| (issuer(s), entry)));
            let number = |value: &Value| match value {
                Value::Staff(number) => Some(*number),
                _ => None,
            };
            let pairs =
                numbers.flat_map(|(p, entry)| entry.values.iter().filter_map(number).map(move |n| (p, n)));
            pairs.collect::<BTreeSet<(usize, u32)>>()
        };
        let (assessing, trained) = (staff("risikovurdering"), staff("sara-kursus"));
        assert!(assessing.intersection(&trained).count() > 3);
        assert!(assessing.difference(&trained).count() > 0, "nobody is untrained");
        for sheet in &sheets {
            for entry in &sheet.entries {
                if let (Some(person), Some(case)) = (entry.person, entry.case) {
                    let family = cast.members[person as usize].family;
                    assert_eq!(case, cast.case(sheet.partner, family));
                }
            }
        }
    }
}
