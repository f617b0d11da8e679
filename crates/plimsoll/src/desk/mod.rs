//! A desk: the accounts of one document, in its market, each with its model, ready to be asked.
//!
//! Whatever is wrong with the models and parameters that a document names is reported in the
//! document's own form, all of it together. After that every question is asked of one account at a
//! time, so that an account that cannot be answered takes no other with it.

mod judges;
mod models;

use std::any::Any;
use std::sync::Arc;

use plimsoll_document::{DocumentError, DocumentErrors, Mode, Request, Warning};
use plimsoll_margin::answers::compare::{self, Row, Sharing};
use plimsoll_margin::answers::greeks::{self, BookGreeks};
use plimsoll_margin::answers::liquidation::{self, LiquidationPrice};
use plimsoll_margin::answers::margin::Margin;
use plimsoll_margin::answers::matrix::{self, Matrix};
use plimsoll_margin::answers::whatif::{self, Changes, WhatIf};
use plimsoll_margin::level::Policy;
use plimsoll_margin::models::deribit_portfolio::DeribitPortfolio;
use plimsoll_margin::models::deribit_portfolio::simulate::Simulation;
use plimsoll_margin::models::plimsoll::Plimsoll;
use plimsoll_margin::models::{Held, Model, NAMES};
use plimsoll_margin::{Account, MarginError};
use plimsoll_pricing::market::{Market, MarketError};

pub use judges::Judges;
use models::{Book, base};

/// Errors kept; further ones are only counted.
const ERRORS_KEPT: usize = 1_000;

/// The accounts of one document, in its market.
pub struct Desk {
    source: Option<String>,
    warnings: Vec<Warning>,
    market: Market,
    models: Book,
    entries: Vec<Entry>,
}

/// One account of a desk.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name in the document.
    pub id: String,
    /// The model it is margined with, as the document names it: `plimsoll`.
    pub model: Arc<str>,
    /// What it holds.
    pub account: Account,
}

impl Desk {
    /// Joins a checked document to the models it names.
    ///
    /// An account without a model has the one its mode means: `isolated`; `cross`, all collateral in
    /// one pool, for cross and multi-currency; `plimsoll` for portfolio and where no mode is given. `name@label` is the model `name` with the
    /// changes under `parameters.name`, then those under `parameters.name@label`.
    ///
    /// # Errors
    /// [`DocumentErrors`]: a market that cannot be derived from, a model or parameter that does not
    /// exist, a parameter out of its bounds; each with its path.
    pub fn open(request: Request) -> Result<Self, DocumentErrors> {
        let Request { source, market, listing, accounts, parameters, warnings, .. } = request;
        let mut errors = Vec::new();
        let mut models = Book::open(&parameters, &mut errors);
        let mut entries = Vec::with_capacity(accounts.len());
        for account in accounts {
            let name = account.model.as_deref().unwrap_or(match account.mode {
                Some(Mode::Isolated) => "isolated",
                Some(Mode::Cross | Mode::MultiCurrency) => "cross",
                Some(Mode::Portfolio) | None => "plimsoll",
            });
            match models.name(name) {
                Ok(model) => entries.push(entry(account, model)),
                Err(expected) => {
                    errors.push(DocumentError { path: account.model_path, value: format!("{name:?}"), expected });
                }
            }
        }
        let market = Market::new(market, listing).map_err(|error| errors.push(of_market(&error))).ok();
        match market {
            Some(market) if errors.is_empty() => Ok(Self { source, warnings, market, models, entries }),
            _ => {
                let total = errors.len();
                errors.truncate(ERRORS_KEPT);
                Err(DocumentErrors { errors, total })
            }
        }
    }

    /// Where the document says its figures come from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// What is odd about the document without changing a figure.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The market.
    #[must_use]
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The accounts, in the document's order.
    #[must_use]
    pub fn accounts(&self) -> &[Entry] {
        &self.entries
    }

    /// Keeps the accounts for which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
    }

    /// Where the lines between initial and maintenance margin are.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.models.policy()
    }

    /// The model of an account, with the document's parameters.
    ///
    /// # Errors
    /// [`MarginError::UnknownModel`] for an account of another desk.
    pub fn model(&self, entry: &Entry) -> Result<&dyn Model, MarginError> {
        self.models.get(&entry.model)
    }

    /// The models prepared once for all accounts that use them: for asking many accounts.
    #[must_use]
    pub fn judges(&self) -> Judges<'_> {
        Judges::prepare(self)
    }

    /// What one account has, must hold, and how far it is from every line.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or margined.
    pub fn margin(&self, entry: &Entry) -> Result<Margin, MarginError> {
        let judge = self.model(entry)?.prepare(&self.market, &Held::by([&entry.account]))?;
        Margin::of(&entry.account, &self.market, judge.as_ref(), self.policy())
    }

    /// The risk matrices of an account, on the grid of the `plimsoll` model whatever its own is.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced.
    pub fn matrices(&self, entry: &Entry) -> Result<Vec<Matrix>, MarginError> {
        matrix::matrices(&entry.account, &self.market, self.house(entry))
    }

    /// The Greeks of an account.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced.
    pub fn greeks(&self, entry: &Entry) -> Result<BookGreeks, MarginError> {
        greeks::greeks(&entry.account, &self.market)
    }

    /// The liquidation prices of every underlying that moves an account.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or margined.
    pub fn liquidation_prices(&self, entry: &Entry) -> Result<Vec<LiquidationPrice>, MarginError> {
        liquidation::liquidation_prices(&entry.account, &self.market, self.model(entry)?, self.policy())
    }

    /// An account as it is and as `changes` would make it.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or margined.
    pub fn what_if(&self, entry: &Entry, changes: &Changes) -> Result<WhatIf, MarginError> {
        whatif::what_if(&entry.account, &self.market, self.model(entry)?, self.policy(), changes)
    }

    /// An account under Deribit's portfolio margin as the venue's own simulate call shows it, with the account's
    /// own parameters where that is its model, else the document's. [`crate::simulation::json`] writes it.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced or margined.
    pub fn simulate(&self, entry: &Entry) -> Result<Simulation, MarginError> {
        let own = base(&entry.model) == "deribit-portfolio";
        let model: &dyn Any = self.models.get(if own { &entry.model } else { "deribit-portfolio" })?;
        match model.downcast_ref::<DeribitPortfolio>() {
            Some(model) => model.simulate(&entry.account, &self.market),
            None => DeribitPortfolio::default().simulate(&entry.account, &self.market),
        }
    }

    /// An account under every model there is: `isolated`, where nothing is shared, first, then `cross` and
    /// `plimsoll`, then the venues'. A model that cannot margin the account says why.
    ///
    /// # Errors
    /// [`MarginError::UnknownModel`], which no registered model is.
    pub fn compare(&self, entry: &Entry) -> Result<Vec<Row>, MarginError> {
        let mut models: Vec<(&dyn Model, Sharing)> = vec![
            (self.models.get("isolated")?, Sharing::None),
            (self.models.get("cross")?, Sharing::Whole),
            (self.house(entry), Sharing::Whole),
        ];
        let own = base(&entry.model);
        for name in NAMES.into_iter().filter(|name| !["isolated", "cross", "plimsoll"].contains(name)) {
            // The account's own label stands for its model.
            let name = if name == own { &*entry.model } else { name };
            models.push((self.models.get(name)?, Sharing::Whole));
        }
        Ok(compare::compare(&entry.account, &self.market, &models, self.policy()))
    }

    /// The `plimsoll` model of an account: its own, or the document's where its own is another.
    fn house(&self, entry: &Entry) -> &Plimsoll {
        self.models.house(if base(&entry.model) == "plimsoll" { &entry.model } else { "plimsoll" })
    }
}

fn entry(account: plimsoll_document::Account, model: Arc<str>) -> Entry {
    let credit_line = account.credit_line.unwrap_or_default();
    let taker_fee_rate = account.fee_rates.taker.0;
    let rating = account.rating.map(Arc::from);
    let held = Account { portfolio: account.portfolio, credit_line, rating, taker_fee_rate };
    Entry { id: account.id, model, account: held }
}

/// What the market refuses, by its path in the document.
fn of_market(error: &MarketError) -> DocumentError {
    let of = |path: String, value: String, expected: &str| DocumentError { path, value, expected: expected.into() };
    match error {
        MarketError::NotPositive { underlying, expiry: Some(expiry), what, value } => {
            let path = format!("market.underlyings.{underlying}.expiries.{expiry}.{what}");
            of(path, value.to_string(), "a positive number")
        }
        MarketError::BadSvi { underlying, expiry, parameter, value, expected } => {
            let path = format!("market.underlyings.{underlying}.expiries.{expiry}.svi.{parameter}");
            of(path, value.to_string(), expected)
        }
        other => of("market".into(), other.to_string(), "a market that figures can be derived from"),
    }
}
