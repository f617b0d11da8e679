//! A venue of ten underlyings, and a day's commands for it.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "a benchmark's own: each has its share")]

pub mod serving;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Price, Quantity, Rounding, Side, Timestamp, Underlying};
use plimsoll_engine::account::{Kind, Mode, TraderLimits};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::event::Filled;
use plimsoll_engine::market::{Feed, PriceBatch, TrustRule};
use plimsoll_engine::state::{AssetRules, Lines, UnderlyingRules};
use plimsoll_engine::{
    AccountTerms, Book, Command, ContractId, Event, Holding, House, Leg, OpenOrder, OrderId, State, evolve, step,
};
use plimsoll_margin::level::Policy;
use plimsoll_pricing::float::float;
use plimsoll_pricing::formulas::{Right, black76};
use plimsoll_pricing::instruments::{EuropeanOption, Instrument, Perpetual, PremiumStyle, Style, Terms};
use plimsoll_pricing::market::index::SourceQuote;
use plimsoll_pricing::market::{ExpiryQuote, MarkQuote, StrikeVol};

/// With whole prices in dollars.
const COINS: [(&str, i64); 10] = [
    ("BTC", 60_000),
    ("ETH", 3_000),
    ("SOL", 150),
    ("XRP", 200),
    ("ADA", 100),
    ("DOT", 700),
    ("LTC", 90),
    ("AVAX", 400),
    ("LINK", 120),
    ("BNB", 600),
];
const EXPIRIES: [&str; 2] = ["2026-06-26T08:00:00Z", "2026-12-25T08:00:00Z"];
const STRIKES: [i64; 10] = [70, 80, 90, 95, 100, 105, 110, 120, 130, 150];
/// Of an underlying: a perpetual, and calls and puts of every strike and expiry.
const CONTRACTS: i64 = 1 + 2 * 2 * 10;
pub const POSITIONS: i64 = 20;
/// Twenty price batches a second at a hundred thousand commands a second.
pub const PRICES_EVERY: usize = 5_000;

pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, below: i64) -> i64 {
        (self.next() % below as u64) as i64
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn usdc() -> Asset {
    "USDC".parse().unwrap()
}

fn instruments() -> Vec<Instrument> {
    let mut all = Vec::new();
    for (coin, index) in COINS {
        let terms = |name: String| Terms {
            name: name.into(),
            underlying: coin.parse().unwrap(),
            quote: usdc(),
            settlement: usdc(),
            contract_size: Decimal::ONE,
            lot_size: Quantity(Decimal::new(1, 2)),
        };
        all.push(Instrument::Perpetual(Perpetual {
            terms: terms(format!("{coin}-PERPETUAL")),
            style: Style::Linear,
            funding_interval_s: 28_800,
        }));
        for (at, expiry) in EXPIRIES.into_iter().enumerate() {
            for strike in STRIKES.map(|share| Decimal::new(index * share, 2)) {
                for (letter, right) in [("C", Right::Call), ("P", Right::Put)] {
                    all.push(Instrument::Option(EuropeanOption {
                        terms: terms(format!("{coin}-{at}-{strike}-{letter}")),
                        style: Style::Linear,
                        premium: PremiumStyle::Paid,
                        right,
                        strike,
                        expiry: time(expiry),
                    }));
                }
            }
        }
    }
    all
}

/// The indices that a world begins with, in ten-thousandths.
pub fn indices() -> Vec<i64> {
    COINS.iter().map(|(_, index)| index * 10_000).collect()
}

/// Prices of everything; indices in ten-thousandths.
pub fn batch(now: Timestamp, indices: &[i64]) -> PriceBatch {
    let mut batch = PriceBatch::default();
    let quote = |price| {
        let (weight, confidence) = (Decimal::ONE, Decimal::ONE);
        SourceQuote { name: "one".into(), price, weight, observed_at: now, confidence }
    };
    batch.quotes.push((Feed::Asset(usdc()), quote(Decimal::ONE)));
    for (at, ((coin, first), index)) in COINS.into_iter().zip(indices).enumerate() {
        let underlying: Underlying = coin.parse().unwrap();
        let price = Decimal::new(*index, 4);
        batch.quotes.push((Feed::Index(underlying), quote(price)));
        let mark = MarkQuote { price: Some(price), ..MarkQuote::default() };
        batch.marks.push((ContractId(at as u32 * CONTRACTS as u32), mark));
        for expiry in EXPIRIES {
            let vol = |share| StrikeVol { strike: Decimal::new(first * share, 2), vol: Decimal::new(6, 1) };
            let vols = STRIKES.map(vol).to_vec();
            let quote = ExpiryQuote { forward: Some(price), vols, ..ExpiryQuote::default() };
            batch.surfaces.push(((underlying, time(expiry)), quote));
        }
    }
    batch
}

/// The venue with everybody's positions.
pub struct World {
    pub state: State,
    pub now: Timestamp,
    pub indices: Vec<i64>,
}

impl World {
    pub fn new(accounts: i64, positions: i64, random: &mut Random) -> Self {
        let now = time("2026-06-01T08:00:00Z");
        let (mut state, indices) = (listed(now), indices());
        let (mut book, prices) = (Book::new(), Command::Prices(batch(now, &indices)));
        step(&mut state, &mut book, &prices, now).unwrap();
        for at in 0..=accounts {
            let account = AccountId(at as u32);
            evolve(&mut state, &Event::AccountOpened { account, terms: terms(at) }, now);
            if at > 0 {
                fund(&mut state, account, now, random);
                hold(&mut state, account, positions, now, random);
            }
        }
        Self { state, now, indices }
    }

    /// Half orders, a quarter cancels, a fifth fills, the rest deposits; prices in place of every so manieth.
    pub fn commands(&self, count: usize, prices_every: usize, random: &mut Random) -> Vec<(Timestamp, Command)> {
        let mut indices = self.indices.clone();
        let mut open: Vec<(AccountId, u64)> = Vec::new();
        let mut all = Vec::with_capacity(count);
        for at in 0..count {
            let now = Timestamp::from_nanos(self.now.nanos() + 10_000 * (at as i64 + 1));
            let command = if at % prices_every == prices_every - 1 {
                indices.iter_mut().for_each(|index| *index += *index * (random.below(3) - 1) / 10_000);
                Command::Prices(batch(now, &indices))
            } else {
                self.command(at as u64, &indices, &mut open, random)
            };
            all.push((now, command));
        }
        all
    }

    /// What a contract trades near to, in ten-thousandths, its underlying at `index`.
    fn mark(&self, contract: ContractId, index: i64) -> i64 {
        let Instrument::Option(option) = &self.state.contracts[contract.index()].instrument else { return index };
        let years = (option.expiry.nanos() - self.now.nanos()) as f64 / (365.0 * 86_400e9);
        let price = black76::price(option.right, index as f64, float(option.strike) * 1e4, 0.6, years, 0.0);
        price as i64
    }

    fn command(&self, at: u64, indices: &[i64], open: &mut Vec<(AccountId, u64)>, random: &mut Random) -> Command {
        let accounts = self.state.accounts.len() as i64 - 1;
        let account = AccountId(1 + random.below(accounts) as u32);
        let holdings = &self.state.accounts[account.index()].holdings;
        let (contract, holding) = holdings.iter().nth(random.below(holdings.len() as i64) as usize).unwrap();
        let mark = self.mark(*contract, indices[contract.index() / CONTRACTS as usize]);
        let value = Decimal::new(mark * (9_900 + random.below(200)), 8);
        let price = Price::new(value.max(Decimal::new(1, 2)).rounded(2, Rounding::HalfEven).unwrap(), usdc());
        let quantity = Quantity(Decimal::new(1 + random.below(20), 2));
        let is_long = holding.quantity.0.signum() > 0;
        match random.below(100) {
            50..75 if !open.is_empty() => {
                let (account, order) = open.swap_remove(random.below(open.len() as i64) as usize);
                Command::Cancel { account, order: OrderId(order) }
            }
            75..95 => {
                let other = AccountId(1 + ((i64::from(account.0) + random.below(accounts - 1)) % accounts) as u32);
                let (buyer, seller) = if is_long { (other, account) } else { (account, other) };
                let side = |account| TradeSide { account, order: None };
                let (buyer, seller) = (side(buyer), side(seller));
                Command::Trade { contract: *contract, quantity, price, buyer, seller, taker: Side::Buy }
            }
            95.. => Command::Deposit { account, amount: Amount::new(Decimal::from_int(10), usdc()) },
            _ => {
                let side = if is_long { Side::Sell } else { Side::Buy };
                open.push((account, at));
                let terms = OpenOrder { contract: *contract, side, quantity, price, reduce_only: false };
                Command::Place { account, order: OrderId(at), terms }
            }
        }
    }
}

fn listed(now: Timestamp) -> State {
    let mut state = State::new("USD".parse().unwrap(), now);
    let trust = TrustRule::default();
    let mut commands = vec![Command::ListAsset {
        asset: usdc(),
        rules: AssetRules { trust: trust.clone(), borrow_rate: Decimal::ZERO, cap: None },
    }];
    commands.extend(COINS.map(|(coin, _)| Command::ListUnderlying {
        underlying: coin.parse().unwrap(),
        rules: UnderlyingRules { quote: "USD".parse().unwrap(), trust: trust.clone(), settlement_window_s: 1_800 },
    }));
    commands.extend(instruments().into_iter().map(|instrument| Command::ListContract { instrument }));
    commands.push(Command::SetModel {
        name: "plimsoll".into(),
        model: "plimsoll".into(),
        parameters: Vec::new(),
        lines: Lines { policy: Policy::default(), call_s: 3_600 },
        from: now,
        ramp_s: 0,
    });
    let mut book = Book::new();
    for command in commands {
        step(&mut state, &mut book, &command, now).unwrap();
    }
    state
}

fn terms(at: i64) -> AccountTerms {
    AccountTerms {
        name: format!("account-{at}").into(),
        owner: format!("owner-{at}").into(),
        kind: if at == 0 { Kind::Outside } else { Kind::Client },
        parent: None,
        group: None,
        mode: Mode::Portfolio,
        model: "plimsoll".into(),
        credit_line: Decimal::ZERO,
        maker_fee_rate: Decimal::ZERO,
        taker_fee_rate: Decimal::new(5, 4),
        limits: TraderLimits::default(),
        top_up: None,
    }
}

fn fund(state: &mut State, account: AccountId, now: Timestamp, random: &mut Random) {
    let amount = Amount::new(Decimal::from_int(20_000 + random.below(60_000)), usdc());
    let legs = vec![Leg::house(House::Outside, amount.negated()), Leg::account(account, amount)];
    evolve(state, &Event::Deposited { account, amount, worth: amount.value, legs }, now);
}

/// Positions on up to three underlyings against the outside, long and short by turns.
fn hold(state: &mut State, account: AccountId, positions: i64, now: Timestamp, random: &mut Random) {
    let coins = [0; 3].map(|_| random.below(10));
    for position in 0..positions {
        let coin = coins[(position % 3) as usize];
        let contract = ContractId((coin * CONTRACTS + random.below(CONTRACTS)) as u32);
        let whole = COINS[coin as usize].1;
        let lots = (1 + random.below(20)) * (2_000 / whole + 1) * if position % 2 == 0 { 1 } else { -1 };
        let before = [account, AccountId(0)].map(|id| state.accounts[id.index()].holding(contract));
        if !before[0].quantity.0.is_zero() {
            continue;
        }
        let instrument = &state.contracts[contract.index()].instrument;
        let price = Price::new(Decimal::from_int(whole), usdc());
        let side = |account, before: Holding, quantity: Decimal| {
            let cost = instrument.cost(Quantity(quantity), price).unwrap().value;
            let cost = if instrument.is_paid_when_bought() { Decimal::ZERO } else { cost };
            let quantity = Quantity(before.quantity.0.plus(quantity).unwrap());
            let after = Holding { quantity, cost: before.cost.plus(cost).unwrap() };
            Filled { account, order: None, after, realised: Decimal::ZERO, fee: Decimal::ZERO, penalty: Decimal::ZERO }
        };
        let quantity = Decimal::new(lots, 2);
        let event = Event::Traded {
            contract,
            quantity: Quantity(quantity.abs()),
            price,
            buyer: side(account, before[0], quantity),
            seller: side(AccountId(0), before[1], quantity.negated()),
            taker: Side::Buy,
            closes: None,
            legs: Vec::new(),
        };
        evolve(state, &event, now);
    }
}
