mod everything;
mod named;
mod programs;

use super::{System, Verdict, audit};

const LEAST: u64 = 5;

fn verdict(system: &System, hidden: &[usize]) -> Verdict {
    audit(system, hidden, LEAST, &mut |_, _| {})
}

/// A table with all its margins, the last code of each dimension being "all": cells in row-major order.
#[derive(Debug)]
struct Margins {
    system: System,
    sizes: Vec<usize>,
}

impl Margins {
    fn new(codes: &[usize], bounds: impl Fn(&[usize]) -> (u64, Option<u64>)) -> Self {
        let sizes: Vec<usize> = codes.iter().map(|codes| codes + 1).collect();
        let mut table = Self { system: System::new(), sizes };
        for at in table.places() {
            let (low, high) = bounds(&at);
            table.system.cell(low, high);
        }
        for at in table.places() {
            for (dimension, codes) in codes.iter().enumerate() {
                if at[dimension] == *codes {
                    let part = |code| {
                        let mut at = at.clone();
                        at[dimension] = code;
                        table.cell(&at)
                    };
                    let parts: Vec<usize> = (0..*codes).map(part).collect();
                    let whole = table.cell(&at);
                    table.system.sum(whole, &parts);
                }
            }
        }
        table
    }

    fn places(&self) -> Vec<Vec<usize>> {
        let count = self.sizes.iter().product();
        let place = |mut at: usize| {
            let mut codes: Vec<usize> = self
                .sizes
                .iter()
                .rev()
                .map(|size| {
                    let code = at % size;
                    at /= size;
                    code
                })
                .collect();
            codes.reverse();
            codes
        };
        (0..count).map(place).collect()
    }

    fn cell(&self, at: &[usize]) -> usize {
        at.iter().zip(&self.sizes).fold(0, |cell, (code, size)| cell * size + code)
    }
}

/// The bounds of a shown count: to the nearest 5, what is below 8 hidden.
fn shown(count: u64) -> (u64, Option<u64>) {
    if count < 8 {
        return (0, Some(7));
    }
    let rounded = (count + 2) / 5 * 5;
    (rounded - 2, Some(rounded + 2))
}
