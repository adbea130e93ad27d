//! A mismatch as people read it: the question in words, the smallest world, and where the two differ. Persons are made
//! up, and numbers.

use std::fmt::Write as _;

use kobling::clock::Day;
use kobling::programme::{Event, Programme, Question};
use kobling::question::Ask;

use crate::answer::Answer;
use crate::consents::Basis;
use crate::world::World;

/// The smallest world found in which something still holds: without rows, aliases and consents that do not matter.
pub(crate) fn smallest(world: &World, holds: impl Fn(&World) -> bool) -> World {
    let mut small = world.clone();
    loop {
        let before = small.rows.len();
        for at in (0..small.rows.len()).rev() {
            let mut rows = small.rows.clone();
            rows.remove(at);
            let less = small.with_rows(rows);
            if holds(&less) {
                small = less;
            }
        }
        if small.rows.len() == before {
            break;
        }
    }
    for at in (0..small.aliases.len()).rev() {
        let mut less = small.clone();
        less.aliases.remove(at);
        if holds(&less) {
            small = less;
        }
    }
    for key in small.bases.keys().copied().collect::<Vec<_>>() {
        let mut less = small.clone();
        less.bases.insert(key, Basis::Open);
        if holds(&less) {
            small = less;
        }
    }
    small
}

/// The question, and the world that it is asked about.
pub(crate) fn case(world: &World, question: &Question, ask: &Ask) -> String {
    let programme = &world.programme;
    let mut text = format!("{} counts {:?}\n{:#?}\n", ask.key(), question.unit, question.kind);
    for stage in question.kind.stages() {
        let stage = &programme.stages[stage];
        let events = stage.events.iter().map(|event| said(programme, event)).collect::<Vec<_>>();
        writeln!(text, "{}: {}", stage.id, events.join(" or ")).expect("text");
    }
    for (at, dimension) in programme.dimensions.iter().enumerate() {
        writeln!(text, "dimension {at}: {} {:?}", dimension.id, dimension.source).expect("text");
    }
    writeln!(text, "period {}, sealed {} ({})", ask.period, world.sealed, world.sealed.days()).expect("text");
    if !world.aliases.is_empty() {
        writeln!(text, "aliases {:?}", world.aliases).expect("text");
    }
    for ((dataset, source), basis) in &world.bases {
        match basis {
            Basis::Open => {}
            Basis::Absent => writeln!(text, "set{dataset} org{source}: no basis").expect("text"),
            Basis::Consent(permissions) => {
                let of = permissions.iter().filter(|(_, permission)| permission.gate());
                let of = of.map(|(person, permission)| {
                    let windows = permission.windows().iter();
                    (person, windows.map(|(from, to)| (from.days(), to.days())).collect::<Vec<_>>())
                });
                writeln!(text, "set{dataset} org{source}: {:?}", of.collect::<Vec<_>>()).expect("text");
            }
        }
    }
    for row in &world.rows {
        write!(text, "set{} org{} {} ({}):", row.dataset, row.source, Day::from_days(row.day), row.day)
            .expect("text");
        for (name, number) in
            [("person", row.person), ("related", row.related), ("case", row.case), ("staff", row.staff)]
        {
            if number > 0 {
                write!(text, " {name} {number}").expect("text");
            }
        }
        for (name, code) in world.categories.iter().zip(&row.codes) {
            if let Some(code) = code {
                let mut columns = programme.datasets[row.dataset].columns.iter();
                let column = columns.find(|column| column.id.as_str() == name).expect("it has a code");
                let code = &programme.codes(column).expect("a category")[usize::from(*code)].id;
                write!(text, " {name} {code}").expect("text");
            }
        }
        for (name, measure) in world.measures.iter().zip(&row.measures) {
            if let Some(measure) = measure {
                write!(text, " {name} {measure}").expect("text");
            }
        }
        text += "\n";
    }
    text
}

fn said(programme: &Programme, event: &Event) -> String {
    let dataset = &programme.datasets[event.dataset];
    let filters = event.filters.iter().map(|filter| {
        let codes = filter.codes.iter().map(|code| {
            let column = &dataset.columns[filter.column];
            programme.codes(column).expect("a category")[usize::from(*code)].id.to_string()
        });
        format!(" {} {}", dataset.columns[filter.column].id, codes.collect::<Vec<_>>().join("/"))
    });
    format!("{}{}", dataset.id, filters.collect::<Vec<_>>().join(","))
}

/// Where two answers differ.
pub(crate) fn difference(kernel: &Answer, sql: &Answer) -> String {
    let mut text = String::new();
    for key in kernel.cells.keys().chain(sql.cells.keys().filter(|key| !kernel.cells.contains_key(*key))) {
        let (one, other) = (kernel.cells.get(key), sql.cells.get(key));
        if one != other {
            writeln!(text, "{key:?}\n  kernel {one:?}\n  SQL    {other:?}").expect("text");
        }
    }
    if (&kernel.left_out, kernel.left_out_families) != (&sql.left_out, sql.left_out_families) {
        let left_out =
            |answer: &Answer| format!("{:?} of {} families", answer.left_out, answer.left_out_families);
        writeln!(text, "left out: kernel {}, SQL {}", left_out(kernel), left_out(sql)).expect("text");
    }
    text
}
