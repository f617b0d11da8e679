//! Conversions: spot contracts in which a unit that is closed sells coins it has and buys coins it owes.
//!
//! Only under least cost, only where the unit's mode lets it trade the contract, and only while both assets' prices are
//! trusted: what a dead feed last said is no price to sell collateral at, however long ago that was. What is paid is the
//! payer's own or backed, as for an order of its own: gains that nobody has paid for buy nobody else's coins. What is got
//! repays what is owed of it: nobody pays interest for coins that lie there.

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding};
use plimsoll_pricing::instruments::{Instrument, Terms};

use super::super::Decision;
use super::wave::Asked;
use crate::account::{Account, ContractId, Mode, OrderId};
use crate::event::Filled;
use crate::liquidation::Policy;
use crate::refusal::Refusal;

impl Decision<'_> {
    /// Whether balances of a unit may be converted in a contract.
    pub(super) fn may_convert(&self, unit: &[AccountId], instrument: &Instrument) -> bool {
        let terms = instrument.terms();
        let mode = |account: &Account| match account.terms.mode {
            Mode::Isolated => false,
            Mode::Cross { asset } => asset == terms.settlement,
            Mode::MultiCurrency | Mode::Portfolio => true,
        };
        instrument.only_moves_balances()
            && self.state.liquidation.policy == Policy::LeastCost
            && self.members(unit).all(|(_, account)| mode(account))
            && self.is_trusted(terms.underlying.asset())
            && self.is_trusted(terms.settlement)
            && self.members(unit).all(|(id, account)| self.is_backed(id, account, terms).unwrap_or(false))
    }

    /// Whether a member may pay what converting would ask of it: all that it has of the coin, or the quote for all it owes.
    fn is_backed(&self, id: AccountId, account: &Account, terms: &Terms) -> Result<bool, Refusal> {
        let (coin, quote) = (terms.underlying.asset(), terms.settlement);
        let has = net(account, coin)?;
        let mut pays = Amount::new(has, coin);
        if has.signum() <= 0 {
            pays = Amount::zero(quote);
            for asset in account.funds.keys().filter(|asset| **asset != quote) {
                let owes = net(account, *asset)?.negated().or_zero();
                let value = owes.times(self.state.price(*asset).unwrap_or_default(), Rounding::Up)?;
                pays.value = pays.value.plus(value)?;
            }
            let most = Decimal::ONE.plus(self.state.liquidation.band)?;
            let price = self.state.price(quote).unwrap_or(Decimal::ONE);
            pays.value = pays.value.times_ratio(most, price, Rounding::Up)?;
        }
        Ok(pays.value.is_zero() || self.spends_what_is_backed(id, pays).is_ok())
    }

    /// What a fill of the engine's own spot order brought repays a loan of the same, as far as it goes. Margin does not change by
    /// that: what is had and what is owed of an asset are one figure. What may not repay it, a gain that nobody paid for, stays.
    pub(in crate::step) fn repay_converted(&mut self, filled: &Filled, asset: Asset) {
        if !filled.order.is_some_and(OrderId::closes) {
            return;
        }
        if let Ok(owed) = self.owed(filled.account, asset) {
            let cash = self.state.account(filled.account).map_or(Decimal::ZERO, |account| account.cash(asset));
            let pays = Amount::new(owed.min(cash.or_zero()), asset);
            if !pays.value.is_zero() {
                let _ = self.repay(filled.account, pays);
            }
        }
    }

    /// A unit's conversion, by who has or owes the coin, in whole lots. What is bought beyond what members owe makes up for
    /// losses not settled yet, and is the first one's.
    pub(super) fn split_coins(
        &self,
        unit: &[AccountId],
        contract: ContractId,
        quantity: Decimal,
    ) -> Result<Vec<Asked>, Refusal> {
        let terms = self.terms_of(contract);
        let (mut left, mut asked) = (quantity.abs(), Vec::new());
        let signed = |size: Decimal| if quantity.signum() < 0 { size.negated() } else { size };
        for (account, known) in self.members(unit) {
            let has = net(known, terms.underlying.asset())?;
            let coins = if quantity.signum() < 0 { has.or_zero() } else { has.negated().or_zero() };
            let contracts = coins.over(terms.contract_size, Rounding::Down)?.min(left);
            let (lots, _) = contracts.split_by(terms.lot_size.0).unwrap_or_default();
            let size = terms.lot_size.0.times_count(lots)?;
            if !size.is_zero() {
                left = left.minus(size)?;
                asked.push(Asked { account, contract, quantity: signed(size), closes: false });
            }
        }
        if left.signum() > 0 && quantity.signum() > 0 {
            match asked.iter_mut().find(|asked| asked.account == unit[0]) {
                Some(first) => first.quantity = first.quantity.plus(left)?,
                None => asked.push(Asked { account: unit[0], contract, quantity: left, closes: false }),
            }
        }
        Ok(asked)
    }
}

/// What an account has of an asset, less what it owes of it.
fn net(account: &Account, asset: Asset) -> Result<Decimal, Refusal> {
    let funds = account.funds.get(&asset).copied().unwrap_or_default();
    Ok(funds.cash.minus(funds.borrowed)?.minus(funds.interest)?)
}
