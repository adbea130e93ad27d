//! The one profile, `dk-standard`: thresholds, their defaults, and floors that no programme can go below.

use serde::Deserialize;

use super::switches::{Rule, Switches};
use crate::programme::DisclosureSettings;

/// The profile's name.
pub const PROFILE: &str = "dk-standard";
/// Profile and version of the rules; every answer carries it. It changes when the same cells could read otherwise.
pub const RULES_VERSION: &str = "dk-standard/3";

/// Thresholds in force. Made by [`Rules::standard`] or, stricter, by [`Rules::checked`]; never weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    persons: u64,
    families: u64,
    rounding: u64,
    rate_part: u64,
    held: u64,
    dimensions: usize,
    amount_units: u64,
    mean_units: u64,
    values: u64,
    crossing: u64,
    p_percent: u64,
    dominance: u64,
    switches: Switches,
}

/// What a programme may set. A field left out has the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// R1: fewest persons of a shown cell. Default 8, floor 5. R2's small counts are those below it.
    pub persons: Option<u64>,
    /// R1: fewest families of a shown cell. Default 5, floor 3.
    pub families: Option<u64>,
    /// R3: counts are rounded to multiples of this. Default and floor 5.
    pub rounding: Option<u64>,
    /// R4: numerator and complement of a rate must both exceed this, else a band. Default 7, floor 4.
    pub rate_part: Option<u64>,
    /// R8, R9: sets that differ by this many persons or fewer share one value. Default 7, floor 4.
    pub held: Option<u64>,
    /// R6: most dimensions besides the period. Default 3, and 3 at most.
    pub dimensions: Option<usize>,
    /// R11: fewest units of a shown sum. Default and floor 10.
    pub amount_units: Option<u64>,
    /// R12, R13: fewest units of a mean, and on each side of a median. Default 10, floor 8.
    pub mean_units: Option<u64>,
    /// R5: whole numbers that must stay possible for a cell hidden as small, 0 among them. Default 5, floor 3, and no more
    /// than `persons`: a small cell has no more.
    pub values: Option<u64>,
    /// R10: fewest persons of a cell that crosses partners, and of the others in its group. Default and floor 13.
    pub crossing: Option<u64>,
    /// R11: the p of the p % rule. Default and floor 10.
    pub p_percent: Option<u64>,
    /// R11: most per cent of a sum that the two largest may have. Default 90, and 90 at most.
    pub dominance: Option<u64>,
}

impl From<&DisclosureSettings> for Settings {
    fn from(stricter: &DisclosureSettings) -> Settings {
        let wide = |setting: Option<u32>| setting.map(u64::from);
        Settings {
            persons: wide(stricter.persons),
            families: wide(stricter.families),
            rounding: wide(stricter.rounding),
            rate_part: wide(stricter.rate_part),
            values: wide(stricter.values),
            held: wide(stricter.held),
            crossing: wide(stricter.crossing),
            amount_units: wide(stricter.amount_units),
            mean_units: wide(stricter.mean_units),
            p_percent: wide(stricter.p_percent),
            dominance: wide(stricter.dominance),
            dimensions: stricter.dimensions.map(|most| most as usize),
        }
    }
}

/// Why a programme's settings are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FloorError {
    /// Weaker than the profile's floor.
    #[error(
        "{setting} is {value}, and the profile dk-standard does not go below {floor}; raise it or leave it out"
    )]
    BelowFloor {
        /// Field of [`Settings`].
        setting: &'static str,
        /// What the programme says.
        value: u64,
        /// The least it may say.
        floor: u64,
    },
    /// More dimensions than the profile answers, or a threshold under which nothing would ever be shown.
    #[error(
        "{setting} is {value}, and the profile dk-standard allows at most {ceiling}; lower it or leave it out"
    )]
    AboveCeiling {
        /// Field of [`Settings`].
        setting: &'static str,
        /// What the programme says.
        value: u64,
        /// The most it may say.
        ceiling: u64,
    },
    /// The smallest cell that may be shown would be rounded to 0, which is how a structural zero reads.
    #[error(
        "rounding is {rounding}, and a shown cell of {smallest} would read 0; lower rounding or raise {setting}"
    )]
    RoundsToZero {
        /// The rounding base.
        rounding: u64,
        /// The smallest count that may be shown.
        smallest: u64,
        /// The setting that decides it.
        setting: &'static str,
    },
}

/// Most dimensions the profile answers.
const MOST_DIMENSIONS: usize = crate::limits::MAX_DIMENSIONS;
/// Largest value of any threshold: a larger one is a slip of the pen.
const LARGEST: u64 = 10_000;

impl Rules {
    /// The profile's defaults.
    #[must_use]
    pub const fn standard() -> Rules {
        Rules {
            persons: 8,
            families: 5,
            rounding: 5,
            rate_part: 7,
            held: 7,
            dimensions: MOST_DIMENSIONS,
            amount_units: 10,
            mean_units: 10,
            values: 5,
            crossing: 13,
            p_percent: 10,
            dominance: 90,
            switches: Switches::ALL_ON,
        }
    }

    /// A programme's settings over the defaults.
    ///
    /// # Errors
    /// [`FloorError`] for the first setting that is weaker than the profile's floor.
    pub fn checked(settings: &Settings) -> Result<Rules, FloorError> {
        let standard = Rules::standard();
        let at_least = |setting, value: Option<u64>, default, floor| match value {
            Some(value) if value < floor => Err(FloorError::BelowFloor { setting, value, floor }),
            Some(value) if value > LARGEST => {
                Err(FloorError::AboveCeiling { setting, value, ceiling: LARGEST })
            }
            value => Ok(value.unwrap_or(default)),
        };
        let rules = Rules {
            persons: at_least("persons", settings.persons, standard.persons, 5)?,
            families: at_least("families", settings.families, standard.families, 3)?,
            rounding: at_least("rounding", settings.rounding, standard.rounding, 5)?,
            rate_part: at_least("rate_part", settings.rate_part, standard.rate_part, 4)?,
            held: at_least("held", settings.held, standard.held, 4)?,
            dimensions: settings.dimensions.unwrap_or(standard.dimensions),
            amount_units: at_least("amount_units", settings.amount_units, standard.amount_units, 10)?,
            mean_units: at_least("mean_units", settings.mean_units, standard.mean_units, 8)?,
            values: at_least("values", settings.values, standard.values, 3)?,
            crossing: at_least("crossing", settings.crossing, standard.crossing, 13)?,
            p_percent: at_least("p_percent", settings.p_percent, standard.p_percent, 10)?,
            dominance: settings.dominance.unwrap_or(standard.dominance),
            switches: Switches::ALL_ON,
        };
        if rules.values > rules.persons {
            let (value, ceiling) = (rules.values, rules.persons);
            return Err(FloorError::AboveCeiling { setting: "values", value, ceiling });
        }
        if rules.dominance > standard.dominance {
            return Err(FloorError::AboveCeiling {
                setting: "dominance",
                value: rules.dominance,
                ceiling: standard.dominance,
            });
        }
        if rules.dimensions > MOST_DIMENSIONS {
            return Err(FloorError::AboveCeiling {
                setting: "dimensions",
                value: rules.dimensions as u64,
                ceiling: MOST_DIMENSIONS as u64,
            });
        }
        for (setting, smallest) in [("persons", rules.persons), ("families", rules.families)] {
            if super::rounding::rounded(smallest, rules.rounding) == 0 {
                return Err(FloorError::RoundsToZero { rounding: rules.rounding, smallest, setting });
            }
        }
        Ok(rules)
    }

    /// Rules below the floors, to show that an attack finds the leak that a rule closes. Absent from release builds,
    /// but for the feature `weakened`, with which no service can be started.
    #[cfg(any(debug_assertions, feature = "weakened"))]
    #[doc(hidden)]
    #[must_use]
    pub const fn weakened_for_attack_tests(persons: u64, families: u64, rounding: u64, held: u64) -> Rules {
        Rules { persons, families, rounding, held, ..Rules::standard() }
    }

    /// These rules, and some fewer: for attack tests, and for the report of what each rule costs. Absent like the above.
    #[cfg(any(debug_assertions, feature = "weakened"))]
    #[doc(hidden)]
    #[must_use]
    pub fn without(self, rules: &[Rule]) -> Rules {
        Rules { switches: self.switches.without(rules), ..self }
    }

    /// Whether a rule applies: always, in a build that a service can be started with.
    #[must_use]
    pub const fn applies(&self, rule: Rule) -> bool {
        self.switches.is_on(rule)
    }

    /// R1: fewest persons of a shown cell.
    #[must_use]
    pub const fn persons(&self) -> u64 {
        if self.applies(Rule::R1) { self.persons } else { 0 }
    }

    /// R1: fewest families of a shown cell.
    #[must_use]
    pub const fn families(&self) -> u64 {
        if self.applies(Rule::R1) { self.families } else { 0 }
    }

    /// R3: the rounding base.
    #[must_use]
    pub const fn rounding(&self) -> u64 {
        if self.applies(Rule::R3) { self.rounding } else { 1 }
    }

    /// R4: the largest numerator or complement that makes a band.
    #[must_use]
    pub const fn rate_part(&self) -> u64 {
        self.rate_part
    }

    /// R8, R9: the largest symmetric difference, in persons, within which a set keeps an earlier value.
    #[must_use]
    pub const fn held(&self) -> u64 {
        if self.applies(Rule::R8) { self.held } else { 0 }
    }

    /// R6: most dimensions besides the period.
    #[must_use]
    pub const fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// R11: the fewest units of a shown sum.
    #[must_use]
    pub const fn amount_units(&self) -> u64 {
        self.amount_units
    }

    /// R12, R13: the fewest units of a shown mean, and on each side of a shown median.
    #[must_use]
    pub const fn mean_units(&self) -> u64 {
        self.mean_units
    }

    /// R5: whole numbers that must stay possible for a small hidden cell.
    #[must_use]
    pub const fn values(&self) -> u64 {
        self.values
    }

    /// R10: the fewest persons of a shown cell that crosses partners, and of the others in its group.
    #[must_use]
    pub const fn crossing(&self) -> u64 {
        self.crossing
    }

    /// R11: the p of the p % rule.
    #[must_use]
    pub const fn p_percent(&self) -> u64 {
        self.p_percent
    }

    /// R11: most per cent of a sum that the two largest may have.
    #[must_use]
    pub const fn dominance(&self) -> u64 {
        self.dominance
    }
}

impl Default for Rules {
    fn default() -> Rules {
        Rules::standard()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_the_standard() {
        assert_eq!(Rules::checked(&Settings::default()), Ok(Rules::standard()));
    }

    #[test]
    fn every_floor_holds_and_is_itself_allowed() {
        type Set = fn(&mut Settings, u64);
        let floors: [(&str, u64, Set); 10] = [
            ("values", 3, |s, v| s.values = Some(v)),
            ("crossing", 13, |s, v| s.crossing = Some(v)),
            ("amount_units", 10, |s, v| s.amount_units = Some(v)),
            ("mean_units", 8, |s, v| s.mean_units = Some(v)),
            ("p_percent", 10, |s, v| s.p_percent = Some(v)),
            ("persons", 5, |s, v| s.persons = Some(v)),
            ("families", 3, |s, v| s.families = Some(v)),
            ("rounding", 5, |s, v| s.rounding = Some(v)),
            ("rate_part", 4, |s, v| s.rate_part = Some(v)),
            ("held", 4, |s, v| s.held = Some(v)),
        ];
        for (setting, floor, set) in floors {
            let mut settings = Settings::default();
            set(&mut settings, floor);
            assert!(Rules::checked(&settings).is_ok(), "{setting}");
            set(&mut settings, floor - 1);
            assert_eq!(
                Rules::checked(&settings),
                Err(FloorError::BelowFloor { setting, value: floor - 1, floor })
            );
        }
        let settings = Settings { dimensions: Some(4), ..Settings::default() };
        assert_eq!(
            Rules::checked(&settings),
            Err(FloorError::AboveCeiling { setting: "dimensions", value: 4, ceiling: 3 })
        );
        let settings = Settings { values: Some(9), ..Settings::default() };
        assert_eq!(
            Rules::checked(&settings),
            Err(FloorError::AboveCeiling { setting: "values", value: 9, ceiling: 8 })
        );
        let settings = Settings { dominance: Some(91), ..Settings::default() };
        assert_eq!(
            Rules::checked(&settings),
            Err(FloorError::AboveCeiling { setting: "dominance", value: 91, ceiling: 90 })
        );
        let settings = Settings { held: Some(u64::MAX), ..Settings::default() };
        assert!(matches!(Rules::checked(&settings), Err(FloorError::AboveCeiling { setting: "held", .. })));
    }

    #[test]
    fn a_coarse_grid_may_not_turn_shown_cells_into_zeros() {
        let settings = Settings { rounding: Some(20), ..Settings::default() };
        assert!(matches!(
            Rules::checked(&settings),
            Err(FloorError::RoundsToZero { setting: "persons", .. })
        ));
        let settings = Settings { persons: Some(10), families: Some(10), ..settings };
        assert!(Rules::checked(&settings).is_ok());
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(toml::from_str::<Settings>("persons = 9").is_ok());
        assert!(toml::from_str::<Settings>("person = 9").is_err());
    }
}
