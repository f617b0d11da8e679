//! Markets: what was published, what follows from it, and what happens to it.
//!
//! A [`Snapshot`] holds exact facts. A [`View`] derives floats from them: forwards, rates, a
//! volatility surface an underlying. A [`Market`] is both with the listing, and every instrument's
//! mark and inputs. [`index`] is the one rule by which an index is made of quotes.
//!
//! Left out: memory. A market is one instant; what was trusted before, and how slowly a price may
//! move, is the engine's to remember.

mod assets;
mod encoding;
mod error;
mod forwards;
pub mod index;
mod moves;
pub mod snapshot;
pub mod surface;
mod view;
mod vols;

use std::sync::{Arc, OnceLock};

use plimsoll_core::{Asset, Decimal, InstrumentId, Price, Rounding, Underlying};

pub use error::MarketError;
pub use forwards::{Forward, ForwardSource};
pub use moves::MarketMove;
use moves::Moved;
pub use snapshot::{
    AssetQuote, ExpiryConfidence, ExpiryQuote, MarkQuote, Snapshot, StrikeVol, SviQuote, UnderlyingQuote,
};
pub use view::{View, Vol, VolSource};

use crate::instruments::{Instrument, Listing, Priced};

/// A snapshot, the instruments listed in it, and everything derived from the two.
///
/// An instrument is priced when it is first asked for, and only once, whichever clone is asked. Cheap to clone, to move
/// and to restrict.
#[derive(Clone, Debug)]
pub struct Market {
    base: Arc<Base>,
    view: View,
    /// The instruments that are kept, ascending; `None` is all.
    kept: Option<Arc<[InstrumentId]>>,
    /// One place a kept instrument in a moved market; empty in one that has not moved.
    moved: Arc<[OnceLock<Result<Priced, MarketError>>]>,
}

#[derive(Debug)]
struct Base {
    snapshot: Arc<Snapshot>,
    listing: Arc<Listing>,
    view: View,
    priced: Vec<OnceLock<Result<Priced, MarketError>>>,
}

impl Market {
    /// Derives what follows from `snapshot` for the instruments of `listing`.
    ///
    /// # Errors
    /// As [`View::new`].
    pub fn new(snapshot: Arc<Snapshot>, listing: Arc<Listing>) -> Result<Self, MarketError> {
        let view = View::new(&snapshot, &listing)?;
        let priced = places(listing.len());
        let base = Base { snapshot, listing, view: view.clone(), priced };
        Ok(Self { base: Arc::new(base), view, kept: None, moved: places(0) })
    }

    /// What was published, before any move.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.base.snapshot
    }

    /// The instruments.
    #[must_use]
    pub fn listing(&self) -> &Listing {
        &self.base.listing
    }

    /// The instruments, to be shared with another market.
    #[must_use]
    pub fn shared_listing(&self) -> Arc<Listing> {
        Arc::clone(&self.base.listing)
    }

    /// Forwards, rates and volatilities, moves included.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The asset everything is valued in.
    #[must_use]
    pub fn currency(&self) -> Asset {
        self.base.snapshot.currency
    }

    /// An instrument's mark and inputs.
    ///
    /// # Errors
    /// [`MarketError::UnknownInstrument`], [`MarketError::LeftOut`], [`MarketError::Unpriceable`].
    pub fn priced(&self, id: InstrumentId) -> Result<&Priced, MarketError> {
        let instrument = self.instrument(id)?;
        let Some(place) = self.place(id) else {
            return Err(MarketError::LeftOut { name: Arc::clone(&instrument.terms().name) });
        };
        match self.moved.get(place) {
            Some(cell) => cell.get_or_init(|| self.move_priced(id, instrument)).as_ref().map_err(Clone::clone),
            None => self.base.priced(id, instrument),
        }
    }

    /// The index, exact.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`], [`MarketError::Number`].
    pub fn index(&self, underlying: Underlying) -> Result<Price, MarketError> {
        let published = self.base.snapshot.underlyings.get(&underlying);
        let published = published.ok_or(MarketError::UnknownUnderlying(underlying))?;
        Ok(Price::new(self.grown(published.index, underlying)?, published.quote))
    }

    /// The index counted in `quote`: where that is not its own, at the two assets' prices.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`], [`MarketError::NoPrice`], [`MarketError::Number`].
    pub fn index_in(&self, underlying: Underlying, quote: Asset) -> Result<Price, MarketError> {
        let index = self.index(underlying)?;
        if index.quote == quote {
            return Ok(index);
        }
        let (from, to) = (self.asset_price(index.quote)?, self.asset_price(quote)?);
        Ok(Price::new(index.value.times_ratio(from.value, to.value, Rounding::HalfEven)?, quote))
    }

    /// What one unit of `asset` costs in the market's currency, exact.
    ///
    /// The currency itself costs one, and nothing else does by assumption. Else the published price;
    /// else the index of the same name, at what its quote costs ([`Snapshot::has_price`]). Each figure
    /// has moved with the underlying of its name: [`View::exchange`] is the same in floats.
    ///
    /// # Errors
    /// [`MarketError::NoPrice`], [`MarketError::Number`].
    pub fn asset_price(&self, asset: Asset) -> Result<Price, MarketError> {
        let currency = self.currency();
        let price = self.view.asset_price(asset).ok_or(MarketError::NoPrice { asset, currency })?;
        let price = price.factors().try_fold(Decimal::ONE, |price, factor| {
            price.times(self.grown(factor.value, factor.moves_with)?, Rounding::HalfEven).map_err(MarketError::from)
        })?;
        Ok(Price::new(price, currency))
    }

    /// What a debt of one unit of `asset` costs in the market's currency: its price, unless a price for debts is published
    /// beside it.
    ///
    /// # Errors
    /// As [`Market::asset_price`].
    pub fn debt_price(&self, asset: Asset) -> Result<Price, MarketError> {
        match self.base.snapshot.assets.get(&asset).and_then(|quote| quote.debt_price) {
            Some(price) => Ok(Price::new(self.grown(price, asset.underlying())?, self.currency())),
            None => self.asset_price(asset),
        }
    }

    /// The same market with only these instruments: what makes [`Market::moved`] cheap.
    #[must_use]
    pub fn restricted_to(&self, ids: &[InstrumentId]) -> Self {
        let mut kept: Vec<InstrumentId> = ids.iter().copied().filter(|id| self.place(*id).is_some()).collect();
        kept.sort_unstable();
        kept.dedup();
        let moved = places(if self.moved.is_empty() { 0 } else { kept.len() });
        Self { base: Arc::clone(&self.base), view: self.view.clone(), kept: Some(kept.into()), moved }
    }

    /// This market after `change`: instruments are revalued, and each strike keeps its own
    /// volatility, scaled and shifted. The market's currency stays at one.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`], [`MarketError::BadMove`], [`MarketError::Number`].
    pub fn moved(&self, change: &MarketMove) -> Result<Self, MarketError> {
        let view = self.view.moved(change)?;
        let count = self.kept.as_ref().map_or(self.base.listing.len(), |kept| kept.len());
        Ok(Self { base: Arc::clone(&self.base), view, kept: self.kept.clone(), moved: places(count) })
    }

    fn instrument(&self, id: InstrumentId) -> Result<&Instrument, MarketError> {
        let Some(instrument) = self.base.listing.get(id) else {
            return Err(MarketError::UnknownInstrument { id, listed: self.base.listing.len() });
        };
        Ok(instrument)
    }

    fn place(&self, id: InstrumentId) -> Option<usize> {
        match &self.kept {
            Some(kept) => kept.binary_search(&id).ok(),
            None => (id.index() < self.base.listing.len()).then_some(id.index()),
        }
    }

    /// Moves what the instrument was priced with in the snapshot, all moves in one, so that a path
    /// of moves ends where the one move does.
    fn move_priced(&self, id: InstrumentId, instrument: &Instrument) -> Result<Priced, MarketError> {
        let before = self.base.priced(id, instrument)?;
        let terms = instrument.terms();
        let by = self.view.move_of(terms.underlying);
        // What its quote is exchanged at moves it too: a contract in BTC falls by what BTC gains.
        let exchange = self.view.exchange_growth(self.view.quote(terms.underlying)?, terms.quote);
        if by == Moved::NOT && exchange.total_cmp(&1.0).is_eq() {
            return Ok(before.clone());
        }
        before
            .moved(instrument, by.growth * exchange, by.vol_scale, by.vol_shift)
            .map_err(|reason| unpriceable(instrument, reason))
    }

    fn grown(&self, price: Decimal, underlying: Underlying) -> Result<Decimal, MarketError> {
        let growth = self.view.move_of(underlying).growth_exact;
        if growth == Decimal::ONE { Ok(price) } else { Ok(price.times(growth, Rounding::HalfEven)?) }
    }
}

impl Base {
    fn priced(&self, id: InstrumentId, instrument: &Instrument) -> Result<&Priced, MarketError> {
        let Some(cell) = self.priced.get(id.index()) else {
            return Err(MarketError::UnknownInstrument { id, listed: self.priced.len() });
        };
        let priced = cell.get_or_init(|| {
            let quote = self.snapshot.marks.get(&instrument.terms().name);
            instrument.price(&self.view, quote).map_err(|reason| unpriceable(instrument, reason))
        });
        priced.as_ref().map_err(Clone::clone)
    }
}

fn unpriceable(instrument: &Instrument, reason: crate::PricingError) -> MarketError {
    MarketError::Unpriceable { name: Arc::clone(&instrument.terms().name), reason: Box::new(reason) }
}

fn places<T, C: FromIterator<OnceLock<T>>>(count: usize) -> C {
    std::iter::repeat_with(OnceLock::new).take(count).collect()
}
