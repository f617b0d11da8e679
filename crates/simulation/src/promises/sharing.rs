//! Who pays for others: holders in gain, once in a command, no more than was booked, and on one day no more than the venue's
//! share of what they gained.

use std::collections::BTreeMap;

use plimsoll_core::{AccountId, Amount, Asset, Timestamp, Underlying};
use plimsoll_engine::{Event, State};

use super::Wrong;
use super::closing::{Looked, at_mark};
use super::equity::of_units;
use super::exact::{Way, product};

/// The promise of all of it.
pub const SHARED: &str = "who pays for another gained in what was closed";

/// What was booked and what was paid, in units of 10⁻¹⁸.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Bad debt that was booked in this command; nothing once it was shared.
    booked: BTreeMap<Asset, Option<i128>>,
    day: i64,
    /// On that day.
    paid: BTreeMap<(AccountId, Asset), i128>,
}

impl Sharing {
    /// Bad debt was booked.
    pub fn booked(&mut self, amount: Amount) {
        if let Some(sum) = self.booked.entry(amount.asset).or_insert(Some(0)) {
            *sum += amount.value.units();
        }
    }

    /// A command is over.
    pub fn command_ends(&mut self) {
        self.booked.clear();
    }

    /// Looks at losses that are shared, before they are.
    pub fn shared(&mut self, state: &State, event: &Event, at: Timestamp) -> Vec<Looked> {
        let Event::LossShared { amount, markets, legs, .. } = event else { return Vec::new() };
        let day = at.nanos().div_euclid(86_400 * Timestamp::NANOS_PER_SECOND);
        if self.day != day {
            (self.day, self.paid) = (day, BTreeMap::new());
        }
        let booked = self.booked.insert(amount.asset, None).flatten().unwrap_or(0);
        let expected = || format!("at most {} of bad debt", of_units(booked));
        let over = (amount.value.units() > booked).then(|| Wrong::new(SHARED, amount.to_string(), expected()));
        let mut looked = vec![(SHARED, over)];
        for (id, pays) in legs.iter().filter_map(|leg| Some((leg.holder.account()?, -leg.amount.value.units()))) {
            let paid = self.paid.entry((id, amount.asset)).or_default();
            *paid += pays;
            looked.push((SHARED, beyond(state, id, *paid, amount.asset, markets)));
        }
        looked
    }
}

/// Whether who `paid` so much today did not gain it in these markets.
fn beyond(state: &State, id: AccountId, paid: i128, asset: Asset, markets: &[Underlying]) -> Option<Wrong> {
    let mut gained = 0;
    for (contract, holding) in &state.account(id)?.holdings {
        let terms = state.contract(*contract)?.instrument.terms();
        if terms.settlement == asset && markets.contains(&terms.underlying) {
            gained += at_mark(state, id, *contract)? - holding.cost.units();
        }
    }
    let most = product(gained, state.liquidation.shared_max.units(), Way::Up)?;
    (paid > most + 1).then(|| Wrong::of(SHARED, id, of_units(paid).to_string(), format!("at most {}", of_units(most))))
}
