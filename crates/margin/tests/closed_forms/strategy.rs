//! Strategies of US exchanges against the sample calculations of CBOE's margin manual and its table of 2007.

use plimsoll_core::Decimal;
use plimsoll_margin::MarginError;
use plimsoll_margin::closed_forms::strategy::{Leg, ShortRates, defined_risk, long, per_contract, stock_and_options};
use plimsoll_pricing::formulas::Right::{self, Call, Put};

use crate::{Draws, d};

fn leg(right: Right, strike: &str, quantity: &str, price: &str) -> Leg {
    Leg { right, strike: d(strike), quantity: d(quantity), price: d(price) }
}

const HUNDRED: i64 = 100;

fn stock(gross: bool) -> ShortRates {
    ShortRates { share: d("0.2"), minimum: d("0.1"), leverage: Decimal::ONE, gross }
}

#[test]
fn figures_of_the_manual() {
    let lot = Decimal::from_int(HUNDRED);
    // Short put 80, stock 95, premium 2: a tenth of the strike is the floor.
    assert_eq!(stock(true).naked(&leg(Put, "80", "-1", "2"), d("95"), lot), Ok(d("1000")));
    // On a fund of twice the leverage: 725, price 970.
    let fund = ShortRates { leverage: d("2"), ..stock(true) };
    assert_eq!(fund.naked(&leg(Put, "725", "-1", "3"), d("970"), lot), Ok(d("14800")));
    // Short straddle 90, stock 92.63: the call's 2,552.60 and the put's premium.
    let legs = [leg(Call, "90", "-1", "7"), leg(Put, "90", "-1", "3.7")];
    assert_eq!(stock(true).straddle([&legs[0], &legs[1]], d("92.63"), lot), Ok(d("2922.6")));
    assert_eq!(stock(true).straddle([&legs[1], &legs[0]], d("92.63"), lot), Ok(d("2922.6")));
    // IBM, 2007-02-23, net of what the short brought in.
    let reversal = [leg(Put, "95", "100", "1.02"), leg(Call, "105", "-100", "0.4")];
    assert_eq!(stock(false).long_and_naked(&reversal, d("97.73"), lot), Ok(d("132960")));
    let protective = [leg(Put, "95", "100", "1.02")];
    assert_eq!(stock_and_options(d("10000"), d("97.73"), d("0.5"), &protective, lot), Ok(d("498850")));
    // A broken butterfly, an iron butterfly, a box.
    let broken = [leg(Call, "545", "1", "12.4"), leg(Call, "550", "-2", "8.8"), leg(Call, "565", "1", "2")];
    assert_eq!(defined_risk(&broken, true, lot), Ok(d("680")));
    let iron = [
        leg(Put, "16", "1", "0.1"),
        leg(Put, "20", "-1", "0.2"),
        leg(Call, "20", "-1", "7"),
        leg(Call, "24", "1", "4"),
    ];
    assert_eq!(defined_risk(&iron, true, lot), Ok(d("90")));
    assert_eq!(long(&leg(Call, "125", "1", "5"), Decimal::ONE, lot), Ok(d("500")));
    assert_eq!(long(&leg(Call, "125", "1", "5"), d("0.75"), lot), Ok(d("375")));
    assert_eq!(per_contract(d("200"), d("37.5")), Ok(d("7500")));
}

#[test]
fn a_loss_without_a_bound_and_a_negative_price_are_refused() {
    let naked = defined_risk(&[leg(Call, "100", "-1", "1")], true, Decimal::ONE);
    assert!(matches!(naked, Err(MarginError::NotPositive { what: "calls long less short", .. })));
    let negative = long(&leg(Call, "100", "1", "-1"), Decimal::ONE, Decimal::ONE);
    assert!(matches!(negative, Err(MarginError::Parameter { .. })));
}

/// The worst of two books together is at most the sum of their worsts, and twice a book is twice as bad.
#[test]
fn together_is_no_worse_than_apart() {
    let mut draws = Draws(6);
    for _ in 0..500 {
        let mut vertical = || {
            let right = if draws.next(0, 1, 0).is_zero() { Call } else { Put };
            let (low, high) = (draws.next(50, 100, 0), draws.next(101, 150, 0));
            let (short, bought) = if draws.next(0, 1, 0).is_zero() { (low, high) } else { (high, low) };
            let of = |strike, quantity| Leg { right, strike, quantity, price: Decimal::ZERO };
            [of(short, Decimal::ONE.negated()), of(bought, Decimal::ONE)]
        };
        let (one, other) = (vertical(), vertical());
        let worst = |legs: &[Leg]| defined_risk(legs, false, Decimal::ONE).unwrap();
        let both = [one, other].concat();
        assert!(worst(&both) <= worst(&one).plus(worst(&other)).unwrap());
        let twice: Vec<Leg> =
            both.iter().map(|leg| Leg { quantity: leg.quantity.times_count(2).unwrap(), ..*leg }).collect();
        assert_eq!(worst(&twice), worst(&both).times_count(2).unwrap());
    }
}
