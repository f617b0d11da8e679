//! Every field of a document, wrong in every way: refused with one error that names it, or accepted
//! for a reason that stands here.

use plimsoll_document::{Format, Request, Value, parse};

const BOOK: &str = include_str!("documents/book.json");

#[derive(Clone, Debug)]
enum Step {
    Field(String),
    Item(usize),
}

fn text(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Item(place) => out += &format!("[{place}]"),
            Step::Field(name) if out.is_empty() => out += name,
            Step::Field(name) => out += &format!(".{name}"),
        }
    }
    out
}

/// The path of every scalar.
fn leaves(value: &Value<'_>, path: &[Step], found: &mut Vec<Vec<Step>>) {
    let below = |step: Step| [path, &[step]].concat();
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(value, &below(Step::Field(name.to_string())), found));
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(place, value)| leaves(value, &below(Step::Item(place)), found));
        }
        _ => found.push(path.to_vec()),
    }
}

/// Replaces what stands at `path`, or removes it; false where nothing stands there.
fn replace(value: &mut Value<'static>, path: &[Step], new: Option<&Value<'static>>) -> bool {
    let Some((step, rest)) = path.split_first() else { return false };
    match (value, step) {
        (Value::Object(fields), Step::Field(name)) => {
            let Some(place) = fields.iter().position(|(key, _)| key == name) else { return false };
            match new {
                _ if !rest.is_empty() => return replace(&mut fields[place].1, rest, new),
                Some(new) => fields[place].1 = new.clone(),
                None => drop(fields.remove(place)),
            }
        }
        (Value::List(items), Step::Item(place)) if !rest.is_empty() => return replace(&mut items[*place], rest, new),
        _ => return false,
    }
    true
}

fn wrongs() -> Vec<(&'static str, Option<Value<'static>>)> {
    let text = |text: &str| Some(Value::Text(text.to_owned().into()));
    vec![
        ("missing", None),
        ("null", Some(Value::Null)),
        ("NaN", text("NaN")),
        ("-1", text("-1")),
        ("zero", text("0")),
        ("1e40", text("1e40")),
        ("number 1e40", Some(Value::Number("1e40".into()))),
        ("huge", text(&"9".repeat(100_000))),
        ("empty", text("")),
        ("true", Some(Value::Bool(true))),
        ("list", Some(Value::List(vec![Value::Null]))),
        ("object", Some(Value::Object(vec![("nothing".into(), Value::Null)]))),
    ]
}

/// What a wrong field is answered with.
#[derive(Debug, PartialEq)]
enum Answer {
    Here,
    Accepted,
    /// One or more errors elsewhere, the first at this path.
    At(&'static str),
}

/// Fields that may be left out; what is then assumed stands in the schema.
const OPTIONAL: &[&str] = &[
    "source",
    "redemption_value",
    "depth",
    "confidence",
    "trusted",
    "forward",
    "rate",
    "vol",
    "bid",
    "ask",
    "funding_rate",
    "open_interest",
    "settlement",
    "premium_style",
    "exercise",
    "funding_interval_s",
    "funding_period_s",
    "model",
    "mode",
    "borrowed",
    "accrued_interest",
    "reserved",
    "entry_price",
    "position_side",
    "unsettled_pnl",
    "accrued_funding",
    "reduce_only",
    "credit_line",
    "rating",
    "leverage",
    "maker",
    "taker",
    "price_range",
];
/// Decimals that may be negative.
const SIGNED: &[&str] =
    &["rate", "funding_rate", "a", "m", "amount", "quantity", "unsettled_pnl", "accrued_funding", "maker", "taker"];
/// Decimals that may be zero, beside those that may be negative.
const ZERO: &[&str] = &[
    "depth",
    "confidence",
    "b",
    "rho",
    "bid",
    "ask",
    "open_interest",
    "borrowed",
    "accrued_interest",
    "reserved",
    "credit_line",
];
/// Text that means nothing here, or that others judge.
const FREE: &[&str] = &["source", "model", "id", "rating", "price_range"];

fn expected(path: &str, wrong: &str) -> Answer {
    let field = path.rsplit('.').next().unwrap_or_default();
    let mark = path.starts_with("market.marks.");
    if let Some(answer) = special(path, field, wrong) {
        return answer;
    }
    let accepted = match wrong {
        "missing" | "null" => {
            OPTIONAL.contains(&field) && !path.ends_with("vols[0].vol") && !path.ends_with("vols[1].vol")
                || (mark && field == "price")
        }
        "-1" => SIGNED.contains(&field) || FREE.contains(&field),
        "zero" => SIGNED.contains(&field) || ZERO.contains(&field) || FREE.contains(&field),
        "NaN" | "1e40" | "huge" => FREE.contains(&field),
        "number 1e40" | "true" | "empty" => field == "price_range",
        _ => false,
    };
    if accepted { Answer::Accepted } else { Answer::Here }
}

fn special(path: &str, field: &str, wrong: &str) -> Option<Answer> {
    let is_name = matches!(wrong, "NaN" | "-1" | "zero" | "1e40");
    let absent = matches!(wrong, "missing" | "null");
    Some(match (path, wrong) {
        // Whatever parses as a name may be one: what it names is then missing.
        ("currency", _) if is_name => Answer::At("market.assets.USD.price"),
        ("instruments[0].underlying", _) if is_name => Answer::At("instruments[0].settlement"),
        ("instruments[1].underlying" | "instruments[4].underlying", _) if is_name => Answer::Accepted, // Not in use.
        ("instruments[2].underlying", _) if is_name => Answer::Accepted,                               // Not in use.
        ("instruments[3].underlying", "NaN") => Answer::At("market.underlyings.NaN"),
        ("instruments[3].underlying", "-1") => Answer::At("market.underlyings.-1"),
        ("instruments[3].underlying", "zero") => Answer::At("market.underlyings.0"),
        ("instruments[3].underlying", "1e40") => Answer::At("market.underlyings.1e40"),
        ("instruments[0].quote", "NaN") => Answer::At("market.assets.NaN.price"),
        ("instruments[0].quote", "-1") => Answer::At("market.assets.-1.price"),
        ("instruments[0].quote", "zero") => Answer::At("market.assets.0.price"),
        ("instruments[0].quote", "1e40") => Answer::At("market.assets.1e40.price"),
        ("instruments[1].quote", _) if is_name => Answer::At("instruments[1].settlement"),
        ("instruments[3].quote", _) if is_name => Answer::At("instruments[3].settlement"),
        ("instruments[4].quote", _) if is_name => Answer::At("instruments[4].settlement"),
        ("instruments[2].quote" | "instruments[2].settlement", _) if is_name => Answer::Accepted, // Not in use.
        ("market.underlyings.SOL.quote", _) if is_name => Answer::Accepted,                       // Not in use.
        // A contract under another name is another contract, and the old name may still say its terms.
        ("instruments[0].name" | "instruments[1].name" | "instruments[2].name" | "instruments[4].name", _)
            if is_name || wrong == "huge" =>
        {
            Answer::Accepted
        }
        ("instruments[3].name", _) if is_name || wrong == "huge" => Answer::At("accounts[0].positions[2].instrument"),
        ("instruments[3].name", _) => Answer::At("instruments[3].name"),
        // Required of a quanto contract only.
        ("instruments[2].settlement", _) if absent => Answer::Here,
        // Without a kind, the name must say the terms, and other fields may not.
        ("instruments[0].kind", _) if absent => Answer::At("instruments[0].underlying"),
        ("instruments[1].kind" | "instruments[2].kind" | "instruments[3].kind" | "instruments[4].kind", _)
            if absent =>
        {
            return Some(Answer::At(match path.as_bytes()[12] {
                b'1' => "instruments[1].underlying",
                b'2' => "instruments[2].underlying",
                b'3' => "instruments[3].underlying",
                _ => "instruments[4].underlying",
            }));
        }
        ("instruments[1].contract_size", _) if absent => Answer::Accepted, // A unit of spot is a unit.
        // Without a style, a rate has no meaning.
        ("instruments[2].style", _) => Answer::At("instruments[2].quanto_rate"),
        ("instruments[3].settlement_state", _) if absent => Answer::At("accounts[0].positions[2].instrument"),
        // An option may have cost nothing, and may be worth nothing.
        ("market.marks.ETH-27DEC24-3000-C.price" | "accounts[0].positions[0].entry_price", "zero") => Answer::Accepted,
        ("accounts[0].positions[1].quantity", "-1") => Answer::At("accounts[0].positions[1].position_side"),
        ("accounts[0].orders[0].quantity", _) => Answer::Here, // An order's side is its sign.
        ("accounts[0].fee_rates.maker" | "accounts[0].fee_rates.taker", _) if absent => Answer::Accepted,
        // The model judges its parameters; a list or an object is a parameter's too.
        (_, "list" | "object") if field == "price_range" => Answer::At(if wrong == "list" {
            "parameters.deribit-portfolio@2026-02.price_range[0]"
        } else {
            "parameters.deribit-portfolio@2026-02.price_range.nothing"
        }),
        (_, "null") if field == "price_range" => Answer::Here,
        (_, "true") if matches!(field, "trusted" | "reduce_only") => Answer::Accepted,
        (_, "NaN" | "1e40" | "huge" | "-1" | "zero") if field == "id" => Answer::Accepted,
        _ => return None,
    })
}

#[test]
fn every_field_wrong_in_every_way() {
    let good = parse(BOOK.as_bytes(), Format::Json).expect("JSON");
    Request::from_value(&good).expect("a good document");
    let mut paths = Vec::new();
    leaves(&good, &[], &mut paths);
    assert!(paths.len() > 100, "{} fields", paths.len());
    let mut unexpected = Vec::new();
    for path in &paths {
        for (name, wrong) in wrongs() {
            let at = text(path);
            let mut document = good.clone();
            assert!(replace(&mut document, path, wrong.as_ref()), "{at} is not a path of the document");
            let result = Request::from_value(&document);
            let answer = expected(&at, name);
            let fits = match (&result, &answer) {
                (Ok(_), Answer::Accepted) => true,
                (Err(errors), Answer::Here) => errors.total == 1 && errors.errors[0].path == at,
                (Err(errors), Answer::At(elsewhere)) => errors.errors.iter().any(|error| error.path == *elsewhere),
                _ => false,
            };
            if let Err(errors) = &result {
                assert!(errors.to_string().lines().all(|line| line.len() < 500), "a long line: {errors}");
            }
            if !fits {
                let got = result.map_or_else(|errors| errors.to_string(), |_| "accepted".to_owned());
                unexpected.push(format!("{at} {name}: expected {answer:?}, got {got}"));
            }
        }
    }
    assert!(unexpected.is_empty(), "{} of them:\n{}", unexpected.len(), unexpected.join("\n"));
}
