//! Deltas by expiry, and the spreads they form: what calendar spreads use, what is left for the rest.

use plimsoll_core::{Decimal, NumberError, Rounding, Timestamp};

use crate::spreads::{Leg, Side, Spreads};

/// How many spreads legs form: the least of |delta| ÷ delta per spread.
///
/// # Errors
/// [`NumberError::Overflow`], [`NumberError::DivisionByZero`].
pub fn formed(legs: &[(Decimal, Decimal)]) -> Result<Decimal, NumberError> {
    let mut least: Option<Decimal> = None;
    for (delta, per_spread) in legs {
        let one = delta.abs().over(*per_spread, Rounding::Down)?;
        least = Some(least.map_or(one, |known| known.min(one)));
    }
    Ok(least.unwrap_or_default())
}

/// What a spread earns one of its legs: weighted price risk × spreads × delta per spread × credit rate.
///
/// # Errors
/// [`NumberError::Overflow`].
pub fn credit(
    weighted_price_risk: Decimal,
    spreads: Decimal,
    per_spread: Decimal,
    rate: Decimal,
) -> Result<Decimal, NumberError> {
    let delta = spreads.times(per_spread, Rounding::Down)?;
    delta.times(weighted_price_risk, Rounding::Down)?.times(rate, Rounding::Down)
}

/// The delta of one expiry, as spreads use it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// When it expires.
    pub expiry: Option<Timestamp>,
    /// The tier it is in.
    pub tier: u32,
    /// What is left of its net delta.
    pub left: Decimal,
    /// What calendar spreads used of it, without its sign.
    pub in_spreads: Decimal,
}

/// The deltas of one combined commodity, the nearest expiry first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deltas(pub Vec<Month>);

impl Deltas {
    /// What is left on the long (`sign` 1) or the short side (−1) of `tier`, without its sign. All tiers together
    /// are what they come to when long and short are netted.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn available(&self, tier: Option<u32>, sign: i32) -> Result<Decimal, NumberError> {
        let of_tier = |month: &&Month| tier.is_none_or(|tier| month.tier == tier);
        let months = self.0.iter().filter(of_tier);
        let counted = months.filter(|month| tier.is_none() || month.left.signum() == sign);
        let sum = counted.map(|month| month.left).try_fold(Decimal::ZERO, Decimal::plus)?;
        Ok(if sum.signum() == sign { sum.abs() } else { Decimal::ZERO })
    }

    /// Takes `amount` from that side, the nearest expiry first; `calendar` where a calendar spread takes it.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn take(&mut self, tier: Option<u32>, sign: i32, amount: Decimal, calendar: bool) -> Result<(), NumberError> {
        let mut amount = amount;
        for month in &mut self.0 {
            if tier.is_some_and(|tier| month.tier != tier) || month.left.signum() != sign {
                continue;
            }
            let taken = month.left.abs().min(amount);
            amount = amount.minus(taken)?;
            month.left = if sign < 0 { month.left.plus(taken)? } else { month.left.minus(taken)? };
            if calendar {
                month.in_spreads = month.in_spreads.plus(taken)?;
            }
        }
        Ok(())
    }

    /// Long less short.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn net(&self) -> Result<Decimal, NumberError> {
        self.0.iter().map(|month| month.left).try_fold(Decimal::ZERO, Decimal::plus)
    }

    /// Forms calendar spreads in their order, each with side A long and then with side A short: how many of each.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn form_calendar(&mut self, spreads: &Spreads) -> Result<Vec<Decimal>, NumberError> {
        let mut all = Vec::with_capacity(spreads.as_slice().len());
        for spread in spreads.as_slice() {
            let mut total = Decimal::ZERO;
            for a_is in [1, -1] {
                let sign = |leg: &Leg| if leg.side == Side::A { a_is } else { -a_is };
                let mut legs = Vec::with_capacity(spread.legs.len());
                for leg in &spread.legs {
                    legs.push((self.available(leg.tier, sign(leg))?, leg.ratio));
                }
                let count = formed(&legs)?;
                for leg in &spread.legs {
                    let amount = count.times(leg.ratio, Rounding::HalfEven)?;
                    self.take(leg.tier, sign(leg), amount, true)?;
                }
                total = total.plus(count)?;
            }
            all.push(total);
        }
        Ok(all)
    }

    /// Delta of the delivery month, used by spreads and left over: what expires no later than `until`.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn delivery(&self, until: Timestamp) -> Result<(Decimal, Decimal), NumberError> {
        let (mut used, mut left) = (Decimal::ZERO, Decimal::ZERO);
        for month in self.0.iter().filter(|month| month.expiry.is_some_and(|expiry| expiry <= until)) {
            used = used.plus(month.in_spreads)?;
            left = left.plus(month.left.abs())?;
        }
        Ok((used, left))
    }
}
