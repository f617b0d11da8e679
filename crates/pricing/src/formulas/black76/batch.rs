//! Many options at once, column by column, with the widest instructions of the CPU.

use super::{Right, greeks, price};
use plimsoll_numerics::{Kernel, dispatch};

/// Options worked on together. A fixed count needs no remainder loop, and results that are first held
/// locally cannot overlap the inputs, which is what lets the compiler use vectors.
const BLOCK: usize = 16;

/// European options as columns of one length; units as in [`price`].
#[derive(Clone, Copy, Debug)]
pub struct OptionColumns<'a> {
    /// Calls and puts.
    pub rights: &'a [Right],
    /// Forwards at expiry, quote currency.
    pub forwards: &'a [f64],
    /// Strikes, quote currency.
    pub strikes: &'a [f64],
    /// Annual volatilities, 0.8 for 80 %.
    pub vols: &'a [f64],
    /// Years to expiry.
    pub years: &'a [f64],
    /// Continuously compounded rates.
    pub rates: &'a [f64],
}

/// Where a batch writes; the fields are those of [`Greeks`](super::Greeks).
#[derive(Debug)]
pub struct GreeksColumns<'a> {
    /// Discounted prices.
    pub prices: &'a mut [f64],
    /// By the forward.
    pub deltas: &'a mut [f64],
    /// Second, by the forward.
    pub gammas: &'a mut [f64],
    /// Per 1.00 of volatility.
    pub vegas: &'a mut [f64],
    /// Per year.
    pub thetas: &'a mut [f64],
}

/// The price of each option: the bits that [`price`] gives.
///
/// # Panics
/// When the columns differ in length.
pub fn price_batch(options: &OptionColumns, prices: &mut [f64]) {
    options.assert_length(prices.len());
    dispatch(PriceBatch { options, prices });
}

/// The price and first Greeks of each option: the bits that [`greeks`] gives.
///
/// # Panics
/// When the columns differ in length.
pub fn greeks_batch(options: &OptionColumns, out: GreeksColumns) {
    for column in [&out.prices, &out.deltas, &out.gammas, &out.vegas, &out.thetas] {
        options.assert_length(column.len());
    }
    dispatch(GreeksBatch { options, out });
}

impl OptionColumns<'_> {
    fn assert_length(&self, length: usize) {
        assert_eq!(self.rights.len(), length, "as many rights as results");
        for column in [self.forwards, self.strikes, self.vols, self.years, self.rates] {
            assert_eq!(column.len(), length, "columns of one length");
        }
    }
}

/// A block of options, read in place.
struct Block<'a> {
    rights: &'a [Right; BLOCK],
    forwards: &'a [f64; BLOCK],
    strikes: &'a [f64; BLOCK],
    vols: &'a [f64; BLOCK],
    years: &'a [f64; BLOCK],
    rates: &'a [f64; BLOCK],
}

impl OptionColumns<'_> {
    /// Gives each whole block to `work`, with its start, and then the rest, filled up with harmless
    /// options; `work` is also told how many of the block's options are real.
    #[inline(always)]
    fn for_each_block(&self, mut work: impl FnMut(usize, usize, &Block)) {
        let (rights, last_rights) = self.rights.as_chunks();
        let (forwards, last_forwards) = self.forwards.as_chunks();
        let (strikes, last_strikes) = self.strikes.as_chunks();
        let (vols, last_vols) = self.vols.as_chunks();
        let (years, last_years) = self.years.as_chunks();
        let (rates, last_rates) = self.rates.as_chunks();
        let columns = rights.iter().zip(forwards).zip(strikes).zip(vols).zip(years).zip(rates);
        for (i, (((((rights, forwards), strikes), vols), years), rates)) in columns.enumerate() {
            work(i * BLOCK, BLOCK, &Block { rights, forwards, strikes, vols, years, rates });
        }
        if !last_rights.is_empty() {
            let last = Block {
                rights: &padded(last_rights, Right::Call),
                forwards: &padded(last_forwards, 1.0),
                strikes: &padded(last_strikes, 1.0),
                vols: &padded(last_vols, 1.0),
                years: &padded(last_years, 1.0),
                rates: &padded(last_rates, 1.0),
            };
            work(rights.len() * BLOCK, last_rights.len(), &last);
        }
    }
}

/// The values, and `filler` after them.
#[inline(always)]
fn padded<T: Copy, const N: usize>(values: &[T], filler: T) -> [T; N] {
    let mut block = [filler; N];
    if let Ok(whole) = <&[T; N]>::try_from(values) {
        // By plain vector moves, with no call.
        block = *whole;
    } else {
        block[..values.len()].copy_from_slice(values);
    }
    block
}

/// Copies as much of a block as the column's part has room for.
#[inline(always)]
fn store<const N: usize>(block: &[f64; N], column: &mut [f64]) {
    if let Ok(whole) = <&mut [f64; N]>::try_from(&mut *column) {
        *whole = *block;
    } else {
        column.copy_from_slice(&block[..column.len()]);
    }
}

pub(super) struct PriceBatch<'a> {
    pub(super) options: &'a OptionColumns<'a>,
    pub(super) prices: &'a mut [f64],
}

impl Kernel for PriceBatch<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.options.for_each_block(
            #[inline(always)]
            |start, count, block| {
                let mut prices = [0.0; BLOCK];
                for (i, slot) in prices.iter_mut().enumerate() {
                    *slot = price(
                        block.rights[i],
                        block.forwards[i],
                        block.strikes[i],
                        block.vols[i],
                        block.years[i],
                        block.rates[i],
                    );
                }
                store(&prices, &mut self.prices[start..start + count]);
            },
        );
    }
}

pub(super) struct GreeksBatch<'a> {
    pub(super) options: &'a OptionColumns<'a>,
    pub(super) out: GreeksColumns<'a>,
}

impl Kernel for GreeksBatch<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.options.for_each_block(
            #[inline(always)]
            |start, count, block| {
                let [mut prices, mut deltas, mut gammas, mut vegas, mut thetas] = [[0.0; BLOCK]; 5];
                for i in 0..BLOCK {
                    let all = greeks(
                        block.rights[i],
                        block.forwards[i],
                        block.strikes[i],
                        block.vols[i],
                        block.years[i],
                        block.rates[i],
                    );
                    prices[i] = all.price;
                    deltas[i] = all.delta;
                    gammas[i] = all.gamma;
                    vegas[i] = all.vega;
                    thetas[i] = all.theta;
                }
                let range = start..start + count;
                store(&prices, &mut self.out.prices[range.clone()]);
                store(&deltas, &mut self.out.deltas[range.clone()]);
                store(&gammas, &mut self.out.gammas[range.clone()]);
                store(&vegas, &mut self.out.vegas[range.clone()]);
                store(&thetas, &mut self.out.thetas[range]);
            },
        );
    }
}
