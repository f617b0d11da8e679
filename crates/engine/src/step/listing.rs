//! What may be held and traded.

use plimsoll_core::{Asset, Decimal, Underlying};
use plimsoll_pricing::instruments::{Instrument, Listing};

use super::Decision;
use crate::account::ContractId;
use crate::event::Event;
use crate::market::TrustRule;
use crate::refusal::Refusal;
use crate::state::{AssetRules, UnderlyingRules};

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

fn at_least_zero(what: &'static str, value: Decimal) -> Result<(), Refusal> {
    if value.signum() >= 0 { Ok(()) } else { Err(Refusal::OutOfBounds { what, value, expected: "at least 0" }) }
}
