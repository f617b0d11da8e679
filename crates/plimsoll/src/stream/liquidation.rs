//! How accounts are closed, as a line says it.

use plimsoll_core::Underlying;
use plimsoll_document::reader::{At, Record};
use plimsoll_document::shape::{Key, Range};
use plimsoll_engine::Command;
use plimsoll_engine::liquidation::{Budgets, LiquidationRules, MarketDepth, Policy};

use super::{Reading, shapes};

/// What a policy is called.
pub(super) const fn policy(policy: Policy) -> &'static str {
    match policy {
        Policy::LeastCost => "least_cost",
        Policy::LargestLossFirst => "largest_loss_first",
        Policy::ProRata => "pro_rata",
        Policy::FullClose => "full_close",
    }
}

impl Reading<'_> {
    /// What is not said stays as it is.
    pub(super) fn set_liquidation(&self, record: &Record<'_>) -> Option<Command> {
        let mut rules: LiquidationRules = self.state.liquidation.clone();
        match record.choice("policy") {
            Some("least_cost") => rules.policy = Policy::LeastCost,
            Some("largest_loss_first") => rules.policy = Policy::LargestLossFirst,
            Some("pro_rata") => rules.policy = Policy::ProRata,
            Some("full_close") => rules.policy = Policy::FullClose,
            _ => {}
        }
        for (name, number) in [
            ("band", &mut rules.band),
            ("share_of_depth", &mut rules.share_of_depth),
            ("fee_rate", &mut rules.fee_rate),
            ("shared_max", &mut rules.shared_max),
        ] {
            *number = record.decimal(name).unwrap_or(*number);
        }
        rules.cooldown_s = record.seconds("cooldown_s").unwrap_or(rules.cooldown_s);
        rules.waves_max = record.seconds("waves_max").unwrap_or(rules.waves_max);
        if let Some(depth) = record.with("depth", |at| depth(at, rules.depth)) {
            rules.depth = depth;
        }
        let (default, underlying) = (rules.depth, |name: &str| name.parse::<Underlying>().ok());
        rules.depths.extend(record.map("depths", Key::Name, underlying, |at, _| depth(at, default)));
        if record.get("budgets").is_some() {
            rules.budgets = record.with("budgets", budgets)?;
        }
        Some(Command::SetLiquidation(Box::new(rules)))
    }
}

fn depth(at: At<'_>, default: MarketDepth) -> Option<MarketDepth> {
    let record = Record::open(at, &shapes::DEPTH)?;
    let spread = record.decimal("spread").unwrap_or(default.spread);
    Some(MarketDepth { spread, depth: record.decimal("depth").unwrap_or(default.depth) })
}

fn budgets(at: At<'_>) -> Option<Budgets> {
    let record = Record::open(at, &shapes::BUDGETS)?;
    let underlying = |name: &str| name.parse::<Underlying>().ok();
    let markets = record.map("markets", Key::Name, underlying, |at, _| at.decimal(Range::AtLeastZero));
    Some(Budgets { event: record.decimal("event"), day: record.decimal("day"), markets: markets.into_iter().collect() })
}
