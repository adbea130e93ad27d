//! Cells that cross partners, by hand: programmes with few partners, and no rows at all.

use super::super::made_up::{STEP, event, item, planned, programme, title};
use crate::programme::{
    Amount, AmountView, Budget, BudgetElement, Change, ChangeView, Cohort, Comparison, Condition, Criteria,
    DimensionSource, FollowUp, Indicator, Outcome, Payment, PaymentMode, Population, Programme, QuestionKind,
    Role, Series, SeriesKind, Since, Test, Unit, View,
};

use super::*;

/// The programme in which dataset 0 comes from some partners and dataset 1 from others.
fn with(kind: QuestionKind, partners: [&[u8]; 2]) -> Programme {
    let mut programme = programme(kind, Unit::Person);
    for (dataset, partners) in programme.datasets.iter_mut().zip(partners) {
        dataset.partners = partners.to_vec();
    }
    programme
}

/// The cells that cross: codes, whether several partners supply them, and the codes of those that they are among.
fn of(programme: &Programme, by: &[&str]) -> Vec<(String, bool, Vec<String>)> {
    let plan = planned(programme, by, "2022-Q1").expect("a plan");
    let axes: Vec<&[String]> = plan.axes.iter().map(|axis| &axis.codes[..]).collect();
    let keys: Vec<String> =
        super::super::tally::keys(&axes, &plan.tails).iter().map(|key| key.join(" ")).collect();
    let crossings = Crossings::of(&plan);
    let cells = keys.iter().enumerate().filter_map(|(cell, key)| Some((key, crossings.get(cell)?)));
    cells
        .map(|(key, crosses)| {
            (
                key.clone(),
                crosses.suppliers.are_several(),
                crosses.among.iter().map(|of| keys[*of].clone()).collect(),
            )
        })
        .collect()
}

/// The codes of the cells that cross, and which of them several partners supply.
fn crossing(programme: &Programme, by: &[&str]) -> Vec<String> {
    of(programme, by).into_iter().map(|(key, ..)| key).collect()
}

/// Stages 0 to 2 are of dataset 0, stage 3 of dataset 1.
fn funnel(stages: &[usize], partners: [&[u8]; 2]) -> Programme {
    with(QuestionKind::Funnel { stages: stages.to_vec(), within: None }, partners)
}

#[test]
fn a_step_crosses_when_it_or_one_before_is_known_at_another_partner() {
    assert_eq!(crossing(&funnel(&[0, 1, 3, 2], [&[0], &[1]]), &[]), ["stage3", "stage2"]);
    assert_eq!(crossing(&funnel(&[0, 1, 3], [&[0], &[0]]), &[]), [""; 0]);
    let several = of(&funnel(&[0, 1], [&[0, 1], &[1]]), &[]);
    assert_eq!(several, [("stage1".to_owned(), true, vec![])], "nothing is asked of drop-outs here");
    let one = of(&funnel(&[0, 3], [&[0], &[0, 1]]), &[]);
    assert_eq!(one, [("stage3".to_owned(), false, vec![])]);
}

#[test]
fn a_dimension_can_leave_one_partner_for_the_index_row() {
    let by_partner = of(&funnel(&[0, 3], [&[0, 1], &[1]]), &["partner"]);
    assert_eq!(by_partner, [("org0 stage3".to_owned(), false, vec![])], "org1 follows its own");
    // A column that dataset 1 has not: whoever has no code comes from there.
    let mut programme = with(QuestionKind::Overlap { datasets: vec![0, 1] }, [&[0], &[1]]);
    programme.dimensions[2].source = DimensionSource::Columns { list: 0, columns: vec![(0, STEP)] };
    let cells = crossing(&programme, &["step"]);
    assert!(!cells.contains(&"a org0".to_owned()) && cells.contains(&"a org1".to_owned()), "{cells:?}");
    assert!(cells.contains(&"(missing) org0".to_owned()), "{cells:?}");
}

#[test]
fn an_overlap_crosses_from_two_partners_on_and_is_among_its_smaller_ones() {
    let kind = || QuestionKind::Overlap { datasets: vec![0] };
    let all = of(&with(kind(), [&[0, 1, 2], &[0]]), &[]);
    assert_eq!(
        all.iter().map(|(key, ..)| key).collect::<Vec<_>>(),
        ["org0+org1", "org0+org2", "org1+org2", "org0+org1+org2"]
    );
    assert!(all.iter().all(|(_, several, _)| *several));
    assert_eq!(all[0].2, ["org0", "org1"]);
    assert_eq!(all[3].2, ["org0", "org1", "org2", "org0+org1", "org0+org2", "org1+org2"]);
    assert!(of(&with(kind(), [&[1], &[0]]), &[]).is_empty(), "of one partner there is nothing to cross");
}

#[test]
fn what_another_partner_s_index_row_says_of_a_unit_crosses() {
    let mut programme = with(QuestionKind::Overlap { datasets: vec![0] }, [&[0, 1], &[0]]);
    assert_eq!(crossing(&programme, &["quarter"]).len(), 3, "known here, and the quarter from there");
    // All of a partner's group are known there: that one more makes no other cell.
    let by_partner = of(&programme, &["partner"]);
    let among =
        |key: &str| by_partner.iter().find(|(known, ..)| known == key).map(|(_, _, among)| &among[..]);
    assert_eq!(among("org0 org0"), None);
    assert_eq!(among("org0 org1"), Some(&["org0 org0".to_owned()][..]));
    assert_eq!(among("org0 org0+org1"), Some(&["org0 org0".to_owned()][..]));
    assert!(by_partner.iter().all(|(_, several, _)| !several));
    // A population does what a dimension does.
    let codes = vec![0];
    programme.populations.push(Population {
        id: "x".parse().expect("a name"),
        title: title(),
        dimension: 2,
        codes,
    });
    programme.questions[0].populations = vec![0];
    let ask = crate::question::Ask {
        question: "q".parse().expect("a name"),
        by: Vec::new(),
        period: "2022-Q1".parse().expect("a period"),
        population: Some("x".parse().expect("a name")),
    };
    let day = "2024-01-10".parse().expect("a day");
    let plan = crate::question::plan(&programme, &ask, day, day, &crate::disclosure::Rules::standard());
    let crossings = Crossings::of(&plan.expect("a plan"));
    assert!((0..3).all(|cell| crossings.get(cell).is_some()));
}

#[test]
fn who_is_known_elsewhere_crosses() {
    let programme = with(QuestionKind::Quality { completeness: Vec::new() }, [&[0, 1], &[0]]);
    let cells = of(&programme, &[]);
    assert_eq!(
        cells.iter().map(|(key, ..)| key).collect::<Vec<_>>(),
        ["set0 org0 known-elsewhere", "set0 org1 known-elsewhere", "set1 org0 known-elsewhere"]
    );
    assert_eq!(cells[1].2, ["set0 org1 all"]);
    let by_partner = of(&programme, &["partner"]);
    let among =
        |key: &str| by_partner.iter().find(|(known, ..)| known == key).map(|(_, _, among)| among.len());
    assert_eq!(among("org0 set0 org0 known-elsewhere"), Some(1));
    assert_eq!(among("org1 set0 org0 known-elsewhere"), Some(0), "they all are");
    assert_eq!((among("org0 set0 org0 all"), among("org1 set0 org0 all")), (None, Some(0)));
}

#[test]
fn reach_new_ones_and_staff_do_not_cross_and_waits_do() {
    let reach = with(QuestionKind::Reach { datasets: vec![0, 1] }, [&[0, 1], &[2]]);
    assert!(of(&reach, &["step", "partner"]).is_empty());
    let one = |id: &str, what| Series { id: id.to_owned(), title: title(), what };
    let series = vec![
        one("new", SeriesKind::New { stage: 0 }),
        one("active", SeriesKind::Active { stage: 3 }),
        one("waiting", SeriesKind::Waiting { stage: 0, until: vec![3] }),
        one("here", SeriesKind::Waiting { stage: 0, until: vec![1] }),
    ];
    let activity = with(QuestionKind::Activity { series }, [&[0], &[1]]);
    assert_eq!(crossing(&activity, &[]), ["2022-Q1 waiting"]);
}

fn follow_up(view: View, since: Since, ends: &[usize]) -> QuestionKind {
    let days = if view == View::Rate { Vec::new() } else { vec![30] };
    let ends = ends.to_vec();
    QuestionKind::FollowUp(FollowUp { index: 0, outcome: 3, from_day: 1, via: None, since, days, ends, view })
}

#[test]
fn outcomes_cross_and_so_does_who_is_followed_where_another_partner_ends_it() {
    let cells =
        |view, since, ends: &[usize], partners| of(&with(follow_up(view, since, ends), partners), &[]);
    let keys =
        |cells: Vec<(String, bool, Vec<String>)>| cells.into_iter().map(|(key, ..)| key).collect::<Vec<_>>();
    let apart: [&[u8]; 2] = [&[0], &[1]];
    let within = cells(View::Within, Since::Index, &[], apart);
    assert_eq!(within, [("30 event".to_owned(), false, vec!["30 followed".to_owned()])]);
    assert_eq!(keys(cells(View::Within, Since::Index, &[3], apart)), ["30 followed", "30 event"]);
    assert_eq!(keys(cells(View::Within, Since::Index, &[1], apart)), ["30 event"], "its own partner ends it");
    let several: [&[u8]; 2] = [&[0, 1], &[1]];
    assert_eq!(keys(cells(View::Within, Since::Previous, &[], several)), ["30 followed", "30 event"]);
    assert_eq!(keys(cells(View::Curve, Since::Index, &[], apart)), ["30"]);
    assert_eq!(
        keys(cells(View::Rate, Since::Index, &[], apart)),
        ["followed", "event"],
        "a rate beside both"
    );
    assert_eq!(keys(cells(View::BeforeAfter, Since::Index, &[], apart)), ["30 before", "30 after"]);
    assert!(cells(View::BeforeAfter, Since::Index, &[1], [&[1], &[1]]).is_empty());
}

#[test]
fn reasons_for_leaving_cross_with_every_step_that_is_followed() {
    let attrition = |stages: &[usize], exit, partners| {
        crossing(
            &with(QuestionKind::Attrition { stages: stages.to_vec(), exit, reason: None }, partners),
            &[],
        )
    };
    assert_eq!(attrition(&[0, 1], 3, [&[0], &[1]]).len(), 4, "who has left is known elsewhere");
    assert!(attrition(&[0, 1], 2, [&[0], &[1]]).is_empty());
    let next = attrition(&[0, 1, 3], 2, [&[0], &[1]]);
    assert_eq!(next, ["stage1 left", "stage1 not-left", "stage3 left", "stage3 not-left"]);
}

#[test]
fn conditions_cross_by_all_that_they_are_made_of() {
    let condition = |id: &str, of, test| Condition { id: id.to_owned(), title: title(), of, test };
    let stage = |stage| Test::Stage { stage, window: None, persons: 1 };
    let conditions = vec![
        condition("own", None, stage(1)),
        condition("other", None, stage(3)),
        condition("told", Some(3), stage(1)),
        condition("one", None, Test::All(vec![0])),
        condition("both", None, Test::All(vec![0, 1])),
        condition("sum", None, Test::Sum { dataset: 1, done: 5, planned: 5, percent: 50 }),
        condition("trained", None, Test::Trained { stage: 1, staff: vec![(0, 2)], trained: (1, 2) }),
    ];
    let kind = QuestionKind::Criteria(Criteria { index: 0, conditions });
    let cells = of(&with(kind.clone(), [&[0], &[1]]), &[]);
    assert_eq!(
        cells.iter().map(|(key, ..)| key).collect::<Vec<_>>(),
        ["other met", "told of", "told met", "both met", "sum met", "trained met"]
    );
    assert_eq!(cells[0].2, ["other of"]);
    assert!(of(&with(kind, [&[0], &[0]]), &[]).is_empty());
}

#[test]
fn assessments_sums_and_cohorts() {
    let change = |completed| {
        QuestionKind::Change(Change {
            index: 0,
            completed,
            dataset: 1,
            moment: STEP,
            moments: vec![0, 1],
            value: 4,
            bands: Vec::new(),
            least_change: 0,
            view: ChangeView::Direction,
        })
    };
    let apart: [&[u8]; 2] = [&[0], &[1]];
    let states = ["both", "lower", "same", "higher"].map(|state| format!("all {state}"));
    assert_eq!(crossing(&with(change(Some(1)), apart), &[])[..4], states);
    assert_eq!(crossing(&with(change(Some(1)), apart), &[]).len(), 8, "who completed is its own");
    assert_eq!(crossing(&with(change(Some(3)), apart), &[]).len(), 9);
    let mut elsewhere = item(None, None);
    elsewhere.events = vec![event(1, &[])];
    let amount = |view, item| QuestionKind::Amount(Amount { index: 0, window: (0, 9), item, by: None, view });
    assert_eq!(crossing(&with(amount(AmountView::Sum, elsewhere.clone()), apart), &[]), [""]);
    let none = of(&with(amount(AmountView::None, elsewhere.clone()), apart), &[]);
    assert_eq!(none, [("none".to_owned(), false, vec!["all".to_owned()])]);
    assert!(of(&with(amount(AmountView::Sum, item(None, None)), apart), &[]).is_empty());
    let element =
        |id: &str, item| BudgetElement { id: id.to_owned(), title: title(), payer: "x".to_owned(), item };
    let budget = Budget {
        index: 0,
        elements: vec![element("own", item(None, Some(100))), element("other", elsewhere)],
        days: 9,
        years: 1,
        discount: 0,
        scenarios: [0, 50, 100],
    };
    assert_eq!(crossing(&with(QuestionKind::Budget(budget), apart), &[]), ["other before", "other after"]);
    let comparison = |indexes: [usize; 2], outcome| {
        let cohort = |id: &str, index| Cohort { id: id.to_owned(), title: title(), index };
        let cohorts = [cohort("ours", indexes[0]), cohort("theirs", indexes[1])];
        QuestionKind::Comparison(Comparison { cohorts, outcome, ends: Vec::new() })
    };
    let within = Outcome::Within { stage: 2, from_day: 0, days: 9 };
    let theirs = of(&with(comparison([0, 3], within), apart), &[]);
    // Theirs are those who are not ours; of each cohort one partner supplies the index rows.
    let keys: Vec<_> = theirs.iter().map(|(key, several, _)| (key.as_str(), *several)).collect();
    assert_eq!(keys, [("theirs followed", false), ("theirs event", false)]);
    let at_index = Outcome::AtIndex { stage: 2 };
    assert!(of(&with(comparison([0, 1], at_index), [&[0, 1], &[1]]), &["partner"]).len() == 4);
    assert!(of(&with(comparison([0, 1], at_index), apart), &[]).is_empty());
}

/// Contracts have a rule of their own, R16; what persons said about consent is read from no row.
#[test]
fn payment_and_consents_do_not_cross() {
    let indicator = Indicator {
        id: "one".to_owned(),
        title: title(),
        success: 3,
        window: (0, 9),
        tariff: 1,
        baseline: 0,
        cap: 1,
    };
    let payment = Payment {
        index: 0,
        mode: PaymentMode::default(),
        tranche: 5,
        indicators: vec![indicator],
        cap: 1,
        floor: 0,
    };
    assert!(of(&with(QuestionKind::Payment(payment), [&[0], &[1]]), &[]).is_empty());
    let consents = with(QuestionKind::Consents, [&[0], &[1]]);
    assert!(of(&consents, &["partner"]).is_empty());
}

#[test]
fn a_case_begins_where_cases_are_and_is_followed_everywhere() {
    let mut programme = funnel(&[0, 3], [&[0], &[1]]);
    programme.questions[0].unit = Unit::Case;
    assert_eq!(crossing(&programme, &[]), ["stage3"]);
    // Dataset 1 has no case numbers: none of its rows is an index row, and all are followed.
    let mut programme = funnel(&[3, 0], [&[0], &[1]]);
    programme.questions[0].unit = Unit::Case;
    programme.stages[3].events.push(event(0, &[1]));
    assert!(of(&programme, &[])[0].1, "org0 and org1");
    programme.datasets[1].columns.retain(|column| column.role != Role::Case);
    assert!(of(&programme, &[]).is_empty(), "index and step are of org0");
}
