//! The instruments a book is written in, in one fixed order.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Decimal, InstrumentId};
use thiserror::Error;

use super::{Instrument, Style};

/// Instruments in a fixed order: by underlying, then expiry (what has none first), then name. An
/// [`InstrumentId`] is a place in it, so positions sorted by id lie in runs of one underlying and expiry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    instruments: Vec<Instrument>,
    places: BTreeMap<Arc<str>, InstrumentId>,
}

/// Why instruments cannot be listed. Variants stand in the order they are checked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListingError {
    /// A size, lot, strike or rate that is not positive.
    #[error("{name}: {what} is {value}: expected a number above zero")]
    NotPositive {
        /// The instrument.
        name: Arc<str>,
        /// `contract_size`, `lot_size`, `strike` or `quanto_rate`.
        what: &'static str,
        /// What it is.
        value: Decimal,
    },
    /// The style and the settlement asset contradict each other.
    #[error("{name}: settles in {found}: {expected}")]
    Settlement {
        /// The instrument.
        name: Arc<str>,
        /// What it says it settles in.
        found: plimsoll_core::Asset,
        /// What its style asks for.
        expected: &'static str,
    },
    /// Two instruments of one name.
    #[error("{0}: listed twice: expected one instrument of a name")]
    Duplicate(Arc<str>),
    /// More than 2³² instruments.
    #[error("{0} instruments: expected fewer than 4294967296")]
    TooMany(usize),
}

impl Listing {
    /// Sorts and numbers `instruments`.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn new(mut instruments: Vec<Instrument>) -> Result<Self, ListingError> {
        for instrument in &instruments {
            check(instrument)?;
        }
        let key = |it: &Instrument| (it.terms().underlying, it.expiry(), Arc::clone(&it.terms().name));
        instruments.sort_by_cached_key(key);
        let mut places = BTreeMap::new();
        for (place, instrument) in instruments.iter().enumerate() {
            let id = InstrumentId(u32::try_from(place).map_err(|_| ListingError::TooMany(instruments.len()))?);
            if places.insert(Arc::clone(&instrument.terms().name), id).is_some() {
                return Err(ListingError::Duplicate(Arc::clone(&instrument.terms().name)));
            }
        }
        Ok(Self { instruments, places })
    }

    /// The instrument at a place.
    #[must_use]
    pub fn get(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id.index())
    }

    /// The place of a name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<InstrumentId> {
        self.places.get(name).copied()
    }

    /// Every instrument with its place, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (InstrumentId, &Instrument)> {
        // Places were numbered without loss when the listing was made.
        self.instruments
            .iter()
            .enumerate()
            .map(|(place, it)| (InstrumentId(u32::try_from(place).unwrap_or(u32::MAX)), it))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.instruments.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.instruments.is_empty()
    }
}

fn check(instrument: &Instrument) -> Result<(), ListingError> {
    let terms = instrument.terms();
    let figures = [
        ("contract_size", Some(terms.contract_size)),
        ("lot_size", Some(terms.lot_size.0)),
        ("strike", instrument.strike()),
        ("quanto_rate", Some(instrument.style().rate())),
    ];
    for (what, value) in figures {
        if let Some(value) = value.filter(|value| value.signum() <= 0) {
            return Err(ListingError::NotPositive { name: Arc::clone(&terms.name), what, value });
        }
    }
    let (good, expected) = match instrument.style() {
        Style::Linear => (
            terms.settlement == terms.quote,
            "a linear contract settles in its quote (a quanto, with its rate, in any asset)",
        ),
        Style::Inverse => (terms.settlement == terms.underlying.asset(), "an inverse contract settles in its coin"),
        Style::Quanto { .. } => (true, ""),
    };
    if good {
        Ok(())
    } else {
        Err(ListingError::Settlement { name: Arc::clone(&terms.name), found: terms.settlement, expected })
    }
}
