//! Balances that models without a rule for collateral take: cash, and coins that are owned and not owed.

use plimsoll_core::Asset;
use plimsoll_pricing::market::Market;

use crate::MarginError;
use crate::equity::NetAsset;

/// The market's currency, and USDC at its price.
pub(super) fn is_cash(market: &Market, asset: Asset) -> bool {
    asset == market.currency() || asset.as_str() == "USDC"
}

/// Whether its name says that it is worth a dollar.
pub(super) fn is_dollar(asset: Asset) -> bool {
    asset.as_str().contains("USD")
}

/// Refuses balances in anything else.
///
/// # Errors
/// [`MarginError::Unsupported`] with the asset.
pub(super) fn only_cash(model: &'static str, market: &Market, assets: &[NetAsset]) -> Result<(), MarginError> {
    let why = "expected no balance but in the currency or USDC, the venue's collateral";
    refuse(model, assets, why, |net| Ok(!is_cash(market, net.asset) && !net.balance()?.is_zero()))
}

/// Refuses debts in coins: they move with a price for which the model has no margin.
///
/// # Errors
/// [`MarginError::Unsupported`] with the asset.
pub(super) fn no_coin_debts(model: &'static str, market: &Market, assets: &[NetAsset]) -> Result<(), MarginError> {
    let why = "expected no debt but in the currency or a dollar stablecoin";
    refuse(model, assets, why, |net| {
        let is_coin = !is_cash(market, net.asset) && !is_dollar(net.asset);
        Ok(is_coin && net.balance()?.signum() < 0)
    })
}

fn refuse(
    model: &'static str,
    assets: &[NetAsset],
    why: &str,
    is_refused: impl Fn(&NetAsset) -> Result<bool, MarginError>,
) -> Result<(), MarginError> {
    for net in assets {
        if is_refused(net)? {
            return Err(MarginError::Unsupported { model, what: net.asset.as_str().into(), why: why.to_owned() });
        }
    }
    Ok(())
}
