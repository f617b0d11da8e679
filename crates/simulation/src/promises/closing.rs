//! Accounts closed by force: who, with what orders, at whose cost.
//!
//! Events are looked at one by one, each in the state before it, and never against what the engine planned: what an account
//! is worth, what a counterparty gains and what the insurance fund lost are counted again. Where a price is not trusted, it is
//! worth what other rules say, and no value is compared.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Asset, Timestamp, Underlying};
use plimsoll_engine::event::Filled;
use plimsoll_engine::liquidation::Cover;
use plimsoll_engine::{ContractId, Event, House, State};
use plimsoll_margin::level::State as Side;
use plimsoll_pricing::float::float;

use super::equity::of_units;
use super::mirror::cost;
use super::{Wrong, hedging, standing};

/// The promise to those above the line.
pub const CLOSED: &str = "nobody is closed who is above the line";
/// The promise to counterparties.
pub const MATCHED: &str = "who is matched against loses no more than they gained";
/// The promise of the insurance fund.
pub const FUND: &str = "the insurance fund is never short, and loses within its budgets";
/// The promise of bad debt.
pub const BAD: &str = "bad debt is what the insolvent owe and nobody else can pay";
/// The promise to those who did not gain.
pub const SHARED: &str = "who pays for another gained in what was closed";
/// The promise of an end without debt.
pub const OUT: &str = "who was taken over owes nothing";
/// The promise of penalties.
pub const PENALTY: &str = "a penalty is within its rate and what the account is worth";
/// The promise of an end.
pub const ENDS: &str = "nobody stays under maintenance margin";

/// A check that was made, and what it found.
pub type Looked = (&'static str, Option<Wrong>);

/// What an account is worth closed at the marks, in the currency, and the gross of what it was summed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Worth {
    net: f64,
    gross: f64,
}

impl Worth {
    /// What floats may hide.
    const fn grain(self) -> f64 {
        1e-6 + 1e-9 * self.gross
    }
}

/// The closing within a command of an account, and of those margined together with it.
#[derive(Clone, Debug)]
struct Episode {
    unit: Vec<AccountId>,
    /// Before it began; none where it cannot be said.
    worth: Option<Worth>,
    /// Matched or covered, not only sent to market.
    taken_over: bool,
    markets: BTreeSet<Underlying>,
    /// What the fund paid less what it took, in the currency.
    lost: f64,
    bad: Vec<Asset>,
}

/// What is remembered from one event to the next.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    episode: Option<Episode>,
    /// Whose closing was looked at in this command.
    judged: BTreeSet<AccountId>,
    day: i64,
    spent: f64,
    spent_in: BTreeMap<Underlying, f64>,
    /// How much of the time that all waves may take an account was under maintenance margin, gaps longer than a pause counted
    /// as one.
    under: BTreeMap<AccountId, f64>,
    last: Option<Timestamp>,
}

impl Closing {
    /// Looks at `event` before it is applied. `margined` says where a book of no past puts an account.
    pub fn before(
        &mut self,
        state: &State,
        event: &Event,
        at: Timestamp,
        mut margined: impl FnMut(&State, AccountId) -> Option<Side>,
    ) -> Vec<Looked> {
        let mut looked = Vec::new();
        let closed = match event {
            Event::LiquidationWave { account, .. } | Event::Covered { account, .. } => Some(*account),
            Event::Traded { closes, .. } => *closes,
            _ => None,
        };
        if let Some(id) = closed {
            if self.episode.as_ref().is_none_or(|episode| !episode.unit.contains(&id)) {
                looked.extend(self.ended(state, at));
                self.episode = Some(Episode::begun(state, id));
            }
            if !self.judged.contains(&id) {
                self.judged.extend(state.margined_with(id));
                looked.push((CLOSED, margined(state, id).and_then(|side| above(id, side))));
            }
        }
        match event {
            Event::OrderPlaced { account, order, terms } if order.closes() => {
                looked.push((hedging::ORDERS, hedging::order(state, *account, terms)));
            }
            Event::LiquidationWave { account, .. } => looked.push((hedging::ORDERS, hedging::cleared(state, *account))),
            Event::Traded { closes: None, contract, quantity, price, buyer, seller, .. } => {
                let notional = (*contract, quantity.0.units(), price.value.units());
                looked.extend([buyer, seller].map(|side| (PENALTY, penalty(state, side, notional))));
            }
            Event::Traded { closes: Some(id), .. } => looked.push((MATCHED, self.matched(state, *id, event))),
            Event::Covered { .. } => looked.extend(self.covered(state, event)),
            _ => {}
        }
        looked
    }

    /// Looks at the state after a command.
    pub fn after(&mut self, state: &State, at: Timestamp) -> Vec<Looked> {
        let mut looked = self.ended(state, at);
        self.judged.clear();
        looked.push((FUND, house(state)));
        looked.push((ENDS, self.stays(state, at)));
        looked
    }

    fn matched(&mut self, state: &State, id: AccountId, event: &Event) -> Option<Wrong> {
        let Event::Traded { contract, quantity, price, buyer, seller, .. } = event else { return None };
        let episode = self.episode.as_mut()?;
        episode.taken_over = true;
        let instrument = &state.contract(*contract)?.instrument;
        episode.markets.insert(instrument.terms().underlying);
        let (other, sign) = if buyer.account == id { (seller.account, -1) } else { (buyer.account, 1) };
        let traded = sign * quantity.0.units();
        let held = |id| state.account(id).map(|known| known.holding(*contract));
        let (mine, theirs) = (held(id)?, held(other)?);
        let beyond = |held: i128, traded: i128| held.signum() * traded.signum() >= 0 || held.abs() < traded.abs();
        if beyond(mine.quantity.0.units(), -traded) || beyond(theirs.quantity.0.units(), traded) {
            return Some(Wrong::of(MATCHED, other, format!("a position that grows by {quantity}"), "one that shrinks"));
        }
        if !standing::all_trusted(state) {
            return None;
        }
        let mark = state.market.marks.get(contract)?.price?.units();
        let at = |price| cost(instrument, traded, price).map(of_units);
        let price = price.value.units();
        let step = (at(price)? - at(price + 10_000_000_000)?).abs();
        let lost = at(price)? - at(mark)?;
        let gained = cost(instrument, theirs.quantity.0.units(), mark)? - theirs.cost.units();
        let gained = of_units(gained).max(0.0) * of_units(traded.abs()) / float(theirs.quantity.0.abs());
        let solvent = episode.worth.is_some_and(|worth| worth.net > worth.grain());
        let most = if solvent { 0.0 } else { gained + step };
        let grain = 1e-9 + 1e-9 * at(mark)?.abs();
        let fits = lost <= most + grain && lost >= -grain;
        (!fits).then(|| Wrong::of(MATCHED, other, format!("{lost} against the mark"), format!("0 to {most}")))
    }

    fn covered(&mut self, state: &State, event: &Event) -> Vec<Looked> {
        let Event::Covered { account, by, amount, lost, markets, legs } = event else { return Vec::new() };
        let Some(episode) = &mut self.episode else { return Vec::new() };
        episode.taken_over = true;
        episode.markets.extend(markets);
        let worth =
            || Some(float(amount.value) * float(state.price(amount.asset)?)).filter(|_| episode.worth.is_some());
        match by {
            Cover::Fund => episode.lost += worth().unwrap_or_else(|| float(*lost)),
            Cover::Collateral => episode.lost -= worth().unwrap_or(0.0),
            Cover::BadDebt => episode.bad.push(amount.asset),
            Cover::Shared => {
                let payers = legs.iter().filter_map(|leg| Some((leg.holder.account()?, leg.amount.value.units())));
                let payers = payers.filter(|(id, value)| id != account && *value < 0);
                return payers.map(|(id, value)| (SHARED, shared(state, id, -value, amount.asset, markets))).collect();
            }
        }
        Vec::new()
    }

    /// What is to be said when an account's closing is over.
    fn ended(&mut self, state: &State, at: Timestamp) -> Vec<Looked> {
        let Some(episode) = self.episode.take().filter(|episode| episode.taken_over) else { return Vec::new() };
        let day = at.nanos().div_euclid(86_400 * Timestamp::NANOS_PER_SECOND);
        if self.day != day {
            (self.day, self.spent) = (day, 0.0);
            self.spent_in.clear();
        }
        let left = self.budget_left(state, &episode.markets);
        let lost = episode.lost.max(0.0);
        self.spent += lost;
        for market in &episode.markets {
            *self.spent_in.entry(*market).or_default() += lost;
        }
        let Some(worth) = episode.worth else { return Vec::new() };
        let over = left.filter(|left| lost > worth.grain() && lost > left + worth.grain());
        let id = episode.unit[0];
        let mut looked =
            vec![(FUND, over.map(|left| Wrong::of(FUND, id, format!("{lost} lost"), format!("at most {left}"))))];
        for asset in &episode.bad {
            let had = float(state.held_by(House::Insurance, *asset));
            let could = had > 0.0 && left.is_none_or(|left| left - lost > 0.01 + worth.grain());
            let solvent = worth.net > worth.grain();
            let text = || format!("bad debt in {asset} of one worth {}, with {had} in the fund", worth.net);
            let wrong =
                (could || solvent).then(|| Wrong::of(BAD, id, text(), "an insolvent account, no fund or budget"));
            looked.push((BAD, wrong));
        }
        let is_closed = |id: &AccountId| state.account(*id).is_some_and(|known| known.holdings.is_empty());
        if worth.net < -worth.grain() && episode.unit.iter().all(is_closed) {
            looked.extend(episode.unit.iter().map(|id| (OUT, owing(state, *id))));
        }
        looked
    }

    /// What the fund might have lost on an account closed in `markets`; `None` where nothing limits it.
    fn budget_left(&self, state: &State, markets: &BTreeSet<Underlying>) -> Option<f64> {
        let budgets = &state.liquidation.budgets;
        let of_market = |market: &Underlying| {
            let spent = self.spent_in.get(market).copied().unwrap_or(0.0);
            Some(float(*budgets.markets.get(market)?) - spent)
        };
        let day = budgets.day.map(|day| float(day) - self.spent);
        let all = budgets.event.map(float).into_iter().chain(day).chain(markets.iter().filter_map(of_market));
        all.map(|left| left.max(0.0)).reduce(f64::min)
    }

    /// Who is under maintenance margin for more of the venue's pauses than there are waves, twice over: a wave is sent with
    /// the first command after a pause. Every gap counts as a share of what the rules of its moment allow.
    fn stays(&mut self, state: &State, at: Timestamp) -> Option<Wrong> {
        let pause = f64::from(state.liquidation.cooldown_s);
        let gap = self.last.map_or(0, |last| last.nanos_until(at).clamp(0, i64::MAX));
        // The conversion is exact enough: what counts is seconds.
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds as seconds")]
        let gap = (gap as f64 / Timestamp::NANOS_PER_SECOND as f64).min(pause);
        self.last = Some(at);
        if !standing::all_trusted(state) {
            self.under.clear();
            return None;
        }
        let most = pause * (2.0 * (f64::from(state.liquidation.waves_max) + 2.0) + 5.0);
        let is_under = |known: &plimsoll_engine::account::Account| {
            known.standing.state >= Side::Liquidating && !known.holdings.is_empty()
        };
        let now: BTreeMap<AccountId, f64> = (state.numbered().filter(|(_, known)| is_under(known)))
            .map(|(id, _)| (id, self.under.get(&id).map_or(0.0, |so_far| so_far + gap / most)))
            .collect();
        self.under = now;
        let (id, so_far) = self.under.iter().find(|(_, so_far)| **so_far > 1.0)?;
        Some(Wrong::of(ENDS, *id, format!("{so_far} of the time that all waves take"), "at most 1"))
    }
}

impl Episode {
    fn begun(state: &State, account: AccountId) -> Self {
        let unit = state.margined_with(account);
        let worth = worth_of(state, &unit).filter(|_| standing::all_trusted(state));
        let markets = BTreeSet::new();
        Self { unit, worth, taken_over: false, markets, lost: 0.0, bad: Vec::new() }
    }
}

fn above(id: AccountId, side: Side) -> Option<Wrong> {
    (side < Side::Liquidating).then(|| Wrong::of(CLOSED, id, format!("closed while {side}"), "one to be liquidated"))
}

/// What an account alone is worth at the marks: no haircut, no credit.
fn worth(state: &State, id: AccountId) -> Option<Worth> {
    let account = state.account(id)?;
    let mut all = Worth::default();
    let mut add = |asset, units: i128| {
        let value = of_units(units) * float(state.price(asset)?);
        all = Worth { net: all.net + value, gross: all.gross + value.abs() };
        Some(())
    };
    for (asset, funds) in &account.funds {
        add(*asset, funds.cash.units())?;
        add(*asset, -(funds.borrowed.units() + funds.interest.units()))?;
    }
    for contract in account.holdings.keys() {
        let instrument = &state.contract(*contract)?.instrument;
        let paid = if instrument.is_paid_when_bought() { 0 } else { account.holding(*contract).cost.units() };
        add(instrument.terms().settlement, at_mark(state, id, *contract)? - paid)?;
    }
    Some(all)
}

/// The same of a unit.
fn worth_of(state: &State, unit: &[AccountId]) -> Option<Worth> {
    let each = unit.iter().map(|id| worth(state, *id)).collect::<Option<Vec<_>>>()?;
    Some(each.iter().fold(Worth::default(), |sum, of| Worth { net: sum.net + of.net, gross: sum.gross + of.gross }))
}

/// What a position costs at its mark.
fn at_mark(state: &State, id: AccountId, contract: ContractId) -> Option<i128> {
    let held = state.account(id)?.holding(contract).quantity.0.units();
    let mark = state.market.marks.get(&contract)?.price?.units();
    cost(&state.contract(contract)?.instrument, held, mark)
}

fn penalty(state: &State, side: &Filled, (contract, quantity, price): (ContractId, i128, i128)) -> Option<Wrong> {
    if side.penalty.is_zero() {
        return None;
    }
    let terms = state.contract(contract)?;
    let rate = if side.order.is_some_and(plimsoll_engine::OrderId::closes) {
        state.liquidation.fee_rate
    } else {
        plimsoll_core::Decimal::ZERO
    };
    let notional = of_units(cost(&terms.instrument, quantity, price)?.abs());
    let mut most = notional * float(rate);
    let mut grain = 1e-9;
    if standing::all_trusted(state) {
        let all = worth_of(state, &state.margined_with(side.account))?;
        let coin = float(state.price(terms.instrument.terms().settlement)?);
        most = most.min(all.net.max(0.0) / coin);
        grain += all.grain() / coin;
    }
    let found = float(side.penalty);
    let fits = found >= 0.0 && found <= most + grain;
    (!fits).then(|| Wrong::of(PENALTY, side.account, found.to_string(), format!("0 to {most}")))
}

/// Whether who pays for another gained in these markets as much.
fn shared(state: &State, id: AccountId, pays: i128, asset: Asset, markets: &[Underlying]) -> Option<Wrong> {
    let mut gained = 0;
    for (contract, holding) in &state.account(id)?.holdings {
        let terms = state.contract(*contract)?.instrument.terms();
        if terms.settlement == asset && markets.contains(&terms.underlying) {
            gained += at_mark(state, id, *contract)? - holding.cost.units();
        }
    }
    (pays > gained + 1)
        .then(|| Wrong::of(SHARED, id, of_units(pays).to_string(), format!("at most {}", of_units(gained))))
}

fn owing(state: &State, id: AccountId) -> Option<Wrong> {
    let account = state.account(id)?;
    let owes = |funds: &plimsoll_engine::account::Funds| {
        funds.cash.signum() < 0 || !funds.borrowed.is_zero() || !funds.interest.is_zero()
    };
    let (asset, funds) = account.funds.iter().find(|(_, funds)| owes(funds))?;
    Some(Wrong::of(OUT, id, format!("{asset}: {funds:?}"), "no debt and no loan"))
}

/// A fund below zero, or bad debt above.
#[must_use]
pub fn house(state: &State) -> Option<Wrong> {
    let wrong = state.house.iter().find(|((house, _), value)| match house {
        House::Insurance => value.signum() < 0,
        House::BadDebt => value.signum() > 0,
        _ => false,
    });
    wrong.map(|((house, asset), value)| {
        Wrong::new(
            FUND,
            format!("{}: {value} {asset}", house.name()),
            "a fund of zero or more, bad debt of zero or less",
        )
    })
}
