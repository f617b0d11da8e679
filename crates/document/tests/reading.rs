//! What documents say once they are read, and what is said of those that cannot be.

use plimsoll_core::{Asset, Side, Timestamp};
use plimsoll_document::{DocumentErrors, Format, Mode, Request, merge, parse};

const BOOK: &str = include_str!("documents/book.json");
const YAML: &str = include_str!("documents/book.yaml");
const TOML: &str = include_str!("documents/book.toml");

/// A document of one account, with these parts.
fn document(instruments: &str, account: &str) -> String {
    format!(
        r#"{{"as_of": "2024-08-05T08:00:00Z", "currency": "USD",
            "market": {{"assets": {{"USDC": {{"price": "0.9998"}}}},
                       "underlyings": {{"ETH": {{"index": "2405.10", "quote": "USD"}}}}}},
            "instruments": [{instruments}],
            "accounts": [{{"id": "a", {account}}}]}}"#
    )
}

fn json(text: &str) -> Result<Request, DocumentErrors> {
    Request::read(text.as_bytes(), Format::Json)
}

/// What is said against a document; nothing where it is accepted.
fn refused(text: &str) -> Vec<String> {
    let errors = json(text).map_or_else(|errors| errors.errors, |_| Vec::new());
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_is_read_whole() {
    let request = json(BOOK).expect("a good document");
    let warnings: Vec<String> = request.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["accounts[0].leverage: not used by any model yet"]);
    let account = &request.accounts[0];
    assert_eq!((account.model.as_deref(), account.mode), (Some("deribit-portfolio@2026-02"), Some(Mode::Portfolio)));
    assert_eq!(account.model_path, "accounts[0].model");
    let names = ["ETH-27DEC24-3000-C", "BTC-PERPETUAL", "ETH-LATE"];
    for (position, name) in account.portfolio.positions.iter().zip(names) {
        assert_eq!(request.listing.get(position.instrument).expect("listed").name(), name);
    }
    // An inverse option is quoted in coin, an inverse perpetual in its quote.
    let quotes = account.portfolio.positions.iter().map(|position| position.entry_price.map(|price| price.quote));
    let asset = |name: &str| name.parse::<Asset>().expect("a name");
    assert_eq!(quotes.collect::<Vec<_>>(), [Some(asset("ETH")), Some(asset("USD")), None]);
    assert_eq!(account.portfolio.orders[0].side, Side::Buy);
    assert_eq!(account.portfolio.net_balance(asset("USDC")).expect("fits").to_string(), "-1310.5 USDC");
    let late = request.listing.id("ETH-LATE").expect("listed");
    assert!(request.unsettled.contains(&late));
    let expiry: Timestamp = "2024-12-27T08:00:00Z".parse().expect("an instant");
    let eth = &request.market.underlyings[&"ETH".parse().expect("a name")];
    assert_eq!(eth.expiries[&expiry].vols[1].vol.to_string(), "0.62");
    assert_eq!(request.parameters["deribit-portfolio@2026-02"], [("price_range".to_owned(), "0.16".to_owned())]);
}

#[test]
fn yaml_and_toml_say_the_same() {
    let yaml = Request::read(YAML.as_bytes(), Format::Yaml).expect("good YAML");
    let toml = Request::read(TOML.as_bytes(), Format::Toml).expect("good TOML");
    assert_eq!((&yaml.market, &yaml.listing, &yaml.accounts), (&toml.market, &toml.listing, &toml.accounts));
    let sorted = |request: &Request| {
        let mut changes = request.parameters["plimsoll"].clone();
        changes.sort();
        changes.into_iter().map(|(path, value)| format!("{path}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(sorted(&yaml), ["on=true", "tiers.0.limit=1e3", "tiers.1.limit=2000"]);
    assert_eq!(sorted(&toml), sorted(&yaml));
}

#[test]
fn numbers_keep_every_digit() {
    let request =
        json(&document("", r#""collateral": [{"asset": "USDC", "amount": 12345678901234567.123456789012345678}]"#));
    let balance = &request.expect("good").accounts[0].portfolio.balances[0];
    assert_eq!(balance.cash.to_string(), "12345678901234567.123456789012345678");
}

#[test]
fn errors_are_reported_together() {
    let text = BOOK.replace("\"0.9998\"", "NaN").replace("\"as_of\"", "\"as_off\"");
    assert_eq!(
        refused(&text),
        ["line 7 column 25: NaN, expected a finite number, text, true, false, null, a list or an object"]
    );
    let text = BOOK.replace("\"0.9998\"", "\"NaN\"").replace("\"35\"", "\"many\"").replace("\"buy\"", "\"long\"");
    assert_eq!(
        refused(&text),
        [
            "market.assets.USDC.price: \"NaN\", expected a decimal above zero",
            "accounts[0].collateral[0].amount: \"many\", expected a decimal such as -0.05 or \"-0.05\"",
            "accounts[0].orders[0].side: \"long\", expected one of \"buy\", \"sell\"",
        ]
    );
}

#[test]
fn a_thousand_errors_print_twenty() {
    let bad = vec![r#"{"asset": "USDC", "amount": "x"}"#; 5_000].join(",");
    let errors = json(&document("", &format!(r#""collateral": [{bad}]"#))).expect_err("refused");
    assert_eq!((errors.total, errors.errors.len()), (5_000, 1_000));
    assert_eq!(errors.to_string().lines().count(), 21);
    assert!(errors.to_string().ends_with("and 4980 more"));
}

#[test]
fn duplicates_are_errors() {
    let positions = r#""positions": [{"instrument": "ETH-PERPETUAL", "quantity": 1}, {"instrument": "ETH-PERPETUAL", "quantity": 1}]"#;
    assert_eq!(
        refused(&document("", positions)),
        ["accounts[0].positions[1].instrument: \"ETH-PERPETUAL\", expected each instrument once an account"]
    );
    let balances = r#""collateral": [{"asset": "USDC", "amount": 1}, {"asset": "USDC", "amount": 1}]"#;
    assert_eq!(
        refused(&document("", balances)),
        ["accounts[0].collateral[1].asset: \"USDC\", expected each asset once an account"]
    );
    assert_eq!(refused(&document("", r#""id": "b""#)), ["accounts[0].id: \"b\", given twice, expected it once"]);
    let twice = r#"{"name": "ETH-PERPETUAL"}, {"name": "ETH-PERPETUAL"}"#;
    assert_eq!(
        refused(&document(twice, r#""mode": "cross""#)),
        ["instruments[1].name: \"ETH-PERPETUAL\", expected each instrument once"]
    );
    let accounts = document("", r#""mode": "cross"}, {"id": "a""#);
    assert_eq!(refused(&accounts), ["accounts[1].id: \"a\", expected each account once"]);
    let expiries = document("", "\"mode\": \"cross\"").replace(
        r#""quote": "USD""#,
        r#""quote": "USD", "expiries": {"2024-12-27T08:00:00Z": {}, "2024-12-27T09:00:00+01:00": {}}"#,
    );
    assert_eq!(
        refused(&expiries),
        [
            "market.underlyings.ETH.expiries[\"2024-12-27T09:00:00+01:00\"]: an object of 0 fields, given twice, expected it once"
        ]
    );
}

#[test]
fn unknown_assets_and_instruments_are_named() {
    assert_eq!(
        refused(&document("", r#""collateral": [{"asset": "DOGE", "amount": 1}]"#)),
        [
            "accounts[0].collateral[0].asset: \"DOGE\", expected an asset with a price in USD: in market.assets, or an underlying whose quote has one"
        ]
    );
    assert_eq!(
        refused(&document("", r#""positions": [{"instrument": "SOL-PERPETUAL", "quantity": 1}]"#)),
        [
            "market.underlyings.SOL: missing, expected an index in USD, in which SOL-PERPETUAL of accounts[0].positions[0].instrument is quoted",
        ]
    );
    let unparsable = refused(&document("", r#""positions": [{"instrument": "ether, short", "quantity": 1}]"#));
    assert_eq!(unparsable.len(), 1);
    assert!(unparsable[0].starts_with("accounts[0].positions[0].instrument: \"ether, short\", expected an instrument of `instruments`, or a Deribit or ccxt name"), "{unparsable:?}");
}

#[test]
fn a_contract_in_another_dollar_needs_the_prices_of_both() {
    let priced = document("", r#""positions": [{"instrument": "ETH_USDC-PERPETUAL", "quantity": 1}]"#);
    assert!(json(&priced).is_ok());
    let unpriced = priced.replace(r#""USDC": {"price": "0.9998"}"#, "");
    assert_eq!(
        refused(&unpriced),
        [
            "market.assets.USDC.price: missing, expected a price in USD, for ETH_USDC-PERPETUAL of accounts[0].positions[0].instrument"
        ]
    );
}

#[test]
fn a_wrong_currency_is_an_error() {
    let euros = document("", r#""positions": [{"instrument": "ETH-PERPETUAL", "quantity": 1}]"#)
        .replace(r#""currency": "USD""#, r#""currency": "EUR""#);
    let paths: Vec<String> = json(&euros).expect_err("refused").errors.into_iter().map(|error| error.path).collect();
    assert_eq!(paths, ["market.assets.ETH.price", "market.assets.USD.price"]);
}

#[test]
fn an_expired_contract_counts_only_when_unsettled() {
    let position = r#""positions": [{"instrument": "ETH-26JUL24-3000-C", "quantity": 1}]"#;
    assert_eq!(
        refused(&document("", position)),
        [
            "accounts[0].positions[0].instrument: \"ETH-26JUL24-3000-C\", expected a live instrument, or one listed with \"settlement_state\": \"unsettled\" (it has expired)"
        ]
    );
    let listed = r#"{"name": "ETH-26JUL24-3000-C", "settlement_state": "unsettled"}"#;
    let request = json(&document(listed, position)).expect("unsettled");
    assert_eq!(request.unsettled.len(), 1);
    let order = r#""orders": [{"instrument": "ETH-26JUL24-3000-C", "quantity": 1, "price": 1, "side": "buy"}]"#;
    assert_eq!(
        refused(&document(listed, order)),
        ["accounts[0].orders[0].instrument: \"ETH-26JUL24-3000-C\", expected an instrument that has not expired"]
    );
    let live = r#"{"name": "ETH-27DEC24-3000-C", "settlement_state": "unsettled"}"#;
    assert_eq!(
        refused(&document(live, r#""mode": "cross""#)),
        [
            "instruments[0].settlement_state: \"unsettled\", expected \"live\", or nothing: it expires after 2024-08-05T08:00:00Z"
        ]
    );
}

#[test]
fn quantities_are_whole_lots() {
    let position = |quantity: &str| {
        document(
            r#"{"name": "ETH-PERPETUAL", "contract_size": "10", "lot_size": "0.5"}"#,
            &format!(r#""positions": [{{"instrument": "ETH-PERPETUAL", "quantity": "{quantity}"}}]"#),
        )
    };
    for (quantity, nearest) in [("0.7", "0.5"), ("0.8", "1"), ("-0.7", "-0.5"), ("-0.75", "-1"), ("0.1", "0")] {
        assert_eq!(
            refused(&position(quantity)),
            [format!(
                "accounts[0].positions[0].quantity: \"{quantity}\", expected a multiple of the lot size 0.5, such as {nearest}"
            )]
        );
    }
    json(&position("-1.5")).expect("three lots");
}

#[test]
fn totals_that_overflow_are_errors() {
    let huge = r#""collateral": [{"asset": "USDC", "amount": "1e20", "borrowed": "1.2e20"}]"#;
    assert_eq!(
        refused(&document("", huge)),
        ["accounts[0].collateral[0].amount: \"1e20\", expected amounts of USDC that together stay inside ±1.7e20"]
    );
    let huge = r#""positions": [{"instrument": "ETH-27DEC24", "quantity": "1e18", "entry_price": "1e-10"}]"#;
    assert_eq!(
        refused(&document("", huge)),
        ["accounts[0].positions[0].quantity: \"1e18\", expected amounts of ETH that together stay inside ±1.7e20"]
    );
    // 100 dollars at 1e-18 are 1e20 coins, which fit; the move from there to the index, 2.4e23, does not.
    let tiny = r#""positions": [{"instrument": "ETH-PERPETUAL", "quantity": 100, "entry_price": "1e-18"}]"#;
    assert_eq!(
        refused(&document("", tiny)),
        ["accounts[0].positions[0].quantity: 100, expected amounts of ETH that together stay inside ±1.7e20"]
    );
}

#[test]
fn what_is_not_used_is_never_dropped_in_silence() {
    let positions = (0..3).map(|day| {
        format!(r#"{{"instrument": "ETH-{}DEC24-9-C", "quantity": 1, "cost": "5", "quantty": 2}}"#, day + 10)
    });
    let positions = positions.collect::<Vec<_>>().join(",");
    let request = json(&document("", &format!(r#""positions": [{positions}], "colour": "red""#))).expect("good");
    let warnings: Vec<String> = request.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "accounts[0].colour: unknown field, ignored",
            "accounts[0].positions[0].cost (and 2 more): not used by any model yet",
            "accounts[0].positions[0].quantty (and 2 more): unknown field, ignored; did you mean `quantity`?",
        ]
    );
    let wrong = document("", r#""buckets": [{"id": "b", "top_up_limit": "x"}]"#);
    assert_eq!(refused(&wrong), ["accounts[0].buckets[0].top_up_limit: \"x\", expected a decimal, zero or above"]);
}

#[test]
fn what_would_change_who_is_under_water_is_refused_while_nothing_uses_it() {
    let empty = r#""buckets": [{"id": "b", "collateral": [], "positions": [], "top_up_limit": 5}],
        "positions": [{"instrument": "ETH-PERPETUAL", "quantity": 1, "bucket": null}]"#;
    let warnings = json(&document("", empty)).expect("good").warnings;
    assert_eq!(warnings.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["accounts[0].buckets"]);
    let full = r#""buckets": [{"id": "b", "collateral": [{"asset": "USDC", "amount": 1}], "positions": [{}]}],
        "positions": [{"instrument": "ETH-PERPETUAL", "quantity": 1, "bucket": "b"}],
        "orders": [{"instrument": "ETH-PERPETUAL", "side": "buy", "quantity": 1, "price": 1, "bucket": "b"}]"#;
    let nothing = "expected nothing: buckets are not margined yet";
    assert_eq!(
        refused(&document("", full)),
        [
            format!("accounts[0].buckets[0].collateral: a list of 1, {nothing}"),
            format!("accounts[0].buckets[0].positions: a list of 1, {nothing}"),
            format!("accounts[0].positions[0].bucket: \"b\", {nothing}"),
            format!("accounts[0].orders[0].bucket: \"b\", {nothing}"),
        ]
    );
}

/// A cost without an entry price, a discount factor without a rate, a part without the rest of its forward.
#[test]
fn a_field_nothing_uses_does_not_stand_in_for_one_that_is_used() {
    let held = |cost: &str| {
        refused(&document("", &format!(r#""positions": [{{"instrument": "ETH-PERPETUAL", "quantity": 1, {cost}}}]"#)))
    };
    assert_eq!(
        held(r#""cost": "-5""#),
        [
            "accounts[0].positions[0].cost: \"-5\", expected `entry_price` beside it, which P&L is counted from: no model uses `cost` yet"
        ]
    );
    assert!(held(r#""cost": "-5", "entry_price": 2400"#).is_empty() && held(r#""cost": 0"#).is_empty());
    let expiry = |fields: &str| {
        let expiries = format!(r#""quote": "USD", "expiries": {{"2024-12-27T08:00:00Z": {{{fields}}}}}"#);
        let errors = refused(&document("", r#""mode": "cross""#).replace(r#""quote": "USD""#, &expiries));
        errors
            .into_iter()
            .map(|error| error.replace("market.underlyings.ETH.expiries.2024-12-27T08:00:00Z.", ""))
            .collect::<Vec<_>>()
    };
    for good in [
        r#""discount": 1"#,
        r#""discount": 0.98, "rate": 0.05"#,
        r#""forward_fixed": 0"#,
        r#""forward_fixed": 1200, "forward_variable": 1200, "forward": 2400"#,
        r#""forward_fixed": 1200, "forward_variable": 1200"#,
        r#""forward_variable": 2400"#,
    ] {
        assert!(expiry(good).is_empty(), "{good}: {:?}", expiry(good));
    }
    assert_eq!(
        expiry(r#""discount": 0.98, "forward_fixed": 1200"#),
        [
            "discount: 0.98, expected `rate` beside it, of which it is exp(-rate x years): no model uses `discount` yet",
            "forward_fixed: 1200, expected `forward` beside it, of which it is a part: no model uses `forward_fixed` yet",
        ]
    );
    for (parts, expected) in [
        (
            r#""forward_variable": 0"#,
            "forward_variable: 0, expected with `forward_fixed` a forward of above zero, not 0",
        ),
        (
            r#""forward_fixed": 1, "forward_variable": 2, "forward": 4"#,
            "forward_variable: 2, expected with `forward_fixed` a forward of 4, not 3",
        ),
    ] {
        assert_eq!(expiry(parts), [expected]);
    }
}

#[test]
fn an_index_in_its_own_asset_is_refused() {
    let own = document("", r#""mode": "cross""#).replace(r#""quote": "USD""#, r#""quote": "ETH""#);
    assert_eq!(
        refused(&own),
        ["market.underlyings.ETH.quote: \"ETH\", expected another asset: counted in itself, ETH is always worth one"]
    );
}

#[test]
fn prices_that_hardly_go_together_are_warned_of_with_both_figures() {
    let warnings = |asset: &str, marks: &str| {
        let assets = format!(r#""USDC": {{"price": "0.5"}}, "ETH": {{"price": {asset}}}"#);
        let text = document("", r#""positions": [{"instrument": "ETH-PERPETUAL", "quantity": 1}]"#)
            .replace(r#""USDC": {"price": "0.9998"}"#, &assets)
            .replace(r#""underlyings""#, &format!(r#""marks": {{{marks}}}, "underlyings""#));
        json(&text).expect("good").warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let marked = |name: &str, price: &str| format!(r#""{name}": {{"price": {price}}}"#);
    let near = [
        marked("ETH-PERPETUAL", "3607.65"),
        marked("ETH-27DEC24", "1202.55"),
        marked("ETH_USDC-PERPETUAL", "4800"),
        marked("ETH-27DEC24-9000-C", "0.0001"),
    ];
    // 5 % of 2,405.10 is 120.255.
    for asset in ["2525.355", "2284.845"] {
        assert_eq!(warnings(asset, &near.join(",")), Vec::<String>::new());
    }
    let far = [
        marked("ETH-PERPETUAL", "3607.66"),
        marked("ETH-27DEC24", "1202.54"),
        marked("ETH_USDC-PERPETUAL", "2405.09"),
        marked("ETH/USD", "1"),
    ];
    let said = [
        "market.assets.ETH.price: 2525.36, more than 5 % from 2405.1, which market.underlyings.ETH.index says it is",
        "market.marks.ETH-27DEC24.price: 1202.54, more than 50 % from its index, 2405.1 USD",
        "market.marks.ETH-PERPETUAL.price: 3607.66, more than 50 % from its index, 2405.1 USD",
        "market.marks.ETH_USDC-PERPETUAL.price: 2405.09, more than 50 % from its index, 4810.2 USDC",
    ];
    assert_eq!(warnings("2525.36", &far.join(",")), said);
    assert_eq!(warnings("2284.84", "").len(), 1);
}

/// No price of BTC is published: the index of its name stands in, as it does when prices are asked for.
#[test]
fn an_index_prices_the_asset_a_contract_is_quoted_in() {
    let held = r#""collateral": [{"asset": "BTC", "amount": 1}],
        "positions": [{"instrument": "ETH/BTC:BTC", "quantity": 1}]"#;
    let bare = document("", held);
    let paths: Vec<String> = json(&bare).expect_err("no price of BTC").errors.into_iter().map(|it| it.path).collect();
    assert_eq!(paths, ["market.assets.BTC.price", "accounts[0].collateral[0].asset"]);
    let with = bare.replace(r#""underlyings": {"#, r#""underlyings": {"BTC": {"index": 60000, "quote": "USD"}, "#);
    assert_eq!(refused(&with), Vec::<String>::new());
}

#[test]
fn subaccounts_are_accounts() {
    let text = document(
        "",
        r#""model": "plimsoll", "leverage": 5, "subaccounts": [
            {"id": "x", "collateral": [{"asset": "USDC", "amount": 1}]},
            {"id": "y", "model": "cross", "subaccounts": [{"id": "z"}]}]"#,
    );
    let request = json(&text).expect("good");
    let said: Vec<_> =
        request.accounts.iter().map(|it| (it.id.as_str(), it.model.as_deref(), it.model_path.as_str())).collect();
    assert_eq!(
        said,
        [("a/x", Some("plimsoll"), "accounts[0].model"), ("a/y/z", Some("cross"), "accounts[0].subaccounts[1].model"),]
    );
    assert!(request.accounts.iter().all(|account| account.leverage == Some(5.into())));
}

#[test]
fn files_merge_into_one_document() {
    let market = r#"{"as_of": "2024-08-05T08:00:00Z", "currency": "USD",
        "market": {"underlyings": {"ETH": {"index": "2405.1", "quote": "USD"}}}, "instruments": [{"name": "ETH-PERPETUAL"}]}"#;
    let book = r#"{"currency": "USD", "instruments": [{"name": "ETH-PERPETUAL"}],
        "accounts": [{"id": "a", "positions": [{"instrument": "ETH-PERPETUAL", "quantity": 1}]}]}"#;
    let parts = |market: &'static str| {
        let read = |text: &'static str| parse(text.as_bytes(), Format::Json).expect("JSON");
        vec![("book.json".to_owned(), read(book)), ("market.json".to_owned(), read(market))]
    };
    let whole = merge(parts(market)).expect("no contradiction");
    assert_eq!(Request::from_value(&whole).expect("good").accounts.len(), 1);
    let other = Box::leak(market.replace("USD\",", "EUR\",").into_boxed_str());
    assert_eq!(
        merge(parts(other)).expect_err("two currencies").to_string(),
        "currency: \"EUR\" in market.json, expected \"USD\", as an earlier file says"
    );
}

#[test]
fn what_is_no_document_says_where() {
    let cases: [(&[u8], Format, &str); 9] = [
        (b"{\"as_of\": \xff}", Format::Json, "line 1 column 11: byte 0xff, expected UTF-8"),
        (b"", Format::Json, "line 1 column 1: EOF while parsing a value, expected JSON"),
        (b"[1, 2", Format::Json, "line 1 column 5: EOF while parsing a list, expected JSON"),
        (
            b"{\"a\": -Infinity}",
            Format::Json,
            "line 1 column 8: Infinity, expected a finite number, text, true, false, null, a list or an object",
        ),
        (b"{} {}", Format::Json, "line 1 column 4: trailing characters, expected JSON"),
        (b"a: [1", Format::Yaml, "line 2 column 1: while parsing a flow sequence, expected ',' or ']', expected YAML"),
        (b"a: 1\n---\nb: 2\n", Format::Yaml, "line 2 column 1: a second document, expected one document a file"),
        (
            b"a = ",
            Format::Toml,
            "line 1 column 5: string values must be quoted, expected literal string, expected TOML",
        ),
        (b"a = 1\na = 2", Format::Toml, "line 2 column 1: duplicate key, expected TOML"),
    ];
    for (bytes, format, message) in cases {
        assert_eq!(parse(bytes, format).expect_err("refused").to_string(), message);
    }
    assert_eq!(
        refused("[]"),
        ["document: a list of 0, expected an object: a margin request: a market, instruments, accounts and parameters"]
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let json = parse(deep("[", "]").as_bytes(), Format::Json).map(drop).expect_err("refused");
    assert!(json.expected.contains("at most 127"), "{json}");
    let yaml = parse(deep("[", "]").as_bytes(), Format::Yaml).map(drop).expect_err("refused");
    assert!(yaml.expected.contains("at most 127"), "{yaml}");
    let text = format!("a = {}", deep("[", "]"));
    let toml = parse(text.as_bytes(), Format::Toml).map(drop).expect_err("refused");
    assert!(toml.expected.contains("at most 127"), "{toml}");
}

#[test]
fn aliases_cannot_grow_without_bound() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(","));
    }
    let error = parse(bomb.as_bytes(), Format::Yaml).expect_err("refused");
    assert!(error.to_string().contains("at most 1000000 copied nodes"), "{error}");
}

#[test]
fn a_million_positions() {
    let position = r#"{"instrument":"ETH-PERPETUAL","quantity":"1"},"#;
    let positions = position.repeat(1_000_000);
    let text = document("", &format!(r#""positions": [{}]"#, positions.trim_end_matches(',')));
    let errors = json(&text).expect_err("one position an instrument");
    assert_eq!((errors.total, errors.errors.len()), (999_999, 1_000));
}
