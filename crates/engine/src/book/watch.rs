//! Who may sleep: certificates of the accounts of one model.

use plimsoll_book::{Certificates, Woken};
use plimsoll_core::{AccountId, Decimal, Rounding};
use plimsoll_margin::Account as Read;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::models::Judge;
use plimsoll_margin::watch::{Figures, exposures};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::{Market, Snapshot};

use super::made::{Made, prepared};
use crate::state::State;

/// The certificates of one model's accounts.
pub(super) struct Watch {
    certificates: Certificates,
    /// Of the listing and the models it was begun with.
    versions: (u64, u64),
}

impl Watch {
    /// What excesses under `judge` are made of; `None` where it does not say.
    pub(super) fn figures(judge: &dyn Judge) -> Option<Vec<Figures>> {
        judge.watched().ok().flatten()
    }

    /// Nobody's yet, from the market of `made` on. What prices do to the figures is learnt from markets a little away, so
    /// that hedged accounts sleep as soundly as they should.
    pub(super) fn new(state: &State, name: &str, made: &Made, mut figures: Vec<Figures>) -> Self {
        let away = |price, vol| {
            let market = shifted(&made.market, price, vol)?;
            let judge = prepared(state.models.get(name)?, &market).ok()?;
            Self::figures(judge.as_ref())
        };
        if let (Some(higher), Some(livelier)) = (away(AWAY, Decimal::ONE), away(Decimal::ONE, AWAY)) {
            for ((figures, higher), livelier) in figures.iter_mut().zip(&higher).zip(&livelier) {
                figures.learn(higher);
                figures.learn_scales(livelier);
            }
        }
        Self { certificates: Certificates::new(figures), versions: versions(state) }
    }

    pub(super) fn is_of(&self, state: &State) -> bool {
        self.versions == versions(state)
    }

    /// Who may have crossed a line; `None` for everybody.
    pub(super) fn moved(&mut self, figures: Vec<Figures>) -> Option<Vec<AccountId>> {
        match self.certificates.moved(figures) {
            Woken::These(these) => Some(these),
            Woken::All => None,
        }
    }

    pub(super) fn certify(&mut self, id: AccountId, found: Option<(&Margin, &Read)>, market: &Market) {
        let figures = self.certificates.figures();
        let held = found.as_ref().and_then(|(margin, read)| exposures(figures, read, &margin.assets, market).ok()?);
        let slack = found.map_or(0.0, |(margin, _)| float(margin.levels.slack()));
        self.certificates.issue(id, slack, held.as_ref());
    }
}

const AWAY: Decimal = Decimal::new(1_001, 3);

const fn versions(state: &State) -> (u64, u64) {
    (state.versions.listing, state.versions.models)
}

/// The market with prices and volatilities so much higher.
fn shifted(market: &Market, price: Decimal, vol: Decimal) -> Option<Market> {
    let mut snapshot: Snapshot = market.snapshot().clone();
    let grow = |value: &mut Decimal, by: Decimal| value.times(by, Rounding::HalfEven).map(|grown| *value = grown).ok();
    for quote in snapshot.underlyings.values_mut() {
        grow(&mut quote.index, price)?;
        for expiry in quote.expiries.values_mut() {
            expiry.forward.as_mut().map_or(Some(()), |forward| grow(forward, price))?;
            expiry.vols.iter_mut().try_for_each(|quoted| grow(&mut quoted.vol, vol))?;
        }
    }
    for mark in snapshot.marks.values_mut() {
        mark.price.as_mut().map_or(Some(()), |mark| grow(mark, price))?;
    }
    Market::new(snapshot.into(), market.shared_listing()).ok()
}
