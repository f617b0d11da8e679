//! What is charged beside the matrix: rolling from expiry to expiry, and large deltas.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_numerics::exp;
use plimsoll_pricing::float::{decimal, float};

use crate::MarginError;

/// Rules of one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShockRules {
    /// The least move of an expiry against the others; a perpetual's.
    pub minimum_move: Decimal,
    /// The move of an expiry a year away.
    pub annual_move: Decimal,
    /// Whether it compounds: exp(move × years) − 1 in place of move × years.
    pub compounds: bool,
    /// Delta in money up to which there is no delta shock.
    pub delta_threshold: Decimal,
    /// What one of the settlement asset more adds to the rate.
    pub delta_slope: Decimal,
    /// The most the shock can be.
    pub delta_most: Decimal,
}

impl ShockRules {
    /// |net delta| of one expiry × its move: the larger of the minimum and the annual move × `years`, linear or
    /// compounded. Deltas and the charge are in the settlement asset.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Deribit, private/simulate; verified at the minimum, the annual branch is not.
    pub fn roll(&self, net_delta: Decimal, years: Decimal) -> Result<Decimal, MarginError> {
        Ok(net_delta.abs().times(self.roll_move(years)?, Rounding::Up)?)
    }

    /// How far an expiry moves against the others.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn roll_move(&self, years: Decimal) -> Result<Decimal, MarginError> {
        let linear = self.annual_move.times(years, Rounding::Up)?;
        let by = if self.compounds { decimal(exp(float(linear)) - 1.0, Decimal::PLACES)? } else { linear };
        Ok(by.max(self.minimum_move))
    }

    /// The charge on a large net delta: a rate that rises by the slope with every unit past the threshold, × the
    /// delta. Delta, slope and charge are in the settlement asset, of which one is worth `price` in money.
    ///
    /// # Errors
    /// [`MarginError::Number`]; a price of zero.
    /// # Source
    /// Parameter names of Deribit's `public/pme/get_params`; the rule is a reading by their names: the slope is
    /// that of standard margin.
    pub fn delta(&self, net_delta: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
        let size = net_delta.abs();
        let free = self.delta_threshold.over(price, Rounding::Down)?;
        let past = size.minus(free)?.or_zero();
        let rate = self.delta_slope.times(past, Rounding::Up)?.min(self.delta_most);
        Ok(size.times(rate, Rounding::Up)?)
    }
}

/// The delta of an option that settles over the last `window` minutes, `elapsed` of them gone, and the same
/// less its mark: what of both is still to be fixed.
///
/// # Errors
/// [`MarginError::NotPositive`] for a window of nothing; [`MarginError::Number`].
/// # Source
/// Deribit support, article 25944751433757, "Delta decay during settlement".
pub fn settling_delta(
    delta: Decimal,
    mark: Decimal,
    elapsed: Decimal,
    window: Decimal,
) -> Result<(Decimal, Decimal), MarginError> {
    if window.signum() <= 0 {
        return Err(MarginError::NotPositive { what: "settlement window", value: window });
    }
    let gone = elapsed.or_zero().min(window);
    let left = window.minus(gone)?;
    let of = |figure: Decimal| figure.times_ratio(left, window, Rounding::HalfEven);
    let delta = of(delta)?;
    Ok((delta, delta.minus(of(mark)?)?))
}
