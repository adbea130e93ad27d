//! Reach: units with a row in the period, in the cell of their index row.

use super::kernel::{Column, Found, Kernel, Worker};
use super::rows::UnitRows;
use crate::disclosure::Shape;

/// Counts reach.
#[derive(Debug)]
pub(super) struct Reach;

impl Kernel for Reach {
    fn columns(&self) -> Vec<Column> {
        Vec::new()
    }

    fn tails(&self) -> Vec<Vec<String>> {
        vec![Vec::new()]
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Partition
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Reach)
    }
}

impl Worker for Reach {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        found.index = rows.index();
        found.put(0);
    }
}
