//! Worths under shocks: the inside of every risk table.

use super::{EuropeanOption, Instrument, Priced, option};

/// The market of one (underlying, expiry) under each of S scenarios; every slice is S long.
#[derive(Clone, Copy, Debug)]
pub struct Shocks<'a> {
    /// The index is multiplied by this: moves spot and perpetual options.
    pub spot: &'a [f64],
    /// The forward of an option or the mark of a future is multiplied by this.
    pub growth: &'a [f64],
    /// Its natural logarithm.
    pub log_growth: &'a [f64],
    /// Volatility is multiplied by this,
    pub vol_scale: &'a [f64],
    /// this is added,
    pub vol_shift: &'a [f64],
    /// and it is held at this or above.
    pub vol_floor: &'a [f64],
    /// Years to expiry that are then left; at zero an option is worth its payoff.
    pub years: &'a [f64],
    /// Their square root.
    pub sqrt_years: &'a [f64],
    /// What one unit of quote at expiry is then worth.
    pub discount: &'a [f64],
}

impl Shocks<'_> {
    /// How many scenarios there are.
    ///
    /// # Panics
    /// When the slices differ in length.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        let scenarios = self.spot.len();
        let others = [
            self.growth,
            self.log_growth,
            self.vol_scale,
            self.vol_shift,
            self.vol_floor,
            self.years,
            self.sqrt_years,
            self.discount,
        ];
        assert!(others.iter().all(|column| column.len() == scenarios), "shocks of one length");
        scenarios
    }

    /// A volatility in scenario `s`.
    pub(super) fn vol(&self, vol: f64, s: usize) -> f64 {
        vol.mul_add(self.vol_scale[s], self.vol_shift[s]).max(self.vol_floor[s]).max(0.0)
    }
}

/// Worth of ONE contract in its settlement asset under each scenario, one row of `out` an instrument.
///
/// For what is paid for when bought (spot, premium-paid options) the worth is its value; for the rest
/// it is P&L from the current mark, exactly zero where nothing is shocked. All of `run` share an
/// underlying and an expiry. Neighbours of one kind go through one kernel call, so an expiry's options
/// are one call when they stand together, as they do in a [`Listing`](super::Listing).
///
/// Worths follow the model: where a quoted mark departs from it, the departure is in
/// [`Instrument::carry`] and not here.
///
/// # Panics
/// When the slices of `shocks` differ in length, or `out` is not instruments × scenarios long.
pub fn worths(run: &[(&Instrument, &Priced)], shocks: &Shocks, out: &mut [f64]) {
    let scenarios = shocks.scenarios();
    assert_eq!(out.len(), run.len() * scenarios, "one worth an instrument and scenario");
    if scenarios == 0 {
        return;
    }
    let mut rest = out;
    for batch in run.chunk_by(|(left, _), (right, _)| together(left, right)) {
        let (rows, after) = rest.split_at_mut(batch.len() * scenarios);
        rest = after;
        let options: Vec<(&EuropeanOption, &Priced)> = batch.iter().filter_map(as_option).collect();
        if options.is_empty() {
            for ((instrument, priced), row) in batch.iter().zip(rows.chunks_exact_mut(scenarios)) {
                straight(instrument, priced, shocks, row);
            }
        } else {
            option::worths(&options, shocks, rows);
        }
    }
}

/// Whether two neighbours are valued in one call.
fn together(left: &Instrument, right: &Instrument) -> bool {
    match (left, right) {
        (Instrument::Option(left), Instrument::Option(right)) => left.is_discounted() == right.is_discounted(),
        (Instrument::Option(_), _) | (_, Instrument::Option(_)) => false,
        _ => true,
    }
}

fn as_option<'a>((instrument, priced): &(&'a Instrument, &'a Priced)) -> Option<(&'a EuropeanOption, &'a Priced)> {
    match instrument {
        Instrument::Option(option) => Some((option, priced)),
        _ => None,
    }
}

fn straight(instrument: &Instrument, priced: &Priced, shocks: &Shocks, row: &mut [f64]) {
    match instrument {
        Instrument::Spot(spot) => spot.worths(priced, shocks, row),
        Instrument::Perpetual(perpetual) => perpetual.worths(priced, shocks, row),
        Instrument::Future(future) => future.worths(priced, shocks, row),
        Instrument::PerpetualOption(option) => option.worths(priced, shocks, row),
        Instrument::Option(option) => option::worths(&[(option, priced)], shocks, row),
    }
}

/// A factor on a price that a coin amount is divided by. At a price of nothing a coin-settled loss has
/// no bound; here it stops at a billionth of the price, so that worths stay finite.
pub(super) fn divisor(growth: f64) -> f64 {
    if growth < 1e-9 { 1e-9 } else { growth }
}
