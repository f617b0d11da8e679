//! One encoding of a value, one value of an encoding.

use std::fmt::Debug;
use std::sync::Arc;

use plimsoll_core::requirement::{Group, Origin};
use plimsoll_core::{
    Amount, Asset, Balance, Decimal, Decode, DecodeError, Encode, InstrumentId, Node, Order, Portfolio, Position,
    Price, Quantity, Rate, Requirement, Rule, Side, Timestamp, Underlying, hash,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::oracle::{asset, decimal, decimals, in_usd, usd};
use crate::tree::trees;

fn assets() -> impl Strategy<Value = Asset> {
    "[A-Za-z0-9._-]{1,16}".prop_map(|name| asset(&name))
}

fn prices() -> impl Strategy<Value = Price> {
    (decimals(), assets()).prop_map(|(value, quote)| Price::new(value, quote))
}

fn instruments() -> impl Strategy<Value = InstrumentId> {
    any::<u32>().prop_map(InstrumentId)
}

fn timestamps() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_nanos)
}

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn positions() -> impl Strategy<Value = Position> {
    (instruments(), decimals(), of(prices()), decimals(), decimals()).prop_map(
        |(instrument, quantity, entry_price, unsettled_pnl, accrued_funding)| Position {
            instrument,
            quantity: Quantity(quantity),
            entry_price,
            unsettled_pnl,
            accrued_funding,
        },
    )
}

fn balances() -> impl Strategy<Value = Balance> {
    (assets(), decimals(), decimals(), decimals(), decimals()).prop_map(
        |(asset, cash, borrowed, accrued_interest, reserved)| Balance {
            asset,
            cash,
            borrowed,
            accrued_interest,
            reserved,
        },
    )
}

fn orders() -> impl Strategy<Value = Order> {
    (instruments(), sides(), decimals(), prices(), any::<bool>()).prop_map(
        |(instrument, side, quantity, price, reduce_only)| Order {
            instrument,
            side,
            quantity: Quantity(quantity),
            price,
            reduce_only,
        },
    )
}

fn portfolios() -> impl Strategy<Value = Portfolio> {
    (vec(positions(), 0..4), vec(balances(), 0..4), vec(orders(), 0..4))
        .prop_map(|(positions, balances, orders)| Portfolio { positions, balances, orders })
}

fn groups() -> impl Strategy<Value = Group> {
    (assets(), of(timestamps()), vec(".{0,8}", 0..4)).prop_map(|(asset, expiry, positions)| Group {
        underlying: asset.underlying(),
        expiry,
        positions: positions.into_iter().map(Arc::from).collect(),
    })
}

fn origins() -> impl Strategy<Value = Origin> {
    (of(".{0,8}"), of(groups()), of(".{0,8}")).prop_map(|(scenario, group, position)| Origin {
        scenario: scenario.map(Arc::from),
        group: group.map(Arc::new),
        position: position.map(Arc::from),
    })
}

fn requirements() -> impl Strategy<Value = Requirement> {
    (assets(), trees(), trees(), origins()).prop_map(|(asset, initial, maintenance, origin)| {
        let initial = Node::worst_of("with its origin", vec![initial, Node::leaf("leaf", Decimal::ONE, origin)]);
        Requirement { asset, initial, maintenance }
    })
}

/// `value` reads back from its bytes, from nothing shorter, and whatever a change of its bytes reads
/// as has the changed bytes for its own.
fn canonical<T: Encode + Decode + PartialEq + Debug>(
    value: &T,
    changes: &[(prop::sample::Index, u8)],
) -> Result<(), TestCaseError> {
    let bytes = value.encoded();
    let read = T::decode_all(&bytes);
    prop_assert_eq!(read.as_ref(), Ok(value));
    let mut longer = bytes.clone();
    longer.push(0);
    prop_assert_eq!(T::decode_all(&longer), Err(DecodeError::LeftOver(1)));
    for (place, change) in changes {
        let at = place.index(bytes.len());
        prop_assert!(T::decode_all(&bytes[..at]).is_err(), "cut at {}", at);
        let mut changed = bytes.clone();
        changed[at] ^= change;
        one_encoding::<T>(&changed)?;
    }
    Ok(())
}

/// Bytes are refused, or are the very bytes of the value they read as.
fn one_encoding<T: Encode + Decode>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = T::decode_all(bytes) {
        prop_assert_eq!(value.encoded(), bytes);
    }
    Ok(())
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    vec((any::<prop::sample::Index>(), 1_u8..=255), 8)
}

proptest! {
    #[test]
    fn plain_values(
        (unsigned, signed, wide, flag, text) in (any::<u64>(), any::<i64>(), any::<i128>(), any::<bool>(), ".{0,20}"),
        (decimal, asset, instant, side) in (decimals(), assets(), timestamps(), sides()),
        (list, option) in (vec(decimals(), 0..5), of(decimals())),
        changes in changes(),
    ) {
        canonical(&unsigned.to_be_bytes()[0], &changes)?;
        canonical(&u16::from(unsigned.to_be_bytes()[0]), &changes)?;
        canonical(&u32::from(unsigned.to_be_bytes()[0]), &changes)?;
        canonical(&unsigned, &changes)?;
        canonical(&i32::from(signed.to_be_bytes()[0]), &changes)?;
        canonical(&signed, &changes)?;
        canonical(&wide, &changes)?;
        canonical(&flag, &changes)?;
        canonical(&text, &changes)?;
        canonical(&Arc::<str>::from(text), &changes)?;
        canonical(&decimal, &changes)?;
        canonical(&Quantity(decimal), &changes)?;
        canonical(&Rate(decimal), &changes)?;
        canonical(&Amount::new(decimal, asset), &changes)?;
        canonical(&Price::new(decimal, asset), &changes)?;
        canonical(&asset, &changes)?;
        canonical(&asset.underlying(), &changes)?;
        canonical(&instant, &changes)?;
        canonical(&side, &changes)?;
        canonical(&list, &changes)?;
        canonical(&option, &changes)?;
    }

    #[test]
    fn portfolios_and_their_parts(
        portfolio in portfolios(), position in positions(), balance in balances(), order in orders(), id in instruments(),
        changes in changes(),
    ) {
        canonical(&portfolio, &changes)?;
        canonical(&position, &changes)?;
        canonical(&balance, &changes)?;
        canonical(&order, &changes)?;
        canonical(&id, &changes)?;
    }

    #[test]
    fn requirements_and_their_parts(
        requirement in requirements(), group in groups(), origin in origins(), changes in changes(),
    ) {
        canonical(&requirement, &changes)?;
        canonical(&requirement.initial, &changes)?;
        canonical(&requirement.maintenance.rule, &changes)?;
        canonical(&group, &changes)?;
        canonical(&origin, &changes)?;
    }

    #[test]
    fn any_bytes(bytes in vec(prop_oneof![3 => 0_u8..4, 1 => any::<u8>()], 0..200)) {
        one_encoding::<Decimal>(&bytes)?;
        one_encoding::<String>(&bytes)?;
        one_encoding::<Asset>(&bytes)?;
        one_encoding::<Underlying>(&bytes)?;
        one_encoding::<Timestamp>(&bytes)?;
        one_encoding::<Vec<Option<bool>>>(&bytes)?;
        one_encoding::<Price>(&bytes)?;
        one_encoding::<Amount>(&bytes)?;
        one_encoding::<Position>(&bytes)?;
        one_encoding::<Balance>(&bytes)?;
        one_encoding::<Order>(&bytes)?;
        one_encoding::<Portfolio>(&bytes)?;
        one_encoding::<Group>(&bytes)?;
        one_encoding::<Origin>(&bytes)?;
        one_encoding::<Rule>(&bytes)?;
        one_encoding::<Node>(&bytes)?;
        one_encoding::<Requirement>(&bytes)?;
    }

    #[test]
    fn different_values_have_different_hashes(left in portfolios(), right in portfolios()) {
        prop_assert_eq!(left == right, hash(&left) == hash(&right));
    }
}

/// The byte rules written out once by hand: a change here changes every hash there is.
#[test]
fn the_bytes_themselves() {
    let order = Order {
        instrument: InstrumentId(258),
        side: Side::Sell,
        quantity: "0.000000000000000255".parse().unwrap(),
        price: in_usd(decimal("-0.000000000000000001")),
        reduce_only: true,
    };
    let mut bytes = vec![0, 0, 1, 2, 1];
    bytes.extend([0; 15]);
    bytes.push(255);
    bytes.extend([255; 16]);
    bytes.extend([0, 0, 0, 3, b'U', b'S', b'D', 1]);
    assert_eq!(order.encoded(), bytes);

    let leaf = Node::leaf("a", Decimal::ZERO, Origin { position: Some("p".into()), ..Origin::default() });
    let mut bytes = vec![0, 0, 0, 1, b'a'];
    bytes.extend([0; 16]);
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 1, b'p']);
    assert_eq!(leaf.encoded(), bytes);
    let rules = [
        (Rule::Sum(Vec::new().into()), vec![1, 0, 0, 0, 0]),
        (Rule::WorstOf { winner: 2, of: Vec::new().into() }, vec![2, 0, 0, 0, 2, 0, 0, 0, 0]),
    ];
    for (rule, bytes) in rules {
        assert_eq!(rule.encoded(), bytes);
    }
    let by = Decimal::from_units(7).unwrap();
    let scale = Rule::Scale { by, of: Arc::new(leaf.clone()) }.encoded();
    assert_eq!((scale[0], scale[16], &scale[17..]), (3, 7, bytes.as_slice()));
    let clamp = Rule::Clamp { low: None, high: Some(by), of: Arc::new(leaf) }.encoded();
    assert_eq!((&clamp[..3], clamp[18], &clamp[19..]), ([4, 0, 1].as_slice(), 7, bytes.as_slice()));
}

/// As `hashlib.sha256` has it of the same bytes.
#[test]
fn known_hashes() {
    let one = "b51e5c46d34dc7046c0fdcc6adb081a55c34b8335387639d55beda336a81a0b1";
    assert_eq!(hash(&Decimal::ONE).to_string(), one);
    let dollar = "16f84b3d1d003618705cb806167dc4384f0aac0691048a1113b5db764b7447cc";
    assert_eq!(hash(&usd(Decimal::ONE)).to_string(), dollar);
    assert_ne!(hash(&usd(Decimal::ONE)), hash(&usd(Decimal::ONE.negated())));
}

#[test]
fn every_figure_of_a_requirement_is_in_its_hash() {
    let requirement = |origin, winner| Requirement {
        asset: asset("USD"),
        initial: Node {
            label: "worst".into(),
            amount: Decimal::ONE,
            rule: Rule::WorstOf { winner, of: vec![Node::leaf("leaf", Decimal::ONE, origin)].into() },
        },
        maintenance: Node::leaf("maintenance", Decimal::ZERO, Origin::default()),
    };
    let scenario = || Origin { scenario: Some("s".into()), ..Origin::default() };
    let position = || Origin { position: Some("s".into()), ..Origin::default() };
    assert_eq!(hash(&requirement(scenario(), 0)), hash(&requirement(scenario(), 0)));
    assert_ne!(hash(&requirement(scenario(), 0)), hash(&requirement(position(), 0)));
    assert_ne!(hash(&requirement(scenario(), 0)), hash(&requirement(scenario(), 1)));
}

#[test]
fn refusals() {
    assert_eq!(Decimal::decode_all(&[0; 15]), Err(DecodeError::Short("i128")));
    let mut least = [0; 16];
    least[0] = 0x80;
    assert_eq!(Decimal::decode_all(&least), Err(DecodeError::Invalid("a decimal")));
    assert_eq!(bool::decode_all(&[2]), Err(DecodeError::Invalid("bool")));
    assert_eq!(Asset::decode_all(&[0, 0, 0, 0]), Err(DecodeError::Invalid("Asset")));
    assert_eq!(Asset::decode_all(&[0, 0, 0, 1, b' ']), Err(DecodeError::Invalid("Asset")));
    assert_eq!(String::decode_all(&[0, 0, 0, 1, 0xff]), Err(DecodeError::Invalid("text")));
    // A length that promises four thousand million values takes no room for them.
    assert_eq!(Vec::<u64>::decode_all(&[255; 4]), Err(DecodeError::Short("u64")));
    assert_eq!(String::decode_all(&[255; 4]), Err(DecodeError::Short("text")));
}

/// `depth` nodes, each scaling the next.
fn chain(depth: usize) -> Node {
    (1..depth).fold(Node::leaf("", Decimal::ONE, Origin::default()), |of, _| Node::scale("", Decimal::ONE, of).unwrap())
}

#[test]
fn deep_trees_are_refused_before_the_stack_ends() {
    canonical(&chain(64), &[]).unwrap();
    let too_deep = Err(DecodeError::Invalid("a tree of at most 64 nodes deep"));
    assert_eq!(Node::decode_all(&chain(65).encoded()), too_deep);
    // An empty label, an amount and the word for a scale, over and over.
    let mut hop = vec![0; 4 + 16];
    hop.push(3);
    hop.extend([0; 16]);
    assert_eq!(Node::decode_all(&hop.repeat(100_000)), too_deep);
}
