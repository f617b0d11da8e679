//! Who pays for others: holders in gain, once in a command, no more than was booked, and of a gain no more than the venue's
//! share of it for as long as it is open. What they can pay of it they do: looked at where nothing else of the insolvent paid, and no
//! budget of haircuts may have ended it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Asset, Underlying};
use plimsoll_engine::account::Kind;
use plimsoll_engine::{ContractId, Event, State};

use super::Wrong;
use super::closing::{Looked, at_mark};
use super::equity::of_units;
use super::exact::{Way, product, ratio};

/// The promise of all of it.
pub const SHARED: &str = "who pays for another gained in what was closed";

/// The promise that it is done.
pub const SHARES: &str = "what the insolvent leave holders in gain pay as far as they gained";

/// What of a debt may stay unpaid, in units: what rounding each holder's part leaves.
const LEFT: i128 = 1_000_000;

/// What was booked and what was paid, in units of 10⁻¹⁸.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    /// Bad debt of this command that was not shared yet, and the markets where it came about.
    booked: BTreeMap<(Asset, BTreeSet<Underlying>), i128>,
    /// Whether any was.
    is_shared: bool,
    /// Whether the fund took anything else of who left it: then less is shared than booked.
    is_secured: bool,
    /// Out of gains that are open.
    paid: BTreeMap<(AccountId, ContractId), i128>,
}

impl Sharing {
    /// Bad debt was booked. Who was closed in no market lost nothing that anybody gained; and what comes after losses were
    /// shared is of whom sharing brought under, and not shared again.
    pub fn booked(&mut self, amount: Amount, markets: &[Underlying]) {
        if !markets.is_empty() && !self.is_shared {
            let debt = self.booked.entry((amount.asset, markets.iter().copied().collect())).or_default();
            *debt += amount.value.units();
        }
    }

    /// The fund took what the insolvent had.
    pub fn secured(&mut self) {
        self.is_secured = true;
    }

    /// Looks at the state after a command.
    pub fn command_ends(&mut self, state: &State) -> Vec<Looked> {
        let booked = std::mem::take(&mut self.booked);
        let looked = if self.is_shared {
            Vec::new()
        } else {
            booked
                .iter()
                .filter_map(|((asset, markets), debt)| self.unpaid(state, (*asset, markets), *debt, 0))
                .collect()
        };
        (self.is_shared, self.is_secured) = (false, false);
        looked
    }

    /// Whether of a debt less was shared than holders in gain could bear; nothing where that is not known.
    fn unpaid(
        &self,
        state: &State,
        (asset, markets): (Asset, &BTreeSet<Underlying>),
        debt: i128,
        shared: i128,
    ) -> Option<Looked> {
        let is_limited = self.is_secured || state.liquidation.budgets.haircut.is_some();
        if is_limited || state.price(asset).is_none() {
            return None;
        }
        let mut room = 0;
        for (id, _) in state.numbered().filter(|(_, account)| account.terms.kind != Kind::Outside) {
            let (gained, paid) = self.gained(state, id, asset, markets)?;
            room += (product(gained, state.liquidation.shared_max.units(), Way::Down)? - paid).max(0);
        }
        let least = debt.min(room) - LEFT;
        let found = || (of_units(shared).to_string(), format!("at least {}", of_units(least)));
        Some((SHARES, (shared < least).then(found).map(|(found, expected)| Wrong::new(SHARES, found, expected))))
    }

    /// What an account gained in these markets on what settles in `asset`, and what of that it paid for others.
    fn gained(
        &self,
        state: &State,
        id: AccountId,
        asset: Asset,
        markets: &BTreeSet<Underlying>,
    ) -> Option<(i128, i128)> {
        let (mut gained, mut paid) = (0, 0);
        for (contract, holding) in &state.account(id)?.holdings {
            let terms = state.contract(*contract)?.instrument.terms();
            if terms.settlement == asset && markets.contains(&terms.underlying) {
                gained += at_mark(state, id, *contract)? - holding.cost.units();
                paid += self.paid(id, *contract);
            }
        }
        Some((gained, paid))
    }

    /// What was paid for others out of the gain of a position.
    pub fn paid(&self, id: AccountId, contract: ContractId) -> i128 {
        self.paid.get(&(id, contract)).copied().unwrap_or_default()
    }

    /// Where a position is about to be of another size, of what was paid out of its gain as much stays as of it.
    pub fn moves(&mut self, state: &State, event: &Event) {
        match event {
            Event::Traded { contract, buyer, seller, .. } => {
                for side in [buyer, seller] {
                    self.moved(state, side.account, *contract, side.after.quantity.0.units());
                }
            }
            Event::Settled { contract, holders, .. } => {
                holders.iter().for_each(|id| self.moved(state, *id, *contract, 0));
            }
            _ => {}
        }
    }

    fn moved(&mut self, state: &State, id: AccountId, contract: ContractId, after: i128) {
        let Some(paid) = self.paid.remove(&(id, contract)) else { return };
        let before = state.account(id).map_or(0, |known| known.holding(contract).quantity.0.units());
        if before.signum() == after.signum() {
            let left = ratio(paid, after.abs().min(before.abs()), before.abs(), Way::Up).unwrap_or(paid);
            self.paid.insert((id, contract), left);
        }
    }

    /// Looks at losses that are shared, before they are.
    pub fn shared(&mut self, state: &State, event: &Event) -> Vec<Looked> {
        let Event::LossShared { amount, markets, shares, legs, .. } = event else { return Vec::new() };
        let markets: BTreeSet<Underlying> = markets.iter().copied().collect();
        let debt = self.booked.remove(&(amount.asset, markets.clone())).unwrap_or_default();
        self.is_shared = true;
        let units = amount.value.units();
        let expected = || format!("at most {} of bad debt", of_units(debt));
        let over = (units > debt).then(|| Wrong::new(SHARED, amount.to_string(), expected()));
        let mut looked = vec![(SHARED, over)];
        looked.extend(self.unpaid(state, (amount.asset, &markets), debt, units));
        for share in shares {
            *self.paid.entry((share.account, share.contract)).or_default() += share.amount.units();
        }
        for (id, pays) in legs.iter().filter_map(|leg| Some((leg.holder.account()?, -leg.amount.value.units()))) {
            let of: i128 = shares.iter().filter(|share| share.account == id).map(|share| share.amount.units()).sum();
            let (of, pays) = (of_units(of), of_units(pays));
            let apart = (of - pays).abs() > 1e-12 * pays.abs();
            looked.push((SHARED, apart.then(|| Wrong::of(SHARED, id, of.to_string(), pays.to_string()))));
            looked.push((SHARED, self.beyond(state, id, amount.asset, &markets)));
        }
        looked
    }

    /// Whether an account that pays did not gain in these markets what it has paid.
    fn beyond(&self, state: &State, id: AccountId, asset: Asset, markets: &BTreeSet<Underlying>) -> Option<Wrong> {
        let (gained, paid) = self.gained(state, id, asset, markets)?;
        let most = product(gained, state.liquidation.shared_max.units(), Way::Up)?;
        let expected = || format!("at most {}", of_units(most));
        (paid > most + 1).then(|| Wrong::of(SHARED, id, of_units(paid).to_string(), expected()))
    }
}
