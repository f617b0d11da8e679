#![doc = include_str!("README.md")]

mod parameters;

use std::sync::Arc;

use plimsoll_core::requirement::Origin;
use plimsoll_core::{Decimal, Node, Requirement, Rounding};
use plimsoll_pricing::market::Market;

pub use parameters::CreditParameters;

use super::plimsoll::PlimsollJudge;
use super::{About, Held, Judge, Model};
use crate::collateral::CollateralRules;
use crate::equity::{CREDIT, NetAsset};
use crate::fold::Detail;
use crate::parameters::Field;
use crate::{Account, MarginError};

/// The model's name.
const NAME: &str = "credit";

/// A line of credit against net risk.
#[derive(Clone, Debug, Default)]
pub struct CreditModel {
    /// Its numbers.
    pub parameters: CreditParameters,
}

impl Model for CreditModel {
    fn about(&self) -> &'static About {
        &About { name: NAME, page: include_str!("README.md"), example: include_str!("example.yaml"), sets: &[] }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        self.parameters.fields()
    }

    fn prepare(&self, market: &Market, held: &Held) -> Result<Box<dyn Judge>, MarginError> {
        let risk = self.parameters.risk.judge(market, held)?;
        Ok(Box::new(CreditJudge { risk, parameters: self.parameters.clone() }))
    }
}

struct CreditJudge {
    risk: PlimsollJudge,
    parameters: CreditParameters,
}

impl Judge for CreditJudge {
    fn counts_worst_fills(&self) -> bool {
        true
    }

    fn judged(&self, account: &Account, assets: &[NetAsset], detail: Detail) -> Result<Requirement, MarginError> {
        self.risk.judged(account, assets, detail)
    }

    fn credit(&self, account: &Account, required: &Requirement) -> Result<Option<Node>, MarginError> {
        let terms = self.terms(account)?;
        if account.credit_line.is_zero() {
            return Ok(None);
        }
        // One line at all levels, of the smaller requirement: so a level further down never has less to show.
        Ok(Some(line(account, &terms, &self.spread(account)?, required.maintenance.amount)?))
    }

    fn collateral(&self) -> &CollateralRules {
        self.risk.collateral()
    }
}

/// What a rating is granted.
struct Terms {
    rating: Arc<str>,
    share: Decimal,
    most: Decimal,
}

/// How much of a sum of own worsts is within the limit on one underlying.
struct Spread {
    limit: Decimal,
    within: Decimal,
    all: Decimal,
}

impl CreditJudge {
    fn terms(&self, account: &Account) -> Result<Terms, MarginError> {
        let p = &self.parameters;
        let known = &p.line_max.named;
        if let Some(rating) = &account.rating
            && !known.contains_key(&**rating)
        {
            let known = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let what = format!("an account rated {rating}").into();
            return Err(MarginError::Unsupported { model: NAME, what, why: format!("expected one of {known}") });
        }
        let rating = account.rating.clone().unwrap_or_else(|| "unrated".into());
        Ok(Terms { share: *p.risk_share.of(&rating), most: *p.line_max.of(&rating), rating })
    }

    fn spread(&self, account: &Account) -> Result<Spread, MarginError> {
        let worsts = self.risk.own_worsts(account)?;
        let worsts = || worsts.iter().map(|(_, worst)| worst.or_zero());
        let all = worsts().try_fold(Decimal::ZERO, Decimal::plus)?;
        let limit = all.times(self.parameters.concentration_limit, Rounding::Down)?;
        let within = worsts().map(|worst| worst.min(limit)).try_fold(Decimal::ZERO, Decimal::plus)?;
        Ok(Spread { limit: self.parameters.concentration_limit, within, all })
    }
}

/// The least of the limits, of which all are negative so that the worst of them is.
fn line(account: &Account, terms: &Terms, spread: &Spread, risk: Decimal) -> Result<Node, MarginError> {
    let leaf = |label: String, amount: Decimal| Node::leaf(label, amount, Origin::default());
    let spread_risk = if spread.all.is_zero() {
        // What is left without a move that hurts is charges, of one name for all that is known.
        risk.times(spread.limit, Rounding::Down)?
    } else {
        risk.times_ratio(spread.within, spread.all, Rounding::Down)?
    };
    let Terms { rating, share, most } = terms;
    let of_risk = leaf("net risk that is not concentrated".to_owned(), spread_risk.or_zero());
    let limits = vec![
        leaf("agreed".to_owned(), account.credit_line.negated()),
        leaf(format!("the most for {rating}"), most.negated()),
        Node::scale(format!("share for {rating}"), share.negated(), of_risk)?,
    ];
    Ok(Node::scale(CREDIT, Decimal::ONE.negated(), Node::worst_of("least of its limits", limits))?)
}
