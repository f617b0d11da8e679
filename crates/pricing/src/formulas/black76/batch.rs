//! Many options at once, column by column, with the widest instructions of the CPU.

use super::{Right, greeks, price};
use plimsoll_numerics::{Kernel, dispatch};

/// Options worked on together: columns of this length stay in registers and the first cache, and
/// being local they cannot overlap, which is what lets the compiler use vectors.
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

/// A block of options; beyond the end of the columns it repeats harmless ones.
struct Block {
    rights: [Right; BLOCK],
    forwards: [f64; BLOCK],
    strikes: [f64; BLOCK],
    vols: [f64; BLOCK],
    years: [f64; BLOCK],
    rates: [f64; BLOCK],
}

impl Block {
    #[inline(always)]
    fn new() -> Self {
        let ones = [1.0; BLOCK];
        Self { rights: [Right::Call; BLOCK], forwards: ones, strikes: ones, vols: ones, years: ones, rates: ones }
    }

    #[inline(always)]
    fn load(&mut self, from: &OptionColumns, start: usize, count: usize) {
        let range = start..start + count;
        load(&mut self.rights, &from.rights[range.clone()]);
        load(&mut self.forwards, &from.forwards[range.clone()]);
        load(&mut self.strikes, &from.strikes[range.clone()]);
        load(&mut self.vols, &from.vols[range.clone()]);
        load(&mut self.years, &from.years[range.clone()]);
        load(&mut self.rates, &from.rates[range]);
    }
}

/// Copies a column's part into a block; a whole one by plain vector moves, with no call.
#[inline(always)]
pub(super) fn load<T: Copy, const N: usize>(block: &mut [T; N], column: &[T]) {
    if let Ok(whole) = <&[T; N]>::try_from(column) {
        *block = *whole;
    } else {
        block[..column.len()].copy_from_slice(column);
    }
}

/// Copies as much of a block as the column's part has room for.
#[inline(always)]
pub(super) fn store<const N: usize>(block: &[f64; N], column: &mut [f64]) {
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
        let mut block = Block::new();
        let mut prices = [0.0; BLOCK];
        for (start, out) in (0..).step_by(BLOCK).zip(self.prices.chunks_mut(BLOCK)) {
            block.load(self.options, start, out.len());
            for i in 0..BLOCK {
                prices[i] = price(
                    block.rights[i],
                    block.forwards[i],
                    block.strikes[i],
                    block.vols[i],
                    block.years[i],
                    block.rates[i],
                );
            }
            store(&prices, out);
        }
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
        let mut block = Block::new();
        let [mut prices, mut deltas, mut gammas, mut vegas, mut thetas] = [[0.0; BLOCK]; 5];
        let length = self.out.prices.len();
        for start in (0..length).step_by(BLOCK) {
            let count = BLOCK.min(length - start);
            block.load(self.options, start, count);
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
        }
    }
}
