//! A case's document: one account, margined as the engine margins every account.

use plimsoll_core::{Decimal, Node};
use plimsoll_document::{Format, Request};
use plimsoll_pricing::float::float;
use serde_json::Value;

use super::figure::Figures;
use super::given::Refused;
use crate::{Desk, Entry, Margin};

/// Figures of the account, and its gross notional.
pub(super) fn margin<'a>(document: &Value, wanted: impl Iterator<Item = &'a str>) -> Result<(Figures, f64), Refused> {
    let request = Request::read(document.to_string().as_bytes(), Format::Json)?;
    let desk = Desk::open(request)?;
    let [entry] = desk.accounts() else {
        let found = desk.accounts().len();
        return Err(Refused::new(format!("accounts: {found} of them, expected one")));
    };
    let margin = desk.margin(entry)?;
    let mut figures = Figures::new()
        .with("initial_margin", margin.requirement.initial.amount)
        .with("maintenance_margin", margin.requirement.maintenance.amount)
        .with("initial_equity", margin.equity.initial.amount)
        .with("maintenance_equity", margin.equity.maintenance.amount)
        .with("initial_surplus", margin.equity.initial.amount.minus(margin.requirement.initial.amount)?)
        .with("maintenance_surplus", margin.equity.maintenance.amount.minus(margin.requirement.maintenance.amount)?)
        .with("net_value", margin.equity.net_value.amount)
        .with("scenario_pnl", scenario_pnl(&margin));
    if let Some(basis) = scenarios(&margin).iter().find(|node| node.label == BASIS) {
        figures = figures.with("basis_pnl", basis.amount.negated());
    }
    for name in wanted {
        let found = match name.split_once(':') {
            Some(("initial", label)) => margin.requirement.initial.find(label),
            Some(("maintenance", label)) => margin.requirement.maintenance.find(label),
            _ => None,
        };
        if let Some(node) = found {
            figures = figures.with(name, node.amount);
        }
    }
    Ok((figures, gross(&desk, entry)))
}

/// A model may weigh this beside its scenarios.
const BASIS: &str = "basis contingency";

/// The P&L of every scenario of the maintenance requirement, in the model's order.
fn scenario_pnl(margin: &Margin) -> Vec<Decimal> {
    let scenarios = scenarios(margin).iter().filter(|node| node.label != BASIS);
    scenarios.map(|node| node.amount.negated()).collect()
}

fn scenarios(margin: &Margin) -> &[Node] {
    margin.requirement.maintenance.find("worst scenario").map_or(&[], Node::children)
}

/// Σ |size| × index and Σ |balance| × price, but for the currency itself.
fn gross(desk: &Desk, entry: &Entry) -> f64 {
    let (market, portfolio) = (desk.market(), &entry.account.portfolio);
    let positions = portfolio.positions.iter().filter_map(|position| {
        let terms = market.listing().get(position.instrument)?.terms();
        let index = market.snapshot().underlyings.get(&terms.underlying)?.index;
        Some(float(position.quantity.0) * float(terms.contract_size) * float(index))
    });
    let balances = portfolio.balances.iter().filter(|balance| balance.asset != market.snapshot().currency);
    let balances = balances.filter_map(|balance| {
        let price = market.asset_price(balance.asset).ok()?;
        Some(float(balance.net().ok()?.value) * float(price.value))
    });
    positions.chain(balances).map(f64::abs).sum()
}
