//! The P&L that perpetual and dated futures share.

use super::greeks::{Greeks, InQuote};
use super::worths::divisor;
use super::{Priced, Style, Terms};
use crate::float::float;

/// P&L of one contract from the current mark, per scenario.
///
/// Linear: size × mark × (g − 1). Inverse: size ÷ mark × (1 − 1/g), in coin.
pub(super) fn worths(terms: &Terms, style: Style, priced: &Priced, growth: &[f64], row: &mut [f64]) {
    let size = float(terms.contract_size) * float(style.rate());
    match style {
        Style::Linear | Style::Quanto { .. } => {
            let notional = size * priced.forward;
            for (worth, growth) in row.iter_mut().zip(growth) {
                *worth = notional * (growth - 1.0);
            }
        }
        Style::Inverse => {
            let coins = size / priced.forward;
            for (worth, growth) in row.iter_mut().zip(growth) {
                *worth = coins * ((growth - 1.0) / divisor(*growth));
            }
        }
    }
}

/// Delta is the size, or the coins that an inverse contract's quote amount buys at the mark.
pub(super) fn greeks(terms: &Terms, style: Style, priced: &Priced) -> Greeks {
    let units = if style == Style::Inverse { 1.0 / priced.forward } else { 1.0 };
    InQuote::straight(units).per_contract(style, terms, priced.forward)
}
