//! What an effect contract pays: whole numbers, every term told. Source: the contract's own formula, with rule R16 of
//! `docs/DISCLOSURE.md` over it.
//!
//! For N units with s successes, a baseline of b per 1,000, a tranche of w successes and a tariff t:
//! `m = floor(max(0, s - b N / 1000) / w)`, and `m w t` is paid, up to the indicator's cap; the sum over indicators is
//! held between the contract's floor and cap. In mode `banded` no tranche begins above N - 8.

use super::question::{Indicator, Payment, PaymentMode};

/// R16: how far from everybody the last boundary stays.
const COMPLEMENT: u64 = 8;

/// What one indicator comes to. Amounts are in øre.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Earned {
    /// Code of the indicator.
    pub indicator: String,
    /// Successes that were counted; none where they are hidden, which counts as 0.
    pub successes: Option<u64>,
    /// What would have happened anyhow, in thousandths of a success: b N.
    pub expected_thousandths: u64,
    /// Whole tranches reached.
    pub tranches: u64,
    /// Whole tranches that can be reached at most.
    pub most_tranches: u64,
    /// Successes of the tranches reached.
    pub paid_successes: u64,
    /// Before the indicator's cap.
    pub before_cap: u64,
    /// After it.
    pub amount: u64,
    /// Left to the indicator's cap.
    pub left_to_cap: u64,
}

/// What a contract comes to. Amounts are in øre.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Settlement {
    /// Units enrolled.
    pub units: u64,
    /// By indicator, in the contract's order.
    pub indicators: Vec<Earned>,
    /// The sum of the indicators.
    pub before_cap: u64,
    /// What is paid.
    pub amount: u64,
    /// Left to the contract's cap.
    pub left_to_cap: u64,
}

/// The tranches that a number of successes reaches, of so many units.
#[must_use]
pub fn tranches(payment: &Payment, indicator: &Indicator, units: u64, successes: u64) -> u64 {
    let beyond = (1000 * u128::from(successes)).saturating_sub(expected(indicator, units));
    let reached = beyond / (1000 * u128::from(payment.tranche.max(1)));
    u64::try_from(reached).unwrap_or(u64::MAX).min(most_tranches(payment, indicator, units))
}

/// The most tranches that so many units can reach: those of everybody's success, or, in mode `banded`, those that begin
/// at N - 8 or below.
#[must_use]
pub fn most_tranches(payment: &Payment, indicator: &Indicator, units: u64) -> u64 {
    let last = match payment.mode {
        PaymentMode::Banded => units.saturating_sub(COMPLEMENT),
        PaymentMode::Verified => units,
    };
    let beyond = (1000 * u128::from(last)).saturating_sub(expected(indicator, units));
    u64::try_from(beyond / (1000 * u128::from(payment.tranche.max(1)))).unwrap_or(u64::MAX)
}

/// b N, in thousandths.
fn expected(indicator: &Indicator, units: u64) -> u128 {
    u128::from(indicator.baseline) * u128::from(units)
}

/// Settles a contract: `successes` stand in the order of its indicators.
#[must_use]
pub fn settle(payment: &Payment, units: u64, successes: &[Option<u64>]) -> Settlement {
    let all = payment.indicators.iter().zip(successes);
    let indicators: Vec<Earned> = all
        .map(|(indicator, successes)| {
            let reached = tranches(payment, indicator, units, successes.unwrap_or(0));
            let paid_successes = reached.saturating_mul(u64::from(payment.tranche));
            let before_cap = paid_successes.saturating_mul(indicator.tariff);
            let amount = before_cap.min(indicator.cap);
            Earned {
                indicator: indicator.id.clone(),
                successes: *successes,
                expected_thousandths: u64::try_from(expected(indicator, units)).unwrap_or(u64::MAX),
                tranches: reached,
                most_tranches: most_tranches(payment, indicator, units),
                paid_successes,
                before_cap,
                amount,
                left_to_cap: indicator.cap - amount,
            }
        })
        .collect();
    let before_cap = indicators.iter().fold(0u64, |sum, earned| sum.saturating_add(earned.amount));
    let amount = before_cap.min(payment.cap).max(payment.floor);
    Settlement { units, indicators, before_cap, amount, left_to_cap: payment.cap.saturating_sub(amount) }
}

/// The numbers of tranches that can ever be reached with so many units, each with what it pays, in øre. In mode
/// `banded` successes below 8 are hidden and count as 0, and the others are rounded to 5.
#[must_use]
pub fn reachable(payment: &Payment, indicator: &Indicator, units: u64) -> Vec<(u64, u64)> {
    let mut reached: Vec<(u64, u64)> = Vec::new();
    for successes in 0..=units {
        let counted = match payment.mode {
            PaymentMode::Banded if successes < COMPLEMENT => 0,
            PaymentMode::Banded => (successes + 2) / 5 * 5,
            PaymentMode::Verified => successes,
        };
        let tranches = tranches(payment, indicator, units, counted);
        let amount = tranches
            .saturating_mul(u64::from(payment.tranche))
            .saturating_mul(indicator.tariff)
            .min(indicator.cap);
        if !reached.contains(&(tranches, amount)) {
            reached.push((tranches, amount));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::programme::Text;

    fn payment(mode: PaymentMode, baseline: u32, tranche: u32, tariff: u64) -> Payment {
        let title = Text { da: "d".to_owned(), en: "e".to_owned() };
        let indicator = Indicator {
            id: "one".to_owned(),
            title,
            success: 0,
            window: (0, 1),
            baseline,
            tariff,
            cap: u64::MAX / 4,
        };
        Payment { index: 0, mode, tranche, indicators: vec![indicator], cap: u64::MAX / 2, floor: 0 }
    }

    fn paid(payment: &Payment, units: u64, successes: u64) -> u64 {
        settle(payment, units, &[Some(successes)]).amount
    }

    /// N = 25, b = 0.30, w = 5, t = 100,000: s = 18 gives 1,000,000 and s = 17 gives 500,000, before R16.
    #[test]
    fn the_example_of_the_contract() {
        let exact = payment(PaymentMode::Verified, 300, 5, 100_000);
        assert_eq!(paid(&exact, 25, 18), 1_000_000);
        assert_eq!(paid(&exact, 25, 17), 500_000);
        assert_eq!(paid(&exact, 25, 12), 0, "4.5 beyond what was expected");
        assert_eq!(paid(&exact, 25, 7), 0, "below what was expected");
        // R16: the second tranche begins at 17.5, and N - 8 is 17.
        let banded = payment(PaymentMode::Banded, 300, 5, 100_000);
        assert_eq!(paid(&banded, 25, 20), 500_000);
        assert_eq!(most_tranches(&banded, &banded.indicators[0], 25), 1);
        assert_eq!(reachable(&banded, &banded.indicators[0], 25), [(0, 0), (1, 500_000)]);
    }

    #[test]
    fn caps_and_floor() {
        let mut contract = payment(PaymentMode::Verified, 0, 5, 100);
        contract.indicators[0].cap = 1200;
        let settled = settle(&contract, 100, &[Some(40)]);
        assert_eq!((settled.indicators[0].before_cap, settled.indicators[0].amount), (4000, 1200));
        assert_eq!(settled.indicators[0].left_to_cap, 0);
        contract.cap = 1000;
        contract.floor = 300;
        assert_eq!(settle(&contract, 100, &[Some(40)]).amount, 1000);
        let nothing = settle(&contract, 100, &[None]);
        assert_eq!((nothing.amount, nothing.left_to_cap, nothing.indicators[0].tranches), (300, 700, 0));
    }

    proptest! {
        /// R16: in mode `banded` an amount changes at most once in any five neighbouring numbers of successes, and
        /// never within 8 of everybody.
        #[test]
        fn an_amount_tells_a_band_of_successes(
            baseline in 0_u32..=1000, tranche in 5_u32..20, units in 0_u64..200, successes in 0_u64..200,
        ) {
            let contract = payment(PaymentMode::Banded, baseline, tranche, 10);
            let shown = |s: u64| if s < 8 { None } else { Some((s + 2) / 5 * 5) };
            let amount = |s: u64| settle(&contract, units, &[shown(s)]).amount;
            prop_assume!(successes <= units);
            // Whoever reads the amount cannot tell everybody's success from that of all but seven, or of all but the
            // rounding of that.
            if units >= 18 && successes + 8 > units {
                prop_assert!(amount(successes) == amount(units) || successes + 10 <= units + 2 + 5);
            }
            let changes = (successes..(successes + 5).min(units)).filter(|s| amount(*s) != amount(s + 1)).count();
            prop_assert!(changes <= 1);
        }

        #[test]
        fn more_successes_never_pay_less_and_the_terms_add_up(
            baseline in 0_u32..=1000, tranche in 5_u32..20, units in 0_u64..500, a in 0_u64..500, b in 0_u64..500,
            cap in 0_u64..100_000, verified: bool,
        ) {
            let mode = if verified { PaymentMode::Verified } else { PaymentMode::Banded };
            let mut contract = payment(mode, baseline, tranche, 100);
            contract.cap = cap;
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(paid(&contract, units, low) <= paid(&contract, units, high));
            let settled = settle(&contract, units, &[Some(high)]);
            let earned = &settled.indicators[0];
            prop_assert_eq!(earned.paid_successes, earned.tranches * u64::from(tranche));
            prop_assert_eq!(earned.before_cap, earned.paid_successes * 100);
            prop_assert!(1000 * earned.paid_successes + earned.expected_thousandths <= 1000 * high || earned.tranches == 0);
            prop_assert_eq!(settled.amount + settled.left_to_cap, cap);
        }
    }
}
