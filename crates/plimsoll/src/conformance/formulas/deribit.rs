//! Deribit.

use plimsoll_core::{Rounding, Timestamp};
use plimsoll_margin::models::deribit_portfolio::contingencies::{Contingencies, Sizes};
use plimsoll_margin::models::deribit_portfolio::matrix::{Future, Grid};
use plimsoll_margin::models::deribit_portfolio::shocks::{ShockRules as Shocks, settling_delta};
use plimsoll_margin::models::deribit_portfolio::simulate::Inputs;
use plimsoll_margin::models::deribit_standard::{FutureRates, OptionRates, Short};
use plimsoll_margin::scenario::{DiscountRate, ShockRules, SkewRules};
use plimsoll_pricing::float::decimal;
use plimsoll_pricing::instruments::Instrument;

use super::Formula;
use super::options::right;
use crate::Decimal;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[
    ("deribit-portfolio.contingencies", contingencies),
    ("deribit-portfolio.settling-delta", settling),
    ("deribit-portfolio.simulate", simulate),
    ("deribit-portfolio.term-factor", term_factor),
    ("deribit-standard.future", future),
    ("deribit-standard.option", option),
];

fn settling(given: &Given<'_>) -> Result<Figures, Refused> {
    let quantity = given.number_or("quantity", Decimal::ONE)?;
    let [delta, mark, elapsed, window] =
        ["delta", "mark", "elapsed_minutes", "window_minutes"].map(|name| given.number(name));
    let of = |figure: Decimal| figure.times(quantity, Rounding::HalfEven);
    let (delta, net) = settling_delta(of(delta?)?, of(mark?)?, elapsed?, window?)?;
    Ok(Figures::new().with("delta", delta).with("net_delta", net))
}

/// What older rulebooks add for sizes that stand against each other.
fn contingencies(given: &Given<'_>) -> Result<Figures, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let rates = Contingencies {
        option: zero("option_contingency")?,
        short_option: zero("short_option_contingency")?,
        futures: zero("futures_contingency")?,
        vega: zero("vega_contingency")?,
    };
    let sizes = Sizes {
        options: zero("options")?,
        naked_short: zero("naked_short")?,
        futures_long: zero("futures_long")?,
        futures_short: zero("futures_short")?,
        vega_long: zero("vega_long")?,
        vega_short: zero("vega_short")?,
    };
    let only = |rates: Contingencies| rates.charge(&sizes);
    let none = Contingencies::default();
    Ok(Figures::new()
        .with("options", only(Contingencies { option: rates.option, ..none })?)
        .with("short_options", only(Contingencies { short_option: rates.short_option, ..none })?)
        .with("futures", only(Contingencies { futures: rates.futures, ..none })?)
        .with("vega", only(Contingencies { vega: rates.vega, ..none })?)
        .with("total", rates.charge(&sizes)?))
}

/// What a relative move of volatility at 30 days is multiplied by.
fn term_factor(given: &Given<'_>) -> Result<Figures, Refused> {
    let rules = ShockRules {
        vol_power_short: given.number("short_term_vega_power")?,
        vol_power_long: given.number("long_term_vega_power")?,
        days_min: given.number_or("days_min", Decimal::ONE)?,
        discount: DiscountRate::Quoted,
        skew: SkewRules::default(),
        basis_minimum: Decimal::ZERO,
        basis_annual: Decimal::ZERO,
        vol_nodes: None,
    };
    Ok(Figures::new().with("factor", rules.term_factor(given.float("days")?)))
}

/// A book of futures of one pair, through the engine's matrix, shocks and sums.
fn simulate(given: &Given<'_>) -> Result<Figures, Refused> {
    let zero = |name| given.number_or(name, Decimal::ZERO);
    let grid = Grid {
        price_range: given.number("price_range")?,
        buckets: given.count("buckets_count")?,
        extended: given.numbers("extended_moves")?,
        extended_factor: given.number_or("extended_table_factor", Decimal::ONE)?,
        dampener: zero("extended_dampener")?,
        pnl_offset: zero("pnl_offset")?,
    };
    let rules = Shocks {
        minimum_move: zero("min_annualised_move")?,
        annual_move: zero("annualised_move_risk")?,
        compounds: given.flag("roll_compounds")?,
        delta_threshold: zero("delta_threshold")?,
        delta_slope: zero("m_inc")?,
        delta_most: zero("max_delta_shock")?,
    };
    let index = given.number("index")?;
    let (mut futures, mut roll_shock) = (Vec::new(), Decimal::ZERO);
    for position in given.list("positions")? {
        let inverse = position.flag("inverse")?;
        let future = Future { size: position.number("size")?, mark: position.number("mark")?, inverse };
        roll_shock = roll_shock.plus(rules.roll(future.delta()?, years(given, &position)?)?)?;
        futures.push(future);
    }
    let vectors = grid.futures(&futures)?;
    let inverse = futures.iter().any(|future| future.inverse);
    let aggregated = grid.aggregated(&vectors, if inverse { index } else { Decimal::ONE })?;
    let inputs = Inputs {
        roll_shock,
        delta_shock: zero("delta_shock")?,
        correlation_contingency: zero("correlation_contingency")?,
        contingencies: zero("contingencies")?,
        mmp_margin: zero("mmp_margin")?,
        open_orders_margin: zero("open_orders_margin")?,
        spot_margin: zero("spot_margin")?,
        mm_factor: given.number("mm_factor")?,
        aggregated,
    };
    let of = inputs.simulate()?;
    let bucket = inputs.aggregated.worst().map(|at| grid.bucket(at, inputs.aggregated.standard.len()));
    let figures = named(Figures::new(), "pre_aggregated_standard", &vectors.standard);
    let figures = named(figures, "pre_aggregated_extended", &vectors.extended);
    let figures = named(figures, "aggregated_standard", &inputs.aggregated.standard);
    let figures = named(figures, "aggregated_extended", &inputs.aggregated.extended);
    Ok(figures
        .with("worst_case_index", place(bucket.map(|at| at.index)))
        .with("worst_case_bucket", place(bucket.map(|at| at.bucket)))
        .with("worst_case_side", bucket.map(|at| at.side))
        .with("worst_case_source", bucket.map(|at| at.source))
        .with("delta_shock", inputs.delta_shock)
        .with("worst_case", of.worst_case)
        .with("roll_shock", roll_shock)
        .with("risk_matrix_margin", of.risk_matrix_margin)
        .with("initial_margin", of.initial_margin)
        .with("maintenance_margin", of.maintenance_margin))
}

/// A list, and its ends.
fn named(figures: Figures, name: &str, of: &[Decimal]) -> Figures {
    figures
        .with(format!("{name}_first"), of.first().copied())
        .with(format!("{name}_last"), of.last().copied())
        .with(name, of.to_vec())
}

/// A place counted from one.
fn place(of: Option<usize>) -> Option<f64> {
    of.and_then(|of| u32::try_from(of).ok()).map(f64::from)
}

/// Years from the case's instant to the expiry that a contract's name says; none of a perpetual.
fn years(given: &Given<'_>, position: &Given<'_>) -> Result<Decimal, Refused> {
    let instrument = Instrument::from_name(position.text("name")?).map_err(|error| Refused::new(error.to_string()))?;
    let Some(expiry) = instrument.expiry() else { return Ok(Decimal::ZERO) };
    let at = given.number("timestamp_ms")?.count(0, Rounding::TowardZero);
    let at = i64::try_from(at).ok().and_then(|ms| ms.checked_mul(1_000_000));
    let at = at.ok_or_else(|| Refused::new("given.timestamp_ms: expected milliseconds since 1970"))?;
    Ok(decimal(plimsoll_pricing::float::years(Timestamp::from_nanos(at), expiry), Decimal::PLACES)?)
}

fn future(given: &Given<'_>) -> Result<Figures, Refused> {
    let rates = FutureRates {
        im_base: given.number("im_base")?,
        mm_base: given.number_or("mm_base", Decimal::ZERO)?,
        slope: given.number_or("slope", Decimal::ZERO)?,
        mm_of_im: given.number_or("mm_of_im", Decimal::ZERO)?,
    };
    let size = given.number("size")?.abs();
    let (initial, maintenance) = rates.margins(size, given.number_or("index", Decimal::ONE)?)?;
    Ok(Figures::new()
        .with("initial_rate", rates.initial(size)?)
        .with("initial", initial)
        .with("maintenance_rate", rates.maintenance(size)?)
        .with("maintenance", maintenance))
}

fn option(given: &Given<'_>) -> Result<Figures, Refused> {
    let rates = OptionRates {
        initial: given.number("option_initial")?,
        minimum: given.number("option_minimum")?,
        maintenance: given.number("option_maintenance")?,
    };
    let inverse = given.flag("inverse")?;
    let index = given.number("index")?;
    let short = Short {
        right: right(given)?,
        strike: given.number("strike")?,
        index,
        underlying: given.number_or("underlying", index)?,
        mark: given.number("mark")?,
    };
    let per_unit = if inverse { rates.inverse(&short)? } else { rates.linear(&short)? };
    let (initial, maintenance) = rates.margins(&short, inverse, given.number("quantity")?.abs())?;
    Ok(Figures::new()
        .with("initial_per_unit", per_unit.0)
        .with("maintenance_per_unit", per_unit.1)
        .with("initial", initial)
        .with("maintenance", maintenance))
}
