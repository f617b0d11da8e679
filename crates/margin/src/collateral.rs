//! What a balance is worth as collateral.
//!
//! An asset is either *in the grid* (its price moves in the scenarios, and its haircut covers only
//! the cost and delay of selling it) or *out of it* (it never moves, and its haircut covers the
//! whole move); never both. A haircut rises with the size of the balance. What it takes from a
//! balance it adds to a debt, which would have to be bought back.

use std::collections::BTreeSet;

use plimsoll_core::{Asset, Decimal, Node, NumberError, Price, Rounding, requirement::Origin};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::Market;

use crate::fold::Detail;
use crate::parameters::{ByName, Tiers};

/// A model's rules for balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralRules {
    /// Haircut of what moves in the scenarios, by size in the market's currency.
    pub haircut_in_grid: ByName<Tiers>,
    /// Haircut of what does not, by size in the market's currency.
    pub haircut_out_of_grid: ByName<Tiers>,
    /// What a debt counts: 1 is its market value.
    pub liability_weight: ByName<Decimal>,
    /// Whether one position's gain may support another.
    pub share_gains: bool,
    /// Share of an unrealised gain that counts at the initial level.
    pub gain_weight_initial: Decimal,
    /// Below this confidence a price does not count at the initial level.
    pub confidence_minimum: Decimal,
    /// Whether prices move in this model's scenarios.
    pub grid: Grid,
}

/// Which assets move in a model's scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grid {
    /// None: the model has no scenarios.
    Nothing,
    /// Coins that the market has an underlying of, and these stablecoins.
    CoinsAnd(BTreeSet<Asset>),
}

/// What an asset is to a model's scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetClass {
    /// What everything is valued in.
    Currency,
    /// Moves in the stablecoin scenarios.
    Stablecoin,
    /// Moves with the underlying of its name.
    Coin,
    /// Moves in no scenario.
    OutOfGrid,
}

impl CollateralRules {
    /// Every balance and gain counts whole: for models whose haircuts are in the requirement.
    #[must_use]
    pub fn whole() -> Self {
        let none = ByName::new(Tiers::new([(0, 0)]), []);
        Self {
            haircut_in_grid: none.clone(),
            haircut_out_of_grid: none,
            liability_weight: ByName::new(Decimal::ONE, []),
            share_gains: true,
            gain_weight_initial: Decimal::ONE,
            confidence_minimum: Decimal::ZERO,
            grid: Grid::CoinsAnd(BTreeSet::new()),
        }
    }

    /// What `asset` is to the scenarios in `market`.
    #[must_use]
    pub fn class(&self, market: &Market, asset: Asset) -> AssetClass {
        if asset == market.snapshot().currency {
            return AssetClass::Currency;
        }
        match &self.grid {
            Grid::Nothing => AssetClass::OutOfGrid,
            Grid::CoinsAnd(stablecoins) if stablecoins.contains(&asset) => AssetClass::Stablecoin,
            Grid::CoinsAnd(_) if market.snapshot().underlyings.contains_key(&asset.underlying()) => AssetClass::Coin,
            Grid::CoinsAnd(_) => AssetClass::OutOfGrid,
        }
    }

    /// The haircut on `value`, the market value of a balance or a debt of `asset` without its sign: at
    /// least zero.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn haircut(
        &self,
        class: AssetClass,
        asset: Asset,
        value: Decimal,
        detail: Detail,
    ) -> Result<Node, NumberError> {
        match self.tiers(class, asset) {
            Some(tiers) => tiers.charge("haircut", value, &Origin::default(), detail),
            None => Ok(Node::leaf("haircut", Decimal::ZERO, Origin::default())),
        }
    }

    /// Whether `asset`'s price counts at the initial level.
    #[must_use]
    pub fn trusts(&self, market: &Market, asset: Asset) -> bool {
        market.snapshot().assets.get(&asset).is_none_or(|quote| {
            quote.trusted && quote.confidence.is_none_or(|confidence| confidence >= self.confidence_minimum)
        })
    }

    /// What at least counts at the initial level of a unit of `asset` that is gained and not realised, as a share.
    ///
    /// # Errors
    /// [`NumberError`].
    pub fn gain_share(&self, market: &Market, asset: Asset) -> Result<Decimal, NumberError> {
        if !self.trusts(market, asset) {
            return Ok(Decimal::ZERO);
        }
        let kept = match self.tiers(self.class(market, asset), asset) {
            Some(tiers) => Decimal::ONE.minus(tiers.rate_most())?.or_zero(),
            None => Decimal::ONE,
        };
        self.gain_weight_initial.times(kept, Rounding::Down)
    }

    /// Haircuts by size; none of the currency.
    fn tiers(&self, class: AssetClass, asset: Asset) -> Option<&Tiers> {
        match class {
            AssetClass::Currency => None,
            AssetClass::Stablecoin | AssetClass::Coin => Some(self.haircut_in_grid.of(asset.as_str())),
            AssetClass::OutOfGrid => Some(self.haircut_out_of_grid.of(asset.as_str())),
        }
    }

    /// The most that the worth of a balance or a debt moves where its market value moves by one: a bound on the slope of
    /// haircuts and weights of every size.
    #[must_use]
    pub fn slope(&self, class: AssetClass, asset: Asset) -> f64 {
        let Some(tiers) = self.tiers(class, asset) else { return 1.0 };
        (float(*self.liability_weight.of(asset.as_str())) + float(tiers.rate_most())).max(1.0)
    }

    /// What a debt of `owed` (positive) counts at `price`.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn liability(&self, asset: Asset, owed: Decimal, price: Price) -> Result<Decimal, NumberError> {
        owed.times(price.value, Rounding::Up)?.times(*self.liability_weight.of(asset.as_str()), Rounding::Up)
    }
}
