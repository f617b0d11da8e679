//! Deribit's portfolio margin in the shape of the venue's own answer.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test data that does not read fails the test")]

use std::path::Path;

use plimsoll::document::Format;
use plimsoll::{Desk, Request, simulation};
use serde_json::{Value, json};

/// The venue's answer as a document: sizes in coin are contracts of a dollar at their mark.
fn desk(answer: &Value, model: &str) -> Desk {
    let at = answer["model_params"]["general"]["timestamp"].as_i64().unwrap();
    let at = plimsoll::Timestamp::from_millis(at).unwrap().to_string();
    let position = |(name, size): (&String, &Value)| {
        let size: plimsoll::Decimal = size.to_string().parse().unwrap();
        let mark: plimsoll::Decimal = answer["ticker"][name]["mark_price"].to_string().parse().unwrap();
        let quantity = size.times(mark, plimsoll::core::Rounding::HalfEven).unwrap();
        json!({"instrument": name, "quantity": quantity.to_string()})
    };
    let positions = answer["portfolio"]["position"].as_object().unwrap();
    let marks = positions.keys().map(|name| (name.clone(), json!({"price": answer["ticker"][name]["mark_price"]})));
    let margins = &answer["margins"]["btc"];
    let document = json!({
        "as_of": at,
        "currency": "USD",
        "market": {
            "underlyings": {"BTC": {"index": answer["index_price"]["btc_usd"], "quote": "USD"}},
            "marks": marks.collect::<serde_json::Map<_, _>>(),
        },
        "instruments": positions.keys().map(|name| json!({"name": name, "lot_size": "1e-18"})).collect::<Vec<_>>(),
        "accounts": [{
            "id": "example",
            "model": model,
            "collateral": [{"asset": "BTC", "amount": "1"}],
            "positions": positions.iter().map(position).collect::<Vec<_>>(),
        }],
        "parameters": {
            "deribit-portfolio": {"mmp_margin.BTC": margins["initial_margin_details"]["mmp_margin"]},
        },
    });
    let document = document.to_string();
    let request =
        Request::read(document.as_bytes(), Format::Json).unwrap_or_else(|errors| panic!("{errors}\n{document}"));
    Desk::open(request).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Every number of `published` is in `ours`, or at `left_out`.
fn compare(ours: &Value, published: &Value, path: &str, left_out: &[&str], wrong: &mut Vec<String>, seen: &mut usize) {
    if left_out.iter().any(|end| path.ends_with(end)) {
        return;
    }
    match published {
        Value::Object(fields) => {
            for (name, value) in fields {
                compare(&ours[name], value, &format!("{path}.{name}"), left_out, wrong, seen);
            }
        }
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                compare(&ours[at], value, &format!("{path}.{at}"), left_out, wrong, seen);
            }
        }
        Value::Number(published) => {
            *seen += 1;
            let read = |number: &dyn std::fmt::Display| number.to_string().parse::<f64>().unwrap_or(f64::NAN);
            let (ours, published) = (read(ours), read(published));
            // The venue adds a worst case cut to nine places.
            let summed = path.ends_with(".risk_matrix_margin") || path.ends_with(".maintenance_margin");
            let allowed = if summed { 1e-9 } else { 1e-12_f64.max(1e-12 * published.abs()) };
            if ours.is_nan() || (ours - published).abs() > allowed {
                wrong.push(format!("{path}: {ours} for {published}"));
            }
        }
        other => {
            if ours != other {
                wrong.push(format!("{path}: {ours} for {other}"));
            }
        }
    }
}

/// docs.deribit.com, private/simulate, response example of 2024-06-17: every number of it, from the positions up.
#[test]
fn the_published_answer_comes_out_whole() {
    let path = "../../../shared/venue_payloads/deribit/pme_simulate_btc_docs_example_2024.json";
    let Ok(text) = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)) else {
        println!("skipped: shared/venue_payloads absent");
        return;
    };
    let published: Value = serde_json::from_str(&text).unwrap();
    let published = &published["response"]["result"];
    let desk = desk(published, "deribit-portfolio@2024-06");
    let ours = simulation::json(&desk.simulate(&desk.accounts()[0]).unwrap());
    let (mut wrong, mut seen) = (Vec::new(), 0);
    // Margin of orders is of orders the example does not show, and in its initial margin; no rule is known of equity's side.
    let left_out = ["open_orders_margin", ".initial_margin", "equity_side_impact", "currency.usd"];
    compare(&ours, published, "", &left_out, &mut wrong, &mut seen);
    assert!(wrong.is_empty() && seen > 100, "{seen}: {wrong:#?}");
    let initial = |of: &Value| of["margins"]["btc"]["initial_margin"].to_string().parse::<f64>().unwrap();
    let orders = published["margins"]["btc"]["initial_margin_details"]["open_orders_margin"].as_f64().unwrap();
    // The venue prints its initial margin to nine places.
    assert!((initial(published) - orders - initial(&ours)).abs() < 1e-9, "{}", initial(&ours));
}

/// An account of another model is simulated with the document's parameters; a label's are its own.
#[test]
fn the_parameters_are_the_accounts_own_or_the_documents() {
    let factor = |model: &str, parameters: &str| {
        let document = format!(
            "{{as_of: \"2026-01-05T08:00:00Z\", currency: USD, market: {{underlyings: {{BTC: {{index: 60000, quote: USD}}}}}},
              accounts: [{{id: a, model: {model}, positions: [{{instrument: BTC-PERPETUAL, quantity: 60000}}]}}],
              parameters: {{{parameters}}}}}"
        );
        let desk = Desk::open(Request::read(document.as_bytes(), Format::Yaml).unwrap()).unwrap();
        let answer = simulation::json(&desk.simulate(&desk.accounts()[0]).unwrap());
        answer["model_params"]["general"]["mm_factor"].to_string()
    };
    assert_eq!(factor("cross", ""), "0.8");
    assert_eq!(factor("cross", "deribit-portfolio: {mm_factor: 0.7}"), "0.7");
    assert_eq!(factor("deribit-portfolio@own", "deribit-portfolio@own: {mm_factor: 0.6}"), "0.6");
}
