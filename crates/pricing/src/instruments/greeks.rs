//! Greeks, with their units.

use super::{Style, Terms};
use crate::float::float;

/// How the value of one contract changes, in the quote currency and in what it settles in.
///
/// The price that moves is what the instrument is valued on: the forward of an option, the own mark of
/// a future, the index of spot and of a perpetual option. Everything else is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Greeks {
    /// Units of the underlying: change of value in the quote per 1 of price.
    pub delta: f64,
    /// Units of the underlying after the premium has moved too: delta − premium in coin for a
    /// coin-settled contract, else delta. What a holder of the coin premium hedges.
    pub delta_net: f64,
    /// Change of delta per 1 of price.
    pub gamma: f64,
    /// Quote currency per volatility point (0.01 of annual volatility).
    pub vega: f64,
    /// Quote currency per day that passes, of 365 a year.
    pub theta: f64,
    /// Quote currency per 1 % (0.01) of the rate, forward held.
    pub rho: f64,
    /// The same in the settlement asset.
    pub in_settlement: SettlementGreeks,
}

/// How the worth of one contract changes in its settlement asset: for a coin-settled contract, in coin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettlementGreeks {
    /// Settlement asset per 1 of price.
    pub delta: f64,
    /// Change of that delta per 1 of price.
    pub gamma: f64,
    /// Settlement asset per volatility point.
    pub vega: f64,
    /// Settlement asset per day.
    pub theta: f64,
    /// Settlement asset per 1 % of the rate.
    pub rho: f64,
}

/// Derivatives of one unit's value in the quote, per 1 of price, 1.00 of volatility and rate, and a year.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InQuote {
    pub(super) value: f64,
    pub(super) delta: f64,
    pub(super) gamma: f64,
    pub(super) vega: f64,
    pub(super) theta: f64,
    pub(super) rho: f64,
}

impl InQuote {
    /// What has no optionality: `delta` units of the underlying, and a value of nothing.
    pub(super) fn straight(delta: f64) -> Self {
        Self { delta, ..Self::default() }
    }

    /// One contract's Greeks in documented units. `price` is what the value moves with.
    pub(super) fn per_contract(self, style: Style, terms: &Terms, price: f64) -> Greeks {
        let size = float(terms.contract_size);
        let in_settlement = match style {
            Style::Inverse => self.divided_by(price),
            Style::Linear | Style::Quanto { .. } => self.times(float(style.rate())),
        };
        let delta_net = if style == Style::Inverse { self.delta - self.value / price } else { self.delta };
        let (quote, coin) = (self.times(size), in_settlement.times(size));
        Greeks {
            delta: quote.delta,
            delta_net: delta_net * size,
            gamma: quote.gamma,
            vega: quote.vega / VOL_POINTS,
            theta: quote.theta / DAYS,
            rho: quote.rho / PERCENT,
            in_settlement: SettlementGreeks {
                delta: coin.delta,
                gamma: coin.gamma,
                vega: coin.vega / VOL_POINTS,
                theta: coin.theta / DAYS,
                rho: coin.rho / PERCENT,
            },
        }
    }

    /// The derivatives of value ÷ price, price moving: (V/F)′ = (V′ − V/F)/F, (V/F)″ = (V″ − 2(V/F)′)/F.
    fn divided_by(self, price: f64) -> Self {
        let delta = (self.delta - self.value / price) / price;
        Self {
            value: self.value / price,
            delta,
            gamma: (self.gamma - 2.0 * delta) / price,
            vega: self.vega / price,
            theta: self.theta / price,
            rho: self.rho / price,
        }
    }

    fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            delta: self.delta * factor,
            gamma: self.gamma * factor,
            vega: self.vega * factor,
            theta: self.theta * factor,
            rho: self.rho * factor,
        }
    }
}

const VOL_POINTS: f64 = 100.0;
const PERCENT: f64 = 100.0;
const DAYS: f64 = 365.0;
