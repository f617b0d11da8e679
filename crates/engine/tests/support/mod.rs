//! A small venue: two coins, a stablecoin, linear and inverse perpetuals, options, spot.
#![allow(dead_code, reason = "each test file uses its share")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]

use std::sync::Arc;

use plimsoll_core::{AccountId, Amount, Asset, Decimal, Price, Quantity, Side, Timestamp, Underlying};
use plimsoll_engine::account::{Kind, Mode, TraderLimits};
use plimsoll_engine::command::TradeSide;
use plimsoll_engine::market::{Feed, PriceBatch, TrustRule};
use plimsoll_engine::state::{AssetRules, Lines, UnderlyingRules};
use plimsoll_engine::{
    AccountTerms, Book, Command, ContractId, Event, OpenOrder, OrderId, Refusal, State, evolve, step,
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
        let mut venue = Self { state: State::new(asset("USD"), now), book: Book::new(), now, events: Vec::new() };
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
            Ok(events) => self.events.extend(events.iter().map(|event| (self.now, event.clone()))),
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
            strike: price.times(Decimal::new(share, 2), plimsoll_core::Rounding::HalfEven).unwrap(),
            vol: decimal("0.6"),
        };
        let forward = price.times(decimal("1.002"), plimsoll_core::Rounding::HalfEven).unwrap();
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
