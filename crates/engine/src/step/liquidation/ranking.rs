//! Who is matched first: whoever gained most for what they put up.

use std::cmp::Reverse;

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Rounding, planted};
use plimsoll_margin::fold::Detail;
use plimsoll_pricing::instruments::Instrument;

use super::super::Decision;
use crate::account::{Account, ContractId, Holding, Kind};
use crate::book::{Book, Made};
use crate::refusal::Refusal;
use crate::state::State;

/// A place in the order in which holders of one side of a contract are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Whose position.
    pub account: AccountId,
    /// What is held of the contract; short is negative.
    pub quantity: Decimal,
    /// Gain over cost × maintenance margin over net value: zero without a gain, below zero for who is matched only after all
    /// others.
    pub score: Decimal,
}

/// Both sides of a contract in the order in which they would be matched now, long holders first: each by gain over cost, times
/// maintenance margin over net value, so that who is hedged comes late. Counterparties whose risk is elsewhere come last.
///
/// # Errors
/// [`Refusal`] for a contract that is unknown, and for a market that cannot be read.
pub fn deleveraging(state: &State, book: &mut Book, contract: ContractId) -> Result<[Vec<Ranked>; 2], Refusal> {
    state.contract(contract).ok_or(Refusal::UnknownContract(contract))?;
    let made = book.current(state)?;
    Ok([1, -1].map(|side| order(state, made, contract, side)))
}

impl Decision<'_> {
    /// Holders of `contract` on the other side of `quantity`, in the order in which they are matched.
    pub(super) fn ranked(&mut self, contract: ContractId, quantity: Decimal) -> Result<Vec<AccountId>, Refusal> {
        let made = self.book.current(self.state)?;
        let ranked = order(self.state, made, contract, -quantity.signum());
        Ok(ranked.into_iter().map(|ranked| ranked.account).collect())
    }
}

fn order(state: &State, made: &Made, contract: ContractId, side: i32) -> Vec<Ranked> {
    let ranked = |(id, account): (AccountId, &Account)| {
        let quantity = account.holding(contract).quantity.0;
        // Who cannot be margined gained nothing that can be said.
        let rank =
            || Ranked { account: id, quantity, score: score(state, made, account, contract).unwrap_or_default() };
        (quantity.signum() == side).then(rank)
    };
    let mut all: Vec<Ranked> = state.numbered().filter_map(ranked).collect();
    all.sort_by_key(|ranked| (Reverse(ranked.score), ranked.account));
    all
}

/// Below zero for who is never margined; zero without a gain.
fn score(state: &State, made: &Made, account: &Account, contract: ContractId) -> Result<Decimal, Refusal> {
    if account.terms.kind == Kind::Outside {
        return Ok(Decimal::ONE.negated());
    }
    let holding = account.holding(contract);
    let instrument = &state.contract(contract).ok_or(Refusal::UnknownContract(contract))?.instrument;
    let mark = made.market.priced(made.place(contract)?)?.mark;
    let gain = gain(instrument, holding, mark)?;
    if gain.signum() <= 0 {
        return Ok(Decimal::ZERO);
    }
    let margin = made.margin(state, &[account], &[], Detail::Amounts)?;
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

/// What a holding gained at `mark`, in the settlement asset.
pub(super) fn gain(instrument: &Instrument, holding: Holding, mark: Price) -> Result<Decimal, Refusal> {
    Ok(instrument.cost(Quantity(holding.quantity.0), mark)?.value.minus(holding.cost)?)
}
