//! Derive's standard margin against figures its own contracts returned.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Balance, Decimal, Position, Quantity, Timestamp};
use plimsoll_margin::Account;
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::{Held, by_name};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{EuropeanOption, Instrument, Listing, Perpetual, PremiumStyle, Style, Terms};
use plimsoll_pricing::market::{
    AssetQuote, ExpiryConfidence, ExpiryQuote, MarkQuote, Market, Snapshot, StrikeVol, UnderlyingQuote,
};
use serde_json::Value;
use support::{asset, book, near};

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn expiry(of: &Value) -> Timestamp {
    Timestamp::from_nanos(of["seconds_to_expiry"].as_i64().unwrap() * Timestamp::NANOS_PER_SECOND)
}

fn name_of(of: &Value) -> String {
    let market = of["market"].as_str().unwrap();
    match of["type"].as_str().unwrap() {
        "perp" => format!("{market}-PERPETUAL"),
        _ => format!("{market}-{}-{}-{}", of["seconds_to_expiry"], of["strike"], of["right"]),
    }
}

fn snapshot(of: &Value) -> Snapshot {
    let stable = AssetQuote {
        price: decimal(&of["stable_price"]),
        confidence: None,
        trusted: true,
        redemption_value: None,
        depth: None,
        slow_price: None,
        debt_price: None,
    };
    let (mut underlyings, mut marks) = (BTreeMap::new(), BTreeMap::new());
    for market in of["markets"].as_array().unwrap() {
        let name = market["market"].as_str().unwrap();
        let quoted = |of: &Value| {
            let vols = of["vols"].as_array().unwrap().iter();
            let mut vols: Vec<StrikeVol> =
                vols.map(|of| StrikeVol { strike: decimal(&of["strike"]), vol: decimal(&of["vol"]) }).collect();
            vols.sort_by_key(|quoted| quoted.strike);
            vols.dedup_by_key(|quoted| quoted.strike);
            let confidence = ExpiryConfidence {
                forward: Some(decimal(&of["forward_confidence"])),
                rate: None,
                vol: Some(decimal(&of["vol_confidence"])),
            };
            (
                expiry(of),
                ExpiryQuote { forward: Some(decimal(&of["forward"])), vols, confidence, ..ExpiryQuote::default() },
            )
        };
        let quote = UnderlyingQuote {
            index: decimal(&market["spot"]),
            quote: asset("USD"),
            confidence: Some(decimal(&market["spot_confidence"])),
            expiries: market["expiries"].as_array().unwrap().iter().map(quoted).collect(),
        };
        underlyings.insert(name.parse().unwrap(), quote);
        let perpetual = MarkQuote {
            price: Some(decimal(&market["perp_price"])),
            confidence: Some(decimal(&market["perp_confidence"])),
            ..MarkQuote::default()
        };
        marks.insert(Arc::from(format!("{name}-PERPETUAL")), perpetual);
    }
    let assets = BTreeMap::from([(asset("USDC"), stable)]);
    Snapshot { as_of: Timestamp::from_nanos(0), currency: asset("USD"), assets, underlyings, marks }
}

fn instrument(of: &Value) -> Instrument {
    let terms = Terms {
        name: name_of(of).into(),
        underlying: of["market"].as_str().unwrap().parse().unwrap(),
        quote: asset("USD"),
        settlement: asset("USD"),
        contract_size: Decimal::ONE,
        lot_size: Quantity(Decimal::new(1, 12)),
    };
    if of["type"] == "perp" {
        return Instrument::Perpetual(Perpetual { terms, style: Style::Linear, funding_interval_s: 3_600 });
    }
    Instrument::Option(EuropeanOption {
        terms,
        style: Style::Linear,
        premium: PremiumStyle::Paid,
        right: if of["right"] == "call" { Right::Call } else { Right::Put },
        strike: decimal(&of["strike"]),
        expiry: expiry(of),
    })
}

fn margin(case: &Value) -> Margin {
    let mut model = by_name("derive-standard").unwrap();
    for name in ["depeg_threshold", "depeg_factor"] {
        model.set(name, case["params"][name].as_str().unwrap()).unwrap();
    }
    for (market, params) in case["params"]["markets"].as_object().unwrap() {
        for (name, value) in params.as_object().unwrap() {
            model.set(&format!("{name}.{market}"), value.as_str().unwrap()).unwrap();
        }
    }
    let held = case["portfolio"].as_array().unwrap();
    let contracts: BTreeMap<String, Instrument> = held
        .iter()
        .filter(|of| ["option", "perp"].contains(&of["type"].as_str().unwrap()))
        .map(|of| (name_of(of), instrument(of)))
        .collect();
    let listing = Arc::new(Listing::new(contracts.into_values().collect()).unwrap());
    let mut account = Account::default();
    for of in held {
        let amount = decimal(&of["amount"]);
        match of["type"].as_str().unwrap() {
            "cash" => account.portfolio.balances.push(Balance::cash(asset("USD"), amount)),
            "base" => account.portfolio.balances.push(Balance::cash(asset(of["market"].as_str().unwrap()), amount)),
            _ => account.portfolio.positions.push(Position {
                instrument: listing.id(&name_of(of)).unwrap(),
                quantity: Quantity(amount),
                entry_price: None,
                unsettled_pnl: of.get("unsettled_plus_unrealized_cash").map_or(Decimal::ZERO, decimal),
                accrued_funding: Decimal::ZERO,
            }),
        }
    }
    let market = Market::new(Arc::new(snapshot(&case["market"])), listing).unwrap();
    let judge = model.prepare(&market, &Held::by([&account])).unwrap();
    Margin::of(&account, &market, judge.as_ref(), &Policy::default())
        .unwrap_or_else(|error| panic!("{}: {error}", case["name"]))
}

#[test]
fn every_shared_case_is_what_the_contracts_return() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/derive/standard_manager.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: shared/vectors/derive/standard_manager.json absent");
        return;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let (mut failed, mut worst, mut run): (Vec<String>, f64, usize) = (Vec::new(), 0.0, 0);
    for case in file["vectors"].as_array().unwrap() {
        run += 1;
        let margin = margin(case);
        margin.requirement.initial.check().unwrap();
        margin.requirement.maintenance.check().unwrap();
        let executed = &case["expected"]["executed"];
        let figures = [
            ("mm", margin.equity.maintenance.amount, margin.requirement.maintenance.amount),
            ("im", margin.equity.initial.amount, margin.requirement.initial.amount),
        ];
        for (name, equity, requirement) in figures {
            let got: f64 = equity.minus(requirement).unwrap().to_string().parse().unwrap();
            let want: f64 = executed[name].as_str().unwrap().parse().unwrap();
            let off = (got - want).abs() / want.abs().max(1.0);
            worst = worst.max(off);
            if off > 1e-9 {
                failed.push(format!("{}: {name} {got} for {want}", case["name"]));
            }
        }
    }
    println!("{run} cases, worst relative error {worst:e}");
    assert!(failed.is_empty() && run > 0, "{} of {run}: {failed:#?}", failed.len());
}

/// Derive v2-core, standard manager case `test_short_call_low_vol_and_fwd_confidence`: a confidence of
/// 0.4 − 10⁻¹⁸ is below a threshold of 0.4, and 10⁻¹⁸ more is not.
#[test]
fn a_confidence_one_unit_below_its_threshold_is_below_it() {
    let doubt = |confidence: &str| {
        let mut book = book(
            "index ETH 2000\nprice USDC 1\nforward ETH 2026-06-26T08:00:00Z 2000 vol 0.6
                             position ETH_USDC-26JUN26-2000-C -1",
        );
        let mut snapshot = book.market.snapshot().clone();
        for quote in snapshot.underlyings.values_mut().flat_map(|quote| quote.expiries.values_mut()) {
            quote.confidence.vol = Some(confidence.parse().unwrap());
        }
        book.market = Market::new(Arc::new(snapshot), Arc::new(book.market.listing().clone())).unwrap();
        let mut model = by_name("derive-standard").unwrap();
        model.set("oc_option_threshold", "0.4").unwrap();
        model.set("oc_factor", "0.4").unwrap();
        let margin = book.margin(model.as_ref()).unwrap();
        margin.requirement.initial.find("lacking confidence").map_or(Decimal::ZERO, |node| node.amount)
    };
    near(doubt("0.399999999999999999"), "480", "0.000000000001");
    assert_eq!(doubt("0.4"), Decimal::ZERO);
}

#[test]
fn a_spread_asks_its_width_and_other_expiries_do_not_offset() {
    let asked = |positions: &str| {
        let lines = format!(
            "index BTC 60000\nprice USDC 1\nforward BTC 2026-06-26T08:00:00Z 60500 vol 0.6
             forward BTC 2026-12-25T08:00:00Z 62000 vol 0.6\n{positions}"
        );
        let margin = book(&lines).margin(by_name("derive-standard").unwrap().as_ref()).unwrap();
        margin.requirement.maintenance.amount.minus(margin.equity.maintenance.amount).unwrap()
    };
    let spread = "position BTC_USDC-26JUN26-60000-C -1\nposition BTC_USDC-26JUN26-61000-C 1";
    near(asked(spread), "1000", "0.000000001");
    let calendar = "position BTC_USDC-26JUN26-60000-C -1\nposition BTC_USDC-25DEC26-60000-C 1";
    let alone = "position BTC_USDC-26JUN26-60000-C -1";
    near(asked(calendar), &asked(alone).to_string(), "0.000000001");
}

#[test]
fn what_has_no_rule_is_refused() {
    let inverse = book("index BTC 60000\nmark BTC-PERPETUAL 60000\nposition BTC-PERPETUAL 10");
    let error = inverse.margin(by_name("derive-standard").unwrap().as_ref()).unwrap_err().to_string();
    assert!(error.starts_with("derive-standard cannot margin BTC-PERPETUAL: expected"), "{error}");
}
