//! The instruments a document speaks of: listed, named by a mark, or named by a position.
//!
//! A name is looked up once for every use and understood once; an instrument keeps the place at
//! which it was met until all are known and [`Listing`] gives each its number.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, InstrumentId, Timestamp};
use plimsoll_pricing::instruments::{Instrument, Listing};
use plimsoll_pricing::market::Snapshot;

use crate::instruments::Listed;
use crate::reader::At;
use crate::report::Report;

/// An instrument that was met.
pub(crate) struct Entry {
    /// The contract.
    pub(crate) instrument: Instrument,
    /// What its own price is counted in.
    pub(crate) price_asset: Asset,
    /// The index of its underlying, where there is one.
    pub(crate) index: Option<Decimal>,
    /// Past its expiry at the document's instant.
    pub(crate) expired: bool,
    /// Expired, and said not to have paid yet.
    pub(crate) unsettled: bool,
    /// The first position or order in it.
    pub(crate) used_at: Option<String>,
}

/// The place of an instrument whose own entry is wrong: it was reported there, and not at every use.
const BROKEN: usize = usize::MAX;

/// All instruments met, by name.
pub(crate) struct Directory<'m> {
    as_of: Timestamp,
    market: &'m Snapshot,
    places: BTreeMap<Arc<str>, usize>,
    entries: Vec<Entry>,
}

impl<'m> Directory<'m> {
    pub(crate) const fn new(market: &'m Snapshot) -> Self {
        Self { as_of: market.as_of, market, places: BTreeMap::new(), entries: Vec::new() }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds an entry of `instruments`; a name given twice is reported.
    pub(crate) fn list(&mut self, at: &At<'_>, listed: Listed) {
        let refuse = |field: &str, expected: String| match at.value().get(field) {
            Some(value) => at.field(field, value).wrong(expected),
            None => at.wrong(expected),
        };
        if self.places.contains_key(listed.instrument.name()) {
            return refuse("name", "each instrument once".to_owned());
        }
        let expired = self.add(listed.instrument, listed.unsettled);
        if listed.unsettled && !expired {
            refuse("settlement_state", format!("\"live\", or nothing: it expires after {}", self.as_of));
        }
    }

    /// Remembers an entry of `instruments` that could not be read.
    pub(crate) fn list_broken(&mut self, name: &str) {
        self.places.entry(Arc::from(name)).or_insert(BROKEN);
    }

    /// Adds the instrument a mark is of, where its name says what it is and it is not past.
    pub(crate) fn list_mark(&mut self, name: &Arc<str>, report: &Report) {
        if self.places.contains_key(name) {
            return;
        }
        match Instrument::from_name(name) {
            Ok(instrument) if instrument.expiry().is_none_or(|expiry| expiry > self.as_of) => {
                self.add(instrument, false);
            }
            Ok(_) => {}
            Err(_) => {
                let path = || format!("market.marks[{name:?}]");
                report.warn("marks", "name", path, || "not listed in `instruments`, and its name says no terms".into());
            }
        }
    }

    fn add(&mut self, instrument: Instrument, unsettled: bool) -> bool {
        let expired = instrument.expiry().is_some_and(|expiry| expiry <= self.as_of);
        let place = self.entries.len();
        self.places.insert(Arc::from(instrument.name()), place);
        let price_asset = instrument.price_asset();
        let index = self.market.underlyings.get(&instrument.terms().underlying).map(|quote| quote.index);
        self.entries.push(Entry { instrument, price_asset, index, expired, unsettled, used_at: None });
        expired
    }

    /// The instrument that the text at `at` names, with its place. Reported, where there is none.
    pub(crate) fn find(&mut self, at: &At<'_>, name: &str) -> Option<(InstrumentId, &Entry)> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => match Instrument::from_name(name) {
                Ok(instrument) => {
                    self.add(instrument, false);
                    self.entries.len() - 1
                }
                Err(error) => {
                    let expected = format!(
                        "an instrument of `instruments`, or a Deribit or ccxt name ({} for {:?})",
                        error.expected, error.found
                    );
                    at.wrong(expected);
                    return None;
                }
            },
        };
        let entry = self.entries.get_mut(place)?;
        if entry.used_at.is_none() {
            entry.used_at = Some(at.path().text());
        }
        Some((InstrumentId(u32::try_from(place).unwrap_or(u32::MAX)), &self.entries[place]))
    }

    /// The listing, and the number it gives to each place.
    pub(crate) fn into_listing(self, report: &Report) -> Option<(Listing, Vec<InstrumentId>, Vec<InstrumentId>)> {
        let names: Vec<Arc<str>> = self.entries.iter().map(|entry| Arc::from(entry.instrument.name())).collect();
        let late: Vec<bool> = self.entries.iter().map(|entry| entry.unsettled).collect();
        match Listing::new(self.entries.into_iter().map(|entry| entry.instrument).collect()) {
            Ok(listing) => {
                let ids: Vec<_> = names.iter().map_while(|name| listing.id(name)).collect();
                let unsettled = ids.iter().zip(late).filter(|(_, late)| *late).map(|(id, _)| *id).collect();
                Some((listing, ids, unsettled))
            }
            Err(error) => {
                report.error(|| "instruments".to_owned(), error.to_string(), "instruments that can be listed together");
                None
            }
        }
    }
}
