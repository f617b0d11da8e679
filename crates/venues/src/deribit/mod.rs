//! Deribit: option chains, book summaries, tickers, instruments and futures' marks.
//!
//! | file | recognised by | says |
//! |---|---|---|
//! | chain | `underlying`, `implied_volatility`, `index_price` | all of an option; volatility a fraction |
//! | book summary, JSON or CSV | `creation_timestamp` | marks; volatility in per cent; the index is `estimated_delivery_price` |
//! | ticker, JSON | `timestamp` | the same of one instrument, with its index |
//! | instruments, JSON | `min_trade_amount` | lots |
//! | chain with years to expiry | `T_years`, `S0`, `market_price_btc` | marks, forward an expiry; the instant from the years |
//! | chain without names | `maturity`, `mark_iv` | marks; coin from the file's name, instant from the caller |
//! | marks of perpetuals, of dated futures | `perp_futures_mark_price`, `snapshot_term_mark_price` | history: rows near the market's instant count |
//!
//! JSON is read with or without its JSON-RPC envelope, as a response or as a subscription's notice.
//!
//! **From rows to a market.** Rows are collected over some seconds, so each carries its own index and
//! forward. The index of an underlying, and the forward of an expiry, is the median of its rows: the
//! lower of the two middle ones of an even count, so that it is a figure somebody published. A strike's
//! volatility is that of the option out of the money (the call at or above the forward), else its twin's;
//! each option keeps its own mark volatility beside its mark. Rows of one market are observed within a
//! minute; `as_of` is the latest of them, or the median where it is worked out from years to expiry, which are
//! rounded to minutes. Without a published index the median forward of the nearest
//! expiry stands in, or else a perpetual's mark, and the report says so.
//!
//! **Sizes.** A quantity counts what Deribit's `amount` counts: dollars of an inverse future, coins of
//! anything else. So does open interest, and the least amount traded is the lot.
//!
//! Left out: combinations of contracts, which are positions in their legs; and instruments quoted in
//! another asset than the index of their underlying (BTC in USDC beside BTC in USD).
//!
//! # Source
//! Deribit API v2.1.1, `public/get_book_summary_by_currency`, `public/get_instruments`,
//! `public/ticker`, <https://docs.deribit.com>, read 2026-11.

mod lines;
mod market;
mod shapes;
mod sizes;

use plimsoll_core::Timestamp;

use crate::rows::{self, unreadable};
use crate::{FileReport, ImportError, ImportFile, Imported, LeftOut, Report};
use lines::{Line, read_line};
use shapes::{JSON_SHAPES, Shape, TABLE_SHAPES};
use sizes::{Sizes, read_sizes};

/// Everything files say, before it is one market.
#[derive(Default)]
struct Said {
    lines: Vec<Line>,
    sizes: Vec<Sizes>,
    report: Report,
}

/// One market from files of one instant.
///
/// # Errors
/// [`ImportError`]: a file that cannot be read, files of no or of several instants, nothing left.
pub fn import(files: &[ImportFile<'_>]) -> Result<Imported, ImportError> {
    read(files).and_then(|said| market::gather(said, None))
}

/// One market from the rows of `files` observed within a minute of `as_of`, and those that do not say when.
///
/// # Errors
/// As [`import`].
pub fn import_at(files: &[ImportFile<'_>], as_of: Timestamp) -> Result<Imported, ImportError> {
    read(files).and_then(|said| market::gather(said, Some(as_of)))
}

fn read(files: &[ImportFile<'_>]) -> Result<Said, ImportError> {
    let mut said = Said::default();
    for file in files {
        let bytes = rows::plain(file)?;
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_json = matches!(first, Some(b'{' | b'['));
        if is_json { read_payload(file, &bytes, &mut said) } else { read_table(file, &bytes, &mut said) }?;
    }
    Ok(said)
}

fn read_payload(file: &ImportFile<'_>, bytes: &[u8], said: &mut Said) -> Result<(), ImportError> {
    let mut shapes: Vec<&'static str> = Vec::new();
    let rows = rows::payload(file.name, bytes, |row, place| {
        let shape = JSON_SHAPES.into_iter().find(|shape| shape.fits(row));
        let name = shape.map_or("instruments", |shape| shape.name);
        if !shapes.contains(&name) {
            shapes.push(name);
        }
        match shape {
            Some(shape) => read_line(shape, row, &place, None, &mut said.lines, &mut said.report.left_out),
            None => read_sizes(row, place, &mut said.sizes, &mut said.report.left_out),
        }
    })?;
    if rows == 0 {
        let expected = "objects with an \"instrument_name\", in a list or under \"result\" or \"params.data\"";
        return Err(unreadable(file.name, "the payload", "none", expected));
    }
    said.report.files.push(FileReport { name: file.name.to_owned(), shape: shapes.join(", "), rows });
    Ok(())
}

fn read_table(file: &ImportFile<'_>, bytes: &[u8], said: &mut Said) -> Result<(), ImportError> {
    let coin = lines::coin_of_file(file.name);
    let mut found: Option<&'static Shape> = None;
    let start = |header: &dyn rows::Fields| {
        found = TABLE_SHAPES.into_iter().find(|shape| shape.fits(header));
        found.ok_or_else(|| {
            let expected = TABLE_SHAPES.map(|shape| format!("{} ({})", shape.name, shape.needs.join(", ")));
            unreadable(file.name, "line 1", "other columns", format!("the columns of one of: {}", expected.join("; ")))
        })
    };
    let rows = rows::table(file.name, bytes, start, |shape, row, place| match row {
        Ok(row) => read_line(shape, row, &place, coin, &mut said.lines, &mut said.report.left_out),
        Err(reason) => said.report.left_out.push(LeftOut { place, instrument: None, reason }),
    })?;
    let shape = found.map_or_else(String::new, |shape| shape.name.to_owned());
    said.report.files.push(FileReport { name: file.name.to_owned(), shape, rows });
    Ok(())
}
