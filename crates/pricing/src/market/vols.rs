//! Quoted volatilities of one expiry, strike by strike: published, or read off option marks.

use plimsoll_core::{Decimal, Timestamp, Underlying};
use plimsoll_numerics::exp;

use super::MarketError;
use super::snapshot::{ExpiryQuote, MarkQuote, SviQuote};
use crate::float::float;
use crate::formulas::implied_vol::implied_vol;
use crate::formulas::{Right, svi};
use crate::instruments::{EuropeanOption, PremiumStyle, Style};

/// What is known of the volatility of one expiry.
#[derive(Clone, Debug)]
pub(super) struct ExpiryVols {
    pub(super) expiry: Timestamp,
    pub(super) years: f64,
    pub(super) forward: f64,
    pub(super) svi: Option<svi::Raw>,
    /// Strike and volatility, strikes ascending.
    pub(super) strikes: Vec<(f64, f64)>,
}

impl ExpiryVols {
    /// The volatility quoted at exactly this strike.
    pub(super) fn at(&self, strike: f64) -> Option<f64> {
        let place = self.strikes.binary_search_by(|(quoted, _)| quoted.total_cmp(&strike)).ok()?;
        Some(self.strikes[place].1)
    }
}

/// One option's mark, as far as volatility can be read off it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OptionMark {
    right: Right,
    strike: f64,
    vol: Option<f64>,
    /// Mark price, in coin or in the quote.
    price: Option<f64>,
    in_coin: bool,
    /// Whether the price is what the payoff is worth today, not at expiry.
    discounted: bool,
}

impl OptionMark {
    /// The mark of `option`; `None` when it says nothing about volatility.
    pub(super) fn new(option: &EuropeanOption, mark: &MarkQuote) -> Option<Self> {
        let positive = |value: &Option<Decimal>| value.map(float).filter(|value| *value > 0.0);
        let rate = match option.style {
            Style::Quanto { rate } => float(rate),
            Style::Linear | Style::Inverse => 1.0,
        };
        let mark = Self {
            right: option.right,
            strike: float(option.strike),
            vol: positive(&mark.vol),
            price: positive(&mark.price).map(|price| price / rate),
            in_coin: option.style == Style::Inverse,
            discounted: option.premium == PremiumStyle::Paid && option.style != Style::Inverse,
        };
        (mark.strike > 0.0 && (mark.vol.is_some() || mark.price.is_some())).then_some(mark)
    }

    /// Its volatility: as published, else implied by its price.
    fn vol(&self, forward: f64, years: f64, rate: f64) -> Option<f64> {
        self.vol.or_else(|| {
            let price = self.price? * if self.in_coin { forward } else { 1.0 };
            let growth = if self.discounted { exp(rate * years) } else { 1.0 };
            implied_vol(self.right, forward, self.strike, years, price * growth).ok().filter(|vol| *vol > 0.0)
        })
    }

    /// Whether it is out of the money: its price is then all time value.
    fn is_out(&self, forward: f64) -> bool {
        (self.right == Right::Call) == (self.strike >= forward)
    }
}

/// One volatility a strike from option marks: that of the option out of the money where it has
/// one, else that of its twin. Of several such options the first listed counts.
pub(super) fn from_marks(marks: &[OptionMark], forward: f64, years: f64, rate: f64) -> Vec<(f64, f64)> {
    let mut sorted: Vec<&OptionMark> = marks.iter().collect();
    sorted.sort_by(|left, right| {
        left.strike.total_cmp(&right.strike).then(right.is_out(forward).cmp(&left.is_out(forward)))
    });
    let mut strikes: Vec<(f64, f64)> = Vec::with_capacity(sorted.len() / 2 + 1);
    for mark in sorted {
        let known = strikes.last().is_some_and(|(strike, _)| strike.total_cmp(&mark.strike).is_eq());
        if let (false, Some(vol)) = (known, mark.vol(forward, years, rate)) {
            strikes.push((mark.strike, vol));
        }
    }
    strikes
}

/// The published volatilities as floats.
///
/// # Errors
/// [`MarketError::NotPositive`], [`MarketError::StrikesNotAscending`].
pub(super) fn published(
    underlying: Underlying,
    expiry: Timestamp,
    quote: &ExpiryQuote,
) -> Result<Vec<(f64, f64)>, MarketError> {
    let mut before: Option<Decimal> = None;
    let mut strikes = Vec::with_capacity(quote.vols.len());
    for quoted in &quote.vols {
        for (what, value) in [("strike", quoted.strike), ("vol", quoted.vol)] {
            if value.signum() <= 0 {
                return Err(MarketError::NotPositive { underlying, expiry: Some(expiry), what, value });
            }
        }
        if let Some(before) = before.filter(|before| *before >= quoted.strike) {
            return Err(MarketError::StrikesNotAscending { underlying, expiry, before, strike: quoted.strike });
        }
        before = Some(quoted.strike);
        strikes.push((float(quoted.strike), float(quoted.vol)));
    }
    Ok(strikes)
}

/// A published slice as floats.
///
/// # Errors
/// [`MarketError::BadSvi`].
pub(super) fn published_svi(
    underlying: Underlying,
    expiry: Timestamp,
    quote: &SviQuote,
) -> Result<svi::Raw, MarketError> {
    let one = Decimal::ONE;
    let slice = svi::Raw {
        a: float(quote.a),
        b: float(quote.b),
        rho: float(quote.rho),
        m: float(quote.m),
        sigma: float(quote.sigma),
    };
    let checks = [
        ("b", quote.b, quote.b.signum() >= 0, "at least 0"),
        ("rho", quote.rho, quote.rho < one && quote.rho > one.negated(), "above -1 and below 1"),
        ("sigma", quote.sigma, quote.sigma.signum() > 0, "a positive number"),
        ("a", quote.a, slice.variance_min() > 0.0, "a + b sigma sqrt(1 - rho^2), the least total variance, above 0"),
    ];
    match checks.into_iter().find(|(_, _, good, _)| !good) {
        Some((parameter, value, _, expected)) => {
            Err(MarketError::BadSvi { underlying, expiry, parameter, value, expected })
        }
        None => Ok(slice),
    }
}
