//! Events as JSON, with names in the place of numbers and every amount to its last digit.

use plimsoll_core::{AccountId, Amount, Decimal, Side, Timestamp, Underlying};
use plimsoll_engine::account::{AccountTerms, Kind, Mode};
use plimsoll_engine::event::{Cancelled, Charge, Figures, Filled, Overdraft};
use plimsoll_engine::liquidation::Cover;
use plimsoll_engine::market::{Feed, Reading};
use plimsoll_engine::{ContractId, Event, Holder, Leg, State};
use serde_json::{Map, Value, json};

use super::breakers;
use super::liquidation::policy;
use super::notice;

/// `event` as one object; `state` is one that knows the names it mentions.
#[must_use]
pub fn shown(state: &State, sequence: u64, at: Timestamp, event: &Event) -> Value {
    let names = Names(state);
    let (word, fields) = names.event(event);
    let mut object = Map::new();
    object.insert("sequence".into(), sequence.into());
    object.insert("at".into(), at.to_string().into());
    object.insert("event".into(), word.into());
    if let Value::Object(fields) = fields {
        object.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    if !event.legs().is_empty() {
        let legs = event.legs().iter().map(|leg| names.leg(leg)).collect();
        object.insert("legs".into(), Value::Array(legs));
    }
    Value::Object(object)
}

/// A refusal as one object; `state` is one that knows the account it is about.
#[must_use]
pub fn refused(state: &State, sequence: u64, at: Timestamp, rule: &str, text: &str) -> Value {
    let name = |(id, rest)| Some(format!("account {}: {rest}", state.account(id)?.terms.name));
    let text = refused_of(rule, text).and_then(name).unwrap_or_else(|| text.to_owned());
    json!({"sequence": sequence, "at": at.to_string(), "refused": rule, "text": text})
}

/// Refusals that begin with the number of an account, which is there.
const OF_ACCOUNTS: [&str; 7] =
    ["UnknownOrder", "Frozen", "Mode", "CashShort", "TraderLimit", "InitialMarginShort", "Restricted"];

/// The account that a refusal is about, where it is about one, and what is said of it.
#[must_use]
pub fn refused_of<'t>(rule: &str, text: &'t str) -> Option<(AccountId, &'t str)> {
    let (number, rest) = text.strip_prefix("account ").filter(|_| OF_ACCOUNTS.contains(&rule))?.split_once(": ")?;
    Some((AccountId(number.parse().ok()?), rest))
}

struct Names<'s>(&'s State);

impl Names<'_> {
    fn event(&self, event: &Event) -> (&'static str, Value) {
        match event {
            Event::AssetListed { asset, rules } => {
                ("asset_listed", json!({"asset": asset.as_str(), "borrow_rate": text(rules.borrow_rate)}))
            }
            Event::UnderlyingListed { underlying, rules } => (
                "underlying_listed",
                json!({"underlying": underlying.as_str(), "quote": rules.quote.as_str(),
                       "settlement_window_s": rules.settlement_window_s}),
            ),
            Event::ContractListed { instrument, .. } => {
                ("contract_listed", json!({"contract": instrument.name(), "kind": instrument.kind()}))
            }
            Event::ModelInForce { name, rules } => {
                ("model_in_force", json!({"name": &**name, "model": &*rules.model, "version": rules.version}))
            }
            Event::ModelAnnounced { name, pending } => (
                "model_announced",
                json!({"name": &**name, "model": &*pending.rules.model, "from": pending.from.to_string(),
                       "ramp_s": (pending.ramp_s > 0).then_some(pending.ramp_s)}),
            ),
            Event::Priced { readings, batch } => (
                "priced",
                json!({"readings": readings.iter().map(|(feed, it)| reading(*feed, it)).collect::<Vec<_>>(),
                       "marks": batch.marks.len(), "surfaces": batch.surfaces.len()}),
            ),
            Event::OrderPlaced { .. }
            | Event::OrderCancelled { .. }
            | Event::Traded { .. }
            | Event::FundingPaid { .. }
            | Event::Settled { .. } => self.trading(event),
            Event::LevelChanged { .. } | Event::CallExpired { .. } => self.standing(event),
            Event::LiquidationRulesSet { .. }
            | Event::LiquidationWave { .. }
            | Event::AuctionBegun { .. }
            | Event::AuctionBid { .. }
            | Event::AuctionUnsold { .. }
            | Event::Deleveraged { .. }
            | Event::Haircut { .. }
            | Event::Covered { .. }
            | Event::LossShared { .. } => self.closing(event),
            Event::BreakerSet { .. }
            | Event::BreakerTripped { .. }
            | Event::BreakerEased { .. }
            | Event::BreakerLifted { .. } => breakers::shown(event),
            Event::NoticeSet { .. } | Event::Announced { .. } | Event::Recalled { .. } | Event::CarriedOut { .. } => {
                notice::shown(event)
            }
            Event::AccountOpened { .. }
            | Event::AccountAmended { .. }
            | Event::Frozen { .. }
            | Event::Deposited { .. }
            | Event::Withdrawn { .. }
            | Event::Transferred { .. }
            | Event::HouseFunded { .. }
            | Event::Borrowed { .. }
            | Event::Repaid { .. }
            | Event::InterestCharged { .. }
            | Event::OverdraftCharged { .. } => self.cash(event),
        }
    }

    fn standing(&self, event: &Event) -> (&'static str, Value) {
        match event {
            Event::LevelChanged { account, from, to, deadline, figures } => (
                "level_changed",
                merged(
                    json!({"account": self.account(*account), "from": from.to_string(), "to": to.to_string(),
                           "deadline": deadline.map(|at| at.to_string())}),
                    figures,
                ),
            ),
            Event::CallExpired { account, figures } => {
                ("call_expired", merged(json!({"account": self.account(*account)}), figures))
            }
            _ => unreachable!("told apart above"),
        }
    }

    fn cash(&self, event: &Event) -> (&'static str, Value) {
        let of = |account: &AccountId, amount: &Amount| json!({"account": self.account(*account), "amount": amount.to_string()});
        match event {
            Event::AccountOpened { account, terms } => ("account_opened", self.terms(*account, terms)),
            Event::AccountAmended { account, terms, loss_from } => {
                let mut shown = self.terms(*account, terms);
                shown["loss_from"] = loss_from.map_or(Value::Null, text);
                ("account_amended", shown)
            }
            Event::Frozen { account, frozen, reason } => (
                if *frozen { "frozen" } else { "thawed" },
                json!({"account": self.account(*account), "reason": &**reason}),
            ),
            Event::Deposited { account, amount, .. } => ("deposited", of(account, amount)),
            Event::Withdrawn { account, amount, gains, .. } => {
                let mut shown = of(account, amount);
                shown["gains"] = unless_zero(*gains);
                ("withdrawn", shown)
            }
            Event::Transferred { from, to, amount, top_up, .. } => (
                if *top_up { "topped_up" } else { "transferred" },
                json!({"from": self.account(*from), "to": self.account(*to), "amount": amount.to_string()}),
            ),
            Event::HouseFunded { house, amount, .. } => {
                ("house_funded", json!({"house": house.name(), "amount": amount.to_string()}))
            }
            Event::Borrowed { account, amount, .. } => ("borrowed", of(account, amount)),
            Event::Repaid { account, amount, interest, .. } => {
                let mut shown = of(account, amount);
                shown["interest"] = unless_zero(*interest);
                ("repaid", shown)
            }
            Event::InterestCharged { asset, rate, charges } => {
                let charge = |charge: &Charge| of(&charge.account, &Amount::new(charge.interest, *asset));
                let charges: Vec<_> = charges.iter().map(charge).collect();
                ("interest_charged", json!({"asset": asset.as_str(), "rate": text(*rate), "charges": charges}))
            }
            Event::OverdraftCharged { asset, rate, hours, charges } => {
                let charge = |charge: &Overdraft| of(&charge.account, &Amount::new(charge.interest, *asset));
                let charges: Vec<_> = charges.iter().map(charge).collect();
                let shown = json!({"asset": asset.as_str(), "rate": text(*rate), "hours": hours, "charges": charges});
                ("overdraft_charged", shown)
            }
            _ => unreachable!("told apart above"),
        }
    }

    fn trading(&self, event: &Event) -> (&'static str, Value) {
        match event {
            Event::OrderPlaced { account, order, terms } => (
                "order_placed",
                json!({"account": self.account(*account), "order": order.0, "contract": self.contract(terms.contract),
                       "side": side(terms.side), "quantity": terms.quantity.to_string(), "price": terms.price.to_string(),
                       "reduce_only": terms.reduce_only.then_some(true)}),
            ),
            Event::OrderCancelled { account, order, why } => {
                let why = match why {
                    Cancelled::Asked => "asked",
                    Cancelled::Frozen => "frozen",
                    Cancelled::Expired => "expired",
                    Cancelled::Liquidation => "liquidation",
                    Cancelled::Cured => "cured",
                    Cancelled::Matched => "matched",
                };
                ("order_cancelled", json!({"account": self.account(*account), "order": order.0, "why": why}))
            }
            Event::Traded { contract, quantity, price, buyer, seller, taker, closes, .. } => (
                if closes.is_some() { "matched" } else { "traded" },
                json!({"contract": self.contract(*contract), "quantity": quantity.to_string(), "price": price.to_string(),
                       "closes": closes.map(|account| self.account(account)),
                       "taker": side(*taker), "buyer": self.filled(buyer), "seller": self.filled(seller)}),
            ),
            Event::FundingPaid { contract, rate, price, .. } => (
                "funding_paid",
                json!({"contract": self.contract(*contract), "rate": text(*rate), "mark": price.to_string()}),
            ),
            Event::Settled { contract, price, readings, .. } => (
                "settled",
                json!({"contract": self.contract(*contract), "price": price.to_string(), "readings": readings}),
            ),
            _ => unreachable!("told apart above"),
        }
    }

    fn closing(&self, event: &Event) -> (&'static str, Value) {
        match event {
            Event::LiquidationRulesSet { rules } => (
                "liquidation_rules_set",
                json!({"policy": policy(rules.policy), "band": text(rules.band), "cooldown_s": rules.cooldown_s,
                       "waves_max": rules.waves_max, "fee_rate": text(rules.fee_rate)}),
            ),
            Event::LiquidationWave { account, wave, orders, cost, excess } => (
                "liquidation_wave",
                json!({"account": self.account(*account), "wave": wave, "orders": orders, "cost": text(*cost),
                       "excess": text(*excess)}),
            ),
            Event::AuctionBegun { account, is_insolvent } => {
                ("auction_begun", json!({"account": self.account(*account), "is_insolvent": is_insolvent}))
            }
            Event::AuctionBid { account, bidder, share, bonus } => (
                "auction_bid",
                json!({"account": self.account(*account), "bidder": self.account(*bidder), "share": text(*share),
                       "bonus": text(*bonus)}),
            ),
            Event::AuctionUnsold { account } => ("auction_unsold", json!({"account": self.account(*account)})),
            Event::Deleveraged { account, holder, contract, quantity, value } => (
                "deleveraged",
                json!({"account": self.account(*account), "holder": self.account(*holder),
                       "contract": self.contract(*contract), "quantity": quantity.to_string(), "value": text(*value)}),
            ),
            Event::Haircut { account, holder, amount, value } => (
                "haircut",
                json!({"account": self.account(*account), "holder": self.account(*holder),
                       "amount": amount.to_string(), "value": text(*value)}),
            ),
            Event::Covered { account, by, amount, lost, markets, .. } => {
                let by = match by {
                    Cover::Collateral => "collateral",
                    Cover::Fund => "fund",
                    Cover::BadDebt => "bad_debt",
                };
                let markets: Vec<&str> = markets.iter().map(Underlying::as_str).collect();
                (
                    "covered",
                    json!({"account": self.account(*account), "by": by, "amount": amount.to_string(),
                           "lost": unless_zero(*lost), "markets": markets}),
                )
            }
            Event::LossShared { amount, lost, markets, legs, .. } => {
                let markets: Vec<&str> = markets.iter().map(Underlying::as_str).collect();
                let holders = legs.iter().filter(|leg| leg.holder.account().is_some()).count();
                (
                    "loss_shared",
                    json!({"amount": amount.to_string(), "lost": text(*lost), "holders": holders, "markets": markets}),
                )
            }
            _ => unreachable!("told apart above"),
        }
    }

    fn terms(&self, account: AccountId, terms: &AccountTerms) -> Value {
        let kind = match terms.kind {
            Kind::Client => "client",
            Kind::House => "house",
            Kind::Outside => "outside",
        };
        let mode = match terms.mode {
            Mode::Isolated => "isolated".to_owned(),
            Mode::Cross { asset } => format!("cross {asset}"),
            Mode::MultiCurrency => "multi_currency".to_owned(),
            Mode::Portfolio => "portfolio".to_owned(),
        };
        json!({"account": &*terms.name, "number": account.0, "owner": &*terms.owner, "kind": kind, "mode": mode,
               "model": &*terms.model, "parent": terms.parent.map(|parent| self.account(parent)),
               "group": terms.group.as_deref()})
    }

    fn filled(&self, filled: &Filled) -> Value {
        json!({"account": self.account(filled.account), "order": filled.order.map(|order| order.0),
               "position": filled.after.quantity.to_string(), "cost": text(filled.after.cost),
               "realised": text(filled.realised), "fee": text(filled.fee), "penalty": unless_zero(filled.penalty)})
    }

    fn leg(&self, leg: &Leg) -> Value {
        // An account may be called like one of the house's own holders.
        let (holder, kind) = match leg.holder {
            Holder::Account(account) => (self.account(account), "account"),
            Holder::House(house) => (house.name().to_owned(), "house"),
        };
        json!({"holder": holder, "holder_kind": kind, "amount": leg.amount.to_string()})
    }

    fn account(&self, account: AccountId) -> String {
        self.0.account(account).map_or_else(|| account.to_string(), |known| known.terms.name.to_string())
    }

    fn contract(&self, contract: ContractId) -> String {
        self.0.contract(contract).map_or_else(|| contract.0.to_string(), |known| known.instrument.name().to_owned())
    }
}

fn merged(mut fields: Value, figures: &Figures) -> Value {
    for (name, value) in [
        ("equity_initial", figures.equity_initial),
        ("initial", figures.initial),
        ("equity", figures.equity),
        ("maintenance", figures.maintenance),
        ("net_value", figures.net_value),
    ] {
        fields[name] = text(value);
    }
    fields["model_version"] = figures.version.into();
    fields
}

fn reading(feed: Feed, reading: &Reading) -> Value {
    let of = match feed {
        Feed::Asset(asset) => ("asset", asset.to_string()),
        Feed::Index(underlying) => ("index", underlying.to_string()),
    };
    json!({of.0: of.1, "price": text(reading.price), "quality": reading.quality.name(), "slow": text(reading.slow)})
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn text(value: Decimal) -> Value {
    value.to_string().into()
}

fn unless_zero(value: Decimal) -> Value {
    if value.is_zero() { Value::Null } else { text(value) }
}
