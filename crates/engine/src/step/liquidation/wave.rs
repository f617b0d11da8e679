//! One wave: a plan for what is held, and the orders that carry it out.

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Rounding, Side};

use super::super::Decision;
use crate::account::{Account, ContractId, OpenOrder, OrderId};
use crate::event::Event;
use crate::refusal::Refusal;

/// A trade that a plan asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) account: AccountId,
    pub(super) contract: ContractId,
    /// Sold is negative.
    pub(super) quantity: Decimal,
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
    fn order(&mut self, asked: &Asked) -> Result<OpenOrder, Refusal> {
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

    fn planned(&mut self, unit: &[AccountId]) -> Result<(Vec<Asked>, Expected), Refusal> {
        let mut asked = Vec::new();
        for (id, account) in self.members(unit) {
            let Account { holdings, .. } = account;
            for (contract, holding) in holdings.iter().filter(|(contract, _)| self.may_close(**contract)) {
                asked.push(Asked { account: id, contract: *contract, quantity: holding.quantity.0.negated() });
            }
        }
        Ok((asked, Expected { cost: Decimal::ZERO, excess: Decimal::ZERO }))
    }
}
