//! What contracts of every kind say of themselves.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Quantity, Underlying};

/// What every contract says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its name, unique in a listing.
    pub name: Arc<str>,
    /// What it is written on.
    pub underlying: Underlying,
    /// What the underlying's price is counted in: `USD`, `USDC`.
    pub quote: Asset,
    /// What P&L, premium and settlement are paid in.
    pub settlement: Asset,
    /// Units of the underlying a contract stands for; of the quote for an inverse future.
    pub contract_size: Decimal,
    /// The smallest count of contracts that can be held.
    pub lot_size: Quantity,
}

/// How P&L turns from the quote into the settlement asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// P&L in the quote: size × (exit − entry).
    Linear,
    /// P&L in the underlying coin: size × (1/entry − 1/exit) for a future; an option's quote value ÷ forward.
    Inverse,
    /// P&L in a third asset at a fixed rate: size × (exit − entry) × `rate`.
    Quanto {
        /// Settlement asset paid per unit of quote.
        rate: Decimal,
    },
}

impl Style {
    /// Settlement asset paid per unit of quote: one unless quanto.
    #[must_use]
    pub(super) const fn rate(self) -> Decimal {
        match self {
            Self::Quanto { rate } => rate,
            Self::Linear | Self::Inverse => Decimal::ONE,
        }
    }
}
