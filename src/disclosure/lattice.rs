//! A table with all its margins: what R5 holds against each other.
//!
//! Where nobody is in two cells that differ by a dimension alone, a table by some dimensions has a margin for every
//! subset of them: the total, the table by the first alone, and so on. Each cell of each is a *node*. Nodes are settled
//! coarsest first, whichever table is asked, so that it makes no difference to a reader which one was asked first; and
//! a node has one name in the ledger, by whatever table it is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::tabulation::{Counted, Crossing, FamilyOf, PersonSet, RawCell, Shape, Tabulation};

/// A cell of the table or of one of its margins.
pub(super) struct Node {
    /// The ledger's name of it: its codes by dimension, and the codes that belong to no dimension.
    pub(super) key: String,
    /// The dimensions that it has a code of, as bits.
    pub(super) mask: u32,
    /// The place of the codes that belong to no dimension.
    pub(super) tail: usize,
    /// The cells of the table that it is made of, by position.
    pub(super) cells: Vec<usize>,
    pub(super) contributors: PersonSet,
    pub(super) units: u64,
    pub(super) families: u64,
    pub(super) structural_zero: bool,
    /// The ledger's name for what the count measures.
    pub(super) measure: String,
    /// Who supplied it, where it crosses partners.
    pub(super) crossing: Option<Supply>,
    /// Nodes that this one is a part of, and that must hold enough others (R10).
    pub(super) among: Vec<usize>,
    /// The nodes with one dimension less.
    pub(super) above: Vec<usize>,
}

/// Who supplies a node.
#[derive(Default)]
pub(super) struct Supply {
    /// Units by the partner of the index row.
    pub(super) units: Vec<u64>,
    /// The partners that can, by structure.
    pub(super) partners: BTreeSet<u8>,
}

/// A node, and the nodes that it is the sum of.
pub(super) struct Line {
    pub(super) whole: usize,
    pub(super) parts: Vec<usize>,
    /// The dimensions of the parts, as bits.
    pub(super) mask: u32,
}

/// All nodes of a tabulation.
pub(super) struct Lattice {
    /// Coarsest first; within a margin in the order of the table.
    pub(super) nodes: Vec<Node>,
    /// Coarsest first.
    pub(super) lines: Vec<Line>,
    /// The node of each cell of the table.
    pub(super) of_cell: Vec<usize>,
    /// The codes of each tail.
    pub(super) tails: Vec<Vec<String>>,
}

/// What a node is known by while the lattice is built: dimensions as bits, the places of its codes, its tail.
type Place = (u32, Vec<usize>, usize);

/// The columns of a tabulation that are dimensions here. All of a partition's are: its cells add up along each.
fn axes(tabulation: &Tabulation, dimensions: &[String]) -> Vec<usize> {
    let is_axis = |at: usize, column: &String| match tabulation.shape {
        Shape::Partition => true,
        Shape::Chain { step_column } => at != step_column && dimensions.contains(column),
        Shape::Parts | Shape::Overlap => dimensions.contains(column),
    };
    let columns = tabulation.columns.iter().enumerate();
    let staff = tabulation.cells.iter().any(|cell| cell.counted == Counted::Staff);
    match tabulation.additive && !staff {
        true => {
            columns.filter(|(at, column)| is_axis(*at, column)).map(|(at, _)| at).take(MOST_AXES).collect()
        }
        false => Vec::new(),
    }
}

/// Three dimensions and the code columns of a partition; a tabulation with more is a fault of the kernel.
const MOST_AXES: usize = 8;

impl Lattice {
    /// The lattice of a tabulation. `within` is what all of it is narrowed to: a dimension and its code.
    pub(super) fn of(
        tabulation: &Tabulation,
        dimensions: &[String],
        within: Option<&(String, String)>,
    ) -> Lattice {
        let axes = axes(tabulation, dimensions);
        let Places { tails, codes, of_tail } = Places::of(tabulation, &axes);
        let mut masks: Vec<u32> = (0..1 << axes.len()).collect();
        masks.sort_by_key(|mask| (mask.count_ones(), *mask));
        let full = (1 << axes.len()) - 1;

        let mut at: HashMap<Place, usize> = HashMap::new();
        let mut nodes: Vec<Node> = Vec::new();
        let mut of_cell = vec![0; tabulation.cells.len()];
        for mask in masks {
            let begin = nodes.len();
            let mut members: Vec<Vec<usize>> = Vec::new();
            for (cell, (places, tail)) in codes.iter().zip(&tails).enumerate() {
                let some = places.iter().enumerate().filter(|(axis, _)| mask >> axis & 1 == 1);
                let place = (mask, some.map(|(_, place)| *place).collect(), *tail);
                let node = *at.entry(place).or_insert_with(|| {
                    members.push(Vec::new());
                    begin + members.len() - 1
                });
                members[node - begin].push(cell);
                if mask == full {
                    of_cell[cell] = node;
                }
            }
            for cells in members {
                let key = name(tabulation, &axes, mask, cells[0], within);
                nodes.push(put_together(tabulation, key, (mask, tails[cells[0]]), cells));
            }
        }
        let mut lattice = Lattice { nodes, lines: Vec::new(), of_cell, tails: of_tail };
        lattice.link(&at, axes.len());
        lattice.link_parts(tabulation, &at, (&codes, &tails), axes.len());
        lattice
    }

    /// Nodes with one dimension less, and the lines between.
    fn link(&mut self, at: &HashMap<Place, usize>, axes: usize) {
        let mut lines: BTreeMap<(u32, usize, usize), Vec<usize>> = BTreeMap::new();
        for ((mask, places, tail), node) in at {
            for axis in (0..axes).filter(|axis| mask >> axis & 1 == 1) {
                let mut above = places.clone();
                above.remove((mask & ((1 << axis) - 1)).count_ones() as usize);
                let whole = at[&(mask & !(1 << axis), above, *tail)];
                self.nodes[*node].above.push(whole);
                lines.entry((*mask, axis, whole)).or_default().push(*node);
            }
        }
        self.lines = lines
            .into_iter()
            .map(|((mask, _, whole), mut parts)| {
                parts.sort_unstable();
                Line { whole, parts, mask }
            })
            .collect();
        self.lines.sort_by_key(|line| line.mask.count_ones());
        self.nodes.iter_mut().for_each(|node| node.above.sort_unstable());
    }

    /// What lies between the tails of one group: among which others a part must lie (R10).
    fn link_parts(
        &mut self,
        tabulation: &Tabulation,
        at: &HashMap<Place, usize>,
        (codes, tails): (&[Vec<usize>], &[usize]),
        axes: usize,
    ) {
        for (cell, raw) in tabulation.cells.iter().enumerate() {
            let Some(Crossing { among, .. }) = &raw.crossing else { continue };
            for mask in 0u32..1 << axes {
                let of = |cell: usize| {
                    let some = codes[cell].iter().enumerate().filter(|(axis, _)| mask >> axis & 1 == 1);
                    at[&(mask, some.map(|(_, place)| *place).collect(), tails[cell])]
                };
                let node = of(cell);
                for whole in among.iter().map(|whole| of(*whole)) {
                    if !self.nodes[node].among.contains(&whole) {
                        self.nodes[node].among.push(whole);
                    }
                }
            }
        }
    }
}

/// Of every cell: the place of its tail, and of its code on each axis.
struct Places {
    tails: Vec<usize>,
    codes: Vec<Vec<usize>>,
    /// The codes of each tail.
    of_tail: Vec<Vec<String>>,
}

impl Places {
    fn of(tabulation: &Tabulation, axes: &[usize]) -> Places {
        let mut of_tail: HashMap<Vec<&String>, usize> = HashMap::new();
        let mut of_code: Vec<HashMap<&String, usize>> = vec![HashMap::new(); axes.len()];
        let (mut tails, mut codes, mut all_tails) = (Vec::new(), Vec::new(), Vec::new());
        for cell in &tabulation.cells {
            let rest = cell.key.iter().enumerate().filter(|(column, _)| !axes.contains(column));
            let next = of_tail.len();
            let rest: Vec<&String> = rest.map(|(_, code)| code).collect();
            tails.push(*of_tail.entry(rest).or_insert_with_key(|rest| {
                all_tails.push(rest.iter().map(|code| (*code).clone()).collect());
                next
            }));
            let place = |(axis, column): (usize, &usize)| {
                let next = of_code[axis].len();
                *of_code[axis].entry(&cell.key[*column]).or_insert(next)
            };
            codes.push(axes.iter().enumerate().map(place).collect());
        }
        Places { tails, codes, of_tail: all_tails }
    }
}

/// The codes by dimension, and the codes of the tail, that a name in the ledger stands for; none where it is no node's.
pub(super) fn codes_of(name: &str) -> Option<(BTreeMap<String, String>, Vec<String>)> {
    serde_json::from_str(name).ok()
}

/// The ledger's name of a node: the same for every table that has it, and whatever it is narrowed by.
fn name(
    tabulation: &Tabulation,
    axes: &[usize],
    mask: u32,
    cell: usize,
    within: Option<&(String, String)>,
) -> String {
    let key = &tabulation.cells[cell].key;
    let mut codes: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, column) in axes.iter().enumerate().filter(|(axis, _)| mask >> axis & 1 == 1) {
        codes.insert(&tabulation.columns[*column], &key[*column]);
    }
    if let Some((dimension, code)) = within {
        codes.insert(dimension, code);
    }
    let tail: Vec<&str> =
        (0..key.len()).filter(|column| !axes.contains(column)).map(|column| key[column].as_str()).collect();
    serde_json::to_string(&(codes, tail)).expect("texts are JSON")
}

/// Some cells as one.
fn put_together(tabulation: &Tabulation, key: String, (mask, tail): (u32, usize), cells: Vec<usize>) -> Node {
    let of = || cells.iter().map(|cell| &tabulation.cells[*cell]);
    let first = &tabulation.cells[cells[0]];
    let mut contributors = first.contributors.clone();
    of().skip(1).for_each(|cell| contributors |= &cell.contributors);
    let families = match (&tabulation.family_of, &cells[..]) {
        (Some(families), [_, _, ..]) => FamilyOf::distinct(families, &contributors),
        _ => of().map(|cell| cell.families).sum::<u64>(),
    };
    let crossing = of().filter_map(|cell| cell.crossing.as_ref()).fold(None, |sum: Option<Supply>, cell| {
        let mut sum = sum.unwrap_or_default();
        sum.units.resize(sum.units.len().max(cell.supplied.len()), 0);
        sum.units.iter_mut().zip(&cell.supplied).for_each(|(sum, units)| *sum += units);
        sum.partners.extend(&cell.suppliers);
        Some(sum)
    });
    let units = of().map(|cell| cell.units).sum();
    let structural_zero = of().all(|cell| cell.structural_zero);
    Node {
        key,
        mask,
        tail,
        contributors,
        units,
        families,
        structural_zero,
        measure: count_measure(first, tabulation),
        cells,
        crossing,
        among: Vec::new(),
        above: Vec::new(),
    }
}

/// The ledger's name for the count of a cell. Beside figures a name is theirs: a count under it would be held against no
/// other count.
fn count_measure(cell: &RawCell, tabulation: &Tabulation) -> String {
    match (&cell.measure, &tabulation.extra) {
        (Some(name), None) => name.clone(),
        _ => cell.counted.word().to_owned(),
    }
}
