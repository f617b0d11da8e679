//! Canonical bytes of what was published, and of the index rule.

use plimsoll_core::{encode_fields, encode_variants};

use super::index::{IndexRule, PriceQuality, SourceQuote};
use super::{AssetQuote, ExpiryConfidence, ExpiryQuote, MarkQuote, Snapshot, StrikeVol, SviQuote, UnderlyingQuote};

encode_variants! { PriceQuality { 0 Trusted, 1 Disputed, 2 Thin } }

encode_fields! {
    Snapshot { as_of, currency, assets, underlyings, marks }
    AssetQuote { price, confidence, trusted, redemption_value, depth, slow_price, debt_price }
    UnderlyingQuote { index, quote, confidence, expiries }
    ExpiryQuote { forward, forward_fixed, rate, vols, svi, confidence }
    ExpiryConfidence { forward, rate, vol }
    StrikeVol { strike, vol }
    SviQuote { a, b, rho, m, sigma }
    MarkQuote { price, vol, bid, ask, funding_rate, open_interest, confidence }
    SourceQuote { name, price, weight, observed_at, confidence }
    IndexRule { age_ns_max, ahead_ns_max, outlier_fraction, band, sources_min, confidence_min }
}
