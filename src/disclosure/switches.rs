//! The rules by their numbers, and which of them are switched off: for attack tests, which show what an attacker gets
//! where a rule is missing, and for the report of what each rule costs.
//!
//! A build of the service has no switch: `off` and [`Rules::without`](super::Rules::without) exist in debug builds and
//! under the feature `weakened` alone, no feature contains that one, and `koblingd` refuses to run with it.

/// A rule of `docs/DISCLOSURE.md` that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Small cells are hidden.
    R1,
    /// All hidden cells look alike; without it an empty one shows 0.
    R2,
    /// Rounding.
    R3,
    /// Cover and audit of what is released together and over time.
    R5,
    /// Margins.
    R6,
    /// Close sets share one value; without it equal sets still do.
    R8,
    /// R8 across snapshots; without it each snapshot is settled as if there were no other.
    R9,
    /// Tables that cross partners.
    R10,
    /// Sums: few units, dominance.
    R11,
    /// Means: few units.
    R12,
    /// Medians: few units.
    R13,
    /// Time to event: few events, few followed.
    R14,
}

impl Rule {
    /// All of them, in order.
    pub const ALL: [Rule; 12] = [
        Rule::R1,
        Rule::R2,
        Rule::R3,
        Rule::R5,
        Rule::R6,
        Rule::R8,
        Rule::R9,
        Rule::R10,
        Rule::R11,
        Rule::R12,
        Rule::R13,
        Rule::R14,
    ];
}

/// Which rules are off: none, unless somebody says so who can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switches {
    #[cfg(any(debug_assertions, feature = "weakened"))]
    off: u16,
}

impl Switches {
    /// Every rule applies.
    pub(super) const ALL_ON: Switches = Switches {
        #[cfg(any(debug_assertions, feature = "weakened"))]
        off: 0,
    };

    /// Whether a rule applies.
    #[cfg(any(debug_assertions, feature = "weakened"))]
    pub(super) const fn is_on(self, rule: Rule) -> bool {
        self.off & (1 << rule as u16) == 0
    }

    /// Whether a rule applies: always.
    #[cfg(not(any(debug_assertions, feature = "weakened")))]
    pub(super) const fn is_on(self, _: Rule) -> bool {
        true
    }

    /// These, and some rules fewer.
    #[cfg(any(debug_assertions, feature = "weakened"))]
    pub(super) fn without(self, rules: &[Rule]) -> Switches {
        Switches { off: rules.iter().fold(self.off, |off, rule| off | 1 << *rule as u16) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Rules, Settings};
    use super::*;

    #[test]
    fn nothing_is_off_unless_it_is_switched_off() {
        for rules in [Rules::standard(), Rules::checked(&Settings::default()).expect("the defaults")] {
            assert!(Rule::ALL.iter().all(|rule| rules.applies(*rule)));
        }
    }

    #[cfg(any(debug_assertions, feature = "weakened"))]
    #[test]
    fn each_switch_is_one_rules() {
        let mut seen = std::collections::HashSet::new();
        for off in Rule::ALL {
            assert!(seen.insert(off), "{off:?} twice");
            let rules = Rules::standard().without(&[off]);
            assert_ne!(rules, Rules::standard());
            assert!(Rule::ALL.iter().all(|rule| rules.applies(*rule) == (*rule != off)));
        }
    }

    #[test]
    fn no_feature_brings_the_switches_along() {
        let cargo: toml::Table = include_str!("../../Cargo.toml").parse().expect("TOML");
        let features: BTreeMap<String, Vec<String>> =
            cargo["features"].clone().try_into().expect("lists of texts");
        assert!(features.contains_key("weakened"), "the comparison can tell");
        assert!(features.values().flatten().all(|part| !part.contains("weakened")));
    }
}
