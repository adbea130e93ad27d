use super::*;

fn seen(name: &str, role: &str, different: u64) -> Seen {
    let field = Field {
        name: name.to_owned(),
        kind: "string".to_owned(),
        role: role.to_owned(),
        derived: None,
        precision: Precision::Day,
    };
    Seen { field, filled: 1, different, estimated: false }
}

#[test]
fn tokens_are_never_looked_at_together_with_values() {
    let roles = ["person", "date", "case", "category", "staff", "measure", "related_person"];
    let columns = roles.map(|role| seen(role, role, 2));
    let (chosen, left_out) = chosen(&columns);
    let mut chosen = chosen;
    chosen.sort();
    assert_eq!(chosen, [vec![1], vec![1, 3], vec![1, 3, 5], vec![1, 5], vec![3], vec![3, 5], vec![5]]);
    assert_eq!(left_out, 0);
}

#[test]
fn of_too_many_combinations_those_of_fewest_values_are_left_out() {
    let columns = (1..=12u64).map(|n| seen(&format!("c{n}"), "category", n)).collect::<Vec<_>>();
    let (chosen, left_out) = chosen(&columns);
    // 12 + 66 + 220.
    assert_eq!((chosen.len(), left_out), (256, 42));
    assert_eq!(chosen.iter().filter(|one| one.len() < 3).count(), 78);
    assert!(!chosen.contains(&vec![0, 1, 2]), "few values");
    assert!(chosen.contains(&vec![9, 10, 11]), "many values");
}
