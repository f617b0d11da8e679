//! What is wrong is said once, by its path, with the documented exit code.

mod support;

use support::{plimsoll, plimsoll_with};

/// A good document, with `was` replaced by `is`.
fn broken(was: &str, is: &str) -> String {
    let good = r#"{
        "as_of": "2026-01-05T08:00:00Z", "currency": "USD",
        "market": {"assets": {"USDC": {"price": "0.9995"}}, "underlyings": {"BTC": {"index": "60000", "quote": "USD"}}},
        "accounts": [{"id": "a", "collateral": [{"asset": "USDC", "amount": "1000"}],
                      "positions": [{"instrument": "BTC-PERPETUAL", "quantity": "100"}]}],
        "parameters": {"cross": {"option_initial": "0.15"}}
    }"#;
    assert!(good.contains(was), "{was}");
    good.replace(was, is)
}

#[test]
fn a_wrong_document_names_the_path_and_what_was_expected() {
    for (was, is, said) in [
        (r#""0.9995""#, r#""NaN""#, "market.assets.USDC.price"),
        (r#""0.9995""#, r#""-1""#, "market.assets.USDC.price"),
        (r#""amount": "1000""#, r#""amount": "1e40""#, "accounts[0].collateral[0].amount"),
        ("BTC-PERPETUAL", "BTC-NONSENSE", "accounts[0].positions[0].instrument"),
        (
            r#""id": "a","#,
            r#""id": "a", "model": "spam","#,
            "accounts[0].model: \"spam\", expected one of plimsoll, cross",
        ),
        (r#""id": "a","#, r#""id": "a", "model": "cross@old","#, "accounts[0].model: \"cross@old\""),
        ("option_initial", "option_inital", "parameters.cross.option_inital: an unknown parameter, expected one of"),
        (r#""0.15""#, r#""7""#, "parameters.cross.option_initial: \"7\", expected a share from 0 to 1"),
        (r#"{"cross""#, r#"{"crossed""#, "parameters.crossed: an unknown name, expected a model"),
        (r#""as_of": "2026-01-05T08:00:00Z","#, "", "as_of: missing"),
        ("}\n    }", "}", "standard input: line"),
    ] {
        let ran = plimsoll_with(&["margin", "-"], &broken(was, is));
        assert_eq!(ran.code, 2, "{is}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.err.starts_with("error: "), "{is}: {}", ran.err);
        assert!(ran.out.is_empty(), "{}", ran.out);
    }
}

#[test]
fn several_wrongs_are_said_together() {
    let document = broken(r#""id": "a","#, r#""id": "a", "model": "spam","#).replace("0.15", "x");
    let ran = plimsoll_with(&["margin", "-"], &document);
    assert!(
        ran.err.contains("accounts[0].model") && ran.err.contains("parameters.cross.option_initial"),
        "{}",
        ran.err
    );
}

#[test]
fn wrong_usage_is_two() {
    for (arguments, said) in [
        (&["margin"][..], "FILE"),
        (&["margin", "absent.json"], "absent.json"),
        (&["margin", "one.toml", "--account", "nobody"], "no account is called \"nobody\": expected one of linear"),
        (&["margin", "market.json"], "no accounts"),
        (&["margin", "one.toml", "--model", "spam"], "--model: \"spam\", expected one of plimsoll"),
        (&["margin", "one.toml", "--set", "cross.nothing=1"], "parameters.cross.nothing"),
        (&["margin", "one.toml", "--set", "cross"], "expected MODEL.NAME=VALUE"),
        (&["margin", "-", "-"], "once"),
        (&["whatif", "one.toml"], "nothing changes"),
        (&["whatif", "one.toml", "--trade", "SPAM=1"], "expected an instrument of the document"),
        (&["whatif", "one.toml", "--move", "DOGE=-10%"], "expected one of the market's underlyings, SOL"),
        (&["whatif", "one.toml", "--move", "-100%"], "above -100%"),
        (&["whatif", "one.toml", "--order", "hold SOL_USDC-PERPETUAL 1 @ 150"], "or sell"),
        (&["models", "spam"], "no margin model is called \"spam\""),
        (&["import", "one.toml"], "one.toml"),
    ] {
        let ran = plimsoll(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
}

/// An option on an underlying without any volatility cannot be priced; the other account can.
#[test]
fn an_account_that_cannot_be_answered_takes_no_other_with_it() {
    let second = r#"]}, {"id": "no-vol", "positions": [{"instrument": "BTC-27MAR26-60000-C", "quantity": "1"}]}],"#;
    let document = broken("]}],", second);
    for question in ["margin", "explain", "greeks", "matrix", "liquidation"] {
        let ran = plimsoll_with(&[question, "-", "-f", "json"], &document);
        assert_eq!(ran.code, 1, "{question}: {}", ran.err);
        assert!(ran.err.contains("account no-vol: BTC-27MAR26-60000-C"), "{question}: {}", ran.err);
        let all: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&all["accounts"][0]["account"], &all["errors"][0]["account"]), (&"a".into(), &"no-vol".into()));
    }
}

#[test]
fn a_check_is_three_when_an_account_is_below_maintenance() {
    let book = ["market.json", "book.yaml"];
    let check = |more: &[&'static str]| plimsoll(&[&["margin"][..], &book, more].concat()).code;
    assert_eq!(check(&[]), 0);
    assert_eq!(check(&["--check"]), 3);
    assert_eq!(check(&["--check", "--account", "desk-7"]), 0);
}

#[test]
fn an_unknown_field_is_a_warning_and_no_more() {
    let ran = plimsoll_with(&["margin", "-"], &broken(r#""id": "a","#, r#""id": "a", "leverge": "3","#));
    assert_eq!(ran.code, 0);
    assert!(ran.err.starts_with("warning: accounts[0].leverge"), "{}", ran.err);
}

#[test]
fn what_a_document_says_cannot_steer_the_terminal() {
    let ran = plimsoll_with(&["margin", "-", "--color", "always"], &broken(r#""id": "a""#, r#""id": "a\u001b[2J""#));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("\x1b[2J"), "{:?}", ran.out);
}
