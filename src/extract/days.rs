//! Dates that were read before: an extract has some thousand different ones, each many times.

use super::columns::parse_date;
use super::findings::Reason;
use super::mapping::DateForm;
use super::read::Written;
use crate::clock::Day;

/// Places for dates: more than the days of ten years.
const PLACES: usize = 4096;
/// Bytes of a text that is remembered.
const LONGEST: usize = 15;

/// The dates of one column, by the text that the file has for them. A date by itself is nobody's.
pub(super) struct Days {
    form: DateForm,
    /// Made when the first date is read.
    places: Vec<(u128, Day)>,
}

impl Days {
    pub fn new(form: DateForm) -> Days {
        Days { form, places: Vec::new() }
    }

    /// What [`parse_date`] says of a field.
    pub fn read(&mut self, field: &[u8], written: Written) -> Result<Day, Reason> {
        if written != Written::Text || field.is_empty() || field.len() > LONGEST {
            return parse_date(field, written, self.form);
        }
        if self.places.is_empty() {
            self.places = vec![(0, Day::MAX); PLACES];
        }
        let mut key = [0; 16];
        key[..field.len()].copy_from_slice(field);
        key[LONGEST] = u8::try_from(field.len()).expect("at most fifteen");
        let key = u128::from_le_bytes(key);
        // Fibonacci hashing: the top bits of a product with 2^64 divided by the golden ratio.
        let mixed = ((key >> 64) as u64 ^ key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = &mut self.places[(mixed >> 52) as usize];
        if place.0 != key {
            *place = (key, parse_date(field, written, self.form)?);
        }
        Ok(place.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_date_read_again_is_the_same(texts in proptest::collection::vec("[0-3]?[0-9][-.][01]?[0-9][-.](20[0-9]{2}|[0-9]{2})( 1:00)?|.{0,16}", 1..40)) {
            let mut days = Days::new(DateForm::Danish);
            for text in texts.iter().chain(&texts) {
                let expected = parse_date(text.as_bytes(), Written::Text, DateForm::Danish);
                proptest::prop_assert_eq!(days.read(text.as_bytes(), Written::Text), expected);
            }
        }
    }

    #[test]
    fn all_days_of_ten_years_are_read_rightly_in_any_order() {
        let first = Day::from_ymd(2015, 1, 1).expect("a day");
        let mut days = Days::new(DateForm::Danish);
        for n in (0..3653).chain((0..3653).rev()) {
            let day = first.plus(n);
            let (year, month, dom) = day.ymd();
            for text in [format!("{dom:02}-{month:02}-{year}"), day.to_string()] {
                assert_eq!(days.read(text.as_bytes(), Written::Text), Ok(day));
            }
        }
    }
}
