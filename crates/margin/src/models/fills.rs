//! What models share about open orders: what a fill costs at once, which fills are looked at together, and what
//! balances come to once spot orders have exchanged them.

use std::collections::BTreeMap;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Amount, Decimal, InstrumentId, Node, Order, Portfolio, Position, Rounding, Side, Underlying};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::Instrument;
use plimsoll_pricing::market::Market;

use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, at_initial, net_assets};
use crate::orders::{exchange, fee};
use crate::{Account, MarginError};

/// What a fill of `order` would cost at once, in the market's currency: its P&L against the mark where that is a loss,
/// and its fee.
///
/// # Errors
/// [`MarginError`] when it cannot be priced.
pub(super) fn fill_cost(account: &Account, market: &Market, order: &Order) -> Result<Node, MarginError> {
    cost_with(market, order, fill_fee(account, market, order)?)
}

/// The same with a fee of its own.
///
/// # Errors
/// As [`fill_cost`].
pub(super) fn cost_with(market: &Market, order: &Order, fee: Decimal) -> Result<Node, MarginError> {
    let instrument = of(market, order.instrument)?;
    let origin = Origin { position: Some(instrument.terms().name.clone()), ..Origin::default() };
    let loss = Node::leaf("loss at the fill", fill_loss(market, order)?, origin.clone());
    Ok(Node::sum("cost of the fill", vec![loss, Node::leaf("fee", fee, origin)])?)
}

/// What a fill of `order` would lose against the mark, in the market's currency: at least zero.
///
/// # Errors
/// [`MarginError`] when it cannot be priced.
pub(super) fn fill_loss(market: &Market, order: &Order) -> Result<Decimal, MarginError> {
    let instrument = of(market, order.instrument)?;
    let mark = market.priced(order.instrument)?.mark;
    let pnl = instrument.fill_pnl(order.signed_quantity(), order.price, mark).map_err(MarginError::of(instrument))?;
    Ok(pnl.at(market.asset_price(pnl.asset)?, Rounding::Down)?.value.negated().or_zero())
}

/// The fee of a whole fill at the account's rate, in the market's currency.
///
/// # Errors
/// [`MarginError`] when it cannot be priced.
pub(super) fn fill_fee(account: &Account, market: &Market, order: &Order) -> Result<Decimal, MarginError> {
    let fee = fee(account, order, of(market, order.instrument)?, market)?;
    Ok(fee.at(market.asset_price(fee.asset)?, Rounding::Up)?.value)
}

fn of(market: &Market, id: InstrumentId) -> Result<&Instrument, MarginError> {
    market.listing().get(id).ok_or_else(MarginError::unknown(id))
}

/// What the case without any fill is called.
pub(super) const NO_FILL: &str = "no order filled";

/// The sets of fills that a model without a rule of its own looks at beside [none](NO_FILL), underlying by underlying:
/// those of one side, those that gain as the price rises and those that gain as it falls, and all. Sets that are empty
/// or the same as one before are left out.
///
/// # Errors
/// [`MarginError::UnknownInstrument`].
pub(super) fn fill_cases<'o>(
    market: &Market,
    orders: &'o [Order],
) -> Result<Vec<(&'static str, Vec<&'o Order>)>, MarginError> {
    let mut cases: Vec<(&'static str, Vec<&Order>)> = Vec::new();
    let mut rises = Vec::with_capacity(orders.len());
    for order in orders {
        let put = of(market, order.instrument)?.right() == Some(Right::Put);
        rises.push((order.side == Side::Buy) != put);
    }
    let mut add = |label, of: &dyn Fn(usize) -> bool| {
        let set: Vec<&Order> = (0..orders.len()).filter(|at| of(*at)).map(|at| &orders[at]).collect();
        if !set.is_empty() && !cases.iter().any(|(_, known)| *known == set) {
            cases.push((label, set));
        }
    };
    add("all buys filled", &|at| orders[at].side == Side::Buy);
    add("all sells filled", &|at| orders[at].side == Side::Sell);
    add("all that gain as it rises filled", &|at| rises[at]);
    add("all that gain as it falls filled", &|at| !rises[at]);
    add("all filled", &|_| true);
    Ok(cases)
}

/// Whether premiums are exchanged for options here, or the model asks for them by a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Premiums {
    Exchanged,
    AskedFor,
}

/// By how much more is asked once orders have exchanged balances at the mark, coins for the other asset or a premium for an
/// option, in margin equity by `collateral` and `besides` of the whole account: the largest of the growth by contract and side, added; of those that grow, together;
/// of all buys; of all sells. None where nothing grows.
///
/// # Errors
/// [`MarginError`] when something cannot be priced, and of an order whose fill `besides` refuses.
pub(super) fn exchanged(
    account: &Account,
    market: &Market,
    orders: &[Order],
    (collateral, premiums): (&CollateralRules, Premiums),
    besides: impl Fn(&Account, &[NetAsset]) -> Result<Vec<Node>, MarginError>,
) -> Result<Option<Node>, MarginError> {
    let mut exchanging: BTreeMap<(InstrumentId, Side), Vec<&Order>> = BTreeMap::new();
    for order in orders {
        let instrument = of(market, order.instrument)?;
        // Cash in the currency counts what it is, whatever it pays for.
        let pays = premiums == Premiums::Exchanged
            && instrument.is_paid_when_bought()
            && instrument.terms().settlement != market.currency();
        if pays || instrument.only_moves_balances() {
            exchanging.entry((order.instrument, order.side)).or_default().push(order);
        }
    }
    if exchanging.is_empty() {
        return Ok(None);
    }
    let asked = |account: &Account, bought: &[NetAsset]| -> Result<Decimal, MarginError> {
        let mut assets = net_assets(&account.portfolio, market)?;
        for net in &mut assets {
            for bought in bought.iter().filter(|bought| bought.asset == net.asset) {
                net.option_value = net.option_value.plus(bought.option_value)?;
            }
        }
        let equity = at_initial(&assets, collateral, market)?;
        let of = besides(account, &assets)?;
        Ok(of.iter().try_fold(equity.negated(), |sum, node| sum.plus(node.amount))?)
    };
    let now = asked(account, &[])?;
    let grown = |filled: &[&Order]| -> Result<Decimal, MarginError> {
        let (then, bought) = once_exchanged(account, market, filled)?;
        asked(&then, &bought).and_then(|then| Ok(then.minus(now)?)).map_err(|error| once_filled(market, filled, error))
    };
    let (mut alone, mut growing) = (Vec::new(), Vec::new());
    for ((id, _), filled) in &exchanging {
        let growth = grown(filled)?;
        if growth.signum() > 0 {
            let position = Some(of(market, *id)?.terms().name.clone());
            alone.push(Node::leaf("exchange", growth, Origin { position, ..Origin::default() }));
            growing.extend(filled.iter().copied());
        }
    }
    let side = |side| {
        let of = exchanging.iter().filter(move |((_, of), _)| *of == side);
        of.flat_map(|(_, filled)| filled.iter().copied())
    };
    let mut worst = vec![Node::sum("one by one", alone)?];
    for (label, filled) in
        [("together", growing), ("all buys", side(Side::Buy).collect()), ("all sells", side(Side::Sell).collect())]
    {
        worst.push(Node::leaf(label, grown(&filled)?, Origin::default()));
    }
    let worst = Node::worst_of("balances once exchanged", worst);
    Ok((worst.amount.signum() > 0).then_some(worst))
}

/// The account once orders have exchanged its balances at the mark, and what options that makes, by asset.
fn once_exchanged(
    account: &Account,
    market: &Market,
    filled: &[&Order],
) -> Result<(Account, Vec<NetAsset>), MarginError> {
    let (mut then, mut bought) = (account.clone(), Portfolio::default());
    for order in filled {
        if !exchange(&mut then, order, market)? {
            let (instrument, position) = (of(market, order.instrument)?, at_mark(order));
            let paid = instrument.carry(&position, market.priced(order.instrument)?.mark);
            let paid = paid.map_err(MarginError::of(instrument))?.option_value;
            then.portfolio.deposit(Amount::new(paid.value.negated(), paid.asset))?;
            bought.positions.push(position);
        }
    }
    Ok((then, net_assets(&bought, market)?))
}

/// What a model refuses once orders are filled is refused for those orders.
fn once_filled(market: &Market, filled: &[&Order], error: MarginError) -> MarginError {
    let MarginError::Unsupported { model, what, why } = error else { return error };
    let mut names: Vec<&str> = Vec::new();
    for name in filled.iter().filter_map(|order| market.listing().get(order.instrument)).map(Instrument::name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let orders = format!("orders of {}", names.join(" and "));
    MarginError::Unsupported { model, what: orders.into(), why: format!("once filled, {what}: {why}") }
}

/// The account once `fills` are filled at the mark.
///
/// # Errors
/// [`MarginError`] when a spot order cannot be priced.
pub(super) fn with_fills(account: &Account, market: &Market, fills: &[&Order]) -> Result<Account, MarginError> {
    let mut filled = account.clone();
    for order in fills {
        if !exchange(&mut filled, order, market)? {
            filled.portfolio.positions.push(at_mark(order));
        }
    }
    Ok(filled)
}

/// What an order makes once it is filled at the mark.
fn at_mark(order: &Order) -> Position {
    Position {
        instrument: order.instrument,
        quantity: order.signed_quantity(),
        entry_price: None,
        unsettled_pnl: Decimal::ZERO,
        accrued_funding: Decimal::ZERO,
    }
}

/// Figures by underlying, case by case, as one worst of cases an underlying; with one case, that.
pub(super) fn worst_by_underlying(cases: Vec<(&'static str, Vec<(Underlying, Node)>)>) -> Vec<Node> {
    let one = cases.len() == 1;
    let mut all: BTreeMap<Underlying, Vec<Node>> = BTreeMap::new();
    for (label, nodes) in cases {
        for (underlying, node) in nodes {
            all.entry(underlying).or_default().push(if one { node } else { node.named(label) });
        }
    }
    let worst = all.into_iter().map(|(underlying, mut of)| match of.len() {
        1 => of.remove(0).named(underlying.asset()),
        _ => Node::worst_of(underlying.asset(), of),
    });
    worst.collect()
}
