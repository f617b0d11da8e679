//! What of a requirement is one pass over positions: sums by group, folded, combined. A model declares its passes, and
//! whoever has many accounts makes them for all at once.

use std::ops::Range;

use crate::array::{Holding, Table, by_expiry};

/// What becomes of a group's sum in a column. A group is what shares an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Nothing.
    Plain,
    /// −|sum|: a move that may hit each group on its bad side.
    Absolute,
    /// Gains and losses each × their share, rounded down.
    Sides {
        /// Share of a gain that counts.
        gains: Share,
        /// Share of a loss that counts.
        losses: Share,
    },
}

/// A share in 2⁻¹⁶, at most one: what whole numbers are scaled by without leaving them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// Bits below the point.
    pub const BITS: u32 = 16;
    /// All of it.
    pub const WHOLE: Self = Self(1 << Self::BITS);

    /// `count` × 2⁻¹⁶; `None` above one.
    #[must_use]
    pub const fn new(count: u32) -> Option<Self> {
        if count <= Self::WHOLE.0 { Some(Self(count)) } else { None }
    }

    /// The count of 2⁻¹⁶.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0
    }
}

/// What is made of the groups' vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// They are added column by column: the worst column of all.
    WorstOfSum,
    /// The worst column of each, added: every group may move on its own.
    SumOfWorsts,
}

/// One pass over positions in one table.
#[derive(Clone, Debug)]
pub struct Pass<'a> {
    /// What explanations call its figure.
    pub name: &'static str,
    /// The cells.
    pub table: &'a Table,
    /// The columns that are looked at.
    pub columns: Range<usize>,
    /// What becomes of a group's sums.
    pub fold: Fold,
    /// What is made of the groups.
    pub combine: Combine,
}

impl Pass<'_> {
    /// The loss of `holdings`, sorted by row, in grains: at least zero. For one account; the slow and plain form of what
    /// is done for many.
    #[must_use]
    pub fn loss(&self, holdings: &[Holding]) -> i128 {
        let mut sums = vec![0_i128; self.columns.len()];
        let mut worsts = 0;
        for (_, group) in by_expiry(self.table, holdings) {
            let folded = self.table.sums(group, self.columns.clone()).into_iter().map(|sum| self.fold.of(sum));
            match self.combine {
                Combine::WorstOfSum => sums.iter_mut().zip(folded).for_each(|(sum, folded)| *sum += folded),
                Combine::SumOfWorsts => worsts -= folded.min().unwrap_or(0).min(0),
            }
        }
        worsts - sums.into_iter().min().unwrap_or(0).min(0)
    }
}

impl Fold {
    fn of(self, sum: i128) -> i128 {
        match self {
            Self::Plain => sum,
            Self::Absolute => -sum.abs(),
            Self::Sides { gains, losses } => {
                let share = i128::from(if sum < 0 { losses.0 } else { gains.0 });
                // By its two parts, so that no product leaves the range of the sum.
                let (above, below) = (sum >> Share::BITS, sum & ((1 << Share::BITS) - 1));
                above * share + ((below * share) >> Share::BITS)
            }
        }
    }
}
