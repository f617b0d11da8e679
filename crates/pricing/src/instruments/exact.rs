//! The exact arithmetic that kinds share: what contracts are worth and what a change of price pays.
//!
//! The factor that carries the sign is multiplied first and every later factor is positive, so that
//! rounding down at each step is rounding against the account throughout. Nothing is rounded while
//! the digits fit 18 places, as they do for any price on a tick and any quantity in lots.

use plimsoll_core::{Amount, Asset, Decimal, NumberError, Price, Quantity, Rounding};

use super::{Style, Terms};

/// What `quantity` contracts quoted at `price` are worth in the settlement asset: negative for a short.
pub(super) fn value(terms: &Terms, style: Style, quantity: Quantity, price: Decimal) -> Result<Amount, NumberError> {
    let quoted = quantity.0.times(price, Rounding::Down)?.times(terms.contract_size, Rounding::Down)?;
    Ok(Amount::new(quoted.times(style.rate(), Rounding::Down)?, terms.settlement))
}

/// The P&L of a future while its price moves: size × (to − from), or size × (1/from − 1/to) in coin.
pub(super) fn future_pnl(
    terms: &Terms,
    style: Style,
    quantity: Quantity,
    from: Price,
    to: Price,
) -> Result<Amount, NumberError> {
    let change = to.minus(from)?.value;
    match style {
        Style::Linear | Style::Quanto { .. } => value(terms, style, quantity, change),
        Style::Inverse => {
            // size × q × (to − from) ÷ (from × to), as two ratios.
            let relative = quantity.0.times_ratio(change, from.value, Rounding::Down)?;
            let coin = relative.times_ratio(terms.contract_size, to.value, Rounding::Down)?;
            Ok(Amount::new(coin, terms.settlement))
        }
    }
}

/// A price must be counted in the asset the instrument is quoted in.
pub(super) fn quoted_in(price: Price, asset: Asset) -> Result<Price, NumberError> {
    if price.quote == asset { Ok(price) } else { Err(NumberError::AssetMismatch { left: price.quote, right: asset }) }
}
