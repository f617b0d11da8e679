//! Groups in groups: classes in product groups in portfolio groups, as deep as one likes.

use plimsoll_core::{Decimal, NumberError, Rounding};

/// Valuation points of a class.
pub const POINTS: usize = 10;

/// Points on each side of the price now, which is no point.
const SIDE: i64 = 5;

/// How far the price of a class of products goes, shares of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Up.
    pub up: Decimal,
    /// Down.
    pub down: Decimal,
}

impl Range {
    /// A broad-based index of high capitalisation: +6 %, −8 %.
    pub const HIGH_CAPITALISATION: Self = Self { up: Decimal::new(6, 2), down: Decimal::new(8, 2) };
    /// Another broad-based index: ±10 %.
    pub const BROAD: Self = Self { up: Decimal::new(10, 2), down: Decimal::new(10, 2) };
    /// A stock, a narrow-based index, anything else: ±15 %.
    pub const NARROW: Self = Self { up: Decimal::new(15, 2), down: Decimal::new(15, 2) };

    /// The valuation points, the lowest first: fifths of the range each side, × the product's market-move factor.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// FINRA rule 4210(g): ten equidistant points.
    pub fn points(&self, factor: Decimal) -> Result<[Decimal; POINTS], NumberError> {
        let mut all = [Decimal::ZERO; POINTS];
        let fifths = (-SIDE..=SIDE).filter(|fifth| *fifth != 0);
        for (point, fifth) in all.iter_mut().zip(fifths) {
            let range = if fifth < 0 { self.down } else { self.up };
            let moved = range.times_ratio(Decimal::from_int(fifth), Decimal::from_int(SIDE), Rounding::HalfEven)?;
            *point = moved.times(factor, Rounding::HalfEven)?;
        }
        Ok(all)
    }
}

/// What a class is asked on its own: its largest loss over the points, at least the sum of its minimum charges, at
/// least zero. `pnl` is its gain at every point.
///
/// # Source
/// FINRA rule 4210(g)(7).
#[must_use]
pub fn class_requirement(pnl: &[Decimal], minimum: Decimal) -> Decimal {
    pnl.iter().map(|gain| gain.negated()).fold(minimum, Decimal::max).or_zero()
}

/// A member's gains and losses as its group counts them: losses whole, gains × the group's offset.
///
/// # Errors
/// [`NumberError::Overflow`].
pub fn offset(pnl: &[Decimal], share: Decimal) -> Result<Vec<Decimal>, NumberError> {
    pnl.iter().map(|gain| if gain.signum() > 0 { gain.times(share, Rounding::Down) } else { Ok(*gain) }).collect()
}

/// A class: everything on one underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its gain at every point.
    pub pnl: Vec<Decimal>,
    /// The sum of its minimum charges.
    pub minimum: Decimal,
}

/// Classes, or groups of them, that offset each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Share of a member's gain that stands against the others' losses.
    pub offset: Decimal,
    /// What is in it.
    pub of: Vec<Member>,
}

/// A part of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// A class.
    Class(Class),
    /// A group in the group.
    Group(Group),
}

impl Member {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Class(class) => &class.name,
            Self::Group(group) => &group.name,
        }
    }

    /// Its gain at every point: of a group the sum of its members', offset.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn pnl(&self) -> Result<Vec<Decimal>, NumberError> {
        let group = match self {
            Self::Class(class) => return Ok(class.pnl.clone()),
            Self::Group(group) => group,
        };
        let mut sum: Vec<Decimal> = Vec::new();
        for member in &group.of {
            let counted = offset(&member.pnl()?, group.offset)?;
            sum.resize(sum.len().max(counted.len()), Decimal::ZERO);
            for (sum, gain) in sum.iter_mut().zip(counted) {
                *sum = sum.plus(gain)?;
            }
        }
        Ok(sum)
    }

    /// The sum of the minimum charges in it.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn minimum(&self) -> Result<Decimal, NumberError> {
        match self {
            Self::Class(class) => Ok(class.minimum),
            Self::Group(group) => group.of.iter().try_fold(Decimal::ZERO, |sum, member| sum.plus(member.minimum()?)),
        }
    }

    /// What it is asked.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn requirement(&self) -> Result<Decimal, NumberError> {
        Ok(class_requirement(&self.pnl()?, self.minimum()?))
    }
}
