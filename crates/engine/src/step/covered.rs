//! What an account's own reserve covers: orders and fills that leave it healthy for certain, so that nobody margins it.
//!
//! An account that is healthy by much keeps a part of what it has above its lines for what it does itself. The most that an
//! order or a fill can take off any excess is known from its contract alone; while the reserve covers that, the level is
//! what it was. It only ever spares a margin that would have said the same.

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Decimal, Price, Quantity};
use plimsoll_margin::level;
use plimsoll_margin::watch::{Figures, Fill, Reach};

use super::Decision;
use super::orders::signed;
use crate::account::{Account, Kind, OpenOrder, TraderLimits};
use crate::book::Made;
use crate::event::Filled;

impl Decision<'_> {
    /// Whether `id` is healthy with an order of these terms or without it.
    pub(super) fn covers_order(&mut self, id: AccountId, terms: &OpenOrder) -> bool {
        self.covers(id, |made, figures, fee_rate| {
            let order = terms.at(made.place(terms.contract).ok()?);
            Reach::of_order(figures, &order, fee_rate, &made.market).ok()?
        })
    }

    /// Whether `id`, of which an order of these `terms` has just gone, was healthy and is so all the more: its model counts an
    /// order at its worst fill, that it is not filled among them.
    pub(super) fn is_relieved(&self, id: AccountId, terms: &OpenOrder) -> bool {
        let Some(account) = self.state.account(id) else { return false };
        // Who has nothing left to margin is to be forgotten.
        if account.standing.state != level::State::Healthy || account.is_idle() {
            return false;
        }
        let unit = self.state.margined_with(id);
        // Orders that may only reduce share the room that a position leaves them.
        if terms.reduce_only || self.reduces(&unit) {
            return false;
        }
        self.book.sleeps_at_worst_fills(self.state, unit[0], &account.terms.model)
    }

    /// Whether who was `filled` is healthy after it, the order of that `limit` being so much smaller.
    pub(super) fn covers_fill(&mut self, filled: &Filled, traded: &OpenOrder, limit: Option<Price>) -> bool {
        if self.reduces(&self.state.margined_with(filled.account)) {
            return false;
        }
        let was_open = limit.map(|price| OpenOrder { price, ..traded.clone() });
        if was_open.is_some_and(|terms| !self.covers_order(filled.account, &terms)) {
            return false;
        }
        self.covers(filled.account, |made, figures, _| reach_of(made, figures, traded, filled.realised, filled.fee))
    }

    /// Whether any of a unit has an order that may only reduce.
    fn reduces(&self, unit: &[AccountId]) -> bool {
        let reduces = |account: &Account| account.orders.values().any(|order| order.reduce_only);
        unit.iter().filter_map(|id| self.state.account(*id)).any(reduces)
    }

    /// Whether an account is margined with what it is to trade for certain: it was as it is, its model has figures of the
    /// contract, and no sum comes near to what does not fit.
    pub(super) fn is_margined_with(&self, id: AccountId, model: &Arc<str>, traded: &OpenOrder) -> bool {
        let unit = self.state.margined_with(id);
        let none = Decimal::ZERO;
        let of = |figures: &[Figures], made: &Made| reach_of(made, figures, traded, none, none);
        self.book.reach(self.state, unit[0], model, of).is_some_and(|reach| reach.most < FITS)
    }

    /// Whether `id` is healthy after so much cash came or went.
    pub(super) fn covers_cash(&mut self, id: AccountId, amount: Amount) -> bool {
        self.covers(id, |made, figures, _| Reach::of_cash(figures, amount, &made.market))
    }

    fn covers(&mut self, id: AccountId, reach: impl FnOnce(&Made, &[Figures], Decimal) -> Option<Reach>) -> bool {
        let Some(account) = self.state.account(id) else { return false };
        let is_plain = account.terms.kind != Kind::Outside && account.terms.limits == TraderLimits::default();
        if !is_plain || account.standing.state != level::State::Healthy {
            return false;
        }
        let unit = self.state.margined_with(id);
        let rates = unit.iter().filter_map(|id| Some(self.state.account(*id)?.terms.taker_fee_rate));
        let fee_rate = rates.fold(Decimal::ZERO, Decimal::max);
        let model = account.terms.model.clone();
        self.book.covers(self.state, unit[0], &model, |figures, made| reach(made, figures, fee_rate))
    }
}

/// What fits for certain, in the currency: exact amounts hold a million times as much.
const FITS: f64 = 1e12;

/// What a trade reaches, where figures tell.
fn reach_of(made: &Made, figures: &[Figures], traded: &OpenOrder, realised: Decimal, fee: Decimal) -> Option<Reach> {
    let instrument = made.place(traded.contract).ok()?;
    let fill = Fill { instrument, quantity: Quantity(signed(traded)), price: traded.price, realised, fee };
    Reach::of_fill(figures, &fill, &made.market).ok()?
}
