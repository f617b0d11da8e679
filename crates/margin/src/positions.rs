//! What an account holds, position by position, for rules that look at each.

use std::collections::BTreeMap;

use plimsoll_core::{Decimal, InstrumentId, Portfolio, Rounding};
use plimsoll_pricing::instruments::{Instrument, Listing};

use crate::MarginError;

/// Everything held in one contract.
#[derive(Clone, Copy, Debug)]
pub struct NetPosition<'a> {
    /// The contract.
    pub id: InstrumentId,
    /// Its terms and rules.
    pub instrument: &'a Instrument,
    /// Contracts, negative where short; never zero.
    pub quantity: Decimal,
    /// Contracts × contract size: units of the underlying, of an inverse contract units of its quote.
    pub size: Decimal,
}

/// The positions of `portfolio`, one a contract, those that cancel left out; in the listing's order.
///
/// # Errors
/// [`MarginError::UnknownInstrument`], [`MarginError::Number`].
pub fn net<'a>(portfolio: &Portfolio, listing: &'a Listing) -> Result<Vec<NetPosition<'a>>, MarginError> {
    let mut held: BTreeMap<InstrumentId, Decimal> = BTreeMap::new();
    for position in &portfolio.positions {
        let of_it = held.entry(position.instrument).or_default();
        *of_it = of_it.plus(position.quantity.0)?;
    }
    let mut net = Vec::with_capacity(held.len());
    for (id, quantity) in held {
        let instrument = listing.get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
        if !quantity.is_zero() {
            let size = quantity.times(instrument.terms().contract_size, Rounding::HalfEven)?;
            net.push(NetPosition { id, instrument, quantity, size });
        }
    }
    Ok(net)
}
