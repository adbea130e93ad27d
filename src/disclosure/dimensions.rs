//! R6, its ceiling: at most three dimensions besides the period, each once.

use super::rules::Rules;

/// The dimensions of one question, checked: evidence that R6's ceiling holds. Only [`Dimensions::check`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimensions(Vec<String>);

/// Why dimensions are refused; from the question alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DimensionError {
    /// More than the profile allows.
    #[error("{asked} dimensions are asked for and at most {ceiling} are answered; leave out {}", asked - ceiling)]
    TooMany {
        /// Dimensions in the question.
        asked: usize,
        /// Most that the profile allows.
        ceiling: usize,
    },
    /// The same dimension twice.
    #[error("the dimension {0} is named twice; name it once")]
    Twice(String),
}

impl Dimensions {
    /// Checks the ids of a question's dimensions. A funnel's step and the period are none. They are put in
    /// alphabetical order, so that two orders are one question.
    ///
    /// # Errors
    /// [`DimensionError`].
    pub fn check(mut ids: Vec<String>, rules: &Rules) -> Result<Dimensions, DimensionError> {
        ids.sort();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DimensionError::Twice(twice[0].clone()));
        }
        if ids.len() > rules.dimensions() {
            return Err(DimensionError::TooMany { asked: ids.len(), ceiling: rules.dimensions() });
        }
        Ok(Dimensions(ids))
    }

    /// The ids, in alphabetical order.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ids: &[&str]) -> Result<Dimensions, DimensionError> {
        Dimensions::check(ids.iter().map(ToString::to_string).collect(), &Rules::standard())
    }

    #[test]
    fn three_are_answered_and_four_refused() {
        assert!(check(&["role", "partner", "municipality"]).is_ok());
        let refused = check(&["role", "partner", "municipality", "age"]).expect_err("four");
        assert_eq!(refused.to_string(), "4 dimensions are asked for and at most 3 are answered; leave out 1");
    }

    #[test]
    fn the_order_of_dimensions_is_no_other_question() {
        assert_eq!(check(&["role", "partner"]), check(&["partner", "role"]));
        assert_eq!(check(&["role", "role"]), Err(DimensionError::Twice("role".to_owned())));
    }
}
