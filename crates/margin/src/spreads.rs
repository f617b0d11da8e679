//! Spreads that a clearing house lets be formed, as a parameter: `+/1 -/2 @0.01, +BTC -ETH*20 @0.3`.

use std::fmt;
use std::str::FromStr;

use plimsoll_core::{Decimal, NumberError, Underlying};

/// The market side of a leg: legs of side A are long where those of B are short, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Written `+`.
    A,
    /// Written `-`.
    B,
}

/// One leg of a spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its market side.
    pub side: Side,
    /// The combined commodity; none in a calendar spread.
    pub commodity: Option<Underlying>,
    /// The tier of its expiries; none: all of them.
    pub tier: Option<u32>,
    /// Delta per spread, positive.
    pub ratio: Decimal,
}

/// A spread that may be formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Two to four legs, some on each side.
    pub legs: Vec<Leg>,
    /// What one costs, or what of its legs' price risk it earns.
    pub rate: Decimal,
}

/// Spreads in the order in which they are formed: `+/1 -/2 @0.01, +BTC -ETH*20 @0.3`; `none` for none.
///
/// A leg is its side, its commodity, `/` and its tier, `*` and its delta per spread (1 where it is not said).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spreads(Vec<Spread>);

impl Spreads {
    const MOST: usize = 1_000;
    /// What the text of a list must be.
    pub(crate) const EXPECTED: &'static str = "none, or up to 1000 spreads like \"+/1 -/2 @0.01\" or \
        \"+BTC -ETH*20 @0.3\": 2 to 4 legs on deltas of their own, each a side + or -, a commodity, /tier, and \
        *delta per spread above 0, with both sides among them, and a rate after @";

    /// The spreads, the first to be formed first.
    #[must_use]
    pub fn as_slice(&self) -> &[Spread] {
        &self.0
    }
}

fn wrong(text: &str) -> NumberError {
    NumberError::NotANumber(text.chars().take(60).collect())
}

impl FromStr for Leg {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let (side, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (Side::A, rest),
            (_, Some(rest)) => (Side::B, rest),
            _ => return Err(wrong(text)),
        };
        let (place, ratio) = rest.split_once('*').map_or((rest, None), |(place, ratio)| (place, Some(ratio)));
        let (name, tier) = place.split_once('/').map_or((place, None), |(name, tier)| (name, Some(tier)));
        let commodity = if name.is_empty() { None } else { Some(name.parse().map_err(|_| wrong(text))?) };
        let tier = tier.map(|tier| tier.parse().map_err(|_| wrong(text))).transpose()?;
        let ratio = ratio.map_or(Ok(Decimal::ONE), str::parse)?;
        if (commodity.is_none() && tier.is_none()) || ratio.signum() <= 0 {
            return Err(wrong(text));
        }
        Ok(Self { side, commodity, tier, ratio })
    }
}

impl FromStr for Spread {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let (legs, rate) = text.split_once('@').ok_or_else(|| wrong(text))?;
        let legs = legs.split_whitespace().map(str::parse).collect::<Result<Vec<Leg>, _>>()?;
        let on = |side| legs.iter().any(|leg| leg.side == side);
        // Two legs that draw on the same deltas would count them twice.
        let same = |one: &Leg, other: &Leg| {
            (one.side, one.commodity) == (other.side, other.commodity)
                && (one.tier == other.tier || one.tier.is_none() || other.tier.is_none())
        };
        let repeats = (1..legs.len()).any(|at| legs[..at].iter().any(|before| same(before, &legs[at])));
        if !(2..=4).contains(&legs.len()) || !on(Side::A) || !on(Side::B) || repeats {
            return Err(wrong(text));
        }
        Ok(Self { rate: rate.trim().parse()?, legs })
    }
}

impl FromStr for Spreads {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.trim() == "none" {
            return Ok(Self::default());
        }
        let all = text.split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        if all.len() > Self::MOST { Err(wrong(text)) } else { Ok(Self(all)) }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.side == Side::A { "+" } else { "-" })?;
        if let Some(commodity) = self.commodity {
            write!(out, "{commodity}")?;
        }
        if let Some(tier) = self.tier {
            write!(out, "/{tier}")?;
        }
        if self.ratio == Decimal::ONE { Ok(()) } else { write!(out, "*{}", self.ratio) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for leg in &self.legs {
            write!(out, "{leg} ")?;
        }
        write!(out, "@{}", self.rate)
    }
}

impl fmt::Display for Spreads {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str("none");
        }
        for (at, spread) in self.0.iter().enumerate() {
            write!(out, "{}{spread}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
