//! Linkage quality, the part about persons: per dataset and partner, how many persons have rows in the period, and
//! how many of those have rows of another partner too, in any dataset.
//!
//! What manifests say of rows (received, rejected, anonymous) is no count of persons, and not counted here.

use super::kernel::{Column, Found, Kernel, Worker, text};
use super::rows::UnitRows;
use super::sources::Sources;
use crate::disclosure::Shape;
use crate::programme::Text;

/// Persons at all, and those known elsewhere: a chain of two.
const PERSONS: [&str; 2] = ["all", "known-elsewhere"];

/// A dataset and its partners: position, id and name.
pub(super) type Part = ((String, Text), Vec<(u8, (String, Text))>);

/// Counts linkage quality.
#[derive(Debug)]
pub(super) struct Quality {
    parts: Vec<Part>,
}

impl Quality {
    /// For datasets, each with its partners.
    pub(super) const fn new(parts: Vec<Part>) -> Quality {
        Quality { parts }
    }
}

impl Quality {
    /// The partner of each two tails.
    fn sources(&self) -> impl Iterator<Item = u8> {
        self.parts.iter().flat_map(|(_, partners)| partners.iter().map(|(source, _)| *source))
    }
}

impl Kernel for Quality {
    fn columns(&self) -> Vec<Column> {
        let mut sources: Vec<(String, Text)> = Vec::new();
        for (_, (id, name)) in self.parts.iter().flat_map(|(_, partners)| partners) {
            if !sources.iter().any(|(known, _)| known == id) {
                sources.push((id.clone(), name.clone()));
            }
        }
        let known = vec![
            (PERSONS[0].to_owned(), text("Alle", "All")),
            (PERSONS[1].to_owned(), text("Kendt af en anden organisation", "Known to another partner")),
        ];
        let datasets = self.parts.iter().map(|(dataset, _)| dataset.clone()).collect();
        vec![
            Column { id: "dataset", title: text("Datasæt", "Dataset"), codes: datasets },
            Column { id: "source", title: text("Organisation", "Partner"), codes: sources },
            Column { id: "known", title: text("Kendt", "Known"), codes: known },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let parts = self.parts.iter().flat_map(|((dataset, _), partners)| {
            partners.iter().flat_map(move |(_, (partner, _))| {
                PERSONS.map(|persons| vec![dataset.clone(), partner.clone(), persons.to_owned()])
            })
        });
        parts.collect()
    }

    fn shape(&self, axes: usize) -> Shape {
        Shape::Chain { step_column: axes + 2 }
    }

    fn also(&self, tail: usize) -> Option<usize> {
        (!tail.is_multiple_of(PERSONS.len())).then(|| tail - 1)
    }

    fn follows(&self) -> Vec<Sources> {
        let everywhere = self.sources().collect();
        self.sources().flat_map(|source| [Sources::from(source), everywhere]).collect()
    }

    /// Of those whose index row another partner supplies, everybody is known elsewhere.
    fn among(&self, own: Option<u8>) -> Vec<Vec<usize>> {
        let parts = self.sources().enumerate().flat_map(|(at, source)| {
            let all = PERSONS.len() * at;
            [Vec::new(), if own.is_none_or(|own| own == source) { vec![all] } else { Vec::new() }]
        });
        parts.collect()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Known { quality: self, known: Vec::new() })
    }
}

struct Known<'a> {
    quality: &'a Quality,
    /// (dataset of the plan, source) of the current unit's rows.
    known: Vec<(usize, u8)>,
}

impl Worker for Known<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        self.known.clear();
        rows.each(|columns, at| {
            let part = (at.set, columns.source[at.row]);
            if !self.known.contains(&part) {
                self.known.push(part);
            }
        });
        found.index = rows.index();
        let several = self.known.iter().any(|(_, source)| *source != self.known[0].1);
        let mut tail = 0;
        for (set, (_, partners)) in self.quality.parts.iter().enumerate() {
            for (source, _) in partners {
                if self.known.contains(&(set, *source)) {
                    found.put(if several { tail + 1 } else { tail });
                }
                tail += PERSONS.len();
            }
        }
    }
}
