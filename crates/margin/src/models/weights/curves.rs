//! How weights bend with size: √size premium and discount, caps, gains.

use plimsoll_core::{Decimal, Rounding};
use plimsoll_pricing::float::{decimal, float};

use crate::MarginError;

/// √size, to 18 places.
fn root(size: Decimal) -> Result<Decimal, MarginError> {
    Ok(decimal(float(size.abs()).sqrt(), Decimal::PLACES)?)
}

/// Weight of an asset of `size` units: `min(weight, 1.1 ÷ (1 + imf·√size))`. It binds at every level.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Drift protocol-v2 at 0ae3e3b (2026-04-01), margin tests: size discount.
pub fn size_discount(weight: Decimal, imf: Decimal, size: Decimal) -> Result<Decimal, MarginError> {
    let bent = Decimal::ONE.plus(imf.times(root(size)?, Rounding::Up)?)?;
    Ok(weight.min(Decimal::new(11, 1).over(bent, Rounding::Down)?))
}

/// Ratio of a perpetual, or weight of a debt, of `size` units: `max(base, 0.8·base + imf·√size)`.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`size_discount`]: size premium.
pub fn size_premium(base: Decimal, imf: Decimal, size: Decimal) -> Result<Decimal, MarginError> {
    let bent = base.times(Decimal::new(8, 1), Rounding::Up)?.plus(imf.times(root(size)?, Rounding::Up)?)?;
    Ok(base.max(bent))
}

/// Initial weight of an asset of which the venue holds `deposits` (in money): × cap ÷ deposits past the cap. A cap
/// of zero is none.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`size_discount`]: collateral concentration. Mango v4 scales so, too.
pub fn capped(weight: Decimal, cap: Decimal, deposits: Decimal) -> Result<Decimal, MarginError> {
    if cap.is_zero() || deposits <= cap {
        return Ok(weight);
    }
    Ok(weight.times_ratio(cap, deposits, Rounding::Down)?)
}

/// Weight of a gain not yet realised: `min(weight, 1.1 ÷ (1 + imf·√gain))`.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`size_discount`]: unrealised asset weight.
pub fn gain_weight(weight: Decimal, imf: Decimal, gain: Decimal) -> Result<Decimal, MarginError> {
    size_discount(weight, imf, gain)
}

/// The weight at which an order is checked when it is matched: the mean of initial and maintenance.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// As [`size_discount`]: fill margin.
pub fn fill(initial: Decimal, maintenance: Decimal) -> Result<Decimal, MarginError> {
    Ok(initial.plus(maintenance)?.times(Decimal::new(5, 1), Rounding::Down)?)
}
