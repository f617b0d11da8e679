//! `compare`: a book under every model: nothing shared, one pool, offsets counted, the venues' own.

use plimsoll::core::{Node, Rule};
use plimsoll::margin::answers::compare::{Row, Sharing};
use plimsoll::margin::level::Level;
use plimsoll::{Decimal, Desk};
use serde_json::{Value, json};

use super::tone_of;
use crate::answer::{Csv, ask, or_empty, remark, title};
use crate::args::{Asked, Format};
use crate::color::Tone;
use crate::figures::{count, money, percent};
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Answers `plimsoll compare`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let desk = input::open(asked, screen)?;
    let answers = ask(&desk, screen, |_, entry| desk.compare(entry));
    let text = match asked.format {
        Format::Table => {
            let mut out = String::new();
            for (entry, rows) in &answers.given {
                title(&desk, entry, "under every model", &mut out);
                out.push_str("\n\n");
                shown(&desk, rows, &mut out);
                out.push('\n');
            }
            remark(
                "Collateral needed: what an owner of nothing else would bring at the initial level. Saved: against isolated.",
                &mut out,
            );
            out
        }
        Format::Json => {
            answers.json(|_, rows| json!({"compared": rows.iter().map(|row| json_of(row, rows)).collect::<Vec<_>>()}))
        }
        Format::Csv => {
            let [a, b, c, d, e, f, g] = FIGURES.map(|(name, _)| name);
            let mut csv = Csv::new(["account", "model", "sharing", a, b, c, d, e, f, g, "state", "error"]);
            for (entry, rows) in &answers.given {
                rows.iter().for_each(|row| csv_row(&entry.id, row, rows, &mut csv));
            }
            csv.into_text()
        }
    };
    answers.finish(&text, asked.format, screen)
}

/// Names for programs, and for people.
const FIGURES: [(&str, &str); 7] = [
    ("initial_margin", "initial margin"),
    ("maintenance_margin", "maintenance margin"),
    ("equity_initial", "equity, initial"),
    ("excess_initial", "excess over initial"),
    ("excess_maintenance", "excess over maintenance"),
    ("collateral_needed", "collateral needed"),
    ("saving", "saved"),
];

/// The figures of `row`, in the order of [`FIGURES`]; none where it has no margin.
fn values(row: &Row, rows: &[Row]) -> [Option<Decimal>; FIGURES.len()] {
    let Ok(margin) = &row.margin else { return [None; FIGURES.len()] };
    let (initial, maintenance) = (margin.levels.at(Level::Initial), margin.levels.at(Level::Maintenance));
    [
        Some(initial.requirement),
        Some(maintenance.requirement),
        Some(initial.equity),
        Some(initial.excess),
        Some(maintenance.excess),
        row.collateral_needed,
        saving(row, rows),
    ]
}

/// Collateral that `row` needs less than the first of `rows`.
fn saving(row: &Row, rows: &[Row]) -> Option<Decimal> {
    let alone = rows.first()?.collateral_needed?;
    alone.minus(row.collateral_needed?).ok()
}

const fn sharing(of: Sharing) -> [&'static str; 2] {
    match of {
        Sharing::None => ["none", "nothing shared"],
        Sharing::Whole => ["whole", "one pool"],
    }
}

/// One account's comparison.
pub(crate) fn shown(desk: &Desk, all: &[Row], out: &mut String) {
    let rows: Vec<&Row> = all.iter().filter(|row| row.margin.is_ok()).collect();
    let currency = desk.market().currency().to_string();
    let columns = rows.iter().map(|row| figures(row.model).in_unit(&currency));
    let mut table = Table::new(std::iter::once(text("figure")).chain(columns));
    let quiet = |row: &Row| Cell::new(sharing(row.sharing)[1], Tone::Quiet);
    table.row(std::iter::once("collateral".into()).chain(rows.iter().map(|row| quiet(row))));
    table.space();
    let figured: Vec<_> = rows.iter().map(|row| values(row, all)).collect();
    for (at, (_, name)) in FIGURES.iter().enumerate() {
        if at == 2 || at == 5 {
            table.space();
        }
        let cell = |values: &[Option<Decimal>; FIGURES.len()]| match values[at] {
            None => Cell::new("–", Tone::Quiet),
            Some(value) if at == 6 && value.is_zero() => Cell::new("·", Tone::Quiet),
            Some(value) if at == 6 && value.signum() > 0 => Cell::new(money(value), Tone::Good),
            Some(value) if value.signum() < 0 => Cell::new(money(value), Tone::Bad),
            Some(value) => Cell::from(money(value)),
        };
        table.row(std::iter::once((*name).into()).chain(figured.iter().map(cell)));
    }
    let share = |row: &Row| {
        let alone = all.first().and_then(|first| first.collateral_needed).filter(|alone| alone.signum() > 0);
        let saved = saving(row, all).filter(|saved| !saved.is_zero());
        let share = alone.zip(saved).and_then(|(alone, saved)| saved.over(alone, plimsoll::core::Rounding::Down).ok());
        let tone = if share.is_some_and(|share| share.signum() < 0) { Tone::Bad } else { Tone::Good };
        Cell::new(share.map_or_else(String::new, percent), tone)
    };
    table.row(std::iter::once("".into()).chain(rows.iter().map(|row| share(row))));
    let state = |row: &Row| match &row.margin {
        Ok(margin) => Cell::new(margin.state.to_string(), tone_of(margin.state)),
        Err(_) => Cell::new("no rule", Tone::Quiet),
    };
    table.row(std::iter::once("state".into()).chain(rows.iter().map(|row| state(row))));
    let worst = |row: &&Row| row.margin.as_ref().ok().and_then(|margin| decided(&margin.requirement.initial));
    let worst = |row: &&Row| Cell::new(worst(row).unwrap_or_else(|| "each alone".to_owned()), Tone::Quiet);
    table.row(std::iter::once("decided by".into()).chain(rows.iter().map(worst)));
    table.render(out);
    out.push('\n');
    let mut table = Table::new(["initial margin", "its largest parts", "", "", ""].map(text));
    for row in &rows {
        if let Ok(margin) = &row.margin {
            table.row(std::iter::once(row.model.into()).chain(made_of(&margin.requirement.initial)));
        }
    }
    table.render(out);
    out.push('\n');
    for row in all {
        if let Err(error) = &row.margin {
            // An error about the model names it.
            let said = error.to_string();
            remark(&if said.starts_with(row.model) { said } else { format!("{}: {said}", row.model) }, out);
        }
    }
}

/// What decides the largest worst-of of a scenario model: the scenario's name.
fn decided(of: &Node) -> Option<String> {
    let mut found: Option<(Decimal, String)> = None;
    let mut left = vec![of];
    while let Some(node) = left.pop() {
        let Rule::WorstOf { winner, of } = &node.rule else {
            left.extend(node.children());
            continue;
        };
        let winner = &of[*winner];
        let scenario = scenario(winner);
        let larger = found.as_ref().is_none_or(|(most, _)| node.amount > *most);
        if let (true, Some(scenario)) = (larger && node.amount.signum() > 0, scenario) {
            found = Some((node.amount, scenario));
        }
    }
    found.map(|(_, scenario)| scenario)
}

/// The three largest parts of a requirement where it first divides into several, and how many more there are.
fn made_of(of: &Node) -> [Cell; 4] {
    const SHOWN: usize = 3;
    let mut node = of;
    let mut parts: Vec<&Node> = loop {
        let counted: Vec<&Node> = node.children().iter().filter(|child| !child.amount.is_zero()).collect();
        match (&node.rule, counted.as_slice()) {
            (Rule::Sum(_), [_, _, ..]) => break counted,
            (Rule::WorstOf { winner, of }, _) => node = &of[*winner],
            (Rule::Leaf(_), _) | (_, []) => break vec![node],
            (_, [one, ..]) => node = one,
        }
    };
    parts.sort_by_key(|part| std::cmp::Reverse(part.amount.abs()));
    let more = parts.len().saturating_sub(SHOWN);
    let part = |at: usize| {
        Cell::from(parts.get(at).map_or_else(String::new, |part| format!("{} {}", part.label, money(part.amount))))
    };
    let more = if more == 0 { String::new() } else { format!("{} more", count(more)) };
    [part(0), part(1), part(2), Cell::new(more, Tone::Quiet)]
}

/// The scenario of a figure's first leaf that has one.
fn scenario(of: &Node) -> Option<String> {
    match &of.rule {
        Rule::Leaf(origin) => origin.scenario.as_deref().map(str::to_owned),
        _ => of.children().iter().find_map(scenario),
    }
}

fn json_of(row: &Row, rows: &[Row]) -> Value {
    let mut fields = json!({"model": row.model, "sharing": sharing(row.sharing)[0]});
    if let Value::Object(fields) = &mut fields {
        for ((name, _), value) in FIGURES.iter().zip(values(row, rows)) {
            fields.insert((*name).to_owned(), json!(value.map(|value| value.to_string())));
        }
        match &row.margin {
            Ok(margin) => fields.insert("state".into(), json!(margin.state.to_string())),
            Err(error) => fields.insert("error".into(), json!(error.to_string())),
        };
    }
    fields
}

fn csv_row(account: &str, row: &Row, rows: &[Row], csv: &mut Csv) {
    let [initial, maintenance, equity, excess, excess_maintenance, needed, saved] = values(row, rows).map(or_empty);
    csv.row([
        account.to_owned(),
        row.model.to_owned(),
        sharing(row.sharing)[0].to_owned(),
        initial,
        maintenance,
        equity,
        excess,
        excess_maintenance,
        needed,
        saved,
        or_empty(row.margin.as_ref().ok().map(|margin| margin.state)),
        or_empty(row.margin.as_ref().err()),
    ]);
}
