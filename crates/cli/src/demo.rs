//! `demo`: a venue over some minutes, then a book in depth: all of it comes with the program.

use plimsoll::document::write::to_json;
use plimsoll::document::{Format, Value, merge, parse};
use plimsoll::story::{Rule, tell};
use plimsoll::{Desk, DocumentErrors, Request};

use crate::answer::{ask, heading, remark};
use crate::answers::{compare, liquidation, margin, matrix};
use crate::args::Format as Shape;
use crate::color::Tone;
use crate::engine::story;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, text};

const MARKET: &str = include_str!("../demo/market.json");
const BOOK: &str = include_str!("../demo/book.json");
const STORY: &str = include_str!("../demo/story.toml");

/// Answers `plimsoll demo`.
pub(crate) fn run(document: bool, screen: &Screen) -> Result<Outcome, Failure> {
    let whole = whole()?;
    if document {
        screen.print_plain(&to_json(&whole))?;
        return Ok(Outcome::Answered);
    }
    let desk = Desk::open(Request::from_value(&whole)?)?;
    let answers = ask(&desk, screen, |_, entry| {
        Ok((desk.margin(entry)?, desk.compare(entry)?, desk.matrices(entry)?, desk.liquidation_prices(entry)?))
    });
    let mut out = String::new();
    told(&mut out)?;
    for (entry, (margin, rows, matrices, prices)) in &answers.given {
        Tone::Strong.paint("A hedged book of BTC and ETH options, margined as one portfolio.", &mut out);
        out.push('\n');
        remark(desk.source().unwrap_or_default(), &mut out);
        out.push('\n');
        margin::one(&desk, entry, &margin.clone().into(), &mut out);
        heading("What sharing collateral saves", &mut out);
        compare::shown(&desk, rows, &mut out);
        heading("What a move of price and volatility does", &mut out);
        matrix::shown(&desk, matrices, &mut out);
        heading("Where it is liquidated", &mut out);
        liquidation::shown(prices, &mut out);
        liquidation::assumptions(&mut out);
    }
    out.push('\n');
    Tone::Strong.paint("More", &mut out);
    out.push('\n');
    let mut more = Table::new([text(""), text("")]);
    MORE.iter().for_each(|(command, what)| more.row([(*command).into(), Cell::new(what, Tone::Quiet)]));
    more.render_rows(&mut out);
    answers.finish(&out, Shape::Table, screen)
}

const MORE: [(&str, &str); 6] = [
    ("plimsoll demo --document > demo.json", "this book and market as one document, to ask yourself"),
    ("plimsoll explain demo.json", "every figure with those it was made from"),
    ("plimsoll whatif demo.json --move BTC=-10% --vol +20%", "the same book after a move"),
    ("plimsoll run scenarios/openings scenarios/margin_call_met.toml -j journal", "the live engine, with its journal"),
    ("plimsoll explain journal --event 18", "what an event was decided by, figure by figure"),
    ("plimsoll import CHAIN.csv -o market.json", "your own market from Deribit's files"),
];

/// A venue over some minutes: the live engine.
fn told(out: &mut String) -> Result<(), Failure> {
    let story = parse(STORY.as_bytes(), Format::Toml).map_err(DocumentErrors::from)?;
    let told = tell(&[&story], Rule::On, |_| {}).map_err(Failure::usage)?;
    story::shown(&told, out);
    out.push('\n');
    Ok(())
}

/// Market and book in one.
fn whole() -> Result<Value<'static>, DocumentErrors> {
    let parts = [("market.json", MARKET), ("book.json", BOOK)]
        .into_iter()
        .map(|(name, text)| Ok((name.to_owned(), parse(text.as_bytes(), Format::Json)?)))
        .collect::<Result<Vec<_>, DocumentErrors>>()?;
    merge(parts)
}
