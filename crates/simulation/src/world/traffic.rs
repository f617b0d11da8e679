//! What people ask for, each after their temper, and what a matching engine brings.

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Price, Quantity, Side};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::{Command, ContractId, OpenOrder, OrderId, State};
use plimsoll_pricing::instruments::Style;

use super::listing::{COINS, PERPETUALS, SPOT, held};
use super::{People, Temper, account, asset};
use crate::random::Random;

/// Who draws commands, and with what in view: the state as everybody has been told it.
pub struct Traffic<'a> {
    /// What was acknowledged.
    pub state: &'a State,
    /// Everybody.
    pub people: &'a People,
    /// Indices in thousandths.
    pub indices: &'a [i64; 3],
    /// Chance.
    pub random: &'a mut Random,
}

/// A command and the account on whose behalf it is sent.
pub type Asked = (AccountId, Command);

impl Traffic<'_> {
    /// The next command of a client, numbered `number` among all where it is an order.
    pub fn next(&mut self, number: u64) -> Asked {
        let active = *self.random.pick(&self.people.active);
        let anybody = account(self.random.below(self.people.tempers.len()));
        match self.random.below(1_000) {
            0..430 => self.place(active, number),
            430..620 => self.cancel(active).unwrap_or_else(|| self.place(active, number)),
            620..850 => self.trade(active),
            850..880 => (anybody, self.deposit(anybody)),
            880..940 => {
                let who = *self.random.pick(&[active, anybody]);
                (who, self.withdraw(who))
            }
            940..958 => self.transfer(anybody),
            958..972 => (active, self.borrow(active)),
            972..986 => (active, self.repay(active)),
            986..994 => (active, self.amend(active)),
            994..997 => (anybody, self.freeze(anybody)),
            _ => (active, self.nonsense(active, number)),
        }
    }

    fn temper(&self, id: AccountId) -> Temper {
        self.people.tempers[id.index()]
    }

    /// What an account has, in whole dollars, at prices that are known.
    fn wealth(&self, id: AccountId) -> i64 {
        let Some(account) = self.state.account(id) else { return 0 };
        let worth = |(asset, funds): (&Asset, &plimsoll_engine::account::Funds)| {
            let price = self.state.price(*asset).unwrap_or_default();
            whole(funds.cash).saturating_mul(whole(price).max(1))
        };
        account.funds.iter().map(worth).fold(0, i64::saturating_add).clamp(0, 1_000_000_000)
    }

    fn contract(&mut self, id: AccountId) -> ContractId {
        let temper = self.temper(id);
        let facts = &self.state.accounts[id.index()];
        let held = facts.holdings.keys().chain(facts.orders.values().map(|order| &order.contract)).next();
        if let (Temper::Bucket, Some(held)) = (temper, held) {
            return *held;
        }
        let live = |at: &usize| self.state.contracts[*at].settled_at.is_none();
        let dated: Vec<usize> = (PERPETUALS + SPOT.len()..self.state.contracts.len()).filter(live).collect();
        let of = |at: usize| ContractId(u32::try_from(at).unwrap_or(0));
        let dated_share = if temper == Temper::Maker { 70 } else { 25 };
        match self.random.below(100) {
            0..4 if temper != Temper::Bucket => of(*self.random.pick(&SPOT)),
            drawn if drawn < dated_share && !dated.is_empty() => of(*self.random.pick(&dated)),
            _ if temper == Temper::Hedger => ContractId(0),
            _ => of(self.random.below(PERPETUALS)),
        }
    }

    fn place(&mut self, id: AccountId, number: u64) -> Asked {
        let contract = self.contract(id);
        let terms = self.order(id, contract);
        (id, Command::Place { account: id, order: OrderId(number), terms })
    }

    fn order(&mut self, id: AccountId, contract: ContractId) -> OpenOrder {
        let temper = self.temper(id);
        let (low, high) = match temper {
            Temper::Maker => (1, 12),
            Temper::Gambler | Temper::Bucket | Temper::Credit => (20, 700),
            Temper::Hedger => (10, 60),
            _ => (5, 150),
        };
        let side = match temper {
            Temper::Hedger if contract.0 == 0 && self.random.below(4) > 0 => Side::Sell,
            _ => *self.random.pick(&[Side::Buy, Side::Sell]),
        };
        let share = self.random.between(low, high);
        let dollars = (self.wealth(id) / 100).saturating_mul(share).max(10);
        let quantity = self.lots(contract, dollars);
        let price = self.price(contract, side);
        let reduce_only = self.random.below(12) == 0;
        OpenOrder { contract, side, quantity, price, reduce_only }
    }

    /// So many dollars' worth of a contract, in whole lots.
    fn lots(&self, contract: ContractId, dollars: i64) -> Quantity {
        let instrument = &self.state.contracts[contract.index()].instrument;
        let lot = instrument.terms().lot_size.0;
        let index = self.index(contract);
        let inverse_future = instrument.style() == Style::Inverse && instrument.strike().is_none();
        // A lot in thousandths of a dollar.
        let lot_worth =
            if inverse_future { 10_000 } else { (i128::from(index) * lot.units() / Decimal::UNITS_PER_ONE).max(1) };
        let lots = (i128::from(dollars) * 1_000 / lot_worth).clamp(1, 20_000_000);
        Quantity(lot.times_count(lots).unwrap_or(lot))
    }

    /// A coin's index in thousandths.
    fn index(&self, contract: ContractId) -> i64 {
        let underlying = self.state.contracts[contract.index()].instrument.terms().underlying;
        COINS.iter().position(|(coin, _)| underlying.as_str() == *coin).map_or(1_000, |at| self.indices[at])
    }

    /// Near the mark: seldom far from it.
    fn price(&mut self, contract: ContractId, side: Side) -> Price {
        let instrument = &self.state.contracts[contract.index()].instrument;
        let quote = instrument.price_asset();
        let mark = self.state.market.marks.get(&contract).and_then(|mark| mark.price);
        let mark = mark.unwrap_or_else(|| Decimal::new(self.index(contract), 3));
        let most = *self.random.pick(&[5, 5, 20, 20, 300]);
        let toward = if side == Side::Buy { 1 } else { -1 };
        let off = Decimal::new(10_000 + toward * self.random.between(-most, most / 2), 4);
        let price = mark.times(off, plimsoll_core::Rounding::HalfEven).unwrap_or(mark);
        let price = price.rounded(6, plimsoll_core::Rounding::HalfEven).unwrap_or(mark);
        Price::new(price.max(Decimal::new(1, 6)), quote)
    }

    fn cancel(&mut self, id: AccountId) -> Option<Asked> {
        let orders: Vec<OrderId> = self.state.account(id)?.orders.keys().copied().collect();
        if orders.is_empty() {
            return None;
        }
        Some((id, Command::Cancel { account: id, order: *self.random.pick(&orders) }))
    }

    /// A resting order filled, in part or whole, at its price or better; now and then a trade that no order asked for.
    fn trade(&mut self, id: AccountId) -> Asked {
        let orders: Vec<(OrderId, OpenOrder)> =
            self.state.accounts[id.index()].orders.iter().map(|(id, order)| (*id, order.clone())).collect();
        let (order, terms) = if orders.is_empty() || self.random.below(15) == 0 {
            let contract = self.contract(id);
            (None, self.order(id, contract))
        } else {
            let (order, terms) = self.random.pick(&orders).clone();
            (Some(order), terms)
        };
        let lot = self.state.contracts[terms.contract.index()].instrument.terms().lot_size.0;
        let lots = i64::try_from(terms.quantity.0.units() / lot.units()).unwrap_or(1).max(1);
        let part = if self.random.below(3) == 0 { self.random.between(1, lots) } else { lots };
        let quantity = Quantity(lot.times_count(i128::from(part)).unwrap_or(lot));
        let other = match self.random.below(4) {
            0 => *self.random.pick(&self.people.active),
            _ => account(self.random.below(2)),
        };
        let (it, other) = (TradeSide { account: id, order }, TradeSide { account: other, order: None });
        let (buyer, seller) = if terms.side == Side::Buy { (it, other) } else { (other, it) };
        let taker = *self.random.pick(&[Side::Buy, Side::Sell]);
        (id, Command::Trade { contract: terms.contract, quantity, price: terms.price, buyer, seller, taker })
    }

    fn some(&mut self, id: AccountId, most_per_cent: i64) -> Amount {
        let funds = &self.state.accounts[id.index()].funds;
        let mut assets: Vec<Asset> = funds.keys().copied().collect();
        assets.push(asset("USDC"));
        let of = *self.random.pick(&assets);
        let cash = funds.get(&of).map_or(Decimal::ZERO, |funds| funds.cash);
        let share = Decimal::new(self.random.between(1, most_per_cent), 2);
        let value = cash.or_zero().times(share, plimsoll_core::Rounding::Down).unwrap_or_default();
        let value = value.rounded(8, plimsoll_core::Rounding::Down).unwrap_or_default();
        Amount::new(value.max(Decimal::new(1, 2)), of)
    }

    fn deposit(&mut self, id: AccountId) -> Command {
        let amount = if self.random.below(3) == 0 {
            let of = *self.random.pick(&held());
            Amount::new(Decimal::new(self.random.between(1, 5_000_000), 4), of)
        } else {
            self.some(id, 60)
        };
        Command::Deposit { account: id, amount }
    }

    /// Some of what is there; most of those who gained take out all that they paid in, and a part of what they gained.
    fn withdraw(&mut self, id: AccountId) -> Command {
        let some = self.some(id, 110);
        let gain = |(asset, funds): (&Asset, &plimsoll_engine::account::Funds)| {
            let gain = funds.cash.minus(funds.principal).ok().filter(|gain| gain.signum() > 0)?;
            Some((*asset, funds.principal, gain))
        };
        let gained = self.state.accounts[id.index()].funds.iter().find_map(gain);
        let taken = gained.filter(|_| self.random.below(4) > 0).and_then(|(asset, principal, gain)| {
            let part = gain.times(Decimal::new(self.random.between(1, 100), 2), plimsoll_core::Rounding::Down).ok()?;
            Some(Amount::new(principal.plus(part).ok()?, asset))
        });
        Command::Withdraw { account: id, amount: taken.unwrap_or(some) }
    }

    fn transfer(&mut self, id: AccountId) -> Asked {
        let owner = &self.state.accounts[id.index()].terms.owner;
        let theirs = |(other, known): (AccountId, &plimsoll_engine::account::Account)| {
            (other != id && known.terms.owner == *owner).then_some(other)
        };
        let others: Vec<AccountId> = self.state.numbered().filter_map(theirs).collect();
        let to = if others.is_empty() { account(self.random.below(5)) } else { *self.random.pick(&others) };
        let (from, to) = if self.random.below(2) == 0 { (id, to) } else { (to, id) };
        let amount = self.some(from, 80);
        (id, Command::Transfer { from, to, amount })
    }

    fn borrow(&mut self, id: AccountId) -> Command {
        let of = *self.random.pick(&["USDC", "USDC", "BTC", "ETH", "OLD"]);
        let price = self.state.price(asset(of)).map_or(1, |price| whole(price).max(1));
        let dollars = (self.wealth(id) / 100).saturating_mul(self.random.between(5, 120));
        let value = Decimal::new(dollars.saturating_mul(1_000) / price + 1, 3);
        Command::Borrow { account: id, amount: Amount::new(value, asset(of)) }
    }

    fn repay(&mut self, id: AccountId) -> Command {
        let funds = &self.state.accounts[id.index()].funds;
        let owed: Vec<Amount> = funds
            .iter()
            .filter(|(_, funds)| !funds.borrowed.is_zero())
            .map(|(asset, funds)| Amount::new(funds.borrowed, *asset))
            .collect();
        let Some(whole) = (!owed.is_empty()).then(|| *self.random.pick(&owed)) else { return self.deposit(id) };
        let share = Decimal::new(self.random.between(1, 100), 2);
        let value = whole.value.times(share, plimsoll_core::Rounding::Up).unwrap_or(whole.value);
        Command::Repay { account: id, amount: Amount::new(value, whole.asset) }
    }

    fn amend(&mut self, id: AccountId) -> Command {
        let mut terms = self.state.accounts[id.index()].terms.clone();
        match self.random.below(5) {
            0 => terms.taker_fee_rate = Decimal::new(self.random.between(0, 9), 4),
            1 => terms.maker_fee_rate = Decimal::new(self.random.between(-3, 3), 4),
            2 => terms.limits.leverage_max = Some(Decimal::from_int(self.random.between(1, 40))),
            3 => terms.limits.reduce_only = !terms.limits.reduce_only && self.random.below(3) == 0,
            _ if self.temper(id) == Temper::Credit => {
                terms.credit_line = Decimal::from_int(self.random.between(0, 20) * 1_000);
            }
            _ => {
                let most = Decimal::from_int(self.random.between(1, 50) * 100);
                terms.limits.loss_max = (self.random.below(2) == 0).then_some(most);
            }
        }
        Command::AmendAccount { account: id, terms }
    }

    fn freeze(&mut self, id: AccountId) -> Command {
        let frozen = !self.state.accounts[id.index()].frozen;
        Command::Freeze { account: id, frozen, reason: "asked".into() }
    }

    /// What ought to be refused.
    fn nonsense(&mut self, id: AccountId, number: u64) -> Command {
        let contract = self.contract(id);
        let mut terms = self.order(id, contract);
        match self.random.below(6) {
            0 => terms.quantity = Quantity(Decimal::new(1, 18)),
            1 => terms.price.value = Decimal::ZERO,
            2 => terms.quantity.0 = terms.quantity.0.negated(),
            3 => terms.price.value = Decimal::MAX,
            4 => return Command::Cancel { account: AccountId(u32::MAX), order: OrderId(number) },
            _ => return Command::Deposit { account: id, amount: Amount::new(Decimal::ZERO, asset("USDC")) },
        }
        Command::Place { account: id, order: OrderId(number), terms }
    }
}

fn whole(value: Decimal) -> i64 {
    i64::try_from(value.units() / Decimal::UNITS_PER_ONE).unwrap_or(i64::MAX)
}
