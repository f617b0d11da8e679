//! Holders in gain share what the insolvent left: by what they gained where those were closed, less what they paid of those
//! gains before.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding, Underlying, planted};

use super::super::Decision;
use super::ranking::gain;
use crate::account::{ContractId, Kind};
use crate::event::Event;
use crate::ledger::{Holder, House, Legs};
use crate::liquidation::Share;
use crate::refusal::Refusal;

/// What accounts closed in a command left owing and holders in gain are to share, by asset and the underlyings in which they
/// were closed: who gained in one market pays for nobody who failed in another.
#[derive(Default)]
pub(in crate::step) struct Losses(BTreeMap<(Asset, BTreeSet<Underlying>), Decimal>);

impl Losses {
    /// Counts what was lost by accounts that were closed in these markets.
    pub(super) fn add(&mut self, amount: Amount, markets: &BTreeSet<Underlying>) -> Result<(), Refusal> {
        let loss = self.0.entry((amount.asset, markets.clone())).or_default();
        *loss = loss.plus(amount.value)?;
        Ok(())
    }
}

/// What a holder in gain may be asked for.
struct Room {
    holder: AccountId,
    most: Decimal,
    /// What nobody was paid of yet of each position's gain.
    gains: Vec<(ContractId, Decimal)>,
}

impl Room {
    /// What of `pays` is of which position's gain: of each as much as is left of it.
    fn shares(self, pays: Decimal) -> Result<Vec<Share>, Refusal> {
        let all = self.gains.iter().map(|(_, gain)| *gain).try_fold(Decimal::ZERO, Decimal::plus)?;
        let (mut shares, mut left) = (Vec::new(), pays);
        for (contract, gain) in self.gains {
            let amount = pays.times_ratio(gain, all, Rounding::Up)?.min(left);
            left = left.minus(amount)?;
            if !amount.is_zero() {
                shares.push(Share { account: self.holder, contract, amount });
            }
        }
        Ok(shares)
    }
}

impl Decision<'_> {
    /// Has holders in gain pay what was lost in this command, asset by asset and market by market.
    pub(super) fn share_losses(&mut self, touched: &mut BTreeSet<AccountId>) {
        for ((asset, markets), value) in std::mem::take(&mut self.losses).0 {
            // What cannot be worked out stays bad debt.
            if let Ok(Some(event)) = self.shared(Amount::new(value, asset), &markets) {
                touched.extend(event.accounts());
                self.emit(event);
            }
        }
    }

    /// Each pays by what is left of the venue's share of its gain, within the day's budget.
    fn shared(&mut self, lost: Amount, markets: &BTreeSet<Underlying>) -> Result<Option<Event>, Refusal> {
        let asset = lost.asset;
        let rooms = self.rooms(asset, markets)?;
        let all = rooms.iter().map(|room| room.most).try_fold(Decimal::ZERO, Decimal::plus)?;
        let amount = self.within_haircuts(Amount::new(lost.value.min(all), asset))?;
        if amount.signum() <= 0 || planted!(LossesKept) {
            return Ok(None);
        }
        let (mut legs, mut shares, mut left) = (Legs::default(), Vec::new(), amount);
        for room in rooms {
            let pays = amount.times_ratio(room.most, all, Rounding::Up)?.min(left);
            legs.add(Holder::Account(room.holder), asset, pays.negated())?;
            shares.extend(room.shares(pays)?);
            left = left.minus(pays)?;
        }
        let amount = Amount::new(amount.minus(left)?, asset);
        legs.add(Holder::House(House::BadDebt), asset, amount.value)?;
        let (legs, markets) = (legs.done(), markets.iter().copied().collect());
        self.fits(&legs)?;
        let lost = self.in_currency(amount)?;
        Ok(Some(Event::LossShared { amount, lost, markets, shares, legs }))
    }

    /// As much of `amount` as holders in gain may still bear today.
    fn within_haircuts(&mut self, amount: Amount) -> Result<Decimal, Refusal> {
        let (worth, left) = (self.in_currency(amount)?, self.haircut_left()?);
        match left.filter(|left| worth > *left) {
            Some(left) => Ok(amount.value.times_ratio(left, worth, Rounding::Down)?),
            None => Ok(amount.value),
        }
    }

    /// Who gains on contracts in these markets that settle in `asset`, losses there taken off, and what of that they may be
    /// asked for, beside what they paid. What has no price gained nothing that can be said, and holds up nobody else.
    fn rooms(&mut self, asset: Asset, markets: &BTreeSet<Underlying>) -> Result<Vec<Room>, Refusal> {
        let made = self.book.current(self.state)?;
        let mut all = Vec::new();
        for (holder, account) in self.state.numbered().filter(|(_, account)| account.terms.kind != Kind::Outside) {
            let (mut sum, mut paid, mut gains) = (Decimal::ZERO, Decimal::ZERO, Vec::new());
            for (contract, holding) in &account.holdings {
                let instrument = &self.state.contracts[contract.index()].instrument;
                let terms = instrument.terms();
                if terms.settlement == asset && markets.contains(&terms.underlying) {
                    let Ok(priced) = made.market.priced(made.place(*contract)?) else { continue };
                    let mark = priced.mark;
                    let (gain, of_it) = (gain(instrument, *holding, mark)?, account.shared(*contract));
                    (sum, paid) = (sum.plus(gain)?, paid.plus(of_it)?);
                    gains.push((*contract, gain.minus(of_it)?.or_zero()));
                }
            }
            let most = sum.times(self.state.liquidation.shared_max, Rounding::Down)?.minus(paid)?;
            if most.signum() > 0 {
                all.push(Room { holder, most, gains });
            }
        }
        Ok(all)
    }
}
