#![doc = include_str!("README.md")]

use std::collections::BTreeSet;

use plimsoll_core::{Asset, Decimal, Node, Quantity};
use plimsoll_pricing::instruments::{Instrument, Style};
use plimsoll_pricing::market::Market;

use super::by_position::{ByPosition, Figure, Rules};
use super::tiered::{TieredFutures, by_leverage, named};
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{ByName, Dated, Field, field};
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "binance-coinm";

/// Binance coin-margined futures, cross.
#[derive(Clone, Debug)]
pub struct BinanceCoinm {
    pub(super) futures: TieredFutures,
}

/// As published, the newest first.
const SETS: [Dated; 2] = [
    Dated {
        date: "2021-03",
        read: "BTCUSD: brackets whose cum at 300 BTC is the 11.605 of FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46 as changed after 2021-02; ETHUSD: leverage of FAQ be2c7d9d95b04a7e8044ed02dd7dfe5c (2020-06-11), maintenance read as half of 1 ÷ leverage, as BTCUSD's is; other coins' were not read: they have the last bracket at any size",
        values: &[],
    },
    Dated {
        date: "2020-06",
        read: "BTCUSD: leverage of FAQ be2c7d9d95b04a7e8044ed02dd7dfe5c (2020-06-11), with the cum of FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46 of 2021-02-05: 0.56, 1.81 and 11.81",
        values: &[
            (
                "maintenance.BTC",
                "0:0.004, 10:0.005, 20:0.01, 30:0.025, 50:0.05, 100:0.1, 200:0.125, 400:0.15, 1000:0.25",
            ),
            (
                "initial.BTC",
                "0:0.008, 10:0.01, 20:0.02, 30:0.05, 50:0.1, 100:0.2, 200:0.25, 400:0.333333333333333334, 1000:0.5",
            ),
        ],
    },
];

impl Default for BinanceCoinm {
    fn default() -> Self {
        let btc = by_leverage([
            (0, 125, 40),
            (5, 100, 50),
            (10, 50, 100),
            (20, 20, 250),
            (50, 10, 500),
            (100, 5, 1_000),
            (200, 4, 1_250),
            (400, 3, 1_500),
            (1_000, 2, 2_500),
            (1_500, 1, 5_000),
        ]);
        let eth = by_leverage([
            (0, 100, 50),
            (100, 75, 65),
            (500, 50, 100),
            (1_000, 20, 250),
            (2_000, 10, 500),
            (4_000, 5, 1_000),
            (6_000, 4, 1_250),
            (8_000, 3, 1_500),
            (10_000, 2, 2_500),
        ]);
        let (initial, maintenance) = named(&by_leverage([(0, 1, 5_000)]), &[("BTC", btc), ("ETH", eth)]);
        let leverage = ByName::new(Decimal::from_int(150), []);
        let parameters = ["initial", "maintenance"];
        Self { futures: TieredFutures { initial, maintenance, leverage, parameters } }
    }
}

impl Model for BinanceCoinm {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &SETS }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let futures = &mut self.futures;
        vec![
            field("initial", "share", "initial margin by coins: 1 ÷ leverage", 0, 100, &mut futures.initial),
            field("maintenance", "share", "by pieces of coins", 0, 100, &mut futures.maintenance),
            field("leverage", "leverage", "that the account set, by symbol", 100, 15_000, &mut futures.leverage),
        ]
    }

    fn prepare(&self, market: &Market, _held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let rules = CoinmRules { futures: self.futures.clone(), collateral: CollateralRules::whole() };
        Ok(Box::new(ByPosition { market: market.clone(), rules }))
    }
}

struct CoinmRules {
    futures: TieredFutures,
    collateral: CollateralRules,
}

impl Rules for CoinmRules {
    fn position(
        &self,
        market: &Market,
        instrument: &Instrument,
        quantity: Quantity,
        figure: Figure,
    ) -> Result<Node, MarginError> {
        if instrument.style() != Style::Inverse {
            return Err(MarginError::Unsupported {
                model: NAME,
                what: instrument.terms().name.clone(),
                why: "expected an inverse perpetual or future".to_owned(),
            });
        }
        self.futures.margin(NAME, market, instrument, quantity, figure)
    }

    /// Nothing besides; but the wallets of two coins would stand in for each other here, which the venue's do not.
    fn account(
        &self,
        held: &Account,
        market: &Market,
        assets: &[NetAsset],
        _figure: Figure,
    ) -> Result<Vec<Node>, MarginError> {
        let wallets = wallets(held, market, assets)?;
        let mut wallets = wallets.iter();
        if let (Some(first), Some(second)) = (wallets.next(), wallets.next()) {
            let why = format!("expected one coin an account, as the {first} before it: the venue has a wallet a coin");
            return Err(MarginError::Unsupported { model: NAME, what: second.as_str().into(), why });
        }
        Ok(Vec::new())
    }

    fn collateral(&self) -> &CollateralRules {
        &self.collateral
    }
}

/// The assets that something of the account is in, or would come into: balances and P&L, and what contracts held or
/// ordered settle in.
fn wallets(held: &Account, market: &Market, assets: &[NetAsset]) -> Result<BTreeSet<Asset>, MarginError> {
    let mut all = BTreeSet::new();
    for net in assets {
        if !net.balance()?.is_zero() {
            all.insert(net.asset);
        }
    }
    let positions = held.portfolio.positions.iter().map(|position| position.instrument);
    for id in positions.chain(held.portfolio.orders.iter().map(|order| order.instrument)) {
        let instrument = market.listing().get(id).ok_or_else(MarginError::unknown(id))?;
        if !instrument.only_moves_balances() {
            all.insert(instrument.terms().settlement);
        }
    }
    Ok(all)
}
