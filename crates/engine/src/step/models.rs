//! Margin models: bounded, announced, ramped, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::{Decimal, NumberError, Rounding, Timestamp};
use plimsoll_margin::parameters::Field;

use super::Decision;
use crate::book;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::state::{Lines, ModelRules, PendingRules};

/// Steps in which a ramp is climbed.
const STEPS: u8 = 10;

impl Decision<'_> {
    pub(super) fn set_model(
        &mut self,
        name: &Arc<str>,
        rules: ModelRules,
        from: Timestamp,
        ramp_s: u32,
    ) -> Result<(), Refusal> {
        check_lines(&rules.lines)?;
        book::model(&rules)?;
        let before = self.state.models.get(name);
        let version = before.map_or(0, |before| before.version) + 1;
        let Some(before) = before.filter(|_| from > self.at || ramp_s > 0) else {
            self.emit(Event::ModelInForce { name: name.clone(), rules: ModelRules { version, ..rules } });
            self.everybody();
            return Ok(());
        };
        if ramp_s > 0 && before.model != rules.model {
            let what = rules.model.clone();
            return Err(Refusal::NotAllowed { what, why: "numbers of one model do not ramp into those of another" });
        }
        let begun = if ramp_s > 0 { begun(before, &rules)? } else { Vec::new() };
        let pending = Box::new(PendingRules { rules, from: from.max(self.at), ramp_s, begun, steps: 0 });
        for steps in 1..STEPS {
            // Every step on the way is a model too.
            book::model(&stepped(before, &pending, steps)?)?;
        }
        self.emit(Event::ModelAnnounced { name: name.clone(), pending });
        Ok(())
    }

    /// Brings into force what was announced for now; whether there was anything.
    pub(super) fn announced(&mut self) -> bool {
        let at = self.at;
        let due: Vec<_> =
            self.state.models.iter().filter_map(|(name, model)| Some((name.clone(), due(model, at)?))).collect();
        let any = !due.is_empty();
        for (name, rules) in due {
            self.emit(Event::ModelInForce { name, rules });
        }
        any
    }
}

/// A model as a command says it.
pub(super) fn rules(model: &Arc<str>, parameters: &[(Arc<str>, Arc<str>)], lines: &Lines) -> ModelRules {
    ModelRules {
        model: model.clone(),
        parameters: parameters.to_vec(),
        lines: lines.clone(),
        version: 0,
        pending: None,
    }
}

/// Numbers by name, from where to where.
type Ways = Vec<(Arc<str>, (Decimal, Decimal))>;

/// The numbers of `before` that are others under `rules`, with what they become; counts and switches are no such numbers.
fn begun(before: &ModelRules, rules: &ModelRules) -> Result<Ways, Refusal> {
    let (old, new) = (numbers(before)?, numbers(rules)?);
    let names = before.parameters.iter().chain(&rules.parameters).map(|(name, _)| name.clone());
    let names: BTreeSet<Arc<str>> = names.collect();
    // A value by name that is not listed is its field's.
    let known = |values: &BTreeMap<String, Decimal>, name: &str| {
        values.get(name).or_else(|| values.get(name.split_once('.')?.0)).copied()
    };
    Ok(names.into_iter().filter_map(|name| Some((name.clone(), (known(&old, &name)?, known(&new, &name)?)))).collect())
}

/// The values of a model that are numbers and may be anything between two of them.
fn numbers(rules: &ModelRules) -> Result<BTreeMap<String, Decimal>, Refusal> {
    let mut model = book::model(rules)?;
    let fields = model.fields();
    let even = fields.iter().filter(|field| field.unit != "count").flat_map(Field::values);
    Ok(even.filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect())
}

/// The rules that come into force at `at`, if any do.
fn due(model: &ModelRules, at: Timestamp) -> Option<ModelRules> {
    let pending = model.pending.as_deref().filter(|pending| pending.from <= at)?;
    let elapsed = pending.from.nanos_until(at) / Timestamp::NANOS_PER_SECOND;
    let steps = match i64::from(pending.ramp_s) {
        0 => STEPS,
        ramp => u8::try_from((elapsed.saturating_mul(STEPS.into()) / ramp).min(STEPS.into())).unwrap_or(STEPS),
    };
    let version = model.version + 1;
    if steps == STEPS {
        return Some(ModelRules { version, ..pending.rules.clone() });
    }
    if steps <= pending.steps {
        return None;
    }
    let parameters = stepped(model, pending, steps).ok()?.parameters;
    let pending = Some(Box::new(PendingRules { steps, ..pending.clone() }));
    Some(ModelRules { parameters, version, pending, ..model.clone() })
}

/// `model` so many steps on its way to what is pending.
fn stepped(model: &ModelRules, pending: &PendingRules, steps: u8) -> Result<ModelRules, NumberError> {
    let mut parameters = model.parameters.clone();
    for (name, (from, to)) in &pending.begun {
        let now: Arc<str> = between(*from, *to, steps)?.to_string().into();
        match parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, value)) => *value = now,
            None => parameters.push((name.clone(), now)),
        }
    }
    Ok(ModelRules { parameters, pending: None, ..model.clone() })
}

/// So many steps of the way.
fn between(from: Decimal, to: Decimal, steps: u8) -> Result<Decimal, NumberError> {
    let (gone, all) = (Decimal::from_int(steps.into()), Decimal::from_int(STEPS.into()));
    from.plus(to.minus(from)?.times_ratio(gone, all, Rounding::HalfEven)?)
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
