//! What a perpetual option says of itself.

use plimsoll_core::{Asset, Decimal, Timestamp};

use crate::formulas::Right;
use crate::instruments::{Style, Terms};

/// A perpetual (everlasting) option, paid for by funding mark − payoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualOption {
    /// Common terms.
    pub terms: Terms,
    /// How it pays.
    pub style: Style,
    /// Call or put.
    pub right: Right,
    /// In the quote, positive.
    pub strike: Decimal,
    /// Seconds over which mark − payoff is paid once.
    pub funding_period_s: u32,
}

impl PerpetualOption {
    /// What its own price is counted in: the coin for an inverse option, else the quote.
    pub(in crate::instruments) const fn price_asset(&self) -> Asset {
        match self.style {
            Style::Inverse => self.terms.settlement,
            Style::Linear | Style::Quanto { .. } => self.terms.quote,
        }
    }

    /// The funding period in years of 365 days.
    #[expect(clippy::cast_precision_loss, reason = "seconds in a year are exact in a float")]
    pub(in crate::instruments) fn funding_years(&self) -> f64 {
        f64::from(self.funding_period_s) / Timestamp::SECONDS_PER_YEAR as f64
    }
}
