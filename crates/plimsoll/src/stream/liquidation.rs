//! How accounts are closed, as a line says it.

use plimsoll_core::{Decimal, Underlying};
use plimsoll_document::reader::{At, Record};
use plimsoll_document::shape::{Key, Range};
use plimsoll_engine::Command;
use plimsoll_engine::liquidation::{AuctionTerms, Budgets, LiquidationRules, MarketDepth, Policy};

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
        if record.get("auction").is_some() {
            rules.auction = record.with("auction", |at| auction(at, rules.auction))?;
        }
        Some(Command::SetLiquidation(Box::new(rules)))
    }

    pub(super) fn bid(&self, record: &Record<'_>) -> Option<Command> {
        let (account, bidder) = (self.account(record, "account"), self.account(record, "bidder"));
        let share = record.decimal("share").unwrap_or(Decimal::ONE);
        let bonus_min = record.decimal("bonus_min").unwrap_or_default();
        Some(Command::Bid { account: account?, bidder: bidder?, share, bonus_min })
    }
}

/// Derive's own on its main net in 2025, where nothing else is known.
const DERIVE: AuctionTerms = AuctionTerms {
    starting_fraction: Decimal::new(95, 2),
    cutoff_fraction: Decimal::new(7, 1),
    fast_seconds: 900,
    slow_seconds: 43_200,
    insolvent_seconds: 3_600,
    buffer: Decimal::new(15, 2),
    value_cutoff: Decimal::ZERO,
};

#[expect(clippy::option_option, reason = "an auction that is wrong, and one that is switched off")]
fn auction(at: At<'_>, known: Option<AuctionTerms>) -> Option<Option<AuctionTerms>> {
    let record = Record::open(at, &shapes::AUCTION)?;
    if record.boolean("off").unwrap_or(false) {
        return Some(None);
    }
    let mut terms = known.unwrap_or(DERIVE);
    for (name, number) in [
        ("starting_fraction", &mut terms.starting_fraction),
        ("cutoff_fraction", &mut terms.cutoff_fraction),
        ("buffer", &mut terms.buffer),
        ("value_cutoff", &mut terms.value_cutoff),
    ] {
        *number = record.decimal(name).unwrap_or(*number);
    }
    for (name, seconds) in [
        ("fast_s", &mut terms.fast_seconds),
        ("slow_s", &mut terms.slow_seconds),
        ("insolvent_s", &mut terms.insolvent_seconds),
    ] {
        *seconds = record.seconds(name).unwrap_or(*seconds);
    }
    Some(Some(terms))
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
    Some(Budgets {
        event: record.decimal("event"),
        day: record.decimal("day"),
        markets: markets.into_iter().collect(),
        matched: record.decimal("matched"),
        haircut: record.decimal("haircut"),
    })
}
