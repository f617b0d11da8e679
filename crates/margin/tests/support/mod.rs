//! Books as text, and the one function that knows the API.
#![allow(dead_code, reason = "each test file uses its share")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

pub mod moves;
pub mod random;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use plimsoll_core::{
    Amount, Asset, Balance, Decimal, InstrumentId, Order, Portfolio, Position, Price, Quantity, Side, Timestamp,
    Underlying,
};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Held, Model};
use plimsoll_margin::{Account, MarginError};
use plimsoll_pricing::instruments::{EuropeanOption, Instrument, Listing, PremiumStyle};
use plimsoll_pricing::market::Market;
use plimsoll_pricing::market::snapshot::{AssetQuote, ExpiryQuote, MarkQuote, Snapshot, StrikeVol, UnderlyingQuote};

pub const AS_OF: &str = "2026-06-01T07:00:00Z";

/// A market and an account, read from lines:
///
/// ```text
/// index      BTC 60000
/// forward    BTC 2026-06-26T08:00:00Z 60500 vol 0.6
/// price      USDC 0.9998
/// mark       BTC-PERPETUAL 60010
/// position   BTC-PERPETUAL -1000 @ 60000
/// collateral BTC 10
/// order      buy BTC-PERPETUAL 10 @ 59000
/// credit     5000
/// ```
pub struct Book {
    pub market: Market,
    pub account: Account,
}

pub fn decimal(text: &str) -> Decimal {
    text.replace('_', "").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn asset(name: &str) -> Asset {
    name.parse().unwrap()
}

struct Lines {
    snapshot: Snapshot,
    names: Vec<String>,
    positions: Vec<(String, Quantity, Option<Decimal>)>,
    orders: Vec<(Side, String, Quantity, Decimal)>,
    account: Account,
}

pub fn book(text: &str) -> Book {
    let mut lines = Lines {
        snapshot: Snapshot {
            as_of: AS_OF.parse().unwrap(),
            currency: asset("USD"),
            assets: BTreeMap::new(),
            underlyings: BTreeMap::new(),
            marks: BTreeMap::new(),
        },
        names: Vec::new(),
        positions: Vec::new(),
        orders: Vec::new(),
        account: Account::default(),
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        lines.read(&words);
    }
    lines.finish()
}

impl Lines {
    fn read(&mut self, words: &[&str]) {
        match words {
            ["index", name, price] => {
                let quote = UnderlyingQuote {
                    index: decimal(price),
                    quote: asset("USD"),
                    confidence: None,
                    expiries: BTreeMap::new(),
                };
                self.snapshot.underlyings.insert(name.parse().unwrap(), quote);
            }
            ["forward", name, expiry, forward, "vol", vols @ ..] => {
                let underlying: Underlying = name.parse().unwrap();
                let vols = vols.iter().map(|each| match each.split_once('=') {
                    Some((strike, vol)) => StrikeVol { strike: decimal(strike), vol: decimal(vol) },
                    None => StrikeVol { strike: decimal(forward), vol: decimal(each) },
                });
                let quote =
                    ExpiryQuote { forward: Some(decimal(forward)), vols: vols.collect(), ..ExpiryQuote::default() };
                let expiry: Timestamp = expiry.parse().unwrap();
                self.snapshot.underlyings.get_mut(&underlying).unwrap().expiries.insert(expiry, quote);
            }
            ["price", name, price] => {
                let quote = AssetQuote {
                    price: decimal(price),
                    confidence: None,
                    trusted: true,
                    redemption_value: None,
                    depth: None,
                    slow_price: None,
                    debt_price: None,
                };
                self.snapshot.assets.insert(asset(name), quote);
            }
            ["mark", name, price] => {
                let quote = MarkQuote { price: Some(decimal(price)), ..MarkQuote::default() };
                self.snapshot.marks.insert((*name).into(), quote);
                self.names.push((*name).to_owned());
            }
            ["position", name, quantity, rest @ ..] => {
                let entry = (!rest.is_empty()).then(|| decimal(rest[1]));
                self.positions.push(((*name).to_owned(), Quantity(decimal(quantity)), entry));
                self.names.push((*name).to_owned());
            }
            ["collateral", name, amount] => {
                self.account.portfolio.balances.push(Balance::cash(asset(name), decimal(amount)));
            }
            ["order", side, name, quantity, "@", price] => {
                let side = if *side == "buy" { Side::Buy } else { Side::Sell };
                self.orders.push((side, (*name).to_owned(), Quantity(decimal(quantity)), decimal(price)));
                self.names.push((*name).to_owned());
            }
            ["credit", line] => self.account.credit_line = decimal(line),
            ["rating", rating] => self.account.rating = Some((*rating).into()),
            _ => panic!("cannot read {words:?}"),
        }
    }

    fn finish(mut self) -> Book {
        self.names.sort();
        self.names.dedup();
        let instruments = self.names.iter().map(|name| Instrument::from_name(name).unwrap_or_else(|e| panic!("{e}")));
        let listing = Listing::new(instruments.collect()).unwrap();
        let quoted = |name: &str, price: Decimal| Price::new(price, quote_of(&listing, name));
        for (name, quantity, entry) in &self.positions {
            self.account.portfolio.positions.push(Position {
                instrument: listing.id(name).unwrap(),
                quantity: *quantity,
                entry_price: entry.map(|price| quoted(name, price)),
                unsettled_pnl: Decimal::ZERO,
                accrued_funding: Decimal::ZERO,
            });
        }
        for (side, name, quantity, price) in &self.orders {
            self.account.portfolio.orders.push(Order {
                instrument: listing.id(name).unwrap(),
                side: *side,
                quantity: *quantity,
                price: quoted(name, *price),
                reduce_only: false,
            });
        }
        let market = Market::new(Arc::new(self.snapshot), Arc::new(listing)).unwrap_or_else(|e| panic!("{e}"));
        Book { market, account: self.account }
    }
}

/// What an instrument's price is counted in: the coin for an inverse option.
fn quote_of(listing: &Listing, name: &str) -> Asset {
    let instrument = listing.get(listing.id(name).unwrap()).unwrap();
    let terms = instrument.terms();
    if instrument.strike().is_some() { terms.settlement } else { terms.quote }
}

/// An account that holds one of every USDC option on BTC, calls long and puts short, with so many `strikes` from `lowest`
/// up by `step` in each of four expiries, and one perpetual.
pub fn chain(lowest: i64, step: i64, strikes: i64) -> Book {
    let mut text =
        String::from("index BTC 60000\nprice USDC 1\nmark BTC_USDC-PERPETUAL 60000\ncollateral USDC 100000\n");
    let expiries =
        [("26JUN26", "2026-06-26"), ("31JUL26", "2026-07-31"), ("25SEP26", "2026-09-25"), ("25DEC26", "2026-12-25")];
    for (name, day) in expiries {
        writeln!(text, "forward BTC {day}T08:00:00Z 60500 vol 0.6").unwrap();
        for strike in (0..strikes).map(|at| lowest + step * at) {
            writeln!(text, "position BTC_USDC-{name}-{strike}-C 1\nposition BTC_USDC-{name}-{strike}-P -1").unwrap();
        }
    }
    text.push_str("position BTC_USDC-PERPETUAL 1");
    book(&text)
}

impl Book {
    pub fn margin(&self, model: &dyn Model) -> Result<Margin, MarginError> {
        self.margin_of(&self.account, model)
    }

    pub fn margin_of(&self, account: &Account, model: &dyn Model) -> Result<Margin, MarginError> {
        let judge = model.prepare(&self.market, &Held::by([account]))?;
        let margin = Margin::of(account, &self.market, judge.as_ref(), &Policy::default())?;
        let amounts = judge.amounts(account, &margin.assets)?;
        assert_eq!(amounts, (margin.requirement.initial.amount, margin.requirement.maintenance.amount));
        for tree in [&margin.requirement.initial, &margin.requirement.maintenance, &margin.equity.initial] {
            tree.check().unwrap_or_else(|mismatch| panic!("{mismatch}"));
        }
        Ok(margin)
    }

    /// The same with its option `name` margined like a future.
    pub fn futures_style(mut self, name: &str) -> Self {
        let instruments = self.market.listing().iter().map(|(_, instrument)| match instrument {
            Instrument::Option(option) if instrument.name() == name => {
                Instrument::Option(EuropeanOption { premium: PremiumStyle::Futures, ..option.clone() })
            }
            other => other.clone(),
        });
        let listing = Listing::new(instruments.collect()).unwrap();
        self.market = Market::new(Arc::new(self.market.snapshot().clone()), Arc::new(listing)).unwrap();
        self
    }

    /// The same with lots of another size.
    pub fn with_lots(mut self, lot: impl Fn(&str) -> Decimal) -> Self {
        let mut instruments: Vec<Instrument> =
            self.market.listing().iter().map(|(_, instrument)| instrument.clone()).collect();
        for instrument in &mut instruments {
            let size = Quantity(lot(instrument.name()));
            let terms = match instrument {
                Instrument::Spot(of) => &mut of.terms,
                Instrument::Perpetual(of) => &mut of.terms,
                Instrument::Future(of) => &mut of.terms,
                Instrument::Option(of) => &mut of.terms,
                Instrument::PerpetualOption(of) => &mut of.terms,
            };
            terms.lot_size = size;
        }
        let listing = Listing::new(instruments).unwrap();
        self.market = Market::new(Arc::new(self.market.snapshot().clone()), Arc::new(listing)).unwrap();
        self
    }

    pub fn plimsoll(&self) -> Margin {
        self.margin(&Plimsoll::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn id(&self, name: &str) -> InstrumentId {
        self.market.listing().id(name).unwrap()
    }
}

/// The amount of the first node labelled `label` in the initial requirement.
pub fn part(margin: &Margin, label: &str) -> Decimal {
    margin
        .requirement
        .initial
        .find(label)
        .unwrap_or_else(|| panic!("no {label} in {:#?}", margin.requirement.initial))
        .amount
}

pub fn near(left: Decimal, right: &str, tolerance: &str) {
    let right = decimal(right);
    let gap = left.minus(right).unwrap().abs();
    assert!(gap <= decimal(tolerance), "{left} is not {right} within {tolerance}");
}

pub fn portfolio_of(positions: Vec<Position>, balances: Vec<Amount>) -> Portfolio {
    let balances = balances.into_iter().map(|amount| Balance::cash(amount.asset, amount.value)).collect();
    Portfolio { positions, balances, orders: Vec::new() }
}
