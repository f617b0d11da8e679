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
    // Small keys sort fast, and the positions are read in their own order.
    let count = portfolio.positions.len();
    let (mut places, mut quantities) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (at, position) in (0_u32..).zip(&portfolio.positions) {
        places.push((position.instrument, at));
        quantities.push(position.quantity.0);
    }
    places.sort_unstable();
    let mut net = Vec::with_capacity(count);
    for same in places.chunk_by(|left, right| left.0 == right.0) {
        let id = same[0].0;
        let mut quantity = quantities[same[0].1 as usize];
        for (_, more) in &same[1..] {
            quantity = quantity.plus(quantities[*more as usize])?;
        }
        let instrument = listing.get(id).ok_or_else(MarginError::unknown(id))?;
        if !quantity.is_zero() {
            let size = quantity.times(instrument.terms().contract_size, Rounding::HalfEven)?;
            net.push(NetPosition { id, instrument, quantity, size });
        }
    }
    Ok(net)
}
