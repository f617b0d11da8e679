//! One expiry of a surface: total variance against log strike.

use crate::formulas::svi::{Raw, Variance};

/// Total variance w = σ²T of one expiry as a function of k = ln(strike / forward).
#[derive(Clone, Debug, PartialEq)]
pub enum Slice {
    /// A raw SVI slice.
    Svi(Raw),
    /// Linear between points, flat beyond them; log strikes ascending, at least two.
    Points(Vec<(f64, f64)>),
    /// The same at every strike.
    Flat(f64),
    /// Two slices mixed: total variance is the first's × (1 − share) + the second's × share.
    Mixed(Box<(Slice, Slice)>, f64),
}

/// Where an SVI slice is looked at around its centre, in its widths.
const BEND: [f64; 9] = [-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0];

impl Slice {
    /// Total variance and its derivatives. At a point of [`Slice::Points`] they are those to its right.
    #[must_use]
    pub fn variance(&self, log_strike: f64) -> Variance {
        match self {
            Self::Svi(raw) => raw.variance(log_strike),
            Self::Flat(value) => Variance { value: *value, slope: 0.0, curvature: 0.0 },
            Self::Points(points) => between(points, log_strike),
            Self::Mixed(both, share) => {
                let (one, other) = (both.0.variance(log_strike), both.1.variance(log_strike));
                Variance {
                    value: mix(one.value, other.value, *share),
                    slope: mix(one.slope, other.slope, *share),
                    curvature: mix(one.curvature, other.curvature, *share),
                }
            }
        }
    }

    /// How steeply total variance rises far out: to the left and to the right, both at least zero.
    #[must_use]
    pub fn wings(&self) -> (f64, f64) {
        match self {
            Self::Svi(raw) => (raw.b * (1.0 - raw.rho), raw.b * (1.0 + raw.rho)),
            Self::Points(_) | Self::Flat(_) => (0.0, 0.0),
            Self::Mixed(both, share) => {
                let (one, other) = (both.0.wings(), both.1.wings());
                (mix(one.0, other.0, *share), mix(one.1, other.1, *share))
            }
        }
    }

    /// Adds the log strikes around which an SVI slice turns from one wing into the other.
    pub(super) fn bends(&self, places: &mut Vec<f64>) {
        match self {
            Self::Svi(raw) => places.extend(BEND.map(|widths| widths.mul_add(raw.sigma, raw.m))),
            Self::Points(_) | Self::Flat(_) => {}
            Self::Mixed(both, _) => {
                both.0.bends(places);
                both.1.bends(places);
            }
        }
    }

    /// This slice with all its total variance × `factor`.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Svi(raw) => Self::Svi(Raw { a: raw.a * factor, b: raw.b * factor, ..*raw }),
            Self::Flat(value) => Self::Flat(value * factor),
            Self::Points(points) => Self::Points(points.iter().map(|(k, w)| (*k, w * factor)).collect()),
            Self::Mixed(both, share) => Self::Mixed(Box::new((both.0.scaled(factor), both.1.scaled(factor))), *share),
        }
    }
}

fn mix(one: f64, other: f64, share: f64) -> f64 {
    share.mul_add(other - one, one)
}

fn between(points: &[(f64, f64)], log_strike: f64) -> Variance {
    let flat = |value| Variance { value, slope: 0.0, curvature: 0.0 };
    let after = points.partition_point(|(k, _)| *k <= log_strike);
    match (after.checked_sub(1).and_then(|before| points.get(before)), points.get(after)) {
        (Some((k0, w0)), Some((k1, w1))) => {
            let slope = (w1 - w0) / (k1 - k0);
            Variance { value: slope.mul_add(log_strike - k0, *w0), slope, curvature: 0.0 }
        }
        (Some((_, w)), None) | (None, Some((_, w))) => flat(*w),
        (None, None) => flat(f64::NAN),
    }
}
