//! What answers are broken down by, and narrowed to.

use super::super::model::{Dimension, DimensionSource, Population, Programme, Role};
use super::super::raw;
use super::Checker;

impl Checker<'_> {
    pub(super) fn dimensions(&mut self, raw: Vec<raw::Dimension>, programme: &Programme) -> Vec<Dimension> {
        self.unique("dimension", raw.iter().map(|d| (d.id.get_ref().clone(), d.id.span())));
        let mut dimensions = Vec::new();
        for dimension in raw {
            let field = format!("dimension.{}", dimension.id.get_ref());
            if (dimension.kind == raw::DimensionWord::Column) == dimension.columns.is_empty() {
                let message = "a dimension of kind column names its columns, and no other kind does";
                self.wrong(dimension.id.span(), &field, message);
            }
            let source = match dimension.kind {
                raw::DimensionWord::Partner => DimensionSource::Partner,
                raw::DimensionWord::Quarter => DimensionSource::Quarter,
                raw::DimensionWord::Column => self.column_dimension(&dimension, &field, programme),
            };
            dimensions.push(Dimension { id: dimension.id.into_inner(), title: dimension.title, source });
        }
        dimensions
    }

    pub(super) fn column_dimension(
        &mut self,
        raw: &raw::Dimension,
        field: &str,
        programme: &Programme,
    ) -> DimensionSource {
        let mut columns: Vec<(usize, usize)> = Vec::new();
        let mut list = None;
        for reference in &raw.columns {
            let Some((dataset, column)) =
                self.column_ref(&reference.dataset, &reference.column, field, programme)
            else {
                continue;
            };
            let span = reference.column.span();
            let Role::Category { list: of } = programme.datasets[dataset].columns[column].role else {
                self.wrong(span, field, "only a category column can be a dimension");
                continue;
            };
            if *list.get_or_insert(of) != of {
                self.wrong(span.clone(), field, "all columns of a dimension share one list of codes");
            }
            if columns.iter().any(|(d, _)| *d == dataset) {
                self.wrong(span, field, "a dimension takes one column of a dataset");
                continue;
            }
            columns.push((dataset, column));
        }
        DimensionSource::Columns { list: list.unwrap_or(0), columns }
    }

    pub(super) fn populations(
        &mut self,
        raw: Vec<raw::Population>,
        programme: &Programme,
    ) -> Vec<Population> {
        self.unique("population", raw.iter().map(|p| (p.id.get_ref().clone(), p.id.span())));
        let mut populations = Vec::new();
        for population in raw {
            let field = format!("population.{}", population.id.get_ref());
            let known = programme.dimensions.iter().map(|d| d.id.clone());
            let Some(dimension) = self.resolve(&population.dimension, &field, "dimension", known) else {
                continue;
            };
            let DimensionSource::Columns { list, .. } = programme.dimensions[dimension].source else {
                self.wrong(
                    population.dimension.span(),
                    &field,
                    "a population is codes of a column dimension",
                );
                continue;
            };
            let codes = self.codes(list, &population.codes, &field, programme);
            if codes.is_empty() {
                self.wrong(population.id.span(), &field, "a population has at least one code");
            }
            populations.push(Population {
                id: population.id.into_inner(),
                title: population.title,
                dimension,
                codes,
            });
        }
        populations
    }
}
