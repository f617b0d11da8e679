//! How much is held, where a rule charges for size and not for risk.

use std::collections::BTreeMap;

use plimsoll_core::{Decimal, Timestamp};

use crate::MarginError;
use crate::positions::NetPosition;

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
    /// Of what is held; spot is no position.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn of(held: &[NetPosition<'_>]) -> Result<Self, MarginError> {
        let mut sizes = Self::default();
        let mut of_options = Vec::with_capacity(held.len());
        for &NetPosition { instrument, size, .. } in held {
            match (instrument.expiry(), instrument.strike()) {
                _ if instrument.only_moves_balances() => {}
                (Some(expiry), Some(strike)) => {
                    of_options.push((expiry, strike, size));
                }
                _ => sizes.delta_one = sizes.delta_one.plus(size.abs())?,
            }
        }
        of_options.sort_by_key(|(expiry, strike, _)| (*expiry, *strike));
        for expiry in of_options.chunk_by(|left, right| left.0 == right.0) {
            let mut options = OptionSizes::default();
            for strike in expiry.chunk_by(|left, right| left.1 == right.1) {
                let mut net = Decimal::ZERO;
                for (_, _, size) in strike {
                    net = net.plus(*size)?;
                    options.gross = options.gross.plus(size.abs())?;
                }
                options.naked_short = options.naked_short.plus(net.negated().or_zero())?;
            }
            sizes.options.insert(expiry[0].0, options);
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
