//! Derive's published cases as markets and accounts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Asset, Balance, Decimal, Position, Quantity, Timestamp, Underlying};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::{Held, Model};
use plimsoll_margin::{Account, MarginError};
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::instruments::{EuropeanOption, Instrument, Listing, Perpetual, PremiumStyle, Style, Terms};
use plimsoll_pricing::market::{
    AssetQuote, ExpiryConfidence, ExpiryQuote, MarkQuote, Market, Snapshot, StrikeVol, UnderlyingQuote,
};
use serde_json::Value;

/// One published case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) params: Value,
    pub(crate) market: Value,
    pub(crate) portfolio: Value,
    pub(crate) expected: Value,
}

/// The cases of a file among the shared vectors; `None` where they are absent.
pub(crate) fn cases(file: &str) -> Option<Vec<Case>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/derive").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: shared/vectors/derive/{file} absent");
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let case = |value: &Value| Case {
        name: value["name"].as_str().unwrap().to_owned(),
        params: value["params"].clone(),
        market: value["market"].clone(),
        portfolio: value["portfolio"].clone(),
        expected: value["expected"].clone(),
    };
    Some(file["vectors"].as_array().unwrap().iter().map(case).collect())
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn asset(name: &str) -> Asset {
    name.parse().unwrap()
}

const PERPETUAL: &str = "X-PERPETUAL";

impl Case {
    fn expiry(&self, of: &Value) -> Timestamp {
        let now = self.market["now"].as_i64().unwrap();
        let left = of["seconds_to_expiry"].as_i64().unwrap();
        Timestamp::from_nanos((now + left) * Timestamp::NANOS_PER_SECOND)
    }

    fn name_of(&self, of: &Value) -> String {
        match of["type"].as_str().unwrap() {
            "option" => format!("X-{}-{}-{}", of["seconds_to_expiry"], of["strike"], of["right"]),
            _ => PERPETUAL.to_owned(),
        }
    }

    /// Haircuts and whether it moves with the index, as parameters, of every collateral.
    pub(crate) fn haircuts(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for of in self.market["collaterals"].as_array().unwrap() {
            let name = of["asset"].as_str().unwrap();
            let moves = if of["is_risk_cancelling"].as_bool().unwrap() { "1" } else { "0" };
            all.push((format!("risk_cancelling.{name}"), moves.to_owned()));
            all.push((format!("mm_haircut.{name}"), of["mm_haircut"].as_str().unwrap().to_owned()));
            all.push((format!("im_haircut_extra.{name}"), of["im_haircut_extra"].as_str().unwrap().to_owned()));
        }
        all
    }

    fn snapshot(&self) -> Snapshot {
        let market = &self.market;
        let quote = |price: Decimal, confidence: Option<Decimal>| AssetQuote {
            price,
            confidence,
            trusted: true,
            redemption_value: None,
            depth: None,
        };
        let mut assets = BTreeMap::from([(asset("USDC"), quote(decimal(&market["stable_price"]), None))]);
        for of in market["collaterals"].as_array().unwrap() {
            let quoted = quote(decimal(&of["price"]), Some(decimal(&of["confidence"])));
            assets.insert(asset(of["asset"].as_str().unwrap()), quoted);
        }
        let expiry = |of: &Value| {
            let fixed = decimal(&of["forward_fixed"]);
            let vols = of["vols"].as_array().unwrap().iter();
            let mut vols: Vec<StrikeVol> =
                vols.map(|of| StrikeVol { strike: decimal(&of["strike"]), vol: decimal(&of["vol"]) }).collect();
            vols.sort_by_key(|quoted| quoted.strike);
            vols.dedup_by_key(|quoted| quoted.strike);
            let confidence = ExpiryConfidence {
                forward: Some(decimal(&of["forward_confidence"])),
                rate: Some(decimal(&of["rate_confidence"])),
                vol: Some(decimal(&of["vol_confidence"])),
            };
            let quote = ExpiryQuote {
                forward: Some(fixed.plus(decimal(&of["forward_variable"])).unwrap()),
                forward_fixed: Some(fixed),
                rate: Some(decimal(&of["rate"])),
                vols,
                svi: None,
                confidence,
            };
            (self.expiry(of), quote)
        };
        let expiries = market["expiries"].as_array().unwrap().iter().map(expiry).collect();
        let quote = UnderlyingQuote {
            index: decimal(&market["spot"]),
            quote: asset("USD"),
            confidence: Some(decimal(&market["spot_confidence"])),
            expiries,
        };
        let perpetual = MarkQuote {
            price: Some(decimal(&market["perp_price"])),
            confidence: Some(decimal(&market["perp_confidence"])),
            ..MarkQuote::default()
        };
        Snapshot {
            as_of: Timestamp::from_nanos(market["now"].as_i64().unwrap() * Timestamp::NANOS_PER_SECOND),
            currency: asset("USD"),
            assets,
            underlyings: BTreeMap::from([("X".parse::<Underlying>().unwrap(), quote)]),
            marks: BTreeMap::from([(Arc::from(PERPETUAL), perpetual)]),
        }
    }

    fn instrument(&self, of: &Value) -> Instrument {
        let terms = Terms {
            name: self.name_of(of).into(),
            underlying: "X".parse().unwrap(),
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
            expiry: self.expiry(of),
        })
    }

    fn holdings(&self) -> impl Iterator<Item = &Value> {
        let kinds = ["option", "perp"];
        self.portfolio.as_array().unwrap().iter().filter(move |of| kinds.contains(&of["type"].as_str().unwrap()))
    }

    /// The account margined by `model`.
    pub(crate) fn margin(&self, model: &dyn Model) -> Result<Margin, MarginError> {
        let mut instruments: BTreeMap<String, Instrument> = BTreeMap::new();
        for of in self.holdings() {
            instruments.insert(self.name_of(of), self.instrument(of));
        }
        let listing = Arc::new(Listing::new(instruments.into_values().collect()).unwrap());
        let mut account = Account::default();
        for of in self.holdings() {
            let unsettled = of.get("unsettled_plus_unrealized_cash").map_or(Decimal::ZERO, decimal);
            account.portfolio.positions.push(Position {
                instrument: listing.id(&self.name_of(of)).unwrap(),
                quantity: Quantity(decimal(&of["amount"])),
                entry_price: None,
                unsettled_pnl: unsettled,
                accrued_funding: Decimal::ZERO,
            });
        }
        for of in self.portfolio.as_array().unwrap() {
            let held = match of["type"].as_str().unwrap() {
                "cash" => "USD",
                "collateral" => of["asset"].as_str().unwrap(),
                _ => continue,
            };
            account.portfolio.balances.push(Balance::cash(asset(held), decimal(&of["amount"])));
        }
        let market = Market::new(Arc::new(self.snapshot()), listing)?;
        let judge = model.prepare(&market, &Held::by([&account]))?;
        Margin::of(&account, &market, judge.as_ref(), &Policy::default())
    }

    /// Σ of sizes × index, and of collateral values.
    pub(crate) fn gross_notional(&self) -> f64 {
        let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
        let spot = number(&self.market["spot"]);
        let price = |name: &Value| {
            let of = self.market["collaterals"].as_array().unwrap().iter().find(|of| of["asset"] == *name);
            of.map_or(1.0, |of| number(&of["price"]))
        };
        let size = |of: &Value| {
            let amount = number(&of["amount"]).abs();
            match of["type"].as_str().unwrap() {
                "collateral" => amount * price(&of["asset"]),
                "cash" => 0.0,
                _ => amount * spot,
            }
        };
        self.portfolio.as_array().unwrap().iter().map(size).sum()
    }
}
