//! How many persons a partner's packages of a dataset may be about.

use super::super::model::{Programme, Supply};
use super::super::raw;
use super::Checker;
use crate::limits;

/// R1's persons where the programme says nothing of them.
const DEFAULT_PERSONS: u32 = 8;

impl Checker<'_> {
    pub(super) fn supplies(&mut self, raw: &[raw::Dataset], programme: &Programme) -> Vec<Supply> {
        let mut supplies = Vec::new();
        for (at, dataset) in raw.iter().enumerate() {
            let field = format!("dataset.{}.supply", dataset.id.get_ref());
            let names = dataset.supplies.iter().map(|s| (s.partner.get_ref().clone(), s.partner.span()));
            self.unique(&field, names);
            for supply in &dataset.supplies {
                if let Some(partner) = self.supplier(supply, dataset, &field, programme) {
                    self.bounds(supply, &field, programme);
                    supplies.push(Supply {
                        dataset: at,
                        partner,
                        population: *supply.population.get_ref(),
                        least_persons: supply.least_persons.as_ref().map(|least| *least.get_ref()),
                        few_birth_dates: supply.few_birth_dates,
                    });
                }
            }
        }
        supplies
    }

    /// Position of the partner, which is one that hands the dataset over.
    fn supplier(
        &mut self,
        supply: &raw::Supply,
        dataset: &raw::Dataset,
        field: &str,
        programme: &Programme,
    ) -> Option<u8> {
        let known = programme.partners.iter().map(|p| p.id.clone());
        let at = self.resolve(&supply.partner, &format!("{field}.partner"), "partner", known)?;
        if !dataset.partners.iter().any(|partner| partner.get_ref() == supply.partner.get_ref()) {
            let message = format!("{} does not hand this dataset over", supply.partner.get_ref());
            self.wrong(supply.partner.span(), format!("{field}.partner"), message);
        }
        u8::try_from(at).ok()
    }

    fn bounds(&mut self, supply: &raw::Supply, field: &str, programme: &Programme) {
        let floor = programme.disclosure.persons.unwrap_or(DEFAULT_PERSONS);
        if let Some(least) = supply.least_persons.as_ref().filter(|least| *least.get_ref() < floor) {
            let message = format!("not below rule R1's least persons, {floor}; or leave it out");
            self.wrong(least.span(), format!("{field}.least_persons"), message);
        }
        let fewest = supply.least_persons.as_ref().map_or(floor, |least| *least.get_ref());
        let population = *supply.population.get_ref();
        if population < fewest || population > limits::MAX_PACKAGE_PERSONS {
            let message = format!(
                "{fewest} to {} persons: fewer could hand nothing over, and more have never had a number",
                limits::MAX_PACKAGE_PERSONS
            );
            self.wrong(supply.population.span(), format!("{field}.population"), message);
        }
    }
}
