//! Where accounts stand: margined after whatever touched them, with an exit from every state.
//!
//! | state | entered below | left above |
//! |---|---|---|
//! | restricted | initial | initial |
//! | called | the call line | the fill line |
//! | liquidating | maintenance, at the best prices that untrusted feeds leave open | the liquidation-end line |
//! | bankrupt | net value zero while liquidating | net value zero; then as liquidating |
//!
//! An account that cannot be margined keeps its standing until it can be.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding, planted};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::fold::Detail;
use plimsoll_margin::level::{Level, Levels, State as Side};

use super::Decision;
use super::ahead::{AT_ONCE, margined};
use crate::account::{Account, Kind};
use crate::book::{Book, Made};
use crate::event::{Event, Figures};
use crate::refusal::Refusal;
use crate::state::{ModelRules, State};

impl Decision<'_> {
    /// Margins everybody.
    pub(super) fn everybody(&mut self) {
        let all: Vec<AccountId> = self.state.numbered().map(|(id, _)| id).collect();
        self.levels(all);
    }

    /// Margins these accounts, and those that are margined together with them.
    pub(super) fn levels(&mut self, accounts: impl IntoIterator<Item = AccountId>) {
        for units in self.units(accounts).chunks(AT_ONCE) {
            self.margin_ahead(units);
            units.iter().for_each(|unit| self.level(unit));
        }
    }

    /// Of these accounts those that are margined together, each unit once.
    fn units(&self, accounts: impl IntoIterator<Item = AccountId>) -> Vec<Vec<AccountId>> {
        let (mut seen, mut units) = (BTreeSet::new(), Vec::new());
        for account in accounts {
            if !seen.contains(&account) {
                let unit = self.state.margined_with(account);
                seen.extend(unit.iter().copied());
                units.push(unit);
            }
        }
        units
    }

    /// Margins one unit, and says where it stands if that is elsewhere.
    pub(super) fn level(&mut self, unit: &[AccountId]) {
        let Some(found) = self.found(unit) else { return };
        let drew = found.state >= Side::Called && self.topped_up(unit, &found);
        let found = if drew { self.found(unit).unwrap_or(found) } else { found };
        let mut ended = false;
        for id in unit {
            let standing = self.state.accounts[id.index()].standing;
            if standing.state != found.state {
                let deadline = (found.state == Side::Called).then(|| self.at.plus_seconds(found.call_s)).flatten();
                let (from, to, figures) = (standing.state, found.state, found.figures);
                self.emit(Event::LevelChanged { account: *id, from, to, deadline, figures });
                ended |= self.end_closing(*id);
            }
        }
        if ended {
            // Without the engine's orders it asks for less.
            self.level(unit);
        }
    }

    /// Where a unit is found to stand; `None` where nothing can be said.
    fn found(&mut self, ids: &[AccountId]) -> Option<Found> {
        let Some(unit) = margined(self.state, ids) else {
            // Nothing to find: but what it could carry with what it had then says nothing of what it has now.
            if let Some(first) = ids.first().and_then(|id| self.state.account(*id)) {
                self.book.forget(self.state, ids[0], &first.terms.model);
            }
            return None;
        };
        let first = unit.first()?;
        // Whoever joined a group below a line leaves it where the group does.
        let before = unit.iter().map(|account| account.standing.state).max()?;
        let rules = self.state.models.get(&first.terms.model)?;
        let made = self.book.current(self.state).ok()?;
        let model = &first.terms.model;
        let read = || made.read(if planted!(GroupFirst) { &unit[..1] } else { &unit }, &[]).ok();
        let known = self.ahead.margined((self.state, made, self.events.len()), (ids[0], first), read);
        let Some((read, margin)) = known.and_then(|known| Some((&known.read, known.margin.as_ref()?))) else {
            self.book.certify(self.state, ids[0], model, None);
            return None;
        };
        let mut state = next(before, &margin.levels);
        if state >= Side::Liquidating && state > before {
            // At the best prices that untrusted feeds leave open it may stand better: then it is called, or closed and not
            // bankrupt, or stays.
            let best = self.book.best_case(self.state).iter();
            let found =
                best.filter_map(|(held_up, made)| Some(state_in(made, self.state, &unit, before)?.max(*held_up)));
            state = found.fold(state, Side::min);
        }
        // Whoever is held up by the best case, or would draw from elsewhere, is looked at with every move.
        let sleeps = state == next(before, &margin.levels) && (state < Side::Called || first.terms.top_up.is_none());
        self.book.certify(self.state, ids[0], model, Some((margin, read)).filter(|_| sleeps));
        let (figures, call_s) = (figures(margin, rules), i64::from(rules.lines.call_s));
        let short = margin.levels.at(Level::Initial).excess.negated().or_zero();
        Some(Found { state, figures, call_s, short })
    }

    /// What decides an account's level now.
    pub(super) fn figures(&mut self, account: AccountId) -> Option<Figures> {
        let ids = self.state.margined_with(account);
        let unit: Vec<&Account> = ids.iter().filter_map(|id| self.state.account(*id)).collect();
        let rules = self.state.models.get(&unit.first()?.terms.model)?;
        let made = self.book.current(self.state).ok()?;
        Some(figures(&made.margin(self.state, &unit, &[], Detail::Amounts).ok()?, rules))
    }

    /// Draws what a bucket is short of from its parent, as far as its owner allowed and the parent can spare; whether
    /// anything was drawn.
    fn topped_up(&mut self, unit: &[AccountId], found: &Found) -> bool {
        let [id] = unit else { return false };
        let Ok(Some(event)) = self.draw(*id, found) else { return false };
        self.emit(event);
        if let Some(parent) = self.state.accounts[id.index()].terms.parent {
            // It has less now than when it was last looked at.
            let together = self.state.margined_with(parent);
            self.level(&together);
        }
        true
    }

    fn draw(&mut self, id: AccountId, found: &Found) -> Result<Option<Event>, Refusal> {
        let account = self.state.account(id).ok_or(Refusal::UnknownAccount(id))?;
        let (Some(top_up), Some(parent)) = (account.terms.top_up, account.terms.parent) else { return Ok(None) };
        let left = top_up.limit.minus(account.topped_up)?;
        let wanted = self.book.current(self.state)?.units_worth(&account.terms.model, top_up.asset, found.short)?;
        let value = wanted.min(left).min(self.spare(parent, top_up.asset)?);
        if value.signum() <= 0 {
            return Ok(None);
        }
        let value = self.most_that_may_leave(parent, Amount::new(value, top_up.asset))?;
        if value.is_zero() || self.may_transfer(parent, id, Amount::new(value, top_up.asset)).is_err() {
            return Ok(None);
        }
        self.transferred(parent, id, Amount::new(value, top_up.asset), true).map(Some)
    }

    /// As much of `amount` as an account can spare: what leaves may have secured more than it is worth, as a coin does whose
    /// price is hedged.
    fn most_that_may_leave(&mut self, id: AccountId, amount: Amount) -> Result<Decimal, Refusal> {
        let (mut may, mut may_not) = (Decimal::ZERO, amount.value);
        if self.may_leave(id, amount).is_ok() {
            return Ok(amount.value);
        }
        for _ in 0..HALVINGS {
            let middle = may.plus(may_not)?.times(Decimal::new(5, 1), Rounding::Down)?.rounded(6, Rounding::Down)?;
            if middle <= may {
                break;
            }
            match self.may_leave(id, Amount::new(middle, amount.asset)) {
                Ok(()) => may = middle,
                Err(_) => may_not = middle,
            }
        }
        Ok(may)
    }
}

/// How often the part of a draw that a parent can spare is halved: to a thousandth.
const HALVINGS: u32 = 10;

impl Decision<'_> {
    /// What an account can spare of an asset: its cash, as far as what is left covers initial margin.
    fn spare(&mut self, id: AccountId, asset: Asset) -> Result<Decimal, Refusal> {
        let account = self.account(id)?;
        let cash = account.cash(asset).or_zero();
        if account.is_idle() && account.terms.group.is_none() {
            return Ok(cash);
        }
        let made = self.book.current(self.state)?;
        let together = self.state.margined_with(id);
        let unit: Vec<&Account> = together.iter().filter_map(|each| self.state.account(*each)).collect();
        let margin = made.margin(self.state, &unit, &[], Detail::Amounts)?;
        let price = made.market.asset_price(asset)?;
        Ok(cash.min(margin.withdrawable().over(price.value, Rounding::Down)?.rounded(6, Rounding::Down)?))
    }
}

/// Margins everybody in the market as it is, for a book of nothing, and decides nothing: from then on who may sleep does.
pub(crate) fn margin_all(state: &mut State, book: &mut Book) {
    if book.current(state).is_err() {
        return;
    }
    let (all, at) = (book.woken(state), state.clock);
    let mut decision = Decision::begun(state, book, at);
    for units in decision.units(all).chunks(AT_ONCE) {
        decision.margin_ahead(units);
        units.iter().for_each(|unit| {
            decision.found(unit);
        });
    }
}

/// A unit's standing as it was found.
struct Found {
    state: Side,
    figures: Figures,
    call_s: i64,
    /// Initial margin − equity, at least zero.
    short: Decimal,
}

/// The state after `before` at these levels: down at once, up only past the exit.
fn next(before: Side, levels: &Levels) -> Side {
    let found = levels.state();
    let above = |level| levels.at(level).excess.signum() >= 0;
    match before {
        _ if found >= before => found,
        Side::Liquidating | Side::Bankrupt if !above(Level::LiquidationEnd) => Side::Liquidating,
        Side::Called if !above(Level::Fill) => Side::Called,
        _ => found,
    }
}

fn state_in(made: &Made, state: &State, unit: &[&Account], before: Side) -> Option<Side> {
    let margin = made.margin(state, unit, &[], Detail::Amounts).ok()?;
    Some(next(before, &margin.levels))
}

fn figures(margin: &Margin, rules: &ModelRules) -> Figures {
    Figures {
        equity_initial: margin.equity.initial.amount,
        initial: margin.requirement.initial.amount,
        equity: margin.equity.maintenance.amount,
        maintenance: margin.requirement.maintenance.amount,
        net_value: margin.equity.net_value.amount,
        version: rules.version,
    }
}

/// What a change of parameters would do to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Whose.
    pub account: AccountId,
    /// Where it stands.
    pub from: Side,
    /// Where it would.
    pub to: Side,
    /// With what.
    pub figures: Figures,
}

/// Who would stand elsewhere if the model `name` had these `rules` now: for whoever is about to announce a change.
///
/// # Errors
/// [`Refusal`] for parameters that are out of bounds or a market that cannot be read.
pub fn preview(state: &State, name: &Arc<str>, rules: &ModelRules) -> Result<Vec<Preview>, Refusal> {
    crate::book::model(rules)?;
    let mut state = state.clone();
    state.models.insert(name.clone(), rules.clone());
    let made = Made::of(&state, &state.market)?;
    let mut changed = Vec::new();
    for (id, account) in state.numbered() {
        if account.terms.model != *name || account.terms.kind == Kind::Outside {
            continue;
        }
        let together = state.margined_with(id);
        let unit: Vec<&Account> = together.iter().filter_map(|each| state.account(*each)).collect();
        let Ok(margin) = made.margin(&state, &unit, &[], Detail::Amounts) else { continue };
        let (from, to) = (account.standing.state, next(account.standing.state, &margin.levels));
        if from != to {
            changed.push(Preview { account: id, from, to, figures: figures(&margin, rules) });
        }
    }
    Ok(changed)
}

/// Margin of one account, explained, as it stands: the same functions that decide its level.
///
/// # Errors
/// [`Refusal`] where it cannot be margined.
pub fn explain(state: &State, book: &mut Book, account: AccountId) -> Result<Margin, Refusal> {
    margin(state, book, account, Detail::Explained)
}

/// The same amounts to the last digit, without their reasons: an explanation costs several times as much.
///
/// # Errors
/// As [`explain`].
pub fn amounts(state: &State, book: &mut Book, account: AccountId) -> Result<Margin, Refusal> {
    margin(state, book, account, Detail::Amounts)
}

fn margin(state: &State, book: &mut Book, account: AccountId, detail: Detail) -> Result<Margin, Refusal> {
    let together = state.margined_with(account);
    let unit: Vec<&Account> = together.iter().filter_map(|each| state.account(*each)).collect();
    book.current(state)?.margin(state, &unit, &[], detail)
}
