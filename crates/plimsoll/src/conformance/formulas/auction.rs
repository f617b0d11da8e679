//! Derive's Dutch auction.

use plimsoll_margin::closed_forms::auction::{Payout, Standing, Terms};

use super::Formula;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] =
    &[("auction.bid", bid), ("auction.insolvent", insolvent), ("auction.price", price)];

fn terms(given: &Given<'_>) -> Result<Terms, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let seconds = |name| if given.has(name) { given.count(name) } else { Ok(0) };
    Ok(Terms {
        starting_fraction: given.number_or("starting_fraction", Decimal::ONE)?,
        cutoff_fraction: zero("cutoff_fraction")?,
        fast_seconds: seconds("fast_seconds")?,
        slow_seconds: seconds("slow_seconds")?,
        insolvent_seconds: seconds("insolvent_seconds")?,
        buffer: zero("buffer")?,
        value_cutoff: zero("value_cutoff")?,
    })
}

fn standing(given: &Given<'_>) -> Result<Standing, Refused> {
    Ok(Standing {
        mark_to_market: given.number("mark_to_market")?,
        maintenance_margin: given.number("maintenance_margin")?,
        reserved_cash: given.number_or("reserved_cash", Decimal::ZERO)?,
    })
}

fn price(given: &Given<'_>) -> Result<Figures, Refused> {
    Ok(Figures::new().with("price_fraction", terms(given)?.price_fraction(given.count("elapsed_seconds")?)?))
}

fn bid(given: &Given<'_>) -> Result<Figures, Refused> {
    let (terms, account, elapsed) = (terms(given)?, standing(given)?, given.count("elapsed_seconds")?);
    let bid = terms.bid(&account, elapsed, given.number_or("share_wanted", Decimal::ONE)?)?;
    Ok(Figures::new()
        .with("buffer_margin", terms.buffer_margin(&account)?)
        .with("asking_price", terms.asking_price(&account, elapsed)?)
        .with("share_max", terms.share_max(&account, terms.price_fraction(elapsed)?)?)
        .with("share", bid.share)
        .with("price", bid.price)
        .with("ends", bid.ends))
}

fn insolvent(given: &Given<'_>) -> Result<Figures, Refused> {
    let (terms, account, elapsed) = (terms(given)?, standing(given)?, given.count("elapsed_seconds")?);
    let paid = terms.insolvent_payout(&account, elapsed, given.number_or("share_wanted", Decimal::ONE)?)?;
    let split = Payout::of(paid, given.number_or("security_module", Decimal::ZERO)?)?;
    Ok(Figures::new()
        .with("asking_price", terms.insolvent_payout(&account, elapsed, Decimal::ONE)?.negated())
        .with("paid", paid)
        .with("security_module", split.security_module)
        .with("socialised", split.socialised))
}
