//! What of a market's figures an account has.

use plimsoll_core::{Asset, Decimal, InstrumentId, Order, Position, Price, Quantity};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use super::{Figures, Source};
use crate::equity::NetAsset;
use crate::orders::{fee, fillable};
use crate::{Account, MarginError};

/// Lots of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Place of the figures among those of the market.
    pub source: usize,
    /// The row.
    pub row: usize,
    /// Short is negative.
    pub lots: f64,
    /// Whether it offsets others: an order, which may be filled or not, does not, nor a position that counts as entered at
    /// the mark, nor what is told without its sign.
    pub nets: bool,
}

/// All that moves an account's excesses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposures {
    /// By source and row; a row may stand there twice.
    pub of: Vec<Exposure>,
    /// What an excess can jump by besides, in the market's currency.
    pub jitter: f64,
}

/// Accounts at a higher fee, or a higher rebate, are not watched.
pub const TAKER_FEE_MAX: f64 = 0.001;

/// What `account` has of `figures`, its `assets` netted at the market at hand: positions, orders by what they could
/// become, and of each asset whatever its price acts on. `None` where something of it has no figures: a contract that
/// came later, an order that exchanges two balances.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub fn exposures(
    figures: &[Figures],
    account: &Account,
    assets: &[NetAsset],
    market: &Market,
) -> Result<Option<Exposures>, MarginError> {
    let mut all = Collected::new(figures);
    all.of.reserve(account.portfolio.positions.len() + 4);
    for position in &account.portfolio.positions {
        let instrument =
            market.listing().get(position.instrument).ok_or_else(MarginError::unknown(position.instrument))?;
        if !instrument.only_moves_balances() && all.position(position).is_none() {
            return Ok(None);
        }
    }
    for net in assets.iter().filter(|net| net.asset != market.currency()) {
        let parts = [net.cash, net.gains, net.losses, net.option_value];
        if all.asset(net.asset, parts.iter().map(|part| float(part.abs())).sum()).is_none() {
            return Ok(None);
        }
    }
    let orders = fillable(account)?;
    if float(account.taker_fee_rate).abs() > TAKER_FEE_MAX {
        return Ok(None);
    }
    for order in &orders {
        if all.order(account, order, market)?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(all.finish()))
}

/// What a trade gains against the mark and what it then carries as an option's value, added without signs, in units of the
/// settlement asset.
///
/// # Errors
/// [`MarginError`] for what cannot be priced.
pub(super) fn paid(
    instrument: &Instrument,
    id: InstrumentId,
    quantity: Quantity,
    price: Price,
    market: &Market,
) -> Result<f64, MarginError> {
    let (unsettled_pnl, accrued_funding) = (Decimal::ZERO, Decimal::ZERO);
    let filled = Position { instrument: id, quantity, entry_price: Some(price), unsettled_pnl, accrued_funding };
    let mark = market.priced(id)?.mark;
    let carried = instrument.carry(&filled, mark).map_err(MarginError::of(instrument))?.option_value;
    let gain = instrument.fill_pnl(quantity, price, mark).map_err(MarginError::of(instrument))?;
    Ok(float(carried.value.abs()) + float(gain.value.abs()))
}

pub(super) struct Collected<'a> {
    figures: &'a [Figures],
    of: Vec<Exposure>,
    jitter: f64,
}

impl<'a> Collected<'a> {
    pub(super) const fn new(figures: &'a [Figures]) -> Self {
        Self { figures, of: Vec::new(), jitter: 0.0 }
    }

    /// The most that so much more of a contract takes off an excess, beside what is paid.
    pub(super) fn lots(&self, id: InstrumentId, quantity: Quantity) -> Option<f64> {
        let (source, row) = self.place(id)?;
        let figures = &self.figures[source];
        Some(float(quantity.0) / figures.rows[row].lot * (figures.reaches[row] + figures.lost[row]))
    }

    /// The most that a unit of an asset takes off an excess, if it goes.
    pub(super) fn unit(&self, asset: Asset) -> Option<f64> {
        let figures = self.figures.iter().find(|of| of.source == Source::Asset(asset))?;
        Some((figures.reaches[0] + figures.lost[0]) / figures.rows[0].lot)
    }

    /// Where the figures of a contract are: source and row.
    fn place(&self, id: InstrumentId) -> Option<(usize, usize)> {
        let found = |(at, figures): (usize, &Figures)| Some((at, *figures.contracts.get(id)?));
        self.figures.iter().enumerate().find_map(found)
    }

    pub(super) fn position(&mut self, position: &Position) -> Option<()> {
        let (source, row) = self.place(position.instrument)?;
        // What counts as entered at the mark gains nothing that could make up for another's loss.
        self.contract(source, row, float(position.quantity.0), 1.0, position.entry_price.is_some());
        Some(())
    }

    /// Adds so many `times` what contracts of a row are.
    fn contract(&mut self, source: usize, row: usize, quantity: f64, times: f64, nets: bool) {
        let figures = &self.figures[source];
        let lots = quantity / figures.rows[row].lot;
        self.jitter += lots.abs() * figures.besides.jitter;
        self.add(Exposure { source, row, lots: lots * times, nets });
    }

    /// Nothing of what moved without bound is nothing.
    fn add(&mut self, of: Exposure) {
        if of.lots.abs() > 0.0 {
            self.of.push(of);
        }
    }

    pub(super) fn asset(&mut self, asset: Asset, units: f64) -> Option<()> {
        let of = |figures: &Figures| figures.source == Source::Asset(asset);
        let source = self.figures.iter().position(of)?;
        let figures = &self.figures[source];
        let lots = units / figures.rows[0].lot;
        self.add(Exposure { source, row: 0, lots, nets: false });
        self.jitter += lots * figures.besides.jitter;
        Some(())
    }

    /// Adds what an order could become, and what its price and its fee act on in the settlement asset: so many units of it,
    /// as often as the model counts them.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced.
    pub(super) fn order(
        &mut self,
        account: &Account,
        order: &Order,
        market: &Market,
    ) -> Result<Option<f64>, MarginError> {
        let (id, quantity) = (order.instrument, order.signed_quantity());
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        let Some((source, row)) = self.place(id).filter(|_| !instrument.only_moves_balances()) else { return Ok(None) };
        let times = self.figures[source].besides.order_factor;
        self.contract(source, row, float(quantity.0), times, false);
        self.jitter += self.figures[source].besides.order_jitter;
        let fee = float(fee(account, order, instrument, market)?.value.abs());
        let units = (paid(instrument, id, quantity, order.price, market)? + fee) * times;
        let settlement = instrument.terms().settlement;
        let counted = settlement == market.currency() || self.asset(settlement, units).is_some();
        Ok(counted.then_some(units))
    }

    pub(super) fn finish(mut self) -> Exposures {
        self.of.sort_by_key(|of| (of.source, of.row));
        let mut sources: Vec<usize> = self.of.iter().map(|exposure| exposure.source).collect();
        sources.dedup();
        let fixed: f64 = sources.into_iter().map(|source| self.figures[source].besides.fixed).sum();
        Exposures { of: self.of, jitter: self.jitter + fixed }
    }
}
