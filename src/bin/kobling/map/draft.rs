//! A mapping that is being made: what is proposed for each column of the dataset, and what was chosen.

use kobling::extract::{
    Certainty, Choice, ColumnMapping, FileForm, Fit, Mapping, Seen, Survey, asks_the_file, propose,
};
use kobling::name::PartnerId;
use kobling::programme::{Column, Dataset, Programme, Role};

/// What stands behind a proposal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// It was so until now.
    Until,
    /// The program's own.
    Proposed(Certainty),
}

/// One column of the dataset.
pub(super) struct Slot<'a> {
    pub column: &'a Column,
    pub proposed: Option<(Choice, Ground)>,
    pub chosen: Option<Choice>,
}

pub(super) struct Draft<'a> {
    pub survey: &'a Survey,
    pub programme: &'a Programme,
    pub dataset: &'a Dataset,
    pub file: FileForm,
    pub slots: Vec<Slot<'a>>,
    old: Option<&'a Mapping>,
}

/// Where a column that is mapped stands in a file.
fn find(own: &ColumnMapping, survey: &Survey) -> Option<usize> {
    let header = own.header.to_lowercase();
    let same = |seen: &Seen| seen.header().is_some_and(|name| name.to_lowercase() == header);
    survey
        .columns
        .iter()
        .position(|seen| same(seen) && own.nth.is_none_or(|nth| seen.nth().is_none_or(|n| n == nth)))
}

/// Columns that are mapped and asked for, but not in the file.
pub(super) fn lost(mapping: &Mapping, survey: &Survey, dataset: &Dataset) -> Vec<String> {
    let asked = dataset.columns.iter().filter(|column| asks_the_file(column));
    asked
        .filter(|column| mapping.columns.get(&column.id).is_some_and(|own| find(own, survey).is_none()))
        .map(|column| column.id.to_string())
        .collect()
}

impl<'a> Draft<'a> {
    pub fn new(
        survey: &'a Survey,
        programme: &'a Programme,
        dataset: &'a Dataset,
        file: FileForm,
        old: Option<&'a Mapping>,
    ) -> Draft<'a> {
        let wanted = dataset.columns.iter().filter(|column| asks_the_file(column));
        let slots = wanted.zip(propose(survey, dataset, programme)).map(|(column, proposed)| {
            let until = old.and_then(|old| until(old, column, survey, programme));
            let new = || {
                let (at, certainty) = proposed.at?;
                Some((Choice::of(column, at, survey), Ground::Proposed(certainty)))
            };
            Slot { column, proposed: until.map(|choice| (choice, Ground::Until)).or_else(new), chosen: None }
        });
        let mut draft = Draft { survey, programme, dataset, file, slots: slots.collect(), old };
        draft.drop_taken();
        draft
    }

    /// Takes back new proposals of columns that something was mapped to until now.
    fn drop_taken(&mut self) {
        let until = self.slots.iter().filter_map(|slot| match &slot.proposed {
            Some((choice, Ground::Until)) => Some(choice.at),
            _ => None,
        });
        let until = until.collect::<Vec<_>>();
        for slot in &mut self.slots {
            if matches!(&slot.proposed, Some((choice, Ground::Proposed(_))) if until.contains(&choice.at)) {
                slot.proposed = None;
            }
        }
    }

    /// The column that was chosen already for something with which a column of this role cannot share it.
    pub fn taken(&self, at: usize, role: &Role) -> Option<&Column> {
        let chosen =
            self.slots.iter().filter(|slot| slot.chosen.as_ref().is_some_and(|choice| choice.at == at));
        chosen.map(|slot| slot.column).find(|column| !Survey::may_share(&column.role, role))
    }

    /// How a column of the file fits one of the dataset.
    pub fn fit(&self, at: usize, column: &Column) -> Fit {
        Fit::of(&self.survey.columns[at], column, self.programme)
    }

    /// Positions of the columns chosen for numbers.
    pub fn numbers(&self) -> Vec<usize> {
        let numbers = self.slots.iter().filter(|slot| matches!(slot.column.role, Role::Measure(_)));
        numbers.filter_map(|slot| slot.chosen.as_ref().map(|choice| choice.at)).collect()
    }

    /// The mapping of what was chosen.
    pub fn mapping(&self, partner: &PartnerId, version: u32) -> Mapping {
        let choices = self.slots.iter().filter_map(|slot| slot.chosen.clone()).collect::<Vec<_>>();
        let whose = (self.programme, partner, self.dataset);
        let mut mapping = Mapping::of(self.survey, &choices, self.file.clone(), whose, version);
        for (id, own) in &mut mapping.columns {
            if let Some(before) = self.old.and_then(|old| old.columns.get(id)) {
                own.missing.clone_from(&before.missing);
            }
        }
        mapping
    }
}

/// A column as it was mapped until now, where it still can be: it is in the file, it is what it was, and of its codes
/// those that are still there.
fn until(old: &Mapping, column: &Column, survey: &Survey, programme: &Programme) -> Option<Choice> {
    let own = old.columns.get(&column.id)?;
    let same = old.asked.get(&column.id).is_none_or(|asked| asked.role == column.role.word());
    let at = find(own, survey).filter(|_| same)?;
    let mut codes = own.codes.clone();
    if let Role::Category { list } = column.role {
        let known = &programme.code_lists[list].codes;
        codes.retain(|_, code| known.iter().any(|one| one.id == *code));
    }
    Some(Choice { dates: own.dates, codes, ..Choice::of(column, at, survey) })
}
