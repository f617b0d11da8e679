//! What an asset costs in the snapshot's currency: one rule, for exact figures and for floats.

use plimsoll_core::{Asset, Decimal, Underlying};

use super::snapshot::Snapshot;
use crate::float::float;

/// One published figure that a price is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Factor {
    pub(super) value: Decimal,
    /// What it moves with: the underlying of the asset's own name.
    pub(super) moves_with: Underlying,
}

/// A price as the product of published figures: none for the currency, which is worth one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AssetPrice {
    factors: [Option<Factor>; 2],
}

impl AssetPrice {
    /// The price in floats, each figure grown by what `growth` says of its underlying.
    pub(super) fn float(&self, growth: impl Fn(Underlying) -> f64) -> f64 {
        self.factors().map(|factor| float(factor.value) * growth(factor.moves_with)).product()
    }

    pub(super) fn factors(&self) -> impl Iterator<Item = &Factor> {
        self.factors.iter().flatten()
    }
}

/// Units of `to` for one of `from` at their prices, both of which must be above zero.
pub(super) fn exchange(from: Asset, to: Asset, price: impl Fn(Asset) -> Option<f64>) -> Option<f64> {
    if from == to {
        return Some(1.0);
    }
    let price = |asset| price(asset).filter(|price| *price > 0.0);
    Some(price(from)? / price(to)?)
}

impl Snapshot {
    /// Whether anything says what one unit of `asset` costs in the currency: it is the currency; or its
    /// price is published; or there is an index of its name, counted in the currency or in an asset
    /// with a published price or with an index in the currency. Nothing is worth one by assumption.
    #[must_use]
    pub fn has_price(&self, asset: Asset) -> bool {
        self.asset_price(asset).is_some()
    }

    /// How many units of `to` one unit of `from` buys, as published; `None` where one of them has no price.
    #[must_use]
    pub fn exchange(&self, from: Asset, to: Asset) -> Option<f64> {
        exchange(from, to, |asset| Some(self.asset_price(asset)?.float(|_| 1.0)))
    }

    /// The price by the rule of [`Snapshot::has_price`], the first of its ways that there is.
    pub(super) fn asset_price(&self, asset: Asset) -> Option<AssetPrice> {
        self.one_step(asset).or_else(|| {
            let index = self.underlyings.get(&asset.underlying())?;
            let [first, second] = self.one_step(index.quote)?.factors;
            let own = Factor { value: index.index, moves_with: asset.underlying() };
            // One step is one figure, or none.
            second.is_none().then_some(AssetPrice { factors: [Some(own), first] })
        })
    }

    /// The price where one figure at most says it.
    fn one_step(&self, asset: Asset) -> Option<AssetPrice> {
        if asset == self.currency {
            return Some(AssetPrice::default());
        }
        let moves_with = asset.underlying();
        let published = self.assets.get(&asset).map(|quote| quote.price);
        let value = published.or_else(|| {
            let index = self.underlyings.get(&moves_with).filter(|index| index.quote == self.currency)?;
            Some(index.index)
        })?;
        Some(AssetPrice { factors: [Some(Factor { value, moves_with }), None] })
    }
}
