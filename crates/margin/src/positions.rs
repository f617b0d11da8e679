//! What an account holds, position by position, for rules that look at each.

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
    let mut held: Vec<(InstrumentId, Decimal)> =
        portfolio.positions.iter().map(|position| (position.instrument, position.quantity.0)).collect();
    held.sort_by_key(|(id, _)| *id);
    let mut net = Vec::with_capacity(held.len());
    for same in held.chunk_by(|left, right| left.0 == right.0) {
        let id = same[0].0;
        let quantity = same.iter().try_fold(Decimal::ZERO, |sum, (_, quantity)| sum.plus(*quantity))?;
        let instrument = listing.get(id).ok_or(MarginError::UnknownInstrument(id.0))?;
        if !quantity.is_zero() {
            let size = quantity.times(instrument.terms().contract_size, Rounding::HalfEven)?;
            net.push(NetPosition { id, instrument, quantity, size });
        }
    }
    Ok(net)
}
