//! Parametric slices of the implied-volatility surface, and when they admit arbitrage.
//!
//! A slice gives the total variance `w = σ²T` of one expiry against `k = ln(K/F)`.
//!
//! - [`Raw`]: `w = a + b (ρ(k − m) + √((k − m)² + s²))`, a hyperbola: level, wings, tilt, centre, curve.
//! - [`Ssvi`]: `w = θ/2 (1 + ρφk + √((φk + ρ)² + 1 − ρ²))` with `φ = η θ^(−γ) (1 + θ)^(γ − 1)`: one
//!   shape for all expiries, moved by the at-the-money total variance θ.
//!
//! A slice has no butterfly arbitrage where Durrleman's function g is non-negative (then the implied
//! density is), and two expiries have no calendar arbitrage where total variance does not fall with
//! time. Fitting is the market's business, not the formula's.
//!
//! # Source
//! J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", *Quantitative Finance* 14
//! (2014) 59: parametrisations (3.1), (3.5), (4.1), (4.5); theorems 4.1 and 4.2. R. Lee, "The moment
//! formula for implied volatility at extreme strikes", *Mathematical Finance* 14 (2004) 469.

use plimsoll_numerics::{exp, ln};

/// Total variance and its first two derivatives by log strike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variance {
    /// w.
    pub value: f64,
    /// dw/dk.
    pub slope: f64,
    /// d²w/dk².
    pub curvature: f64,
}

impl Variance {
    /// Durrleman's function: the implied density is non-negative where this is.
    ///
    /// `g = (1 − kw′/2w)² − (w′²/4)(1/w + 1/4) + w″/2`. Meaningful for `w > 0`.
    #[must_use]
    pub fn durrleman(&self, log_strike: f64) -> f64 {
        let lead = 1.0 - log_strike * self.slope / (2.0 * self.value);
        lead * lead - 0.25 * self.slope * self.slope * (1.0 / self.value + 0.25) + 0.5 * self.curvature
    }
}

/// The raw SVI slice; `sigma` is the curve's width, not a volatility.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raw {
    /// Level of total variance.
    pub a: f64,
    /// Slope of the wings, at least zero.
    pub b: f64,
    /// Tilt, between −1 and 1.
    pub rho: f64,
    /// Log strike of the centre.
    pub m: f64,
    /// Width of the curve, above zero.
    pub sigma: f64,
}

/// The same slice in the traders' words, for an expiry `years` away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpWings {
    /// At-the-money variance per year.
    pub v: f64,
    /// At-the-money skew: the slope of volatility, times √years.
    pub psi: f64,
    /// Slope of the put wing.
    pub p: f64,
    /// Slope of the call wing.
    pub c: f64,
    /// Least variance per year.
    pub v_min: f64,
}

impl Raw {
    /// Total variance at a log strike, with derivatives.
    #[must_use]
    pub fn variance(&self, log_strike: f64) -> Variance {
        let x = log_strike - self.m;
        let root = x.mul_add(x, self.sigma * self.sigma).sqrt();
        Variance {
            value: self.b.mul_add(self.rho.mul_add(x, root), self.a),
            slope: self.b * (self.rho + x / root),
            curvature: self.b * (self.sigma / root) * (self.sigma / root) / root,
        }
    }

    /// The least total variance, `a + bσ√(1 − ρ²)`: below zero the slice is no slice.
    #[must_use]
    pub fn variance_min(&self) -> f64 {
        (self.b * self.sigma).mul_add((1.0 - self.rho * self.rho).sqrt(), self.a)
    }

    /// The steeper wing's slope, `b (1 + |ρ|)`; Lee's moment formula allows at most 2.
    #[must_use]
    pub fn wing_slope(&self) -> f64 {
        self.b * (1.0 + self.rho.abs())
    }

    /// Whether both wings are within Lee's bound.
    #[must_use]
    pub fn within_lee_bound(&self) -> bool {
        self.wing_slope() <= 2.0
    }

    /// The jump-wing parameters for an expiry `years` away.
    #[must_use]
    pub fn jump_wings(&self, years: f64) -> JumpWings {
        let centre = self.variance(0.0);
        let root = centre.value.sqrt();
        JumpWings {
            v: centre.value / years,
            psi: 0.5 * centre.slope / root,
            p: self.b * (1.0 - self.rho) / root,
            c: self.b * (1.0 + self.rho) / root,
            v_min: self.variance_min() / years,
        }
    }
}

/// The SSVI slice at one θ, with the power-law φ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ssvi {
    /// At-the-money total variance θ, above zero.
    pub theta: f64,
    /// Tilt, between −1 and 1.
    pub rho: f64,
    /// Size of φ, above zero.
    pub eta: f64,
    /// Power of θ in φ, between 0 and 1.
    pub gamma: f64,
}

impl Ssvi {
    /// φ(θ) = η / (θ^γ (1 + θ)^(1−γ)): how quickly the smile opens.
    #[must_use]
    pub fn phi(&self) -> f64 {
        self.eta * exp(-(self.gamma * ln(self.theta) + (1.0 - self.gamma) * ln(1.0 + self.theta)))
    }

    /// Total variance at a log strike, with derivatives.
    #[must_use]
    pub fn variance(&self, log_strike: f64) -> Variance {
        let phi = self.phi();
        let x = phi * log_strike + self.rho;
        let complement = 1.0 - self.rho * self.rho;
        let root = x.mul_add(x, complement).sqrt();
        let half = 0.5 * self.theta;
        Variance {
            value: half * (1.0 + self.rho * phi * log_strike + root),
            slope: half * phi * (self.rho + x / root),
            curvature: half * phi * phi * complement / (root * root * root),
        }
    }

    /// The two sizes that theorem 4.2 bounds by 4: `θφ(1 + |ρ|)` (strictly) and `θφ²(1 + |ρ|)`.
    #[must_use]
    pub fn butterfly_sizes(&self) -> (f64, f64) {
        let phi = self.phi();
        let first = self.theta * phi * (1.0 + self.rho.abs());
        (first, first * phi)
    }

    /// Whether theorem 4.2 rules out butterfly arbitrage; it is sufficient, not necessary.
    #[must_use]
    pub fn is_butterfly_free(&self) -> bool {
        let (first, second) = self.butterfly_sizes();
        first < 4.0 && second <= 4.0
    }

    /// d(θφ)/dθ = φ (1 − γ)/(1 + θ).
    #[must_use]
    pub fn theta_phi_slope(&self) -> f64 {
        self.phi() * (1.0 - self.gamma) / (1.0 + self.theta)
    }

    /// Whether theorem 4.1 rules out calendar arbitrage as θ grows:
    /// `0 ≤ d(θφ)/dθ ≤ φ (1 + √(1 − ρ²))/ρ²`, with no upper bound at ρ = 0.
    #[must_use]
    pub fn is_calendar_free(&self) -> bool {
        let slope = self.theta_phi_slope();
        let square = self.rho * self.rho;
        slope >= 0.0 && slope * square <= self.phi() * (1.0 + (1.0 - square).sqrt())
    }
}
