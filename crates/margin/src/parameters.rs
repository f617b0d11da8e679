//! Parameters as documents: every number a model uses has a name, a unit, bounds and a default.
//!
//! A model holds its parameters in a struct and lists them once, as [`Field`]s; from that list come the reading of overrides, the bounds check and the printed page.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use plimsoll_core::{Decimal, Node, NumberError, planted, requirement::Origin};

use crate::MarginError;
use crate::fold::Detail;
use crate::scenario::Moves;
use crate::schedule::Schedule;
use crate::spreads::Spreads;

/// Sets one of `model`'s `fields` by its dotted name, `price_range` or `price_range.BTC`.
///
/// # Errors
/// [`MarginError::UnknownParameter`], [`MarginError::Parameter`] with the bound it broke.
pub fn set(model: &'static str, mut fields: Vec<Field<'_>>, name: &str, text: &str) -> Result<(), MarginError> {
    let (field, key) = name.split_once('.').map_or((name, None), |(field, key)| (field, Some(key)));
    let Some(at) = fields.iter().position(|each| each.name == field) else {
        let known = fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
        return Err(MarginError::UnknownParameter { model, name: name.into(), known });
    };
    let field = &mut fields[at];
    let expected = field.expected();
    field.set(key, text).map_err(|Refused| MarginError::Parameter {
        model,
        name: name.into(),
        value: text.chars().take(60).collect(),
        expected,
    })
}

/// What a venue published at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The month or day from which it was seen: `2026-02`.
    pub date: &'static str,
    /// Where it was read, and what of it was not.
    pub read: &'static str,
    /// Dotted names and values, where they differ from the newest set.
    pub values: &'static [(&'static str, &'static str)],
}

/// One parameter.
pub struct Field<'a> {
    /// Its name.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The least it, or any number in it, may be.
    pub low: Decimal,
    /// The most.
    pub high: Decimal,
    /// Where it is kept.
    pub slot: Slot<'a>,
}

/// A parameter with its bounds in hundredths.
pub(crate) fn field<'a>(
    name: &'static str,
    unit: &'static str,
    about: &'static str,
    low: i64,
    high: i64,
    slot: impl Into<Slot<'a>>,
) -> Field<'a> {
    Field { name, unit, about, low: Decimal::new(low, 2), high: Decimal::new(high, 2), slot: slot.into() }
}

/// What shape a parameter has.
pub enum Slot<'a> {
    /// One number.
    Number(&'a mut Decimal),
    /// A number by name, with one for the names not listed.
    ByName(&'a mut ByName<Decimal>),
    /// Rates by size.
    Tiers(&'a mut Tiers),
    /// Rates by size, by name.
    TiersByName(&'a mut ByName<Tiers>),
    /// Moves of price and volatility.
    Moves(&'a mut Moves),
    /// Rates by pieces of an amount.
    Schedule(&'a mut Schedule),
    /// The same by name.
    SchedulesByName(&'a mut ByName<Schedule>),
    /// Spreads that may be formed.
    Spreads(&'a mut Spreads),
    /// The same by name.
    SpreadsByName(&'a mut ByName<Spreads>),
}

macro_rules! slots {
    ($($kind:ty => $slot:ident),*) => {$(
        impl<'a> From<&'a mut $kind> for Slot<'a> {
            fn from(slot: &'a mut $kind) -> Self {
                Self::$slot(slot)
            }
        }
    )*};
}

slots!(
    Decimal => Number, ByName<Decimal> => ByName, Tiers => Tiers, ByName<Tiers> => TiersByName, Moves => Moves,
    Schedule => Schedule, ByName<Schedule> => SchedulesByName, Spreads => Spreads, ByName<Spreads> => SpreadsByName
);

/// The unit of whole numbers.
const COUNT: &str = "count";

struct Refused;

impl Field<'_> {
    fn expected(&self) -> String {
        let Self { low, high, unit, .. } = self;
        match self.slot {
            Slot::Number(_) | Slot::ByName(_) if *unit == COUNT => format!("a whole number from {low} to {high}"),
            Slot::Number(_) | Slot::ByName(_) => format!("a {unit} from {low} to {high}"),
            Slot::Tiers(_) | Slot::TiersByName(_) => {
                format!("tiers like \"0:0.005, 2000000:0.01\": sizes and rates rising, rates from {low} to {high}")
            }
            Slot::Moves(_) => Moves::EXPECTED.to_owned(),
            Slot::Schedule(_) | Slot::SchedulesByName(_) => {
                format!("pieces like \"5000000:1, rest:0.8\": bounds rising, rates from {low} to {high}")
            }
            Slot::Spreads(_) | Slot::SpreadsByName(_) => format!("{} from {low} to {high}", Spreads::EXPECTED),
        }
    }

    fn set(&mut self, key: Option<&str>, text: &str) -> Result<(), Refused> {
        let (low, high, whole) = (self.low, self.high, self.unit == COUNT);
        let is_whole = |number: Decimal| number.split_by(Decimal::ONE).is_some_and(|(_, rest)| rest.is_zero());
        let number = || match text.parse::<Decimal>() {
            Ok(number) if (low..=high).contains(&number) && (!whole || is_whole(number)) => Ok(number),
            _ => Err(Refused),
        };
        let tiers = || match text.parse::<Tiers>() {
            Ok(tiers) if tiers.0.iter().all(|tier| (low..=high).contains(&tier.rate)) => Ok(tiers),
            _ => Err(Refused),
        };
        let schedule = || match text.parse::<Schedule>() {
            Ok(schedule) if schedule.pieces().iter().all(|piece| (low..=high).contains(&piece.rate)) => Ok(schedule),
            _ => Err(Refused),
        };
        let spreads = || match text.parse::<Spreads>() {
            Ok(spreads) if spreads.as_slice().iter().all(|spread| (low..=high).contains(&spread.rate)) => Ok(spreads),
            _ => Err(Refused),
        };
        match (&mut self.slot, key) {
            (Slot::Number(slot), None) => **slot = number()?,
            (Slot::Tiers(slot), None) => **slot = tiers()?,
            (Slot::ByName(slot), key) => slot.set(key, number()?),
            (Slot::TiersByName(slot), key) => slot.set(key, tiers()?),
            (Slot::Moves(slot), None) => **slot = text.parse().map_err(|_| Refused)?,
            (Slot::Schedule(slot), None) => **slot = schedule()?,
            (Slot::SchedulesByName(slot), key) => slot.set(key, schedule()?),
            (Slot::Spreads(slot), None) => **slot = spreads()?,
            (Slot::SpreadsByName(slot), key) => slot.set(key, spreads()?),
            (Slot::Number(_) | Slot::Tiers(_) | Slot::Moves(_) | Slot::Schedule(_) | Slot::Spreads(_), Some(_)) => {
                return Err(Refused);
            }
        }
        Ok(())
    }

    /// Name and value of everything in it, `price_range.BTC` `0.16`.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String)> {
        fn named<T: fmt::Display>(field: &str, by_name: &ByName<T>) -> Vec<(String, String)> {
            std::iter::once((field.to_owned(), by_name.default.to_string()))
                .chain(by_name.named.iter().map(|(name, value)| (format!("{field}.{name}"), value.to_string())))
                .collect()
        }
        match &self.slot {
            Slot::Number(value) => vec![(self.name.to_owned(), value.to_string())],
            Slot::Tiers(value) => vec![(self.name.to_owned(), value.to_string())],
            Slot::Moves(value) => vec![(self.name.to_owned(), value.to_string())],
            Slot::ByName(values) => named(self.name, values),
            Slot::TiersByName(values) => named(self.name, values),
            Slot::Schedule(value) => vec![(self.name.to_owned(), value.to_string())],
            Slot::SchedulesByName(values) => named(self.name, values),
            Slot::Spreads(value) => vec![(self.name.to_owned(), value.to_string())],
            Slot::SpreadsByName(values) => named(self.name, values),
        }
    }
}

/// A value by name, with a default for names not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByName<T> {
    /// For names not listed.
    pub default: T,
    /// For those listed.
    pub named: BTreeMap<String, T>,
}

impl<T> ByName<T> {
    /// A default and exceptions from it.
    pub fn new<const N: usize>(default: T, named: [(&str, T); N]) -> Self {
        Self { default, named: named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
    }

    /// The value for `name`.
    pub fn of(&self, name: &str) -> &T {
        self.of_first(&[name])
    }

    /// The value for the first of `names` that is listed.
    pub fn of_first(&self, names: &[&str]) -> &T {
        names.iter().find_map(|name| self.named.get(*name)).unwrap_or(&self.default)
    }

    fn set(&mut self, key: Option<&str>, value: T) {
        match key {
            None | Some("default") => self.default = value,
            Some(name) => {
                self.named.insert(name.to_owned(), value);
            }
        }
    }
}

/// A marginal rate from a size on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The size above which it holds.
    pub above: Decimal,
    /// Charge per unit of size.
    pub rate: Decimal,
}

/// Marginal rates by size, as tax brackets: the charge on a size is the sum over brackets, which
/// for rising rates is the highest of the brackets' tangent lines. Convex and piecewise linear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

impl Tiers {
    /// Tiers as constants: `(above, rate)` in whole units and millionths.
    ///
    /// Sizes and rates must rise; the tests of a model's defaults hold that.
    #[must_use]
    pub fn new<const N: usize>(tiers: [(i64, i64); N]) -> Self {
        Self(
            tiers
                .iter()
                .map(|(above, rate)| Tier { above: Decimal::from_int(*above), rate: Decimal::new(*rate, 6) })
                .collect(),
        )
    }

    /// One rate for every size.
    #[must_use]
    pub fn flat(rate: Decimal) -> Self {
        Self(vec![Tier { above: Decimal::ZERO, rate }])
    }

    /// Tiers of `(above, rate)`; `None` where sizes do not rise from zero, or rates fall.
    #[must_use]
    pub fn of(tiers: &[(Decimal, Decimal)]) -> Option<Self> {
        let tiers: Vec<Tier> = tiers.iter().map(|(above, rate)| Tier { above: *above, rate: *rate }).collect();
        let starts = tiers.first().is_some_and(|tier| tier.above.is_zero());
        let rises = tiers.windows(2).all(|pair| pair[0].above < pair[1].above && pair[0].rate <= pair[1].rate);
        (starts && rises).then_some(Self(tiers))
    }

    /// The tiers, sizes ascending.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.0
    }

    /// The rate of the last bracket, which no other is above.
    #[must_use]
    pub fn rate_most(&self) -> Decimal {
        self.0.last().map_or(Decimal::ZERO, |tier| tier.rate)
    }

    /// The rate of the bracket that `size` is in; a bracket's own bound belongs to the one below.
    #[must_use]
    pub fn rate_of(&self, size: Decimal) -> Decimal {
        let reached = self.0.iter().take_while(|tier| tier.above.is_zero() || tier.above < size).last();
        reached.map_or(Decimal::ZERO, |tier| tier.rate)
    }

    /// The charge on `size` (at least zero) as a tree: the worst of the tangents of the tiers it
    /// reaches, since those of higher tiers lie below.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn charge(
        &self,
        label: &'static str,
        size: Decimal,
        origin: &Origin,
        detail: Detail,
    ) -> Result<Node, NumberError> {
        let mut of = Vec::new();
        let mut worst = None;
        let (mut deduction, mut rate_below) = (Decimal::ZERO, Decimal::ZERO);
        for tier in self.0.iter().take_while(|tier| tier.above.is_zero() || tier.above < size) {
            // cumᵢ = cumᵢ₋₁ + aboveᵢ × (rateᵢ − rateᵢ₋₁) keeps the charge continuous.
            let step = tier.above.times(tier.rate.minus(rate_below)?, plimsoll_core::Rounding::Down)?;
            deduction = if planted!(TierCliff) { deduction } else { deduction.plus(step)? };
            rate_below = tier.rate;
            if detail == Detail::Amounts {
                let tangent = size.times(tier.rate, plimsoll_core::Rounding::Up)?.minus(deduction)?;
                worst = worst.max(Some(tangent));
                continue;
            }
            let gross = Node::scale("size × rate", tier.rate, Node::leaf("size", size, origin.clone()))?;
            let less = Node::leaf("deduction", deduction.negated(), Origin::default());
            of.push(if deduction.is_zero() { gross } else { Node::sum("tier", vec![gross, less])? });
        }
        if detail == Detail::Amounts {
            return Ok(Node::leaf(label, worst.unwrap_or_default(), Origin::default()));
        }
        Ok(if of.len() == 1 { of.swap_remove(0).named(label) } else { Node::worst_of(label, of) })
    }
}

impl FromStr for Tiers {
    type Err = NumberError;

    /// Reads `0:0.005, 2000000:0.01`.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let wrong = || NumberError::NotANumber(text.chars().take(60).collect());
        let mut tiers: Vec<Tier> = Vec::new();
        for part in text.split(',') {
            let (above, rate) = part.split_once(':').ok_or_else(wrong)?;
            let tier = Tier { above: above.trim().parse()?, rate: rate.trim().parse()? };
            let rises =
                tiers.last().map_or(tier.above.is_zero(), |last| last.above < tier.above && last.rate <= tier.rate);
            if !rises {
                return Err(wrong());
            }
            tiers.push(tier);
        }
        Ok(Self(tiers))
    }
}

impl fmt::Display for Tiers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, tier) in self.0.iter().enumerate() {
            write!(out, "{}{}:{}", if at == 0 { "" } else { ", " }, tier.above, tier.rate)?;
        }
        Ok(())
    }
}
