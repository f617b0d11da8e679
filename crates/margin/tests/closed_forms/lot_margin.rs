//! Margins of lots against the tests of nautilus_trader and exchange-core.

use plimsoll_core::Decimal;
use plimsoll_margin::MarginError;
use plimsoll_margin::closed_forms::lot_margin::{LotTerms, Lots, leveraged, notional};

use super::d;

/// nautilus_trader, `margin.rs`: linear and inverse, by leverage, to eight places.
#[test]
fn a_rate_over_a_leverage() {
    for (quantity, price, leverage, rate, inverse, want) in [
        ("100000", "0.8", "50", "0.03", false, "48"),
        ("100000", "0.8", "10", "0.03", false, "240"),
        ("100000", "11493.6", "1", "0.01", true, "0.08700494"),
        ("100000", "11493.6", "1", "0.0035", true, "0.03045173"),
        ("1000000", "1", "50", "0.03", false, "600"),
        ("100000", "100000", "10", "0.0035", true, "0.00035"),
    ] {
        let margin = leveraged(notional(d(quantity), d(price), inverse).unwrap(), d(leverage), d(rate)).unwrap();
        assert_eq!(margin.rounded(8, plimsoll_core::Rounding::HalfEven).unwrap(), d(want), "{quantity} at {price}");
    }
    assert_eq!(leveraged(d("-80000"), d("50"), d("0.03")), Ok(d("48")), "a short asks the same");
    let refused = |what, value| Err(MarginError::NotPositive { what, value });
    assert_eq!(leveraged(Decimal::ONE, Decimal::ZERO, Decimal::ONE), refused("leverage", Decimal::ZERO));
    assert_eq!(notional(Decimal::ONE, Decimal::ZERO, true), refused("price", Decimal::ZERO));
}

const TERMS: [&str; 4] = ["5000", "6000", "2", "3"];

fn terms() -> LotTerms {
    let [margin_buy, margin_sell, maker_fee, taker_fee] = TERMS.map(d);
    LotTerms { margin_buy, margin_sell, maker_fee, taker_fee }
}

/// exchange-core, `ITFeesMargin`: forty lots offered on exactly their margin, thirty filled as maker.
#[test]
fn lots_ask_for_the_worse_side() {
    let offered = Lots { pending_sell: d("40"), ..Lots::default() };
    assert_eq!(offered.required(&terms()), Ok(d("240000")));
    assert_eq!(offered.accepted(&terms(), d("240000")), Ok(true));
    assert_eq!(offered.accepted(&terms(), d("239999")), Ok(false));
    let then = offered.filled(d("30")).unwrap();
    assert_eq!((then.position, then.pending_sell), (d("-30"), d("10")));
    assert_eq!(then.required(&terms()), Ok(d("240000")), "a fill moves margin, it asks for no more");
    assert_eq!(terms().after_fee(d("240000"), d("30"), true), Ok(d("239940")));
    assert_eq!(terms().after_fee(d("240000"), d("30"), false), Ok(d("239910")));
    let bid = Lots { position: d("-10"), pending_buy: d("4"), ..Lots::default() };
    assert_eq!(bid.required(&terms()), Ok(d("60000")), "what closes asks for nothing more");
    let then = bid.filled(d("-4")).unwrap();
    assert_eq!((then.position, then.pending_buy, then.pending_sell), (d("-6"), Decimal::ZERO, Decimal::ZERO));
    assert_eq!(Lots::default().required(&terms()), Ok(Decimal::ZERO));
}
