//! `liquidation`: the index under and over which an account breaks maintenance.

use plimsoll::core::Rounding;
use plimsoll::margin::answers::liquidation::LiquidationPrice;
use plimsoll::{Decimal, Price};
use serde_json::{Value, json};

use crate::answer::{Csv, ask, or_empty, remark, title};
use crate::args::{Asked, Format};
use crate::color::Tone;
use crate::figures::{move_percent, price};
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, text};

/// Answers `plimsoll liquidation`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let desk = input::open(asked, screen)?;
    let answers = ask(&desk, screen, |_, entry| desk.liquidation_prices(entry));
    let text = match asked.format {
        Format::Table => {
            let mut out = String::new();
            for (entry, prices) in &answers.given {
                title(&desk, entry, &entry.model, &mut out);
                out.push_str("\n\n");
                shown(prices, &mut out);
                out.push('\n');
            }
            assumptions(&mut out);
            out
        }
        Format::Json => {
            answers.json(|_, prices| json!({"liquidation": prices.iter().map(json_of).collect::<Vec<_>>()}))
        }
        Format::Csv => {
            let mut csv =
                Csv::new(["account", "underlying", "quote", "index", "down", "up", "further", "below_maintenance"]);
            for (entry, prices) in &answers.given {
                prices.iter().for_each(|price| csv_row(&entry.id, price, &mut csv));
            }
            csv.into_text()
        }
    };
    answers.finish(&text, asked.format, screen)
}

/// The prices of one account.
pub(crate) fn shown(prices: &[LiquidationPrice], out: &mut String) {
    if prices.is_empty() {
        return remark("nothing here moves with an underlying", out);
    }
    if prices.iter().any(|price| price.below_maintenance) {
        Tone::Bad.paint("below maintenance now: these prices are where it would be cured", out);
        out.push_str("\n\n");
    }
    let [under, over] = if prices.iter().any(|price| price.below_maintenance) {
        ["cured at or under", "cured at or over"]
    } else {
        ["liquidated under", "liquidated over"]
    };
    let mut table = Table::new([
        text("underlying"),
        figures("index"),
        figures(under),
        figures(""),
        figures(over),
        figures(""),
        text("further"),
    ]);
    for one in prices {
        let [down, down_move] = side(one.down, one.index);
        let [up, up_move] = side(one.up, one.index);
        table.row([
            format!("{} in {}", one.underlying, one.index.quote).into(),
            price(one.index.value).into(),
            down,
            down_move,
            up,
            up_move,
            Cell::new(further(one.further), Tone::Quiet),
        ]);
    }
    table.render(out);
}

/// A root and how far it is from the index; *none* in words.
fn side(root: Option<Decimal>, index: Price) -> [Cell; 2] {
    let Some(root) = root else { return [Cell::new("none", Tone::Good), "".into()] };
    let away = root.minus(index.value).and_then(|away| away.over(index.value, Rounding::HalfEven));
    let away = away.and_then(|away| away.rounded(3, Rounding::HalfEven));
    [price(root).into(), Cell::new(away.map_or_else(|_| String::new(), move_percent), Tone::Quiet)]
}

fn further(roots: usize) -> String {
    match roots {
        0 => String::new(),
        1 => "1 more turn beyond".to_owned(),
        more => format!("{more} more turns beyond"),
    }
}

/// What the prices assume.
pub(crate) fn assumptions(out: &mut String) {
    remark("One underlying moves at a time, with its perpetuals, futures, options and the coin's own balance;", out);
    remark(
        "volatility and basis stand still; open orders are cancelled. Looked at from 2 % to ten times the index.",
        out,
    );
}

fn json_of(price: &LiquidationPrice) -> Value {
    json!({
        "underlying": price.underlying.as_str(),
        "quote": price.index.quote.as_str(),
        "index": price.index.value.to_string(),
        "down": price.down.map(|root| root.to_string()),
        "up": price.up.map(|root| root.to_string()),
        "further": price.further,
        "below_maintenance": price.below_maintenance,
    })
}

fn csv_row(account: &str, price: &LiquidationPrice, csv: &mut Csv) {
    csv.row([
        account.to_owned(),
        price.underlying.to_string(),
        price.index.quote.to_string(),
        price.index.value.to_string(),
        or_empty(price.down),
        or_empty(price.up),
        price.further.to_string(),
        price.below_maintenance.to_string(),
    ]);
}
