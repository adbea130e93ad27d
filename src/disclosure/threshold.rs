//! R1: a cell of few persons or few families is hidden.

use super::rules::Rules;

/// Whether R1 lets a cell of `persons` distinct persons in `families` distinct families be shown. The only look at
/// true counts besides R8's comparison of sets.
pub(super) const fn may_be_shown(persons: u64, families: u64, rules: &Rules) -> bool {
    persons >= rules.persons() && families >= rules.families()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_persons_and_families_must_reach_the_threshold() {
        let rules = Rules::standard();
        for (persons, families, shown) in
            [(0, 0, false), (7, 7, false), (8, 4, false), (7, 5, false), (8, 5, true), (400, 4, false)]
        {
            assert_eq!(may_be_shown(persons, families, &rules), shown, "{persons} {families}");
        }
    }
}
