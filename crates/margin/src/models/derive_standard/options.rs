//! Options: each short on its own, or the worst payoff of an expiry, whichever asks less.

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{Decimal, Label, Node, Rounding, Timestamp, Underlying};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::formulas::Right;
use plimsoll_pricing::market::UnderlyingQuote;

use super::{Level, StandardJudge, StandardParameters, bends};
use crate::MarginError;
use crate::positions::NetPosition;

/// Units short, calls and puts added up.
pub(super) fn short_size(held: &[NetPosition<'_>]) -> Result<Decimal, MarginError> {
    let short = held.iter().map(|holding| holding.size.negated().or_zero());
    Ok(short.into_iter().try_fold(Decimal::ZERO, Decimal::plus)?)
}

/// A short option on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortOption {
    /// Call or put.
    pub right: Right,
    /// Strike.
    pub strike: Decimal,
    /// Index of the underlying.
    pub index: Decimal,
    /// Units short; nothing is asked of none, or of a long.
    pub size: Decimal,
    /// What they are worth, above zero.
    pub value: Decimal,
}

impl StandardParameters {
    /// What `short` asks for in the market called `name`, its value included: initially and to maintain.
    ///
    /// # Errors
    /// [`MarginError::Number`].
    pub fn short_option(&self, name: &str, short: &ShortOption) -> Result<[Decimal; 2], MarginError> {
        let ShortOption { right, strike, index, size, value } = *short;
        if size.signum() <= 0 {
            return Ok([Decimal::ZERO; 2]);
        }
        let notional = size.times(index, Rounding::Up)?;
        let out = if right == Right::Call { strike.minus(index)? } else { index.minus(strike)? };
        let distance = out.or_zero().over(index, Rounding::Down)?;
        let rate = self.max_spot_req.of(name).minus(distance)?.max(*self.min_spot_req.of(name));
        let initial = value.plus(notional.times(rate, Rounding::Up)?)?;
        if right == Right::Call {
            return Ok([initial, value.plus(notional.times(*self.mm_call_spot_req.of(name), Rounding::Up)?)?]);
        }
        let by_index = notional.times(*self.mm_put_spot_req.of(name), Rounding::Up)?;
        let by_value = value.times(*self.mm_put_mtm_req.of(name), Rounding::Up)?;
        let maintenance = value.plus(by_index.max(by_value))?;
        let scaled = maintenance.times(*self.mm_offset_scale.of(name), Rounding::Up)?;
        Ok([initial.max(scaled), maintenance])
    }
}

impl StandardJudge {
    /// Undiscounted value of a position.
    pub(super) fn option_value(&self, holding: &NetPosition<'_>) -> Result<Decimal, MarginError> {
        let worth = self.worths.get(&holding.id).ok_or_else(MarginError::unknown(holding.id))?;
        Ok(holding.quantity.times(*worth, Rounding::Down)?)
    }

    /// The options of one expiry.
    pub(super) fn expiry(
        &self,
        underlying: Underlying,
        quote: &UnderlyingQuote,
        expiry: Timestamp,
        held: &[NetPosition<'_>],
        level: Level,
    ) -> Result<Node, MarginError> {
        let p = &self.parameters;
        let name = underlying.as_str();
        let mut value = Decimal::ZERO;
        let mut singles = Vec::new();
        for holding in held {
            value = value.plus(self.option_value(holding)?)?;
            if holding.size.signum() < 0 {
                singles.push(self.single(name, quote.index, holding, level)?);
            }
        }
        let singles = Node::sum("each short on its own", singles)?;
        let together = self.worst_payoff(underlying, expiry, held, level)?;
        // The venue takes the milder of the two: the smaller is shown, capped by the other.
        let (shown, cap) =
            if singles.amount <= together.amount { (singles, together.amount) } else { (together, singles.amount) };
        let agreed = quote.expiries.get(&expiry).map(|quote| quote.confidence).unwrap_or_default();
        let confidence = [quote.confidence, agreed.forward, agreed.vol].into_iter().flatten().min();
        let short = short_size(held)?.times(quote.index, Rounding::Up)?;
        let threshold = *p.oc_option_threshold.of(name);
        let mut of = vec![
            // Equity counts the options at their value; only what follows is asked of it.
            Node::leaf("value of the options", value, Origin::default()),
            Node::clamp("the milder of two", None, Some(cap), shown),
        ];
        of.extend(self.doubt(name, confidence.unwrap_or(Decimal::ONE), threshold, short, level)?);
        Ok(Node::sum(expiry.to_string(), of)?)
    }

    /// Margin of a short option alone, its value included.
    fn single(&self, name: &str, index: Decimal, holding: &NetPosition<'_>, level: Level) -> Result<Node, MarginError> {
        let short = ShortOption {
            right: holding.instrument.right().unwrap_or(Right::Call),
            strike: holding.instrument.strike().unwrap_or_default(),
            index,
            size: holding.size.abs(),
            value: self.option_value(holding)?.abs(),
        };
        let [initial, maintenance] = self.parameters.short_option(name, &short)?;
        let amount = level.of(initial, maintenance);
        Ok(Node::leaf(holding.instrument.name().to_owned(), amount, Origin::default()))
    }

    /// The worst payoff over all prices: at a strike or at zero, and beyond them by calls not paired.
    fn worst_payoff(
        &self,
        underlying: Underlying,
        expiry: Timestamp,
        held: &[NetPosition<'_>],
        level: Level,
    ) -> Result<Node, MarginError> {
        let positions = held.iter().map(|holding| holding.instrument.terms().name.clone()).collect();
        let group = std::sync::Arc::new(Group { underlying, expiry: Some(expiry), positions });
        let mut of = vec![Node::leaf("no loss", Decimal::ZERO, Origin::default())];
        for price in bends(held) {
            let mut payoff = Decimal::ZERO;
            for holding in held {
                let strike = holding.instrument.strike().unwrap_or_default();
                let pays = match holding.instrument.right() {
                    Some(Right::Call) => price.minus(strike)?,
                    _ => strike.minus(price)?,
                };
                payoff = payoff.plus(holding.size.times(pays.or_zero(), Rounding::Down)?)?;
            }
            let label: Label = format!("settles at {price}").into();
            of.push(Node::leaf(label, payoff.negated(), Origin { group: Some(group.clone()), ..Origin::default() }));
        }
        let calls = held.iter().filter(|holding| holding.instrument.right() == Some(Right::Call));
        let unpaired = calls.map(|holding| holding.size).try_fold(Decimal::ZERO, Decimal::plus)?.negated().or_zero();
        let mut of = vec![Node::worst_of("worst payoff", of)];
        if !unpaired.is_zero() {
            let quoted = self.quote(underlying)?.expiries.get(&expiry).and_then(|quote| quote.forward);
            let derived = || {
                decimal(self.market.view().forward(underlying, expiry)?.value, Decimal::PLACES)
                    .map_err(MarginError::from)
            };
            let forward = quoted.map_or_else(derived, Ok)?;
            let p = &self.parameters;
            let scale = *level.of(&p.unpaired_im_scale, &p.unpaired_mm_scale).of(underlying.as_str());
            let size = Node::leaf("size at forward", unpaired.times(forward, Rounding::Up)?, Origin::default());
            of.push(Node::scale("calls not paired", scale, size)?);
        }
        Ok(Node::sum("the expiry's worst payoff", of)?)
    }
}
