//! The questions that can be asked, the cells of their answers, and their counting.

use std::collections::BTreeMap;

use kobling::disclosure::{Crossing, PersonSet, RawCell, Shape, Tabulation};

use crate::world::{Cell, DIMENSIONS, Kind, PARTNERS, Person};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Reach,
    Funnel,
    Overlap,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) form: Form,
    pub(crate) recipient: u8,
    /// Dimensions, ascending.
    pub(crate) by: Vec<usize>,
    /// The population: one code of a dimension that is none of `by`.
    pub(crate) within: Option<(usize, u8)>,
}

/// Groups of partners, in the order of their columns.
const GROUPS: [u8; 7] = [1, 2, 4, 3, 5, 6, 7];

impl Ask {
    /// Every question there is.
    pub(crate) fn all(sides: [u8; DIMENSIONS]) -> Vec<Ask> {
        let mut all = Vec::new();
        for recipient in 0..2 {
            for mask in 0..1 << DIMENSIONS {
                let by: Vec<usize> = (0..DIMENSIONS).filter(|at| mask >> at & 1 == 1).collect();
                let ask = |form, within| Ask { form, recipient, by: by.clone(), within };
                all.push(ask(Form::Reach, None));
                if by.len() < 2 {
                    all.extend([ask(Form::Funnel, None), ask(Form::Overlap, None)]);
                }
                for dimension in (0..DIMENSIONS).filter(|at| !by.contains(at)) {
                    all.extend((0..sides[dimension]).map(|code| ask(Form::Reach, Some((dimension, code)))));
                }
            }
        }
        all
    }

    /// The question that has to be released before.
    pub(crate) fn above(&self) -> Option<Ask> {
        self.within.map(|(dimension, _)| Ask { by: vec![dimension], within: None, ..self.clone() })
    }

    /// One text for all tables of a question.
    pub(crate) fn family(&self) -> String {
        format!("{:?} for {}", self.form, self.recipient)
    }

    /// The ledger's name of a cell.
    pub(crate) fn ledger_name(&self, cell: &Cell) -> String {
        if cell.kind == Kind::LeftOut {
            return "left out".to_owned();
        }
        let codes = cell.codes.iter().enumerate();
        let codes = codes.filter_map(|(at, code)| Some((format!("d{at}"), (*code)?.to_string())));
        let codes: BTreeMap<String, String> = codes.collect();
        let tail = (self.form != Form::Reach).then(|| format!("{:?}", cell.kind));
        serde_json::to_string(&(codes, Vec::from_iter(tail))).expect("texts")
    }

    fn tails(&self) -> Vec<Kind> {
        match self.form {
            Form::Reach => vec![Kind::Reach],
            Form::Funnel => vec![Kind::Reach, Kind::Step],
            Form::Overlap => GROUPS.map(Kind::At).to_vec(),
        }
    }

    /// The cells by some of the dimensions, in the order of the table.
    fn cells_by(&self, by: &[usize], sides: [u8; DIMENSIONS]) -> Vec<Cell> {
        let mut codes = vec![[None; DIMENSIONS]];
        if let Some((dimension, code)) = self.within {
            codes[0][dimension] = Some(code);
        }
        for dimension in by {
            let with = |of: [Option<u8>; DIMENSIONS]| {
                (0..sides[*dimension]).map(move |code| {
                    let mut of = of;
                    of[*dimension] = Some(code);
                    of
                })
            };
            codes = codes.into_iter().flat_map(with).collect();
        }
        let tails = self.tails();
        let cell =
            |codes| tails.iter().map(move |kind| Cell { recipient: self.recipient, kind: *kind, codes });
        codes.into_iter().flat_map(cell).collect()
    }

    /// The rows of the answer.
    pub(crate) fn cells(&self, sides: [u8; DIMENSIONS]) -> Vec<Cell> {
        self.cells_by(&self.by, sides)
    }

    /// Everything that is settled with it, in order.
    pub(crate) fn settles(&self, sides: [u8; DIMENSIONS]) -> Vec<Cell> {
        let mut masks: Vec<u32> = (0..1 << self.by.len()).collect();
        masks.sort_by_key(|mask| (mask.count_ones(), *mask));
        let of = |mask: u32| {
            let by = self.by.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
            self.cells_by(&by.map(|(_, dimension)| *dimension).collect::<Vec<_>>(), sides)
        };
        let mut all: Vec<Cell> = masks.into_iter().flat_map(of).collect();
        all.push(self.left_out());
        all
    }

    /// Who is left out of it.
    pub(crate) fn left_out(&self) -> Cell {
        Cell { recipient: self.recipient, kind: Kind::LeftOut, codes: [None; DIMENSIONS] }
    }

    pub(crate) fn tabulation(&self, sides: [u8; DIMENSIONS], persons: &[Person]) -> Tabulation {
        let tails = self.tails();
        let places = self.cells(sides);
        let cell = |(at, cell): (usize, &Cell)| {
            let set = cell.set(persons);
            let mut key: Vec<String> = self
                .by
                .iter()
                .filter_map(|dimension| cell.codes[*dimension])
                .map(|it| it.to_string())
                .collect();
            if self.form != Form::Reach {
                key.push(format!("{:?}", cell.kind));
            }
            let group = at / tails.len() * tails.len();
            let among = match cell.kind {
                Kind::At(mask) if mask.count_ones() > 1 => {
                    Some((0..3).filter(|one| mask >> one & 1 == 1).map(|one| group + one).collect())
                }
                Kind::Step => Some(Vec::new()),
                _ => None,
            };
            let supplied = || {
                let of =
                    |home| persons.iter().filter(move |it| it.home == home && cell.holds(it)).count() as u64;
                (0..PARTNERS).map(of).collect()
            };
            let crossing = among.map(|among| Crossing {
                supplied: supplied(),
                suppliers: (0..u8::try_from(supplied().len()).expect("few")).collect(),
                among,
            });
            let families = families(&set, persons);
            RawCell { crossing, ..RawCell::persons(key, set, families) }
        };
        let shape = match self.form {
            Form::Reach => Shape::Partition,
            Form::Funnel => Shape::Chain { step_column: self.by.len() },
            Form::Overlap => Shape::Overlap,
        };
        let mut columns = names(&self.by);
        if self.form != Form::Reach {
            columns.push("tail".to_owned());
        }
        let left_out = self.left_out().set(persons);
        let highest = persons.iter().map(|person| person.id).max().unwrap_or(0) as usize;
        let mut of = vec![0; highest + 1];
        persons.iter().for_each(|person| of[person.id as usize] = person.family);
        Tabulation {
            left_out_families: families(&left_out, persons),
            left_out,
            family_of: Some(kobling::disclosure::FamilyOf::new(of.into())),
            ..Tabulation::counts(shape, columns, places.iter().enumerate().map(cell).collect())
        }
    }
}

/// Dimensions by name.
pub(crate) fn names(by: &[usize]) -> Vec<String> {
    by.iter().map(|dimension| format!("d{dimension}")).collect()
}

fn families(set: &PersonSet, persons: &[Person]) -> u64 {
    let of = persons.iter().filter(|person| set.contains(person.id)).map(|person| person.family);
    of.collect::<std::collections::BTreeSet<u32>>().len() as u64
}
