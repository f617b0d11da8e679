//! What balances count as collateral where a venue publishes value ratios: so much of the first million, less of
//! the next.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Rounding};

use crate::MarginError;
use crate::equity::NetAsset;
use crate::parameters::ByName;
use crate::schedule::Schedule;

/// Value ratios by asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRatios {
    /// Ratios by pieces of a balance.
    pub by_asset: ByName<Schedule>,
    /// 1 where pieces are counted in the asset, 0 where in the market's currency.
    pub in_coin: Decimal,
}

impl ValueRatios {
    /// What `quantity` (zero where negative) of `asset` counts at `price`.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    /// # Source
    /// OKX, discount rates of June 2022; Bitget, cross margin collateral ratios; Bybit, collateral value ratio.
    pub fn counted(&self, asset: &str, quantity: Decimal, price: Decimal) -> Result<Decimal, MarginError> {
        let schedule = self.by_asset.of(asset);
        if self.in_coin == Decimal::ONE {
            return Ok(schedule.progressive(quantity)?.times(price, Rounding::Down)?);
        }
        Ok(schedule.progressive(quantity.or_zero().times(price, Rounding::Down)?)?)
    }

    /// What of the balances does not count: a debt counts whole.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub(super) fn not_counted(&self, assets: &[NetAsset]) -> Result<Node, MarginError> {
        let mut of = Vec::with_capacity(assets.len());
        for net in assets {
            let balance = net.balance()?.or_zero();
            let value = balance.times(net.price.value, Rounding::Down)?;
            let counted = self.counted(net.asset.as_str(), balance, net.price.value)?;
            of.push(Node::leaf(net.asset, value.minus(counted)?, Origin::default()));
        }
        Ok(Node::sum("collateral that does not count", of)?)
    }
}
