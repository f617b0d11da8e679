//! Margin models: one folder each, named once here.
//!
//! A model is data (parameters, a scenario set), a fold and a combine. It prepares its tables once
//! for a market and then judges any number of accounts. No model sums positions, searches
//! scenarios or builds explanations itself: [`crate::array`] and [`crate::fold`] do.

pub mod binance_coinm;
pub mod binance_portfolio;
pub mod binance_usdm;
pub mod brackets;
mod by_position;
pub mod bybit_cross;
pub mod bybit_portfolio;
mod cash;
pub mod credit;
pub mod cross;
pub mod deribit_portfolio;
pub mod deribit_standard;
pub mod derive_pmrm;
pub mod derive_pmrm2;
pub mod derive_standard;
mod fills;
pub mod greeks;
pub mod isolated;
pub mod leverage_tiers;
pub mod oi_scaled;
pub mod okx_discount;
pub mod okx_portfolio;
pub mod paradex_cross;
pub mod paradex_portfolio;
pub mod plimsoll;
pub mod span;
pub mod strategy;
pub mod tiered;
pub mod tims;
pub mod value_ratios;
pub mod weights;

use std::any::Any;
use std::collections::BTreeSet;

use plimsoll_core::{Asset, Decimal, InstrumentId, Node, Requirement};
use plimsoll_pricing::market::Market;

use crate::collateral::CollateralRules;
use crate::equity::{NetAsset, agreed_line};
use crate::fold::Detail;
use crate::parameters::{self, Dated, Field};
use crate::pass::Pass;
use crate::scans::Scans;
use crate::watch::Figures;
use crate::{Account, MarginError};

/// What a model says of itself.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name: `plimsoll`.
    pub name: &'static str,
    /// Its page: what it is, how it computes, source.
    pub page: &'static str,
    /// A document in YAML that it margins: the book its page speaks of.
    pub example: &'static str,
    /// Its published parameter sets, the newest first; the newest is the default. The house's own models have none.
    pub sets: &'static [Dated],
}

/// A margin model with its parameters; as [`Any`], for questions that only one model answers.
pub trait Model: Any + Send + Sync {
    /// What it says of itself.
    fn about(&self) -> &'static About;

    /// Its name: `plimsoll`.
    fn name(&self) -> &'static str {
        self.about().name
    }

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
    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError>;
}

/// A model in one market.
pub trait Judge: Send + Sync {
    /// What `account` must hold, in as much `detail` as is asked; `assets` are its own, netted.
    ///
    /// # Errors
    /// [`MarginError`] for what the model was not prepared for or cannot margin.
    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError>;

    /// The same, explained.
    ///
    /// # Errors
    /// As [`Self::judged`].
    fn requirement(&self, account: &Account, assets: &[NetAsset]) -> Result<Requirement, MarginError> {
        self.judged(account, assets, Detail::Explained)
    }

    /// The amounts of it, initial and maintenance, to the last digit.
    ///
    /// # Errors
    /// As [`Self::judged`].
    fn amounts(&self, account: &Account, assets: &[NetAsset]) -> Result<(Decimal, Decimal), MarginError> {
        let requirement = self.judged(account, assets, Detail::Amounts)?;
        Ok((requirement.initial.amount, requirement.maintenance.amount))
    }

    /// How much of the agreed credit line counts as margin equity, given what is required: all of it, unless the
    /// model says otherwise.
    ///
    /// # Errors
    /// As [`Self::requirement`].
    fn credit(&self, account: &Account, _required: &Requirement) -> Result<Option<Node>, MarginError> {
        Ok(agreed_line(account))
    }

    /// Whether every open order counts, in each scenario, at its worst fill. Where it does not, whoever admits orders looks
    /// at them filled as well.
    fn counts_worst_fills(&self) -> bool {
        false
    }

    /// What of a requirement without orders are plain passes over positions, in what order the model makes them; none
    /// where nothing is.
    fn passes(&self) -> Vec<Pass<'_>> {
        Vec::new()
    }

    /// All that the excesses of accounts are made of in this market, so that an account need be margined again only when
    /// enough of it has moved; `None` for a model that does not say.
    ///
    /// # Errors
    /// [`MarginError`] for what cannot be priced.
    fn watched(&self) -> Result<Option<Vec<Figures>>, MarginError> {
        Ok(None)
    }

    /// What is scanned of `account` without its orders, for proposals of what to trade; `None` for a model that does not say.
    ///
    /// # Errors
    /// As [`Self::judged`].
    fn scans(&self, _account: &Account, _assets: &[NetAsset]) -> Result<Option<Scans<'_>>, MarginError> {
        Ok(None)
    }

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

macro_rules! registry {
    ($($name:literal => $model:ty,)*) => {
        /// The models there are, the default first.
        pub const NAMES: [&str; [$($name),*].len()] = [$($name),*];

        fn newest(name: &str) -> Option<Box<dyn Model>> {
            match name {
                $($name => Some(Box::<$model>::default()),)*
                _ => None,
            }
        }
    };
}

registry! {
    "plimsoll" => plimsoll::Plimsoll,
    "cross" => cross::Cross,
    "isolated" => isolated::Isolated,
    "derive-pmrm2" => derive_pmrm2::DerivePmrm2,
    "derive-pmrm" => derive_pmrm::DerivePmrm,
    "derive-standard" => derive_standard::DeriveStandard,
    "deribit-portfolio" => deribit_portfolio::DeribitPortfolio,
    "deribit-standard" => deribit_standard::DeribitStandard,
    "okx-portfolio" => okx_portfolio::OkxPortfolio,
    "okx-discount" => okx_discount::OkxDiscount,
    "binance-usdm" => binance_usdm::BinanceUsdm,
    "binance-coinm" => binance_coinm::BinanceCoinm,
    "binance-portfolio" => binance_portfolio::BinancePortfolio,
    "bybit-cross" => bybit_cross::BybitCross,
    "weights" => weights::Weights,
    "oi-scaled" => oi_scaled::OiScaled,
    "leverage-tiers" => leverage_tiers::LeverageTiers,
    "paradex-portfolio" => paradex_portfolio::ParadexPortfolio,
    "paradex-cross" => paradex_cross::ParadexCross,
    "span" => span::Span,
    "strategy" => strategy::Strategy,
    "tims" => tims::Tims,
    "bybit-portfolio" => bybit_portfolio::BybitPortfolio,
    "greeks" => greeks::Greeks,
    "credit" => credit::CreditModel,
}

/// The model called `name`: with its newest parameters, or as `name@date` with those of a date.
///
/// # Errors
/// [`MarginError::UnknownModel`] with the names there are, [`MarginError::UnknownDate`] with the dates.
pub fn by_name(name: &str) -> Result<Box<dyn Model>, MarginError> {
    let (base, date) = name.split_once('@').map_or((name, None), |(base, date)| (base, Some(date)));
    let unknown = || MarginError::UnknownModel { name: base.to_owned(), known: NAMES.join(", ") };
    let mut model = newest(base).ok_or_else(unknown)?;
    if let Some(date) = date {
        let sets = model.about().sets;
        let unknown = || {
            let known = sets.iter().map(|set| set.date).collect::<Vec<_>>().join(", ");
            MarginError::UnknownDate { model: model.name(), date: date.to_owned(), known }
        };
        let set = sets.iter().find(|set| set.date == date).ok_or_else(unknown)?;
        for (parameter, value) in set.values {
            model.set(parameter, value)?;
        }
    }
    Ok(model)
}
