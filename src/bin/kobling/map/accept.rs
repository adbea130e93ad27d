//! Taking what is sure without a question.

use kobling::extract::{Certainty, Decimal};
use kobling::programme::Role;

use super::draft::{Draft, Ground};
use super::{show, usage};
use crate::exit::Trouble;

/// Chooses what is sure or was so until now, and says what that leaves.
pub(super) fn sure(draft: &mut Draft<'_>) -> Result<(), Trouble> {
    let survey = draft.survey;
    let (mut da, mut en) = (Vec::new(), Vec::new());
    for slot in &mut draft.slots {
        let id = &slot.column.id;
        match &slot.proposed {
            Some((choice, Ground::Until | Ground::Proposed(Certainty::Sure))) => {
                slot.chosen = Some(choice.clone());
            }
            Some((choice, _)) if slot.column.required => {
                let header = show::header(&survey.columns[choice.at]);
                da.push(format!("{id} (måske kolonne {}, {header})", choice.at + 1));
                en.push(format!("{id} (perhaps column {}, {header})", choice.at + 1));
            }
            None if slot.column.required => {
                da.push(format!("{id} (ingen kolonne ligner)"));
                en.push(format!("{id} (no column is like it)"));
            }
            _ => {}
        }
    }
    if !da.is_empty() {
        return Err(usage(
            format!(
                "det er ikke sikkert, hvilke kolonner der er {}; kør kobling map på en terminal, som spørger",
                da.join(", ")
            ),
            format!(
                "it is not sure which columns are {}; run kobling map on a terminal, which asks",
                en.join(", ")
            ),
        ));
    }
    if let Some((sign, _)) = survey.decimal(&draft.numbers())
        && draft.file.decimal.is_none()
    {
        draft.file.decimal = Some(if sign == Decimal::Point { '.' } else { ',' });
    }
    remarks(draft);
    Ok(())
}

/// What a person would have been asked about.
fn remarks(draft: &Draft<'_>) {
    for slot in &draft.slots {
        let id = &slot.column.id;
        let Some(choice) = &slot.chosen else {
            if let Some((choice, _)) = &slot.proposed {
                tell!(
                    "{id}: ikke kortlagt; kolonne {}, {} er måske den",
                    "{id}: not mapped; column {}, {} may be it",
                    choice.at + 1,
                    show::header(&draft.survey.columns[choice.at])
                );
            }
            continue;
        };
        let fit = draft.fit(choice.at, slot.column);
        if matches!(slot.column.role, Role::Category { .. }) && (fit.unknown_texts > 0 || fit.many) {
            tell!(
                "{id}: {} forskellige tekster er ikke koder, der kendes; `kobling check` siger, hvor mange rækker det koster",
                "{id}: {} different texts are no codes that are known; `kobling check` tells how many rows that costs",
                fit.unknown_texts
            );
        }
        let person = matches!(slot.column.role, Role::Person | Role::RelatedPerson);
        if person && draft.survey.columns[choice.at].lost_zeros() && !draft.file.repair_leading_zero {
            tell!(
                "{id}: nogle har ni cifre; sæt repair_leading_zero = true under [file], hvis et regneark har taget et nul foran",
                "{id}: some have nine digits; set repair_leading_zero = true under [file] if a spreadsheet took a leading zero"
            );
        }
    }
}
