//! A scenario list as a parameter: `1.18 up, 1 none, 0.34 up @0.054, 1 linear`.

use std::fmt;
use std::str::FromStr;

use plimsoll_core::{Decimal, NumberError};

/// Moves of price and volatility, in the order a venue publishes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves(Vec<Move>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// What the price is multiplied by, positive.
    pub price: Decimal,
    /// Where volatility goes.
    pub vol: VolMove,
    /// Share of the P&L that counts, at least zero.
    pub damping: Decimal,
}

/// Where volatility goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolMove {
    /// Up, by a model's rule.
    Up,
    /// Nowhere.
    Still,
    /// Down, by a model's rule.
    Down,
    /// The smile tilts.
    Linear,
    /// The smile's wings rise.
    Absolute,
}

const WORDS: [(&str, VolMove); 5] = [
    ("up", VolMove::Up),
    ("none", VolMove::Still),
    ("down", VolMove::Down),
    ("linear", VolMove::Linear),
    ("abs", VolMove::Absolute),
];

impl VolMove {
    /// Whether strikes move by different factors.
    #[must_use]
    pub const fn is_skew(self) -> bool {
        matches!(self, Self::Linear | Self::Absolute)
    }
}

impl Moves {
    /// Most moves in a list.
    const MOST: usize = 100;
    /// What the text of a list must be.
    pub(crate) const EXPECTED: &'static str = "1 to 100 moves like \"1.15 up, 1 none, 0.34 up @0.05, 1 linear\": \
        a positive factor on the price, one of up, none, down, linear, abs, and a damping at least 0; \
        linear and abs once each and at a price of 1";

    /// One move, in which nothing moves.
    #[must_use]
    pub fn still() -> Self {
        Self(vec![Move { price: Decimal::ONE, vol: VolMove::Still, damping: Decimal::ONE }])
    }

    /// The moves.
    #[must_use]
    pub fn as_slice(&self) -> &[Move] {
        &self.0
    }

    fn is_sound(&self) -> bool {
        let skews = |vol: VolMove| self.0.iter().filter(|one| one.vol == vol).count() <= 1;
        (1..=Self::MOST).contains(&self.0.len())
            && skews(VolMove::Linear)
            && skews(VolMove::Absolute)
            && self.0.iter().all(|one| {
                one.price.signum() > 0 && one.damping.signum() >= 0 && (!one.vol.is_skew() || one.price == Decimal::ONE)
            })
    }
}

impl FromStr for Moves {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let wrong = || NumberError::NotANumber(text.chars().take(60).collect());
        let one = |text: &str| {
            let mut words = text.split_whitespace();
            let price = words.next().ok_or_else(wrong)?.parse()?;
            let word = words.next().ok_or_else(wrong)?;
            let (_, vol) = WORDS.iter().find(|(known, _)| *known == word).ok_or_else(wrong)?;
            let damping = match words.next() {
                Some(damping) => damping.strip_prefix('@').ok_or_else(wrong)?.parse()?,
                None => Decimal::ONE,
            };
            if words.next().is_some() { Err(wrong()) } else { Ok(Move { price, vol: *vol, damping }) }
        };
        let moves = Self(text.split(',').map(one).collect::<Result<_, NumberError>>()?);
        if moves.is_sound() { Ok(moves) } else { Err(wrong()) }
    }
}

impl fmt::Display for Moves {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().enumerate() {
            let word = WORDS.iter().find(|(_, vol)| *vol == one.vol).map_or("none", |(word, _)| word);
            write!(out, "{}{} {word}", if at == 0 { "" } else { ", " }, one.price)?;
            if one.damping != Decimal::ONE {
                write!(out, " @{}", one.damping)?;
            }
        }
        Ok(())
    }
}
