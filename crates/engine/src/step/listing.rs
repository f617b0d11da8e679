//! What may be held, traded and margined with.

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying};
use plimsoll_pricing::instruments::{Instrument, Listing};

use super::Decision;
use crate::account::ContractId;
use crate::book;
use crate::event::Event;
use crate::market::TrustRule;
use crate::refusal::Refusal;
use crate::state::{AssetRules, Lines, ModelRules, UnderlyingRules};

impl Decision<'_> {
    pub(super) fn list_asset(&mut self, asset: Asset, rules: &AssetRules) -> Result<(), Refusal> {
        check_trust(&rules.trust)?;
        at_least_zero("borrow_rate", rules.borrow_rate)?;
        at_least_zero("cap", rules.cap.unwrap_or_default())?;
        // Until now the rate was another.
        let interest = self.interest_on(asset)?;
        interest.into_iter().for_each(|event| self.emit(event));
        self.emit(Event::AssetListed { asset, rules: rules.clone() });
        self.everybody();
        Ok(())
    }

    pub(super) fn list_underlying(&mut self, underlying: Underlying, rules: &UnderlyingRules) -> Result<(), Refusal> {
        self.listed(rules.quote)?;
        check_trust(&rules.trust)?;
        let before = self.state.underlyings.get(&underlying);
        if before.is_some_and(|before| before.quote != rules.quote) {
            let what = underlying.as_str().into();
            return Err(Refusal::NotAllowed { what, why: "the quote of an index stays" });
        }
        self.emit(Event::UnderlyingListed { underlying, rules: rules.clone() });
        self.everybody();
        Ok(())
    }

    pub(super) fn list_contract(&mut self, instrument: &Instrument) -> Result<(), Refusal> {
        let terms = instrument.terms();
        self.listed(terms.quote)?;
        self.listed(terms.settlement)?;
        if instrument.only_moves_balances() {
            self.listed(terms.underlying.asset())?;
        }
        if !self.state.underlyings.contains_key(&terms.underlying) {
            return Err(Refusal::UnknownUnderlying(terms.underlying));
        }
        if self.state.contract_names.contains_key(&terms.name) {
            return Err(Refusal::Duplicate(terms.name.clone()));
        }
        Listing::new(vec![instrument.clone()])?;
        if let Some(expiry) = instrument.expiry().filter(|expiry| *expiry <= self.at) {
            return Err(Refusal::Expired { contract: terms.name.clone(), expiry });
        }
        let contract = u32::try_from(self.state.contracts.len()).unwrap_or(u32::MAX);
        self.emit(Event::ContractListed { contract: ContractId(contract), instrument: instrument.clone() });
        Ok(())
    }

    pub(super) fn set_model(
        &mut self,
        name: &Arc<str>,
        model: &Arc<str>,
        parameters: &[(Arc<str>, Arc<str>)],
        lines: &Lines,
        from: Timestamp,
    ) -> Result<(), Refusal> {
        check_lines(lines)?;
        let before = self.state.models.get(name);
        let version = before.map_or(0, |before| before.version) + 1;
        let rules = ModelRules {
            model: model.clone(),
            parameters: parameters.to_vec(),
            lines: lines.clone(),
            version,
            pending: None,
        };
        book::model(&rules)?;
        if before.is_some() && from > self.at {
            self.emit(Event::ModelAnnounced { name: name.clone(), rules, from });
            return Ok(());
        }
        self.emit(Event::ModelInForce { name: name.clone(), rules });
        self.everybody();
        Ok(())
    }
}

fn check_trust(rule: &TrustRule) -> Result<(), Refusal> {
    match rule.fault() {
        None => Ok(()),
        Some((what, expected)) => Err(Refusal::OutOfBounds { what, value: fault_value(rule, what), expected }),
    }
}

/// The figure that is wrong, of those that are one figure.
fn fault_value(rule: &TrustRule, what: &str) -> Decimal {
    let index = &rule.index;
    match what {
        "slow_per_hour" => rule.slow_per_hour,
        "band" if rule.band.signum() < 0 || rule.band > Decimal::ONE => rule.band,
        "band" => index.band,
        "outlier_fraction" => index.outlier_fraction,
        "confidence_min" => index.confidence_min,
        "sources_min" => Decimal::from_int(i64::from(index.sources_min)),
        "age_ns_max" => Decimal::from_int(index.age_ns_max),
        "ahead_ns_max" => Decimal::from_int(index.ahead_ns_max),
        _ => rule.decay.last().map_or(Decimal::ZERO, |(_, share)| *share),
    }
}

fn check_lines(lines: &Lines) -> Result<(), Refusal> {
    let mut policy = lines.policy.clone();
    for field in policy.fields() {
        let plimsoll_margin::parameters::Slot::Number(value) = &field.slot else { continue };
        if **value < field.low || **value > field.high {
            return Err(Refusal::OutOfBounds { what: field.name, value: **value, expected: "a share, 0.01 to 1" });
        }
    }
    let plimsoll_margin::level::Policy { fill, call, liquidation_end, .. } = lines.policy;
    let ordered = [("call", call, fill, "at most fill"), ("liquidation_end", liquidation_end, call, "at most call")];
    match ordered.into_iter().find(|(_, value, most, _)| value > most) {
        Some((what, value, _, expected)) => Err(Refusal::OutOfBounds { what, value, expected }),
        None => Ok(()),
    }
}

fn at_least_zero(what: &'static str, value: Decimal) -> Result<(), Refusal> {
    if value.signum() >= 0 { Ok(()) } else { Err(Refusal::OutOfBounds { what, value, expected: "at least 0" }) }
}
