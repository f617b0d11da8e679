//! How much is held, where a rule charges for size and not for risk.

use std::collections::BTreeMap;

use plimsoll_core::{Decimal, Portfolio, Timestamp};
use plimsoll_pricing::instruments::Listing;

use crate::MarginError;
use crate::positions::{NetPosition, net};

/// Sizes in units of the underlying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Perpetuals and futures, |net| of each contract.
    pub delta_one: Decimal,
    /// Options, by expiry.
    pub options: BTreeMap<Timestamp, OptionSizes>,
}

/// Options of one expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSizes {
    /// Long and short, calls and puts added up.
    pub gross: Decimal,
    /// Strike by strike, what is short beyond what is long, calls and puts together.
    pub naked_short: Decimal,
}

impl Sizes {
    /// What `portfolio` holds; spot is no position.
    ///
    /// # Errors
    /// [`MarginError::UnknownInstrument`], [`MarginError::Number`].
    pub fn of(portfolio: &Portfolio, listing: &Listing) -> Result<Self, MarginError> {
        let mut sizes = Self::default();
        let mut by_strike: BTreeMap<(Timestamp, Decimal), Decimal> = BTreeMap::new();
        for NetPosition { instrument, size, .. } in net(portfolio, listing)? {
            match (instrument.expiry(), instrument.strike()) {
                _ if instrument.only_moves_balances() => {}
                (Some(expiry), Some(strike)) => {
                    let options = sizes.options.entry(expiry).or_default();
                    options.gross = options.gross.plus(size.abs())?;
                    let at_strike = by_strike.entry((expiry, strike)).or_default();
                    *at_strike = at_strike.plus(size)?;
                }
                _ => sizes.delta_one = sizes.delta_one.plus(size.abs())?,
            }
        }
        for ((expiry, _), size) in by_strike {
            let options = sizes.options.entry(expiry).or_default();
            options.naked_short = options.naked_short.plus(size.negated().or_zero())?;
        }
        Ok(sizes)
    }

    /// What is short beyond what is long, over all strikes and expiries.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn naked_short(&self) -> Result<Decimal, MarginError> {
        let each = self.options.values().map(|options| options.naked_short);
        Ok(each.into_iter().try_fold(Decimal::ZERO, Decimal::plus)?)
    }
}
