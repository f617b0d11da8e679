//! Rates by pieces of an amount, as venues print them: the first five million at one rate, the next five at another.

use std::fmt;
use std::str::FromStr;

use plimsoll_core::{Decimal, NumberError, Rounding};

/// Pieces of an amount, each with a rate of its own. Rates may rise or fall; past the last bound nothing counts.
///
/// ```
/// use plimsoll_margin::schedule::Schedule;
/// let discount: Schedule = "5000000:1, 10000000:0.9, rest:0.8".parse()?;
/// assert_eq!(discount.progressive(11_000_000.into())?, 10_300_000.into());
/// # Ok::<(), plimsoll_core::NumberError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Piece>);

/// A piece: up to where, and its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it ends; `None`: never.
    pub up_to: Option<Decimal>,
    /// What a unit of it counts.
    pub rate: Decimal,
}

impl Schedule {
    /// One rate for everything.
    #[must_use]
    pub fn flat(rate: Decimal) -> Self {
        Self(vec![Piece { up_to: None, rate }])
    }

    /// Everything less a share of it.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn less_haircut(haircut: Decimal) -> Result<Self, NumberError> {
        Ok(Self::flat(Decimal::ONE.minus(haircut)?))
    }

    /// Pieces with bounds that rise; only the last may have none. `None` where they do not.
    #[must_use]
    pub fn new(pieces: Vec<Piece>) -> Option<Self> {
        let mut from = Some(Decimal::ZERO);
        for piece in &pieces {
            let above = from?;
            if piece.up_to.is_some_and(|up_to| up_to <= above) || piece.rate.signum() < 0 {
                return None;
            }
            from = piece.up_to;
        }
        (!pieces.is_empty()).then_some(Self(pieces))
    }

    /// The pieces, from the first.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// What of `amount` counts: Σ of every piece (zero where negative) × its rate, rounded down. Beyond the last bound
    /// nothing does.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// OKX, discount rates; Bitget and Bybit, collateral value ratio.
    pub fn progressive(&self, amount: Decimal) -> Result<Decimal, NumberError> {
        Ok(self.pieces_of(amount, Rounding::Down)?.0)
    }

    /// What `amount` is charged: the same rounded up, and beyond the last bound at the last rate.
    ///
    /// ```
    /// # use plimsoll_margin::schedule::Schedule;
    /// let schedule: Schedule = "10:1, 20:2".parse().unwrap();
    /// assert_eq!([15, 40].map(|amount| schedule.charge(amount.into()).unwrap()), [20.into(), 70.into()]);
    /// assert_eq!(schedule.progressive(40.into()), Ok(30.into()));
    /// ```
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// OKX, scaling factor of the minimum charge.
    pub fn charge(&self, amount: Decimal) -> Result<Decimal, NumberError> {
        let (sum, reached) = self.pieces_of(amount, Rounding::Up)?;
        let last = self.0.last().map_or(Decimal::ZERO, |piece| piece.rate);
        sum.plus(amount.minus(reached)?.or_zero().times(last, Rounding::Up)?)
    }

    /// The sum, and how far the pieces reach.
    fn pieces_of(&self, amount: Decimal, rounding: Rounding) -> Result<(Decimal, Decimal), NumberError> {
        let (mut from, mut sum) = (Decimal::ZERO, Decimal::ZERO);
        for piece in &self.0 {
            let end = piece.up_to.map_or(amount, |up_to| up_to.min(amount));
            if end <= from {
                break;
            }
            sum = sum.plus(end.minus(from)?.times(piece.rate, rounding)?)?;
            from = end;
        }
        Ok((sum, from))
    }
}

impl FromStr for Schedule {
    type Err = NumberError;

    /// Reads `5000000:1, 10000000:0.9, rest:0.8`.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let wrong = || NumberError::NotANumber(text.chars().take(60).collect());
        let piece = |part: &str| {
            let (up_to, rate) = part.split_once(':').ok_or_else(wrong)?;
            let up_to = if up_to.trim() == "rest" { None } else { Some(up_to.trim().parse()?) };
            Ok::<_, NumberError>(Piece { up_to, rate: rate.trim().parse()? })
        };
        let pieces = text.split(',').map(piece).collect::<Result<Vec<_>, _>>()?;
        Self::new(pieces).ok_or_else(wrong)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Piece { up_to, rate }) in self.0.iter().enumerate() {
            let up_to = up_to.map_or_else(|| "rest".to_owned(), |up_to| up_to.to_string());
            write!(out, "{}{up_to}:{rate}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
