//! One market with its models, and accounts as those read them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{
    AccountId, Asset, Balance, Decimal, InstrumentId, NumberError, Portfolio, Position, Quantity, Rounding, Timestamp,
};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::models::{Held, Judge, Model, by_name};
use plimsoll_margin::{Account as Read, MarginError};
use plimsoll_pricing::instruments::{Instrument, Listing};
use plimsoll_pricing::market::Market;

use super::snapshot::{LEAST, snapshot};
use crate::account::{Account, ContractId, Holding, OpenOrder};
use crate::market::MarketFacts;
use crate::refusal::Refusal;
use crate::state::{ModelRules, State, Versions};

/// What was computed of one version of the facts.
pub(crate) struct Made {
    pub(super) versions: Versions,
    as_of: Timestamp,
    pub(crate) market: Market,
    /// Places in the market's listing, by contract; `None` of what is over.
    places: Vec<Option<InstrumentId>>,
    pub(super) judges: BTreeMap<Arc<str>, Result<Box<dyn Judge>, MarginError>>,
}

impl Made {
    /// The same, once its facts are written.
    pub(super) fn of_version(self, versions: Versions) -> Self {
        Self { versions, ..self }
    }

    pub(super) fn is_of(&self, state: &State) -> bool {
        self.versions == state.versions && self.as_of == state.market.as_of
    }

    /// The market of `facts` with the models that `state` has.
    pub(crate) fn of(state: &State, facts: &MarketFacts) -> Result<Self, Refusal> {
        Self::listed(state, facts, listing(state)?)
    }

    /// The same where the listing is known.
    pub(super) fn listed(state: &State, facts: &MarketFacts, listing: Arc<Listing>) -> Result<Self, Refusal> {
        let places = state.contracts.iter().map(|contract| listing.id(contract.instrument.name())).collect();
        let snapshot = snapshot(state, facts)?;
        let market = Market::new(Arc::new(snapshot), listing)?;
        let judges = state.models.iter().map(|(name, rules)| (name.clone(), prepared(rules, &market))).collect();
        Ok(Self { versions: state.versions, as_of: facts.as_of, market, places, judges })
    }

    /// The judge of a model.
    pub(crate) fn judge(&self, model: &Arc<str>) -> Result<&dyn Judge, Refusal> {
        match self.judges.get(model) {
            Some(Ok(judge)) => Ok(judge.as_ref()),
            Some(Err(error)) => Err(error.clone().into()),
            None => Err(Refusal::UnknownModel(model.clone())),
        }
    }

    /// Where a contract stands in the market.
    pub(crate) fn place(&self, contract: ContractId) -> Result<InstrumentId, Refusal> {
        self.places.get(contract.index()).copied().flatten().ok_or(Refusal::UnknownContract(contract))
    }

    /// The margin of `unit`, accounts that are margined together and of which the first says how.
    /// `more` are orders that count beside theirs.
    pub(crate) fn margin(
        &self,
        state: &State,
        unit: &[&Account],
        more: &[&OpenOrder],
        detail: Detail,
    ) -> Result<Margin, Refusal> {
        let first = unit.first().ok_or(Refusal::UnknownAccount(AccountId(u32::MAX)))?;
        let read = self.read(unit, more)?;
        self.margin_of(state, &first.terms.model, &read, detail)
    }

    /// The margin of what was read of accounts under `model`.
    pub(crate) fn margin_of(
        &self,
        state: &State,
        model: &Arc<str>,
        read: &Read,
        detail: Detail,
    ) -> Result<Margin, Refusal> {
        let rules = state.models.get(model).ok_or_else(|| Refusal::UnknownModel(model.clone()))?;
        Ok(Margin::in_detail(read, &self.market, self.judge(model)?, &rules.lines.policy, detail)?)
    }

    /// What `unit` has, together, as margin reads it.
    pub(crate) fn read(&self, unit: &[&Account], more: &[&OpenOrder]) -> Result<Read, Refusal> {
        let mut portfolio = Portfolio::default();
        let mut credit_line = Decimal::ZERO;
        let mut taker_fee_rate = Decimal::ZERO;
        for account in unit {
            credit_line = credit_line.plus(account.terms.credit_line)?;
            taker_fee_rate = taker_fee_rate.max(account.terms.taker_fee_rate);
            self.orders(account, unit.len() > 1, &mut portfolio)?;
            self.balances(account, &mut portfolio)?;
        }
        for order in more {
            portfolio.orders.push(order.at(self.place(order.contract)?));
        }
        let netted;
        let held = match unit {
            [account] => &account.holdings,
            _ => {
                netted = together(unit)?;
                &netted
            }
        };
        portfolio.positions.reserve_exact(held.len());
        for (contract, holding) in held {
            portfolio.positions.push(self.position(*contract, *holding)?);
        }
        Ok(Read { portfolio, credit_line, rating: None, taker_fee_rate })
    }

    /// Orders that may only reduce stand against the account's own position, not against what its unit nets to: where there
    /// is a unit they are cut here.
    fn orders(&self, account: &Account, shared: bool, into: &mut Portfolio) -> Result<(), Refusal> {
        let mut left: BTreeMap<ContractId, Decimal> = BTreeMap::new();
        for order in account.orders.values() {
            let mut read = order.at(self.place(order.contract)?);
            if shared && order.reduce_only {
                let held = left.entry(order.contract).or_insert_with(|| account.holding(order.contract).quantity.0);
                let wanted = read.signed_quantity().0;
                let cut =
                    if held.signum() * wanted.signum() < 0 { wanted.abs().min(held.abs()) } else { Decimal::ZERO };
                if cut.is_zero() {
                    continue;
                }
                (read.quantity, read.reduce_only) = (Quantity(cut), false);
                *held = held.plus(read.signed_quantity().0)?;
            }
            into.orders.push(read);
        }
        Ok(())
    }

    fn balances(&self, account: &Account, into: &mut Portfolio) -> Result<(), NumberError> {
        for (asset, funds) in &account.funds {
            let new = Balance {
                asset: *asset,
                cash: funds.cash,
                borrowed: funds.borrowed,
                accrued_interest: funds.interest,
                reserved: Decimal::ZERO,
            };
            // What never had a price counts nothing: it can be paid in, and is worth something once it is quoted. A debt of
            // it cannot be margined.
            if !self.market.snapshot().has_price(*asset) && new.net()?.value.signum() >= 0 {
                continue;
            }
            match into.balances.iter_mut().find(|balance| balance.asset == *asset) {
                None => into.balances.push(new),
                Some(sum) => {
                    sum.cash = sum.cash.plus(new.cash)?;
                    sum.borrowed = sum.borrowed.plus(new.borrowed)?;
                    sum.accrued_interest = sum.accrued_interest.plus(new.accrued_interest)?;
                }
            }
        }
        Ok(())
    }

    /// A position measured from the mark: what it gained since it was entered is exact, from its cost.
    fn position(&self, contract: ContractId, holding: Holding) -> Result<Position, Refusal> {
        let place = self.place(contract)?;
        let instrument = self.instrument(contract)?;
        let mark = self.market.priced(place)?.mark;
        let unsettled_pnl = if instrument.is_paid_when_bought() {
            Decimal::ZERO
        } else {
            instrument.cost(holding.quantity, mark)?.value.minus(holding.cost)?
        };
        Ok(Position {
            instrument: place,
            quantity: holding.quantity,
            entry_price: Some(mark),
            unsettled_pnl,
            accrued_funding: Decimal::ZERO,
        })
    }

    fn instrument(&self, contract: ContractId) -> Result<&Instrument, Refusal> {
        self.market.listing().get(self.place(contract)?).ok_or(Refusal::UnknownContract(contract))
    }

    /// How many units of `asset` are worth `value` as collateral under `model`, rounded up to a millionth.
    pub(crate) fn units_worth(&self, model: &Arc<str>, asset: Asset, value: Decimal) -> Result<Decimal, Refusal> {
        let rules = self.judge(model)?.collateral();
        let haircut = rules.haircut(rules.class(&self.market, asset), asset, value, Detail::Amounts)?.amount;
        let price = self.market.asset_price(asset)?;
        // Worth value − haircut, they must be worth value: haircuts rise slowly, so their share is the same.
        let kept = value.minus(haircut)?.max(LEAST);
        let units = value.times_ratio(value, kept, Rounding::Up)?.over(price.value, Rounding::Up)?;
        Ok(units.rounded(6, Rounding::Up)?)
    }

    /// What `quantity` of an order's contract stands for, in the currency, without a sign.
    pub(crate) fn notional(&self, contract: ContractId, quantity: Quantity) -> Result<Decimal, Refusal> {
        let place = self.place(contract)?;
        let instrument = self.instrument(contract)?;
        let terms = instrument.terms();
        let index = self.market.index_in(terms.underlying, terms.quote)?;
        let one = instrument.notional(self.market.priced(place)?.mark, index)?;
        let price = self.market.asset_price(one.asset)?;
        Ok(one.scaled(quantity.0.abs(), Rounding::Up)?.at(price, Rounding::Up)?.value)
    }

    /// The same order at its place, checked against the market.
    pub(crate) fn check_priced(&self, order: &OpenOrder) -> Result<(), Refusal> {
        self.market.priced(self.place(order.contract)?)?;
        Ok(())
    }
}

/// What accounts hold together.
fn together(unit: &[&Account]) -> Result<BTreeMap<ContractId, Holding>, Refusal> {
    let mut held: BTreeMap<ContractId, Holding> = BTreeMap::new();
    for (contract, holding) in unit.iter().flat_map(|account| &account.holdings) {
        let sum = held.entry(*contract).or_default();
        sum.quantity = sum.quantity.plus(holding.quantity)?;
        sum.cost = sum.cost.plus(holding.cost)?;
    }
    Ok(held)
}

/// The model of `rules` with its parameters.
pub(crate) fn model(rules: &ModelRules) -> Result<Box<dyn Model>, MarginError> {
    let mut model = by_name(&rules.model)?;
    for (name, value) in &rules.parameters {
        model.set(name, value)?;
    }
    Ok(model)
}

/// The contracts that are not over.
fn listing(state: &State) -> Result<Arc<Listing>, Refusal> {
    let open = state.contracts.iter().filter(|contract| contract.settled_at.is_none());
    Ok(Arc::new(Listing::new(open.map(|contract| contract.instrument.clone()).collect())?))
}

/// A model prepared for every asset and contract that can be priced and margined: which those are turns on the state alone.
/// One that is quoted absurdly is left out, and takes only those with it who have it.
pub(super) fn prepared(rules: &ModelRules, market: &Market) -> Result<Box<dyn Judge>, MarginError> {
    let model = model(rules)?;
    let snapshot = market.snapshot();
    let coins = snapshot.underlyings.keys().map(|underlying| underlying.asset());
    let assets = snapshot.assets.keys().copied().chain(coins).chain([market.currency()]);
    let assets: BTreeSet<Asset> = assets.filter(|asset| snapshot.has_price(*asset)).collect();
    let priced = market.listing().iter().map(|(id, _)| id).filter(|id| market.priced(*id).is_ok());
    let all = Held { instruments: priced.collect(), assets };
    let error = match model.prepare(market, &all) {
        Ok(judge) => return Ok(judge),
        Err(error) => error,
    };
    let alone = |asset: &Asset| {
        let held = Held { instruments: BTreeSet::new(), assets: [*asset, market.currency()].into() };
        model.prepare(market, &held).is_ok()
    };
    let assets: BTreeSet<Asset> = all.assets.iter().copied().filter(alone).collect();
    let beside = |id: &InstrumentId| {
        let held = Held { instruments: [*id].into(), assets: assets.clone() };
        model.prepare(market, &held).is_ok()
    };
    let instruments: BTreeSet<InstrumentId> = all.instruments.iter().copied().filter(beside).collect();
    if (instruments.len(), assets.len()) == (all.instruments.len(), all.assets.len()) {
        return Err(error);
    }
    model.prepare(market, &Held { instruments, assets })
}
