//! One wave: a plan for what is held, and the orders that carry it out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_book::threads::each;
use plimsoll_core::{AccountId, Decimal, InstrumentId, Price, Quantity, Rounding, Side, Underlying};
use plimsoll_margin::Account as Read;
use plimsoll_margin::answers::closing::{Liquidity, Plan, Step, Terms, plan};
use plimsoll_margin::level::{Level, State};

use super::super::Decision;
use crate::account::{Account, ContractId, Mode, OpenOrder, OrderId};
use crate::book::Made;
use crate::event::Event;
use crate::liquidation::MarketDepth;
use crate::refusal::Refusal;
use crate::state::Versions;

/// A trade that a plan asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) account: AccountId,
    pub(super) contract: ContractId,
    /// Sold is negative.
    pub(super) quantity: Decimal,
    /// Whether it closes what the account holds, and may do no more.
    pub(super) closes: bool,
}

/// A contract that may be traded.
#[derive(PartialEq)]
struct Tradable {
    contract: ContractId,
    liquidity: Liquidity,
    /// Whether it may be opened.
    hedges: bool,
    /// Whether it is spot, in which balances are converted.
    converts: bool,
}

/// All that a plan is made of, in one market: what was read of a unit, and what may be traded for it.
#[derive(PartialEq)]
struct Question {
    versions: Versions,
    model: Arc<str>,
    read: Read,
    markets: BTreeMap<InstrumentId, Tradable>,
}

/// A plan that was made ahead.
pub(in crate::step) struct Planned {
    question: Question,
    plan: Plan,
}

/// What is expected of a plan, in the currency.
pub(super) struct Expected {
    pub(super) cost: Decimal,
    pub(super) excess: Decimal,
}

impl Decision<'_> {
    /// Plans a wave and places its orders; false where there is none to place.
    pub(super) fn sent(&mut self, unit: &[AccountId], wave: u32) -> bool {
        let Ok((asked, expected)) = self.planned(unit) else { return false };
        let orders: Vec<(AccountId, OpenOrder)> =
            asked.iter().filter_map(|asked| Some((asked.account, self.order(asked).ok()?))).collect();
        if orders.is_empty() {
            return false;
        }
        self.say_wave(unit, wave, &orders, Some(&expected));
        for (account, terms) in orders {
            let order = OrderId(OrderId::CLOSING + self.state.closing_orders);
            self.emit(Event::OrderPlaced { account, order, terms });
        }
        // Its lines between initial and maintenance count them.
        self.level(unit);
        true
    }

    pub(super) fn say_wave(
        &mut self,
        unit: &[AccountId],
        wave: u32,
        orders: &[(AccountId, OpenOrder)],
        expected: Option<&Expected>,
    ) {
        let (cost, excess) = expected.map_or((Decimal::ZERO, Decimal::ZERO), |it| (it.cost, it.excess));
        for account in unit {
            let mine = orders.iter().filter(|(of, _)| of == account).count();
            let orders = u32::try_from(mine).unwrap_or(u32::MAX);
            self.emit(Event::LiquidationWave { account: *account, wave, orders, cost, excess });
        }
    }

    /// At the edge of the band around the mark: no worse is taken.
    pub(super) fn order(&mut self, asked: &Asked) -> Result<OpenOrder, Refusal> {
        let made = self.book.current(self.state)?;
        let mark = made.market.priced(made.place(asked.contract)?)?.mark;
        let band = self.state.liquidation.band;
        let buys = asked.quantity.signum() > 0;
        let share = if buys { Decimal::ONE.plus(band)? } else { Decimal::ONE.minus(band)? };
        let price = Price::new(mark.value.times(share, Rounding::HalfEven)?, mark.quote);
        Ok(OpenOrder {
            contract: asked.contract,
            side: if buys { Side::Buy } else { Side::Sell },
            quantity: Quantity(asked.quantity.abs()),
            price,
            reduce_only: asked.closes,
        })
    }

    /// What brings a unit back above its liquidation-end line, by the venue's policy.
    fn planned(&mut self, unit: &[AccountId]) -> Result<(Vec<Asked>, Expected), Refusal> {
        let known = self.ahead.plans.remove(&unit[0]);
        self.book.current(self.state)?;
        let made = self.book.at_hand(self.state).ok_or(Refusal::UnknownAccount(unit[0]))?;
        let question = self.question(made, unit)?;
        let plan = match known.filter(|known| known.question == question) {
            Some(known) => known.plan,
            None => self.answer(made, &question)?,
        };
        let expected = Expected { cost: plan.cost, excess: plan.excess };
        let contract = |step: &Step| Some((question.markets.get(&step.instrument)?.contract, step.quantity.0));
        let steps = plan.steps.iter().filter_map(contract);
        let asked =
            steps.map(|(contract, quantity)| self.split(unit, contract, quantity)).collect::<Result<Vec<_>, _>>();
        Ok((asked?.concat(), expected))
    }

    /// Plans for those who are due, on the book's threads: as they will be once their orders are cancelled.
    pub(super) fn plan_ahead(&mut self, due: &[AccountId]) {
        self.ahead.plans.clear();
        let Some(threads) = self.threads(due.len()) else { return };
        if self.book.current(self.state).is_err() {
            return;
        }
        let Some(made) = self.book.at_hand(self.state) else { return };
        let this = &*self;
        let planned = each(due, threads, |id| {
            let unit = this.state.margined_with(*id);
            let waves = |(_, it): (AccountId, &Account)| {
                it.standing.state == State::Liquidating
                    && it.liquidation.as_ref().is_none_or(|begun| begun.auction.is_none())
            };
            (unit.first() == Some(id) && this.members(&unit).all(waves)).then_some(())?;
            let mut question = this.question(made, &unit).ok()?;
            question.read.portfolio.orders.clear();
            let plan = this.answer(made, &question).ok()?;
            Some((*id, Planned { question, plan }))
        });
        self.ahead.plans = planned.into_iter().flatten().collect();
    }

    /// What is to be planned for a unit as it is.
    fn question(&self, made: &Made, unit: &[AccountId]) -> Result<Question, Refusal> {
        let accounts: Vec<&Account> = unit.iter().filter_map(|id| self.state.account(*id)).collect();
        let first = accounts.first().ok_or(Refusal::UnknownAccount(AccountId(u32::MAX)))?;
        Ok(Question {
            versions: self.state.versions,
            model: first.terms.model.clone(),
            read: made.read(&accounts, &[])?,
            markets: self.tradable(made, unit),
        })
    }

    fn answer(&self, made: &Made, question: &Question) -> Result<Plan, Refusal> {
        let Question { model, read, markets, .. } = question;
        let those = |of: fn(&Tradable) -> bool| -> Vec<InstrumentId> {
            markets.iter().filter(|(_, it)| of(it)).map(|(id, _)| *id).collect()
        };
        let (hedges, conversions) = (those(|it| it.hedges), those(|it| it.converts));
        let lines = &self.state.models.get(model).ok_or_else(|| Refusal::UnknownModel(model.clone()))?.lines;
        let rules = &self.state.liquidation;
        let terms = Terms {
            policy: rules.policy,
            until: Level::LiquidationEnd,
            lines: &lines.policy,
            liquidity: &|id| markets.get(&id).map(|market| market.liquidity),
            hedges: &hedges,
            conversions: &conversions,
            share_of_depth: rules.share_of_depth,
        };
        Ok(plan(read, &made.market, made.judge(model)?, &terms)?)
    }

    /// What may be traded for a unit, and what that costs: what it holds, and, where its mode allows it, the perpetuals and
    /// futures beside it and spot of what it has or owes.
    fn tradable(&self, made: &Made, unit: &[AccountId]) -> BTreeMap<InstrumentId, Tradable> {
        let held: BTreeSet<ContractId> = self.members(unit).flat_map(|(_, it)| it.holdings.keys().copied()).collect();
        let of = |contract: &ContractId| self.state.contracts[contract.index()].instrument.terms().underlying;
        let underlyings: BTreeSet<Underlying> = held.iter().map(of).collect();
        let opens = |mode| matches!(mode, Mode::Portfolio | Mode::MultiCurrency);
        let may_hedge =
            self.members(unit).all(|(_, account)| opens(account.terms.mode) && !account.terms.limits.reduce_only);
        let rules = &self.state.liquidation;
        let mut all = BTreeMap::new();
        for (contract, known) in (0_u32..).map(ContractId).zip(&self.state.contracts) {
            let instrument = &known.instrument;
            let underlying = instrument.terms().underlying;
            let hedges = may_hedge
                && instrument.strike().is_none()
                && !instrument.only_moves_balances()
                && underlyings.contains(&underlying);
            let converts = self.may_convert(unit, instrument);
            if !(hedges || converts || held.contains(&contract)) || !self.may_close(contract) {
                continue;
            }
            let MarketDepth { spread, depth } = rules.depth_of(underlying);
            let liquidity = Liquidity { spread, depth, fee_rate: rules.fee_rate };
            if let Some(place) = made.place(contract).ok().filter(|place| made.market.priced(*place).is_ok()) {
                all.insert(place, Tradable { contract, liquidity, hedges, converts });
            }
        }
        all
    }

    /// A unit's trade, by who holds what it closes; what opens is the first one's.
    fn split(&self, unit: &[AccountId], contract: ContractId, quantity: Decimal) -> Result<Vec<Asked>, Refusal> {
        if self.state.contracts[contract.index()].instrument.only_moves_balances() {
            return self.split_coins(unit, contract, quantity);
        }
        let (mut left, mut asked) = (quantity, Vec::new());
        for (account, known) in self.members(unit) {
            let held = known.holding(contract).quantity.0;
            if held.signum() * left.signum() < 0 {
                let size = held.abs().min(left.abs());
                let quantity = if left.signum() < 0 { size.negated() } else { size };
                left = left.minus(quantity)?;
                asked.push(Asked { account, contract, quantity, closes: true });
            }
        }
        if !left.is_zero() {
            asked.push(Asked { account: unit[0], contract, quantity: left, closes: false });
        }
        Ok(asked)
    }
}
