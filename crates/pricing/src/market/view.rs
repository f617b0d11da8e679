//! What is derived from a snapshot: forwards, rates, volatilities. Floats, and a cache.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use plimsoll_core::{Asset, Timestamp, Underlying};
use plimsoll_numerics::ln;

use super::MarketError;
use super::assets::{self, AssetPrice};
use super::forwards::{Forward, ForwardCurve, ForwardSource};
use super::moves::{MarketMove, Moved};
use super::snapshot::{Snapshot, UnderlyingQuote};
use super::surface::{SliceInput, Surface, VolPoint};
use super::vols::{ExpiryVols, OptionMark, from_marks, published, published_svi};
use crate::float::{float, years};
use crate::instruments::{Instrument, Listing};

/// A volatility and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vol {
    /// Annual: 0.6 is 60 %.
    pub value: f64,
    /// Where it comes from.
    pub source: VolSource,
}

/// Where a volatility comes from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VolSource {
    /// The instrument's own mark volatility.
    Mark,
    /// Implied by the instrument's own mark price.
    Implied,
    /// Quoted at exactly this strike and expiry.
    Strike,
    /// The fitted surface: nothing is quoted at this strike.
    Surface,
}

/// Floats derived from a snapshot: forwards, rates and volatilities. Cheap to clone.
///
/// The surface of an underlying is fitted when a volatility is first asked of it; what it answers
/// does not depend on when that is.
#[derive(Clone, Debug)]
pub struct View {
    derived: Arc<Derived>,
    /// By place in `derived`; empty when nothing moved.
    moved: Vec<Moved>,
}

#[derive(Debug)]
struct Derived {
    as_of: Timestamp,
    /// What the assets that have a price cost in the snapshot's currency.
    prices: BTreeMap<Asset, AssetPrice>,
    places: BTreeMap<Underlying, usize>,
    underlyings: Vec<UnderlyingView>,
}

#[derive(Debug)]
struct UnderlyingView {
    underlying: Underlying,
    quote: Asset,
    forwards: ForwardCurve,
    rates: BTreeMap<Timestamp, f64>,
    /// By expiry that has a fixed part.
    moving: BTreeMap<Timestamp, f64>,
    vols: Vec<ExpiryVols>,
    surface: OnceLock<Surface>,
}

impl View {
    /// Reads forwards, rates and volatilities out of `snapshot`; the marks of `listing`'s dated
    /// futures and options stand in where an expiry quotes none.
    ///
    /// # Errors
    /// [`MarketError::NotPositive`], [`MarketError::StrikesNotAscending`], [`MarketError::BadSvi`].
    pub fn new(snapshot: &Snapshot, listing: &Listing) -> Result<Self, MarketError> {
        let marks = MarksByExpiry::new(snapshot, listing);
        let underlyings = snapshot
            .underlyings
            .iter()
            .map(|(underlying, quote)| UnderlyingView::new(snapshot.as_of, *underlying, quote, &marks))
            .collect::<Result<Vec<_>, _>>()?;
        let places = snapshot.underlyings.keys().enumerate().map(|(place, name)| (*name, place)).collect();
        let named = snapshot.underlyings.keys().map(|underlying| underlying.asset());
        let assets = snapshot.assets.keys().copied().chain(named).chain([snapshot.currency]);
        let prices = assets.filter_map(|asset| Some((asset, snapshot.asset_price(asset)?))).collect();
        let derived = Derived { as_of: snapshot.as_of, prices, places, underlyings };
        Ok(Self { derived: Arc::new(derived), moved: Vec::new() })
    }

    /// The instant of the snapshot.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.derived.as_of
    }

    /// The underlyings there are, in order.
    pub fn underlyings(&self) -> impl Iterator<Item = Underlying> {
        self.derived.places.keys().copied()
    }

    /// Years of 365 days to `expiry`; zero once it has passed.
    #[must_use]
    pub fn years(&self, expiry: Timestamp) -> f64 {
        years(self.derived.as_of, expiry)
    }

    /// The index.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`].
    pub fn index(&self, underlying: Underlying) -> Result<f64, MarketError> {
        let (place, known) = self.known(underlying)?;
        Ok(known.forwards.index() * self.moved_at(place).growth)
    }

    /// The asset the index is counted in.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`].
    pub fn quote(&self, underlying: Underlying) -> Result<Asset, MarketError> {
        Ok(self.known(underlying)?.1.quote)
    }

    /// How many units of `to` one unit of `from` buys: both at their prices in the currency, by the
    /// rule of [`Snapshot::has_price`], each moved with the underlying of its name; `None` where one of
    /// them has none. A stablecoin is never assumed to be worth what it is named after.
    #[must_use]
    pub fn exchange(&self, from: Asset, to: Asset) -> Option<f64> {
        let growth = |underlying| self.move_of(underlying).growth;
        assets::exchange(from, to, |asset| Some(self.asset_price(asset)?.float(growth)))
    }

    /// By how much the exchange of `from` for `to` has moved since the snapshot: one where nothing has.
    pub(crate) fn exchange_growth(&self, from: Asset, to: Asset) -> f64 {
        if from == to {
            return 1.0;
        }
        let growth = |asset| -> f64 {
            let price = self.asset_price(asset).unwrap_or_default();
            price.factors().map(|factor| self.move_of(factor.moves_with).growth).product()
        };
        growth(from) / growth(to)
    }

    /// What an asset costs, before any move.
    pub(super) fn asset_price(&self, asset: Asset) -> Option<AssetPrice> {
        self.derived.prices.get(&asset).copied()
    }

    /// The forward of `expiry`; once that has passed, the index.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`].
    pub fn forward(&self, underlying: Underlying, expiry: Timestamp) -> Result<Forward, MarketError> {
        let (place, known) = self.known(underlying)?;
        let forward = known.forwards.at(expiry, self.years(expiry));
        Ok(Forward { value: forward.value * self.moved_at(place).growth, ..forward })
    }

    /// The rate at which premiums of `expiry` are discounted: zero where none is quoted.
    #[must_use]
    pub fn rate(&self, underlying: Underlying, expiry: Timestamp) -> f64 {
        self.known(underlying).ok().and_then(|(_, known)| known.rates.get(&expiry).copied()).unwrap_or(0.0)
    }

    /// The share of an expiry's forward that still moves: less than one once the average of its
    /// settlement window has fixed a part.
    #[must_use]
    pub fn moving(&self, underlying: Underlying, expiry: Timestamp) -> f64 {
        self.known(underlying).ok().and_then(|(_, known)| known.moving.get(&expiry).copied()).unwrap_or(1.0)
    }

    /// The volatility of one strike: as quoted there, else from the surface. In a moved market
    /// each strike keeps its own, scaled and shifted.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`], [`MarketError::NoVolatility`].
    pub fn vol(&self, underlying: Underlying, expiry: Timestamp, strike: f64) -> Result<Vol, MarketError> {
        let (place, known) = self.known(underlying)?;
        let quoted = known.vols_of(expiry).and_then(|vols| vols.at(strike));
        let vol = match quoted {
            Some(value) => Vol { value, source: VolSource::Strike },
            None => Vol { value: self.surface_vol(known, expiry, strike)?, source: VolSource::Surface },
        };
        Ok(Vol { value: self.moved_at(place).vol(vol.value), ..vol })
    }

    /// The fitted surface, before any move.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`].
    pub fn surface(&self, underlying: Underlying) -> Result<&Surface, MarketError> {
        Ok(self.known(underlying)?.1.surface())
    }

    /// This view after `change`.
    ///
    /// # Errors
    /// [`MarketError::UnknownUnderlying`], [`MarketError::BadMove`].
    pub(super) fn moved(&self, change: &MarketMove) -> Result<Self, MarketError> {
        let only = change.underlying.map(|underlying| self.known(underlying)).transpose()?.map(|(place, _)| place);
        let mut moved = self.moved.clone();
        moved.resize(self.derived.underlyings.len(), Moved::NOT);
        for (place, before) in moved.iter_mut().enumerate() {
            if only.is_none_or(|only| only == place) {
                *before = before.then(change)?;
            }
        }
        Ok(Self { derived: Arc::clone(&self.derived), moved })
    }

    /// What has happened to `underlying` since the snapshot.
    pub(super) fn move_of(&self, underlying: Underlying) -> Moved {
        self.derived.places.get(&underlying).map_or(Moved::NOT, |place| self.moved_at(*place))
    }

    fn moved_at(&self, place: usize) -> Moved {
        self.moved.get(place).copied().unwrap_or(Moved::NOT)
    }

    fn known(&self, underlying: Underlying) -> Result<(usize, &UnderlyingView), MarketError> {
        let place = self.derived.places.get(&underlying).copied();
        let known = place.and_then(|place| Some((place, self.derived.underlyings.get(place)?)));
        known.ok_or(MarketError::UnknownUnderlying(underlying))
    }

    fn surface_vol(&self, known: &UnderlyingView, expiry: Timestamp, strike: f64) -> Result<f64, MarketError> {
        let years = self.years(expiry);
        let log_strike = ln(strike / known.forwards.at(expiry, years).value);
        let vol = known.surface().vol(log_strike, years).filter(|vol| vol.is_finite());
        vol.ok_or(MarketError::NoVolatility { underlying: known.underlying, expiry, strike })
    }
}

impl UnderlyingView {
    fn new(
        as_of: Timestamp,
        underlying: Underlying,
        quote: &UnderlyingQuote,
        marks: &MarksByExpiry,
    ) -> Result<Self, MarketError> {
        if quote.index.signum() <= 0 {
            return Err(MarketError::NotPositive { underlying, expiry: None, what: "index", value: quote.index });
        }
        let mut forwards = ForwardCurve::new(float(quote.index));
        let is_averaging = |expiry: &Timestamp| {
            quote.expiries.get(expiry).and_then(|published| published.forward_fixed).is_some_and(|it| it.signum() > 0)
        };
        let known = |expiry, forward, forwards: &mut ForwardCurve| {
            if is_averaging(&expiry) {
                forwards.note_averaging(expiry, forward);
            } else {
                forwards.add(expiry, years(as_of, expiry), forward);
            }
        };
        let mut rates = BTreeMap::new();
        for (expiry, published) in &quote.expiries {
            if let Some(value) = published.forward {
                if value.signum() <= 0 {
                    let expiry = Some(*expiry);
                    return Err(MarketError::NotPositive { underlying, expiry, what: "forward", value });
                }
                let forward = Forward { value: float(value), source: ForwardSource::Quoted };
                known(*expiry, forward, &mut forwards);
            }
            if let Some(rate) = published.rate {
                rates.insert(*expiry, float(rate));
            }
        }
        for (expiry, mark) in marks.futures.get(&underlying).into_iter().flatten() {
            known(*expiry, Forward { value: *mark, source: ForwardSource::FutureMark }, &mut forwards);
        }
        let share = |(expiry, published): (&Timestamp, &super::ExpiryQuote)| {
            let forward = forwards.at(*expiry, years(as_of, *expiry)).value;
            Some((*expiry, (1.0 - float(published.forward_fixed?) / forward).clamp(0.0, 1.0)))
        };
        let moving = quote.expiries.iter().filter_map(share).collect();
        let surface = OnceLock::new();
        let mut known = Self { underlying, quote: quote.quote, forwards, rates, moving, vols: Vec::new(), surface };
        known.vols = known.read_vols(as_of, quote, marks)?;
        Ok(known)
    }

    fn read_vols(
        &self,
        as_of: Timestamp,
        quote: &UnderlyingQuote,
        marks: &MarksByExpiry,
    ) -> Result<Vec<ExpiryVols>, MarketError> {
        let none = BTreeMap::new();
        let marked = marks.options.get(&self.underlying).unwrap_or(&none);
        let mut expiries: Vec<Timestamp> = quote.expiries.keys().chain(marked.keys()).copied().collect();
        expiries.sort_unstable();
        expiries.dedup();
        let mut all = Vec::with_capacity(expiries.len());
        for expiry in expiries {
            let years = years(as_of, expiry);
            let forward = self.forwards.at(expiry, years).value;
            let quoted = quote.expiries.get(&expiry);
            let svi = quoted.and_then(|quoted| quoted.svi.as_ref());
            let svi = svi.map(|svi| published_svi(self.underlying, expiry, svi)).transpose()?;
            let mut strikes = match quoted {
                Some(quoted) => published(self.underlying, expiry, quoted)?,
                None => Vec::new(),
            };
            if let (true, Some(marks)) = (strikes.is_empty() && years > 0.0, marked.get(&expiry)) {
                strikes = from_marks(marks, forward, years, self.rates.get(&expiry).copied().unwrap_or(0.0));
            }
            all.push(ExpiryVols { expiry, years, forward, svi, strikes });
        }
        Ok(all)
    }

    fn vols_of(&self, expiry: Timestamp) -> Option<&ExpiryVols> {
        let place = self.vols.binary_search_by_key(&expiry, |vols| vols.expiry).ok()?;
        self.vols.get(place)
    }

    fn surface(&self) -> &Surface {
        self.surface.get_or_init(|| {
            let slices = self.vols.iter().filter(|vols| vols.years > 0.0);
            let inputs: Vec<SliceInput> = slices
                .map(|vols| SliceInput {
                    expiry: vols.expiry,
                    years: vols.years,
                    svi: vols.svi,
                    points: vols
                        .strikes
                        .iter()
                        .map(|(strike, vol)| VolPoint { log_strike: ln(strike / vols.forward), vol: *vol })
                        .collect(),
                })
                .collect();
            Surface::fit(&inputs)
        })
    }
}

/// Marks of dated futures and options, by underlying and expiry, where they are counted in the
/// index's own quote.
#[derive(Default)]
struct MarksByExpiry {
    futures: BTreeMap<Underlying, BTreeMap<Timestamp, f64>>,
    options: BTreeMap<Underlying, BTreeMap<Timestamp, Vec<OptionMark>>>,
}

impl MarksByExpiry {
    fn new(snapshot: &Snapshot, listing: &Listing) -> Self {
        let mut marks = Self::default();
        for (_, instrument) in listing.iter() {
            let terms = instrument.terms();
            let Some(quote) = snapshot.underlyings.get(&terms.underlying).filter(|it| it.quote == terms.quote) else {
                continue;
            };
            match instrument {
                Instrument::Future(future) => {
                    let price = snapshot.marks.get(&terms.name).and_then(|mark| mark.price).map(float);
                    if let Some(price) = price.filter(|price| *price > 0.0) {
                        marks.futures.entry(terms.underlying).or_default().entry(future.expiry).or_insert(price);
                    }
                }
                Instrument::Option(option) => {
                    // Published volatilities of the expiry come before marks.
                    if quote.expiries.get(&option.expiry).is_some_and(|expiry| !expiry.vols.is_empty()) {
                        continue;
                    }
                    let mark = snapshot.marks.get(&terms.name).and_then(|mark| OptionMark::new(option, mark));
                    let expiries = marks.options.entry(terms.underlying).or_default();
                    expiries.entry(option.expiry).or_default().extend(mark);
                }
                Instrument::Spot(_) | Instrument::Perpetual(_) | Instrument::PerpetualOption(_) => {}
            }
        }
        marks
    }
}
