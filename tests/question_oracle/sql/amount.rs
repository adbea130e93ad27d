//! Sums of a measure or of rows in a window around the index, and what a budget is made of.

use kobling::programme::{Amount, AmountView, Budget, Item, Role};

use super::{Asked, Extras, Oracle, words};
use crate::answer::Told;

impl Oracle<'_> {
    pub(super) fn amount(&self, asked: &Asked<'_>, amount: &Amount) -> Extras {
        let (from, to) = amount.window;
        self.whole_windows(asked, from, to);
        let item = Quantity::of(asked, &amount.item);
        self.quantities(&item, from, to, &self.part(asked, amount));
        if amount.view == AmountView::None {
            self.run(
                "INSERT INTO cell SELECT u, 'all' FROM counted;
                 INSERT INTO cell SELECT u, 'none' FROM counted
                   WHERE u NOT IN (SELECT u FROM quantity WHERE q <> 0)",
            );
            return Extras::new();
        }
        let Some(by) = amount.by else {
            self.run("INSERT INTO cell SELECT u, '' FROM counted");
            return self.sums(&item, |_| String::new());
        };
        let column = &asked.programme.datasets[amount.item.events[0].dataset].columns[by];
        let Role::Category { list } = column.role else { panic!("a category") };
        let codes = asked.programme.code_lists[list].codes.iter();
        let mut parts = codes.map(|code| code.id.to_string()).collect::<Vec<_>>();
        parts.push("all".to_owned());
        if !column.required {
            parts.push("(missing)".to_owned());
        }
        for part in parts {
            self.run(&format!("INSERT INTO cell SELECT u, '{part}' FROM counted"));
        }
        let mut extras = self.sums(&item, |part| part.to_owned());
        // Over all of them: added up before it is priced.
        self.run("UPDATE quantity SET part = 'all'");
        extras.extend(self.sums(&item, |part| part.to_owned()));
        extras
    }

    pub(super) fn budget(&self, asked: &Asked<'_>, budget: &Budget) -> Extras {
        let days = budget.days as i32;
        self.whole_windows(asked, -days, days);
        let mut extras = Extras::new();
        for element in &budget.elements {
            let item = Quantity::of(asked, &element.item);
            for (side, from, to) in [("before", -days, -1), ("after", 1, days)] {
                let tail = format!("{}|{side}", element.id);
                self.run(&format!("INSERT INTO cell SELECT u, '{tail}' FROM counted"));
                self.quantities(&item, from, to, "''");
                extras.extend(self.sums(&item, |_| tail.clone()));
            }
        }
        extras
    }

    /// `counted`: the units whose whole window lies within the programme's days and the day of the seal.
    fn whole_windows(&self, asked: &Asked<'_>, from: i32, to: i32) {
        self.run(&format!(
            "DROP TABLE IF EXISTS counted; CREATE TEMP TABLE counted AS SELECT u, g, family, day FROM entry
               WHERE day + {from} >= {} AND day + {to} <= {}",
            asked.begin, asked.sealed
        ));
    }

    /// The code of a row of the item in the column that is told apart.
    fn part(&self, asked: &Asked<'_>, amount: &Amount) -> String {
        let Some(by) = amount.by else { return "''".to_owned() };
        let dataset = amount.item.events[0].dataset;
        let Role::Category { list } = asked.programme.datasets[dataset].columns[by].role else {
            panic!("a category")
        };
        let column = words::column(asked.programme, dataset, by);
        format!("COALESCE({}, '(missing)')", words::code_id(asked.programme, list, &column))
    }

    /// `quantity`: what there is of the item in each row of a window, in smallest units.
    fn quantities(&self, item: &Quantity, from: i32, to: i32, part: &str) {
        self.run(&format!(
            "DROP TABLE IF EXISTS quantity;
             CREATE TEMP TABLE quantity AS SELECT u, g, family, source, {} AS q, {part} AS part
               FROM (SELECT seen.*, began, g, family FROM seen JOIN (SELECT u, day AS began, g, family FROM counted) c
                     ON c.u = seen.u WHERE seen.day BETWEEN began + {from} AND began + {to})",
            item.sql
        ));
    }

    /// What each unit has at each partner: priced, and rounded half away from zero to whole øre.
    fn sums(&self, item: &Quantity, tail: impl Fn(&str) -> String) -> Extras {
        let mut extras = Extras::new();
        let sums = self.rows(
            "SELECT g, part, family, source, SUM(q) FROM quantity GROUP BY u, g, part, family, source",
            |row| {
                let key: (String, String) = (row.get(0)?, row.get(1)?);
                Ok((key, (row.get::<_, u32>(2)?, row.get::<_, u8>(3)?), row.get::<_, i64>(4)?))
            },
        );
        for ((group, part), who, quantity) in sums {
            let amount = match item.price {
                None => quantity,
                Some(price) => {
                    let (worth, whole) = (quantity.abs() * price, item.whole);
                    quantity.signum() * (worth / whole + i64::from(2 * (worth % whole) >= whole))
                }
            };
            let told = extras.entry((group, tail(&part))).or_insert_with(|| Told::Sum(Default::default()));
            if let Told::Sum(parts) = told {
                *parts.entry(who).or_default() += i128::from(amount);
            }
        }
        extras
    }
}

/// An item in SQL.
struct Quantity {
    /// Of a row of `seen`.
    sql: String,
    price: Option<i64>,
    /// Smallest units in one whole.
    whole: i64,
}

impl Quantity {
    /// A row gives each measure once, and itself once, however many events of the item it is.
    fn of(asked: &Asked<'_>, item: &Item) -> Quantity {
        let mut measures = Vec::<(String, Vec<String>)>::new();
        for (event, column) in item.events.iter().zip(&item.measure) {
            let value = column.map_or("1".to_owned(), |column| {
                format!("COALESCE({}, 0)", words::column(asked.programme, event.dataset, column))
            });
            let row = words::row_of(asked.programme, event);
            match measures.iter_mut().find(|(known, _)| *known == value) {
                Some((_, rows)) => rows.push(row),
                None => measures.push((value, vec![row])),
            }
        }
        let decimals = item.events.iter().zip(&item.measure).filter_map(|(event, column)| {
            match &asked.programme.datasets[event.dataset].columns[(*column)?].role {
                Role::Measure(measure) => Some(measure.decimals),
                _ => None,
            }
        });
        let terms = measures
            .iter()
            .map(|(value, rows)| format!("CASE WHEN {} THEN {value} ELSE 0 END", rows.join(" OR ")));
        Quantity {
            sql: format!("({})", terms.collect::<Vec<_>>().join(" + ")),
            price: item.price.map(|price| price as i64),
            whole: decimals.max().map_or(1, |decimals| 10_i64.pow(decimals.into())),
        }
    }
}
