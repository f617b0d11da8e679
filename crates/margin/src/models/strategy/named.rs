//! The strategies that have a rule, and what each asks for.

use plimsoll_core::Decimal;
use plimsoll_pricing::formulas::Right;

use crate::MarginError;
use crate::closed_forms::strategy::{Leg, ShortRates, defined_risk};
use crate::closed_forms::strategy_stock::StockRates;

/// What a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A call owned.
    LongCall,
    /// A call written.
    ShortCall,
    /// A put owned.
    LongPut,
    /// A put written.
    ShortPut,
    /// The underlying owned.
    LongStock,
    /// The underlying owed.
    ShortStock,
}

impl Class {
    /// The side of an option.
    #[must_use]
    pub const fn of(right: Right, long: bool) -> Self {
        match (right, long) {
            (Right::Call, true) => Self::LongCall,
            (Right::Call, false) => Self::ShortCall,
            (Right::Put, true) => Self::LongPut,
            (Right::Put, false) => Self::ShortPut,
        }
    }
}

/// One unit of a leg: an option on one unit of the underlying, or one unit itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What it is.
    pub class: Class,
    /// An option's strike; of stock, zero.
    pub strike: Decimal,
    /// When an option expires, in nanoseconds; of stock, zero.
    pub expiry: i64,
    /// An option's mark; of stock, zero.
    pub mark: Decimal,
    /// Whether a long option has so long to go that it need not be paid in full.
    pub long_dated: bool,
}

/// The rates of one underlying at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Of shorts.
    pub short: ShortRates,
    /// Of stock.
    pub stock: StockRates,
    /// What of a long-dated option's value must be paid: 0.75.
    pub long_dated_share: Decimal,
}

/// A strategy with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// A long option alone, paid in full.
    LongOption,
    /// A short option alone.
    NakedShort,
    /// A short call and a short put of any strikes and expiries.
    ShortStrangle,
    /// Every short option with a long one of its right that expires no earlier, the shorts together: one such
    /// pair or two. The worst loss at expiry.
    Spread,
    /// Long stock alone.
    LongStock,
    /// Short stock alone.
    ShortStock,
    /// Long and short stock.
    AgainstTheBox,
    /// Long stock, a short call.
    CoveredCall,
    /// Short stock, a short put.
    CoveredPut,
    /// Long stock, a long put.
    ProtectivePut,
    /// Short stock, a long call.
    ProtectiveCall,
    /// Long stock, a long put, a short call of a higher strike and the same expiry.
    Collar,
    /// A collar of one strike.
    Conversion,
    /// Short stock, a short put and a long call of one strike and expiry.
    Reversal,
}

/// Which strategy one unit of each of `legs` makes; `None` where no rule takes them together.
#[must_use]
pub fn strategy(legs: &[Unit]) -> Option<Strategy> {
    use Strategy::{AgainstTheBox, CoveredCall, CoveredPut, LongOption, LongStock, NakedShort};
    use Strategy::{ProtectiveCall, ProtectivePut, ShortStock, ShortStrangle, Spread};
    let count = |class| legs.iter().filter(|leg| leg.class == class).count();
    let [calls, calls_short] = [count(Class::LongCall), count(Class::ShortCall)];
    let [puts, puts_short] = [count(Class::LongPut), count(Class::ShortPut)];
    match (calls, calls_short, puts, puts_short, count(Class::LongStock), count(Class::ShortStock)) {
        (1, 0, 0, 0, 0, 0) | (0, 0, 1, 0, 0, 0) => Some(LongOption),
        (0, 1, 0, 0, 0, 0) | (0, 0, 0, 1, 0, 0) => Some(NakedShort),
        (0, 1, 0, 1, 0, 0) => Some(ShortStrangle),
        (0, 0, 0, 0, 1, 0) => Some(LongStock),
        (0, 0, 0, 0, 0, 1) => Some(ShortStock),
        (0, 0, 0, 0, 1, 1) => Some(AgainstTheBox),
        (0, 1, 0, 0, 1, 0) => Some(CoveredCall),
        (0, 0, 0, 1, 0, 1) => Some(CoveredPut),
        (0, 0, 1, 0, 1, 0) => Some(ProtectivePut),
        (1, 0, 0, 0, 0, 1) => Some(ProtectiveCall),
        (0, 1, 1, 0, 1, 0) => collar(legs),
        (1, 0, 0, 1, 0, 1) => reversal(legs),
        (1, 1, 0, 0, 0, 0) | (0, 0, 1, 1, 0, 0) | (2, 2, 0, 0, 0, 0) | (0, 0, 2, 2, 0, 0) | (1, 1, 1, 1, 0, 0) => {
            expire_in_turn(legs).then_some(Spread)
        }
        _ => None,
    }
}

fn collar(legs: &[Unit]) -> Option<Strategy> {
    let [call, put] = [one(legs, Class::ShortCall)?, one(legs, Class::LongPut)?];
    match call.expiry == put.expiry {
        true if call.strike == put.strike => Some(Strategy::Conversion),
        true if call.strike > put.strike => Some(Strategy::Collar),
        _ => None,
    }
}

fn reversal(legs: &[Unit]) -> Option<Strategy> {
    let [call, put] = [one(legs, Class::LongCall)?, one(legs, Class::ShortPut)?];
    (call.expiry == put.expiry && call.strike == put.strike).then_some(Strategy::Reversal)
}

/// The shorts expire together, and no long before them.
fn expire_in_turn(legs: &[Unit]) -> bool {
    let shorts = || legs.iter().filter(|leg| matches!(leg.class, Class::ShortCall | Class::ShortPut));
    let longs = || legs.iter().filter(|leg| matches!(leg.class, Class::LongCall | Class::LongPut));
    shorts().all(|short| {
        shorts().all(|other| other.expiry == short.expiry) && longs().all(|long| long.expiry >= short.expiry)
    })
}

fn one(legs: &[Unit], class: Class) -> Option<&Unit> {
    legs.iter().find(|leg| leg.class == class)
}

/// What `legs`, one unit of each, ask for as the strategy they make, with the underlying at `price`: the rulebook's
/// gross figure, before what was paid for longs and beside what shorts brought in; `None` where no rule takes
/// them together. At least zero but for a long-dated option, part of whose value may be borrowed.
///
/// # Errors
/// [`MarginError::Number`]; a negative mark.
pub fn gross(rules: &Rules, price: Decimal, legs: &[Unit]) -> Result<Option<Decimal>, MarginError> {
    let Some(strategy) = strategy(legs) else { return Ok(None) };
    let strike = |class| one(legs, class).map_or(Decimal::ZERO, |leg| leg.strike);
    let [short_call, short_put] = [strike(Class::ShortCall), strike(Class::ShortPut)];
    let [long_call, long_put] = [strike(Class::LongCall), strike(Class::LongPut)];
    let short = ShortRates { gross: true, ..rules.short };
    let stock = &rules.stock;
    let options: Vec<Leg> = legs.iter().filter_map(closed).collect();
    let asked = match strategy {
        Strategy::LongOption => {
            let lent = legs.iter().filter(|leg| leg.long_dated).map(|leg| {
                let paid = leg.mark.times(rules.long_dated_share, plimsoll_core::Rounding::Up)?;
                paid.minus(leg.mark)
            });
            lent.into_iter().try_fold(Decimal::ZERO, |sum, lent| sum.plus(lent?))?
        }
        Strategy::NakedShort => short.naked(&options[0], price, Decimal::ONE)?,
        Strategy::ShortStrangle => short.straddle([&options[0], &options[1]], price, Decimal::ONE)?,
        Strategy::Spread => defined_risk(&options, false, Decimal::ONE)?,
        Strategy::LongStock => stock.long(price)?,
        Strategy::ShortStock => stock.short(price)?,
        Strategy::AgainstTheBox => stock.against(price)?,
        Strategy::CoveredCall => stock.covered_call(price, short_call)?,
        Strategy::CoveredPut => stock.covered_put(price, short_put)?,
        Strategy::ProtectivePut => stock.protective_put(price, long_put)?,
        Strategy::ProtectiveCall => stock.protective_call(price, long_call)?,
        Strategy::Collar => stock.collar(price, long_put, short_call)?,
        Strategy::Conversion => stock.conversion(price, short_call)?,
        Strategy::Reversal => stock.reversal(price, short_put)?,
    };
    Ok(Some(asked))
}

fn closed(leg: &Unit) -> Option<Leg> {
    let (right, quantity) = match leg.class {
        Class::LongCall => (Right::Call, Decimal::ONE),
        Class::ShortCall => (Right::Call, Decimal::ONE.negated()),
        Class::LongPut => (Right::Put, Decimal::ONE),
        Class::ShortPut => (Right::Put, Decimal::ONE.negated()),
        Class::LongStock | Class::ShortStock => return None,
    };
    Some(Leg { right, strike: leg.strike, quantity, price: leg.mark })
}

/// What people call `legs`.
#[must_use]
pub fn called(legs: &[Unit]) -> &'static str {
    let Some(strategy) = strategy(legs) else { return "no strategy" };
    match strategy {
        Strategy::LongOption => "long option",
        Strategy::NakedShort => "naked short",
        Strategy::LongStock => "long stock",
        Strategy::ShortStock => "short stock",
        Strategy::AgainstTheBox => "long against short stock",
        Strategy::CoveredCall => "covered call",
        Strategy::CoveredPut => "covered put",
        Strategy::ProtectivePut => "protective put",
        Strategy::ProtectiveCall => "protective call",
        Strategy::Collar => "collar",
        Strategy::Conversion => "conversion",
        Strategy::Reversal => "reverse conversion",
        Strategy::ShortStrangle if same(legs, |leg| leg.strike) => "short straddle",
        Strategy::ShortStrangle => "short strangle",
        Strategy::Spread => spread(legs),
    }
}

fn same<T: PartialEq>(legs: &[Unit], of: impl Fn(&Unit) -> T) -> bool {
    legs.windows(2).all(|pair| of(&pair[0]) == of(&pair[1]))
}

fn spread(legs: &[Unit]) -> &'static str {
    let strikes = |class| legs.iter().filter(move |leg| leg.class == class).map(|leg| leg.strike);
    let together = same(legs, |leg| leg.expiry);
    let [call, call_short] = [strikes(Class::LongCall).next(), strikes(Class::ShortCall).next()];
    let [put, put_short] = [strikes(Class::LongPut).next(), strikes(Class::ShortPut).next()];
    let twice = |class| strikes(class).count() == 2 && strikes(class).min() == strikes(class).max();
    match legs.len() {
        2 if !together && same(legs, |leg| leg.strike) => "calendar spread",
        2 if !together => "diagonal spread",
        2 if call.is_some() => "call spread",
        2 => "put spread",
        _ if call.is_some() && put.is_some() => match (call_short == put_short, call == put_short && call_short == put)
        {
            (_, true) => "box spread",
            (true, _) => "iron butterfly",
            _ => "iron condor",
        },
        _ if [Class::ShortCall, Class::ShortPut, Class::LongCall, Class::LongPut].into_iter().any(twice) => "butterfly",
        _ => "condor",
    }
}
