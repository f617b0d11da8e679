//! `greeks`: how a book's worth changes, by position, by expiry, by underlying.

use plimsoll::margin::answers::greeks::{BookGreeks, PositionGreeks, Sensitivity};
use plimsoll::pricing::instruments::SettlementGreeks;
use plimsoll::pricing::market::VolSource;
use serde_json::{Value, json};

use crate::answer::{Answers, Csv, ask, heading, or_empty, remark, title};
use crate::args::{Asked, Format};
use crate::color::Tone;
use crate::figures::{expiry, float, places, quantity};
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Column, Table, points, text};

/// Answers `plimsoll greeks`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let desk = input::open(asked, screen)?;
    let answers = ask(&desk, screen, |_, entry| desk.greeks(entry));
    let text = match asked.format {
        Format::Table => {
            let mut out = String::new();
            for (place, (entry, book)) in answers.given.iter().enumerate() {
                out.push_str(if place > 0 { "\n" } else { "" });
                title(&desk, entry, "Greeks", &mut out);
                out.push('\n');
                shown(book, &mut out);
            }
            out
        }
        Format::Json => answers.json(|_, book| json_of(book)),
        Format::Csv => csv(&answers),
    };
    answers.finish(&text, asked.format, screen)
}

/// What each Greek is per; what it is in are the underlying (delta, gamma) and its quote.
const GREEKS: [(&str, &str); 6] = [
    ("delta", "units"),
    ("net delta", "units"),
    ("gamma", "units / 1"),
    ("vega", "quote / pt"),
    ("theta", "quote / day"),
    ("rho", "quote / 1 %"),
];

fn values(of: &Sensitivity) -> [f64; 6] {
    [of.delta, of.delta_net, of.gamma, of.vega, of.theta, of.rho]
}

fn shown(book: &BookGreeks, out: &mut String) {
    let by_underlying: Vec<_> =
        book.underlyings.iter().map(|(underlying, of)| (vec![underlying.to_string()], of)).collect();
    section("by underlying, the coin's own balance counted as delta", &["underlying"], &by_underlying, out);
    let by_expiry: Vec<_> =
        book.expiries.iter().map(|(underlying, at, of)| (vec![underlying.to_string(), expiry(*at)], of)).collect();
    section("by expiry", &["underlying", "expiry"], &by_expiry, out);
    in_settlement(book, out);
    let by_position: Vec<_> = book
        .positions
        .iter()
        .map(|held| (vec![held.name.to_string(), quantity(held.quantity.0), vol(held)], &held.sensitivity))
        .collect();
    section("by position", &["instrument", "contracts", "vol"], &by_position, out);
    out.push('\n');
    remark(
        "delta, gamma: units of the underlying per 1 of price. Net delta: less the premium of coin-settled options.",
        out,
    );
    remark("vega per vol point, theta per day, rho per 1 % of the rate: in the quote of the underlying.", out);
    if book.positions.iter().any(|held| held.vol.is_some_and(|vol| vol.source == VolSource::Surface)) {
        remark("~ from the surface: nothing is quoted at that strike.", out);
    }
}

/// The same in what contracts settle in: a desk that keeps its books in coin reads these.
fn in_settlement(book: &BookGreeks, out: &mut String) {
    if book.settlements.is_empty() {
        return;
    }
    heading("in what contracts settle in", out);
    let units = [("delta", "paid / 1"), ("gamma", "paid / 1 / 1"), ("vega", "paid / pt"), ("theta", "paid / day")];
    let heads = [text("underlying"), text("paid in")];
    let mut table = Table::new(heads.into_iter().chain(units.map(|(name, unit)| points(name).in_unit(unit))));
    let values = |of: &SettlementGreeks| [of.delta, of.gamma, of.vega, of.theta];
    let places: Vec<usize> =
        (0..units.len()).map(|at| places(book.settlements.iter().map(|(_, _, of)| values(of)[at])).min(14)).collect();
    for (underlying, asset, of) in &book.settlements {
        let figures = values(of).into_iter().zip(&places).map(|(value, places)| figure(value, *places));
        table.row([underlying.as_str().into(), asset.as_str().into()].into_iter().chain(figures));
    }
    table.render(out);
}

/// `52.1 %`, with a sign where it came from the surface.
fn vol(held: &PositionGreeks) -> String {
    held.vol.map_or_else(String::new, |vol| {
        let mark = if vol.source == VolSource::Surface { "~" } else { "" };
        format!("{mark}{} %", float(vol.value * 100.0, 1))
    })
}

fn section(name: &str, heads: &[&str], rows: &[(Vec<String>, &Sensitivity)], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    heading(name, out);
    let column = |head: &&str| if *head == "contracts" || *head == "vol" { points(*head) } else { text(*head) };
    let heads: Vec<Column> = heads.iter().map(column).collect();
    let mut table = Table::new(heads.into_iter().chain(GREEKS.map(|(name, unit)| points(name).in_unit(unit))));
    let places: Vec<usize> =
        (0..GREEKS.len()).map(|at| places(rows.iter().map(|(_, of)| values(of)[at])).min(10)).collect();
    for (head, of) in rows {
        let figures = values(of).into_iter().zip(&places).map(|(value, places)| figure(value, *places));
        table.row(head.iter().map(|text| text.as_str().into()).chain(figures));
    }
    table.render(out);
}

fn figure(value: f64, places: usize) -> Cell {
    if value.to_bits() << 1 == 0 { Cell::new("·", Tone::Quiet) } else { float(value, places).into() }
}

const fn source(of: VolSource) -> &'static str {
    match of {
        VolSource::Mark => "mark",
        VolSource::Implied => "implied",
        VolSource::Strike => "strike",
        VolSource::Surface => "surface",
    }
}

fn sensitivity(of: &Sensitivity) -> Value {
    json!({
        "delta": of.delta, "delta_net": of.delta_net, "gamma": of.gamma,
        "vega": of.vega, "theta": of.theta, "rho": of.rho,
    })
}

fn settled(of: &SettlementGreeks) -> Value {
    json!({"delta": of.delta, "gamma": of.gamma, "vega": of.vega, "theta": of.theta, "rho": of.rho})
}

fn with(mut fields: Value, of: &Sensitivity) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, sensitivity(of)) {
        fields.extend(more);
    }
    fields
}

fn json_of(book: &BookGreeks) -> Value {
    let positions = book.positions.iter().map(|held| {
        let fields = json!({
            "instrument": &*held.name,
            "underlying": held.underlying.as_str(),
            "expiry": held.expiry.map(|expiry| expiry.to_string()),
            "quantity": held.quantity.to_string(),
            "vol": held.vol.map(|vol| vol.value),
            "vol_source": held.vol.map(|vol| source(vol.source)),
            "settlement": held.settlement.as_str(),
            "in_settlement": settled(&held.in_settlement),
        });
        with(fields, &held.sensitivity)
    });
    let expiries = book.expiries.iter().map(|(underlying, at, of)| {
        with(json!({"underlying": underlying.as_str(), "expiry": at.map(|at| at.to_string())}), of)
    });
    let underlyings =
        book.underlyings.iter().map(|(underlying, of)| with(json!({"underlying": underlying.as_str()}), of));
    let settlements = book.settlements.iter().map(|(underlying, asset, of)| {
        json!({"underlying": underlying.as_str(), "settlement": asset.as_str(), "in_settlement": settled(of)})
    });
    json!({
        "settlements": settlements.collect::<Vec<_>>(),
        "underlyings": underlyings.collect::<Vec<_>>(),
        "expiries": expiries.collect::<Vec<_>>(),
        "positions": positions.collect::<Vec<_>>(),
    })
}

fn csv(answers: &Answers<'_, BookGreeks>) -> String {
    let mut csv = Csv::new([
        "account",
        "by",
        "underlying",
        "expiry",
        "instrument",
        "quantity",
        "vol",
        "vol_source",
        "delta",
        "delta_net",
        "gamma",
        "vega",
        "theta",
        "rho",
    ]);
    for (entry, book) in &answers.given {
        let mut row = |by: &str, underlying: String, at: String, held: Option<&PositionGreeks>, of: &Sensitivity| {
            let [delta, delta_net, gamma, vega, theta, rho] = values(of).map(|value| value.to_string());
            csv.row([
                entry.id.clone(),
                by.to_owned(),
                underlying,
                at,
                or_empty(held.map(|held| &held.name)),
                or_empty(held.map(|held| held.quantity)),
                or_empty(held.and_then(|held| held.vol).map(|vol| vol.value)),
                or_empty(held.and_then(|held| held.vol).map(|vol| source(vol.source))),
                delta,
                delta_net,
                gamma,
                vega,
                theta,
                rho,
            ]);
        };
        for (underlying, of) in &book.underlyings {
            row("underlying", underlying.to_string(), String::new(), None, of);
        }
        for (underlying, at, of) in &book.expiries {
            row("expiry", underlying.to_string(), or_empty(*at), None, of);
        }
        for held in &book.positions {
            row("position", held.underlying.to_string(), or_empty(held.expiry), Some(held), &held.sensitivity);
        }
    }
    csv.into_text()
}
