//! What a European option says of itself.

use plimsoll_core::{Asset, Decimal, Timestamp};

use crate::formulas::Right;
use crate::instruments::{Style, Terms};

/// A European option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EuropeanOption {
    /// Common terms.
    pub terms: Terms,
    /// How it pays.
    pub style: Style,
    /// When its price is paid.
    pub premium: PremiumStyle,
    /// Call or put.
    pub right: Right,
    /// In the quote, positive.
    pub strike: Decimal,
    /// When it settles.
    pub expiry: Timestamp,
}

/// When an option's price is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PremiumStyle {
    /// At the trade: a position carries its value.
    Paid,
    /// Margined daily like a future: a position carries its unrealised P&L.
    Futures,
}

impl EuropeanOption {
    /// What its own price is counted in: the coin for an inverse option, else the quote.
    pub(in crate::instruments) const fn price_asset(&self) -> Asset {
        match self.style {
            Style::Inverse => self.terms.settlement,
            Style::Linear | Style::Quanto { .. } => self.terms.quote,
        }
    }
}
