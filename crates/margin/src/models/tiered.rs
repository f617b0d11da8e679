//! Futures margined by brackets of their notional, in money or in coin.

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Quantity, Rounding};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{Figure, id_of};
use super::cash::is_dollar;
use crate::MarginError;
use crate::equity::NetAsset;
use crate::fold::Detail;
use crate::parameters::{ByName, Tiers};

/// Rates of futures: by contract (`BTC_USDT-PERPETUAL`), else by symbol (`BTCUSDT`, of a dated one `BTCUSDT_DATED`),
/// else by underlying (`BTC`), which a linear one quoted in a coin has no use for: brackets are of the notional in what a
/// contract settles in, and an underlying's are in dollars. Those whose rates are all zero are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TieredFutures {
    /// Initial margin: the rate of the bracket that the notional is in, for all of it.
    pub(super) initial: ByName<Tiers>,
    /// Maintenance margin: each piece of the notional at its bracket's rate, which is `notional × rate − cum`.
    pub(super) maintenance: ByName<Tiers>,
    /// The leverage that the account set, where it is less than the bracket allows.
    pub(super) leverage: ByName<Decimal>,
    /// What the model calls the two tables of brackets.
    pub(super) parameters: [&'static str; 2],
}

/// The rate of initial margin of a notional: that of its bracket, and at least 1 ÷ `leverage`, rounded up.
///
/// # Errors
/// [`MarginError::NotPositive`] for the leverage, [`MarginError::Number`].
/// # Source
/// Binance, "Leverage and margin of USD-M futures": initial margin rate = 1 ÷ leverage, the leverage at most what the
/// bracket allows; Bybit, initial margin of a futures position: value ÷ leverage.
pub fn initial_rate(brackets: &Tiers, notional: Decimal, leverage: Decimal) -> Result<Decimal, MarginError> {
    if leverage.signum() <= 0 {
        return Err(MarginError::NotPositive { what: "leverage", value: leverage });
    }
    Ok(brackets.rate_of(notional).max(Decimal::ONE.over(leverage, Rounding::Up)?))
}

impl TieredFutures {
    /// Margin of a linear future, brackets in its quote; of an inverse one, brackets in coin.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] for an option or a quanto and for what has no brackets, [`MarginError`] for what cannot
    /// be priced.
    pub(super) fn margin(
        &self,
        model: &'static str,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        let terms = instrument.terms();
        if instrument.strike().is_some() || !matches!(instrument.style(), Style::Linear | Style::Inverse) {
            return Err(MarginError::Unsupported {
                model,
                what: terms.name.clone(),
                why: "expected a linear or inverse perpetual or future".to_owned(),
            });
        }
        let index = market.index_in(terms.underlying, terms.quote)?;
        let mark = market.priced(id_of(market, instrument)?)?.mark;
        let notional = instrument.notional(mark, index).map_err(MarginError::of(instrument))?;
        let notional = notional.scaled(quantity.0.abs(), Rounding::Up)?;
        let price = market.asset_price(notional.asset)?;
        let origin = Origin { position: Some(terms.name.clone()), ..Origin::default() };
        let dated = if instrument.expiry().is_some() { "_DATED" } else { "" };
        let symbol = format!("{}{}{dated}", terms.underlying, terms.quote);
        let names = [&*terms.name, symbol.as_str(), terms.underlying.as_str()];
        let tables = figure.of(&self.initial, &self.maintenance);
        let in_coin = instrument.style() == Style::Linear && !is_dollar(terms.quote);
        let own = names[..2].iter().find_map(|name| tables.named.get(*name));
        let brackets = if in_coin { own } else { Some(tables.of_first(&names)) };
        let Some(brackets) = brackets.filter(|all| all.tiers().iter().any(|tier| !tier.rate.is_zero())) else {
            let (asset, [initial, maintenance]) = (notional.asset, self.parameters);
            let parameter = figure.of(initial, maintenance);
            let why = format!("expected its brackets in {asset}, which were not read: set {parameter}.{symbol}");
            return Err(MarginError::Unsupported { model, what: terms.name.clone(), why });
        };
        let node = match figure {
            Figure::Initial => {
                let rate = initial_rate(brackets, notional.value, *self.leverage.of_first(&names))?;
                Node::scale("rate of its bracket", rate, Node::leaf("notional", notional.value, origin))?
            }
            Figure::Maintenance => brackets.charge("brackets", notional.value, &origin, Detail::Explained)?,
        };
        if price.value == Decimal::ONE {
            return Ok(node);
        }
        Ok(Node::scale("at its asset's price", price.value, node)?)
    }
}

/// Initial rates and maintenance rates of the same brackets: `(above, 1 ÷ leverage, maintenance)` in whole units
/// and millionths.
pub(super) fn brackets<const N: usize>(all: [(i64, i64, i64); N]) -> (Tiers, Tiers) {
    (Tiers::new(all.map(|(above, initial, _)| (above, initial))), Tiers::new(all.map(|(above, _, rate)| (above, rate))))
}

/// The same from what a venue prints: `(above, leverage, maintenance)`, the last in hundredths of a percent.
pub(super) fn by_leverage<const N: usize>(all: [(i64, i64, i64); N]) -> (Tiers, Tiers) {
    let initial = all.map(|(above, leverage, _)| {
        let rate = Decimal::ONE.over(Decimal::from_int(leverage), Rounding::Up).unwrap_or(Decimal::ONE);
        (Decimal::from_int(above), rate)
    });
    let initial = Tiers::of(&initial).unwrap_or_else(|| Tiers::flat(Decimal::ONE));
    (initial, Tiers::new(all.map(|(above, _, rate)| (above, rate * 100))))
}

/// Brackets by name, split into initial and maintenance.
pub(super) fn named<const N: usize>(
    other: &(Tiers, Tiers),
    named: &[(&str, (Tiers, Tiers)); N],
) -> (ByName<Tiers>, ByName<Tiers>) {
    let of = |which: fn(&(Tiers, Tiers)) -> &Tiers| ByName {
        default: which(other).clone(),
        named: named.iter().map(|(name, both)| ((*name).to_owned(), which(both).clone())).collect(),
    };
    (of(|both| &both.0), of(|both| &both.1))
}

/// What `balance` (in the asset, negative where owed) counts at `price`: × `rate` where that is less, so that a debt
/// counts whole.
///
/// # Errors
/// [`MarginError::Number`].
/// # Source
/// Binance, portfolio margin (uniMMR), 2024-11 and 2025-02, where `balance` is margin asset − loan + futures balance +
/// P&L; multi-assets mode, FAQ 29b45c485d664028b9ca1cdf90b24f6f.
pub fn counted(balance: Decimal, price: Decimal, rate: Decimal) -> Result<Decimal, MarginError> {
    let value = balance.times(price, Rounding::Down)?;
    Ok(value.min(value.times(rate, Rounding::Down)?))
}

/// What of the balances does not count, by asset.
///
/// # Errors
/// [`MarginError::Number`].
pub(super) fn not_counted(assets: &[NetAsset], rates: &ByName<Decimal>) -> Result<Node, MarginError> {
    let mut of = Vec::with_capacity(assets.len());
    for net in assets {
        let (balance, price) = (net.balance()?, net.price.value);
        let counts = counted(balance, price, *rates.of(net.asset.as_str()))?;
        let less = balance.times(price, Rounding::Down)?.minus(counts)?;
        of.push(Node::leaf(net.asset, less, Origin::default()));
    }
    Ok(Node::sum("collateral that does not count", of)?)
}

/// A debt's margin: Σ over assets of what is owed × its rate.
///
/// # Errors
/// [`MarginError::Number`].
pub(super) fn debts(assets: &[NetAsset], rates: &ByName<Decimal>, label: &'static str) -> Result<Node, MarginError> {
    let mut of = Vec::new();
    for net in assets {
        let owed = net.balance()?.negated().or_zero();
        if !owed.is_zero() {
            let value = Node::leaf("debt", owed.times(net.price.value, Rounding::Up)?, Origin::default());
            of.push(Node::scale(net.asset, *rates.of(net.asset.as_str()), value)?);
        }
    }
    Ok(Node::sum(label, of)?)
}
