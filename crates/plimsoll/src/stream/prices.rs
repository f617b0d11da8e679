//! Prices: quotes of sources, marks, points of surfaces.

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying};
use plimsoll_document::reader::{At, Record};
use plimsoll_document::shape::{Key, Range};
use plimsoll_document::{expiry_quote, mark_quote};
use plimsoll_engine::Command;
use plimsoll_engine::market::{Feed, PriceBatch};
use plimsoll_pricing::market::index::SourceQuote;

use super::Reading;
use super::shapes::QUOTE;

/// The name of a source where a line has one alone.
const ONLY: &str = "venue";

impl Reading<'_> {
    pub(super) fn prices(&self, record: &Record<'_>) -> Option<Command> {
        let mut batch = PriceBatch::default();
        let price = |at: At<'_>| at.decimal(Range::Positive);
        let assets = record.map("assets", Key::Name, |name| name.parse::<Asset>().ok(), |at, _| price(at));
        let indices = record.map("indices", Key::Name, |name| name.parse::<Underlying>().ok(), |at, _| price(at));
        let assets = assets.into_iter().map(|(asset, price)| (Feed::Asset(asset), price));
        let indices = indices.into_iter().map(|(underlying, price)| (Feed::Index(underlying), price));
        batch.quotes.extend(assets.chain(indices).map(|(feed, price)| (feed, self.only(price))));
        record.each("quotes", |at| batch.quotes.extend(self.quote(at)));
        let known = |name: &str| self.state.contract_names.get(name).copied();
        let marks = record.map("marks", Key::Text, known, |at, _| mark_quote(at));
        batch.marks.extend(marks);
        let underlying = |name: &str| name.parse::<Underlying>().ok();
        let _ = record.map("surfaces", Key::Name, underlying, |at, underlying| {
            at.entries(
                Key::Instant,
                |name| name.parse::<Timestamp>().ok(),
                |at, expiry| {
                    batch.surfaces.extend(expiry_quote(at).map(|quote| ((*underlying, expiry), quote)));
                },
            );
            Some(())
        });
        Some(Command::Prices(batch))
    }

    fn only(&self, price: Decimal) -> SourceQuote {
        let (weight, confidence) = (Decimal::ONE, Decimal::ONE);
        SourceQuote { name: ONLY.into(), price, weight, observed_at: self.at, confidence }
    }

    fn quote(&self, at: At<'_>) -> Option<(Feed, SourceQuote)> {
        let record = Record::open(at, &QUOTE)?;
        let feed = match (record.name("asset"), record.name("index")) {
            (Some(asset), None) => Feed::Asset(asset),
            (None, Some(underlying)) => Feed::Index(underlying),
            _ => {
                at.wrong("a quote of an `asset` or of an `index`");
                return None;
            }
        };
        let (name, price) = (record.text("name"), record.decimal("price"));
        let quote = SourceQuote {
            name: name?.into(),
            price: price?,
            weight: record.decimal("weight").unwrap_or(Decimal::ONE),
            observed_at: record.instant("observed_at").unwrap_or(self.at),
            confidence: record.decimal("confidence").unwrap_or(Decimal::ONE),
        };
        Some((feed, quote))
    }
}
