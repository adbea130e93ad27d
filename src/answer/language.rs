//! Danish and English: which text is taken, how numbers are written, and the fixed words around an answer.

use super::model::Unit;
use crate::programme::Text;

/// The language that a person reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Danish.
    Da,
    /// English.
    #[default]
    En,
}

impl Language {
    /// The text in this language.
    #[must_use]
    pub fn of(self, text: &Text) -> &str {
        self.choose(&text.da, &text.en)
    }

    /// One of two words.
    #[must_use]
    pub const fn choose<'a>(self, da: &'a str, en: &'a str) -> &'a str {
        match self {
            Language::Da => da,
            Language::En => en,
        }
    }

    /// Its tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        self.choose("da", "en")
    }

    /// A number written with a decimal point, in this language's signs: thousands in groups, the decimal sign.
    pub(super) fn grouped(self, number: &str) -> String {
        let (group, decimal) = match self {
            Language::Da => ('.', ','),
            Language::En => (',', '.'),
        };
        let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
        let (whole, decimals) =
            rest.split_once('.').map_or((rest, None), |(whole, decimals)| (whole, Some(decimals)));
        let mut text = String::from(sign);
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        if let Some(decimals) = decimals {
            text.push(decimal);
            text.push_str(decimals);
        }
        text
    }

    pub(super) const fn to(self) -> &'static str {
        self.choose("til", "to")
    }

    pub(super) const fn none(self) -> &'static str {
        self.choose("ingen", "none")
    }

    /// What is counted, many of them.
    #[must_use]
    pub const fn unit(self, unit: Unit) -> &'static str {
        match unit {
            Unit::Person => self.choose("personer", "persons"),
            Unit::Pair => self.choose("par (den udsatte og den udøvende)", "pairs (exposed and using)"),
            Unit::Case => self.choose("sager", "cases"),
            Unit::Other => self.choose("enheder", "units"),
        }
    }

    /// A rule that may have worked, in words, for answers that were kept before they carried them; a code that is not
    /// known here stays a code.
    pub(super) fn reason(self, code: &str) -> String {
        let words = match code {
            "few_persons_or_families" => {
                self.choose("få personer eller familier skjules", "few persons or families are hidden")
            }
            "rounded" => {
                self.choose("antal er afrundet til nærmeste 5", "counts are rounded to the nearest 5")
            }
            "held_at_earlier_value" => self.choose(
                "et antal kan være holdt på en tidligere vist værdi",
                "a count may be held at a value shown earlier",
            ),
            "rates_from_shown_counts" => {
                self.choose("andele er regnet af viste antal", "rates are made of shown counts")
            }
            "totals_of_shown_cells" => {
                self.choose("summer er af viste celler", "totals are sums of shown cells")
            }
            "intervals_of_shown_counts" => self.choose(
                "intervaller gælder for ethvert sandt antal inden for den største fejl",
                "intervals hold for every true count within the largest error",
            ),
            "sums_without_dominance" => self.choose(
                "summer hvor nogen kan træde frem skjules, andre har tre betydende cifre",
                "sums in which somebody could stand out are hidden, others have three significant digits",
            ),
            "means_of_enough" => self.choose(
                "gennemsnit af få skjules, andre er en afrundet sum over et afrundet antal",
                "means of few are hidden, others are a rounded sum over a rounded count",
            ),
            "median_as_band" => self.choose("en median er et interval", "a median is a band"),
            "curve_on_grid" => self.choose(
                "en kurve begynder og slutter hvor nok har haft hændelsen og stadig følges",
                "a curve begins and ends where enough had the event and are still followed",
            ),
            _ => return code.replace('_', " "),
        };
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        for (number, da, en) in [
            ("5", "5", "5"),
            ("999", "999", "999"),
            ("1000", "1.000", "1,000"),
            ("1234567.5", "1.234.567,5", "1,234,567.5"),
            ("-1000", "-1.000", "-1,000"),
            ("-100", "-100", "-100"),
        ] {
            assert_eq!((&*Language::Da.grouped(number), &*Language::En.grouped(number)), (da, en));
        }
    }
}
