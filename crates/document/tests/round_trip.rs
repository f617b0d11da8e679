//! What is written is read back equal, whatever was read.

use std::collections::BTreeMap;

use plimsoll_document::{Format, Request, fuzz::same, fuzz_document, write_market, write_request};
use proptest::prelude::*;

const BOOK: &str = include_str!("documents/book.json");
const YAML: &str = include_str!("documents/book.yaml");
const TOML: &str = include_str!("documents/book.toml");

fn positive() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u64..1_000_000).prop_map(|number| number.to_string()),
        (1_u64..u64::MAX, 0_usize..19).prop_map(|(units, places)| scaled(units, places)),
    ]
}

fn scaled(units: u64, places: usize) -> String {
    let digits = format!("{units:019}");
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

fn signed() -> impl Strategy<Value = String> {
    (any::<bool>(), positive()).prop_map(|(minus, number)| if minus { format!("-{number}") } else { number })
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9]{0,7}"
}

/// Random figures for a small document.
#[derive(Clone, Debug)]
struct Figures {
    assets: Vec<(String, String, bool)>,
    index: String,
    vols: BTreeMap<u32, u32>,
    /// Kind, contract size and strike.
    contracts: Vec<(usize, u32, u32)>,
    balances: Vec<String>,
    /// Whether it is an order, quantity, price; at most one a contract is used.
    held: Vec<(bool, i64, u32)>,
    id: String,
}

fn figures() -> impl Strategy<Value = Figures> {
    let asset = (name(), positive(), any::<bool>());
    (
        prop::collection::vec(asset, 0..4),
        positive(),
        prop::collection::btree_map(1_u32..100_000, 1_u32..9_999, 0..5),
        prop::collection::vec((0_usize..5, 1_u32..1_000, 1_u32..10_000), 0..6),
        prop::collection::vec(signed(), 0..4),
        prop::collection::vec((any::<bool>(), -1_000_i64..1_000, 1_u32..100_000), 0..6),
        "[ -~é]{1,12}",
    )
        .prop_map(|(assets, index, vols, contracts, balances, held, id)| Figures {
            assets,
            index,
            vols,
            contracts,
            balances,
            held,
            id,
        })
}

impl Figures {
    fn document(&self) -> String {
        let Self { assets, index, vols, contracts, balances, id, .. } = self;
        let prices = assets.iter().enumerate().map(|(place, (name, price, trusted))| {
            format!(r#""{name}.{place}": {{"price": "{price}", "trusted": {trusted}}}, "#)
        });
        let collateral = balances
            .iter()
            .zip(assets)
            .enumerate()
            .map(|(place, (amount, (name, ..)))| format!(r#"{{"asset": "{name}.{place}", "amount": "{amount}"}}"#));
        let vols =
            vols.iter().map(|(strike, vol)| format!(r#"{{"strike": {strike}, "vol": "{}"}}"#, f64::from(*vol) / 100.0));
        let contracts = contracts.iter().enumerate().map(|(place, terms)| contract(place, *terms));
        let (positions, orders) = self.holdings();
        format!(
            r#"{{"as_of": "2024-08-05T08:00:00.123Z", "currency": "USD",
            "market": {{"assets": {{{}"ETH": {{"price": "2000.5"}}}},
                "underlyings": {{"ETH": {{"index": "{index}", "quote": "USD",
                    "expiries": {{"2024-12-27T08:00:00Z": {{"forward": "{index}", "vols": [{}]}}}}}}}},
                "marks": {{"contract 0": {{"price": "12.5", "funding_rate": "-0.001"}}}}}},
            "instruments": [{}],
            "accounts": [{{"id": {}, "collateral": [{}], "positions": [{}], "orders": [{}], "leverage": "2.5"}}],
            "parameters": {{"m": {{"a": [1, {{"b": "x"}}], "c.d": 2}}}}}}"#,
            prices.collect::<String>(),
            joined(vols),
            joined(contracts),
            serde_json::Value::from(id.as_str()),
            joined(collateral),
            joined(positions.into_iter()),
            joined(orders.into_iter()),
        )
    }

    fn holdings(&self) -> (Vec<String>, Vec<String>) {
        let (mut positions, mut orders) = (Vec::new(), Vec::new());
        for (place, (order, quantity, price)) in self.held.iter().take(self.contracts.len()).enumerate() {
            let start = format!(r#"{{"instrument": "contract {place}""#);
            if *order {
                let quantity = quantity.unsigned_abs() + 1;
                orders.push(format!(r#"{start}, "side": "sell", "quantity": {quantity}, "price": {price}}}"#));
            } else {
                positions.push(format!(r#"{start}, "quantity": {quantity}, "entry_price": {price}}}"#));
            }
        }
        (positions, orders)
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn contract(place: usize, (kind, size, strike): (usize, u32, u32)) -> String {
    let common = format!(r#""name": "contract {place}", "underlying": "ETH", "quote": "USD", "lot_size": "1""#);
    let sized = format!(r#"{common}, "contract_size": {size}"#);
    let option = format!(r#"{sized}, "right": "put", "strike": {strike}"#);
    match kind {
        0 => format!(r#"{{{common}, "kind": "spot"}}"#),
        1 => format!(r#"{{{sized}, "kind": "perpetual", "style": "inverse", "funding_interval_s": {size}}}"#),
        2 => format!(r#"{{{sized}, "kind": "future", "style": "linear", "expiry": "2024-12-27T08:00:00Z"}}"#),
        3 => format!(
            r#"{{{option}, "kind": "option", "style": "quanto", "quanto_rate": "0.5", "settlement": "ETH",
                "expiry": "2025-02-01T08:00:00Z", "premium_style": "futures"}}"#
        ),
        _ => format!(r#"{{{option}, "kind": "perpetual_option", "style": "inverse"}}"#),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_come_back_equal(figures in figures()) {
        let text = figures.document();
        // Random figures may together leave the range, which is refused; all else must be accepted.
        match Request::read(text.as_bytes(), Format::Json) {
            Err(errors) => prop_assert!(
                errors.errors.iter().all(|error| error.expected.contains("±1.7e20")), "{errors}\n{text}"
            ),
            Ok(request) => {
                let written = write_request(&request);
                let again = Request::read(written.as_bytes(), Format::Json);
                prop_assert!(again.as_ref().is_ok_and(|again| same(&request, again)), "{written}\n{again:?}");
                prop_assert_eq!(&write_request(&again.expect("good")), &written);
            }
        }
    }
}

#[test]
fn a_market_document_is_a_request_without_accounts() {
    let request = Request::read(BOOK.as_bytes(), Format::Json).expect("good");
    let written = write_market(Some("a test"), &request.market, &request.listing);
    let market = Request::read(written.as_bytes(), Format::Json).expect("good");
    assert_eq!((&market.market, &market.listing), (&request.market, &request.listing));
    assert_eq!((market.source.as_deref(), market.accounts.len()), (Some("a test"), 0));
}

/// A small counter-based generator, `SplitMix64`.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((word ^ (word >> 31)) >> 33).unwrap_or(0)
}

#[test]
fn mutated_documents_never_panic() {
    let corpus =
        [BOOK, YAML, TOML, "", "{}", "[", "a: &a [*a]", "a: *b", "? {a: 1}\n: 2", "%YAML 9.9\n---\n", "\u{feff}{}"];
    corpus.iter().for_each(|text| fuzz_document(text.as_bytes()));
    let alphabet = b"{}[]:,\"'\\-+.eE0189 \n\t&*!|>%@`#~NaIn\x00\xff\xc3\xa9=";
    let mut state = 2024;
    for _ in 0..1_500 {
        let seed = state;
        let mut bytes = corpus[random(&mut state) % 3].as_bytes().to_vec();
        for _ in 0..=random(&mut state) % 6 {
            let at = random(&mut state) % bytes.len();
            match random(&mut state) % 5 {
                0 => bytes[at] = alphabet[random(&mut state) % alphabet.len()],
                1 => bytes.insert(at, alphabet[random(&mut state) % alphabet.len()]),
                2 => drop(bytes.drain(at..(at + random(&mut state) % 40).min(bytes.len()))),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let from = random(&mut state) % bytes.len();
                    let piece = bytes[from..(from + random(&mut state) % 60).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        let outcome = std::panic::catch_unwind(|| fuzz_document(&bytes));
        assert!(outcome.is_ok(), "seed {seed}: {}", String::from_utf8_lossy(&bytes));
    }
}
