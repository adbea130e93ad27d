//! Shapes, certainties and roles in the words of both languages, with made-up examples that are fixed here.

use super::{Certainty, DateForm, Shape};
use crate::extract::columns::Decimal;
use crate::language::Language;
use crate::programme::Role;

impl Shape {
    /// What it is, in words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        let (da, en) = match self {
            Shape::Empty => ("tom", "empty"),
            Shape::Cpr { hyphens: true, lost_zeros: false } => {
                ("ligner CPR-numre, med bindestreg", "like CPR numbers, with hyphen")
            }
            Shape::Cpr { hyphens: false, lost_zeros: false } => {
                ("ligner CPR-numre, uden bindestreg", "like CPR numbers, without hyphen")
            }
            Shape::Cpr { lost_zeros: true, .. } => (
                "ligner CPR-numre, nogle med ni cifre (et nul foran er tabt)",
                "like CPR numbers, some of nine digits (a leading zero is lost)",
            ),
            Shape::SomeCpr => {
                ("CPR-lignende numre blandt andet", "numbers like CPR numbers among other things")
            }
            Shape::Dates { iso: true, time: false, .. } => ("datoer, år først", "dates, year first"),
            Shape::Dates { iso: true, time: true, .. } => {
                ("datoer, år først, med klokkeslæt", "dates, year first, with a time of day")
            }
            Shape::Dates { ambiguous: true, .. } => {
                ("datoer, dag eller måned først", "dates, day or month first")
            }
            Shape::Dates { form: DateForm::Danish, time: false, .. } => {
                ("datoer, dag først", "dates, day first")
            }
            Shape::Dates { form: DateForm::Danish, time: true, .. } => {
                ("datoer, dag først, med klokkeslæt", "dates, day first, with a time of day")
            }
            Shape::Dates { form: DateForm::ShortYear, .. } => {
                ("datoer, dag først, år med to cifre", "dates, day first, two-digit year")
            }
            Shape::Dates { form: DateForm::MonthFirst, .. } => ("datoer, måned først", "dates, month first"),
            Shape::Dates { form: DateForm::Compact, .. } => ("datoer i otte cifre", "dates of eight digits"),
            Shape::Dates { form: DateForm::Serial, .. } | Shape::WholeNumbers { serial: true } => {
                ("hele tal, måske et regnearks datoer", "whole numbers, perhaps a spreadsheet's dates")
            }
            Shape::DateCells => ("datoer", "dates"),
            Shape::WholeNumbers { serial: false } => ("hele tal", "whole numbers"),
            Shape::Numbers { decimal: Some(Decimal::Comma) } => {
                ("tal med decimalkomma", "numbers with a decimal comma")
            }
            Shape::Numbers { decimal: Some(Decimal::Point) } => {
                ("tal med decimalpunktum", "numbers with a decimal point")
            }
            Shape::Numbers { decimal: None } => ("tal", "numbers"),
            Shape::Scientific => (
                "tal forkortet af et regneark (cifre er tabt)",
                "numbers shortened by a spreadsheet (digits are lost)",
            ),
            Shape::FewTexts => ("få tekster, som gentages", "a few texts, repeated"),
            Shape::FewNumbers => ("få tal, som gentages", "a few numbers, repeated"),
            Shape::Texts { up_to: Some(10) } => ("tekst, højst 10 tegn", "text, at most 10 characters"),
            Shape::Texts { up_to: Some(30) } => ("tekst, højst 30 tegn", "text, at most 30 characters"),
            Shape::Texts { up_to: Some(_) } => ("tekst, højst 100 tegn", "text, at most 100 characters"),
            Shape::Texts { up_to: None } => ("lang tekst", "long text"),
        };
        language.choose(da, en)
    }

    /// A made-up field of this shape; nothing where words say it all.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Shape::Empty | Shape::SomeCpr => "",
            Shape::Cpr { lost_zeros: true, .. } => "101900000",
            Shape::Cpr { hyphens: true, .. } => "010190-0000",
            Shape::Cpr { hyphens: false, .. } => "0101900000",
            Shape::Dates { iso: true, .. } | Shape::DateCells => "2020-12-31",
            Shape::Dates { ambiguous: true, .. } => "01/02/2020",
            Shape::Dates { form, .. } => form.example(),
            Shape::WholeNumbers { serial: true } => DateForm::Serial.example(),
            Shape::WholeNumbers { serial: false } => "1234",
            Shape::Numbers { decimal: Some(Decimal::Comma) } => "1.234,5",
            Shape::Numbers { decimal: Some(Decimal::Point) } => "1,234.5",
            Shape::Numbers { decimal: None } => "12",
            Shape::Scientific => "1,01E+09",
            Shape::FewTexts => "Abc",
            Shape::FewNumbers => "1",
            Shape::Texts { up_to: Some(10) } => "Abcde",
            Shape::Texts { .. } => "Abcde fghij",
        }
    }
}

impl Certainty {
    /// The word for it.
    #[must_use]
    pub const fn word(self, language: Language) -> &'static str {
        match self {
            Certainty::Sure => language.choose("sikkert", "sure"),
            Certainty::Likely => language.choose("sandsynligt", "likely"),
            Certainty::Guess => language.choose("et gæt", "a guess"),
        }
    }
}

impl Role {
    /// What a column of this role holds, in words for those who have the file.
    #[must_use]
    pub const fn in_words(&self, language: Language) -> &'static str {
        let (da, en) = match self {
            Role::Person => {
                ("CPR-nummeret på den, rækken handler om", "the CPR number of the one the row is about")
            }
            Role::RelatedPerson => ("CPR-nummeret på den anden part", "the CPR number of the other one"),
            Role::Case => ("jeres eget sagsnummer", "your own case number"),
            Role::Staff => ("en medarbejders nummer", "a staff number"),
            Role::Date => ("dagen, hvor det skete", "the day on which it happened"),
            Role::Category { .. } => ("én af en liste af koder", "one of a list of codes"),
            Role::Measure(_) => ("et tal", "a number"),
        };
        language.choose(da, en)
    }
}
