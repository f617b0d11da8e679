//! Accounts closed by force: who, with what orders, at whose cost.
//!
//! Events are looked at one by one, each in the state before it, and never against what the engine planned: what an account
//! is worth, what a counterparty gains and what the insurance fund lost are counted again. Where a price is not trusted, it is
//! worth what other rules say, and no value is compared.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Asset, Decimal, Timestamp, Underlying};
use plimsoll_engine::account::Kind;
use plimsoll_engine::event::Filled;
use plimsoll_engine::liquidation::{AuctionTerms, Cover};
use plimsoll_engine::{ContractId, Event, House, State};
use plimsoll_margin::level::State as Side;
use plimsoll_pricing::float::float;

use super::breakers::notional;
use super::budgets::{Budget, Taken};
use super::equity::of_units;
use super::mirror::cost;
use super::sharing::Sharing;
use super::{Wrong, breakers, hedging, mark, standing};

/// The promise to those above the line.
pub const CLOSED: &str = "nobody is closed who is above the line";
/// The promise to counterparties.
pub const MATCHED: &str = "who is matched against loses no more than they gained";
/// The promise of the insurance fund.
pub const FUND: &str = "the insurance fund is never short, and loses within its budgets";
/// The promise of bad debt.
pub const BAD: &str = "bad debt is what the insolvent owe and nobody else can pay";
/// The promise to those who did not gain.
/// The promise of an end without debt.
pub const OUT: &str = "who was taken over owes nothing";
/// The promise of auctions.
pub const OFFERED: &str = "who takes over what is on offer gets what was said, and leaves who was solvent solvent";
/// The promise to who is solvent.
pub const TAKEN: &str = "of who is solvent the fund takes what it pays for and its fee";
/// The promise of what gains bear.
pub const BORNE: &str = "who is matched bears no more than the deficit";
/// The promise of an order.
pub const FIRST: &str = "who gained most for what they put up is matched first";
/// The promise of penalties.
pub const PENALTY: &str = "a penalty is within its rate and what the account is worth";
/// The promise of an end.
pub const ENDS: &str = "nobody stays under maintenance margin";

/// A check that was made, and what it found.
pub type Looked = (&'static str, Option<Wrong>);

/// Where a book of no past puts an account.
#[derive(Clone, Copy, Debug)]
pub struct Stands {
    /// On which side of the lines.
    pub side: Side,
    /// Maintenance margin, in the currency.
    pub maintenance: f64,
    /// Net value, in the currency.
    pub net_value: f64,
}

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
    /// What the fund paid, in the currency.
    paid: f64,
    /// What those who were matched lost against the mark, in the currency, and what rounding of prices may hide of it.
    borne: (f64, f64),
    /// As much of that as is counted against the day's budget.
    counted: (f64, f64),
    /// The contract that is matched now, whose, and the rank of who was matched last.
    ranked: Option<(ContractId, AccountId, f64)>,
    bad: Vec<Asset>,
}

/// What is remembered from one event to the next.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    episode: Option<Episode>,
    /// Who takes over what is on offer, and how much of the bonus is still to be had, in the currency.
    bidder: Option<(AccountId, f64)>,
    /// Whose closing was looked at in this command.
    judged: BTreeSet<AccountId>,
    sharing: Sharing,
    day: i64,
    spent: f64,
    spent_in: BTreeMap<Underlying, f64>,
    taken: Taken,
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
        mut margined: impl FnMut(&State, AccountId) -> Option<Stands>,
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
                looked.push((CLOSED, margined(state, id).and_then(|stands| above(id, stands.side))));
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
            Event::Traded { closes: Some(id), buyer, seller, .. } => {
                let sold = self.bidder.filter(|(bidder, _)| [buyer.account, seller.account].contains(bidder));
                match sold {
                    Some((bidder, left)) => looked.push((OFFERED, self.sold(state, (*id, bidder), left, event))),
                    None => {
                        looked.push((FIRST, self.first(state, *id, event, &mut margined)));
                        looked.push((MATCHED, self.matched(state, *id, event)));
                        looked.extend(self.within(state, *id, event, at));
                    }
                }
            }
            Event::AuctionBid { account, bidder, share, bonus } => {
                self.bidder = Some((*bidder, float(*bonus)));
                looked.push((OFFERED, offered(state, *account, *share, float(*bonus), at)));
            }
            // What follows is matched, with whoever bid a moment ago as with any other.
            Event::Deleveraged { .. } => self.bidder = None,
            Event::Covered { .. } => self.covered(state, event),
            Event::LossShared { .. } => looked.extend(self.loss_shared(state, event, at)),
            _ => {}
        }
        self.sharing.moves(state, event);
        looked
    }

    fn loss_shared(&mut self, state: &State, event: &Event, at: Timestamp) -> Vec<Looked> {
        let Event::LossShared { amount, legs, .. } = event else { return Vec::new() };
        let mut looked = self.sharing.shared(state, event);
        let price = state.price(amount.asset).map_or(0.0, float);
        let value = if standing::all_trusted(state) { float(amount.value) * price } else { 0.0 };
        let first = legs.iter().find_map(|leg| leg.holder.account());
        looked.extend(first.map(|id| self.taken.counts(state, Budget::Haircut, id, (value, 0.0), at)));
        looked
    }

    /// Looks at the state after a command.
    pub fn after(&mut self, state: &State, at: Timestamp) -> Vec<Looked> {
        let mut looked = self.ended(state, at);
        self.judged.clear();
        looked.extend(self.sharing.command_ends(state));
        self.bidder = None;
        looked.push((FUND, house(state)));
        looked.push((hedging::CURED, hedging::left_over(state)));
        looked.push((ENDS, self.stays(state, at)));
        looked
    }

    /// Whether those who are matched come in their order.
    fn first(
        &mut self,
        state: &State,
        id: AccountId,
        event: &Event,
        margined: &mut impl FnMut(&State, AccountId) -> Option<Stands>,
    ) -> Option<Wrong> {
        let Event::Traded { contract, buyer, seller, .. } = event else { return None };
        let other = if buyer.account == id { seller.account } else { buyer.account };
        let episode = self.episode.as_mut()?;
        // Members of a unit close each other first, whoever gained.
        let found = if episode.unit.contains(&other) {
            None
        } else {
            let stands = margined(state, other);
            score(state, other, *contract, stands)
        };
        match found {
            Some(score) => episode.next_in_rank(*contract, id, other, score),
            None => {
                episode.ranked = None;
                None
            }
        }
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
        let mark = mark(state, *contract)?;
        let at = |price| cost(instrument, traded, price).map(of_units);
        let price = price.value.units();
        let step = (at(price)? - at(price + 10_000_000_000)?).abs();
        let lost = at(price)? - at(mark)?;
        let gained = cost(instrument, theirs.quantity.0.units(), mark)? - theirs.cost.units();
        let gained = of_units(gained - self.sharing.paid(other, *contract));
        let gained = gained.max(0.0) * of_units(traded.abs()) / float(theirs.quantity.0.abs());
        let coin = float(state.price(instrument.terms().settlement)?);
        episode.borne = (episode.borne.0 + lost * coin, episode.borne.1 + step * coin);
        let solvent = episode.worth.is_some_and(|worth| worth.net > worth.grain());
        let most = if solvent { 0.0 } else { gained + step };
        let grain = 1e-9 + 1e-9 * at(mark)?.abs();
        let fits = lost <= most + grain && lost >= -grain;
        (!fits).then(|| Wrong::of(MATCHED, other, format!("{lost} against the mark"), format!("0 to {most}")))
    }

    /// A position taken over by who bids: it gets no more beyond the mark than is left of the bonus.
    fn sold(&mut self, state: &State, (id, bidder): (AccountId, AccountId), left: f64, event: &Event) -> Option<Wrong> {
        let Event::Traded { contract, quantity, price, buyer, .. } = event else { return None };
        let instrument = &state.contract(*contract)?.instrument;
        let terms = instrument.terms();
        let episode = self.episode.as_mut()?;
        episode.taken_over = true;
        episode.markets.insert(terms.underlying);
        let held = state.account(id)?.holding(*contract).quantity.0.units();
        let gives = if buyer.account == id { quantity.0.units() } else { -quantity.0.units() };
        if held.signum() * gives.signum() >= 0 || held.abs() < gives.abs() {
            return Some(Wrong::of(OFFERED, id, format!("{quantity} taken of {held}"), "a position that shrinks"));
        }
        if !standing::all_trusted(state) {
            return None;
        }
        let mark = mark(state, *contract)?;
        let coin = float(state.price(terms.settlement)?);
        let at = |price| cost(instrument, -gives, price).map(of_units);
        let price = price.value.units();
        let gained = (at(mark)? - at(price)?) * coin;
        let step = (at(price)? - at(price + 10_000_000_000)?).abs() * coin;
        let grain = step + 1e-6 + 1e-9 * (at(mark)?.abs() * coin);
        self.bidder = Some((bidder, left - gained + step));
        let fits = gained >= -grain && gained <= left + grain;
        (!fits).then(|| Wrong::of(OFFERED, bidder, format!("{gained} beyond the mark"), format!("0 to {left}")))
    }

    /// Whether a position that is matched with who is no member of its unit is within what may be, and what that one bears.
    fn within(&mut self, state: &State, id: AccountId, event: &Event, at: Timestamp) -> Vec<Looked> {
        let Event::Traded { contract, quantity, price, buyer, seller, .. } = event else { return Vec::new() };
        let other = if buyer.account == id { seller.account } else { buyer.account };
        let Some(episode) = self.episode.as_mut() else { return Vec::new() };
        let (borne, hidden) = episode.borne;
        let (new, new_hidden) = (borne - episode.counted.0, hidden - episode.counted.1);
        episode.counted = episode.borne;
        if episode.unit.contains(&other) {
            return Vec::new();
        }
        // Of a contract that nobody quoted a mark of, what it is traded at says about how much it was.
        let marked = mark(state, *contract);
        let price = of_units(marked.unwrap_or(price.value.units()));
        let value = notional(state, *contract, float(quantity.0), Some(price)).unwrap_or(0.0);
        let doubt = if marked.is_some() { 0.0 } else { value / 2.0 };
        let value = self.taken.counts(state, Budget::Matched, id, (value, doubt), at);
        let mut looked = vec![self.taken.counts(state, Budget::Haircut, other, (new, new_hidden), at)];
        looked.extend(marked.map(|_| value));
        if standing::all_trusted(state) { looked } else { Vec::new() }
    }

    fn covered(&mut self, state: &State, event: &Event) {
        let Event::Covered { by, amount, lost, markets, .. } = event else { return };
        let Some(episode) = &mut self.episode else { return };
        episode.taken_over = true;
        episode.markets.extend(markets);
        let worth =
            || Some(float(amount.value) * float(state.price(amount.asset)?)).filter(|_| episode.worth.is_some());
        match by {
            Cover::Fund => {
                let value = worth().unwrap_or_else(|| float(*lost));
                episode.lost += value;
                episode.paid += value;
            }
            Cover::Collateral => {
                episode.lost -= worth().unwrap_or(0.0);
                self.sharing.secured();
            }
            Cover::BadDebt => {
                episode.bad.push(amount.asset);
                self.sharing.booked(*amount, markets);
            }
        }
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
        looked.extend(episode.given(worth, float(state.liquidation.fee_rate)));
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
        // A budget of forced matching that is spent, or as good as, lets positions wait.
        let waits = state.liquidation.budgets.matched.is_some_and(|most| self.taken.is_spent(float(most), at));
        if !standing::all_trusted(state) || breakers::pauses(state) || waits {
            self.under.clear();
            return None;
        }
        let auction =
            state.liquidation.auction.map_or(0, |it| it.fast_seconds + it.slow_seconds + it.insolvent_seconds);
        let most = pause * (2.0 * (f64::from(state.liquidation.waves_max) + 2.0) + 5.0) + 2.0 * f64::from(auction);
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
        Self {
            unit,
            worth,
            taken_over: false,
            markets,
            lost: 0.0,
            paid: 0.0,
            borne: (0.0, 0.0),
            counted: (0.0, 0.0),
            ranked: None,
            bad: Vec::new(),
        }
    }
}

impl Episode {
    /// What others bore, and what the fund kept of who was solvent.
    fn given(&self, worth: Worth, fee_rate: f64) -> [Looked; 2] {
        let id = self.unit[0];
        let (gained, fee) = (-self.lost, fee_rate * self.paid);
        let took = (worth.net > worth.grain() && gained > fee + worth.grain())
            .then(|| Wrong::of(TAKEN, id, format!("the fund gained {gained}"), format!("at most its fee of {fee}")));
        let (borne, hidden) = self.borne;
        // Interest up to now is in the deficit, and not in what the unit was worth before.
        let deficit = (-worth.net).max(0.0) + worth.grain() + hidden + 0.1;
        let bore = (borne > deficit)
            .then(|| Wrong::of(BORNE, id, format!("{borne} borne"), format!("at most the deficit of {deficit}")));
        [(TAKEN, took), (BORNE, bore)]
    }

    /// Whether who is matched in `contract` now gained no more for what they put up than who was before.
    fn next_in_rank(&mut self, contract: ContractId, id: AccountId, other: AccountId, score: f64) -> Option<Wrong> {
        let before = self.ranked.replace((contract, id, score))?;
        let falls = (before.0, before.1) != (contract, id) || score <= before.2 + 1e-6 * before.2.abs() + 1e-9;
        (!falls).then(|| Wrong::of(FIRST, other, format!("a score of {score}"), format!("at most {}", before.2)))
    }
}

/// By what a holder is ranked: below zero for who is never margined; `None` where it cannot be told here.
fn score(state: &State, id: AccountId, contract: ContractId, stands: Option<Stands>) -> Option<f64> {
    let account = state.account(id)?;
    if account.terms.kind == Kind::Outside {
        return Some(-1.0);
    }
    let holding = account.holding(contract);
    let gain = of_units(at_mark(state, id, contract)? - holding.cost.units());
    if gain <= 0.0 {
        return Some(0.0);
    }
    // A member of a group is ranked by its own margin, which is not what it is margined by.
    let stands = stands.filter(|_| account.terms.group.is_none() && standing::all_trusted(state))?;
    let profit = gain / float(holding.cost.abs()).max(1e-8);
    Some(if stands.net_value > 0.0 { profit * stands.maintenance / stands.net_value } else { 0.0 })
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
pub(super) fn at_mark(state: &State, id: AccountId, contract: ContractId) -> Option<i128> {
    let held = state.account(id)?.holding(contract).quantity.0.units();
    let mark = mark(state, contract)?;
    cost(&state.contract(contract)?.instrument, held, mark)
}

/// Whether a bonus is within what a solvent account has to give; who is insolvent gives nothing.
fn offered(state: &State, id: AccountId, share: Decimal, bonus: f64, at: Timestamp) -> Option<Wrong> {
    let auction = state.account(id)?.liquidation.as_ref().and_then(|it| it.auction);
    let Some(auction) = auction else { return Some(Wrong::of(OFFERED, id, "a bid", "nothing on offer")) };
    let worth = worth_of(state, &state.margined_with(id)).filter(|_| standing::all_trusted(state))?;
    let terms = state.liquidation.auction?;
    // With a credit line who owes more than there is may still stand above maintenance: then nothing is given.
    let most = worth.net.max(0.0) * float(share) * (1.0 - kept(&terms, auction.elapsed(at))) + worth.grain();
    let fits = bonus >= 0.0 && share <= Decimal::ONE && (auction.is_insolvent || bonus <= most);
    (!fits).then(|| Wrong::of(OFFERED, id, format!("{bonus} for {share}"), format!("0 to {most}")))
}

/// The share of its value that a solvent account keeps after so many seconds: a line, then another.
fn kept(terms: &AuctionTerms, elapsed: u32) -> f64 {
    let (start, cutoff) = (float(terms.starting_fraction), float(terms.cutoff_fraction));
    let (elapsed, fast, slow) = (f64::from(elapsed), f64::from(terms.fast_seconds), f64::from(terms.slow_seconds));
    if elapsed < fast {
        start + (cutoff - start) * elapsed / fast
    } else {
        cutoff * (1.0 - (elapsed - fast) / slow).max(0.0)
    }
}

fn penalty(state: &State, side: &Filled, (contract, quantity, price): (ContractId, i128, i128)) -> Option<Wrong> {
    if side.penalty.is_zero() {
        return None;
    }
    let terms = state.contract(contract)?;
    let rate = if side.order.is_some_and(plimsoll_engine::OrderId::closes) {
        state.liquidation.fee_rate
    } else {
        Decimal::ZERO
    };
    let notional = of_units(cost(&terms.instrument, quantity, price)?.abs());
    let mut most = notional * float(rate);
    let mut grain = 1e-9;
    if standing::all_trusted(state) {
        let all = worth_of(state, &state.margined_with(side.account))?;
        let coin = float(state.price(terms.instrument.terms().settlement)?);
        // What the fill itself lost against the mark is nobody's any more.
        let traded = side.after.quantity.0.units() - state.account(side.account)?.holding(contract).quantity.0.units();
        let at = |price| cost(&terms.instrument, traded, price).map(of_units);
        let lost = mark(state, contract).and_then(|mark| Some(at(price)? - at(mark)?)).unwrap_or(0.0).max(0.0);
        most = most.min((all.net / coin - lost).max(0.0));
        grain += all.grain() / coin + 1e-9 * lost;
    }
    let found = float(side.penalty);
    let fits = found >= 0.0 && found <= most + grain;
    (!fits).then(|| Wrong::of(PENALTY, side.account, found.to_string(), format!("0 to {most}")))
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
