//! R6: a cell whose margin holds somebody, but fewer than three, shows nothing.
//!
//! With the floor of R1 no cell of so small a margin is shown by itself; the rule stands on its own, so that another
//! threshold of R1 would not take it away.

/// R6: persons of a margin that may have children. Danmarks Statistik's rule.
const LEAST: u64 = 3;

/// Whether a cell may be shown whose margins, with one dimension left out each, hold so many persons.
pub(super) fn may_be_shown(mut margins: impl Iterator<Item = u64>) -> bool {
    margins.all(|persons| persons == 0 || persons >= LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_of_one_and_two_hide_their_children() {
        for (persons, shown) in [(0, true), (1, false), (2, false), (3, true), (40, true)] {
            assert_eq!(may_be_shown([50, persons].into_iter()), shown, "{persons}");
        }
        assert!(may_be_shown(std::iter::empty()), "a total has no margin");
    }
}
