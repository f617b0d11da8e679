//! The shapes Deribit's figures come in, as data: which field is what, in which unit.

use crate::rows::Fields;

/// Where a row says when it was observed.
#[derive(Clone, Copy)]
pub(super) enum Observed {
    /// RFC 3339 in this field.
    At(&'static str),
    /// Milliseconds since 1970 in this field.
    Millis(&'static str),
    /// Years to the instrument's expiry in this field.
    YearsLeft(&'static str),
    /// Nowhere.
    Unsaid,
}

/// What names the instrument of a row.
#[derive(Clone, Copy)]
pub(super) enum Named {
    /// Its name, in this field.
    By(&'static str),
    /// Right, strike and maturity in fields, the coin in the file's name.
    ByTerms,
}

/// One shape.
pub(super) struct Shape {
    /// What people call it.
    pub(super) name: &'static str,
    /// Fields that tell it from the others.
    pub(super) needs: &'static [&'static str],
    pub(super) named: Named,
    pub(super) observed: Observed,
    /// Rows of many instants: those near the market's count, and they do not say when the market was.
    pub(super) is_history: bool,
    pub(super) mark: &'static str,
    pub(super) bid: &'static str,
    pub(super) ask: &'static str,
    pub(super) vol: &'static str,
    /// Whether volatility is in per cent.
    pub(super) vol_in_percent: bool,
    /// Forward of an option's expiry.
    pub(super) forward: &'static str,
    pub(super) index: &'static str,
    pub(super) open_interest: &'static str,
    pub(super) funding: &'static str,
}

impl Shape {
    pub(super) fn fits(&self, row: &dyn Fields) -> bool {
        self.needs.iter().all(|name| row.get(name).is_some())
    }
}

const NOTHING: Shape = Shape {
    name: "",
    needs: &[],
    named: Named::By("instrument_name"),
    observed: Observed::Unsaid,
    is_history: false,
    mark: "mark_price",
    bid: "",
    ask: "",
    vol: "",
    vol_in_percent: true,
    forward: "",
    index: "",
    open_interest: "open_interest",
    funding: "",
};

const SUMMARY: Shape = Shape {
    name: "book summary",
    needs: &["instrument_name", "mark_price", "creation_timestamp"],
    observed: Observed::Millis("creation_timestamp"),
    bid: "bid_price",
    ask: "ask_price",
    vol: "mark_iv",
    forward: "underlying_price",
    index: "estimated_delivery_price",
    funding: "current_funding",
    ..NOTHING
};

/// Tables.
pub(super) static TABLE_SHAPES: [&Shape; 6] = [
    &Shape {
        name: "chain",
        needs: &["timestamp", "instrument_name", "mark_price", "underlying", "index_price", "implied_volatility"],
        observed: Observed::At("timestamp"),
        bid: "bid_price",
        ask: "ask_price",
        vol: "implied_volatility",
        vol_in_percent: false,
        forward: "underlying",
        index: "index_price",
        ..NOTHING
    },
    &SUMMARY,
    &Shape {
        name: "chain with years to expiry",
        needs: &["instrument_name", "T_years", "S0", "market_price_btc", "mark_iv"],
        observed: Observed::YearsLeft("T_years"),
        mark: "market_price_btc",
        bid: "bid_btc",
        ask: "ask_btc",
        vol: "mark_iv",
        forward: "S0",
        ..NOTHING
    },
    &Shape {
        name: "chain without names",
        needs: &["option_type", "strike", "maturity", "mark_price", "mark_iv", "index_price"],
        named: Named::ByTerms,
        vol: "mark_iv",
        index: "index_price",
        ..NOTHING
    },
    &Shape {
        name: "perpetual marks",
        needs: &["obs_datetime", "instrument_name", "perp_futures_mark_price"],
        observed: Observed::At("obs_datetime"),
        is_history: true,
        mark: "perp_futures_mark_price",
        ..NOTHING
    },
    &Shape {
        name: "dated futures' marks",
        needs: &["timestamp", "futures_instrument_name", "snapshot_term_mark_price"],
        named: Named::By("futures_instrument_name"),
        observed: Observed::At("timestamp"),
        is_history: true,
        mark: "snapshot_term_mark_price",
        ..NOTHING
    },
];

/// Payloads with a mark; the rest are instruments.
pub(super) static JSON_SHAPES: [&Shape; 2] = [
    &SUMMARY,
    &Shape {
        name: "ticker",
        needs: &["instrument_name", "mark_price", "timestamp"],
        observed: Observed::Millis("timestamp"),
        bid: "best_bid_price",
        ask: "best_ask_price",
        index: "index_price",
        ..SUMMARY
    },
];
