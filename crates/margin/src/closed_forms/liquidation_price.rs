//! The liquidation price of one linear contract in a cross account, others standing still.
//!
//! Equity and requirement are both linear in the contract's price inside a maintenance bracket, so
//! each bracket has one candidate, and the answer is the one that lies in its own bracket. Rates
//! below one make the excess strictly monotone in the price: there is at most one answer, and a
//! walk over the brackets ends with it.

use plimsoll_core::{Decimal, NumberError, Rounding};

use super::{not_negative, outside};
use crate::MarginError;
use crate::parameters::Tiers;

/// What the price is computed from; amounts in the quote currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrossContract<'a> {
    /// Balance at which `entry_price` counts (WB): the wallet's, or equity with the mark as entry.
    pub wallet_balance: Decimal,
    /// Unrealised P&L of the account's other contracts (UPNL), gain > 0.
    pub others_unrealised: Decimal,
    /// Maintenance margin of the account's other contracts (TMM), ≥ 0.
    pub others_maintenance: Decimal,
    /// Quantity in base units, long > 0.
    pub quantity: Decimal,
    /// Price from which the contract's P&L is measured, ≥ 0.
    pub entry_price: Decimal,
    /// Maintenance rates by notional, marginal; each from zero to below one.
    pub brackets: &'a Tiers,
}

/// Where an account meets its maintenance margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiquidationPrice {
    /// At this price, ≥ 0: a long is liquidated at or below it, a short at or above.
    At(Decimal),
    /// At no price: the account holds enough at all of them.
    Never,
    /// At every price: no move of this contract alone cures the account.
    Always,
}

/// One maintenance bracket with its deduction (`cum`): margin = notional × rate − deduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    /// Notional from which it holds.
    pub above: Decimal,
    /// Share of notional, from zero to below one.
    pub rate: Decimal,
    /// What keeps the margin continuous, ≥ 0.
    pub deduction: Decimal,
}

/// The brackets of `tiers` with their deductions: `cumᵢ = cumᵢ₋₁ + aboveᵢ × (rateᵢ − rateᵢ₋₁)`.
///
/// # Errors
/// [`MarginError::Parameter`] when there are none, the first does not start at zero, sizes or rates
/// do not rise, or a rate is not from zero to below one; [`NumberError::Overflow`].
/// # Source
/// Binance FAQ b3c689c1f50a44cabb3a84e663b81d93, "maintenance amount" (2020-08-14); checked by
/// `binance_deductions`, exactly.
pub fn brackets(tiers: &Tiers) -> Result<Vec<Bracket>, MarginError> {
    let mut of: Vec<Bracket> = Vec::with_capacity(tiers.tiers().len());
    for tier in tiers.tiers() {
        if tier.rate.signum() < 0 || tier.rate >= Decimal::ONE {
            return Err(outside("bracket rate", tier.rate, "a share from 0 to below 1"));
        }
        let deduction = match of.last() {
            None if tier.above.is_zero() => Decimal::ZERO,
            Some(last) if last.above < tier.above && last.rate <= tier.rate => {
                last.next_deduction(tier.above, tier.rate)?
            }
            _ => return Err(outside("bracket", tier.above, "sizes rising from 0, rates not falling")),
        };
        of.push(Bracket { above: tier.above, rate: tier.rate, deduction });
    }
    if of.is_empty() { Err(outside("brackets", Decimal::ZERO, "at least one")) } else { Ok(of) }
}

/// Maintenance margin of `notional` (≥ 0), in its currency, ≥ 0 and rounded up.
///
/// # Errors
/// Those of [`brackets`]; [`MarginError::Parameter`] when `notional` is negative.
/// # Source
/// As [`brackets`]; checked by `binance_liquidation_prices`, as `tmm_others`.
pub fn maintenance(tiers: &Tiers, notional: Decimal) -> Result<Decimal, MarginError> {
    not_negative("notional", notional)?;
    let brackets = brackets(tiers)?;
    let bracket = brackets.iter().rev().find(|bracket| bracket.above <= notional).unwrap_or(&brackets[0]);
    Ok(bracket.margin(notional)?)
}

/// Brackets of which one is known, `rate` and its `deduction`: below where it starts nothing is asked.
///
/// # Errors
/// [`MarginError::Parameter`] for a rate that is no share, or a negative deduction; [`MarginError::Number`].
pub fn known_bracket(rate: Decimal, deduction: Decimal) -> Result<Tiers, MarginError> {
    let rate = super::share("bracket rate", rate)?;
    if not_negative("deduction", deduction)?.is_zero() {
        return Ok(Tiers::flat(rate));
    }
    let above = deduction.over(rate, Rounding::HalfEven)?;
    Tiers::of(&[(Decimal::ZERO, Decimal::ZERO), (above, rate)])
        .ok_or_else(|| outside("bracket", above, "a rate above zero"))
}

/// Another contract of the account, which stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherContract {
    /// Base units, long > 0.
    pub quantity: Decimal,
    /// Price from which its P&L is measured.
    pub entry_price: Decimal,
    /// Its mark, ≥ 0.
    pub mark: Decimal,
    /// Its maintenance brackets.
    pub brackets: Tiers,
}

/// Unrealised P&L (UPNL) and maintenance margin (TMM) of contracts that stand still.
///
/// # Errors
/// As [`maintenance`].
/// # Source
/// As [`brackets`].
pub fn standing_still(others: &[OtherContract]) -> Result<(Decimal, Decimal), MarginError> {
    let (mut unrealised, mut kept) = (Decimal::ZERO, Decimal::ZERO);
    for other in others {
        let gain = other.quantity.times(other.mark.minus(other.entry_price)?, Rounding::Down)?;
        unrealised = unrealised.plus(gain)?;
        let notional = other.quantity.abs().times(other.mark, Rounding::Up)?;
        kept = kept.plus(maintenance(&other.brackets, notional)?)?;
    }
    Ok((unrealised, kept))
}

impl Bracket {
    /// The deduction of the bracket after this one, which starts `above` and asks `rate`.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    /// # Source
    /// As [`brackets`].
    pub fn next_deduction(&self, above: Decimal, rate: Decimal) -> Result<Decimal, NumberError> {
        self.deduction.plus(above.times(rate.minus(self.rate)?, Rounding::Down)?)
    }

    fn margin(&self, notional: Decimal) -> Result<Decimal, NumberError> {
        notional.times(self.rate, Rounding::Up)?.minus(self.deduction)
    }
}

impl CrossContract<'_> {
    /// The liquidation price, in quote per base unit, rounded against the account: a long's up, a
    /// short's down. Zero quantity moves nothing: [`LiquidationPrice::Never`] or `Always`.
    ///
    /// `(WB − TMM + UPNL + cum − side·n·EP) ÷ (n·mmr − side·n)`, in the bracket where it lies.
    ///
    /// # Errors
    /// Those of [`brackets`]; [`MarginError::Parameter`] when the entry price or the others'
    /// maintenance is negative; [`NumberError`] when a figure does not fit, or the quantity is so
    /// small that it vanishes at 18 digits.
    /// # Source
    /// Binance FAQ b3c689c1f50a44cabb3a84e663b81d93, USD-M, one-way mode; checked by
    /// `binance_liquidation_prices`, to the 0.006 of its printed cents.
    pub fn liquidation_price(&self) -> Result<LiquidationPrice, MarginError> {
        let brackets = brackets(self.brackets)?;
        let at_zero = self.equity_at_zero()?;
        let outcome = match self.quantity.signum() {
            1 if at_zero.signum() > 0 => LiquidationPrice::Never,
            0 if at_zero.signum() >= 0 => LiquidationPrice::Never,
            0 => LiquidationPrice::Always,
            -1 if at_zero.signum() < 0 => LiquidationPrice::Always,
            _ => LiquidationPrice::At(self.root(&brackets, at_zero)?),
        };
        Ok(outcome)
    }

    /// Excess at price zero, where the contract needs no margin.
    fn equity_at_zero(&self) -> Result<Decimal, MarginError> {
        not_negative("entry price", self.entry_price)?;
        not_negative("others' maintenance", self.others_maintenance)?;
        let paid = self.quantity.times(self.entry_price, Rounding::Up)?;
        let others = self.others_unrealised.minus(self.others_maintenance)?;
        Ok(self.wallet_balance.plus(others)?.minus(paid)?)
    }

    /// The root in the first bracket at whose upper end the excess has crossed zero.
    fn root(&self, brackets: &[Bracket], at_zero: Decimal) -> Result<Decimal, MarginError> {
        let long = self.quantity.signum() > 0;
        let mut bracket = brackets[0];
        for next in &brackets[1..] {
            let value = if long { next.above } else { next.above.negated() };
            let excess = at_zero.plus(value)?.minus(bracket.margin(next.above)?)?;
            if (long && excess.signum() >= 0) || (!long && excess.signum() <= 0) {
                break;
            }
            bracket = *next;
        }
        let size = self.quantity.abs();
        let short_of_zero = at_zero.plus(bracket.deduction)?;
        Ok(if long {
            let slope = size.times(Decimal::ONE.minus(bracket.rate)?, Rounding::Down)?;
            short_of_zero.negated().over(slope, Rounding::Up)?
        } else {
            let slope = size.times(Decimal::ONE.plus(bracket.rate)?, Rounding::Up)?;
            short_of_zero.over(slope, Rounding::Down)?
        })
    }
}
