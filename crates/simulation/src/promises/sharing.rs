//! Who pays for others: holders in gain, once in a command, no more than was booked, and on one day no more than the venue's
//! share of what they gained. What they can pay of it they do: looked at where nothing else of the insolvent paid, and no
//! budget of haircuts may have ended it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Asset, Timestamp, Underlying};
use plimsoll_engine::account::Kind;
use plimsoll_engine::{Event, State};

use super::Wrong;
use super::closing::{Looked, at_mark};
use super::equity::of_units;
use super::exact::{Way, product};

/// The promise of all of it.
pub const SHARED: &str = "who pays for another gained in what was closed";

/// The promise that it is done.
pub const SHARES: &str = "what the insolvent leave holders in gain pay as far as they gained";

/// What of a debt may stay unpaid, in units: what rounding each holder's part leaves.
const LEFT: i128 = 1_000_000;

/// What was booked and what was paid, in units of 10⁻¹⁸.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Bad debt of this command that was not shared yet.
    booked: BTreeMap<Asset, Debt>,
    /// Whether any was.
    is_shared: bool,
    /// Whether the fund took anything else of who left it: then less is shared than booked.
    is_secured: bool,
    day: i64,
    /// On that day.
    paid: BTreeMap<(AccountId, Asset), i128>,
}

/// What was left owing, and the markets where it came about.
#[derive(Clone, Debug, Default)]
struct Debt {
    units: i128,
    markets: BTreeSet<Underlying>,
}

impl Sharing {
    /// Bad debt was booked. Who was closed in no market lost nothing that anybody gained; and what comes after losses were
    /// shared is of whom sharing brought under, and not shared again.
    pub fn booked(&mut self, amount: Amount, markets: &[Underlying]) {
        if !markets.is_empty() && !self.is_shared {
            let debt = self.booked.entry(amount.asset).or_default();
            debt.units += amount.value.units();
            debt.markets.extend(markets);
        }
    }

    /// The fund took what the insolvent had.
    pub fn secured(&mut self) {
        self.is_secured = true;
    }

    /// Looks at the state after a command.
    pub fn command_ends(&mut self, state: &State, at: Timestamp) -> Vec<Looked> {
        let booked = std::mem::take(&mut self.booked);
        let looked = if self.is_shared {
            Vec::new()
        } else {
            booked.iter().filter_map(|(asset, debt)| self.unpaid(state, *asset, debt, 0, at)).collect()
        };
        (self.is_shared, self.is_secured) = (false, false);
        looked
    }

    /// Whether of a debt less was shared than holders in gain could bear; nothing where that is not known.
    fn unpaid(&mut self, state: &State, asset: Asset, debt: &Debt, shared: i128, at: Timestamp) -> Option<Looked> {
        let is_limited = self.is_secured || state.liquidation.budgets.haircut.is_some();
        if is_limited || state.price(asset).is_none() {
            return None;
        }
        self.begin(at);
        let mut room = 0;
        for (id, account) in state.numbered().filter(|(_, account)| account.terms.kind != Kind::Outside) {
            let mut gained = 0;
            for (contract, holding) in &account.holdings {
                let terms = state.contract(*contract)?.instrument.terms();
                if terms.settlement == asset && debt.markets.contains(&terms.underlying) {
                    gained += at_mark(state, id, *contract)? - holding.cost.units();
                }
            }
            let most = product(gained, state.liquidation.shared_max.units(), Way::Down)?;
            room += (most - self.paid.get(&(id, asset)).copied().unwrap_or_default()).max(0);
        }
        let least = debt.units.min(room) - LEFT;
        let found = || (of_units(shared).to_string(), format!("at least {}", of_units(least)));
        Some((SHARES, (shared < least).then(found).map(|(found, expected)| Wrong::new(SHARES, found, expected))))
    }

    /// What was paid on another day counts no more.
    fn begin(&mut self, at: Timestamp) {
        let day = at.nanos().div_euclid(86_400 * Timestamp::NANOS_PER_SECOND);
        if self.day != day {
            (self.day, self.paid) = (day, BTreeMap::new());
        }
    }

    /// Looks at losses that are shared, before they are.
    pub fn shared(&mut self, state: &State, event: &Event, at: Timestamp) -> Vec<Looked> {
        let Event::LossShared { amount, markets, legs, .. } = event else { return Vec::new() };
        self.begin(at);
        let debt = self.booked.insert(amount.asset, Debt::default()).unwrap_or_default();
        self.is_shared = true;
        let units = amount.value.units();
        let expected = || format!("at most {} of bad debt", of_units(debt.units));
        let over = (units > debt.units).then(|| Wrong::new(SHARED, amount.to_string(), expected()));
        let mut looked = vec![(SHARED, over)];
        looked.extend(self.unpaid(state, amount.asset, &debt, units, at));
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
