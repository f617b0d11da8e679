//! A book as a covering problem: legs with counts of lots, and the strategies their lots can be put in.

use plimsoll_core::{Decimal, NumberError};

use super::named::{Class, Rules, Unit, gross};
use crate::MarginError;

/// A leg of a book: so many lots of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// What one unit of it is.
    pub unit: Unit,
    /// Lots, at least one.
    pub lots: i64,
}

/// A strategy over legs: which, how many units of each, and what one costs in units of 10⁻¹⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Column {
    legs: [(usize, i8); 4],
    kinds: usize,
    pub(super) cost: i128,
}

impl Column {
    /// The legs, ascending, and how many units of each.
    pub(super) fn legs(&self) -> &[(usize, i8)] {
        &self.legs[..self.kinds]
    }

    /// Whether it is one unit of one leg.
    pub(super) fn is_single(&self) -> bool {
        self.legs().len() == 1
    }

    /// What is left of its cost after its legs pay `prices`.
    pub(super) fn left(&self, prices: &[i128]) -> i128 {
        self.legs().iter().fold(self.cost, |left, (leg, times)| left - prices[*leg] * i128::from(*times))
    }

    /// How many of it `lots` can make.
    pub(super) fn fits(&self, lots: &[i64]) -> i64 {
        self.legs().iter().map(|(leg, times)| lots[*leg] / i64::from(*times)).min().unwrap_or(0)
    }

    /// Takes `count` of it from `lots`.
    pub(super) fn take(&self, count: i64, lots: &mut [i64]) {
        for (leg, times) in self.legs() {
            lots[*leg] -= count * i64::from(*times);
        }
    }
}

/// The covering problem.
pub(super) struct Problem<'a> {
    pub(super) legs: &'a [Leg],
    rules: &'a Rules,
    price: Decimal,
}

impl<'a> Problem<'a> {
    /// # Errors
    /// [`NumberError::Overflow`] for a book whose figures would not fit.
    pub(super) fn new(legs: &'a [Leg], rules: &'a Rules, price: Decimal) -> Result<Self, MarginError> {
        // Sums of prices over lots stay far inside 128 bits: refused beyond, not checked at every step.
        let mut most = price;
        for leg in legs {
            most = most.plus(leg.unit.strike)?.plus(leg.unit.mark)?;
        }
        let lots = legs.iter().try_fold(0_i64, |sum, leg| sum.checked_add(leg.lots)).unwrap_or(i64::MAX);
        let fits = most.units().checked_mul(i128::from(lots)).and_then(|all| all.checked_mul(1024));
        if fits.is_none() {
            let right = Decimal::from_int(lots);
            return Err(NumberError::Overflow { operation: "the book's size", left: most, right }.into());
        }
        Ok(Self { legs, rules, price })
    }

    /// The column that one unit of each of `legs`, places that may repeat, makes; `None` without a rule.
    pub(super) fn column(&self, legs: &[usize]) -> Result<Option<Column>, MarginError> {
        let units: Vec<Unit> = legs.iter().map(|leg| self.legs[*leg].unit).collect();
        let Some(cost) = gross(self.rules, self.price, &units)? else { return Ok(None) };
        let mut sorted = legs.to_vec();
        sorted.sort_unstable();
        let mut column = Column { legs: [(0, 0); 4], kinds: 0, cost: cost.units() };
        for leg in sorted {
            match column.legs[..column.kinds].last_mut() {
                Some((last, times)) if *last == leg => *times += 1,
                _ => {
                    column.legs[column.kinds] = (leg, 1);
                    column.kinds += 1;
                }
            }
        }
        Ok(Some(column))
    }

    /// Every strategy of one, two or three legs: first each leg alone, in order.
    pub(super) fn up_to_three(&self) -> Result<Vec<Column>, MarginError> {
        let of = |class: Class| (0..self.legs.len()).filter(move |leg| self.legs[*leg].unit.class == class);
        let mut columns = Vec::new();
        for leg in 0..self.legs.len() {
            columns.extend(self.column(&[leg])?);
        }
        let pairs = [
            (Class::ShortCall, Class::LongCall),
            (Class::ShortPut, Class::LongPut),
            (Class::ShortCall, Class::ShortPut),
            (Class::ShortCall, Class::LongStock),
            (Class::LongPut, Class::LongStock),
            (Class::ShortPut, Class::ShortStock),
            (Class::LongCall, Class::ShortStock),
            (Class::LongStock, Class::ShortStock),
        ];
        for (one, other) in pairs {
            for leg in of(one) {
                for beside in of(other) {
                    columns.extend(self.column(&[leg, beside])?);
                }
            }
        }
        let stocks = [
            (Class::LongStock, Class::ShortCall, Class::LongPut),
            (Class::ShortStock, Class::LongCall, Class::ShortPut),
        ];
        for (stock, call, put) in stocks {
            for stock in of(stock) {
                for call in of(call) {
                    for put in of(put) {
                        columns.extend(self.column(&[stock, call, put])?);
                    }
                }
            }
        }
        Ok(columns)
    }
}
