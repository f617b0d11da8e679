//! The risk matrix of one pair of base and settlement asset, and what is made of several: the venue's own
//! figures, in the settlement asset, never converted.

use plimsoll_core::{Decimal, Rounding};

use crate::MarginError;

/// The moves of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The largest ordinary move.
    pub price_range: Decimal,
    /// Buckets on each side of the current price.
    pub buckets: u32,
    /// Moves beyond the range, volatility up.
    pub extended: Vec<Decimal>,
    /// Share of an option's P&L beyond the range that counts, × range ÷ move.
    pub extended_factor: Decimal,
    /// P&L that a move of twice the range leaves out, in money.
    pub dampener: Decimal,
    /// Share of a gain that may stand against another pair's loss.
    pub pnl_offset: Decimal,
}

/// A future or perpetual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Future {
    /// Coins, negative where short.
    pub size: Decimal,
    /// Its mark, in the quote; what a linear one is worth.
    pub mark: Decimal,
    /// Whether it is settled in the coin.
    pub inverse: bool,
}

/// P&L by bucket and volatility, and beyond the range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RiskVectors {
    /// From the lowest bucket to the highest; in each volatility up, same, down.
    pub standard: Vec<Decimal>,
    /// In the order of the extended moves.
    pub extended: Vec<Decimal>,
}

/// A place in the vectors, counted as the venue counts: from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Which price move, from the lowest.
    pub bucket: usize,
    /// `left` of the current price, `right` of it, or `middle`.
    pub side: &'static str,
    /// `standard` or `extended`.
    pub source: &'static str,
    /// Which value of the vector.
    pub index: usize,
}

/// Volatility moves of a bucket.
pub const VOLS: usize = 3;

impl Grid {
    /// The price moves of the buckets, ascending.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn moves(&self) -> Result<Vec<Decimal>, MarginError> {
        let buckets = i128::from(self.buckets);
        let step = Decimal::ONE.times_count(buckets)?;
        let each = |at: i128| self.price_range.times_ratio(Decimal::ONE.times_count(at)?, step, Rounding::HalfEven);
        Ok((-buckets..=buckets).map(each).collect::<Result<_, _>>()?)
    }

    /// How many values of the matrix stand before those beyond the range.
    #[must_use]
    pub const fn standard(&self) -> usize {
        (2 * self.buckets as usize + 1) * VOLS
    }

    /// The place of the value at `at`, standard values before extended ones, of vectors with so many `standard` values.
    #[must_use]
    pub fn bucket(&self, at: usize, standard: usize) -> Bucket {
        let side = |right: bool| if right { "right" } else { "left" };
        match at.checked_sub(standard) {
            None => {
                let (bucket, middle) = (at / VOLS, standard / VOLS / 2);
                let side = if bucket == middle { "middle" } else { side(bucket > middle) };
                Bucket { bucket: bucket + 1, side, source: "standard", index: at + 1 }
            }
            Some(at) => {
                let right = self.extended.get(at).is_some_and(|by| by.signum() > 0);
                Bucket { bucket: at + 1, side: side(right), source: "extended", index: at + 1 }
            }
        }
    }

    /// A move as far as the range goes.
    fn edge(&self, by: Decimal) -> Decimal {
        by.clamp(self.price_range.negated(), self.price_range)
    }

    /// The P&L of futures over the matrix. Beyond the range they count at its edge.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Deribit, private/simulate: a bucket's move reaches each contract at its own mark, so that a basis never
    /// shows.
    pub fn futures(&self, held: &[Future]) -> Result<RiskVectors, MarginError> {
        let mut vectors = self.nothing();
        if !held.is_empty() {
            for (by, pnl) in self.moves()?.into_iter().zip(vectors.standard.chunks_exact_mut(VOLS)) {
                pnl.fill(pnl_of(held, by)?);
            }
            for (by, pnl) in self.extended.iter().zip(&mut vectors.extended) {
                *pnl = pnl_of(held, self.edge(*by))?;
            }
        }
        Ok(vectors)
    }

    /// What nothing gains.
    fn nothing(&self) -> RiskVectors {
        let zeros = |count| vec![Decimal::ZERO; count];
        RiskVectors { standard: zeros(self.standard()), extended: zeros(self.extended.len()) }
    }

    /// An option's P&L at an extended move as it counts: × factor × range ÷ |move|, and of a coin-settled one
    /// as if the coin were worth what it is at the edge of the range. A move inside the range is its own edge.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// Third-party reading of the white paper; not verified against the venue.
    pub fn beyond(&self, pnl: Decimal, by: Decimal, inverse: bool) -> Result<Decimal, MarginError> {
        let scaled = pnl.times(self.extended_factor, Rounding::HalfEven)?;
        let edge = self.edge(by);
        let scaled = scaled.times_ratio(edge.abs(), by.abs(), Rounding::HalfEven)?;
        if !inverse {
            return Ok(scaled);
        }
        Ok(scaled.times_ratio(Decimal::ONE.plus(by)?, Decimal::ONE.plus(edge)?, Rounding::HalfEven)?)
    }

    /// The vectors as they are added to other pairs': beyond the range drawn towards zero by the dampener, then
    /// gains × `pnl_offset`. `price` is what one of the settlement asset is worth in money.
    ///
    /// # Errors
    /// [`MarginError::Number`]; a price of zero.
    /// # Source
    /// Deribit, private/simulate and article 25944756247837; the scaling of gains against recorded responses.
    pub fn aggregated(&self, vectors: &RiskVectors, price: Decimal) -> Result<RiskVectors, MarginError> {
        self.scaled(vectors, &self.left_out(price)?)
    }

    /// What the dampener leaves out of every extended move, in the settlement asset, of which one is worth `price`.
    pub(super) fn left_out(&self, price: Decimal) -> Result<Vec<Decimal>, MarginError> {
        let mut all = Vec::with_capacity(self.extended.len());
        for by in &self.extended {
            let past = by.abs().over(self.price_range, Rounding::Down)?.minus(Decimal::ONE)?.or_zero();
            all.push(past.times(self.dampener, Rounding::Down)?.over(price, Rounding::Down)?);
        }
        Ok(all)
    }

    /// [`Self::aggregated`] where it is known what is [left out](Self::left_out).
    pub(super) fn scaled(&self, vectors: &RiskVectors, left_out: &[Decimal]) -> Result<RiskVectors, MarginError> {
        let offset = |pnl: Decimal| match pnl.signum() {
            1 => pnl.times(self.pnl_offset, Rounding::Down),
            _ => Ok(pnl),
        };
        let mut extended = Vec::with_capacity(vectors.extended.len());
        for (pnl, left_out) in vectors.extended.iter().zip(left_out) {
            let left_out = (*left_out).min(pnl.abs());
            let damped = if pnl.signum() < 0 { pnl.plus(left_out)? } else { pnl.minus(left_out)? };
            extended.push(offset(damped)?);
        }
        let mut standard = Vec::with_capacity(vectors.standard.len());
        for pnl in &vectors.standard {
            standard.push(offset(*pnl)?);
        }
        Ok(RiskVectors { standard, extended })
    }
}

fn pnl_of(held: &[Future], by: Decimal) -> Result<Decimal, MarginError> {
    held.iter().try_fold(Decimal::ZERO, |sum, future| Ok(sum.plus(future.pnl(by)?)?))
}

impl Future {
    /// P&L of a relative move of its own mark, in the settlement asset: n·x ÷ (1 + x) coins, or n·mark·x.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn pnl(&self, by: Decimal) -> Result<Decimal, MarginError> {
        Ok(if self.inverse {
            self.size.times_ratio(by, Decimal::ONE.plus(by)?, Rounding::Down)?
        } else {
            self.size.times(self.mark, Rounding::Down)?.times(by, Rounding::Down)?
        })
    }

    /// Its delta, in the settlement asset: coins, or their worth.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn delta(&self) -> Result<Decimal, MarginError> {
        Ok(if self.inverse { self.size } else { self.size.times(self.mark, Rounding::HalfEven)? })
    }
}

impl RiskVectors {
    /// Adds `other`, place by place.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn add(&mut self, other: &Self) -> Result<(), MarginError> {
        let pairs = [(&mut self.standard, &other.standard), (&mut self.extended, &other.extended)];
        for (sums, others) in pairs {
            sums.resize(sums.len().max(others.len()), Decimal::ZERO);
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum = sum.plus(*other)?;
            }
        }
        Ok(())
    }

    /// All of them, standard first.
    pub fn all(&self) -> impl Iterator<Item = Decimal> + '_ {
        self.standard.iter().chain(&self.extended).copied()
    }

    /// The losses alone: gains are nothing.
    #[must_use]
    pub fn losses(&self) -> Self {
        let of = |all: &[Decimal]| all.iter().map(|pnl| (*pnl).min(Decimal::ZERO)).collect();
        Self { standard: of(&self.standard), extended: of(&self.extended) }
    }

    /// Where the largest loss is, the first where several are, standard values before extended ones; none where
    /// nothing loses.
    #[must_use]
    pub fn worst(&self) -> Option<usize> {
        let worst = self.worst_case().negated();
        if worst.is_zero() { None } else { self.all().position(|pnl| pnl == worst) }
    }

    /// The largest loss, at least zero.
    #[must_use]
    pub fn worst_case(&self) -> Decimal {
        self.all().fold(Decimal::ZERO, |worst, pnl| worst.max(pnl.negated()))
    }
}
