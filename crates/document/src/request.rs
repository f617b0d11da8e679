//! A whole document, checked: what a margin request says, in the house's types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Asset, Balance, Decimal, InstrumentId};
use plimsoll_pricing::instruments::Listing;
use plimsoll_pricing::market::Snapshot;

use crate::accounts::{Account, Accounts};
use crate::directory::{Directory, Entry};
use crate::fields::REQUEST;
use crate::parameters::{self, Parameters};
use crate::reader::{At, Record};
use crate::report::{DocumentErrors, Report, Warning};
use crate::shape::Key;
use crate::syntax::{Format, parse};
use crate::value::Value;
use crate::{instruments, market, plausible};

/// A margin request, or a market document where there are no accounts.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the figures come from, for people.
    pub source: Option<String>,
    /// The market.
    pub market: Arc<Snapshot>,
    /// Every instrument the document lists, marks or holds.
    pub listing: Arc<Listing>,
    /// Instruments past their expiry that have not paid yet.
    pub unsettled: BTreeSet<InstrumentId>,
    /// Accounts in the order written.
    pub accounts: Vec<Account>,
    /// Changes to models' parameters, by the name of the model.
    pub parameters: Parameters,
    /// What changes no figure, and its author should know of.
    pub warnings: Vec<Warning>,
}

impl Request {
    /// Reads a document.
    ///
    /// # Errors
    /// [`DocumentErrors`]: all that is wrong with it, each with its path.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, DocumentErrors> {
        Self::from_value(&parse(bytes, format)?)
    }

    /// Checks a document that is a tree already: read, or merged of several.
    ///
    /// # Errors
    /// [`DocumentErrors`]: all that is wrong with it, each with its path.
    pub fn from_value(value: &Value<'_>) -> Result<Self, DocumentErrors> {
        let report = Report::default();
        let draft = Draft::read(value, &report);
        let warnings = report.finish()?;
        // Where a part is missing an error said so.
        let Some(draft) = draft else { return Err(DocumentErrors { errors: Vec::new(), total: 0 }) };
        let Draft { source, market, listing, unsettled, accounts, parameters } = draft;
        let (market, listing) = (Arc::new(market), Arc::new(listing));
        Ok(Self { source, market, listing, unsettled, accounts, parameters, warnings })
    }
}

struct Draft {
    source: Option<String>,
    market: Snapshot,
    listing: Listing,
    unsettled: BTreeSet<InstrumentId>,
    accounts: Vec<Account>,
    parameters: Parameters,
}

impl Draft {
    fn read(value: &Value<'_>, report: &Report) -> Option<Self> {
        let record = Record::open(At::root(value, report), &REQUEST)?;
        let source = record.text("source").map(str::to_owned);
        let (as_of, currency) = (record.instant("as_of"), record.name::<Asset>("currency"));
        let text = |name: &str| Key::Text.accepts(name).then(|| name.to_owned());
        let parameters: BTreeMap<_, _> = record.map("parameters", Key::Text, text, |at, _| parameters::read(at));
        let (Some(as_of), Some(currency)) = (as_of, currency) else {
            // Without an instant nothing is expired or not; the rest is still checked for form.
            for field in ["market", "instruments", "accounts"] {
                if let (Some(value), Some(known)) = (record.get(field), REQUEST.field(field)) {
                    record.at.field(field, value).check(&known.kind);
                }
            }
            return None;
        };
        let errors = report.errors();
        let market = record.with("market", |at| market::read(at, as_of, currency))?;
        let market_is_whole = report.errors() == errors;
        let mut directory = Directory::new(&market);
        record.each("instruments", |at| {
            match (instruments::read(at), at.value().get("name").and_then(Value::scalar)) {
                (Some(listed), _) => directory.list(&at, listed),
                (None, Some(name)) => directory.list_broken(name),
                (None, None) => {}
            }
        });
        market.marks.keys().for_each(|name| directory.list_mark(name, report));
        let mut reading = Accounts { directory: &mut directory, list: Vec::new(), ids: BTreeSet::new() };
        record.each("accounts", |at| reading.read(at, None));
        let mut accounts = reading.list;
        // Where a price could not be read, what follows from its absence is not news.
        if market_is_whole {
            market_suffices(directory.entries(), &accounts, &market, report);
            plausible::check(directory.entries(), &market, report);
        }
        if report.errors() > 0 {
            return None;
        }
        let (listing, ids, unsettled) = directory.into_listing(report)?;
        number(&mut accounts, &ids);
        Some(Self { source, market, listing, unsettled: unsettled.into_iter().collect(), accounts, parameters })
    }
}

/// Gives every position and order the listing's number in place of the order of meeting.
fn number(accounts: &mut [Account], ids: &[InstrumentId]) {
    for Account { portfolio, .. } in accounts {
        let places = portfolio.positions.iter_mut().map(|position| &mut position.instrument);
        let places = places.chain(portfolio.orders.iter_mut().map(|order| &mut order.instrument));
        for place in places {
            if let Some(id) = ids.get(place.index()) {
                *place = *id;
            }
        }
    }
}

/// Reports what the market lacks for the instruments in use and the balances held.
fn market_suffices(entries: &[Entry], accounts: &[Account], market: &Snapshot, report: &Report) {
    let mut reported = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry.used_at.is_some()) {
        if underlying_fits(entry, market, &mut reported, report) {
            assets_have_prices(entry, market, &mut reported, report);
        }
    }
    entries.iter().for_each(|entry| mark_fits(entry, market, report));
    for account in accounts {
        collateral_has_prices(account, market, report);
    }
}

/// Reports an underlying without an index, or with one in another quote than the instrument's that
/// nothing prices: two priced assets are exchanged at their prices.
fn underlying_fits(entry: &Entry, market: &Snapshot, reported: &mut BTreeSet<String>, report: &Report) -> bool {
    let (terms, used_at) = (entry.instrument.terms(), entry.used_at.as_deref().unwrap_or_default());
    let quote = market.underlyings.get(&terms.underlying).map(|underlying| underlying.quote);
    let path = format!("market.underlyings.{}", terms.underlying);
    let (path, value, expected) = match quote {
        Some(quote) if quote == terms.quote || market.has_price(quote) => return true,
        Some(quote) => (format!("{path}.quote"), format!("\"{quote}\""), format!("{}, in which", terms.quote)),
        None => (path, "missing".to_owned(), format!("an index in {}, in which", terms.quote)),
    };
    if reported.insert(path.clone()) {
        report.error(|| path, value, format!("{expected} {} of {used_at} is quoted", terms.name));
    }
    false
}

/// Reports a quote or settlement asset that nothing prices.
fn assets_have_prices(entry: &Entry, market: &Snapshot, reported: &mut BTreeSet<String>, report: &Report) {
    let (terms, used_at) = (entry.instrument.terms(), entry.used_at.as_deref().unwrap_or_default());
    for asset in BTreeSet::from([terms.settlement, terms.quote]) {
        let path = format!("market.assets.{asset}.price");
        if !market.has_price(asset) && reported.insert(path.clone()) {
            let expected = format!("a price in {}, for {} of {used_at}", market.currency, terms.name);
            report.error(|| path, "missing".to_owned(), expected);
        }
    }
}

/// Reports a mark of nothing for what cannot be worth nothing, and a volatility of what has none.
fn mark_fits(entry: &Entry, market: &Snapshot, report: &Report) {
    let name = entry.instrument.name();
    let Some(mark) = market.marks.get(name).filter(|_| entry.instrument.right().is_none()) else { return };
    let path = |field: &str| format!("market.marks.{name}.{field}");
    if mark.price.is_some_and(Decimal::is_zero) {
        report.error(|| path("price"), "0".to_owned(), "a decimal above zero, but for an option");
    }
    if mark.vol.is_some() {
        report.warn("marks", "vol", || path("vol"), || "not an option: used by nothing".to_owned());
    }
}

/// Reports a balance of an asset that nothing prices.
fn collateral_has_prices(account: &Account, market: &Snapshot, report: &Report) {
    for (place, Balance { asset, .. }) in account.portfolio.balances.iter().enumerate() {
        if !market.has_price(*asset) {
            let path = || format!("{}.collateral[{place}].asset", account.path);
            let expected = format!(
                "an asset with a price in {}: in market.assets, or an underlying whose quote has one",
                market.currency
            );
            report.error(path, format!("\"{asset}\""), expected);
        }
    }
}
