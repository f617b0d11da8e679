//! A market's liquidity tier: fractions that grow with open interest, and margins rounded up.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;

/// The least unit of quote: 10⁻⁶.
pub const QUANTUM: Decimal = Decimal::new(1, 6);

/// What a market asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidityTier {
    /// Initial margin fraction while open interest is low.
    pub initial: Decimal,
    /// Maintenance as a share of it.
    pub maintenance_fraction: Decimal,
    /// Open interest in money from which the initial fraction grows,
    pub oi_lower_cap: Decimal,
    /// and at which it is one; zero: it does not grow.
    pub oi_upper_cap: Decimal,
}

impl LiquidityTier {
    /// Initial margin fraction at an open interest: `min(base + max(0, (OI − lower) ÷ (upper − lower)) × (1 − base), 1)`,
    /// cut off at a millionth. An upper cap of zero lets nothing grow.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// dYdX v4-chain, `liquidity_tier_test.go`.
    pub fn initial_fraction(&self, open_interest: Decimal) -> Result<Decimal, MarginError> {
        let past = open_interest.minus(self.oi_lower_cap)?;
        if self.oi_upper_cap.is_zero() || past.signum() <= 0 {
            return Ok(self.initial);
        }
        if open_interest >= self.oi_upper_cap {
            return Ok(self.initial.max(Decimal::ONE));
        }
        let left = Decimal::ONE.minus(self.initial)?;
        let width = self.oi_upper_cap.minus(self.oi_lower_cap)?;
        // The venue counts fractions in whole millionths, and cuts off before a margin rounds up.
        let more = left.times_ratio(past, width, Rounding::Down)?.rounded(6, Rounding::Down)?;
        Ok(self.initial.plus(more)?)
    }

    /// Maintenance margin fraction, cut off at a millionth; open interest does not move it.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// As [`Self::initial_fraction`].
    pub fn maintenance_rate(&self) -> Result<Decimal, MarginError> {
        let rate = self.initial.times(self.maintenance_fraction, Rounding::Down)?;
        Ok(rate.rounded(6, Rounding::Down)?)
    }
}

/// The margin of a notional (without its sign) at a fraction, rounded up to whole `unit`s.
///
/// # Errors
/// [`MarginError::NotPositive`] for a unit of nothing; [`MarginError::Number`].
/// # Source
/// dYdX v4-chain, `lib_test.go`: both margins round up.
pub fn margin(notional: Decimal, fraction: Decimal, unit: Decimal) -> Result<Decimal, MarginError> {
    let exact = notional.abs().times(fraction, Rounding::Up)?;
    let Some((whole, rest)) = exact.split_by(unit) else {
        return Err(MarginError::NotPositive { what: "unit of quote", value: unit });
    };
    let up = if rest.is_zero() { whole } else { whole + 1 };
    Ok(unit.times_count(up)?)
}

/// A perpetual of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Perpetual {
    /// Base units, long > 0.
    pub size: Decimal,
    /// Oracle price.
    pub price: Decimal,
    /// Maintenance margin fraction.
    pub maintenance_rate: Decimal,
}

impl Perpetual {
    /// Its maintenance margin, rounded up.
    ///
    /// # Errors
    /// As [`margin`].
    pub fn maintenance(&self, unit: Decimal) -> Result<Decimal, MarginError> {
        margin(self.size.times(self.price, Rounding::HalfEven)?, self.maintenance_rate, unit)
    }
}

/// What an account has and must keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Quote and Σ size × oracle price (NC).
    pub net_collateral: Decimal,
    /// Σ maintenance margins (MM).
    pub maintenance: Decimal,
}

impl Standing {
    /// Of `quote` and perpetuals.
    ///
    /// # Errors
    /// As [`margin`].
    /// # Source
    /// dYdX v4-chain, subaccounts: net collateral and maintenance margin.
    pub fn of(quote: Decimal, held: &[Perpetual], unit: Decimal) -> Result<Self, MarginError> {
        let mut standing = Self { net_collateral: quote, maintenance: Decimal::ZERO };
        for perpetual in held {
            let value = perpetual.size.times(perpetual.price, Rounding::Down)?;
            standing.net_collateral = standing.net_collateral.plus(value)?;
            standing.maintenance = standing.maintenance.plus(perpetual.maintenance(unit)?)?;
        }
        Ok(standing)
    }

    /// Whether an account that is under its initial margin may come to `after`: maintenance margin does not rise
    /// and NC ÷ MM does not fall; without maintenance margin, only if net collateral improves.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// dYdX v4-chain, the state-transition rule for under-collateralised accounts; cross-multiplied.
    pub fn may_become(&self, after: &Self) -> Result<bool, MarginError> {
        if after.maintenance > self.maintenance {
            return Ok(false);
        }
        if after.maintenance.is_zero() {
            return Ok(after.net_collateral > self.net_collateral || after.net_collateral.signum() >= 0);
        }
        let now = self.net_collateral.times(after.maintenance, Rounding::Up)?;
        Ok(after.net_collateral.times(self.maintenance, Rounding::Down)? >= now)
    }
}
