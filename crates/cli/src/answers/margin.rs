//! `margin`: what an account has, what it must hold, and how far it is from every line.

use std::collections::BTreeMap;

use plimsoll::core::Rounding;
use plimsoll::margin::equity::{CREDIT, NetAsset};
use plimsoll::margin::level::{Level, Levels, Standing, State};
use plimsoll::{Decimal, Desk, Entry, Margin};
use serde_json::{Value, json};

use super::tone_of;
use crate::answer::{Answers, Csv, ask, or_empty, remark, title};
use crate::args::{Format, Margin as Asked};
use crate::color::Tone;
use crate::figures::{count, instant, money, percent, price, quantity};
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, points, text};

/// What is kept of a margin: its figures without their trees, which would fill the memory for
/// thousands of accounts.
pub(crate) struct Figures {
    state: State,
    levels: Levels,
    withdrawable_equity: Decimal,
    /// The line that counts as margin equity.
    credit: Decimal,
    available: Decimal,
    withdrawable: Decimal,
    ratio: Option<Decimal>,
    assets: Vec<NetAsset>,
}

impl From<Margin> for Figures {
    fn from(margin: Margin) -> Self {
        Self {
            state: margin.state,
            credit: margin.equity.initial.find(CREDIT).map_or(Decimal::ZERO, |line| line.amount),
            withdrawable_equity: margin.equity.withdrawable.amount,
            available: margin.available(),
            withdrawable: margin.withdrawable(),
            ratio: margin.ratio(),
            levels: margin.levels,
            assets: margin.assets,
        }
    }
}

/// Answers `plimsoll margin`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let desk = input::open(&asked.asked, screen)?;
    let judges = desk.judges();
    let answers = ask(&desk, screen, |place, _| judges.margin(place).map(Figures::from));
    let text = match asked.asked.format {
        Format::Table => shown(&desk, &answers),
        Format::Json => answers.json(|_, figures| json_of(figures)),
        Format::Csv => csv(&answers),
    };
    let outcome = answers.finish(&text, asked.asked.format, screen)?;
    let below = |figures: &Figures| figures.levels.at(Level::Maintenance).excess.signum() < 0;
    let found = asked.check && answers.given.iter().any(|(_, figures)| below(figures));
    Ok(if found && outcome == Outcome::Answered { Outcome::BelowMaintenance } else { outcome })
}

fn shown(desk: &Desk, answers: &Answers<'_, Figures>) -> String {
    let mut out = String::new();
    match answers.given.as_slice() {
        [] => {}
        [(entry, figures)] if desk.accounts().len() == 1 => one(desk, entry, figures, &mut out),
        many => list(desk, many, &mut out),
    }
    out
}

/// One account in full.
pub(crate) fn one(desk: &Desk, entry: &Entry, figures_of: &Figures, out: &mut String) {
    title(desk, entry, &entry.model, out);
    out.push_str("   ");
    tone_of(figures_of.state).paint(&figures_of.state.to_string(), out);
    out.push_str("\n\n");
    let currency = desk.market().currency().to_string();
    let money_column = |name: &str| figures(name).in_unit(&currency);
    let mut table = Table::new([
        text("level"),
        money_column("equity"),
        money_column("requirement"),
        money_column("excess"),
        text(""),
    ]);
    for standing in &figures_of.levels.0 {
        table.row(level_row(standing));
    }
    table.render(out);
    out.push('\n');
    let mut table = Table::new([text(""), figures(""), text("")]);
    let quiet = |text: &str| Cell::new(text, Tone::Quiet);
    let ratio = figures_of.ratio.map_or_else(|| "no equity".to_owned(), percent);
    table.row(["margin ratio".into(), ratio.into(), quiet("maintenance ÷ equity")]);
    table.row(["available".into(), money(figures_of.available).into(), quiet("to open more with")]);
    table.row(["withdrawable".into(), money(figures_of.withdrawable).into(), quiet("without credit or open gains")]);
    if !figures_of.credit.is_zero() {
        table.row(["credit line".into(), money(figures_of.credit).into(), quiet("unsecured, in margin equity")]);
    }
    table.render_rows(out);
    net_assets(&figures_of.assets, &currency, out);
}

fn level_row(standing: &Standing) -> [Cell; 5] {
    let named = matches!(standing.level, Level::Initial | Level::Maintenance | Level::NetValue);
    let tone = if named { Tone::Plain } else { Tone::Quiet };
    let excess = match (standing.excess.signum() < 0, named) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Good,
        (false, false) => Tone::Quiet,
    };
    [
        Cell::new(standing.level.to_string(), tone),
        Cell::new(money(standing.equity), tone),
        Cell::new(if standing.level == Level::NetValue { String::new() } else { money(standing.requirement) }, tone),
        Cell::new(money(standing.excess), excess),
        Cell::new(if standing.clamped { "moved to the line beside" } else { "" }, Tone::Quiet),
    ]
}

fn net_assets(assets: &[NetAsset], currency: &str, out: &mut String) {
    out.push('\n');
    let mut table = Table::new([
        text("asset"),
        points("cash"),
        points("unrealised"),
        points("options"),
        points("price").in_unit(currency),
        figures("value").in_unit(currency),
    ]);
    for net in assets {
        let value = value_of(net).map_or_else(|| "too large".to_owned(), money);
        table.row([
            net.asset.as_str().into(),
            amount(net.cash),
            net.unrealised().map_or_else(|_| "too large".into(), amount),
            amount(net.option_value),
            price(net.price.value).into(),
            value.into(),
        ]);
    }
    table.render(out);
}

/// A figure in an asset's own units; nothing is shown as nothing.
fn amount(value: Decimal) -> Cell {
    if value.is_zero() { Cell::new("·", Tone::Quiet) } else { quantity(value).into() }
}

fn value_of(net: &NetAsset) -> Option<Decimal> {
    let whole = net.balance().and_then(|balance| balance.plus(net.option_value));
    whole.and_then(|whole| whole.times(net.price.value, Rounding::Down)).ok()
}

/// Many accounts, a line each.
fn list(desk: &Desk, many: &[(&Entry, Figures)], out: &mut String) {
    let snapshot = desk.market().snapshot();
    remark(&format!("{} accounts · {} · {} UTC", count(many.len()), snapshot.currency, instant(snapshot.as_of)), out);
    out.push('\n');
    let mut table = Table::new([
        text("account"),
        text("model"),
        text("state"),
        figures("equity"),
        figures("initial"),
        figures("maintenance"),
        figures("excess IM"),
        figures("excess MM"),
        figures("MM ÷ equity"),
    ]);
    let mut states: BTreeMap<State, usize> = BTreeMap::new();
    for (entry, figures) in many {
        *states.entry(figures.state).or_default() += 1;
        let (initial, maintenance) = (figures.levels.at(Level::Initial), figures.levels.at(Level::Maintenance));
        let excess = |standing: &Standing| {
            Cell::new(money(standing.excess), if standing.excess.signum() < 0 { Tone::Bad } else { Tone::Plain })
        };
        table.row([
            entry.id.as_str().into(),
            Cell::new(&entry.model, Tone::Quiet),
            Cell::new(figures.state.to_string(), tone_of(figures.state)),
            money(maintenance.equity).into(),
            money(initial.requirement).into(),
            money(maintenance.requirement).into(),
            excess(initial),
            excess(maintenance),
            figures.ratio.map_or_else(|| "no equity".to_owned(), percent).into(),
        ]);
    }
    table.render(out);
    heading_of_states(&states, out);
}

fn heading_of_states(states: &BTreeMap<State, usize>, out: &mut String) {
    out.push('\n');
    for (place, (state, accounts)) in states.iter().enumerate() {
        out.push_str(if place > 0 { "   " } else { "" });
        tone_of(*state).paint(&format!("{} {state}", count(*accounts)), out);
    }
    out.push('\n');
    let hint = "One account in full: --account ID. Why: plimsoll explain FILE --account ID.";
    remark(hint, out);
}

fn json_of(figures: &Figures) -> Value {
    let levels = figures.levels.0.iter().map(|standing| {
        json!({
            "level": standing.level.to_string(),
            "equity": standing.equity.to_string(),
            "requirement": standing.requirement.to_string(),
            "excess": standing.excess.to_string(),
            "clamped": standing.clamped,
        })
    });
    let assets = figures.assets.iter().map(|net| {
        json!({
            "asset": net.asset.as_str(),
            "price": net.price.value.to_string(),
            "cash": net.cash.to_string(),
            "unrealised": net.unrealised().map_or_else(|_| Value::Null, |unrealised| json!(unrealised.to_string())),
            "option_value": net.option_value.to_string(),
        })
    });
    let at = |level| figures.levels.at(level);
    json!({
        "state": figures.state.to_string(),
        "equity": {
            "initial": at(Level::Initial).equity.to_string(),
            "maintenance": at(Level::Maintenance).equity.to_string(),
            "withdrawable": figures.withdrawable_equity.to_string(),
            "net_value": at(Level::NetValue).equity.to_string(),
        },
        "requirement": {
            "initial": at(Level::Initial).requirement.to_string(),
            "maintenance": at(Level::Maintenance).requirement.to_string(),
        },
        "credit_line": figures.credit.to_string(),
        "levels": levels.collect::<Vec<_>>(),
        "available": figures.available.to_string(),
        "withdrawable": figures.withdrawable.to_string(),
        "margin_ratio": figures.ratio.map(|ratio| ratio.to_string()),
        "assets": assets.collect::<Vec<_>>(),
    })
}

fn csv(answers: &Answers<'_, Figures>) -> String {
    let mut csv = Csv::new([
        "account",
        "model",
        "state",
        "equity_initial",
        "equity_maintenance",
        "net_value",
        "initial_margin",
        "maintenance_margin",
        "excess_initial",
        "excess_maintenance",
        "available",
        "withdrawable",
        "margin_ratio",
    ]);
    for (entry, figures) in &answers.given {
        let (initial, maintenance) = (figures.levels.at(Level::Initial), figures.levels.at(Level::Maintenance));
        csv.row([
            entry.id.clone(),
            entry.model.to_string(),
            figures.state.to_string(),
            initial.equity.to_string(),
            maintenance.equity.to_string(),
            figures.levels.at(Level::NetValue).equity.to_string(),
            initial.requirement.to_string(),
            maintenance.requirement.to_string(),
            initial.excess.to_string(),
            maintenance.excess.to_string(),
            figures.available.to_string(),
            figures.withdrawable.to_string(),
            or_empty(figures.ratio),
        ]);
    }
    csv.into_text()
}
