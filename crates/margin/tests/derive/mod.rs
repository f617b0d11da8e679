//! Derive's published cases as markets and accounts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Asset, Balance, Decimal, Position, Quantity, Timestamp, Underlying};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::{Held, Model, by_name};
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
    /// None in the first version.
    fn collaterals(&self) -> &[Value] {
        self.market["collaterals"].as_array().map_or(&[], Vec::as_slice)
    }

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
        for of in self.collaterals() {
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
            slow_price: None,
            debt_price: None,
        };
        let mut assets = BTreeMap::from([(asset("USDC"), quote(decimal(&market["stable_price"]), None))]);
        for of in self.collaterals() {
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
                "base" => "X",
                "collateral" => of["asset"].as_str().unwrap(),
                _ => continue,
            };
            account.portfolio.balances.push(Balance::cash(asset(held), decimal(&of["amount"])));
        }
        let market = Market::new(Arc::new(self.snapshot()), listing)?;
        let judge = model.prepare(&market, &Held::by([&account]))?;
        let margin = Margin::of(&account, &market, judge.as_ref(), &Policy::default())?;
        let amounts = judge.amounts(&account, &margin.assets)?;
        assert_eq!(amounts, (margin.requirement.initial.amount, margin.requirement.maintenance.amount));
        Ok(margin)
    }

    /// Σ of sizes × index, and of collateral values.
    pub(crate) fn gross_notional(&self) -> f64 {
        let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
        let spot = number(&self.market["spot"]);
        let price = |name: &Value| {
            let of = self.collaterals().iter().find(|of| of["asset"] == *name);
            of.map_or(1.0, |of| number(&of["price"]))
        };
        let size = |of: &Value| {
            let amount = number(&of["amount"]).abs();
            match of["type"].as_str().unwrap() {
                "collateral" => amount * price(&of["asset"]),
                "cash" => 0.0,
                // Perpetuals, options and the base asset.
                _ => amount * spot,
            }
        };
        self.portfolio.as_array().unwrap().iter().map(size).sum()
    }
}

/// The model called `name` with a case's parameters.
pub(crate) fn model(name: &str, params: &Value) -> Result<Box<dyn Model>, MarginError> {
    let mut model = by_name(name).unwrap();
    for (name, value) in params.as_object().unwrap() {
        match value {
            Value::Array(moves) => model.set(name, &moves.iter().map(one_move).collect::<Vec<_>>().join(", "))?,
            // The first version counts its floor in seconds.
            Value::Number(seconds) => model.set("dte_floor_days", &(seconds.as_i64().unwrap() / 86_400).to_string())?,
            value => model.set(name, value.as_str().unwrap())?,
        }
    }
    Ok(model)
}

fn one_move(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap();
    let damping = one.get("dampening").map_or(String::new(), |damping| format!(" @{}", damping.as_str().unwrap()));
    format!("{} {}{damping}", text("spot_shock"), text("vol_shock"))
}

/// Judges a case; the worst departure in units of its tolerance, and what departs.
pub(crate) fn departure(name: &str, case: &Case) -> (f64, String) {
    let mut model = model(name, &case.params).unwrap();
    for (name, value) in case.haircuts() {
        model.set(&name, &value).unwrap();
    }
    let margin = case.margin(model.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let executed = &case.expected["executed"];
    let worst = margin.requirement.maintenance.find("worst scenario").unwrap();
    let mut figures = vec![
        ("mm".to_owned(), margin.equity.maintenance.amount.minus(margin.requirement.maintenance.amount).unwrap()),
        ("im".to_owned(), margin.equity.initial.amount.minus(margin.requirement.initial.amount).unwrap()),
        ("basis_contingency".to_owned(), worst.children().first().map_or(Decimal::ZERO, |node| node.amount.negated())),
    ];
    for (at, node) in worst.children().iter().skip(1).enumerate() {
        figures.push((format!("scenario_pnl[{at}]"), node.amount.negated()));
    }
    assert_eq!(margin.requirement.initial.check().unwrap(), margin.requirement.initial.amount, "{}", case.name);
    assert_eq!(margin.requirement.maintenance.check().unwrap(), margin.requirement.maintenance.amount, "{}", case.name);
    let expected = |name: &str| match name.strip_prefix("scenario_pnl[") {
        Some(at) => &executed["scenario_pnl"][at.trim_end_matches(']').parse::<usize>().unwrap()],
        None => &executed[name],
    };
    let gross = case.gross_notional();
    let mut found = (0.0, String::new());
    for (name, value) in figures {
        let want: f64 = expected(&name).as_str().unwrap().parse().unwrap();
        let got: f64 = value.to_string().parse().unwrap();
        let off = (got - want).abs() / (1e-8 * want.abs().max(1e-4 * gross)).max(1e-12);
        if off > found.0 {
            found = (off, format!("{}: {name} {got} for {want}", case.name));
        }
    }
    found
}

/// Runs every case of a file; how many were run, or `None` without the file.
pub(crate) fn run(name: &str, file: &str) -> Option<usize> {
    let (mut worst, mut failed, mut run) = ((0.0, String::new()), Vec::new(), 0);
    for case in &cases(file)? {
        if case.market.is_null() {
            let refused = model(name, &case.params).err();
            assert!(refused.is_some_and(|error| error.to_string().contains("scenarios")), "{}", case.name);
            continue;
        }
        run += 1;
        let found = departure(name, case);
        if found.0 > 1.0 {
            failed.push(found.clone());
        }
        if found.0 > worst.0 {
            worst = found;
        }
    }
    println!("{run} cases, worst {:.3} of the tolerance: {}", worst.0, worst.1);
    assert!(failed.is_empty(), "{} of {run} failed: {failed:#?}", failed.len());
    Some(run)
}
