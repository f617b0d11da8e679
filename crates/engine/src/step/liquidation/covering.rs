//! What a closed unit is short of: paid by what it has of other assets and by the insurance fund within its budgets; the rest
//! is booked as bad debt, in the open, against which stands what the fund took and could not use to pay, since it held none
//! of the asset. When all that a command closes are closed, holders in gain share of that debt what they may be asked for:
//! once, so that nobody pays for each of many who fail together as if there were no other.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Rounding, Underlying, planted};
use plimsoll_margin::equity::net_assets;

use super::super::Decision;
use crate::account::Account;
use crate::event::Event;
use crate::ledger::{Holder, House, Legs};
use crate::liquidation::Cover;
use crate::refusal::Refusal;

/// A unit closed at the marks, by asset: what it would be short of and what would be left, in units.
pub(super) struct Closed {
    short: BTreeMap<Asset, Decimal>,
    left: BTreeMap<Asset, Decimal>,
    prices: BTreeMap<Asset, Decimal>,
    /// What it would be short of, in the currency.
    short_value: Decimal,
    /// What is left, in the currency.
    left_value: Decimal,
    /// Whether the prices of all that are trusted.
    is_known: bool,
    /// Whether it is bankrupt at the best prices that untrusted feeds leave open.
    is_bankrupt: bool,
}

impl Closed {
    /// What it would be short of beyond what it would have left, in the currency.
    pub(super) fn deficit(&self) -> Result<Decimal, Refusal> {
        Ok(self.short_value.minus(self.left_value)?.or_zero())
    }

    pub(super) fn is_short_of(&self, asset: Asset) -> bool {
        self.short.contains_key(&asset)
    }

    /// Whether what is left is worth less than what it is short of, for certain: what a silent feed last said makes nobody
    /// insolvent.
    pub(super) fn is_insolvent(&self) -> bool {
        self.short_value > self.left_value && (self.is_known || self.is_bankrupt)
    }
}

/// What the insurance fund pays of what is short, by asset.
type Paid = BTreeMap<Asset, Decimal>;

impl Decision<'_> {
    /// What `unit` would be short of and what it would have left, members' balances of one asset taken together.
    pub(super) fn closed(&mut self, unit: &[AccountId]) -> Result<Closed, Refusal> {
        let made = self.book.current(self.state)?;
        let accounts: Vec<&Account> = unit.iter().filter_map(|id| self.state.account(*id)).collect();
        let assets = net_assets(&made.read(&accounts, &[])?.portfolio, &made.market)?;
        let mut closed = Closed {
            short: BTreeMap::new(),
            left: BTreeMap::new(),
            prices: BTreeMap::new(),
            short_value: Decimal::ZERO,
            left_value: Decimal::ZERO,
            is_known: true,
            is_bankrupt: self.is_bankrupt(unit),
        };
        for net in assets {
            let units = net.balance()?.plus(net.option_value)?;
            closed.prices.insert(net.asset, net.price.value);
            closed.is_known &= units.is_zero() || self.is_trusted(net.asset);
            if units.signum() < 0 {
                closed.short.insert(net.asset, units.abs());
                closed.short_value = closed.short_value.plus(units.abs().times(net.price.value, Rounding::Up)?)?;
            } else if units.signum() > 0 {
                closed.left.insert(net.asset, units);
                closed.left_value = closed.left_value.plus(units.times(net.price.value, Rounding::Down)?)?;
            }
        }
        Ok(closed)
    }

    /// What the fund pays of what `closed` is short of: as far as it holds the asset, and as far as its budgets go for what it
    /// does not get back.
    fn fund_pays(&self, closed: &Closed, markets: &BTreeSet<Underlying>) -> Result<Paid, Refusal> {
        let (mut paid, mut value) = (Paid::new(), Decimal::ZERO);
        for (asset, short) in &closed.short {
            let pays = (*short).min(self.state.held_by(House::Insurance, *asset).or_zero());
            value = value.plus(pays.times(closed.prices[asset], Rounding::Up)?)?;
            paid.insert(*asset, pays);
        }
        let most = self.budget_left(markets)?.map(|left| left.plus(closed.left_value)).transpose()?;
        if let Some(most) = most.filter(|most| value > *most) {
            for pays in paid.values_mut() {
                *pays = pays.times_ratio(most, value, Rounding::Down)?;
            }
        }
        Ok(paid)
    }

    /// What the fund may lose on a unit beyond what that is short of, of the assets that it `pays`, in the currency.
    pub(super) fn spare_of_fund(
        &self,
        closed: &Closed,
        pays: impl Fn(&Asset) -> bool,
        markets: &BTreeSet<Underlying>,
    ) -> Result<Decimal, Refusal> {
        let mut has = Decimal::ZERO;
        for (asset, price) in closed.prices.iter().filter(|(asset, _)| pays(asset)) {
            let held = self.state.held_by(House::Insurance, *asset).or_zero();
            has = has.plus(held.times(*price, Rounding::Down)?)?;
        }
        let most = self.budget_left(markets)?.map_or(has, |left| left.min(has));
        Ok(most.minus(closed.deficit()?)?.or_zero())
    }

    /// What the fund may still lose now, in the currency; `None` where nothing limits it.
    fn budget_left(&self, markets: &BTreeSet<Underlying>) -> Result<Option<Decimal>, Refusal> {
        let budgets = &self.state.liquidation.budgets;
        let spent = self.state.spent.on(self.at);
        let mut least = budgets.event;
        let day = budgets.day.map(|day| (day, spent.fund));
        let of_market = |market| {
            let budget = budgets.markets.get(market)?;
            Some((*budget, spent.markets.get(market).copied().unwrap_or_default()))
        };
        for (budget, spent) in day.into_iter().chain(markets.iter().filter_map(of_market)) {
            let left = if planted!(BudgetAnew) { budget } else { budget.minus(spent)?.or_zero() };
            least = Some(least.map_or(left, |least| least.min(left)));
        }
        Ok(least)
    }

    /// What holders in gain may still bear today, in the currency; `None` where nothing limits it.
    pub(super) fn haircut_left(&self) -> Result<Option<Decimal>, Refusal> {
        let Some(budget) = self.state.liquidation.budgets.haircut else { return Ok(None) };
        Ok(Some(budget.minus(self.state.spent.on(self.at).haircut)?.or_zero()))
    }

    /// What is left for gains to bear, within their budget, by asset: what the fund does not pay, as far as what the unit
    /// has otherwise is not worth it. Nothing of a unit that is solvent.
    pub(super) fn asked_of_gains(&self, closed: &Closed, markets: &BTreeSet<Underlying>) -> Result<Paid, Refusal> {
        if !closed.is_insolvent() {
            return Ok(Paid::new());
        }
        let paid = self.fund_pays(closed, markets)?;
        let mut unpaid = Paid::new();
        let mut value = Decimal::ZERO;
        for (asset, short) in &closed.short {
            let rest = short.minus(paid[asset])?;
            value = value.plus(rest.times(closed.prices[asset], Rounding::Up)?)?;
            unpaid.insert(*asset, rest);
        }
        // What the fund pays beyond what it gets is lost to it; what is left beyond what it pays is the unit's to give.
        let has = if planted!(CoinsKept) { Decimal::ZERO } else { closed.left_value };
        let deficit = closed.short_value.minus(has)?.min(value);
        let deficit = self.haircut_left()?.map_or(deficit, |left| left.min(deficit));
        if value.signum() > 0 {
            for rest in unpaid.values_mut() {
                *rest = rest.times_ratio(deficit, value, Rounding::Up)?.min(*rest);
            }
        }
        Ok(unpaid)
    }

    /// Settles what a unit without positions is short of. Of one that was insolvent before it was closed the fund takes all,
    /// pays what it can, and what nobody pays is bad debt, so that it owes nothing; one that is solvent keeps owing what the
    /// fund cannot pay, beside what secures it.
    pub(super) fn cover(
        &mut self,
        unit: &[AccountId],
        was_insolvent: bool,
        markets: &BTreeSet<Underlying>,
    ) -> Result<(), Refusal> {
        if !self.holds_nothing(unit) {
            return Ok(());
        }
        self.pool(unit)?;
        let closed = self.closed(unit)?;
        let is_lost = was_insolvent || closed.is_insolvent();
        if is_lost {
            self.pay_loans(unit)?;
        }
        // Of who may be solvent nothing is taken at a price that is not known: it goes on owing.
        if closed.short.is_empty() || !is_lost && !closed.is_known {
            return Ok(());
        }
        let paid = self.fund_pays(&closed, markets)?;
        let asked = self.asked_of_gains(&closed, markets)?;
        let mut credit = self.collateral_taken(unit, &closed, is_lost, &paid, markets)?;
        for (asset, short) in &closed.short {
            let value = paid[asset].times(closed.prices[asset], Rounding::Up)?;
            let lost = value.minus(credit)?.or_zero();
            credit = credit.minus(value)?.or_zero();
            self.paid_by_fund(unit, Amount::new(paid[asset], *asset), lost, markets)?;
            if is_lost {
                let rest = short.minus(paid[asset])?;
                let shared = asked.get(asset).copied().unwrap_or_default().min(rest);
                self.lose(unit, Amount::new(shared, *asset), markets)?;
            }
        }
        self.pay_loans(unit)
    }

    /// What an account owes of an asset net of what it has, and what it has net of what it owes.
    fn net(&self, id: AccountId, asset: Asset) -> Result<Decimal, Refusal> {
        let funds = self.account(id)?.funds.get(&asset).copied().unwrap_or_default();
        Ok(funds.cash.minus(funds.borrowed)?.minus(funds.interest)?)
    }

    /// Members of a unit pay what others are short of out of the same asset.
    fn pool(&mut self, unit: &[AccountId]) -> Result<(), Refusal> {
        for to in unit.iter().copied().filter(|_| unit.len() > 1) {
            for asset in self.account(to)?.funds.keys().copied().collect::<Vec<_>>() {
                for from in unit.iter().copied().filter(|from| *from != to) {
                    let short = self.net(to, asset)?.negated().or_zero();
                    let free = self.net(from, asset)?.min(self.account(from)?.cash(asset)).or_zero();
                    let amount = Amount::new(short.min(free), asset);
                    if !amount.value.is_zero() {
                        let event = self.transferred(from, to, amount, false)?;
                        self.emit(event);
                    }
                }
            }
        }
        Ok(())
    }

    /// The fund pays `amount` to those in a unit who are short of it.
    fn paid_by_fund(
        &mut self,
        unit: &[AccountId],
        amount: Amount,
        mut lost: Decimal,
        markets: &BTreeSet<Underlying>,
    ) -> Result<(), Refusal> {
        let mut left = amount.value;
        for id in unit {
            let pays = self.net(*id, amount.asset)?.negated().or_zero().min(left);
            if !pays.is_zero() {
                self.covered(*id, Cover::Fund, Amount::new(pays, amount.asset), lost, markets)?;
                (left, lost) = (left.minus(pays)?, Decimal::ZERO);
            }
        }
        Ok(())
    }

    /// What is still owed of an asset is bad debt; up to `shared` of it is to be asked of holders in gain.
    fn lose(&mut self, unit: &[AccountId], shared: Amount, markets: &BTreeSet<Underlying>) -> Result<(), Refusal> {
        let (asset, mut owed) = (shared.asset, Decimal::ZERO);
        for id in unit {
            let short = self.net(*id, asset)?.negated().or_zero();
            self.covered(*id, Cover::BadDebt, Amount::new(short, asset), Decimal::ZERO, markets)?;
            owed = owed.plus(short)?;
        }
        let value = shared.value.min(owed);
        // Nobody gained on what an account lost that was closed in no market.
        if value.signum() > 0 && !markets.is_empty() {
            self.losses.add(Amount::new(value, asset), markets)?;
        }
        Ok(())
    }

    /// The fund takes what a unit has of other assets: of one that is solvent as much as it pays for, with its fee as far as
    /// that does not make it insolvent, of one that is not all. In the currency, what that is worth.
    fn collateral_taken(
        &mut self,
        unit: &[AccountId],
        closed: &Closed,
        is_lost: bool,
        paid: &Paid,
        markets: &BTreeSet<Underlying>,
    ) -> Result<Decimal, Refusal> {
        let values = paid.iter().map(|(asset, units)| units.times(closed.prices[asset], Rounding::Up));
        let pays = values.collect::<Result<Vec<_>, _>>()?.into_iter().try_fold(Decimal::ZERO, Decimal::plus)?;
        let fee = pays.times(self.state.liquidation.fee_rate, Rounding::Up)?;
        // Who is solvent stays so, whatever is rounded.
        let spare = closed.left_value.minus(closed.short_value)?.minus(Decimal::new(1, 2))?;
        let fee = fee.min(spare.or_zero());
        let wanted = pays.plus(fee)?.min(closed.left_value);
        let mut taken = Decimal::ZERO;
        for (asset, left) in &closed.left {
            let all = closed.left_value.max(Decimal::new(1, 18));
            let takes_all = is_lost || planted!(AllTaken);
            let mut units = if takes_all { *left } else { left.times_ratio(wanted, all, Rounding::Down)?.min(*left) };
            for id in unit {
                let takes = self.net(*id, *asset)?.min(self.account(*id)?.cash(*asset)).or_zero().min(units);
                units = units.minus(takes)?;
                taken = taken.plus(takes.times(closed.prices[asset], Rounding::Down)?)?;
                self.covered(*id, Cover::Collateral, Amount::new(takes, *asset), Decimal::ZERO, markets)?;
            }
        }
        Ok(taken)
    }

    /// Moves what was covered; nothing where it is nothing.
    fn covered(
        &mut self,
        account: AccountId,
        by: Cover,
        amount: Amount,
        lost: Decimal,
        markets: &BTreeSet<Underlying>,
    ) -> Result<(), Refusal> {
        if amount.value.is_zero() {
            return Ok(());
        }
        let house = if by == Cover::BadDebt { House::BadDebt } else { House::Insurance };
        let value = if by == Cover::Collateral { amount.value.negated() } else { amount.value };
        let mut legs = Legs::default();
        legs.add(Holder::Account(account), amount.asset, value)?;
        legs.add(Holder::House(house), amount.asset, value.negated())?;
        let (legs, markets) = (legs.done(), markets.iter().copied().collect());
        self.fits(&legs)?;
        self.emit(Event::Covered { account, by, amount, lost, markets, legs });
        Ok(())
    }

    /// Charges interest on what a unit owes, up to now.
    pub(super) fn charge_interest(&mut self, unit: &[AccountId]) -> Result<(), Refusal> {
        for id in unit {
            for asset in self.account(*id)?.funds.keys().copied().collect::<Vec<_>>() {
                let charged = self.interest_of(*id, asset)?;
                charged.into_iter().for_each(|event| self.emit(event));
            }
        }
        Ok(())
    }

    /// Repays of a unit's loans what there is cash for.
    fn pay_loans(&mut self, unit: &[AccountId]) -> Result<(), Refusal> {
        for id in unit {
            for asset in self.account(*id)?.funds.keys().copied().collect::<Vec<_>>() {
                self.pay_loan(*id, asset)?;
            }
        }
        Ok(())
    }

    fn pay_loan(&mut self, id: AccountId, asset: Asset) -> Result<(), Refusal> {
        let funds = self.account(id)?.funds.get(&asset).copied().unwrap_or_default();
        let pays = funds.borrowed.plus(funds.interest)?.min(funds.cash.or_zero());
        if pays.is_zero() {
            return Ok(());
        }
        let interest = funds.interest.min(pays);
        let mut legs = Legs::default();
        legs.add(Holder::Account(id), asset, pays.negated())?;
        legs.add(Holder::House(House::Lending), asset, pays)?;
        let legs = legs.done();
        self.fits(&legs)?;
        self.emit(Event::Repaid { account: id, amount: Amount::new(pays.minus(interest)?, asset), interest, legs });
        Ok(())
    }
}
