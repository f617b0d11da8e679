//! `public/get_instruments`: what a contract's name does not say.

use std::sync::Arc;

use plimsoll_core::{Decimal, Quantity};
use plimsoll_pricing::instruments::{Instrument, Terms};

use super::lines::{named, wrong};
use crate::rows::{Fields, shown};
use crate::{LeftOut, Place, Reason};

/// An instrument with the lot that Deribit publishes for it.
pub(super) struct Sizes {
    pub(super) place: Place,
    pub(super) instrument: Instrument,
}

/// Reads an object of `public/get_instruments` into `sizes`, or says why not.
pub(super) fn read_sizes(row: &dyn Fields, place: Place, sizes: &mut Vec<Sizes>, left_out: &mut Vec<LeftOut>) {
    match sized(row) {
        Ok(instrument) => sizes.push(Sizes { place, instrument }),
        Err(reason) => {
            let instrument = row.get("instrument_name").map(Arc::from);
            left_out.push(LeftOut { place, instrument, reason });
        }
    }
}

fn sized(row: &dyn Fields) -> Result<Instrument, Reason> {
    let mut instrument = named("instrument_name", row)?;
    let Some(text) = row.get("min_trade_amount") else {
        return Err(wrong("min_trade_amount", "missing", "a mark price, or the least amount traded"));
    };
    // A name's contract is one coin, or one dollar of an inverse future: what Deribit's amounts count,
    // whatever its `contract_size`.
    match text.parse::<Decimal>() {
        Ok(least) if least.signum() > 0 => terms_of(&mut instrument).lot_size = Quantity(least),
        _ => return Err(wrong("min_trade_amount", shown(text), "a decimal above zero")),
    }
    Ok(instrument)
}

/// The one place here that must look at the kind: a name gives terms, a payload corrects them.
const fn terms_of(instrument: &mut Instrument) -> &mut Terms {
    match instrument {
        Instrument::Spot(spot) => &mut spot.terms,
        Instrument::Perpetual(perpetual) => &mut perpetual.terms,
        Instrument::Future(future) => &mut future.terms,
        Instrument::Option(option) => &mut option.terms,
        Instrument::PerpetualOption(option) => &mut option.terms,
    }
}
