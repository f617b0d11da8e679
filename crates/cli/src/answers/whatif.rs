//! `whatif`: an account after changes, beside what it is.

use plimsoll::margin::answers::whatif::WhatIf;
use plimsoll::margin::level::{Level, State};
use plimsoll::{Decimal, Desk, Margin};
use serde_json::{Value, json};

use super::tone_of;
use crate::answer::{Csv, ask, or_empty, title};
use crate::args::{Format, WhatIf as Asked};
use crate::changes;
use crate::color::Tone;
use crate::figures::{change, money, percent};
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Answers `plimsoll whatif`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let instruments = changes::instruments(asked)?;
    let desk = input::open_with(&asked.asked, &instruments, screen)?;
    let changes = changes::read(asked, &desk)?;
    let answers = ask(&desk, screen, |_, entry| desk.what_if(entry, &changes).map(Both::from));
    let text = match asked.asked.format {
        Format::Table => {
            let mut out = String::new();
            for (place, (entry, both)) in answers.given.iter().enumerate() {
                out.push_str(if place > 0 { "\n" } else { "" });
                title(&desk, entry, &entry.model, &mut out);
                out.push_str("\n\n");
                shown(&desk, both, &mut out);
            }
            out
        }
        Format::Json => answers.json(|_, both| json_of(both)),
        Format::Csv => {
            let mut csv = Csv::new(["account", "model", "figure", "before", "after", "change"]);
            for (entry, both) in &answers.given {
                let row = |figure: &str, before: String, after: String, change: String| {
                    [entry.id.clone(), entry.model.to_string(), figure.to_owned(), before, after, change]
                };
                csv.row(row("state", both.before.state.to_string(), both.after.state.to_string(), String::new()));
                for (name, before, after) in both.figures() {
                    csv.row(row(name, before.to_string(), after.to_string(), or_empty(after.minus(before).ok())));
                }
            }
            csv.into_text()
        }
    };
    answers.finish(&text, asked.asked.format, screen)
}

struct Both {
    before: Side,
    after: Side,
}

struct Side {
    state: State,
    ratio: Option<Decimal>,
    figures: [Decimal; FIGURES.len()],
}

/// Names for programs, and for people.
const FIGURES: [(&str, &str); 8] = [
    ("equity_initial", "equity, initial"),
    ("equity_maintenance", "equity, maintenance"),
    ("net_value", "net value"),
    ("initial_margin", "initial margin"),
    ("maintenance_margin", "maintenance margin"),
    ("excess_initial", "excess over initial"),
    ("excess_maintenance", "excess over maintenance"),
    ("withdrawable", "withdrawable"),
];

impl From<WhatIf> for Both {
    fn from(answer: WhatIf) -> Self {
        Self { before: answer.before.into(), after: answer.after.into() }
    }
}

impl From<Margin> for Side {
    fn from(margin: Margin) -> Self {
        let (initial, maintenance) = (margin.levels.at(Level::Initial), margin.levels.at(Level::Maintenance));
        let figures = [
            initial.equity,
            maintenance.equity,
            margin.levels.at(Level::NetValue).equity,
            initial.requirement,
            maintenance.requirement,
            initial.excess,
            maintenance.excess,
            margin.withdrawable(),
        ];
        Self { state: margin.state, ratio: margin.ratio(), figures }
    }
}

impl Both {
    fn figures(&self) -> impl Iterator<Item = (&'static str, Decimal, Decimal)> {
        let pairs = self.before.figures.iter().zip(&self.after.figures);
        FIGURES.iter().zip(pairs).map(|((name, _), (before, after))| (*name, *before, *after))
    }
}

fn shown(desk: &Desk, both: &Both, out: &mut String) {
    let currency = desk.market().currency().to_string();
    let column = |name| figures(name).in_unit(&currency);
    let mut table = Table::new([text("figure"), column("before"), column("after"), column("change")]);
    for (place, (_, before, after)) in both.figures().enumerate() {
        if place == 3 || place == 5 {
            table.space();
        }
        let moved = after.minus(before).unwrap_or_default();
        let (name, is_excess) = (FIGURES[place].1, place == 5 || place == 6);
        let figure = |value: Decimal| {
            Cell::new(money(value), if is_excess && value.signum() < 0 { Tone::Bad } else { Tone::Plain })
        };
        let moved = if moved.is_zero() { Cell::new("·", Tone::Quiet) } else { Cell::new(change(moved), Tone::Strong) };
        table.row([name.into(), figure(before), figure(after), moved]);
    }
    table.space();
    let ratio = |side: &Side| Cell::from(side.ratio.map_or_else(|| "no equity".to_owned(), percent));
    table.row(["maintenance ÷ equity".into(), ratio(&both.before), ratio(&both.after), "".into()]);
    let state = |side: &Side| Cell::new(side.state.to_string(), tone_of(side.state));
    table.row(["state".into(), state(&both.before), state(&both.after), "".into()]);
    table.render(out);
}

fn json_of(both: &Both) -> Value {
    let side = |side: &Side| {
        let mut fields = json!({"state": side.state.to_string()});
        if let Value::Object(fields) = &mut fields {
            let figures = FIGURES.iter().zip(&side.figures).map(|((name, _), value)| (name, value));
            fields.extend(figures.map(|(name, value)| ((*name).to_owned(), json!(value.to_string()))));
            fields.insert("margin_ratio".into(), json!(side.ratio.map(|ratio| ratio.to_string())));
        }
        fields
    };
    let change = both.figures().map(|(name, before, after)| {
        (name.to_owned(), json!(after.minus(before).ok().map(|change| change.to_string())))
    });
    json!({"before": side(&both.before), "after": side(&both.after), "change": Value::Object(change.collect())})
}
