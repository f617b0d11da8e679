//! Contracts that are margined and settled in the coin they are written on.
//!
//! **Options.** A coin-settled option pays `max(±(S − K), 0)/S` coins at expiry. Its premium in coin
//! is the undiscounted Black price over the forward: under the measure whose unit is the coin, the
//! discount drops out. Someone who holds a coin position also holds its premium in coin, so the hedge
//! is not the dollar delta but the *net delta*, `delta − premium in coin`: coins of exposure that are
//! left after the premium has moved too.
//!
//! **Futures.** A contract is an amount of quote currency (a dollar count), so `contracts_quote` of
//! them pay `side × contracts_quote × (1/entry − 1/mark)` coins.
//!
//! # Source
//! Deribit, "Inverse options" and "Net transaction delta", <https://support.deribit.com>; the algebra is
//! checked against 60-digit differentiation of the coin price.

use super::{Right, black76};

/// A coin-settled option's premium and its derivatives. No discounting: see the module.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoinGreeks {
    /// Premium in coin.
    pub price: f64,
    /// The same in quote currency: price × forward.
    pub price_quote: f64,
    /// By the forward, of the price in quote currency: between −1 and 1.
    pub delta: f64,
    /// Coins of exposure with the premium held in coin: `delta − price`; forward × `slope`.
    pub delta_net: f64,
    /// Coin premium by the forward.
    pub slope: f64,
    /// Coin premium, second by the forward.
    pub curvature: f64,
    /// Coin premium per 1.00 of volatility.
    pub vega: f64,
    /// Coin premium per year passing.
    pub theta: f64,
}

/// A coin-settled European option; arguments and edges as in [`black76::greeks`].
#[must_use]
pub fn coin_greeks(right: Right, forward: f64, strike: f64, vol: f64, years: f64) -> CoinGreeks {
    let quote = black76::greeks(right, forward, strike, vol, years, 0.0);
    let price = quote.price / forward;
    let delta_net = quote.delta - price;
    let slope = delta_net / forward;
    CoinGreeks {
        price,
        price_quote: quote.price,
        delta: quote.delta,
        delta_net,
        slope,
        // (P/F)″ = P″/F − 2 (P/F)′/F.
        curvature: (quote.gamma - 2.0 * slope) / forward,
        vega: quote.vega / forward,
        theta: quote.theta / forward,
    }
}

/// What a coin-settled option pays at expiry, in coin.
#[must_use]
pub fn coin_payoff(right: Right, settlement: f64, strike: f64) -> f64 {
    right.intrinsic(settlement, strike) / settlement
}

/// P&L in coin of `contracts_quote` bought (positive) or sold (negative) at `entry`, now at `mark`.
#[must_use]
pub fn future_pnl(contracts_quote: f64, entry: f64, mark: f64) -> f64 {
    // One subtraction of prices, and not of reciprocals, keeps small moves exact.
    contracts_quote * ((mark - entry) / (entry * mark))
}

/// How [`future_pnl`] moves with the mark: coins per unit of quote currency.
#[must_use]
pub fn future_pnl_slope(contracts_quote: f64, mark: f64) -> f64 {
    contracts_quote / (mark * mark)
}

/// The mark at which the loss has used up `collateral` coins; none when no finite price does.
///
/// A short whose collateral is worth its contracts at entry, or more, cannot go bankrupt: its loss in
/// coin is at most `|contracts_quote| / entry`.
#[must_use]
pub fn bankruptcy_price(contracts_quote: f64, entry: f64, collateral: f64) -> Option<f64> {
    let reciprocal = 1.0 / entry + collateral / contracts_quote;
    (reciprocal > 0.0).then_some(1.0 / reciprocal).filter(|price| price.is_finite())
}
