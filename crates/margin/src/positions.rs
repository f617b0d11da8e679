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
        places.push(u64::from(position.instrument.0) << 32 | u64::from(at));
        quantities.push(position.quantity.0);
    }
    places.sort_unstable();
    let mut net = Vec::with_capacity(count);
    for same in places.chunk_by(|left, right| left >> 32 == right >> 32) {
        let (id, first) = of(same[0]);
        let mut quantity = quantities[first];
        for more in &same[1..] {
            quantity = quantity.plus(quantities[of(*more).1])?;
        }
        let instrument = listing.get(id).ok_or_else(MarginError::unknown(id))?;
        if !quantity.is_zero() {
            let size = quantity.times(instrument.terms().contract_size, Rounding::HalfEven)?;
            net.push(NetPosition { id, instrument, quantity, size });
        }
    }
    Ok(net)
}

/// A contract and a place among positions, as they are sorted.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is meant")]
const fn of(packed: u64) -> (InstrumentId, usize) {
    (InstrumentId((packed >> 32) as u32), packed as u32 as usize)
}
