//! A small venue: two coins, a stablecoin, linear and inverse perpetuals, options, spot.
#![allow(dead_code, reason = "each test file uses its share")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "a command is made where it is run")]

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Price, Quantity, Rounding, Side, Timestamp, Underlying};
use plimsoll_engine::account::{Kind, Mode, TraderLimits};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::market::{Feed, PriceBatch, TrustRule};
use plimsoll_engine::state::{AssetRules, Lines, UnderlyingRules};
use plimsoll_engine::{
    AccountTerms, Book, Command, ContractId, Event, House, OpenOrder, OrderId, Refusal, State, evolve, step,
};
use plimsoll_margin::level::Policy;
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{EuropeanOption, Future, Instrument, Perpetual, PremiumStyle, Spot, Style, Terms};
use plimsoll_pricing::market::index::SourceQuote;
use plimsoll_pricing::market::{ExpiryQuote, MarkQuote, StrikeVol};

pub const START: &str = "2026-06-01T07:00:00Z";
pub const EXPIRY: &str = "2026-06-26T08:00:00Z";

/// `SplitMix64`.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, below: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(below).unwrap()).unwrap()
    }
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn decimal(text: &str) -> Decimal {
    text.replace('_', "").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn asset(name: &str) -> Asset {
    name.parse().unwrap()
}

/// `5 BTC`.
pub fn amount(text: &str) -> Amount {
    let (value, name) = text.split_once(' ').unwrap();
    Amount::new(decimal(value), asset(name))
}

pub fn quantity(text: &str) -> Quantity {
    Quantity(decimal(text))
}

/// A venue with its clock, which keeps every event.
pub struct Venue {
    pub state: State,
    pub book: Book,
    pub now: Timestamp,
    pub events: Vec<(Timestamp, Event)>,
    /// What was carried out.
    pub commands: Vec<(Timestamp, Command)>,
}

pub const BTC_PERP: ContractId = ContractId(0);
pub const BTC_USDC: ContractId = ContractId(1);
pub const ETH_USDC: ContractId = ContractId(2);
pub const CALL: ContractId = ContractId(3);
pub const PUT: ContractId = ContractId(4);
pub const LINEAR_CALL: ContractId = ContractId(5);
pub const FUTURE: ContractId = ContractId(6);
pub const ETH_SPOT: ContractId = ContractId(7);
pub const MARGINED_PUT: ContractId = ContractId(8);

fn terms(name: &str, underlying: &str, quote: &str, settlement: &str, size: &str, lot: &str) -> Terms {
    Terms {
        name: name.into(),
        underlying: underlying.parse().unwrap(),
        quote: asset(quote),
        settlement: asset(settlement),
        contract_size: decimal(size),
        lot_size: quantity(lot),
    }
}

fn contracts() -> Vec<Instrument> {
    let expiry = time(EXPIRY);
    let option = |terms, style, premium, right, strike: &str| {
        Instrument::Option(EuropeanOption { terms, style, premium, right, strike: decimal(strike), expiry })
    };
    let linear = |terms| Instrument::Perpetual(Perpetual { terms, style: Style::Linear, funding_interval_s: 28_800 });
    vec![
        Instrument::Perpetual(Perpetual {
            terms: terms("BTC-PERPETUAL", "BTC", "USD", "BTC", "10", "1"),
            style: Style::Inverse,
            funding_interval_s: 28_800,
        }),
        linear(terms("BTC_USDC-PERPETUAL", "BTC", "USDC", "USDC", "1", "0.001")),
        linear(terms("ETH_USDC-PERPETUAL", "ETH", "USDC", "USDC", "1", "0.01")),
        option(
            terms("BTC-26JUN26-60000-C", "BTC", "USD", "BTC", "1", "0.1"),
            Style::Inverse,
            PremiumStyle::Paid,
            Right::Call,
            "60000",
        ),
        option(
            terms("BTC-26JUN26-55000-P", "BTC", "USD", "BTC", "1", "0.1"),
            Style::Inverse,
            PremiumStyle::Paid,
            Right::Put,
            "55000",
        ),
        option(
            terms("ETH_USDC-26JUN26-3000-C", "ETH", "USDC", "USDC", "1", "0.1"),
            Style::Linear,
            PremiumStyle::Paid,
            Right::Call,
            "3000",
        ),
        Instrument::Future(Future {
            terms: terms("BTC-26JUN26", "BTC", "USD", "BTC", "10", "1"),
            style: Style::Inverse,
            expiry,
        }),
        Instrument::Spot(Spot { terms: terms("ETH_USDC", "ETH", "USDC", "USDC", "1", "0.01") }),
        option(
            terms("ETH_USDC-26JUN26-2800-P", "ETH", "USDC", "USDC", "1", "0.1"),
            Style::Linear,
            PremiumStyle::Futures,
            Right::Put,
            "2800",
        ),
    ]
}

impl Venue {
    /// Listed, modelled, priced; nobody there.
    pub fn new() -> Self {
        let now = time(START);
        let mut venue = Self {
            state: State::new(asset("USD"), now),
            book: Book::new(),
            now,
            events: Vec::new(),
            commands: Vec::new(),
        };
        let rules = |rate: &str| AssetRules { trust: trust(), borrow_rate: decimal(rate), cap: None };
        for (name, rate) in [("USDC", "0.08"), ("BTC", "0.02"), ("ETH", "0.03"), ("OLD", "0")] {
            venue.run(Command::ListAsset { asset: asset(name), rules: rules(rate) });
        }
        for coin in ["BTC", "ETH"] {
            let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: 1_800 };
            venue.run(Command::ListUnderlying { underlying: coin.parse().unwrap(), rules });
        }
        for instrument in contracts() {
            venue.run(Command::ListContract { instrument });
        }
        for name in ["plimsoll", "cross"] {
            venue.run(Command::SetModel {
                name: name.into(),
                model: name.into(),
                parameters: Vec::new(),
                lines: Lines { policy: Policy::default(), call_s: 3_600 },
                from: now,
                ramp_s: 0,
            });
        }
        venue.prices("60000", "3000");
        venue
    }

    /// Decides a command that is expected to be carried out.
    pub fn run(&mut self, command: Command) -> Vec<Event> {
        self.ask(&command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"))
    }

    /// Decides a command.
    pub fn ask(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let before = cfg!(debug_assertions).then(|| self.state.clone());
        let decided = step(&mut self.state, &mut self.book, command, self.now);
        match &decided {
            Ok(events) => {
                self.events.extend(events.iter().map(|event| (self.now, event.clone())));
                self.commands.push((self.now, command.clone()));
            }
            // A refusal changes nothing.
            Err(refusal) => {
                if let Some(before) = before {
                    assert!(before == self.state, "{command:?} was refused ({refusal}) and changed the state");
                }
            }
        }
        decided
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds).unwrap();
    }

    pub fn account(&mut self, name: &str) -> AccountId {
        self.account_with(name, |_| {})
    }

    pub fn account_with(&mut self, name: &str, change: impl FnOnce(&mut AccountTerms)) -> AccountId {
        let mut terms = AccountTerms {
            name: name.into(),
            owner: name.into(),
            kind: Kind::Client,
            parent: None,
            group: None,
            mode: Mode::Portfolio,
            model: "plimsoll".into(),
            credit_line: Decimal::ZERO,
            maker_fee_rate: decimal("-0.0001"),
            taker_fee_rate: decimal("0.0005"),
            limits: TraderLimits::default(),
            top_up: None,
        };
        change(&mut terms);
        let id = AccountId(u32::try_from(self.state.accounts.len()).unwrap());
        self.run(Command::OpenAccount { terms });
        id
    }

    /// An account that holds `5 BTC`.
    pub fn funded(&mut self, name: &str, held: &str) -> AccountId {
        let account = self.account(name);
        self.run(Command::Deposit { account, amount: amount(held) });
        account
    }

    pub fn trade(&mut self, contract: ContractId, of: &str, at: &str, buyer: AccountId, seller: AccountId) {
        let price = Price::new(decimal(at), self.state.contracts[contract.index()].instrument.price_asset());
        let side = |account| TradeSide { account, order: None };
        self.run(Command::Trade {
            contract,
            quantity: quantity(of),
            price,
            buyer: side(buyer),
            seller: side(seller),
            taker: Side::Buy,
        });
    }

    pub fn order(&self, contract: ContractId, side: Side, of: &str, at: &str) -> OpenOrder {
        let price = Price::new(decimal(at), self.state.contracts[contract.index()].instrument.price_asset());
        OpenOrder { contract, side, quantity: quantity(of), price, reduce_only: false }
    }

    pub fn place(&mut self, account: AccountId, order: u64, terms: OpenOrder) -> Result<Vec<Event>, Refusal> {
        self.ask(&Command::Place { account, order: OrderId(order), terms })
    }

    /// New indices, marks and surfaces.
    pub fn prices(&mut self, btc: &str, eth: &str) -> Vec<Event> {
        let batch = batch(self.now, &decimal(btc), &decimal(eth));
        self.run(Command::Prices(batch))
    }

    /// A dozen traders with some of everything, two of whom are one owner's, and something to borrow.
    pub fn open_traders(&mut self) {
        for at in 0..12 {
            let name = format!("trader-{at}");
            let account = self.account_with(&name, |terms| {
                if at % 5 == 1 {
                    terms.model = "cross".into();
                }
                // Two desks of one owner are margined together.
                if at >= 10 {
                    terms.owner = "pair".into();
                    terms.group = Some("pair".into());
                }
            });
            for held in ["150000 USDC", "2 BTC", "20 ETH"] {
                self.run(Command::Deposit { account, amount: amount(held) });
            }
        }
        self.run(Command::FundHouse { house: House::Lending, amount: amount("500000 USDC") });
    }

    /// The state that folding the events gives.
    pub fn folded(&self) -> State {
        let mut state = State::new(asset("USD"), time(START));
        for (at, event) in &self.events {
            evolve(&mut state, event, *at);
        }
        state
    }
}

pub fn trust() -> TrustRule {
    TrustRule::default()
}

pub fn quote(name: &str, price: Decimal, at: Timestamp) -> SourceQuote {
    SourceQuote { name: name.into(), price, weight: Decimal::ONE, observed_at: at, confidence: Decimal::ONE }
}

/// Prices of everything with BTC and ETH at these indices.
pub fn batch(now: Timestamp, btc: &Decimal, eth: &Decimal) -> PriceBatch {
    let feed = |feed, price| (feed, quote("one", price, now));
    let index = |coin: &str| Feed::Index(coin.parse::<Underlying>().unwrap());
    let expiry = time(EXPIRY);
    let mark = |price: Decimal| MarkQuote { price: Some(price), ..MarkQuote::default() };
    let mut surfaces = Vec::new();
    for (coin, price) in [("BTC", btc), ("ETH", eth)] {
        let vol = |share: i64| StrikeVol {
            strike: price.times(Decimal::new(share, 2), Rounding::HalfEven).unwrap(),
            vol: decimal("0.6"),
        };
        let forward = price.times(decimal("1.002"), Rounding::HalfEven).unwrap();
        let vols = [40, 70, 100, 130, 200].map(vol).to_vec();
        let quote = ExpiryQuote { forward: Some(forward), vols, ..ExpiryQuote::default() };
        surfaces.push(((coin.parse().unwrap(), expiry), quote));
    }
    PriceBatch {
        quotes: vec![
            feed(index("BTC"), *btc),
            feed(index("ETH"), *eth),
            feed(Feed::Asset(asset("USDC")), decimal("0.9995")),
            feed(Feed::Asset(asset("OLD")), decimal("5")),
        ],
        marks: vec![(BTC_PERP, mark(*btc)), (BTC_USDC, mark(*btc)), (ETH_USDC, mark(*eth))],
        surfaces,
    }
}

pub fn name(text: &str) -> Arc<str> {
    text.into()
}

/// Any command that a venue might see, most of them sensible.
pub fn draw(
    random: &mut Random,
    state: &State,
    now: Timestamp,
    at: usize,
    (btc, eth): (&mut i64, &mut i64),
) -> Command {
    let accounts = i64::try_from(state.accounts.len()).unwrap();
    let mut account = || AccountId(u32::try_from(random.below(accounts)).unwrap());
    let (one, other) = (account(), account());
    let contract = ContractId(u32::try_from(random.below(9)).unwrap());
    let instrument = &state.contracts[contract.index()].instrument;
    let lots = Decimal::from_int(1 + random.below(200));
    let quantity = Quantity(instrument.terms().lot_size.0.times(lots, Rounding::HalfEven).unwrap());
    let price = price(random, instrument, *btc, *eth);
    let value = Decimal::new(1 + random.below(300_000_000), 4);
    let coin = ["USDC", "BTC", "ETH"][usize::try_from(random.below(3)).unwrap()];
    let amount = Amount::new(
        if coin == "USDC" { value } else { value.over(Decimal::from_int(20_000), Rounding::Up).unwrap() },
        asset(coin),
    );
    let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    match random.below(100) {
        0..=24 => {
            let terms = OpenOrder { contract, side, quantity, price, reduce_only: random.below(5) == 0 };
            Command::Place { account: one, order: OrderId(at.try_into().unwrap()), terms }
        }
        25..=34 => {
            let order = state.accounts[one.index()].orders.keys().next().copied();
            Command::Cancel { account: one, order: order.unwrap_or(OrderId(7)) }
        }
        35..=64 => {
            let of = |account: AccountId, way: Side| {
                let orders = &state.accounts[account.index()].orders;
                let fits =
                    |order: &&OpenOrder| order.contract == contract && order.side == way && order.quantity >= quantity;
                let order = orders.iter().find(|(_, order)| fits(order)).map(|(id, _)| *id);
                TradeSide { account, order }
            };
            let (buyer, seller) = (of(one, Side::Buy), of(other, Side::Sell));
            Command::Trade { contract, quantity, price, buyer, seller, taker: side }
        }
        65..=69 => Command::Deposit { account: one, amount },
        70..=75 => Command::Withdraw { account: one, amount },
        76..=78 => Command::Transfer { from: one, to: other, amount },
        79..=80 => Command::Borrow { account: one, amount },
        81..=82 => Command::Repay { account: one, amount },
        83..=92 => {
            *btc = (*btc * (1_000 + random.below(41) - 20) / 1_000).max(100);
            *eth = (*eth * (1_000 + random.below(61) - 30) / 1_000).max(10);
            Command::Prices(batch(now, &Decimal::from_int(*btc), &Decimal::from_int(*eth)))
        }
        93..=94 => Command::PayFunding { contract, rate: Decimal::new(random.below(200) - 100, 5) },
        95 => Command::Freeze { account: one, frozen: random.below(2) == 0, reason: "asked".into() },
        _ => Command::Tick,
    }
}

fn price(random: &mut Random, instrument: &Instrument, btc: i64, eth: i64) -> Price {
    let index = if instrument.terms().underlying.as_str() == "BTC" { btc } else { eth };
    let near = Decimal::from_int(index).times(Decimal::new(1_000 + random.below(11) - 5, 3), Rounding::HalfEven);
    let value = match instrument.strike() {
        None => near.unwrap(),
        Some(_) if instrument.price_asset() == asset("BTC") => Decimal::new(1 + random.below(800), 4),
        Some(_) => Decimal::from_int(1 + random.below(300)),
    };
    Price::new(value, instrument.price_asset())
}
