//! Derive's Dutch auction of a whole account, share by share.
//!
//! A *solvent* account (mark-to-market above zero, margin below) is sold at a falling share of its
//! value, no more of it than brings the rest back over its buffer. An *insolvent* one is given away
//! with a rising payment, from the security module first, then shared by all.
//!
//! *Margin* here is the source's: equity less requirement, negative when short.

use plimsoll_core::{Decimal, Rounding, encode_fields};

use super::{not_negative, share};
use crate::MarginError;

/// How an auction runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Share of the value asked at the start, from 0 to 1.
    pub starting_fraction: Decimal,
    /// Share asked when the fast phase ends, from 0 to `starting_fraction`.
    pub cutoff_fraction: Decimal,
    /// Length of the fast phase, in seconds.
    pub fast_seconds: u32,
    /// Length of the slow phase, in seconds: down to nothing.
    pub slow_seconds: u32,
    /// Length of an insolvent auction's rise, in seconds.
    pub insolvent_seconds: u32,
    /// Buffer as a share of margin − mark-to-market, ≥ 0.
    pub buffer: Decimal,
    /// Value under which the whole may be bought at once.
    pub value_cutoff: Decimal,
}

encode_fields! {
    Terms {
        starting_fraction, cutoff_fraction, fast_seconds, slow_seconds, insolvent_seconds, buffer, value_cutoff
    }
}

/// An account on auction; amounts in the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Mark-to-market, earlier bidders' cash included, signed.
    pub mark_to_market: Decimal,
    /// Maintenance margin, negative when short.
    pub maintenance_margin: Decimal,
    /// Cash that earlier bidders paid in (R), ≥ 0: not for sale.
    pub reserved_cash: Decimal,
}

/// A bid taken on a solvent account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Share of the account that changes hands, from 0 to 1.
    pub share: Decimal,
    /// Cash that the bidder pays in, ≥ 0 and rounded down.
    pub price: Decimal,
    /// Whether it ends the auction.
    pub ends: bool,
}

/// Who pays the taker of an insolvent account; both ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout {
    /// From the security module.
    pub security_module: Decimal,
    /// Shared by all who hold the currency.
    pub socialised: Decimal,
}

impl Terms {
    /// Share of the value asked after `elapsed` seconds, d(t), from 0 to 1 and rounded down: linear
    /// to the cutoff, linear to zero, then zero.
    ///
    /// # Errors
    /// [`MarginError::Parameter`] when a fraction is out of its bounds.
    /// # Source
    /// Derive v2-core, `DutchAuction`, its own tests as carried in `units.json` and
    /// `derive_auction.json`; checked by `derive_price_fractions`, exactly.
    pub fn price_fraction(&self, elapsed: u32) -> Result<Decimal, MarginError> {
        let start = share("starting fraction", self.starting_fraction)?;
        let cutoff = share("cutoff fraction", self.cutoff_fraction)?;
        let fall = not_negative("starting − cutoff fraction", start.minus(cutoff)?)?;
        if elapsed < self.fast_seconds {
            return Ok(start.minus(fall.times_ratio(seconds(elapsed), seconds(self.fast_seconds), Rounding::Up)?)?);
        }
        let slow = elapsed - self.fast_seconds;
        if slow >= self.slow_seconds {
            return Ok(Decimal::ZERO);
        }
        Ok(cutoff.times_ratio(seconds(self.slow_seconds - slow), seconds(self.slow_seconds), Rounding::Down)?)
    }

    /// Margin at which an auction may end: `MM + (MM − value) × buffer`, rounded down.
    ///
    /// # Errors
    /// [`MarginError::Parameter`] when the buffer is negative; [`MarginError::Number`].
    /// # Source
    /// Derive v2-core; checked by `derive_solvent_bids`, to 10⁻¹².
    pub fn buffer_margin(&self, account: &Standing) -> Result<Decimal, MarginError> {
        let gap = account.maintenance_margin.minus(account.mark_to_market)?;
        let buffer = gap.times(not_negative("buffer", self.buffer)?, Rounding::Down)?;
        Ok(account.maintenance_margin.plus(buffer)?)
    }

    /// Greatest share of the account that may be bought at price `fraction`, from 0 to 1, rounded
    /// up: what brings the buffer margin back to zero, `BM ÷ (BM − value·d − R·(1 − d))` with BM
    /// where negative; all of an account worth less than the cutoff, or that no share cures.
    ///
    /// # Errors
    /// [`MarginError::Parameter`] when the fraction, the buffer or the reserve is out of its bounds;
    /// [`MarginError::Number`].
    /// # Source
    /// As [`Self::buffer_margin`].
    pub fn share_max(&self, account: &Standing, fraction: Decimal) -> Result<Decimal, MarginError> {
        let reserved = not_negative("reserved cash", account.reserved_cash)?;
        let kept = Decimal::ONE.minus(share("price fraction", fraction)?)?;
        if account.mark_to_market < self.value_cutoff {
            return Ok(Decimal::ONE);
        }
        let missing = self.buffer_margin(account)?.negated().or_zero();
        if missing.is_zero() {
            return Ok(Decimal::ZERO);
        }
        let asked = account.mark_to_market.times(fraction, Rounding::Down)?;
        let gained = asked.plus(reserved.times(kept, Rounding::Down)?)?;
        Ok(missing.over(missing.plus(gained.or_zero())?, Rounding::Up)?)
    }

    /// A bid for `wanted` of a solvent account at `elapsed` seconds: the share is cut to the
    /// greatest, and the price is `(value − R)·d·share`.
    ///
    /// # Errors
    /// As [`Self::price_fraction`] and [`Self::share_max`]; [`MarginError::Parameter`] when the share
    /// wanted is no share, or reserves exceed the value.
    /// # Source
    /// As [`Self::buffer_margin`].
    pub fn bid(&self, account: &Standing, elapsed: u32, wanted: Decimal) -> Result<Bid, MarginError> {
        let fraction = self.price_fraction(elapsed)?;
        let most = self.share_max(account, fraction)?;
        let taken = share("share wanted", wanted)?.min(most);
        let price = self.asking_price(account, elapsed)?.times(taken, Rounding::Down)?;
        Ok(Bid { share: taken, price, ends: taken == most })
    }

    /// What the whole of a solvent account costs at `elapsed` seconds: `(value − R)·d`, in the currency.
    ///
    /// # Errors
    /// As [`Self::price_fraction`]; [`MarginError::Parameter`] when reserves exceed the value.
    /// # Source
    /// As [`Self::buffer_margin`].
    pub fn asking_price(&self, account: &Standing, elapsed: u32) -> Result<Decimal, MarginError> {
        let value = not_negative("value for sale", account.mark_to_market.minus(account.reserved_cash)?)?;
        Ok(value.times(self.price_fraction(elapsed)?, Rounding::Down)?)
    }

    /// Fee to the security module when a solvent auction starts: the greatest share at the whole
    /// price × value × `rate` (a share), in the currency, ≥ 0 and rounded up. None without value.
    ///
    /// # Errors
    /// As [`Self::share_max`]; [`MarginError::Parameter`] when the rate is no share.
    /// # Source
    /// Derive v2-core; checked by `derive_solvent_bids` against the fee that its file names.
    pub fn start_fee(&self, account: &Standing, rate: Decimal) -> Result<Decimal, MarginError> {
        let unreserved = Standing { reserved_cash: Decimal::ZERO, ..*account };
        let most = self.share_max(&unreserved, Decimal::ONE)?;
        let sold = account.mark_to_market.or_zero().times(most, Rounding::Up)?;
        Ok(sold.times(share("fee rate", rate)?, Rounding::Up)?)
    }

    /// Cash paid to who takes `taken` (a share) of an insolvent account at `elapsed` seconds, ≥ 0 and
    /// rounded down: from −value to −margin over the auction's length, then −margin; nothing while
    /// the margin is not negative.
    ///
    /// # Errors
    /// [`MarginError::Parameter`] when `taken` is no share; [`MarginError::Number`].
    /// # Source
    /// Derive v2-core; checked by `derive_insolvent_payouts`, exactly.
    pub fn insolvent_payout(&self, account: &Standing, elapsed: u32, taken: Decimal) -> Result<Decimal, MarginError> {
        let taken = share("share taken", taken)?;
        let most = account.maintenance_margin.negated().or_zero();
        if most.is_zero() {
            return Ok(Decimal::ZERO);
        }
        let least = account.mark_to_market.negated().or_zero();
        let whole = if elapsed >= self.insolvent_seconds {
            most
        } else {
            let rise = most.minus(least)?;
            least.plus(rise.times_ratio(seconds(elapsed), seconds(self.insolvent_seconds), Rounding::Down)?)?
        };
        Ok(whole.times(taken, Rounding::Down)?)
    }
}

impl Payout {
    /// `amount` (≥ 0) paid from `security_module` (its cash, ≥ 0) as far as it goes, the rest shared.
    ///
    /// # Errors
    /// [`MarginError::Parameter`] when either is negative; [`MarginError::Number`].
    /// # Source
    /// Derive v2-core, the insolvent auction's order of payers.
    pub fn of(amount: Decimal, security_module: Decimal) -> Result<Self, MarginError> {
        let paid = not_negative("payout", amount)?.min(not_negative("security module cash", security_module)?);
        Ok(Self { security_module: paid, socialised: amount.minus(paid)? })
    }
}

fn seconds(count: u32) -> Decimal {
    Decimal::from_int(i64::from(count))
}
