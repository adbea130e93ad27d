//! How likely a code is, and how large a number: plausible, not measured.

use super::super::world::choose;
use crate::programme::{Code, Measure};
use crate::secret::Random;

/// A code with its weight at the beginning and later.
type Weight = (&'static str, u64, u64);
/// The least and the most.
type Range = (i64, i64);

/// Code lists: each code with its weight at the beginning and later. A code that is not listed never comes.
const CODES: &[(&str, &[Weight])] = &[
    ("anmeldelsesart", &[("vold", 38, 38), ("trusler", 22, 22), ("tilhold", 8, 8), ("udrykning", 32, 32)]),
    ("ja-nej", &[("ja", 86, 86), ("nej", 14, 14)]),
    (
        "voldsvarighed",
        &[
            ("under-1-aar", 30, 30),
            ("fra-1-til-4-aar", 38, 38),
            ("fra-5-til-9-aar", 20, 20),
            ("fra-10-aar", 12, 12),
        ],
    ),
    ("risiko", &[("lav", 16, 46), ("middel", 48, 38), ("hoej", 36, 16)]),
    ("voldsstatus", &[("ingen", 12, 55), ("enkelt", 33, 27), ("gentagen", 55, 18)]),
    ("informant", &[("foraelder", 70, 70), ("laerer", 18, 18), ("barnet", 12, 12)]),
    (
        "stopgrund",
        &[
            ("oensker-ikke", 38, 38),
            ("udebleven", 27, 27),
            ("ventetid", 12, 12),
            ("andet-tilbud", 13, 13),
            ("andet", 10, 10),
        ],
    ),
    ("boernesag", &[("underretning", 62, 62), ("foranstaltning", 28, 28), ("anbringelse", 10, 10)]),
    ("betaler", &[("kommune", 70, 70), ("region", 18, 18), ("stat", 12, 12)]),
    ("afgang", &[("doed", 12, 12), ("udrejst", 88, 88)]),
    ("familiestatus", &[("alle-hjemme", 74, 74), ("anbragt", 26, 26)]),
];

/// The code of a list that is said when nothing is the matter, with its weight in a hundred.
const MOSTLY: &[(&str, &str, u64)] = &[("eksklusion", "ingen", 84)];

/// Measures: the least and the most at the beginning, and later, in the smallest unit.
const NUMBERS: &[(&str, Range, Range)] = &[
    ("who5", (8, 62), (22, 88)),
    ("sdq", (5, 29), (3, 25)),
    ("planlagt", (6, 14), (6, 14)),
    ("naetter", (2, 70), (1, 40)),
    ("beloeb", (120_000, 2_400_000), (120_000, 2_400_000)),
    ("doegn", (20, 91), (20, 91)),
];

/// Position of a code of a list; `later` than the first moment or not.
pub(super) fn code(list: &str, codes: &[Code], later: bool, random: &mut dyn Random) -> u8 {
    let weight = |code: &Code| {
        if let Some((_, most, weight)) = MOSTLY.iter().find(|(of, _, _)| *of == list) {
            let others = codes.len().saturating_sub(1).max(1) as u64;
            return if code.id.as_str() == *most { *weight } else { (100 - weight) / others };
        }
        match CODES.iter().find(|(of, _)| *of == list) {
            None => 1,
            Some((_, weights)) => {
                let known = weights.iter().find(|(id, _, _)| *id == code.id.as_str());
                known.map_or(0, |(_, early, late)| if later { *late } else { *early })
            }
        }
    };
    let weights: Vec<(u8, u64)> = (0..).zip(codes).map(|(at, code)| (at, weight(code))).collect();
    if weights.iter().all(|(_, weight)| *weight == 0) {
        return 0;
    }
    choose(&weights, random)
}

/// A number of a measure. Two draws, added up: most are in the middle.
pub(super) fn number(column: &str, measure: &Measure, later: bool, random: &mut dyn Random) -> i64 {
    let known = NUMBERS.iter().find(|(of, _, _)| *of == column);
    let (least, most) = known.map_or((measure.min, measure.max), |(_, early, late)| {
        let (least, most) = if later { *late } else { *early };
        (least.max(measure.min), most.min(measure.max))
    });
    let half = u64::try_from((most - least) / 2).unwrap_or(0) + 1;
    let draw = |random: &mut dyn Random| i64::try_from(random.below(half)).unwrap_or(0);
    (least + draw(random) + draw(random)).min(most)
}
