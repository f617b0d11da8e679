//! Slices of a volatility surface.

use plimsoll_numerics::ln;
use plimsoll_pricing::formulas::svi::{Raw, Ssvi, Variance};

use super::Formula;
use crate::conformance::{Figures, Given, Refused};

pub(super) const FORMULAS: &[(&str, Formula)] = &[("svi", raw), ("svi.vol", vol), ("svi.surface", surface)];

fn slice(given: &Given<'_>) -> Result<Raw, Refused> {
    let [a, b, rho, m, sigma] = ["a", "b", "rho", "m", "sigma"].map(|name| given.float(name));
    Ok(Raw { a: a?, b: b?, rho: rho?, m: m?, sigma: sigma? })
}

/// Total variances at the log strikes given.
fn at_each(given: &Given<'_>, variance: impl Fn(f64) -> Variance) -> Result<Vec<(f64, Variance)>, Refused> {
    let all = given.list("log_strikes")?.into_iter();
    all.map(|each| each.as_float().map(|log_strike| (log_strike, variance(log_strike)))).collect()
}

fn raw(given: &Given<'_>) -> Result<Figures, Refused> {
    let slice = slice(given)?;
    let all = at_each(given, |log_strike| slice.variance(log_strike))?;
    let wings = slice.jump_wings(given.float("years")?);
    Ok(Figures::new()
        .with("variances", all.iter().map(|(_, variance)| variance.value).collect::<Vec<_>>())
        .with("durrleman", all.iter().map(|(at, variance)| variance.durrleman(*at)).collect::<Vec<_>>())
        .with("variance_min", slice.variance_min())
        .with("within_lee_bound", slice.within_lee_bound())
        .with("jump_wings", vec![wings.v, wings.psi, wings.p, wings.c, wings.v_min]))
}

/// The volatility at a strike; parameters are of total variance at `years`.
fn vol(given: &Given<'_>) -> Result<Figures, Refused> {
    let [forward, strike, years] = ["forward", "strike", "years"].map(|name| given.float(name));
    let variance = slice(given)?.variance(ln(strike? / forward?)).value;
    Ok(Figures::new().with("vol", (variance / years?).sqrt()))
}

fn surface(given: &Given<'_>) -> Result<Figures, Refused> {
    let [rho, eta, gamma, theta] = ["rho", "eta", "gamma", "theta"].map(|name| given.float(name));
    let slice = Ssvi { rho: rho?, eta: eta?, gamma: gamma?, theta: theta? };
    let all = at_each(given, |log_strike| slice.variance(log_strike))?;
    let (first, second) = slice.butterfly_sizes();
    Ok(Figures::new()
        .with("phi", slice.phi())
        .with("variances", all.iter().map(|(_, variance)| variance.value).collect::<Vec<_>>())
        .with("butterfly_sizes", vec![first, second])
        .with("is_butterfly_free", slice.is_butterfly_free())
        .with("theta_phi_slope", slice.theta_phi_slope())
        .with("is_calendar_free", slice.is_calendar_free()))
}
