//! R16: what an amount of money may tell.
//!
//! An amount discloses successes. In mode `banded` it is settled from the counts as they are shown, moves in tranches of
//! five successes or more, and no tranche begins within 8 of everybody. In mode `verified` it is settled from the exact
//! counts, which takes that nobody of the cohort has kept a yes to the purpose back; it goes to the payer alone and is
//! part of no answer.

use super::release::Released;
use super::rules::Rules;
use super::table::Table;
use super::tabulation::Tabulation;
use crate::programme::{Banding, Payment, PaymentMode, Settlement, settle};

/// Why nothing can be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// Fewer are enrolled than may be shown.
    #[error("too few are enrolled in the period for any figure; ask about a longer one")]
    Few,
    /// Somebody with rows in the period does not permit the purpose.
    #[error(
        "an exact statement takes that everybody with rows in the period permits payment, and not everybody does; use the contract's banded mode"
    )]
    NotPermitted,
    /// The contract is of the other mode, or the counts are not those of a payment.
    #[error("the contract and what was counted do not belong together")]
    Form,
}

/// Settles a contract of mode `banded` from a released table of its counts: enrolled first, then one row an indicator.
///
/// # Errors
/// [`SettlementError::Few`], [`SettlementError::Form`].
pub fn settle_banded(
    table: &Released<Table>,
    payment: &Payment,
    rules: &Rules,
) -> Result<Released<Settlement>, SettlementError> {
    let rows = &table.value().rows;
    if payment.mode != PaymentMode::Banded || rows.len() != payment.indicators.len() + 1 {
        return Err(SettlementError::Form);
    }
    let units = rows[0].count().count().ok_or(SettlementError::Few)?;
    let successes: Vec<Option<u64>> = rows[1..].iter().map(|row| row.count().count()).collect();
    Ok(Released::of(settle(payment, units, &successes, banding(rules))))
}

/// Settles a contract of mode `verified` from its exact counts.
///
/// # Errors
/// [`SettlementError::NotPermitted`] when anybody is left out for want of consent, [`SettlementError::Form`].
pub fn settle_verified(
    tabulation: &Tabulation,
    payment: &Payment,
    rules: &Rules,
) -> Result<Released<Settlement>, SettlementError> {
    let cells = &tabulation.cells;
    if payment.mode != PaymentMode::Verified || cells.len() != payment.indicators.len() + 1 {
        return Err(SettlementError::Form);
    }
    if !tabulation.left_out.is_empty() {
        return Err(SettlementError::NotPermitted);
    }
    let successes: Vec<Option<u64>> = cells[1..].iter().map(|cell| Some(cell.units)).collect();
    Ok(Released::of(settle(payment, cells[0].units, &successes, banding(rules))))
}

/// How banded successes count. R1's threshold is R16's margin too: neither few successes nor few failures are told.
#[must_use]
pub const fn banding(rules: &Rules) -> Banding {
    Banding { least: rules.persons(), rounding: rules.rounding(), margin: rules.persons() }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::release::tests::context;
    use super::super::{Ledger, RawCell, Rules, Shape, release};
    use super::*;
    use crate::programme::{Indicator, Text};

    fn contract(mode: PaymentMode) -> Payment {
        let title = Text { da: "d".to_owned(), en: "e".to_owned() };
        let indicator = Indicator {
            id: "one".to_owned(),
            title,
            success: 0,
            window: (0, 1),
            baseline: 300,
            tariff: 100_000,
            cap: 5_000_000,
        };
        Payment { index: 0, mode, tranche: 5, indicators: vec![indicator], cap: 5_000_000, floor: 0 }
    }

    fn counted(units: u32, successes: u32) -> Tabulation {
        let cell = |key: &str, persons: u32, of| RawCell {
            of,
            ..RawCell::persons(vec![key.to_owned()], (0..persons).collect(), u64::from(persons))
        };
        let cells = vec![cell("enrolled", units, None), cell("one", successes, Some(0))];
        Tabulation::counts(Shape::Parts, vec!["indicator".to_owned()], cells)
    }

    fn settled(units: u32, successes: u32) -> Result<Settlement, SettlementError> {
        let mut ledger = Ledger::default();
        let pending = release(counted(units, successes), &context("q", 1), &Rules::standard(), &ledger);
        let table = ledger.commit(pending.expect("formed"), |_| Ok::<(), Infallible>(())).expect("kept");
        settle_banded(&table, &contract(PaymentMode::Banded), &Rules::standard()).map(Released::into_value)
    }

    #[test]
    fn exact_counts_pay_as_the_contract_says() {
        let exact = |successes| {
            let settled = settle_verified(
                &counted(25, successes),
                &contract(PaymentMode::Verified),
                &Rules::standard(),
            );
            settled.expect("all permit").into_value().amount
        };
        assert_eq!((exact(18), exact(17), exact(12)), (1_000_000, 500_000, 0));
    }

    #[test]
    fn one_person_without_a_yes_stops_an_exact_statement() {
        let tabulation = Tabulation { left_out: (90..91).collect(), ..counted(25, 18) };
        let refused =
            settle_verified(&tabulation, &contract(PaymentMode::Verified), &Rules::standard()).err();
        assert_eq!(refused, Some(SettlementError::NotPermitted));
        let other =
            settle_verified(&counted(25, 18), &contract(PaymentMode::Banded), &Rules::standard()).err();
        assert_eq!(other, Some(SettlementError::Form));
    }

    /// Attack: the payer reads the number of successes off the amount.
    #[test]
    fn a_banded_amount_tells_no_more_than_the_shown_counts() {
        for successes in 0..=100 {
            let found = settled(100, successes).expect("enough");
            let shown = (8..=100).contains(&successes).then_some((u64::from(successes) + 2) / 5 * 5);
            // Within 7 of everybody, the successes read as everybody does (R8).
            let shown = if successes >= 93 { Some(100) } else { shown };
            assert_eq!(
                found,
                settle(&contract(PaymentMode::Banded), 100, &[shown], banding(&Rules::standard())),
                "{successes}"
            );
        }
        assert_eq!(settled(7, 7), Err(SettlementError::Few));
    }
}
