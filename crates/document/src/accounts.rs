//! `accounts`: what each holds, what it has ordered, and how it is margined.

use std::collections::BTreeSet;

use plimsoll_core::{Decimal, Portfolio, Rate};

use crate::directory::Directory;
use crate::fields::{ACCOUNT, FEE_RATES};
use crate::holdings::{self, Totals};
use crate::reader::{At, NOT_USED, Record};

/// The words of `mode`.
pub(crate) const MODES: &[&str] = &["isolated", "cross", "multi_currency", "portfolio"];

/// How far the positions of an account share collateral: the model it means where none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Each position has collateral of its own: `isolated`.
    Isolated,
    /// All collateral is one pool, positions are charged one by one: `cross`.
    Cross,
    /// The same by another venue's word: `cross`.
    MultiCurrency,
    /// All collateral is one pool, and positions offset each other: `plimsoll`.
    Portfolio,
}

impl Mode {
    /// All of them, from the narrowest.
    pub const ALL: [Self; 4] = [Self::Isolated, Self::Cross, Self::MultiCurrency, Self::Portfolio];

    /// The word a document has for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Cross => "cross",
            Self::MultiCurrency => "multi_currency",
            Self::Portfolio => "portfolio",
        }
    }
}

/// Trading fees as shares of notional; a rebate is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeRates {
    /// For an order that rested.
    pub maker: Rate,
    /// For an order that took.
    pub taker: Rate,
}

/// An account of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name; `desk/a` for the sub-account `a` of `desk`.
    pub id: String,
    /// Where it stands: `accounts[3]`.
    pub path: String,
    /// The margin model it names, which only those who have the models can judge.
    pub model: Option<String>,
    /// Where that name stands, for saying so in the document's own form of error.
    pub model_path: String,
    /// How far its positions share collateral.
    pub mode: Option<Mode>,
    /// What it holds and has ordered.
    pub portfolio: Portfolio,
    /// The unsecured line that was agreed, in the document's currency.
    pub credit_line: Option<Decimal>,
    /// Its owner's credit rating.
    pub rating: Option<String>,
    /// What it pays for trades.
    pub fee_rates: FeeRates,
    /// The leverage it chose.
    pub leverage: Option<Decimal>,
}

/// Reads accounts into one list, sub-accounts after the account they stand under.
pub(crate) struct Accounts<'d, 'm> {
    pub(crate) directory: &'d mut Directory<'m>,
    pub(crate) list: Vec<Account>,
    pub(crate) ids: BTreeSet<String>,
}

impl Accounts<'_, '_> {
    /// Reads the account at `at`, below `above` where it is a sub-account.
    pub(crate) fn read(&mut self, at: At<'_>, above: Option<&Account>) {
        let Some(record) = Record::open(at, &ACCOUNT) else { return };
        let name = record.text("id");
        let id = match (above, name) {
            (Some(above), Some(name)) => format!("{}/{name}", above.id),
            (_, name) => name.unwrap_or_default().to_owned(),
        };
        if name.is_some() && !self.ids.insert(id.clone()) {
            record.wrong("id", "each account once");
        }
        let mut account = settings(&record, id, above);
        account.portfolio = self.portfolio(&record);
        if record.get("subaccounts").is_none() {
            return self.list.push(account);
        }
        let place = self.list.len();
        self.list.push(account.clone());
        record.each("subaccounts", |at| self.read(at, Some(&account)));
        let holds = &self.list[place].portfolio;
        let holds_nothing = holds.positions.is_empty() && holds.balances.is_empty() && holds.orders.is_empty();
        if holds_nothing && account.credit_line.is_none() && self.list.len() > place + 1 {
            self.list.remove(place);
        }
    }

    fn portfolio(&mut self, record: &Record<'_>) -> Portfolio {
        let mut totals = Totals::default();
        let mut portfolio = Portfolio::default();
        record.each("collateral", |at| holdings::balance(at, &mut portfolio.balances, &mut totals));
        let mut held = BTreeSet::new();
        record.each("positions", |at| {
            let position = holdings::position(at, self.directory, &mut held, &mut totals);
            portfolio.positions.extend(position);
        });
        record.each("orders", |at| portfolio.orders.extend(holdings::order(at, self.directory, &mut totals)));
        portfolio
    }
}

/// What an account says of itself but for its holdings.
fn settings(record: &Record<'_>, id: String, above: Option<&Account>) -> Account {
    let model = record.text("model").map(str::to_owned);
    let model_path = match above {
        Some(above) if model.is_none() => above.model_path.clone(),
        _ => record.path_of("model"),
    };
    let leverage = record.decimal("leverage");
    if leverage.is_some() {
        record.at.report().warn("account", "leverage", || record.path_of("leverage"), || NOT_USED.to_owned());
    }
    let mode = record.choice("mode").and_then(|word| Mode::ALL.into_iter().find(|mode| mode.word() == word));
    Account {
        id,
        path: record.at.path().text(),
        model: model.or_else(|| above.and_then(|above| above.model.clone())),
        model_path,
        mode: mode.or_else(|| above.and_then(|above| above.mode)),
        portfolio: Portfolio::default(),
        credit_line: record.decimal("credit_line"),
        rating: record.text("rating").map(str::to_owned).or_else(|| above.and_then(|above| above.rating.clone())),
        fee_rates: record.with("fee_rates", fee_rates).or(above.map(|above| above.fee_rates)).unwrap_or_default(),
        leverage: leverage.or_else(|| above.and_then(|above| above.leverage)),
    }
}

fn fee_rates(at: At<'_>) -> Option<FeeRates> {
    let record = Record::open(at, &FEE_RATES)?;
    let rate = |name| record.decimal(name).map_or(Rate::ZERO, Rate);
    Some(FeeRates { maker: rate("maker"), taker: rate("taker") })
}
