//! A statement of payment as people read it: every term, in kroner and øre.

use serde::Deserialize;

use crate::language::Language;
use crate::programme::{Settlement, Text};

/// A statement of payment. Members that a newer service adds are passed over.
#[derive(Clone, Debug, Deserialize)]
pub struct Statement {
    /// Number in the catalogue.
    pub number: String,
    /// Title.
    pub title: Text,
    /// Definition.
    pub definition: Text,
    /// Quarters of enrolment.
    pub period: String,
    /// The snapshot that was counted.
    pub snapshot: u32,
    /// Day of the snapshot.
    pub sealed: String,
    /// When the statement was made; consent is as it was known then.
    pub made_at: String,
    /// Who had it made.
    pub payer: String,
    /// The contract's terms.
    pub contract: Contract,
    /// What it comes to.
    pub settlement: Settlement,
    /// Rules of counting.
    pub notes: Vec<Text>,
    /// Version of the disclosure rules.
    pub rules: String,
}

/// The contract's terms. Amounts are in øre.
#[derive(Clone, Debug, Deserialize)]
pub struct Contract {
    /// `banded` or `verified`.
    pub mode: String,
    /// Successes of a tranche.
    pub tranche: u32,
    /// Least that is paid.
    pub floor: u64,
    /// Most that is paid.
    pub cap: u64,
    /// By indicator.
    pub indicators: Vec<Terms>,
}

/// The terms of one indicator.
#[derive(Clone, Debug, Deserialize)]
pub struct Terms {
    /// Code.
    pub id: String,
    /// Title.
    pub title: Text,
    /// First day of the window, counted from enrolment.
    pub first_day: i32,
    /// Its last day.
    pub last_day: i32,
    /// Successes per 1,000 that are expected anyhow.
    pub baseline_per_1000: u32,
    /// For one further success.
    pub tariff: u64,
    /// Most that is paid for this one.
    pub cap: u64,
}

impl Statement {
    /// An amount in øre as kroner, with the marks of the language.
    #[must_use]
    pub fn kroner(oere: u64, language: Language) -> String {
        kroner(oere, language)
    }

    /// The statement for a terminal.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        let say = |da: &'static str, en: &'static str| language.choose(da, en);
        let money = |oere: u64| kroner(oere, language);
        let mut text =
            format!("{} {}\n{}\n\n", self.number, language.of(&self.title), language.of(&self.definition));
        let mut line = |name: &str, value: &str| text += &format!("{name:<34} {value}\n");
        line(say("Indskrevet i", "Enrolled in"), &self.period);
        line(
            say("Opgjort på data fra", "Settled on data of"),
            &format!("{} ({})", self.sealed, self.snapshot),
        );
        line(say("Opgørelsen er fra", "Stated at"), &self.made_at);
        line(say("Til", "To"), &self.payer);
        line(say("Antal indskrevne (N)", "Units enrolled (N)"), &self.settlement.units.to_string());
        line(
            say("Resultater pr. tranche (w)", "Successes of a tranche (w)"),
            &self.contract.tranche.to_string(),
        );
        for (terms, earned) in self.contract.indicators.iter().zip(&self.settlement.indicators) {
            let hidden = say("skjult, tæller 0", "hidden, counts as 0");
            let successes = earned.successes.map_or_else(|| hidden.to_owned(), |count| count.to_string());
            let thousandths = earned.expected_thousandths;
            let point = say(",", ".");
            let expected = format!("{}{point}{:03}", thousandths / 1000, thousandths % 1000);
            let tranches =
                format!("{} ({} {})", earned.tranches, say("højst", "at most"), earned.most_tranches);
            text += &format!("\n{}\n", language.of(&terms.title));
            let mut line = |name: &str, value: &str| text += &format!("  {name:<32} {value}\n");
            let window = format!("{}-{}", terms.first_day, terms.last_day);
            line(say("Dage fra indskrivning", "Days from enrolment"), &window);
            line(say("Verificerede resultater (s)", "Verified successes (s)"), &successes);
            line(say("Ventede alligevel (b · N)", "Expected anyhow (b · N)"), &expected);
            line(say("Hele trancher (m)", "Whole tranches (m)"), &tranches);
            line(say("Pris pr. resultat (t)", "For one success (t)"), &money(terms.tariff));
            line(
                say("Beløb (m · w · t, til loftet)", "Amount (m · w · t, to the cap)"),
                &money(earned.amount),
            );
            line(say("Til loftet", "Left to the cap"), &money(earned.left_to_cap));
        }
        text.push('\n');
        let mut line = |name: &str, value: &str| text += &format!("{name:<34} {value}\n");
        line(say("Sum af indikatorerne", "Sum of the indicators"), &money(self.settlement.before_cap));
        line(
            say("Gulv og loft", "Floor and cap"),
            &format!("{} - {}", money(self.contract.floor), money(self.contract.cap)),
        );
        line(say("AT BETALE", "TO BE PAID"), &money(self.settlement.amount));
        line(say("Til loftet", "Left to the cap"), &money(self.settlement.left_to_cap));
        for note in &self.notes {
            text += &format!("\n{}", language.of(note));
        }
        text + &format!("\n{}\n", self.rules)
    }
}

/// An amount in øre as kroner, with the marks of the language.
fn kroner(oere: u64, language: Language) -> String {
    let (thousands, point) = (language.choose(".", ","), language.choose(",", "."));
    let digits = (oere / 100).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text += thousands;
        }
        text.push(digit);
    }
    format!("{text}{point}{:02} kr.", oere % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_marks_of_the_language() {
        assert_eq!(kroner(123_456_789, Language::Da), "1.234.567,89 kr.");
        assert_eq!(kroner(123_456_789, Language::En), "1,234,567.89 kr.");
        assert_eq!(
            (kroner(5, Language::Da), kroner(100_000, Language::En)),
            ("0,05 kr.".into(), "1,000.00 kr.".into())
        );
    }
}
