//! Who is matched first: whoever gained most for what they put up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Decimal, Price, Quantity, Rounding, Side, planted};
use plimsoll_margin::fold::Detail;
use plimsoll_pricing::instruments::Instrument;

use super::super::Decision;
use crate::account::{Account, ContractId, Holding, Kind};
use crate::book::{Book, Made};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::state::{State, Versions};

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
    Ok([Side::Buy, Side::Sell].map(|side| order(state, made, contract, side)))
}

/// Who is matched next in the contracts that were asked about: kept through a command, so that a venue where thousands are
/// matched at once ranks everybody once, and then whoever changed where it is asked.
#[derive(Default)]
pub(in crate::step) struct Ranks {
    versions: Option<Versions>,
    /// Events that were looked at.
    seen: usize,
    /// By contract: its long holders and its short ones.
    sides: Vec<[Places; 2]>,
    /// Of accounts that did not change since.
    leverages: BTreeMap<AccountId, Decimal>,
}

/// Holders of one side of a contract.
#[derive(Default)]
struct Places {
    /// Best first.
    order: BTreeSet<(Reverse<Decimal>, AccountId)>,
    scores: BTreeMap<AccountId, Decimal>,
    /// Who changed since it was last asked, some of them more than once; all holders at first.
    stale: Vec<AccountId>,
}

impl Decision<'_> {
    /// Who of the other side of `quantity` is matched first now.
    pub(super) fn first_ranked(
        &mut self,
        contract: ContractId,
        quantity: Decimal,
    ) -> Result<Option<AccountId>, Refusal> {
        let side = if quantity.signum() > 0 { Side::Sell } else { Side::Buy };
        let made = self.book.current(self.state)?;
        let ranks = &mut self.ranks;
        if ranks.versions != Some(self.state.versions) {
            *ranks = Ranks { seen: self.events.len(), ..Ranks::of(self.state) };
        }
        ranks.follow(self.state, &self.events[ranks.seen..]);
        ranks.seen = self.events.len();
        Ok(ranks.first(self.state, made, contract, side))
    }
}

impl Ranks {
    /// All holders as they are, none of them ranked yet.
    fn of(state: &State) -> Self {
        let mut sides: Vec<[Places; 2]> = Vec::new();
        sides.resize_with(state.contracts.len(), Default::default);
        for (id, account) in state.numbered() {
            for (contract, holding) in &account.holdings {
                sides[contract.index()][usize::from(holding.quantity.0.signum() < 0)].stale.push(id);
            }
        }
        Self { versions: Some(state.versions), sides, ..Self::default() }
    }

    /// Whom events changed has another place in every contract that it holds, or held till then.
    fn follow(&mut self, state: &State, events: &[Event]) {
        let mut changed: Vec<AccountId> = events.iter().flat_map(Event::accounts).collect();
        changed.sort_unstable();
        changed.dedup();
        let traded = |event: &Event| if let Event::Traded { contract, .. } = event { Some(*contract) } else { None };
        let traded: BTreeSet<ContractId> = events.iter().filter_map(traded).collect();
        for id in changed {
            self.leverages.remove(&id);
            let held = state.account(id).into_iter().flat_map(|account| account.holdings.keys());
            for contract in held.chain(&traded) {
                self.sides[contract.index()].iter_mut().for_each(|places| places.stale.push(id));
            }
        }
    }

    fn first(&mut self, state: &State, made: &Made, contract: ContractId, side: Side) -> Option<AccountId> {
        let Self { sides, leverages, .. } = self;
        let places = &mut sides[contract.index()][usize::from(side == Side::Sell)];
        places.stale.sort_unstable();
        places.stale.dedup();
        for id in std::mem::take(&mut places.stale) {
            if let Some(score) = places.scores.remove(&id) {
                places.order.remove(&(Reverse(score), id));
            }
            let Some(account) = state.account(id).filter(|account| holds(account, contract, side)) else { continue };
            let lever = || {
                if let Some(known) = leverages.get(&id) {
                    return Ok(*known);
                }
                let found = leverage(state, made, account)?;
                leverages.insert(id, found);
                Ok(found)
            };
            let score = score(state, made, account, contract, lever).unwrap_or_default();
            places.scores.insert(id, score);
            places.order.insert((Reverse(score), id));
        }
        places.order.first().map(|(_, account)| *account)
    }
}

fn order(state: &State, made: &Made, contract: ContractId, side: Side) -> Vec<Ranked> {
    let ranked = |(id, known): (AccountId, &Account)| {
        let score = || score(state, made, known, contract, || leverage(state, made, known)).unwrap_or_default();
        let quantity = known.holding(contract).quantity.0;
        holds(known, contract, side).then(|| Ranked { account: id, quantity, score: score() })
    };
    let mut all: Vec<Ranked> = state.numbered().filter_map(ranked).collect();
    all.sort_by_key(|ranked| (Reverse(ranked.score), ranked.account));
    all
}

fn holds(account: &Account, contract: ContractId, side: Side) -> bool {
    account.holding(contract).quantity.0.signum() == if side == Side::Buy { 1 } else { -1 }
}

/// Below zero for who is never margined; zero without a gain. Who cannot be margined gained nothing that can be said.
fn score(
    state: &State,
    made: &Made,
    account: &Account,
    contract: ContractId,
    leverage: impl FnOnce() -> Result<Decimal, Refusal>,
) -> Result<Decimal, Refusal> {
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
    let leverage = leverage()?;
    let profit = gain.over(holding.cost.abs().max(Decimal::new(1, 8)), Rounding::HalfEven)?;
    Ok(profit.times(leverage, Rounding::HalfEven)?)
}

/// Maintenance margin over net value; zero of who is worth nothing.
fn leverage(state: &State, made: &Made, account: &Account) -> Result<Decimal, Refusal> {
    let margin = made.margin(state, &[account], &[], Detail::Amounts)?;
    let (maintenance, worth) = (margin.requirement.maintenance.amount, margin.equity.net_value.amount);
    if worth.signum() <= 0 {
        return Ok(Decimal::ZERO);
    }
    let (part, of) = if planted!(SafestMatched) { (worth, maintenance) } else { (maintenance, worth) };
    Ok(part.over(of, Rounding::HalfEven)?)
}

/// What a holding gained at `mark`, in the settlement asset.
pub(super) fn gain(instrument: &Instrument, holding: Holding, mark: Price) -> Result<Decimal, Refusal> {
    Ok(instrument.cost(Quantity(holding.quantity.0), mark)?.value.minus(holding.cost)?)
}
