//! Closed forms beside the models: what venues compute with one formula, on exact numbers.
//!
//! A model answers for any portfolio by revaluing it. These answer one narrow question each, with
//! the formula its venue publishes: at which price a contract is liquidated, how much of a position
//! must be closed, what a closed leg may cost, who is deleveraged first, what an auction pays. They
//! serve as a second opinion on a model's answer, and as the only answer where the rule *is* the
//! formula.
//!
//! Each takes a struct of named figures, computes at 18 digits, and rounds where the source says,
//! else against the account. Gains are positive, requirements and fees are not negative; a quantity
//! carries its side. What divides must not be zero: it is refused with its name.
//!
//! Left out: time, order books, oracles, and whose turn it is. A caller brings the figures.

pub mod auction;
pub mod bankruptcy;
pub mod deleverage_rank;
pub mod liquidation_price;
pub mod lot_margin;
pub mod partial_size;
pub mod perpetual_steps;
pub mod strategy;
pub mod strategy_stock;
pub mod token_swap;

use plimsoll_core::Decimal;

use crate::MarginError;

/// `value`, when it is above zero.
fn positive(what: &'static str, value: Decimal) -> Result<Decimal, MarginError> {
    if value.signum() > 0 { Ok(value) } else { Err(MarginError::NotPositive { what, value }) }
}

/// `value`, when it is zero or more.
fn not_negative(name: &'static str, value: Decimal) -> Result<Decimal, MarginError> {
    if value.signum() < 0 { Err(outside(name, value, "zero or more")) } else { Ok(value) }
}

/// `value`, when it is a share from zero to one.
fn share(name: &'static str, value: Decimal) -> Result<Decimal, MarginError> {
    let inside = (Decimal::ZERO..=Decimal::ONE).contains(&value);
    if inside { Ok(value) } else { Err(outside(name, value, "a share from 0 to 1")) }
}

fn outside(name: &'static str, value: Decimal, expected: &'static str) -> MarginError {
    MarginError::Parameter {
        model: "closed form",
        name: name.to_owned(),
        value: value.to_string(),
        expected: expected.to_owned(),
    }
}
