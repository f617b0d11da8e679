//! Every parameter of every model at both of its bounds, on the book that the model's page speaks of.
#![expect(clippy::panic, reason = "a book that does not read fails the test")]

use plimsoll::document::{Format, Request};
use plimsoll::margin::MarginError;
use plimsoll::margin::answers::margin::Margin;
use plimsoll::margin::models::{Held, Model, NAMES, by_name};
use plimsoll::{Decimal, Desk};

fn fresh(name: &str) -> Box<dyn Model> {
    by_name(name).unwrap_or_else(|error| panic!("{error}"))
}

/// A parameter at `value`, in the shape that `shown`, its default, has.
fn written(field: &str, shown: &str, value: Decimal) -> String {
    match shown {
        _ if field == "commodity_spreads" => format!("+BTC -ETH @{value}"),
        shown if shown.contains("rest:") => format!("rest:{value}"),
        shown if shown.contains(" @") && shown.contains('/') => format!("+/1 -/1 @{value}"),
        shown if shown.contains(':') => format!("0:{value}"),
        _ => value.to_string(),
    }
}

#[test]
fn every_parameter_works_at_both_bounds_and_is_refused_beyond_them() {
    let mut tried = 0;
    for name in NAMES {
        let example = fresh(name).about().example;
        let request = Request::read(example.as_bytes(), Format::Yaml);
        let desk = Desk::open(request.unwrap_or_else(|error| panic!("{name}: {error}")));
        let desk = desk.unwrap_or_else(|error| panic!("{name}: {error}"));
        let account = &desk.accounts()[0].account;
        let fields: Vec<_> = fresh(name)
            .fields()
            .iter()
            .map(|field| (field.name, field.low, field.high, field.values()[0].1.clone()))
            .filter(|(field, ..)| *field != "scenarios")
            .collect();
        for (field, low, high, shown) in fields {
            for value in [low, high] {
                let mut model = fresh(name);
                let text = written(field, &shown, value);
                if let Err(error) = model.set(field, &text) {
                    panic!("{name} {field} {text}: {error}");
                }
                let judge = model.prepare(desk.market(), &Held::by([account]));
                let margin = judge.and_then(|judge| Margin::of(account, desk.market(), judge.as_ref(), desk.policy()));
                match margin {
                    Ok(margin) => {
                        let Margin { requirement, equity, .. } = margin;
                        for tree in [requirement.initial, requirement.maintenance, equity.initial] {
                            assert!(tree.check().is_ok(), "{name} {field} {text}");
                        }
                    }
                    // Two parameters that must stand in their order.
                    Err(MarginError::Parameter { expected, .. }) if expected.contains('_') => {}
                    Err(error) => panic!("{name} {field} {text}: {error}"),
                }
                tried += 1;
            }
            let beyond = high.plus(Decimal::ONE).unwrap_or(high);
            let error = fresh(name).set(field, &written(field, &shown, beyond)).err().map(|error| error.to_string());
            assert!(error.is_some_and(|error| error.contains(field)), "{name} {field}");
        }
    }
    assert!(tried > 400, "{tried}");
}
