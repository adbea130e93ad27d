//! What an effect contract pays, and what a cohort can ever be paid: whole numbers, every term told.
//!
//! `m = floor(max(0, s - b N) / w)` tranches are reached by `s` successes of `N` units at a baseline `b`, and each pays
//! `w t` up to the indicator's cap (`docs/QUESTIONS.md`, Q20). In mode banded `s` is what rule R3 shows, nothing below
//! the threshold, and rule R16 lets no boundary lie so high that an amount tells that almost all succeeded.

use super::question::{Indicator, Payment, PaymentMode};

/// How banded successes are counted: numbers of the disclosure rules, which this room does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Banding {
    /// Fewest successes that count at all (R1).
    pub least: u64,
    /// Others are rounded to the nearest multiple of it, at least 1 (R3).
    pub rounding: u64,
    /// No boundary lies above N less this (R16).
    pub margin: u64,
}

/// An amount that an indicator can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// Tranches.
    pub tranches: u64,
    /// Fewest verified successes that reach them.
    pub successes: u64,
    /// What they pay, in øre: at most the indicator's cap, before cap and floor over all.
    pub amount: u64,
}

impl Banding {
    /// Successes as they count in a mode, of `units` enrolled.
    #[must_use]
    pub fn counted(self, mode: PaymentMode, units: u64, successes: u64) -> u64 {
        if mode == PaymentMode::Verified {
            return successes;
        }
        let seen = successes.min(units.saturating_sub(self.margin));
        if seen < self.least {
            return 0;
        }
        let grid = self.rounding.max(1);
        seen.saturating_add(grid / 2) / grid * grid
    }
}

impl Indicator {
    /// Tranches of `size` that so many counted successes of `units` reach beyond the baseline.
    #[must_use]
    pub fn tranches(&self, size: u32, units: u64, counted: u64) -> u64 {
        // In thousandths of a success, so that nothing is rounded before the division.
        let expected = u128::from(self.baseline) * u128::from(units);
        let beyond = (u128::from(counted) * 1000).saturating_sub(expected);
        u64::try_from(beyond / (u128::from(size.max(1)) * 1000)).expect("not more than what was counted")
    }

    /// What so many tranches of `size` pay, in øre, up to this indicator's cap.
    #[must_use]
    pub fn amount(&self, size: u32, tranches: u64) -> u64 {
        tranches.saturating_mul(u64::from(size)).saturating_mul(self.tariff).min(self.cap)
    }
}

impl Payment {
    /// The statement's sum, in øre: the indicators' amounts, at least the floor and at most the cap over all.
    #[must_use]
    pub fn total(&self, amounts: &[u64]) -> u64 {
        let sum = amounts.iter().fold(0_u64, |sum, amount| sum.saturating_add(*amount));
        sum.max(self.floor).min(self.cap)
    }
}

/// What one indicator comes to. Amounts are in øre.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// What they pay, up to the indicator's cap.
    pub amount: u64,
    /// Left to the indicator's cap.
    pub left_to_cap: u64,
}

/// What a contract comes to. Amounts are in øre.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// Settles a contract: `successes` stand in the order of its indicators; those that are hidden count as none.
#[must_use]
pub fn settle(payment: &Payment, units: u64, successes: &[Option<u64>], banding: Banding) -> Settlement {
    let all = payment.indicators.iter().zip(successes);
    let indicators: Vec<Earned> = all
        .map(|(indicator, successes)| {
            let reached = |successes| {
                let counted = banding.counted(payment.mode, units, successes);
                indicator.tranches(payment.tranche, units, counted)
            };
            let tranches = reached(successes.unwrap_or(0));
            let amount = indicator.amount(payment.tranche, tranches);
            Earned {
                indicator: indicator.id.clone(),
                successes: *successes,
                expected_thousandths: u64::from(indicator.baseline).saturating_mul(units),
                tranches,
                most_tranches: reached(units),
                paid_successes: tranches.saturating_mul(u64::from(payment.tranche)),
                amount,
                left_to_cap: indicator.cap - amount,
            }
        })
        .collect();
    let amounts: Vec<u64> = indicators.iter().map(|earned| earned.amount).collect();
    let amount = payment.total(&amounts);
    Settlement {
        units,
        indicators,
        before_cap: amounts.iter().fold(0, |sum, amount| sum.saturating_add(*amount)),
        amount,
        left_to_cap: payment.cap.saturating_sub(amount),
    }
}

/// Every amount that an indicator can reach in a cohort of `units`, from none on, in order: one entry for each amount.
#[must_use]
pub fn payment_reach(
    payment: &Payment,
    indicator: &Indicator,
    mode: PaymentMode,
    units: u32,
    banding: Banding,
) -> Vec<Reachable> {
    let units = u64::from(units);
    let mut reached: Vec<Reachable> = Vec::new();
    for successes in 0..=units {
        let counted = banding.counted(mode, units, successes);
        let tranches = indicator.tranches(payment.tranche, units, counted);
        let amount = indicator.amount(payment.tranche, tranches);
        if reached.last().is_none_or(|last| last.amount < amount) {
            reached.push(Reachable { tranches, successes, amount });
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::model::Text;
    use super::*;

    const BANDING: Banding = Banding { least: 8, rounding: 5, margin: 8 };

    fn contract(tranche: u32, baseline: u32, tariff: u64, cap: u64) -> (Payment, Indicator) {
        let title = Text { da: "Virkning".to_owned(), en: "Effect".to_owned() };
        let indicator =
            Indicator { id: "effect".to_owned(), title, success: 0, window: (0, 365), baseline, tariff, cap };
        let indicators = vec![indicator.clone()];
        (Payment { index: 0, mode: PaymentMode::Banded, tranche, indicators, cap, floor: 0 }, indicator)
    }

    fn amounts(units: u32, mode: PaymentMode) -> Vec<(u64, u64)> {
        let (payment, indicator) = contract(5, 300, 100_000, u64::MAX);
        let reached = payment_reach(&payment, &indicator, mode, units, BANDING);
        reached.iter().map(|reached| (reached.successes, reached.amount)).collect()
    }

    #[test]
    fn the_example_of_the_questions() {
        // N = 25, b = 0.30, w = 5, t = 100,000: s = 17 gives 500,000, s = 18 gives 1,000,000.
        let verified = amounts(25, PaymentMode::Verified);
        assert_eq!(verified, [(0, 0), (13, 500_000), (18, 1_000_000), (23, 1_500_000)]);
        // Banded, 18 would be a boundary above N - 8 = 17, and is none.
        assert_eq!(amounts(25, PaymentMode::Banded), [(0, 0), (13, 500_000)]);
        assert_eq!(amounts(15, PaymentMode::Banded), [(0, 0)], "too few to be told apart");
        assert_eq!(amounts(0, PaymentMode::Verified), [(0, 0)]);
    }

    #[test]
    fn a_settlement_tells_every_term() {
        let (mut payment, _) = contract(5, 300, 100_000, 700_000);
        payment.mode = PaymentMode::Verified;
        let paid = |successes| settle(&payment, 25, &[successes], BANDING);
        let settled = paid(Some(18));
        let earned = &settled.indicators[0];
        assert_eq!((earned.expected_thousandths, earned.tranches, earned.most_tranches), (7500, 2, 3));
        assert_eq!((earned.paid_successes, earned.amount, earned.left_to_cap), (10, 700_000, 0));
        assert_eq!((settled.before_cap, settled.amount, settled.left_to_cap), (700_000, 700_000, 0));
        assert_eq!(paid(Some(17)).amount, 500_000);
        assert_eq!(paid(None).amount, 0);
    }

    #[test]
    fn caps_and_floor() {
        let (mut payment, indicator) = contract(5, 0, 10, 120);
        assert_eq!([0, 1, 2, 3].map(|m| indicator.amount(5, m)), [0, 50, 100, 120]);
        (payment.cap, payment.floor) = (150, 60);
        assert_eq!(payment.total(&[]), 60);
        assert_eq!(payment.total(&[50, 20]), 70);
        assert_eq!(payment.total(&[100, 100]), 150);
    }

    proptest! {
        #[test]
        fn more_successes_never_pay_less_and_the_terms_add_up(
            baseline in 0_u32..=1000, tranche in 5_u32..20, units in 0_u64..500, a in 0_u64..500, b in 0_u64..500,
            cap in 0_u64..100_000, verified: bool,
        ) {
            let (mut payment, _) = contract(tranche, baseline, 100, cap);
            payment.mode = if verified { PaymentMode::Verified } else { PaymentMode::Banded };
            let paid = |successes: u64| settle(&payment, units, &[Some(successes.min(units))], BANDING);
            prop_assert!(paid(a.min(b)).amount <= paid(a.max(b)).amount);
            let settled = paid(a);
            let earned = &settled.indicators[0];
            prop_assert!(earned.tranches <= earned.most_tranches);
            prop_assert_eq!(earned.paid_successes, earned.tranches * u64::from(tranche));
            prop_assert_eq!(earned.amount, (earned.paid_successes * 100).min(cap));
            prop_assert_eq!(settled.amount + settled.left_to_cap, cap);
        }

        #[test]
        fn banded_boundaries_lie_on_the_grid_and_tell_no_small_group(
            units in 0_u32..400, tranche in 5_u32..12, baseline in 0_u32..=1000,
        ) {
            let (payment, indicator) = contract(tranche, baseline, 1, u64::MAX);
            let banded = payment_reach(&payment, &indicator, PaymentMode::Banded, units, BANDING);
            for reached in &banded[1..] {
                prop_assert!(reached.successes >= 8 && reached.successes + 8 <= u64::from(units));
                prop_assert!(reached.successes == 8 || reached.successes % 5 == 3, "where R3 rounds up");
            }
            for pair in banded.windows(2) {
                prop_assert!(pair[0].successes + 5 <= pair[1].successes, "at least five successes apart");
            }
        }

        #[test]
        fn verified_reaches_what_the_formula_says(
            units in 0_u32..300, tranche in 5_u32..12, baseline in 0_u32..=1000, successes in 0_u32..300,
        ) {
            let successes = u64::from(successes.min(units));
            let (payment, indicator) = contract(tranche, baseline, 7, u64::MAX);
            let m = (f64::from(u32::try_from(successes).expect("small"))
                - f64::from(baseline) * f64::from(units) / 1000.0) / f64::from(tranche);
            // Away from whole numbers, where a float cannot err.
            prop_assume!((m - m.round()).abs() > 1e-9);
            let reached = payment_reach(&payment, &indicator, PaymentMode::Verified, units, BANDING);
            let at = reached.iter().rev().find(|r| r.successes <= successes).expect("none at least");
            prop_assert_eq!(at.tranches as f64, m.max(0.0).floor());
        }
    }
}
