//! `matrix`: P&L of the book over price × volatility, with the worst cell.

use std::collections::BTreeSet;

use plimsoll::margin::answers::matrix::Matrix;
use plimsoll::margin::models::plimsoll::MatrixCell;
use plimsoll::{Decimal, Desk};
use serde_json::{Value, json};

use crate::answer::{Answers, Csv, ask, heading, remark, title};
use crate::args::{Asked, Format};
use crate::color::Tone;
use crate::figures::{money, move_percent, percent, price, whole};
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Answers `plimsoll matrix`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let desk = input::open(asked, screen)?;
    let answers = ask(&desk, screen, |_, entry| desk.matrices(entry));
    let text = match asked.format {
        Format::Table => {
            let mut out = String::new();
            for (place, (entry, matrices)) in answers.given.iter().enumerate() {
                out.push_str(if place > 0 { "\n" } else { "" });
                title(&desk, entry, "grid of plimsoll", &mut out);
                out.push('\n');
                shown(&desk, matrices, &mut out);
            }
            out
        }
        Format::Json => {
            answers.json(|_, matrices| json!({"matrices": matrices.iter().map(json_of).collect::<Vec<_>>()}))
        }
        Format::Csv => csv(&answers),
    };
    answers.finish(&text, asked.format, screen)
}

/// The matrices of one account.
pub(crate) fn shown(desk: &Desk, matrices: &[Matrix], out: &mut String) {
    let moves = |matrix: &&Matrix| matrix.cells.iter().any(|cell| !cell.pnl.is_zero() || !cell.loss.is_zero());
    if !matrices.iter().any(|matrix| moves(&matrix)) {
        return remark("nothing here moves with an underlying", out);
    }
    for matrix in matrices.iter().filter(moves) {
        let index = desk.market().index(matrix.underlying);
        let index = index.map_or_else(|_| String::new(), |index| format!(" at {} {}", price(index.value), index.quote));
        heading(&format!("{}{index}", matrix.underlying), out);
        grid(desk, matrix, out);
        others(desk, matrix, out);
        if let Some(worst) = matrix.cells.get(matrix.worst) {
            let currency = desk.market().currency();
            remark(
                &format!("▶ worst: {} loses {} {currency}{}", worst.scenario, money(worst.loss), between(worst)),
                out,
            );
        }
    }
    remark("Positions and balances from today's marks; open orders are left out.", out);
}

fn between(worst: &MatrixCell) -> &'static str {
    let alone = worst.pnl.negated();
    if worst.loss > alone { ", with what prices between the nodes and at held strikes could add" } else { "" }
}

/// A price move with volatility falling, still and rising: the ordinary part of the scan.
fn in_grid(cell: &MatrixCell) -> bool {
    cell.damping == Decimal::ONE && !(cell.price.is_zero() && cell.vol.is_zero())
}

fn grid(desk: &Desk, matrix: &Matrix, out: &mut String) {
    let cells = || matrix.cells.iter().enumerate().filter(|(_, cell)| in_grid(cell));
    let vols: BTreeSet<Decimal> = cells().map(|(_, cell)| cell.vol).collect();
    let mut prices: BTreeSet<Decimal> = cells().map(|(_, cell)| cell.price).collect();
    prices.insert(Decimal::ZERO);
    let currency = desk.market().currency().to_string();
    let index = desk.market().index(matrix.underlying).ok();
    let columns = vols.iter().map(|vol| {
        let name = if vol.is_zero() { "vol as it is".to_owned() } else { format!("vol {}", move_percent(*vol)) };
        figures(name).in_unit(&currency)
    });
    let mut table = Table::new([figures("price"), figures("")].into_iter().chain(columns));
    for price_move in prices.iter().rev() {
        let level = index.and_then(|index| {
            let grown = Decimal::ONE.plus(*price_move).ok()?;
            index.value.times(grown, plimsoll::core::Rounding::HalfEven).ok()
        });
        let still = price_move.is_zero();
        let head = Cell::new(if still { "0%".to_owned() } else { move_percent(*price_move) }, Tone::Strong);
        let mut row = vec![head, Cell::new(level.map_or_else(String::new, price), Tone::Quiet)];
        for vol in &vols {
            match cells().find(|(_, cell)| cell.price == *price_move && cell.vol == *vol) {
                Some((at, cell)) => row.push(pnl(cell.pnl, at == matrix.worst)),
                None => row.push(Cell::new(if still && vol.is_zero() { "·" } else { "" }, Tone::Quiet)),
            }
        }
        table.row(row);
    }
    table.render(out);
}

/// A figure, with a mark before the worst.
fn pnl(value: Decimal, worst: bool) -> Cell {
    let tone = match (worst, value.signum()) {
        (true, _) => Tone::Worst,
        (false, -1) => Tone::Bad,
        (false, _) => Tone::Plain,
    };
    Cell::new(format!("{}{}", if worst { "▶ " } else { "" }, whole(value)), tone)
}

/// Extreme moves, damped, and the passing of a day.
fn others(desk: &Desk, matrix: &Matrix, out: &mut String) {
    let currency = desk.market().currency().to_string();
    let mut table = Table::new([text("beyond the grid"), figures("counts"), figures("P&L").in_unit(currency)]);
    for (at, cell) in matrix.cells.iter().enumerate().filter(|(_, cell)| !in_grid(cell)) {
        let counts = Cell::new(percent(cell.damping), Tone::Quiet);
        table.row([cell.scenario.as_str().into(), counts, pnl(cell.pnl, at == matrix.worst)]);
    }
    out.push('\n');
    table.render(out);
}

fn json_of(matrix: &Matrix) -> Value {
    let cells = matrix.cells.iter().map(|cell| {
        json!({
            "scenario": cell.scenario,
            "price_move": cell.price.to_string(),
            "vol_move": cell.vol.to_string(),
            "damping": cell.damping.to_string(),
            "pnl": cell.pnl.to_string(),
            "loss": cell.loss.to_string(),
        })
    });
    json!({"underlying": matrix.underlying.as_str(), "worst": matrix.worst, "cells": cells.collect::<Vec<_>>()})
}

fn csv(answers: &Answers<'_, Vec<Matrix>>) -> String {
    let mut csv =
        Csv::new(["account", "underlying", "scenario", "price_move", "vol_move", "damping", "pnl", "loss", "worst"]);
    for (entry, matrices) in &answers.given {
        for matrix in matrices {
            for (at, cell) in matrix.cells.iter().enumerate() {
                csv.row([
                    entry.id.clone(),
                    matrix.underlying.to_string(),
                    cell.scenario.clone(),
                    cell.price.to_string(),
                    cell.vol.to_string(),
                    cell.damping.to_string(),
                    cell.pnl.to_string(),
                    cell.loss.to_string(),
                    (at == matrix.worst).to_string(),
                ]);
            }
        }
    }
    csv.into_text()
}
