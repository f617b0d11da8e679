//! Initial and maintenance margin of `cross` and `isolated`, written from their pages: every contract alone, orders at
//! their worst.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Side};
use plimsoll_engine::ContractId;
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::{Instrument, Style};

use super::equity::{Tiers, of_units, tiered};
use super::mirror::{Account, Mirror, cost};

/// Of futures, by notional.
fn tiers(underlying: &str, initial: bool) -> Tiers {
    match (matches!(underlying, "BTC" | "ETH"), initial) {
        (true, true) => &[(0.0, 0.01), (2e6, 0.02), (1e7, 0.05), (5e7, 0.1)],
        (true, false) => &[(0.0, 0.005), (2e6, 0.01), (1e7, 0.025), (5e7, 0.05)],
        (false, true) => &[(0.0, 0.02), (2e5, 0.05), (1e6, 0.1), (5e6, 0.25)],
        (false, false) => &[(0.0, 0.01), (2e5, 0.025), (1e6, 0.05), (5e6, 0.125)],
    }
}

/// One contract in the market of the books.
struct Market<'a> {
    instrument: &'a Instrument,
    mark: i128,
    /// Of its settlement asset, in the currency.
    price: f64,
    /// In its quote.
    index: f64,
}

impl<'a> Market<'a> {
    fn of(mirror: &'a Mirror, contract: ContractId) -> Option<Self> {
        let instrument = &mirror.contracts.get(contract.index())?.instrument;
        let terms = instrument.terms();
        let price = |asset| mirror.price(asset).map(of_units);
        Some(Self {
            instrument,
            mark: mirror.mark(contract)?,
            price: price(terms.settlement)?,
            index: price(terms.underlying.asset())? / price(terms.quote)?,
        })
    }

    /// What one side of `quantity` contracts stands for, in the currency.
    fn notional(&self, quantity: f64) -> f64 {
        let size = float(self.instrument.terms().contract_size) * quantity.abs();
        let inverse = self.instrument.style() == Style::Inverse;
        let settled = match (self.instrument.strike().is_some(), inverse) {
            (true, true) => size,
            (true, false) => size * self.index,
            (false, true) => size / of_units(self.mark),
            (false, false) => size * of_units(self.mark),
        };
        settled * self.price
    }

    /// What a position of `quantity` contracts asks for.
    fn position(&self, quantity: f64, initial: bool) -> f64 {
        let notional = self.notional(quantity);
        let Some(strike) = self.instrument.strike().map(float) else {
            return tiered(tiers(self.instrument.terms().underlying.as_str(), initial), notional);
        };
        if quantity >= 0.0 {
            return float(self.instrument.terms().contract_size) * quantity * of_units(self.mark) * self.price;
        }
        let is_call = self.instrument.right() == Some(plimsoll_pricing::formulas::Right::Call);
        let out = if is_call { strike - self.index } else { self.index - strike }.max(0.0);
        notional * if initial { (0.15 - out / self.index).max(0.1) } else { 0.075 }
    }
}

/// An order as far as it can fill: quantity with its sign, price, and whether it may only reduce.
struct Open {
    quantity: i128,
    price: i128,
    reduces: bool,
}

fn open(account: &Account) -> BTreeMap<ContractId, Vec<Open>> {
    let mut left: BTreeMap<ContractId, i128> =
        account.held.iter().map(|(contract, (held, _))| (*contract, *held)).collect();
    let mut all: BTreeMap<ContractId, Vec<Open>> = BTreeMap::new();
    for order in account.orders.values() {
        let size = order.quantity.0.units();
        let mut quantity = if order.side == Side::Buy { size } else { -size };
        if order.reduce_only {
            let held = left.entry(order.contract).or_default();
            if held.signum() * quantity.signum() >= 0 {
                continue;
            }
            quantity = quantity.signum() * size.min(held.abs());
            *held += quantity;
        }
        let open = Open { quantity, price: order.price.value.units(), reduces: order.reduce_only };
        all.entry(order.contract).or_default().push(open);
    }
    all
}

/// Initial and maintenance margin; none where the books do not know a mark, or spot is on order, which has a rule of its
/// own.
#[must_use]
pub fn required(mirror: &Mirror, id: AccountId, isolated: bool) -> Option<(f64, f64)> {
    let account = mirror.accounts.get(id.index())?;
    let orders = open(account);
    let contracts: BTreeSet<ContractId> = account.held.keys().chain(orders.keys()).copied().collect();
    let fee_rate = float(account.terms.taker_fee_rate);
    let (mut initial, mut maintenance) = (0.0, 0.0);
    for contract in contracts {
        let market = Market::of(mirror, contract)?;
        let held = account.held.get(&contract).map_or(0, |(held, _)| *held);
        let none = Vec::new();
        let orders = orders.get(&contract).unwrap_or(&none);
        maintenance += market.position(of_units(held), false);
        let side = |sign: i128| {
            orders.iter().filter(|order| order.quantity.signum() == sign).map(|order| order.quantity).sum::<i128>()
        };
        let asked = |quantity: i128| market.position(of_units(quantity), true);
        initial += if isolated {
            let each = orders.iter().filter(|order| !order.reduces).map(|order| asked(order.quantity));
            asked(held) + each.sum::<f64>()
        } else {
            asked(held).max(asked(held + side(1))).max(asked(held + side(-1)))
        };
        for order in orders {
            let at = |price| cost(market.instrument, order.quantity, price).map(of_units);
            let gain = (at(market.mark)? - at(order.price)?) * market.price;
            initial += (-gain).max(0.0) + market.notional(of_units(order.quantity)) * fee_rate;
        }
    }
    Some((initial, maintenance))
}
