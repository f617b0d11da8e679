//! A desk joins a document to its models: names, labels, parameters, and accounts that fail alone.
#![expect(clippy::expect_used, reason = "a document of our own that cannot be read has failed the test")]

use plimsoll::document::Format;
use plimsoll::{Desk, DocumentErrors, Level, Request};

/// A document with `accounts` and `parameters`, in YAML.
fn desk(accounts: &str, parameters: &str) -> Result<Desk, DocumentErrors> {
    let text = format!(
        "{{as_of: \"2026-01-05T08:00:00Z\", currency: USD,
          market: {{underlyings: {{BTC: {{index: 60000, quote: USD}}, ETH: {{index: 2500, quote: USD}}}}}},
          accounts: [{accounts}], parameters: {{{parameters}}}}}"
    );
    Desk::open(Request::read(text.as_bytes(), Format::Yaml).expect("a good document"))
}

/// An account `id` with some settings, long 600,000 dollars of BTC on 100,000.
fn account(id: &str, settings: &str) -> String {
    format!(
        "{{id: {id}, {settings} collateral: [{{asset: USD, amount: 100000}}],
          positions: [{{instrument: BTC-PERPETUAL, quantity: 600000, entry_price: 60000}}]}}"
    )
}

fn initial(desk: &Desk, at: usize) -> String {
    format!("{:.2}", desk.margin(&desk.accounts()[at]).expect("a margin").requirement.initial.amount)
}

#[test]
fn an_account_without_a_model_has_the_one_its_mode_means() {
    let settings = [
        "",
        "mode: isolated,",
        "mode: cross,",
        "mode: multi_currency,",
        "mode: portfolio,",
        "mode: portfolio, model: cross,",
    ];
    let accounts: Vec<String> = settings.iter().enumerate().map(|(at, s)| account(&format!("a{at}"), s)).collect();
    let desk = desk(&accounts.join(", "), "").unwrap();
    let models: Vec<&str> = desk.accounts().iter().map(|entry| &*entry.model).collect();
    assert_eq!(models, ["plimsoll", "isolated", "cross", "cross", "plimsoll", "cross"]);
}

/// 600,000 at 1 % is 6,000; the document asks for 3 %, and under the label for 4 %.
#[test]
fn parameters_reach_the_model_they_name_and_a_label_adds_to_it() {
    let accounts = [account("plain", "model: cross,"), account("tight", "model: cross@tight,")].join(", ");
    let plain = desk(&account("plain", "model: cross,"), "").unwrap();
    assert_eq!(initial(&plain, 0), "6000.00");
    let changed =
        desk(&accounts, "cross: {initial: {BTC: \"0:0.03\"}}, cross@tight: {initial.BTC: \"0:0.04\"}").unwrap();
    assert_eq!((initial(&changed, 0), initial(&changed, 1)), ("18000.00".into(), "24000.00".into()));
    let inherited = desk(&accounts, "cross: {initial: {BTC: \"0:0.03\"}}, cross@tight: {option_initial: 0.2}").unwrap();
    assert_eq!(initial(&inherited, 1), "18000.00");
}

#[test]
fn the_policy_is_a_parameter_too() {
    let fill = |parameters: &str| {
        let desk = desk(&account("a", "model: cross,"), parameters).unwrap();
        format!("{:.2}", desk.margin(&desk.accounts()[0]).unwrap().levels.at(Level::Fill).requirement)
    };
    // Between 3,000 and 6,000.
    assert_eq!((fill(""), fill("policy: {fill: 0.9}")), ("5250.00".into(), "5700.00".into()));
}

#[test]
fn everything_wrong_is_reported_by_its_path() {
    let wrong = desk(
        &[account("a", "model: spam,"), account("b", "model: cross@old,")].join(", "),
        "cross: {initial: 5, nothing: 1}, policy: {fill: 2}, spam: {x: 1}, plimsoll: {price_range: {BTC: 0.95}}",
    );
    let errors = wrong.err().expect("errors");
    let paths: Vec<&str> = errors.errors.iter().map(|error| error.path.as_str()).collect();
    let expected = [
        "parameters.cross.initial",
        "parameters.cross.nothing",
        "parameters.plimsoll.price_range.BTC",
        "parameters.policy.fill",
        "parameters.spam",
        "accounts[0].model",
        "accounts[1].model",
    ];
    assert_eq!((paths.as_slice(), errors.total), (expected.as_slice(), expected.len()));
    assert!(errors.to_string().contains("\"0.95\", expected a share from 0.01 to 0.9"), "{errors}");
}

/// Options on ETH have no volatility here: those accounts fail with the reason, and the judges of
/// the others say what each account asked alone is told.
#[test]
fn judges_leave_out_only_the_accounts_that_cannot_be_judged() {
    let bad = "{id: bad, positions: [{instrument: ETH-27MAR26-3000-C, quantity: 1}]}";
    let good = |at: usize| account(&format!("good{at}"), "model: plimsoll,");
    for bad_at in [0, 3, 7] {
        let mut accounts: Vec<String> = (0..7).map(good).collect();
        accounts.insert(bad_at, bad.to_owned());
        let desk = desk(&accounts.join(", "), "").unwrap();
        let judges = desk.judges();
        for (at, entry) in desk.accounts().iter().enumerate() {
            let together = judges.margin(at);
            assert_eq!(together, desk.margin(entry));
            assert_eq!(together.is_err(), at == bad_at);
        }
    }
}
