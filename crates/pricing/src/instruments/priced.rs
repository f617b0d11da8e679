//! One instrument in one market: its exact mark and the floats it is revalued with.

use std::ops::Range;

use plimsoll_core::{Decimal, Price, Timestamp};

use super::{Instrument, Terms};
use crate::PricingError;
use crate::float::{decimal, float};
use crate::formulas::Right;
use crate::market::{ForwardSource, MarkQuote, View, Vol};

/// Decimals that a mark by the model is rounded to, half even.
const MODEL_PLACES: u32 = 15;

/// One instrument in one market.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// As quoted; an inverse option's is in coin.
    pub mark: Price,
    /// Who says so.
    pub mark_source: MarkSource,
    /// What its worth moves with, in the quote: the own mark of a perpetual or a future, the forward of
    /// an option, the index of spot and of a perpetual option.
    pub forward: f64,
    /// Where that comes from; a published own mark counts as [`ForwardSource::FutureMark`].
    pub forward_source: ForwardSource,
    /// The index, in the quote.
    pub index: f64,
    /// The volatility of an option that has not expired.
    pub vol: Option<Vol>,
    /// Years to expiry; zero for what never expires or has expired.
    pub years: f64,
    /// The rate its expiry is discounted at.
    pub rate: f64,
}

/// Who says what an instrument's mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkSource {
    /// The market's snapshot.
    Quoted,
    /// Computed here.
    Model,
}

impl Priced {
    /// The same instrument with everything it moves with × `growth`, and its volatility × `vol_scale` +
    /// `vol_shift`, never below zero.
    ///
    /// A future's mark moves by `growth`. An option's moves as the model's does: where the quoted mark
    /// departs from the model, the gap stays as it is, in the unit it is quoted in, while the mark
    /// stays above zero.
    ///
    /// # Errors
    /// [`PricingError::Move`] unless `growth` is above zero and all three are finite;
    /// [`PricingError::Number`] when the mark does not fit.
    pub fn moved(
        &self,
        instrument: &Instrument,
        growth: f64,
        vol_scale: f64,
        vol_shift: f64,
    ) -> Result<Self, PricingError> {
        let checks = [
            ("price", growth, growth > 0.0, "a factor above zero"),
            ("volatility", vol_scale, vol_scale >= 0.0, "a factor of zero or more"),
            ("volatility", vol_shift, true, "a number"),
        ];
        for (what, value, good, expected) in checks {
            if !(good && value.is_finite()) {
                return Err(PricingError::Move { what, value, expected });
            }
        }
        let mut moved = self.clone();
        moved.forward *= growth;
        moved.index *= growth;
        if let Some(vol) = &mut moved.vol {
            vol.value = vol.value.mul_add(vol_scale, vol_shift).max(0.0);
        }
        let change = match (instrument.model(self), instrument.model(&moved)) {
            (Some(before), Some(after)) => after - before,
            _ => float(self.mark.value) * (growth - 1.0),
        };
        moved.mark.value = self.mark.value.plus(decimal(change, MODEL_PLACES)?)?.or_zero();
        moved.mark_source = MarkSource::Model;
        Ok(moved)
    }
}

/// What the market and the instrument's own marks say, checked: what every kind starts from.
pub(super) struct Quoted<'a> {
    /// The index in the instrument's own quote.
    pub(super) index: f64,
    /// Units of the instrument's quote for one of the index's.
    exchange: f64,
    /// The same in the snapshot: each strike keeps its own volatility whatever moves.
    exchange_then: f64,
    terms: &'a Terms,
    view: &'a View,
    quote: Option<&'a MarkQuote>,
}

impl<'a> Quoted<'a> {
    pub(super) fn new(terms: &'a Terms, view: &'a View, quote: Option<&'a MarkQuote>) -> Result<Self, PricingError> {
        let (expected, found) = (terms.quote, view.quote(terms.underlying)?);
        let exchange = view.exchange(found, expected).ok_or(PricingError::Quote { expected, found })?;
        let exchange_then = exchange / view.exchange_growth(found, expected);
        Ok(Self { index: view.index(terms.underlying)? * exchange, exchange, exchange_then, terms, view, quote })
    }

    pub(super) fn forward(&self, expiry: Timestamp) -> Result<(f64, ForwardSource), PricingError> {
        let forward = self.view.forward(self.terms.underlying, expiry)?;
        Ok((forward.value * self.exchange, forward.source))
    }

    /// The published mark of what cannot be worth nothing.
    pub(super) fn price_above_zero(&self) -> Result<Option<Decimal>, PricingError> {
        self.price(|value| value.signum() > 0, "a price above zero")
    }

    /// The published mark of what may be worth nothing.
    pub(super) fn price_at_least_zero(&self) -> Result<Option<Decimal>, PricingError> {
        self.price(|value| value.signum() >= 0, "a price of zero or more")
    }

    fn price(&self, good: fn(Decimal) -> bool, expected: &'static str) -> Result<Option<Decimal>, PricingError> {
        match self.quote.and_then(|quote| quote.price) {
            Some(value) if !good(value) => Err(PricingError::Mark { value, expected }),
            price => Ok(price),
        }
    }

    /// The published mark volatility.
    pub(super) fn vol(&self) -> Result<Option<f64>, PricingError> {
        match self.quote.and_then(|quote| quote.vol) {
            Some(value) if value.signum() < 0 => Err(PricingError::Vol(value)),
            vol => Ok(vol.map(float)),
        }
    }

    /// What the surface says of a strike.
    pub(super) fn surface_vol(&self, expiry: Timestamp, strike: f64) -> Result<Vol, PricingError> {
        Ok(self.view.vol(self.terms.underlying, expiry, strike / self.exchange_then)?)
    }

    /// The same beside a mark that implied none. Where the surface has none either and the mark is out
    /// of `range`, what an option of this `right` is worth from no volatility to any, the mark is to blame.
    pub(super) fn surface_vol_beside(
        &self,
        price: Option<Decimal>,
        expiry: Timestamp,
        strike: f64,
        right: Right,
        range: Range<f64>,
    ) -> Result<Vol, PricingError> {
        let vol = self.surface_vol(expiry, strike);
        match (vol, price) {
            (Err(error), Some(value)) => Err(match float(value) {
                mark if mark >= range.end => {
                    PricingError::MarkAboveMost { value, most: range.end, right: right.word() }
                }
                mark if mark <= range.start => PricingError::MarkBelowLeast { value, least: range.start },
                _ => error,
            }),
            (vol, _) => vol,
        }
    }

    /// A mark by the model as an exact number.
    pub(super) fn decimal(&self, model: f64) -> Result<Decimal, PricingError> {
        Ok(decimal(model, MODEL_PLACES)?)
    }

    /// An instrument that is worth what it is quoted at: spot, perpetual, future. `otherwise` is the
    /// mark where none is published, and where it comes from.
    pub(super) fn straight(
        &self,
        otherwise: (f64, ForwardSource),
        years: f64,
        rate: f64,
    ) -> Result<Priced, PricingError> {
        let (mark, mark_source, forward, forward_source) = match self.price_above_zero()? {
            Some(price) => (price, MarkSource::Quoted, float(price), ForwardSource::FutureMark),
            None => (self.decimal(otherwise.0)?, MarkSource::Model, otherwise.0, otherwise.1),
        };
        Ok(Priced {
            mark: Price::new(mark, self.terms.quote),
            mark_source,
            forward,
            forward_source,
            index: self.index,
            vol: None,
            years,
            rate,
        })
    }
}
