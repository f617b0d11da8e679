//! Who is matched first: whoever gained most for what they put up.

use std::cmp::Reverse;

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Rounding, planted};
use plimsoll_margin::fold::Detail;
use plimsoll_pricing::instruments::Instrument;

use super::super::Decision;
use crate::account::{Account, ContractId, Holding, Kind};
use crate::refusal::Refusal;

impl Decision<'_> {
    /// Holders of `contract` on the other side of `quantity`, in the order in which they are matched: by gain over cost, times
    /// maintenance margin over net value, so that who is hedged comes late. Counterparties whose risk is elsewhere come last.
    pub(super) fn ranked(&mut self, contract: ContractId, quantity: Decimal) -> Result<Vec<AccountId>, Refusal> {
        let other = |holding: Holding| holding.quantity.0.signum() * quantity.signum() < 0;
        let holders: Vec<AccountId> =
            (self.state.numbered()).filter(|(_, account)| other(account.holding(contract))).map(|(id, _)| id).collect();
        let mut ranked = Vec::with_capacity(holders.len());
        for id in holders {
            // Who cannot be margined gained nothing that can be said.
            ranked.push((self.score(id, contract).unwrap_or_default(), id));
        }
        ranked.sort_by_key(|(score, id)| (Reverse(*score), *id));
        Ok(ranked.into_iter().map(|(_, id)| id).collect())
    }

    /// Below zero for who is never margined; zero without a gain.
    fn score(&mut self, id: AccountId, contract: ContractId) -> Result<Decimal, Refusal> {
        let made = self.book.current(self.state)?;
        let account = self.state.account(id).ok_or(Refusal::UnknownAccount(id))?;
        if account.terms.kind == Kind::Outside {
            return Ok(Decimal::ONE.negated());
        }
        let holding = account.holding(contract);
        let instrument = &self.state.contract(contract).ok_or(Refusal::UnknownContract(contract))?.instrument;
        let mark = made.market.priced(made.place(contract)?)?.mark;
        let gain = gain(instrument, holding, mark)?;
        if gain.signum() <= 0 {
            return Ok(Decimal::ZERO);
        }
        let unit: [&Account; 1] = [account];
        let margin = made.margin(self.state, &unit, &[], Detail::Amounts)?;
        let worth = margin.equity.net_value.amount;
        if worth.signum() <= 0 {
            return Ok(Decimal::ZERO);
        }
        let maintenance = margin.requirement.maintenance.amount;
        let (part, of) = if planted!(SafestMatched) { (worth, maintenance) } else { (maintenance, worth) };
        let leverage = part.over(of, Rounding::HalfEven)?;
        let profit = gain.over(holding.cost.abs().max(Decimal::new(1, 8)), Rounding::HalfEven)?;
        Ok(profit.times(leverage, Rounding::HalfEven)?)
    }
}

/// What a holding gained at `mark`, in the settlement asset.
pub(super) fn gain(instrument: &Instrument, holding: Holding, mark: Price) -> Result<Decimal, Refusal> {
    Ok(instrument.cost(Quantity(holding.quantity.0), mark)?.value.minus(holding.cost)?)
}
