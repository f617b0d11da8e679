//! A market as it was published: exact decimals, nothing derived.
//!
//! Every figure is what a venue or an index said at `as_of`. Forwards that nobody quoted,
//! volatilities between strikes and model marks are derived in [`super::View`], never stored here.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Timestamp, Underlying};

/// The market of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was.
    pub as_of: Timestamp,
    /// The asset everything is valued in, worth one of itself: `USD`.
    pub currency: Asset,
    /// Prices of assets in `currency`.
    pub assets: BTreeMap<Asset, AssetQuote>,
    /// Index, forwards and volatilities an underlying.
    pub underlyings: BTreeMap<Underlying, UnderlyingQuote>,
    /// Marks by instrument name.
    pub marks: BTreeMap<Arc<str>, MarkQuote>,
}

/// What is published of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetQuote {
    /// Price of one unit in the snapshot's currency, positive.
    pub price: Decimal,
    /// How far the sources agree, 0 to 1; absent counts as 1.
    pub confidence: Option<Decimal>,
    /// False where the price is published as not to be relied on.
    pub trusted: bool,
    /// What the issuer pays for one unit, in the snapshot's currency, where there is an issuer.
    pub redemption_value: Option<Decimal>,
    /// Units a sale of which moves the price by one per cent.
    pub depth: Option<Decimal>,
    /// A price that follows slowly, in the snapshot's currency: what models take that trust the worse of two.
    pub slow_price: Option<Decimal>,
    /// What a debt of one unit costs, where that is not the price: an untrusted price may lend less than it costs.
    pub debt_price: Option<Decimal>,
}

/// What is published of an underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderlyingQuote {
    /// Index price, positive.
    pub index: Decimal,
    /// What the index is counted in.
    pub quote: Asset,
    /// How far the sources of the index agree, 0 to 1; absent counts as 1.
    pub confidence: Option<Decimal>,
    /// By expiry.
    pub expiries: BTreeMap<Timestamp, ExpiryQuote>,
}

/// What is published of one expiry of an underlying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpiryQuote {
    /// Forward, positive, in the index's quote.
    pub forward: Option<Decimal>,
    /// Part of the forward that the average of a settlement window has already fixed.
    pub forward_fixed: Option<Decimal>,
    /// Continuously compounded rate at which option premiums are discounted; zero where absent.
    pub rate: Option<Decimal>,
    /// Quoted volatilities: annual, 0.6 is 60 %; strikes ascending.
    pub vols: Vec<StrikeVol>,
    /// A published SVI slice in place of quoted volatilities.
    pub svi: Option<SviQuote>,
    /// How far its sources agree.
    pub confidence: ExpiryConfidence,
}

/// How far the sources of an expiry's figures agree, 0 to 1; absent counts as 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpiryConfidence {
    /// Of the forward.
    pub forward: Option<Decimal>,
    /// Of the rate.
    pub rate: Option<Decimal>,
    /// Of the volatilities.
    pub vol: Option<Decimal>,
}

/// The volatility quoted at one strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrikeVol {
    /// In the index's quote, positive.
    pub strike: Decimal,
    /// Annual, positive: 0.6 is 60 %.
    pub vol: Decimal,
}

/// Raw SVI: total variance w(k) = a + b(ρ(k − m) + √((k − m)² + σ²)), k = ln(K / forward).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SviQuote {
    /// Level.
    pub a: Decimal,
    /// Slope, at least zero.
    pub b: Decimal,
    /// Tilt, above −1 and below 1.
    pub rho: Decimal,
    /// Shift.
    pub m: Decimal,
    /// Smoothing, positive.
    pub sigma: Decimal,
}

/// What is published of one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkQuote {
    /// Mark price as the instrument is quoted: an inverse option's in coin.
    pub price: Option<Decimal>,
    /// Mark volatility of an option, annual.
    pub vol: Option<Decimal>,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Funding rate of the current period; positive means longs pay.
    pub funding_rate: Option<Decimal>,
    /// Contracts open.
    pub open_interest: Option<Decimal>,
    /// How far the sources of the mark agree, 0 to 1; absent counts as 1.
    pub confidence: Option<Decimal>,
}
