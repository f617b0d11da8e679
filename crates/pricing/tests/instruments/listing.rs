//! The order of a listing and what it refuses.

use plimsoll_core::{Decimal, InstrumentId, Quantity};
use plimsoll_pricing::instruments::{Instrument, Listing, ListingError};

use super::{arc, asset, named};

#[test]
fn instruments_stand_by_underlying_then_expiry_then_name() {
    let shuffled = [
        "ETH-PERPETUAL",
        "BTC-27DEC24-60000-P",
        "BTC-27DEC24",
        "BTC_USDC",
        "BTC-27JUN25",
        "BTC-27DEC24-60000-C",
        "BTC-PERPETUAL",
    ];
    let listing = Listing::new(shuffled.map(named).into()).unwrap();
    let order: Vec<&str> = listing.iter().map(|(_, it)| it.name()).collect();
    let expected = [
        "BTC-PERPETUAL",
        "BTC_USDC",
        "BTC-27DEC24",
        "BTC-27DEC24-60000-C",
        "BTC-27DEC24-60000-P",
        "BTC-27JUN25",
        "ETH-PERPETUAL",
    ];
    assert_eq!(order, expected);
    for (id, instrument) in listing.iter() {
        assert_eq!(listing.id(instrument.name()), Some(id));
        assert_eq!(listing.get(id), Some(instrument));
    }
    assert_eq!((listing.len(), listing.is_empty()), (7, false));
    assert_eq!((listing.get(InstrumentId(7)), listing.id("BTC")), (None, None));
}

#[test]
fn a_name_twice_and_terms_that_cannot_be_are_refused() {
    let refused = |change: fn(&mut Instrument)| {
        let mut instrument = named("BTC-27DEC24-60000-C");
        change(&mut instrument);
        Listing::new(vec![instrument]).unwrap_err()
    };
    let not_positive = |what, value| ListingError::NotPositive { name: arc("BTC-27DEC24-60000-C"), what, value };
    assert_eq!(
        Listing::new(vec![named("BTC-27DEC24"), named("BTC-27DEC24")]).unwrap_err(),
        ListingError::Duplicate(arc("BTC-27DEC24"))
    );
    let size = refused(|it| {
        if let Instrument::Option(it) = it {
            it.terms.contract_size = Decimal::ZERO;
        }
    });
    assert_eq!(size, not_positive("contract_size", Decimal::ZERO));
    let lot = refused(|it| {
        if let Instrument::Option(it) = it {
            it.terms.lot_size = Quantity(Decimal::from_int(-1));
        }
    });
    assert_eq!(lot, not_positive("lot_size", Decimal::from_int(-1)));
    let strike = refused(|it| {
        if let Instrument::Option(it) = it {
            it.strike = Decimal::ZERO;
        }
    });
    assert_eq!(strike, not_positive("strike", Decimal::ZERO));
    let settlement = refused(|it| {
        if let Instrument::Option(it) = it {
            it.terms.settlement = asset("ETH");
        }
    });
    assert!(matches!(settlement, ListingError::Settlement { found, .. } if found == asset("ETH")), "{settlement}");
}
