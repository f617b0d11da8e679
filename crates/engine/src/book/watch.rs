//! Who may sleep: certificates of the accounts of one model.

use std::num::NonZeroUsize;

use plimsoll_book::{Certificates, Saved, Woken};
use plimsoll_core::{AccountId, Decimal, Digest, Rounding, encode_fields, hash_bytes};
use plimsoll_margin::Account as Read;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level;
use plimsoll_margin::models::Judge;
use plimsoll_margin::watch::{Figures, Reach, exposures};
use plimsoll_pricing::float::float;
use plimsoll_pricing::market::{Market, Snapshot};

use super::made::{Made, prepared};
use crate::state::State;

/// The certificates of one model's accounts.
pub(super) struct Watch {
    certificates: Certificates,
    /// By account with a certificate: what orders and fills may still take off its excesses, whatever the market does as
    /// long as it sleeps.
    reserves: Vec<f64>,
    /// Of the listing and the models it was begun with.
    versions: (u64, u64),
}

/// The certificates of one model's accounts in the market that they were issued in.
pub(super) struct Slept {
    /// Of the figures of that market.
    figures: Digest,
    pub(super) certificates: Saved,
    /// The patterns of the reserves.
    reserves: Vec<u64>,
}

encode_fields! { Slept { figures, certificates, reserves } }

impl Watch {
    /// What excesses under `judge` are made of; `None` where it does not say.
    pub(super) fn figures(judge: &dyn Judge) -> Option<Vec<Figures>> {
        judge.watched().ok().flatten()
    }

    /// Nobody's yet, from the market of `made` on. What prices do to the figures is learnt from markets a little away, so
    /// that hedged accounts sleep as soundly as they should.
    pub(super) fn new(state: &State, name: &str, made: &Made, figures: Vec<Figures>) -> Self {
        Self::with(state, Certificates::new(learnt(state, name, made, figures)), Vec::new())
    }

    fn with(state: &State, certificates: Certificates, reserves: Vec<f64>) -> Self {
        Self { certificates: certificates.swept_from(SWEPT_FROM), reserves, versions: versions(state) }
    }

    /// What there is to write down, where the market has not moved since [`Self::new`].
    pub(super) fn slept(&self) -> Option<Slept> {
        let reserves = self.reserves.iter().map(|reserve| reserve.to_bits()).collect();
        let figures = digest(self.certificates.figures());
        Some(Slept { figures, certificates: self.certificates.saved()?, reserves })
    }

    /// What was written down in the same market; `None` where it was another, or not of these accounts.
    pub(super) fn restored(
        state: &State,
        name: &str,
        made: &Made,
        figures: Vec<Figures>,
        slept: &Slept,
    ) -> Option<Self> {
        let figures = learnt(state, name, made, figures);
        let is_known = |id: &AccountId| state.account(*id).is_some();
        if digest(&figures) != slept.figures || !slept.certificates.standing().iter().all(is_known) {
            return None;
        }
        let reserves = slept.reserves.iter().map(|reserve| f64::from_bits(*reserve)).collect();
        Some(Self::with(state, Certificates::restored(figures, &slept.certificates)?, reserves))
    }

    /// Whether `id`, which sleeps, was given what `margin` finds.
    pub(super) fn gave(&self, id: AccountId, margin: &Margin) -> bool {
        self.sleeps(id)
            && self.reserves.get(id.index()).is_some_and(|known| known.to_bits() == reserve(margin).to_bits())
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
        let slack = found.map_or(0.0, |(margin, _)| slack(margin));
        let reserve = found.map_or(0.0, |(margin, _)| reserve(margin));
        self.certificates.issue(id, slack - reserve, held.as_ref());
        if self.reserves.len() <= id.index() {
            self.reserves.resize(id.index() + 1, 0.0);
        }
        self.reserves[id.index()] = reserve;
    }

    pub(super) fn forget(&mut self, id: AccountId) {
        self.certificates.revoke(id);
    }

    pub(super) fn sleeps(&self, id: AccountId) -> bool {
        self.certificates.stands(id)
    }

    /// What a change of `id` reaches, where that sleeps.
    pub(super) fn reach(&self, id: AccountId, reach: impl FnOnce(&[Figures]) -> Option<Reach>) -> Option<Reach> {
        if self.sleeps(id) { reach(self.certificates.figures()) } else { None }
    }

    /// Whether `id`, which sleeps above all its lines, stays there for certain through a change of this reach. What it used
    /// up is then set aside, and so is what the change weighs as prices move.
    pub(super) fn covers(&mut self, id: AccountId, reach: impl FnOnce(&[Figures]) -> Option<Reach>) -> bool {
        let Some(reach) = self.reach(id, reach) else { return false };
        let Some(reserve) = self.reserves.get_mut(id.index()) else { return false };
        let moves = reach.most * MOVES + reach.exposures.jitter;
        let left = (*reserve - reach.most - moves) * KEPT;
        // No comparison holds with what is no number.
        let covered = left >= 0.0 && self.certificates.extend(id, moves, &reach.exposures);
        if covered {
            *reserve = left;
        }
        covered
    }
}

fn slack(margin: &Margin) -> f64 {
    float(margin.levels.slack())
}

/// What of its slack an account keeps for what it does itself.
fn reserve(margin: &Margin) -> f64 {
    if margin.state == level::State::Healthy { slack(margin) * RESERVED } else { 0.0 }
}

/// The figures of a market, with what they have learnt from markets a little away.
fn learnt(state: &State, name: &str, made: &Made, mut figures: Vec<Figures>) -> Vec<Figures> {
    let away = |price, vol| {
        let market = shifted(&made.market, price, vol)?;
        let judge = prepared(state.models.get(name)?, &market).ok()?;
        Watch::figures(judge.as_ref())
    };
    if let (Some(higher), Some(livelier)) = (away(AWAY, Decimal::ONE), away(Decimal::ONE, AWAY)) {
        for ((figures, higher), livelier) in figures.iter_mut().zip(&higher).zip(&livelier) {
            figures.learn(higher);
            figures.learn_scales(livelier);
        }
    }
    figures
}

/// Of every figure to its last digit.
fn digest(figures: &[Figures]) -> Digest {
    hash_bytes(format!("{figures:?}").as_bytes())
}

/// The share of its slack that an account keeps for what it does itself.
const RESERVED: f64 = 0.4;
/// More than one in so many awake, and all are margined: each costs as much as alone, and only finding them is saved.
const SWEPT_FROM: NonZeroUsize = NonZeroUsize::new(2).unwrap();
/// What is set aside for a change's own moves with the market, as a share of its reach.
const MOVES: f64 = 0.25;
/// What differences of floats can lose, generously.
const KEPT: f64 = 1.0 - 1e-9;

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
