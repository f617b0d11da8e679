//! Margin models: one folder each, named once here.
//!
//! A model is data (parameters, a scenario set), a fold and a combine. It prepares its tables once
//! for a market and then judges any number of accounts. No model sums positions, searches
//! scenarios or builds explanations itself: [`crate::array`] and [`crate::fold`] do.

pub mod brackets;
pub mod cross;
pub mod derive_pmrm;
pub mod derive_pmrm2;
pub mod derive_standard;
pub mod isolated;
pub mod plimsoll;

use std::collections::BTreeSet;

use plimsoll_core::{Asset, InstrumentId, Requirement};
use plimsoll_pricing::market::Market;

use crate::collateral::CollateralRules;
use crate::equity::NetAsset;
use crate::parameters::{self, Field};
use crate::{Account, MarginError};

/// A margin model with its parameters.
pub trait Model: Send + Sync {
    /// Its name: `plimsoll`.
    fn name(&self) -> &'static str;

    /// Its page: what it is, how it computes, source.
    fn page(&self) -> &'static str;

    /// Its parameters, to list or to change.
    fn fields(&mut self) -> Vec<Field<'_>>;

    /// Sets a parameter by its dotted name.
    ///
    /// # Errors
    /// [`MarginError::UnknownParameter`], [`MarginError::Parameter`].
    fn set(&mut self, name: &str, text: &str) -> Result<(), MarginError> {
        parameters::set(self.name(), self.fields(), name, text)
    }

    /// Builds what every account in `held` will be judged with.
    ///
    /// # Errors
    /// [`MarginError`] when something held cannot be priced or has no rule.
    fn prepare<'m>(&self, market: &'m Market, held: &Held) -> Result<Box<dyn Judge + 'm>, MarginError>;
}

/// A model in one market.
pub trait Judge: Send + Sync {
    /// What `account` must hold; `assets` are its own, netted.
    ///
    /// # Errors
    /// [`MarginError`] for what the model was not prepared for or cannot margin.
    fn requirement(&self, account: &Account, assets: &[NetAsset]) -> Result<Requirement, MarginError>;

    /// How the model values balances.
    fn collateral(&self) -> &CollateralRules;
}

/// The instruments and assets that accounts hold or would trade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Contracts in positions and orders.
    pub instruments: BTreeSet<InstrumentId>,
    /// Assets of balances.
    pub assets: BTreeSet<Asset>,
}

impl Held {
    /// What `accounts` hold.
    pub fn by<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> Self {
        let mut held = Self::default();
        for account in accounts {
            let portfolio = &account.portfolio;
            held.instruments.extend(portfolio.positions.iter().map(|position| position.instrument));
            held.instruments.extend(portfolio.orders.iter().map(|order| order.instrument));
            held.assets.extend(portfolio.balances.iter().map(|balance| balance.asset));
        }
        held
    }
}

/// The models there are, the default first.
pub const NAMES: [&str; 6] = ["plimsoll", "cross", "isolated", "derive-pmrm2", "derive-pmrm", "derive-standard"];

/// The model called `name`, with its default parameters.
///
/// # Errors
/// [`MarginError::UnknownModel`] with the names there are.
pub fn by_name(name: &str) -> Result<Box<dyn Model>, MarginError> {
    match name {
        "plimsoll" => Ok(Box::new(plimsoll::Plimsoll::default())),
        "cross" => Ok(Box::new(cross::Cross::default())),
        "derive-standard" => Ok(Box::new(derive_standard::DeriveStandard::default())),
        "isolated" => Ok(Box::new(isolated::Isolated::default())),
        "derive-pmrm" => Ok(Box::new(derive_pmrm::DerivePmrm::default())),
        "derive-pmrm2" => Ok(Box::new(derive_pmrm2::DerivePmrm2::default())),
        _ => Err(MarginError::UnknownModel { name: name.to_owned(), known: NAMES.join(", ") }),
    }
}
