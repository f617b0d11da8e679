//! Assets, underlyings, models, contracts.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Quantity, Timestamp};
use plimsoll_engine::market::TrustRule;
use plimsoll_engine::state::{AssetRules, Lines, UnderlyingRules};
use plimsoll_engine::{Command, House};
use plimsoll_margin::level::Policy;
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{EuropeanOption, Future, Instrument, Perpetual, PremiumStyle, Spot, Style, Terms};
use plimsoll_pricing::market::index::IndexRule;

use super::{amount, asset, underlying};

/// Coins with an index, and what each begins at, in thousandths.
pub const COINS: [(&str, i64); 3] = [("BTC", 60_000_000), ("ETH", 3_000_000), ("SOL", 150_000)];
/// Models accounts are margined by.
pub const MODELS: [&str; 4] = ["plimsoll", "cross", "isolated", "okx-discount"];
/// Perpetuals are the first contracts: an inverse one, then one a coin.
pub const PERPETUALS: usize = 4;
/// Spot comes after them: ETH, BTC.
pub const SPOT: [usize; 2] = [4, 5];
/// Seconds of the mean before an expiry.
pub const WINDOW_S: u32 = 60;

/// How prices become trusted: a little stricter than the default, so that silence tells within a run.
#[must_use]
pub fn trust() -> TrustRule {
    let rule = TrustRule::default();
    let index = IndexRule { age_ns_max: 5 * Timestamp::NANOS_PER_SECOND, ..rule.index };
    TrustRule { index, decay: vec![(0, Decimal::ONE), (10, Decimal::new(9, 1)), (60, Decimal::ZERO)], ..rule }
}

/// The rules of an asset that is lent at `rate_per_mille` a year.
#[must_use]
pub fn asset_rules(rate_per_mille: i64, cap: Option<i64>) -> AssetRules {
    AssetRules { trust: trust(), borrow_rate: Decimal::new(rate_per_mille, 3), cap: cap.map(Decimal::from_int) }
}

/// A model under its own name.
#[must_use]
pub fn model(
    name: &str,
    parameters: Vec<(Arc<str>, Arc<str>)>,
    policy: Policy,
    from: Timestamp,
    ramp_s: u32,
) -> Command {
    let lines = Lines { policy, call_s: 90 };
    Command::SetModel { name: name.into(), model: name.into(), parameters, lines, from, ramp_s }
}

/// Everything that is there before the first account.
#[must_use]
pub fn commands(now: Timestamp) -> Vec<Command> {
    let mut all = Vec::new();
    let rates =
        [("USDC", 80, None), ("BTC", 20, None), ("ETH", 30, None), ("SOL", 50, None), ("OLD", 0, Some(60_000_000))];
    for (name, rate, cap) in rates {
        all.push(Command::ListAsset { asset: asset(name), rules: asset_rules(rate, cap) });
    }
    for (coin, _) in COINS {
        let rules = UnderlyingRules { quote: asset("USD"), trust: trust(), settlement_window_s: WINDOW_S };
        all.push(Command::ListUnderlying { underlying: underlying(coin), rules });
    }
    all.extend(contracts().into_iter().map(|instrument| Command::ListContract { instrument }));
    let far = now.plus_seconds(25 * 86_400).unwrap_or(now);
    all.extend(
        series("FAR", far, &COINS.map(|(_, index)| index))
            .into_iter()
            .map(|instrument| Command::ListContract { instrument }),
    );
    all.extend(MODELS.map(|name| model(name, Vec::new(), Policy::default(), now, 0)));
    for (coin, units) in [("USDC", 20_000_000), ("BTC", 200), ("ETH", 4_000)] {
        all.push(Command::FundHouse { house: House::Lending, amount: amount(Decimal::from_int(units), coin) });
    }
    all
}

fn terms(name: String, coin: &str, quote: &str, settlement: &str, size: Decimal, lot: Decimal) -> Terms {
    Terms {
        name: name.into(),
        underlying: underlying(coin),
        quote: asset(quote),
        settlement: asset(settlement),
        contract_size: size,
        lot_size: Quantity(lot),
    }
}

fn contracts() -> Vec<Instrument> {
    let perpetual = |terms, style| Instrument::Perpetual(Perpetual { terms, style, funding_interval_s: 28_800 });
    let linear = |coin: &str, lot| {
        let terms = terms(format!("{coin}_USDC-PERPETUAL"), coin, "USDC", "USDC", Decimal::ONE, lot);
        perpetual(terms, Style::Linear)
    };
    let spot = |coin: &str, lot| {
        Instrument::Spot(Spot { terms: terms(format!("{coin}_USDC"), coin, "USDC", "USDC", Decimal::ONE, lot) })
    };
    let inverse = terms("BTC-PERPETUAL".to_owned(), "BTC", "USD", "BTC", Decimal::from_int(10), Decimal::ONE);
    vec![
        perpetual(inverse, Style::Inverse),
        linear("BTC", Decimal::new(1, 3)),
        linear("ETH", Decimal::new(1, 2)),
        linear("SOL", Decimal::new(1, 1)),
        spot("ETH", Decimal::new(1, 2)),
        spot("BTC", Decimal::new(1, 3)),
    ]
}

/// Dated contracts called `label`, with strikes near `indices`: of BTC an inverse future, call and put, paid in coin; of
/// ETH a call paid in dollars and a put that is margined like a future; of SOL a future.
#[must_use]
pub fn series(label: &str, expiry: Timestamp, indices: &[i64; 3]) -> Vec<Instrument> {
    let option = |terms, style, premium, right, strike| {
        Instrument::Option(EuropeanOption { terms, style, premium, right, strike, expiry })
    };
    let (tenth, hundredth) = (Decimal::new(1, 1), Decimal::new(1, 2));
    let strike = |at: usize, per_cent: i64, step: i64| {
        let wanted = indices[at] / 100 * per_cent;
        Decimal::new((wanted / step).max(1) * step, 3)
    };
    let coin = |name: &str| terms(format!("BTC-{label}-{name}"), "BTC", "USD", "BTC", Decimal::ONE, tenth);
    let dollar = |name: &str| terms(format!("ETH-{label}-{name}"), "ETH", "USDC", "USDC", Decimal::ONE, tenth);
    let future = |terms, style| Instrument::Future(Future { terms, style, expiry });
    let inverse = terms(format!("BTC-{label}"), "BTC", "USD", "BTC", Decimal::from_int(10), Decimal::ONE);
    let linear = terms(format!("SOL-{label}"), "SOL", "USDC", "USDC", Decimal::ONE, hundredth);
    vec![
        future(inverse, Style::Inverse),
        option(coin("C"), Style::Inverse, PremiumStyle::Paid, Right::Call, strike(0, 92, 500_000)),
        option(coin("P"), Style::Inverse, PremiumStyle::Paid, Right::Put, strike(0, 108, 500_000)),
        option(dollar("C"), Style::Linear, PremiumStyle::Paid, Right::Call, strike(1, 104, 25_000)),
        option(dollar("P"), Style::Linear, PremiumStyle::Futures, Right::Put, strike(1, 97, 25_000)),
        future(linear, Style::Linear),
    ]
}

/// Assets that people hold.
#[must_use]
pub fn held() -> [Asset; 5] {
    ["USDC", "BTC", "ETH", "SOL", "OLD"].map(asset)
}
