//! Scenario sets: lists of joint market moves, as data.
//!
//! A [`Scenario`] says how far the market moves; [`ShockRules`] say how that move reaches one
//! expiry (a volatility moves more when little time is left, a basis more when much is). Together
//! they make the float columns that instruments are revalued with.
//!
//! # Source
//! The scaling of volatility moves by (30 days ÷ days left)^power is Deribit's published rule
//! (support article 25944756247837), which Derive and Paradex share.

mod moves;

use std::sync::Arc;

use plimsoll_core::{Asset, Decimal, Timestamp};
use plimsoll_numerics::{exp, ln};
use plimsoll_pricing::float::float;
use plimsoll_pricing::instruments::Shocks;

pub use moves::{Move, Moves, VolMove};

/// One joint move of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What people call it: `-16% vol up`.
    pub name: Arc<str>,
    /// Relative move of the index and of all that moves with it: −0.16.
    pub price: Decimal,
    /// Relative move of volatility at 30 days: 0.5 is half as much again.
    pub vol: Decimal,
    /// A rise takes a volatility at least here; zero for no floor.
    pub vol_floor: Decimal,
    /// Move of forwards against the index, in multiples of the expiry's basis move.
    pub basis: Decimal,
    /// Absolute move of the discount rate.
    pub rate: Decimal,
    /// Relative move of one stablecoin.
    pub stable: Option<(Asset, Decimal)>,
    /// Seconds that pass.
    pub seconds: u32,
    /// Share of the P&L that counts, 0 to 1: extreme moves are damped.
    pub damping: Decimal,
    /// How the smile turns besides.
    pub skew: Skew,
}

/// A move of volatility that differs from strike to strike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skew {
    /// None.
    #[default]
    Still,
    /// Up above the forward, down below it.
    Linear,
    /// Up on both sides.
    Absolute,
}

impl Scenario {
    /// Nothing moves.
    #[must_use]
    pub fn unshocked() -> Self {
        Self {
            name: "unshocked".into(),
            price: Decimal::ZERO,
            vol: Decimal::ZERO,
            vol_floor: Decimal::ZERO,
            basis: Decimal::ZERO,
            rate: Decimal::ZERO,
            stable: None,
            seconds: 0,
            damping: Decimal::ONE,
            skew: Skew::Still,
        }
    }

    /// What one unit of a stablecoin is worth, as a multiple of now: a contract quoted in it is
    /// quoted higher when it falls, since the coin behind the contract does not move with it.
    pub(crate) fn growth_of(&self, asset: Asset) -> f64 {
        self.stable.filter(|(stable, _)| *stable == asset).map_or(1.0, |(_, by)| 1.0 + float(by))
    }

    /// A move of price and volatility, named after itself.
    #[must_use]
    pub fn price_and_vol(price: Decimal, vol: Decimal) -> Self {
        Self { name: move_name(price, vol).into(), price, vol, ..Self::unshocked() }
    }
}

/// `-16% vol up`: how a price and volatility move is written everywhere.
fn move_name(price: Decimal, vol: Decimal) -> String {
    let percent = price.times_count(100).unwrap_or(price);
    let sign = if percent.signum() > 0 { "+" } else { "" };
    let vol = match vol.signum() {
        1 => " vol up",
        -1 => " vol down",
        _ => "",
    };
    format!("{sign}{percent}%{vol}")
}

/// How a scenario's moves reach one expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShockRules {
    /// Moves of volatility at 0, 30 and 60 days as multiples of the scenario's, straight between and level past the
    /// last; where given, the powers do not count.
    pub vol_nodes: Option<[Decimal; 3]>,
    /// Power of (30 days ÷ days left) below 30 days.
    pub vol_power_short: Decimal,
    /// The same from 30 days on.
    pub vol_power_long: Decimal,
    /// Below so many days the term factor stops growing: it would pass every bound at expiry.
    pub days_min: Decimal,
    /// Which rate discounts what an expiry pays.
    pub discount: DiscountRate,
    /// How far smiles turn.
    pub skew: SkewRules,
    /// Smallest basis move of an expiry; what a perpetual moves by.
    pub basis_minimum: Decimal,
    /// Basis move of an expiry a year away.
    pub basis_annual: Decimal,
}

/// Which rate discounts what an expiry pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiscountRate {
    /// The one quoted.
    #[default]
    Quoted,
    /// The one quoted, at least zero.
    AtLeastZero,
    /// None.
    Zero,
}

/// How far a [`Skew`] turns the smile: at strike K and forward F a volatility is multiplied by
/// 1 + x·cap ÷ k*, held within ±cap, where x is k = ln(K ÷ F) or |k|, cap = slope·√T + base, and
/// k* = max(minimum, √T·width·(level + √T·growth)). All zeros: smiles do not turn.
///
/// # Source
/// Derive's second portfolio margin (PMRM 2), scenarios "linear" and "abs".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkewRules {
    /// Base and slope of the cap of [`Skew::Linear`].
    pub linear: SkewCap,
    /// Of [`Skew::Absolute`].
    pub absolute: SkewCap,
    /// The least k*.
    pub k_minimum: Decimal,
    /// Widths of the smile that k* is.
    pub width: Decimal,
    /// The volatility that the width is counted in,
    pub level: Decimal,
    /// and what is added to it per √year.
    pub growth: Decimal,
}

/// The largest relative move of volatility in a [`Skew`]: base + slope·√T.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkewCap {
    /// At expiry.
    pub base: Decimal,
    /// Per √year.
    pub slope: Decimal,
}

impl SkewRules {
    /// Smiles do not turn.
    pub const NONE: Self = Self {
        linear: SkewCap { base: Decimal::ZERO, slope: Decimal::ZERO },
        absolute: SkewCap { base: Decimal::ZERO, slope: Decimal::ZERO },
        k_minimum: Decimal::ZERO,
        width: Decimal::ZERO,
        level: Decimal::ZERO,
        growth: Decimal::ZERO,
    };

    /// What the volatility of one strike is multiplied by.
    #[must_use]
    pub fn factor(&self, skew: Skew, strike: f64, forward: f64, years: f64) -> f64 {
        let (cap, k) = match skew {
            Skew::Still => return 1.0,
            Skew::Linear => (self.linear, ln(strike / forward)),
            Skew::Absolute => (self.absolute, ln(strike / forward).abs()),
        };
        let root = years.sqrt();
        let cap = float(cap.slope) * root + float(cap.base);
        let width = root * float(self.width) * (float(self.level) + root * float(self.growth));
        // At expiry the width can be nothing: then every strike but the forward turns to the cap.
        let reach = k * cap / width.max(float(self.k_minimum)).max(f64::MIN_POSITIVE);
        let turn = if k >= 0.0 { reach.min(cap) } else { reach.max(-cap) };
        (1.0 + turn).max(0.0)
    }
}

/// What an expiry is to the scenarios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpiryState {
    /// Years left; `None`: never expires.
    pub years: Option<f64>,
    /// The rate that discounts what it pays.
    pub rate: f64,
    /// Share of the forward that still moves: less than one within a settlement window.
    pub moving: f64,
}

/// The columns of one (underlying, expiry): a float per scenario, ready to revalue with.
#[derive(Clone, Debug)]
pub struct Columns {
    spot: Vec<f64>,
    growth: Vec<f64>,
    log_growth: Vec<f64>,
    vol_scale: Vec<f64>,
    vol_shift: Vec<f64>,
    vol_floor: Vec<f64>,
    years: Vec<f64>,
    sqrt_years: Vec<f64>,
    discount: Vec<f64>,
}

const DAYS_PER_YEAR: f64 = 365.0;
const REFERENCE_DAYS: f64 = 30.0;

impl Columns {
    /// The columns of `scenarios` for what is quoted in `quote` and belongs to `expiry`.
    #[must_use]
    pub fn new(scenarios: &[Scenario], rules: &ShockRules, quote: Asset, expiry: &ExpiryState) -> Self {
        let (expiry_years, moving) = (expiry.years, expiry.moving);
        let rate = match rules.discount {
            DiscountRate::Quoted => expiry.rate,
            DiscountRate::AtLeastZero => expiry.rate.max(0.0),
            DiscountRate::Zero => 0.0,
        };
        let years = expiry_years.unwrap_or(0.0);
        let basis_move = float(rules.basis_minimum).max(float(rules.basis_annual) * years);
        let term = rules.term_of(expiry);
        let column = |of: &dyn Fn(&Scenario) -> f64| scenarios.iter().map(of).collect::<Vec<f64>>();
        let spot = column(&|scenario| (1.0 + float(scenario.price)) / scenario.growth_of(quote));
        let growth: Vec<f64> =
            scenarios.iter().zip(&spot).map(|(s, spot)| spot * (1.0 + float(s.basis) * basis_move)).collect();
        let growth: Vec<f64> =
            if moving < 1.0 { growth.iter().map(|growth| 1.0 + moving * (growth - 1.0)).collect() } else { growth };
        let left = column(&|scenario| (years - f64::from(scenario.seconds) / SECONDS_PER_YEAR).max(0.0));
        Self {
            log_growth: growth.iter().map(|growth| ln(*growth)).collect(),
            vol_scale: column(&|scenario| (1.0 + float(scenario.vol) * term).max(0.0)),
            vol_shift: vec![0.0; scenarios.len()],
            vol_floor: column(&|scenario| float(scenario.vol_floor)),
            sqrt_years: left.iter().map(|years| years.sqrt()).collect(),
            discount: scenarios.iter().zip(&left).map(|(s, years)| exp(-(rate + float(s.rate)) * years)).collect(),
            years: left,
            spot,
            growth,
        }
    }

    /// So many columns in which nothing moves, for what is quoted in `quote`: to be [moved](Self::move_to).
    #[must_use]
    pub fn still(count: usize, rules: &ShockRules, quote: Asset, expiry: &ExpiryState) -> Self {
        Self::new(&vec![Scenario::unshocked(); count], rules, quote, expiry)
    }

    /// Moves price and volatility, and nothing else: `spot` and `log_spot` are the price as a multiple of now and its
    /// logarithm, `vol` relative moves of volatility at 30 days, of which `term` reaches the expiry, as `moving` of the price
    /// does. As many as there are columns at most; the others are dropped.
    pub fn move_to(&mut self, spot: &[f64], log_spot: &[f64], vol: &[f64], term: f64, moving: f64) {
        let count = spot.len();
        let Self { spot: spots, growth, log_growth, vol_scale, vol_shift, vol_floor, years, sqrt_years, discount } =
            self;
        for column in [&mut *spots, growth, log_growth, vol_scale, vol_shift, vol_floor, years, sqrt_years, discount] {
            column.truncate(count);
        }
        spots.copy_from_slice(spot);
        growth.copy_from_slice(spot);
        log_growth.copy_from_slice(log_spot);
        for (scale, by) in vol_scale.iter_mut().zip(vol) {
            *scale = (1.0 + by * term).max(0.0);
        }
        if moving < 1.0 {
            growth.iter_mut().for_each(|growth| *growth = 1.0 + moving * (*growth - 1.0));
            log_growth.iter_mut().zip(growth.iter()).for_each(|(log, growth)| *log = ln(*growth));
        }
    }

    /// The same columns for one strike, whose volatility `factors` move besides.
    #[must_use]
    pub fn turned(mut self, factors: impl Iterator<Item = f64>) -> Self {
        self.vol_scale.iter_mut().zip(factors).for_each(|(scale, factor)| *scale *= factor);
        self
    }

    /// The columns as instruments take them.
    #[must_use]
    pub fn shocks(&self) -> Shocks<'_> {
        Shocks {
            spot: &self.spot,
            growth: &self.growth,
            log_growth: &self.log_growth,
            vol_scale: &self.vol_scale,
            vol_shift: &self.vol_shift,
            vol_floor: &self.vol_floor,
            years: &self.years,
            sqrt_years: &self.sqrt_years,
            discount: &self.discount,
        }
    }
}

const SECONDS_PER_YEAR: f64 = 31_536_000.0;

impl ShockRules {
    /// Moves reach every expiry alike, premiums are discounted as quoted, smiles do not turn.
    pub const ALIKE: Self = Self {
        vol_power_short: Decimal::ZERO,
        vol_power_long: Decimal::ZERO,
        days_min: Decimal::ONE,
        discount: DiscountRate::Quoted,
        skew: SkewRules::NONE,
        basis_minimum: Decimal::ZERO,
        basis_annual: Decimal::ZERO,
        vol_nodes: None,
    };

    /// What of a volatility move at 30 days reaches an expiry; all of it what has none.
    #[must_use]
    pub fn term_of(&self, expiry: &ExpiryState) -> f64 {
        expiry.years.map_or(1.0, |years| self.term_factor(years * DAYS_PER_YEAR))
    }

    /// How many times the volatility move at 30 days reaches an expiry with so many days left:
    /// (30 ÷ days)^power, power by which side of 30 days; or what the nodes say.
    #[must_use]
    pub fn term_factor(&self, days: f64) -> f64 {
        if let Some([now, near, far]) = self.vol_nodes {
            let months = (days / REFERENCE_DAYS).clamp(0.0, 2.0);
            let (from, to, part) = if months < 1.0 { (now, near, months) } else { (near, far, months - 1.0) };
            return float(from) + (float(to) - float(from)) * part;
        }
        let power = if days < REFERENCE_DAYS { self.vol_power_short } else { self.vol_power_long };
        exp(float(power) * ln(REFERENCE_DAYS / days.max(float(self.days_min))))
    }
}

/// The price of `asset` under `scenario`, as a multiple of its price now, in the table of an
/// underlying whose price `coin` moves with.
#[must_use]
pub fn asset_growth(scenario: &Scenario, asset: Asset, coin: Option<Asset>) -> f64 {
    if Some(asset) == coin { 1.0 + float(scenario.price) } else { scenario.growth_of(asset) }
}

/// A day, in the seconds of a scenario that lets time pass.
pub const DAY_S: u32 = 86_400;

/// Seconds between two instants as years of 365 days; `None` when there is no expiry.
#[must_use]
pub fn years_left(as_of: Timestamp, expiry: Option<Timestamp>) -> Option<f64> {
    expiry.map(|expiry| plimsoll_pricing::float::years(as_of, expiry))
}
