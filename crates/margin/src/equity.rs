//! Equity: what an account has, in three readings that must never be confused.
//!
//! | reading | haircuts | weight on gains | untrusted prices | credit line |
//! |---|---|---|---|---|
//! | margin equity, initial | yes | yes | count zero | yes |
//! | margin equity, maintenance | yes | no | count | yes |
//! | withdrawable | yes | gains count zero | count zero | no |
//! | net value | no | no | count | no |
//!
//! Where a model shares nothing (`isolated`), a position's unrealised gain counts in no margin equity.
//!
//! Per asset, net first: x = cash + settled, unsettled and unrealised P&L − debt − interest. Paid
//! options add their mark value beside it, once. Bankruptcy, insurance and deleveraging use only
//! net value.

use std::collections::BTreeMap;

use plimsoll_core::{Asset, Decimal, Node, NumberError, Portfolio, Position, Price, Rounding, requirement::Origin};
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use crate::collateral::{AssetClass, CollateralRules};
use crate::fold::{Detail, Parts};
use crate::{Account, MarginError};

/// One asset of an account, netted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetAsset {
    /// Which.
    pub asset: Asset,
    /// Its price in the market's currency: of a debt the price for debts.
    pub price: Price,
    /// Cash − debt − interest − what is held back.
    pub cash: Decimal,
    /// Unrealised and unsettled P&L and accrued funding of the positions that gain: at least zero.
    pub gains: Decimal,
    /// The same of those that lose: at most zero.
    pub losses: Decimal,
    /// Mark value of paid options: long positive, short negative.
    pub option_value: Decimal,
}

impl NetAsset {
    /// The net balance x: what the asset's price acts on besides its options.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn balance(&self) -> Result<Decimal, NumberError> {
        self.cash.plus(self.unrealised()?)
    }

    /// The same at its price in `market`: of a debt the price for debts.
    ///
    /// # Errors
    /// [`MarginError`] for an asset without a price.
    pub(crate) fn priced(self, market: &Market) -> Result<Self, MarginError> {
        let owes = self.balance()?.signum() < 0;
        let price = if owes { market.debt_price(self.asset)? } else { market.asset_price(self.asset)? };
        Ok(Self { price, ..self })
    }

    /// Unrealised and unsettled P&L and accrued funding, gains and losses together.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn unrealised(&self) -> Result<Decimal, NumberError> {
        self.gains.plus(self.losses)
    }
}

/// An account's equity in the market's currency, each reading as a tree whose leaves are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equity {
    /// Margin equity at the initial level.
    pub initial: Node,
    /// Margin equity at the maintenance level.
    pub maintenance: Node,
    /// What could be withdrawn if nothing were required.
    pub withdrawable: Node,
    /// With no haircut, weight or credit.
    pub net_value: Node,
}

/// Nets every asset of `portfolio`, by name of the asset.
///
/// # Errors
/// [`MarginError`] for an instrument without a mark or an asset without a price.
pub fn net_assets(portfolio: &Portfolio, market: &Market) -> Result<Vec<NetAsset>, MarginError> {
    let mut assets: BTreeMap<Asset, Sums> = BTreeMap::new();
    for balance in &portfolio.balances {
        let entry = assets.entry(balance.asset).or_default();
        entry.cash = entry.cash.plus(balance.net()?.value)?;
    }
    for position in &portfolio.positions {
        let id = position.instrument;
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        if instrument.only_moves_balances() {
            // A spot position is a balance of the coin under another name.
            let coins = position.quantity.0.times(instrument.terms().contract_size, Rounding::Down)?;
            let entry = assets.entry(instrument.terms().underlying.asset()).or_default();
            entry.cash = entry.cash.plus(coins)?;
            continue;
        }
        let [gain, loss, option_value] = carried(position, instrument, market)?;
        let entry = assets.entry(instrument.terms().settlement).or_default();
        entry.gains = entry.gains.plus(gain)?;
        entry.losses = entry.losses.plus(loss)?;
        entry.option_value = entry.option_value.plus(option_value)?;
    }
    let priced = assets.into_iter().map(|(asset, Sums { cash, gains, losses, option_value })| {
        let price = Price::new(Decimal::ONE, market.currency());
        NetAsset { asset, price, cash, gains, losses, option_value }.priced(market)
    });
    priced.collect()
}

/// What a position adds to its settlement asset: gain, loss and option value.
///
/// # Errors
/// [`MarginError`] for an instrument without a mark or a figure that does not fit.
pub(crate) fn carried(
    position: &Position,
    instrument: &Instrument,
    market: &Market,
) -> Result<[Decimal; 3], MarginError> {
    let mark = market.priced(position.instrument)?.mark;
    let carry = instrument.carry(position, mark).map_err(MarginError::of(instrument))?;
    let unrealised = carry.unrealised.value.plus(position.unsettled_pnl)?.plus(position.accrued_funding)?;
    Ok([unrealised.or_zero(), unrealised.min(Decimal::ZERO), carry.option_value.value])
}

/// One asset while it is summed.
#[derive(Default)]
struct Sums {
    cash: Decimal,
    gains: Decimal,
    losses: Decimal,
    option_value: Decimal,
}

/// The readings differ in what they do to one asset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Initial,
    Maintenance,
    Withdrawable,
    NetValue,
}

impl Equity {
    /// Values `assets` under `rules`; `credit` is an unsecured line that counts as margin equity at both levels.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn of(
        assets: &[NetAsset],
        credit: Option<Node>,
        rules: &CollateralRules,
        market: &Market,
        detail: Detail,
    ) -> Result<Self, NumberError> {
        let read = |label, reading, credit| tree(label, reading, assets, credit, (rules, market, detail));
        Ok(Self {
            initial: read("margin equity, initial", Reading::Initial, credit.clone())?,
            maintenance: read("margin equity, maintenance", Reading::Maintenance, credit)?,
            withdrawable: read("withdrawable equity", Reading::Withdrawable, None)?,
            net_value: read("net value", Reading::NetValue, None)?,
        })
    }
}

/// The name of the line in a tree of margin equity.
pub const CREDIT: &str = "credit line";

/// The line that was agreed, whole, as it counts in margin equity; `None` where there is none.
#[must_use]
pub fn agreed_line(account: &Account) -> Option<Node> {
    let line = account.credit_line;
    (!line.is_zero()).then(|| Node::leaf(CREDIT, line, Origin::default()))
}

/// Margin equity at the maintenance level without any credit, for a model whose requirement is said in terms of it.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(crate) fn at_maintenance(
    assets: &[NetAsset],
    rules: &CollateralRules,
    market: &Market,
) -> Result<Decimal, NumberError> {
    amount(Reading::Maintenance, assets, rules, market)
}

/// The same at the initial level.
///
/// # Errors
/// [`NumberError::Overflow`].
pub(crate) fn at_initial(
    assets: &[NetAsset],
    rules: &CollateralRules,
    market: &Market,
) -> Result<Decimal, NumberError> {
    amount(Reading::Initial, assets, rules, market)
}

fn amount(
    reading: Reading,
    assets: &[NetAsset],
    rules: &CollateralRules,
    market: &Market,
) -> Result<Decimal, NumberError> {
    let mut values = assets.iter().map(|net| asset_value(reading, net, (rules, market, Detail::Amounts)));
    values.try_fold(Decimal::ZERO, |sum, value| sum.plus(value?.amount))
}

fn tree(
    label: &'static str,
    reading: Reading,
    assets: &[NetAsset],
    credit: Option<Node>,
    by: (&CollateralRules, &Market, Detail),
) -> Result<Node, NumberError> {
    let mut of = Parts::new(by.2);
    for net in assets {
        of.add(asset_value(reading, net, by)?)?;
    }
    if let Some(credit) = credit {
        of.add(credit)?;
    }
    of.sum(label)
}

/// One asset: its balance at its price less its haircut, and its options.
fn asset_value(
    reading: Reading,
    net: &NetAsset,
    (rules, market, detail): (&CollateralRules, &Market, Detail),
) -> Result<Node, NumberError> {
    let strict = matches!(reading, Reading::Initial | Reading::Withdrawable);
    let pnl = match (reading, rules.share_gains) {
        (Reading::NetValue, _) => net.unrealised()?,
        (Reading::Withdrawable, true) => net.unrealised()?.min(Decimal::ZERO),
        (Reading::Initial, true) => {
            let together = net.unrealised()?;
            let gain = together.or_zero().times(rules.gain_weight_initial, Rounding::Down)?;
            together.min(Decimal::ZERO).plus(gain)?
        }
        (Reading::Maintenance, true) => net.unrealised()?,
        // Nothing is shared: a position's gain supports only itself.
        (_, false) => net.losses,
    };
    let balance = net.cash.plus(pnl)?;
    let class = rules.class(market, net.asset);
    let untrusted = strict && !rules.trusts(market, net.asset);
    let mut of = Parts::new(detail);
    let leaf = |label: &'static str, amount| Node::leaf(label, amount, Origin::default());
    let less = |label: &'static str, haircut: Node| match detail {
        Detail::Explained => Node::scale(label, Decimal::ONE.negated(), haircut),
        Detail::Amounts => Ok(leaf(label, haircut.amount.negated())),
    };
    if balance.signum() < 0 {
        let owed = balance.abs().times(net.price.value, Rounding::Up)?;
        if reading == Reading::NetValue || class == AssetClass::Currency {
            of.add(leaf("debt", owed.negated()))?;
        } else {
            of.add(leaf("debt", rules.liability(net.asset, balance.abs(), net.price)?.negated()))?;
            of.add(less("more to buy it back", rules.haircut(class, net.asset, owed, detail)?)?)?;
        }
    } else if untrusted {
        of.add(leaf("balance at an untrusted price", Decimal::ZERO))?;
    } else {
        let value = balance.times(net.price.value, Rounding::Down)?;
        of.add(leaf("balance", value))?;
        if reading != Reading::NetValue && class != AssetClass::Currency {
            of.add(less("less haircut", rules.haircut(class, net.asset, value, detail)?)?)?;
        }
    }
    if !net.option_value.is_zero() {
        let counted = if untrusted { net.option_value.min(Decimal::ZERO) } else { net.option_value };
        of.add(leaf("options at mark", counted.times(net.price.value, Rounding::Down)?))?;
    }
    of.sum(net.asset)
}
