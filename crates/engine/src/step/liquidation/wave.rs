//! One wave: a plan for what is held, and the orders that carry it out.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Decimal, InstrumentId, Price, Quantity, Rounding, Side, Underlying};
use plimsoll_margin::answers::closing::{Liquidity, Terms, plan};
use plimsoll_margin::level::Level;

use super::super::Decision;
use crate::account::{Account, ContractId, Mode, OpenOrder, OrderId};
use crate::event::Event;
use crate::liquidation::MarketDepth;
use crate::refusal::Refusal;

/// A trade that a plan asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) account: AccountId,
    pub(super) contract: ContractId,
    /// Sold is negative.
    pub(super) quantity: Decimal,
}

/// A contract that may be traded.
struct Tradable {
    contract: ContractId,
    liquidity: Liquidity,
    /// Whether it may be opened.
    hedges: bool,
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
        let held = self.account(asked.account)?.holding(asked.contract).quantity.0;
        Ok(OpenOrder {
            contract: asked.contract,
            side: if buys { Side::Buy } else { Side::Sell },
            quantity: Quantity(asked.quantity.abs()),
            price,
            reduce_only: held.signum() * asked.quantity.signum() < 0,
        })
    }

    /// What brings a unit back above its liquidation-end line, by the venue's policy.
    fn planned(&mut self, unit: &[AccountId]) -> Result<(Vec<Asked>, Expected), Refusal> {
        let markets = self.tradable(unit)?;
        let hedges: Vec<InstrumentId> = markets.iter().filter(|(_, it)| it.hedges).map(|(id, _)| *id).collect();
        let made = self.book.current(self.state)?;
        let accounts: Vec<&Account> = unit.iter().filter_map(|id| self.state.account(*id)).collect();
        let first = accounts.first().ok_or(Refusal::UnknownAccount(AccountId(u32::MAX)))?;
        let model = &first.terms.model;
        let lines = &self.state.models.get(model).ok_or_else(|| Refusal::UnknownModel(model.clone()))?.lines;
        let rules = &self.state.liquidation;
        let terms = Terms {
            policy: rules.policy,
            until: Level::LiquidationEnd,
            lines: &lines.policy,
            liquidity: &|id| markets.get(&id).map(|market| market.liquidity),
            hedges: &hedges,
            share_of_depth: rules.share_of_depth,
        };
        let read = made.read(&accounts, &[])?;
        let plan = plan(&read, &made.market, made.judge(model)?, &terms)?;
        let expected = Expected { cost: plan.cost, excess: plan.excess };
        let steps =
            plan.steps.iter().filter_map(|step| Some((markets.get(&step.instrument)?.contract, step.quantity.0)));
        let asked =
            steps.map(|(contract, quantity)| self.split(unit, contract, quantity)).collect::<Result<Vec<_>, _>>();
        Ok((asked?.concat(), expected))
    }

    /// What may be traded for a unit, and what that costs: what it holds, and, where its mode allows it, the perpetuals and
    /// futures beside it.
    fn tradable(&mut self, unit: &[AccountId]) -> Result<BTreeMap<InstrumentId, Tradable>, Refusal> {
        let held: BTreeSet<ContractId> = self.members(unit).flat_map(|(_, it)| it.holdings.keys().copied()).collect();
        let of = |contract: &ContractId| self.state.contracts[contract.index()].instrument.terms().underlying;
        let underlyings: BTreeSet<Underlying> = held.iter().map(of).collect();
        let opens = |mode| matches!(mode, Mode::Portfolio | Mode::MultiCurrency);
        let may_hedge =
            self.members(unit).all(|(_, account)| opens(account.terms.mode) && !account.terms.limits.reduce_only);
        let mut wanted = Vec::new();
        for (contract, known) in (0_u32..).map(ContractId).zip(&self.state.contracts) {
            let instrument = &known.instrument;
            let beside = underlyings.contains(&instrument.terms().underlying);
            let hedges = may_hedge && beside && instrument.strike().is_none() && !instrument.only_moves_balances();
            let open = instrument.expiry().is_none_or(|expiry| expiry > self.at);
            if (held.contains(&contract) || hedges) && open && self.may_close(contract) {
                wanted.push((contract, instrument.terms().underlying, hedges));
            }
        }
        let rules = self.state.liquidation.clone();
        let made = self.book.current(self.state)?;
        let mut all = BTreeMap::new();
        for (contract, underlying, hedges) in wanted {
            let MarketDepth { spread, depth } = rules.depth_of(underlying);
            let liquidity = Liquidity { spread, depth, fee_rate: rules.fee_rate };
            if let Ok(place) =
                made.place(contract).and_then(|place| made.market.priced(place).map(|_| place).map_err(Into::into))
            {
                all.insert(place, Tradable { contract, liquidity, hedges });
            }
        }
        Ok(all)
    }

    /// A unit's trade, by who holds what it closes; what opens is the first one's.
    fn split(&self, unit: &[AccountId], contract: ContractId, quantity: Decimal) -> Result<Vec<Asked>, Refusal> {
        let (mut left, mut asked) = (quantity, Vec::new());
        for (account, known) in self.members(unit) {
            let held = known.holding(contract).quantity.0;
            if held.signum() * left.signum() < 0 {
                let size = held.abs().min(left.abs());
                let quantity = if left.signum() < 0 { size.negated() } else { size };
                left = left.minus(quantity)?;
                asked.push(Asked { account, contract, quantity });
            }
        }
        if !left.is_zero() {
            asked.push(Asked { account: unit[0], contract, quantity: left });
        }
        Ok(asked)
    }
}
