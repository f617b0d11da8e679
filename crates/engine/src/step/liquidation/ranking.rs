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

/// Holders by score, best first.
type Places = BTreeSet<(Reverse<Decimal>, AccountId)>;

/// Who is matched next in the contracts that were asked about: kept through a command, so that a venue where thousands are
/// matched at once margins everybody once and then whoever changed.
#[derive(Default)]
pub(in crate::step) struct Ranks {
    versions: Option<Versions>,
    /// Events that are in it.
    seen: usize,
    sides: BTreeMap<(ContractId, Side), Places>,
    /// The score of whoever is in there.
    scores: BTreeMap<(ContractId, AccountId), Decimal>,
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
            *ranks = Ranks { versions: Some(self.state.versions), seen: self.events.len(), ..Ranks::default() };
        }
        ranks.follow(self.state, made, &self.events);
        if !ranks.sides.contains_key(&(contract, side)) {
            ranks.rank(self.state, made, contract, side);
        }
        Ok(ranks.sides[&(contract, side)].first().map(|(_, account)| *account))
    }
}

impl Ranks {
    fn rank(&mut self, state: &State, made: &Made, contract: ContractId, side: Side) {
        let all = order(state, made, contract, side);
        self.scores.extend(all.iter().map(|ranked| ((contract, ranked.account), ranked.score)));
        let places = all.into_iter().map(|ranked| (Reverse(ranked.score), ranked.account));
        self.sides.insert((contract, side), places.collect());
    }

    /// Ranks anew whoever events changed since.
    fn follow(&mut self, state: &State, made: &Made, events: &[Event]) {
        let mut changed: BTreeSet<(ContractId, AccountId)> = BTreeSet::new();
        for event in &events[self.seen..] {
            for id in event.accounts() {
                let held = state.account(id).into_iter().flat_map(|account| account.holdings.keys());
                let gone = if let Event::Traded { contract, .. } = event { Some(contract) } else { None };
                changed.extend(held.chain(gone).map(|contract| (*contract, id)));
            }
        }
        self.seen = events.len();
        for (contract, id) in changed {
            let known = self.scores.remove(&(contract, id));
            for side in [Side::Buy, Side::Sell] {
                let Some(places) = self.sides.get_mut(&(contract, side)) else { continue };
                if let Some(score) = known {
                    places.remove(&(Reverse(score), id));
                }
                if let Some(ranked) = state.account(id).and_then(|it| place(state, made, (id, it), contract, side)) {
                    places.insert((Reverse(ranked.score), id));
                    self.scores.insert((contract, id), ranked.score);
                }
            }
        }
    }
}

fn order(state: &State, made: &Made, contract: ContractId, side: Side) -> Vec<Ranked> {
    let ranked = |holder| place(state, made, holder, contract, side);
    let mut all: Vec<Ranked> = state.numbered().filter_map(ranked).collect();
    all.sort_by_key(|ranked| (Reverse(ranked.score), ranked.account));
    all
}

/// The place of a holder of that side.
fn place(
    state: &State,
    made: &Made,
    (account, known): (AccountId, &Account),
    contract: ContractId,
    side: Side,
) -> Option<Ranked> {
    let quantity = known.holding(contract).quantity.0;
    let holds = quantity.signum() == if side == Side::Buy { 1 } else { -1 };
    // Who cannot be margined gained nothing that can be said.
    holds.then(|| Ranked { account, quantity, score: score(state, made, known, contract).unwrap_or_default() })
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
