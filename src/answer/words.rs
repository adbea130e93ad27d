//! The fixed words around an answer, in Danish and English.

use super::model::Unit;
use crate::language::Language;

impl Language {
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
