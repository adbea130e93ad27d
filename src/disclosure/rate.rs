//! R4: rates from rounded parts, and bands where a part is small.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use utoipa::openapi::schema::Type;

use super::rules::Rules;
use super::shown::{Shown, one_of_keys};

/// A rate in whole per cent: `{"percent": 67}`, `{"at_most": 24}`, `{"at_least": 76}` or `{"hidden": true}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Numerator and complement are both large enough.
    Percent(u8),
    /// `≤ x %`: the numerator is shown and small.
    AtMost(u8),
    /// `≥ y %`: the complement is small, or nobody is in it.
    AtLeast(u8),
    /// A part is hidden.
    Hidden,
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Rate::Percent(percent) => map.serialize_entry("percent", percent)?,
            Rate::AtMost(percent) => map.serialize_entry("at_most", percent)?,
            Rate::AtLeast(percent) => map.serialize_entry("at_least", percent)?,
            Rate::Hidden => map.serialize_entry("hidden", &true)?,
        }
        map.end()
    }
}

impl utoipa::PartialSchema for Rate {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        one_of_keys(
            "A rate in whole per cent, a band, or hidden. Exactly one of the keys is present.",
            1,
            &[
                ("percent", Type::Integer),
                ("at_most", Type::Integer),
                ("at_least", Type::Integer),
                ("hidden", Type::Boolean),
            ],
        )
    }
}

impl utoipa::ToSchema for Rate {}

/// The rate of two shown counts. It reads nothing but what the reader has, so it tells nothing more. A band's limit
/// comes from the threshold and the denominator alone: all small numerators, and all small complements, read alike.
/// A hidden numerator gives a hidden rate, not `≤ x %`: a cell hidden for its few families may be large.
pub(super) fn rate(numerator: Shown, denominator: Shown, rules: &Rules) -> Rate {
    let (Shown::Count(part), Shown::Count(whole)) = (numerator, denominator) else { return Rate::Hidden };
    if whole == 0 {
        return Rate::Hidden;
    }
    let small = rules.rate_part();
    // Held values can leave a part above its whole; its complement then counts as nobody.
    if whole.saturating_sub(part) <= small {
        Rate::AtLeast(percent(100 * whole.saturating_sub(small) / whole))
    } else if part <= small {
        Rate::AtMost(percent((100 * small).div_ceil(whole)))
    } else {
        Rate::Percent(percent((200 * part + whole) / (2 * whole)))
    }
}

/// At most 100.
fn percent(value: u64) -> u8 {
    u8::try_from(value.min(100)).expect("at most 100")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(part: u64, whole: u64) -> Rate {
        rate(Shown::Count(part), Shown::Count(whole), &Rules::standard())
    }

    #[test]
    fn examples() {
        assert_eq!(of(20, 30), Rate::Percent(67));
        assert_eq!(of(10, 400), Rate::Percent(3));
        // 25 families: shown only for 8 to 17 successes.
        assert_eq!(of(10, 25), Rate::Percent(40));
        assert_eq!(of(15, 25), Rate::Percent(60));
        assert_eq!(of(20, 25), Rate::AtLeast(72));
        assert_eq!(of(25, 25), Rate::AtLeast(72));
        // A structural zero.
        assert_eq!(of(0, 25), Rate::AtMost(28));
        assert_eq!(of(0, 0), Rate::Hidden);
    }

    #[test]
    fn everybody_and_nearly_everybody_read_alike() {
        assert_eq!(of(30, 30), of(25, 30));
        assert_eq!(of(30, 30), of(35, 30), "held above the whole");
        assert_eq!(of(30, 30), Rate::AtLeast(76));
    }

    #[test]
    fn a_hidden_part_hides_the_rate() {
        let rules = Rules::standard();
        for (part, whole) in [
            (Shown::Hidden, Shown::Count(50)),
            (Shown::Count(50), Shown::Hidden),
            (Shown::Hidden, Shown::Hidden),
        ] {
            assert_eq!(rate(part, whole, &rules), Rate::Hidden);
        }
    }

    proptest! {
        #[test]
        fn an_exact_rate_never_has_a_small_part_and_a_band_is_true(part in 0_u64..500, whole in 1_u64..500) {
            let share = 100.0 * part as f64 / whole as f64;
            match of(part, whole) {
                Rate::Percent(shown) => {
                    prop_assert!(part > 7 && whole - part > 7);
                    prop_assert!((share - f64::from(shown)).abs() <= 0.5 + 1e-9);
                }
                Rate::AtMost(limit) => prop_assert!(share <= f64::from(limit)),
                Rate::AtLeast(limit) => prop_assert!(share >= f64::from(limit)),
                Rate::Hidden => prop_assert!(false, "both parts are shown"),
            }
        }
    }
}
